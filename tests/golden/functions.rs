/// The library that the headers of this build describe.
pub const LIBXL_SONAME: &::core::ffi::CStr = c"libxenlight.so.0.1";
/// One pointer for every function that the headers declare.
#[derive(Clone, Copy)]
pub struct Functions {
    pub libxl_kind_to_json: Option<
        unsafe extern "C" fn(*mut libxl_ctx, libxl_kind) -> *mut ::std::os::raw::c_char,
    >,
    pub libxl_kind_to_string: Option<
        unsafe extern "C" fn(libxl_kind) -> *const ::std::os::raw::c_char,
    >,
    pub libxl_kind_from_string: Option<
        unsafe extern "C" fn(
            *const ::std::os::raw::c_char,
            *mut libxl_kind,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_food_to_json: Option<
        unsafe extern "C" fn(*mut libxl_ctx, libxl_food) -> *mut ::std::os::raw::c_char,
    >,
    pub libxl_error_to_json: Option<
        unsafe extern "C" fn(*mut libxl_ctx, libxl_error) -> *mut ::std::os::raw::c_char,
    >,
    pub libxl_cage_init: unsafe extern "C" fn(*mut libxl_cage),
    pub libxl_cage_dispose: unsafe extern "C" fn(*mut libxl_cage),
    pub libxl_cage_to_json: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            *mut libxl_cage,
        ) -> *mut ::std::os::raw::c_char,
    >,
    pub libxl_void_to_json: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            *mut libxl_void,
        ) -> *mut ::std::os::raw::c_char,
    >,
    pub libxl_animal_init: unsafe extern "C" fn(*mut libxl_animal),
    pub libxl_animal_init_type: unsafe extern "C" fn(*mut libxl_animal, libxl_kind),
    pub libxl_animal_dispose: unsafe extern "C" fn(*mut libxl_animal),
    pub libxl_animal_copy: Option<
        unsafe extern "C" fn(*mut libxl_ctx, *mut libxl_animal, *const libxl_animal),
    >,
    pub libxl_animal_to_json: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            *mut libxl_animal,
        ) -> *mut ::std::os::raw::c_char,
    >,
    pub libxl_animal_from_json: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            *mut libxl_animal,
            *const ::std::os::raw::c_char,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_animal_list_free: unsafe extern "C" fn(
        *mut libxl_animal,
        ::std::os::raw::c_int,
    ),
    pub libxl_ctx_alloc: Option<
        unsafe extern "C" fn(
            *mut *mut libxl_ctx,
            ::std::os::raw::c_int,
            ::std::os::raw::c_uint,
            *mut ::std::os::raw::c_void,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_list_animal: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            *mut ::std::os::raw::c_int,
        ) -> *mut libxl_animal,
    >,
    pub libxl_get_animals: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            libxl_kind,
            *mut *mut libxl_animal,
            *mut ::std::os::raw::c_uint,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_list_cage: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            *mut ::std::os::raw::c_int,
        ) -> *mut libxl_cage,
    >,
    pub libxl_animal_info: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            *mut libxl_animal,
            u32,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_get_cages: Option<
        unsafe extern "C" fn(*mut libxl_ctx, *mut libxl_bitmap) -> ::std::os::raw::c_int,
    >,
    pub libxl_cage_bitmap_alloc: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            *mut libxl_bitmap,
            ::std::os::raw::c_int,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_get_cage: Option<
        unsafe extern "C" fn(*mut libxl_ctx) -> *const libxl_cage,
    >,
    pub libxl_animal_to_name: Option<
        unsafe extern "C" fn(*mut libxl_ctx, u32) -> *mut ::std::os::raw::c_char,
    >,
    pub libxl_name_to_animal: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            *const ::std::os::raw::c_char,
            *mut u32,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_animal_get_sizes: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            u32,
            *mut u64,
            *mut ::std::os::raw::c_int,
            *mut *mut ::std::os::raw::c_char,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_get_animal_count: Option<
        unsafe extern "C" fn(*mut libxl_ctx) -> ::std::os::raw::c_int,
    >,
    pub libxl_animal_is_valid: Option<
        unsafe extern "C" fn(*mut libxl_ctx, u32) -> ::std::os::raw::c_int,
    >,
    pub libxl_get_food: Option<
        unsafe extern "C" fn(*mut libxl_ctx) -> ::std::os::raw::c_int,
    >,
    pub libxl_animal_get_start_time: Option<
        unsafe extern "C" fn(*mut libxl_ctx, u32) -> u32,
    >,
    pub libxl_get_level: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            ::std::os::raw::c_uint,
            bool,
            *mut libxl_kind,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_animal_retrieve: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            u32,
            *mut libxl_animal,
            *const libxl_asyncop_how,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_animal_get: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            u32,
            *mut libxl_animal,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_domain_create_animal: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            *mut libxl_animal,
            *mut u32,
            ::std::os::raw::c_int,
            ::std::os::raw::c_int,
            *const libxl_asyncop_how,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_device_cage_add: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            u32,
            *mut libxl_cage,
            *const libxl_asyncop_how,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_animal_wash: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            u32,
            *const libxl_animal,
            *const libxl_asyncop_how,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_animal_destroy: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            u32,
            *const libxl_asyncop_how,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_animal_rename: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            u32,
            *const ::std::os::raw::c_char,
            *const ::std::os::raw::c_char,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_animal_paint: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            u32,
            *const u8,
            ::std::os::raw::c_int,
            ::std::os::raw::c_char,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_set_spots: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            u32,
            *const libxl_bitmap,
            *const libxl_bitmap,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_zoo_create: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            libxl_bitmap,
            *mut libxl_uuid,
            *mut u32,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_xen_console_read_start: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            ::std::os::raw::c_int,
        ) -> *mut libxl_xen_console_reader,
    >,
    pub libxl_animal_feed: Option<
        unsafe extern "C" fn(
            *mut libxl_ctx,
            u32,
            libxl_food,
            *const libxl_asyncop_how,
        ) -> ::std::os::raw::c_int,
    >,
    pub libxl_animal_exec: Option<
        unsafe extern "C" fn(*mut libxl_ctx, u32) -> ::std::os::raw::c_int,
    >,
    pub libxl_osevent_register: Option<
        unsafe extern "C" fn(*mut libxl_ctx, *mut ::std::os::raw::c_void),
    >,
    pub libxl_count_legs: Option<
        unsafe extern "C" fn(*const libxl_animal) -> ::std::os::raw::c_int,
    >,
}
impl Functions {
    /// Fills the table from `find`, which gives a symbol's address or null.
    ///
    /// # Safety
    /// Every address belongs to a function of the signature that the headers give that name.
    pub unsafe fn load(
        find: impl Fn(&::core::ffi::CStr) -> *mut ::core::ffi::c_void,
    ) -> Result<Self, &'static str> {
        unsafe {
            Ok(Self {
                libxl_kind_to_json: ::core::mem::transmute(find(c"libxl_kind_to_json")),
                libxl_kind_to_string: ::core::mem::transmute(
                    find(c"libxl_kind_to_string"),
                ),
                libxl_kind_from_string: ::core::mem::transmute(
                    find(c"libxl_kind_from_string"),
                ),
                libxl_food_to_json: ::core::mem::transmute(find(c"libxl_food_to_json")),
                libxl_error_to_json: ::core::mem::transmute(
                    find(c"libxl_error_to_json"),
                ),
                libxl_cage_init: ::core::mem::transmute(
                    required(&find, c"libxl_cage_init", "libxl_cage_init")?,
                ),
                libxl_cage_dispose: ::core::mem::transmute(
                    required(&find, c"libxl_cage_dispose", "libxl_cage_dispose")?,
                ),
                libxl_cage_to_json: ::core::mem::transmute(find(c"libxl_cage_to_json")),
                libxl_void_to_json: ::core::mem::transmute(find(c"libxl_void_to_json")),
                libxl_animal_init: ::core::mem::transmute(
                    required(&find, c"libxl_animal_init", "libxl_animal_init")?,
                ),
                libxl_animal_init_type: ::core::mem::transmute(
                    required(&find, c"libxl_animal_init_type", "libxl_animal_init_type")?,
                ),
                libxl_animal_dispose: ::core::mem::transmute(
                    required(&find, c"libxl_animal_dispose", "libxl_animal_dispose")?,
                ),
                libxl_animal_copy: ::core::mem::transmute(find(c"libxl_animal_copy")),
                libxl_animal_to_json: ::core::mem::transmute(
                    find(c"libxl_animal_to_json"),
                ),
                libxl_animal_from_json: ::core::mem::transmute(
                    find(c"libxl_animal_from_json"),
                ),
                libxl_animal_list_free: ::core::mem::transmute(
                    required(&find, c"libxl_animal_list_free", "libxl_animal_list_free")?,
                ),
                libxl_ctx_alloc: ::core::mem::transmute(find(c"libxl_ctx_alloc")),
                libxl_list_animal: ::core::mem::transmute(find(c"libxl_list_animal")),
                libxl_get_animals: ::core::mem::transmute(find(c"libxl_get_animals")),
                libxl_list_cage: ::core::mem::transmute(find(c"libxl_list_cage")),
                libxl_animal_info: ::core::mem::transmute(find(c"libxl_animal_info")),
                libxl_get_cages: ::core::mem::transmute(find(c"libxl_get_cages")),
                libxl_cage_bitmap_alloc: ::core::mem::transmute(
                    find(c"libxl_cage_bitmap_alloc"),
                ),
                libxl_get_cage: ::core::mem::transmute(find(c"libxl_get_cage")),
                libxl_animal_to_name: ::core::mem::transmute(
                    find(c"libxl_animal_to_name"),
                ),
                libxl_name_to_animal: ::core::mem::transmute(
                    find(c"libxl_name_to_animal"),
                ),
                libxl_animal_get_sizes: ::core::mem::transmute(
                    find(c"libxl_animal_get_sizes"),
                ),
                libxl_get_animal_count: ::core::mem::transmute(
                    find(c"libxl_get_animal_count"),
                ),
                libxl_animal_is_valid: ::core::mem::transmute(
                    find(c"libxl_animal_is_valid"),
                ),
                libxl_get_food: ::core::mem::transmute(find(c"libxl_get_food")),
                libxl_animal_get_start_time: ::core::mem::transmute(
                    find(c"libxl_animal_get_start_time"),
                ),
                libxl_get_level: ::core::mem::transmute(find(c"libxl_get_level")),
                libxl_animal_retrieve: ::core::mem::transmute(
                    find(c"libxl_animal_retrieve"),
                ),
                libxl_animal_get: ::core::mem::transmute(find(c"libxl_animal_get")),
                libxl_domain_create_animal: ::core::mem::transmute(
                    find(c"libxl_domain_create_animal"),
                ),
                libxl_device_cage_add: ::core::mem::transmute(
                    find(c"libxl_device_cage_add"),
                ),
                libxl_animal_wash: ::core::mem::transmute(find(c"libxl_animal_wash")),
                libxl_animal_destroy: ::core::mem::transmute(
                    find(c"libxl_animal_destroy"),
                ),
                libxl_animal_rename: ::core::mem::transmute(
                    find(c"libxl_animal_rename"),
                ),
                libxl_animal_paint: ::core::mem::transmute(find(c"libxl_animal_paint")),
                libxl_set_spots: ::core::mem::transmute(find(c"libxl_set_spots")),
                libxl_zoo_create: ::core::mem::transmute(find(c"libxl_zoo_create")),
                libxl_xen_console_read_start: ::core::mem::transmute(
                    find(c"libxl_xen_console_read_start"),
                ),
                libxl_animal_feed: ::core::mem::transmute(find(c"libxl_animal_feed")),
                libxl_animal_exec: ::core::mem::transmute(find(c"libxl_animal_exec")),
                libxl_osevent_register: ::core::mem::transmute(
                    find(c"libxl_osevent_register"),
                ),
                libxl_count_legs: ::core::mem::transmute(find(c"libxl_count_legs")),
            })
        }
    }
}
fn required(
    find: &impl Fn(&::core::ffi::CStr) -> *mut ::core::ffi::c_void,
    symbol: &::core::ffi::CStr,
    name: &'static str,
) -> Result<*mut ::core::ffi::c_void, &'static str> {
    Some(find(symbol)).filter(|address| !address.is_null()).ok_or(name)
}
pub static LIBXL_ERROR_NAMES: [(i32, &str); 3usize] = [
    (-4i32, "NI"),
    (-3i32, "FAIL"),
    (-1i32, "NONSPECIFIC"),
];
