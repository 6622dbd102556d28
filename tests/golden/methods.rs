static KIND_NAMES: &[(&str, i64)] = &[("invalid", -1i64), ("cat", 1i64), ("dog", 2i64)];
impl Managed for libxl_animal {
    unsafe fn init(functions: &Functions, value: *mut Self) {
        unsafe { (functions.libxl_animal_init)(value) }
    }
    unsafe fn dispose(functions: &Functions, value: *mut Self) {
        unsafe { (functions.libxl_animal_dispose)(value) }
    }
}
impl Managed for libxl_bitmap {
    unsafe fn init(functions: &Functions, value: *mut Self) {
        let _ = functions;
        unsafe { value.write_bytes(0, 1) }
    }
    unsafe fn dispose(functions: &Functions, value: *mut Self) {
        let _ = (functions, value);
    }
}
impl Managed for libxl_cage {
    unsafe fn init(functions: &Functions, value: *mut Self) {
        unsafe { (functions.libxl_cage_init)(value) }
    }
    unsafe fn dispose(functions: &Functions, value: *mut Self) {
        unsafe { (functions.libxl_cage_dispose)(value) }
    }
}
impl Managed for libxl_ms_vm_genid {
    unsafe fn init(functions: &Functions, value: *mut Self) {
        let _ = functions;
        unsafe { value.write_bytes(0, 1) }
    }
    unsafe fn dispose(functions: &Functions, value: *mut Self) {
        let _ = (functions, value);
    }
}
impl Managed for libxl_void {
    unsafe fn init(functions: &Functions, value: *mut Self) {
        let _ = functions;
        unsafe { value.write_bytes(0, 1) }
    }
    unsafe fn dispose(functions: &Functions, value: *mut Self) {
        let _ = (functions, value);
    }
}
/// `libxl_animal_get_sizes`
fn animal_get_sizes<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_get_sizes)?;
    let args = call.params.bind(&["domid"])?;
    let domid = args.u32(0usize)?;
    let mut arg_height = 0 as u64;
    let mut arg_weight_out = 0 as i32;
    let mut arg_unit = ::core::ptr::null_mut();
    let returned = unsafe {
        function(
            call.xl.ctx(),
            domid,
            &raw mut arg_height,
            &raw mut arg_weight_out,
            &raw mut arg_unit,
        )
    };
    let arg_unit = unsafe { Text::new(arg_unit) };
    check(returned)?;
    call.writer.raw(b"{\"height\":");
    call.writer.unsigned(arg_height);
    call.writer.raw(b",\"weight\":");
    call.writer.integer(arg_weight_out.into());
    call.writer.raw(b",\"unit\":");
    super::result::text(call, &arg_unit)?;
    call.writer.raw(b"}");
    Ok(())
}
/// `libxl_animal_get_start_time`
fn animal_get_start_time<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_get_start_time)?;
    let args = call.params.bind(&["domid"])?;
    let domid = args.u32(0usize)?;
    let returned = unsafe { function(call.xl.ctx(), domid) };
    if returned == !0 {
        return Err(Failure::NoValue);
    }
    call.writer.integer(returned.into());
    Ok(())
}
/// `libxl_animal_info`
fn animal_info<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_info)?;
    let args = call.params.bind(&["domid"])?;
    let domid = args.u32(0usize)?;
    let mut arg_animal_r = Owned::<libxl_animal>::new(functions);
    let returned = unsafe { function(call.xl.ctx(), arg_animal_r.as_mut_ptr(), domid) };
    check(returned)?;
    unsafe { encode::animal(call.xl, call.writer, &arg_animal_r) };
    Ok(())
}
/// `libxl_animal_is_valid`
fn animal_is_valid<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_is_valid)?;
    let args = call.params.bind(&["domid"])?;
    let domid = args.u32(0usize)?;
    let returned = unsafe { function(call.xl.ctx(), domid) };
    super::result::truth(call, returned != 0);
    Ok(())
}
/// `libxl_animal_retrieve`
fn animal_retrieve<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_retrieve)?;
    let args = call.params.bind(&["domid"])?;
    let domid = args.u32(0usize)?;
    let mut arg_animal = Owned::<libxl_animal>::new(functions);
    let returned = unsafe {
        function(call.xl.ctx(), domid, arg_animal.as_mut_ptr(), ::core::ptr::null())
    };
    check(returned)?;
    unsafe { encode::animal(call.xl, call.writer, &arg_animal) };
    Ok(())
}
/// `libxl_animal_to_name`
fn animal_to_name<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_to_name)?;
    let args = call.params.bind(&["domid"])?;
    let domid = args.u32(0usize)?;
    let returned = unsafe { function(call.xl.ctx(), domid) };
    let returned = unsafe { Text::new(returned) };
    super::result::text(call, &returned)?;
    Ok(())
}
/// `libxl_get_animal_count`
fn get_animal_count<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_get_animal_count)?;
    call.params.bind(&[])?;
    let returned = unsafe { function(call.xl.ctx()) };
    if returned < 0 {
        return Err(Failure::Libxl(returned));
    }
    call.writer.integer(returned.into());
    Ok(())
}
/// `libxl_get_animals`
fn get_animals<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_get_animals)?;
    let args = call.params.bind(&["kind"])?;
    let arg_kind = args.enumeration(0usize, KIND_NAMES)? as libxl_kind;
    let mut arg_animals = ::core::ptr::null_mut();
    let mut count: u32 = 0;
    let returned = unsafe {
        function(call.xl.ctx(), arg_kind, &raw mut arg_animals, &raw mut count)
    };
    let mut arg_animals = unsafe {
        List::new(arg_animals, count, functions.libxl_animal_list_free)
    };
    check(returned)?;
    super::result::list(
        call,
        &arg_animals,
        |xl, writer, element| {
            unsafe { encode::animal(xl, writer, element) };
        },
    );
    Ok(())
}
/// `libxl_get_cage`
fn get_cage<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_get_cage)?;
    call.params.bind(&[])?;
    let returned = unsafe { function(call.xl.ctx()) };
    let returned = unsafe { returned.as_ref() }.ok_or(Failure::NoValue)?;
    unsafe { encode::cage(call.xl, call.writer, returned) };
    Ok(())
}
/// `libxl_get_cages`
fn get_cages<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_get_cages)?;
    call.params.bind(&[])?;
    let mut arg_map = Owned::<libxl_bitmap>::new(functions);
    let allocate = present(functions.libxl_cage_bitmap_alloc)?;
    check(unsafe { allocate(call.xl.ctx(), arg_map.as_mut_ptr(), 0) })?;
    let returned = unsafe { function(call.xl.ctx(), arg_map.as_mut_ptr()) };
    check(returned)?;
    unsafe { super::result::bitmap(call, &arg_map) };
    Ok(())
}
/// `libxl_get_food`
fn get_food<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_get_food)?;
    call.params.bind(&[])?;
    let returned = unsafe { function(call.xl.ctx()) };
    if returned < 0 {
        return Err(Failure::Libxl(returned));
    }
    call.writer.raw(encode::food(returned as libxl_food).as_bytes());
    Ok(())
}
/// `libxl_get_level`
fn get_level<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_get_level)?;
    let args = call.params.bind(&["level", "deep"])?;
    let arg_level = args.u32_within(0usize, 2i64, 3i64)?;
    let arg_deep = args.bool(1usize)?;
    let mut arg_kind_out = 0;
    let returned = unsafe {
        function(call.xl.ctx(), arg_level, arg_deep, &raw mut arg_kind_out)
    };
    check(returned)?;
    call.writer.raw(encode::kind(arg_kind_out).as_bytes());
    Ok(())
}
/// `libxl_list_animal`
fn list_animal<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_list_animal)?;
    call.params.bind(&[])?;
    let mut count: i32 = -1;
    let returned = unsafe { function(call.xl.ctx(), &raw mut count) };
    let failed = super::result::list_failed(call, returned.is_null(), count);
    let mut returned = unsafe {
        List::new(returned, count, functions.libxl_animal_list_free)
    };
    if failed {
        return Err(Failure::NoValue);
    }
    super::result::list(
        call,
        &returned,
        |xl, writer, element| {
            unsafe { encode::animal(xl, writer, element) };
        },
    );
    Ok(())
}
/// `libxl_name_to_animal`
fn name_to_animal<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_name_to_animal)?;
    let args = call.params.bind(&["name"])?;
    let arg_name = args.c_str_filled(0usize)?;
    let mut arg_domid_r = 0 as u32;
    let returned = unsafe { function(call.xl.ctx(), arg_name, &raw mut arg_domid_r) };
    check(returned)?;
    call.writer.integer(arg_domid_r.into());
    Ok(())
}
/// Every method, by name.
pub(super) static METHODS: [Method; 14usize] = [
    Method {
        name: "animal_get_sizes",
        params: &["domid"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0u8),
        read_only: false,
        call: animal_get_sizes,
    },
    Method {
        name: "animal_get_start_time",
        params: &["domid"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0u8),
        read_only: false,
        call: animal_get_start_time,
    },
    Method {
        name: "animal_info",
        params: &["domid"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0u8),
        read_only: false,
        call: animal_info,
    },
    Method {
        name: "animal_is_valid",
        params: &["domid"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0u8),
        read_only: false,
        call: animal_is_valid,
    },
    Method {
        name: "animal_retrieve",
        params: &["domid"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0u8),
        read_only: false,
        call: animal_retrieve,
    },
    Method {
        name: "animal_to_name",
        params: &["domid"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0u8),
        read_only: false,
        call: animal_to_name,
    },
    Method {
        name: "get_animal_count",
        params: &[],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: None,
        read_only: false,
        call: get_animal_count,
    },
    Method {
        name: "get_animals",
        params: &["kind"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: None,
        read_only: false,
        call: get_animals,
    },
    Method {
        name: "get_cage",
        params: &[],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: None,
        read_only: false,
        call: get_cage,
    },
    Method {
        name: "get_cages",
        params: &[],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: None,
        read_only: false,
        call: get_cages,
    },
    Method {
        name: "get_food",
        params: &[],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: None,
        read_only: false,
        call: get_food,
    },
    Method {
        name: "get_level",
        params: &["level", "deep"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: None,
        read_only: false,
        call: get_level,
    },
    Method {
        name: "list_animal",
        params: &[],
        class: Class::Read,
        place: Place::Loop,
        long: false,
        descriptors: 0,
        domain: None,
        read_only: false,
        call: list_animal,
    },
    Method {
        name: "name_to_animal",
        params: &["name"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: None,
        read_only: false,
        call: name_to_animal,
    },
];
/// Where a name stands in `METHODS`: libxl's and Go's.
pub(super) static BY_NAME: phf::Map<&'static str, u16> = ::phf::Map {
    key: 16287231350648472473,
    disps: &[
        (0, 7),
        (0, 1),
        (1, 8),
        (11, 0),
        (0, 0),
        (0, 26),
        (1, 25),
        (0, 0),
        (2, 12),
        (0, 0),
    ],
    entries: &[
        ("Xenops.ListAnimal", 12),
        ("name_to_animal", 13),
        ("animal_info", 2),
        ("get_animal_count", 6),
        ("Xenops.AnimalInfo", 2),
        ("Xenops.NameToAnimal", 13),
        ("animal_retrieve", 4),
        ("animal_is_valid", 3),
        ("Xenops.GetAnimals", 7),
        ("list_animal", 12),
        ("Xenops.GetFood", 10),
        ("Xenops.AnimalGetSizes", 0),
        ("Xenops.GetAnimalCount", 6),
        ("Xenops.AnimalRetrieve", 4),
        ("animal_to_name", 5),
        ("animal_get_sizes", 0),
        ("Xenops.GetLevel", 11),
        ("get_animals", 7),
        ("get_food", 10),
        ("animal_get_start_time", 1),
        ("Xenops.AnimalIsValid", 3),
        ("Xenops.GetCages", 9),
        ("Xenops.AnimalToName", 5),
        ("get_cage", 8),
        ("Xenops.GetCage", 8),
        ("Xenops.AnimalGetStartTime", 1),
        ("get_level", 11),
        ("get_cages", 9),
    ],
};
