unsafe extern "C" fn libxl_list_animal(
    _: *mut libxl_ctx,
    _: *mut ::std::os::raw::c_int,
) -> *mut libxl_animal {
    ::core::ptr::null_mut()
}
unsafe extern "C" fn libxl_get_animals(
    _: *mut libxl_ctx,
    _: libxl_kind,
    _: *mut *mut libxl_animal,
    _: *mut ::std::os::raw::c_uint,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_list_cage(
    _: *mut libxl_ctx,
    _: *mut ::std::os::raw::c_int,
) -> *mut libxl_cage {
    ::core::ptr::null_mut()
}
unsafe extern "C" fn libxl_animal_info(
    _: *mut libxl_ctx,
    _: *mut libxl_animal,
    _: u32,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_get_cages(
    _: *mut libxl_ctx,
    _: *mut libxl_bitmap,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_cage_bitmap_alloc(
    _: *mut libxl_ctx,
    _: *mut libxl_bitmap,
    _: ::std::os::raw::c_int,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_get_cage(_: *mut libxl_ctx) -> *const libxl_cage {
    ::core::ptr::null()
}
unsafe extern "C" fn libxl_animal_to_name(
    _: *mut libxl_ctx,
    _: u32,
) -> *mut ::std::os::raw::c_char {
    ::core::ptr::null_mut()
}
unsafe extern "C" fn libxl_name_to_animal(
    _: *mut libxl_ctx,
    _: *const ::std::os::raw::c_char,
    _: *mut u32,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_animal_get_sizes(
    _: *mut libxl_ctx,
    _: u32,
    _: *mut u64,
    _: *mut ::std::os::raw::c_int,
    _: *mut *mut ::std::os::raw::c_char,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_get_animal_count(_: *mut libxl_ctx) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_animal_is_valid(
    _: *mut libxl_ctx,
    _: u32,
) -> ::std::os::raw::c_int {
    0
}
unsafe extern "C" fn libxl_get_food(_: *mut libxl_ctx) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_animal_get_start_time(_: *mut libxl_ctx, _: u32) -> u32 {
    !0
}
unsafe extern "C" fn libxl_get_level(
    _: *mut libxl_ctx,
    _: ::std::os::raw::c_uint,
    _: bool,
    _: *mut libxl_kind,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_animal_retrieve(
    _: *mut libxl_ctx,
    _: u32,
    _: *mut libxl_animal,
    _: *const libxl_asyncop_how,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_animal_get(
    _: *mut libxl_ctx,
    _: u32,
    _: *mut libxl_animal,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_domain_create_animal(
    _: *mut libxl_ctx,
    _: *mut libxl_animal,
    _: *mut u32,
    _: ::std::os::raw::c_int,
    _: ::std::os::raw::c_int,
    _: *const libxl_asyncop_how,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_device_cage_add(
    _: *mut libxl_ctx,
    _: u32,
    _: *mut libxl_cage,
    _: *const libxl_asyncop_how,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_animal_wash(
    _: *mut libxl_ctx,
    _: u32,
    _: *const libxl_animal,
    _: *const libxl_asyncop_how,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_animal_destroy(
    _: *mut libxl_ctx,
    _: u32,
    _: *const libxl_asyncop_how,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_animal_rename(
    _: *mut libxl_ctx,
    _: u32,
    _: *const ::std::os::raw::c_char,
    _: *const ::std::os::raw::c_char,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_animal_paint(
    _: *mut libxl_ctx,
    _: u32,
    _: *const u8,
    _: ::std::os::raw::c_int,
    _: ::std::os::raw::c_char,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_set_spots(
    _: *mut libxl_ctx,
    _: u32,
    _: *const libxl_bitmap,
    _: *const libxl_bitmap,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_zoo_create(
    _: *mut libxl_ctx,
    _: libxl_bitmap,
    _: *mut libxl_uuid,
    _: *mut u32,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_xen_console_read_start(
    _: *mut libxl_ctx,
    _: ::std::os::raw::c_int,
) -> *mut libxl_xen_console_reader {
    ::core::ptr::null_mut()
}
unsafe extern "C" fn libxl_animal_feed(
    _: *mut libxl_ctx,
    _: u32,
    _: libxl_food,
    _: *const libxl_asyncop_how,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_animal_exec(
    _: *mut libxl_ctx,
    _: u32,
) -> ::std::os::raw::c_int {
    ERROR_NI
}
unsafe extern "C" fn libxl_osevent_register(
    _: *mut libxl_ctx,
    _: *mut ::std::os::raw::c_void,
) {}
/// Puts the stand-ins into the table.
pub(super) fn overlay(functions: &mut Functions) {
    functions.libxl_list_animal = Some(libxl_list_animal);
    functions.libxl_get_animals = Some(libxl_get_animals);
    functions.libxl_list_cage = Some(libxl_list_cage);
    functions.libxl_animal_info = Some(libxl_animal_info);
    functions.libxl_get_cages = Some(libxl_get_cages);
    functions.libxl_cage_bitmap_alloc = Some(libxl_cage_bitmap_alloc);
    functions.libxl_get_cage = Some(libxl_get_cage);
    functions.libxl_animal_to_name = Some(libxl_animal_to_name);
    functions.libxl_name_to_animal = Some(libxl_name_to_animal);
    functions.libxl_animal_get_sizes = Some(libxl_animal_get_sizes);
    functions.libxl_get_animal_count = Some(libxl_get_animal_count);
    functions.libxl_animal_is_valid = Some(libxl_animal_is_valid);
    functions.libxl_get_food = Some(libxl_get_food);
    functions.libxl_animal_get_start_time = Some(libxl_animal_get_start_time);
    functions.libxl_get_level = Some(libxl_get_level);
    functions.libxl_animal_retrieve = Some(libxl_animal_retrieve);
    functions.libxl_animal_get = Some(libxl_animal_get);
    functions.libxl_domain_create_animal = Some(libxl_domain_create_animal);
    functions.libxl_device_cage_add = Some(libxl_device_cage_add);
    functions.libxl_animal_wash = Some(libxl_animal_wash);
    functions.libxl_animal_destroy = Some(libxl_animal_destroy);
    functions.libxl_animal_rename = Some(libxl_animal_rename);
    functions.libxl_animal_paint = Some(libxl_animal_paint);
    functions.libxl_set_spots = Some(libxl_set_spots);
    functions.libxl_zoo_create = Some(libxl_zoo_create);
    functions.libxl_xen_console_read_start = Some(libxl_xen_console_read_start);
    functions.libxl_animal_feed = Some(libxl_animal_feed);
    functions.libxl_animal_exec = Some(libxl_animal_exec);
    functions.libxl_osevent_register = Some(libxl_osevent_register);
}
