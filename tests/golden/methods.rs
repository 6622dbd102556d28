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
/// `libxl_list_animal`
fn list_animal<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_list_animal)?;
    let args = call.params.bind(&["fields", "domids"])?;
    let fields = args.fields(0usize, encode::ANIMAL_FIELDS)?;
    let domids = super::domids::read(&args, 1usize)?;
    if let Some(domids) = domids.filter(super::domids::are_few) {
        let one = present(functions.libxl_animal_info)?;
        return match fields {
            None => {
                unsafe {
                    super::domids::one_by_one(
                        call,
                        domids,
                        one,
                        |xl, writer, element| {
                            unsafe { encode::animal(xl, writer, element) };
                        },
                    )
                }
            }
            Some(fields) => {
                unsafe {
                    super::domids::one_by_one(
                        call,
                        domids,
                        one,
                        |xl, writer, element| {
                            unsafe {
                                encode::animal_fields(xl, writer, element, fields)
                            };
                        },
                    )
                }
            }
        };
    }
    let mut count: i32 = -1;
    let returned = unsafe { function(call.xl.ctx(), &raw mut count) };
    let failed = super::result::list_failed(call, returned.is_null(), count);
    let mut returned = unsafe {
        List::new(returned, count, functions.libxl_animal_list_free)
    };
    if failed {
        return Err(Failure::NoValue);
    }
    let elements = super::domids::only(&mut returned, domids, |element| element.domid);
    match fields {
        None => {
            super::result::list(
                call,
                elements,
                |xl, writer, element| {
                    unsafe { encode::animal(xl, writer, element) };
                },
            )
        }
        Some(fields) => {
            super::result::list(
                call,
                elements,
                |xl, writer, element| {
                    unsafe { encode::animal_fields(xl, writer, element, fields) };
                },
            )
        }
    };
    Ok(())
}
/// `libxl_get_animals`
fn get_animals<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_get_animals)?;
    let args = call.params.bind(&["kind", "fields", "domids"])?;
    let arg_kind = args.enumeration(0usize, KIND_NAMES)? as libxl_kind;
    let fields = args.fields(1usize, encode::ANIMAL_FIELDS)?;
    let domids = super::domids::read(&args, 2usize)?;
    let mut arg_animals = ::core::ptr::null_mut();
    let mut count: u32 = 0;
    let returned = unsafe {
        function(call.xl.ctx(), arg_kind, &raw mut arg_animals, &raw mut count)
    };
    let mut arg_animals = unsafe {
        List::new(arg_animals, count, functions.libxl_animal_list_free)
    };
    check(returned)?;
    let elements = super::domids::only(
        &mut arg_animals,
        domids,
        |element| element.domid,
    );
    match fields {
        None => {
            super::result::list(
                call,
                elements,
                |xl, writer, element| {
                    unsafe { encode::animal(xl, writer, element) };
                },
            )
        }
        Some(fields) => {
            super::result::list(
                call,
                elements,
                |xl, writer, element| {
                    unsafe { encode::animal_fields(xl, writer, element, fields) };
                },
            )
        }
    };
    Ok(())
}
/// `libxl_list_cage`
fn list_cage<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_list_cage)?;
    let args = call.params.bind(&["fields"])?;
    let fields = args.fields(0usize, encode::CAGE_FIELDS)?;
    let mut count: i32 = -1;
    let returned = unsafe { function(call.xl.ctx(), &raw mut count) };
    let failed = super::result::list_failed(call, returned.is_null(), count);
    let mut returned = unsafe { List::by_element(returned, count, functions) };
    if failed {
        return Err(Failure::NoValue);
    }
    match fields {
        None => {
            super::result::list(
                call,
                &returned,
                |xl, writer, element| {
                    unsafe { encode::cage(xl, writer, element) };
                },
            )
        }
        Some(fields) => {
            super::result::list(
                call,
                &returned,
                |xl, writer, element| {
                    unsafe { encode::cage_fields(xl, writer, element, fields) };
                },
            )
        }
    };
    Ok(())
}
/// `libxl_animal_info`
fn animal_info<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_info)?;
    let args = call.params.bind(&["domid", "domain_uuid", "fields"])?;
    let domid = super::domain::number(call, &args, 0usize)?;
    super::domain::check_uuid(call, &args, 1usize, domid)?;
    let fields = args.fields(2usize, encode::ANIMAL_FIELDS)?;
    let mut arg_animal_r = Owned::<libxl_animal>::new(functions);
    let returned = unsafe {
        function(call.xl.ctx(), arg_animal_r.as_mut_ptr(), domid as _)
    };
    if returned != 0 {
        ::core::mem::forget(arg_animal_r);
        return Err(Failure::Libxl(returned));
    }
    check(returned)?;
    unsafe {
        match fields {
            None => encode::animal(call.xl, call.writer, &arg_animal_r),
            Some(fields) => {
                encode::animal_fields(call.xl, call.writer, &arg_animal_r, fields)
            }
        }
    };
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
/// `libxl_get_cage`
fn get_cage<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_get_cage)?;
    let args = call.params.bind(&["fields"])?;
    let fields = args.fields(0usize, encode::CAGE_FIELDS)?;
    let returned = unsafe { function(call.xl.ctx()) };
    let returned = unsafe { returned.as_ref() }.ok_or(Failure::NoValue)?;
    unsafe {
        match fields {
            None => encode::cage(call.xl, call.writer, returned),
            Some(fields) => encode::cage_fields(call.xl, call.writer, returned, fields),
        }
    };
    Ok(())
}
/// `libxl_animal_to_name`
fn animal_to_name<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_to_name)?;
    let args = call.params.bind(&["domid", "domain_uuid"])?;
    let domid = super::domain::number(call, &args, 0usize)?;
    super::domain::check_uuid(call, &args, 1usize, domid)?;
    let returned = unsafe { function(call.xl.ctx(), domid as _) };
    let returned = unsafe { Text::new(returned) };
    super::result::text(call, &returned)?;
    Ok(())
}
/// `libxl_name_to_animal`
fn name_to_animal<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_name_to_animal)?;
    let args = call.params.bind(&["name"])?;
    let arg_name = { args.c_str_filled(0usize)? };
    let mut arg_domid_r = 0 as u32;
    let returned = unsafe { function(call.xl.ctx(), arg_name, &raw mut arg_domid_r) };
    check(returned)?;
    call.writer.integer(arg_domid_r.into());
    Ok(())
}
/// `libxl_animal_get_sizes`
fn animal_get_sizes<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_get_sizes)?;
    let args = call.params.bind(&["domid", "domain_uuid"])?;
    let domid = super::domain::number(call, &args, 0usize)?;
    super::domain::check_uuid(call, &args, 1usize, domid)?;
    let mut arg_height = 0 as u64;
    let mut arg_weight_out = 0 as i32;
    let mut arg_unit = ::core::ptr::null_mut();
    let returned = unsafe {
        function(
            call.xl.ctx(),
            domid as _,
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
/// `libxl_animal_is_valid`
fn animal_is_valid<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_is_valid)?;
    let args = call.params.bind(&["domid", "domain_uuid"])?;
    let domid = super::domain::number(call, &args, 0usize)?;
    super::domain::check_uuid(call, &args, 1usize, domid)?;
    let returned = unsafe { function(call.xl.ctx(), domid as _) };
    super::result::truth(call, returned != 0);
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
/// `libxl_animal_get_start_time`
fn animal_get_start_time<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_get_start_time)?;
    let args = call.params.bind(&["domid", "domain_uuid"])?;
    let domid = super::domain::number(call, &args, 0usize)?;
    super::domain::check_uuid(call, &args, 1usize, domid)?;
    let returned = unsafe { function(call.xl.ctx(), domid as _) };
    if returned == !0 {
        return Err(Failure::NoValue);
    }
    call.writer.integer(returned.into());
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
/// `libxl_animal_retrieve`
fn animal_retrieve<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_retrieve)?;
    let args = call.params.bind(&["domid", "domain_uuid", "fields"])?;
    let domid = super::domain::number(call, &args, 0usize)?;
    super::domain::check_uuid(call, &args, 1usize, domid)?;
    let fields = args.fields(2usize, encode::ANIMAL_FIELDS)?;
    let mut arg_animal = Owned::<libxl_animal>::new(functions);
    let returned = unsafe {
        function(call.xl.ctx(), domid as _, arg_animal.as_mut_ptr(), call.xl.how())
    };
    let returned = call.xl.finish(returned);
    check(returned)?;
    unsafe {
        match fields {
            None => encode::animal(call.xl, call.writer, &arg_animal),
            Some(fields) => {
                encode::animal_fields(call.xl, call.writer, &arg_animal, fields)
            }
        }
    };
    Ok(())
}
/// `libxl_animal_get`
fn animal_get<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_get)?;
    let args = call.params.bind(&["domid", "animal", "domain_uuid", "fields"])?;
    let domid = super::domain::number(call, &args, 0usize)?;
    let decoder = Decoder::of(call);
    let arg_animal = args.read(1usize, |value| decode::animal(&decoder, value))?;
    let copy = present(functions.libxl_animal_copy)?;
    let mut arg_animal = unsafe {
        Owned::copied(functions, call.xl.ctx(), copy, arg_animal)
    };
    super::domain::check_uuid(call, &args, 2usize, domid)?;
    let fields = args.fields(3usize, encode::ANIMAL_FIELDS)?;
    let returned = unsafe {
        function(call.xl.ctx(), domid as _, arg_animal.as_mut_ptr())
    };
    check(returned)?;
    unsafe {
        match fields {
            None => encode::animal(call.xl, call.writer, &arg_animal),
            Some(fields) => {
                encode::animal_fields(call.xl, call.writer, &arg_animal, fields)
            }
        }
    };
    Ok(())
}
/// `libxl_domain_create_animal`
fn domain_create_animal<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_domain_create_animal)?;
    let args = call.params.bind(&["config", "progress"])?;
    let decoder = Decoder::of(call);
    let arg_config = args.read(0usize, |value| decode::animal(&decoder, value))?;
    let copy = present(functions.libxl_animal_copy)?;
    let mut arg_config = unsafe {
        Owned::copied(functions, call.xl.ctx(), copy, arg_config)
    };
    args.check_bool(1usize)?;
    let mut arg_domid = 0 as u32;
    let arg_restore_fd = call.descriptor()?;
    let arg_spare_fd = call.descriptors.take();
    let returned = unsafe {
        function(
            call.xl.ctx(),
            arg_config.as_mut_ptr(),
            &raw mut arg_domid,
            arg_restore_fd.as_raw_fd(),
            arg_spare_fd.as_ref().map_or(-1, AsRawFd::as_raw_fd),
            call.xl.how(),
        )
    };
    let returned = call.xl.finish(returned);
    check(returned)?;
    call.writer.integer(arg_domid.into());
    Ok(())
}
/// `libxl_device_cage_add`
fn device_cage_add<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_device_cage_add)?;
    let args = call
        .params
        .bind(&["domid", "cage", "domain_uuid", "progress", "fields"])?;
    let domid = super::domain::number(call, &args, 0usize)?;
    let decoder = Decoder::of(call);
    let arg_cage = args.read(1usize, |value| decode::cage(&decoder, value))?;
    let copy = present(functions.libxl_cage_copy)?;
    let mut arg_cage = unsafe {
        Owned::copied(functions, call.xl.ctx(), copy, arg_cage)
    };
    super::domain::check_uuid(call, &args, 2usize, domid)?;
    args.check_bool(3usize)?;
    let fields = args.fields(4usize, encode::CAGE_FIELDS)?;
    let returned = unsafe {
        function(call.xl.ctx(), domid as _, arg_cage.as_mut_ptr(), call.xl.how())
    };
    let returned = call.xl.finish(returned);
    check(returned)?;
    unsafe {
        match fields {
            None => encode::cage(call.xl, call.writer, &arg_cage),
            Some(fields) => encode::cage_fields(call.xl, call.writer, &arg_cage, fields),
        }
    };
    Ok(())
}
/// `libxl_animal_wash`
fn animal_wash<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_wash)?;
    let args = call.params.bind(&["domid", "like", "domain_uuid", "progress"])?;
    let domid = super::domain::number(call, &args, 0usize)?;
    let decoder = Decoder::of(call);
    let arg_like = args.read(1usize, |value| decode::animal(&decoder, value))?;
    super::domain::check_uuid(call, &args, 2usize, domid)?;
    args.check_bool(3usize)?;
    let returned = unsafe {
        function(call.xl.ctx(), domid as _, arg_like, ::core::ptr::null())
    };
    check(returned)?;
    call.writer.raw(b"{}");
    Ok(())
}
/// `libxl_animal_destroy`
fn animal_destroy<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_destroy)?;
    let args = call.params.bind(&["domid", "domain_uuid"])?;
    let domid = super::domain::number(call, &args, 0usize)?;
    super::domain::check_guest(&args, 0usize, domid)?;
    super::domain::check_uuid(call, &args, 1usize, domid)?;
    let returned = unsafe { function(call.xl.ctx(), domid as _, call.xl.how()) };
    let returned = call.xl.finish(returned);
    check(returned)?;
    call.writer.raw(b"{}");
    Ok(())
}
/// `libxl_animal_rename`
fn animal_rename<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_rename)?;
    let args = call.params.bind(&["domid", "old_name", "new_name", "domain_uuid"])?;
    let domid = super::domain::number(call, &args, 0usize)?;
    let arg_old_name = {
        if args.optional(1usize).is_some() {
            args.c_str_filled(1usize)?
        } else {
            ::core::ptr::null()
        }
    };
    let arg_new_name = {
        args.read(2usize, super::check::file_name)?;
        args.c_str_filled(2usize)?
    };
    super::domain::check_uuid(call, &args, 3usize, domid)?;
    let returned = unsafe {
        function(call.xl.ctx(), domid as _, arg_old_name, arg_new_name)
    };
    check(returned)?;
    call.writer.raw(b"{}");
    Ok(())
}
/// `libxl_animal_paint`
fn animal_paint<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_animal_paint)?;
    let args = call.params.bind(&["domid", "data", "letter", "domain_uuid"])?;
    let domid = super::domain::number(call, &args, 0usize)?;
    let arg_data = args.read(1usize, super::base64::decode)?;
    let arg_letter = args.letter(2usize)?;
    super::domain::check_uuid(call, &args, 3usize, domid)?;
    let returned = unsafe {
        function(
            call.xl.ctx(),
            domid as _,
            arg_data.as_ptr(),
            arg_data.len() as _,
            arg_letter,
        )
    };
    check(returned)?;
    call.writer.raw(b"{}");
    Ok(())
}
/// `libxl_set_spots`
fn set_spots<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_set_spots)?;
    let args = call
        .params
        .bind(&["domid", "cpumap_front", "cpumap_back", "domain_uuid"])?;
    let domid = super::domain::number(call, &args, 0usize)?;
    let decoder = Decoder::of(call);
    args.one_of(1usize, 2usize, "cpumap_front or cpumap_back must be there")?;
    let arg_cpumap_front = if args.optional(1usize).is_some() {
        ::core::ptr::from_mut(
            args
                .read(
                    1usize,
                    |value| decode::bitmap(&decoder, value, decode::Size::Cpu),
                )?,
        )
    } else {
        ::core::ptr::null_mut()
    };
    let arg_cpumap_back = if args.optional(2usize).is_some() {
        ::core::ptr::from_mut(
            args
                .read(
                    2usize,
                    |value| decode::bitmap(&decoder, value, decode::Size::Cpu),
                )?,
        )
    } else {
        ::core::ptr::null_mut()
    };
    super::domain::check_uuid(call, &args, 3usize, domid)?;
    let returned = unsafe {
        function(call.xl.ctx(), domid as _, arg_cpumap_front, arg_cpumap_back)
    };
    check(returned)?;
    call.writer.raw(b"{}");
    Ok(())
}
/// `libxl_zoo_create`
fn zoo_create<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let function = present(functions.libxl_zoo_create)?;
    let args = call.params.bind(&["nodemap", "uuid", "zooid"])?;
    let decoder = Decoder::of(call);
    let arg_nodemap = ::core::ptr::from_mut(
        args.read(0usize, |value| decode::bitmap(&decoder, value, decode::Size::Node))?,
    );
    let arg_uuid = ::core::ptr::from_mut(
        args.read(1usize, |value| decode::uuid(&decoder, value))?,
    );
    let mut arg_zooid = if args.optional(2usize).is_some() {
        args.u32(2usize)?
    } else {
        7u32 as _
    };
    let returned = unsafe {
        function(call.xl.ctx(), *arg_nodemap, arg_uuid, &raw mut arg_zooid)
    };
    check(returned)?;
    call.writer.integer(arg_zooid.into());
    Ok(())
}
/// Every method, by name.
pub(super) static METHODS: [Method; 25usize] = [
    Method {
        name: "animal_destroy",
        params: &["domid", "domain_uuid"],
        class: Class::Domain,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0),
        read_only: false,
        call: animal_destroy,
    },
    Method {
        name: "animal_get",
        params: &["domid", "animal", "domain_uuid", "fields"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0),
        read_only: false,
        call: animal_get,
    },
    Method {
        name: "animal_get_sizes",
        params: &["domid", "domain_uuid"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0),
        read_only: false,
        call: animal_get_sizes,
    },
    Method {
        name: "animal_get_start_time",
        params: &["domid", "domain_uuid"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0),
        read_only: false,
        call: animal_get_start_time,
    },
    Method {
        name: "animal_info",
        params: &["domid", "domain_uuid", "fields"],
        class: Class::Read,
        place: Place::Loop,
        long: false,
        descriptors: 0,
        domain: Some(0),
        read_only: false,
        call: animal_info,
    },
    Method {
        name: "animal_is_valid",
        params: &["domid", "domain_uuid"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0),
        read_only: false,
        call: animal_is_valid,
    },
    Method {
        name: "animal_paint",
        params: &["domid", "data", "letter", "domain_uuid"],
        class: Class::Domain,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0),
        read_only: false,
        call: animal_paint,
    },
    Method {
        name: "animal_rename",
        params: &["domid", "old_name", "new_name", "domain_uuid"],
        class: Class::Domain,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0),
        read_only: false,
        call: animal_rename,
    },
    Method {
        name: "animal_retrieve",
        params: &["domid", "domain_uuid", "fields"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0),
        read_only: false,
        call: animal_retrieve,
    },
    Method {
        name: "animal_to_name",
        params: &["domid", "domain_uuid"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0),
        read_only: false,
        call: animal_to_name,
    },
    Method {
        name: "animal_wash",
        params: &["domid", "like", "domain_uuid", "progress"],
        class: Class::Domain,
        place: Place::Worker,
        long: true,
        descriptors: 0,
        domain: Some(0),
        read_only: false,
        call: animal_wash,
    },
    Method {
        name: "device_cage_add",
        params: &["domid", "cage", "domain_uuid", "progress", "fields"],
        class: Class::Domain,
        place: Place::Worker,
        long: true,
        descriptors: 0,
        domain: Some(0),
        read_only: false,
        call: device_cage_add,
    },
    Method {
        name: "domain_create_animal",
        params: &["config", "progress"],
        class: Class::Domain,
        place: Place::Worker,
        long: true,
        descriptors: 2,
        domain: None,
        read_only: false,
        call: domain_create_animal,
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
        params: &["kind", "fields", "domids"],
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
        params: &["fields"],
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
        params: &["fields", "domids"],
        class: Class::Read,
        place: Place::Loop,
        long: false,
        descriptors: 0,
        domain: None,
        read_only: true,
        call: list_animal,
    },
    Method {
        name: "list_cage",
        params: &["fields"],
        class: Class::Read,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: None,
        read_only: false,
        call: list_cage,
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
    Method {
        name: "set_spots",
        params: &["domid", "cpumap_front", "cpumap_back", "domain_uuid"],
        class: Class::Domain,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: Some(0),
        read_only: false,
        call: set_spots,
    },
    Method {
        name: "xen_console_read",
        params: &["clear"],
        class: Class::Host,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: None,
        read_only: false,
        call: super::console::xen_console_read,
    },
    Method {
        name: "zoo_create",
        params: &["nodemap", "uuid", "zooid"],
        class: Class::Host,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: None,
        read_only: false,
        call: zoo_create,
    },
];
/// Where a name stands in `METHODS`: libxl's and Go's.
pub(super) static BY_NAME: ByName = ByName {
    displacements: &[
        3u16, 0u16, 0u16, 1u16, 0u16, 1u16, 1u16, 0u16, 2u16, 0u16, 0u16, 1u16, 0u16,
        0u16, 6u16, 9u16,
    ],
    places: &[
        ("animal_get", 1u16),
        ("", 0u16),
        ("Xenops.XenConsoleRead", 23u16),
        ("xen_console_read", 23u16),
        ("", 0u16),
        ("", 0u16),
        ("animal_get_start_time", 3u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("Xenops.AnimalGetSizes", 2u16),
        ("device_cage_add", 11u16),
        ("animal_get_sizes", 2u16),
        ("", 0u16),
        ("", 0u16),
        ("animal_is_valid", 5u16),
        ("Xenops.GetAnimalCount", 13u16),
        ("", 0u16),
        ("Xenops.GetAnimals", 14u16),
        ("name_to_animal", 21u16),
        ("Xenops.SetSpots", 22u16),
        ("", 0u16),
        ("", 0u16),
        ("animal_paint", 6u16),
        ("", 0u16),
        ("", 0u16),
        ("animal_destroy", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("Xenops.AnimalRetrieve", 8u16),
        ("", 0u16),
        ("", 0u16),
        ("animal_to_name", 9u16),
        ("", 0u16),
        ("Xenops.GetCages", 16u16),
        ("", 0u16),
        ("Xenops.AnimalToName", 9u16),
        ("", 0u16),
        ("Xenops.GetFood", 17u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("Xenops.AnimalRename", 7u16),
        ("", 0u16),
        ("Xenops.AnimalIsValid", 5u16),
        ("", 0u16),
        ("get_cages", 16u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("Xenops.ZooCreate", 24u16),
        ("", 0u16),
        ("Xenops.AnimalDestroy", 0u16),
        ("Xenops.ListAnimal", 19u16),
        ("", 0u16),
        ("", 0u16),
        ("list_cage", 20u16),
        ("Xenops.AnimalWash", 10u16),
        ("", 0u16),
        ("Xenops.GetCage", 15u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("Xenops.AnimalInfo", 4u16),
        ("domain_create_animal", 12u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("get_cage", 15u16),
        ("", 0u16),
        ("", 0u16),
        ("Xenops.DeviceCageAdd", 11u16),
        ("get_food", 17u16),
        ("Xenops.DomainCreateAnimal", 12u16),
        ("", 0u16),
        ("list_animal", 19u16),
        ("", 0u16),
        ("", 0u16),
        ("animal_retrieve", 8u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("Xenops.ListCage", 20u16),
        ("", 0u16),
        ("Xenops.AnimalGet", 1u16),
        ("", 0u16),
        ("", 0u16),
        ("Xenops.AnimalGetStartTime", 3u16),
        ("", 0u16),
        ("", 0u16),
        ("Xenops.AnimalPaint", 6u16),
        ("get_level", 18u16),
        ("", 0u16),
        ("", 0u16),
        ("", 0u16),
        ("animal_wash", 10u16),
        ("", 0u16),
        ("get_animals", 14u16),
        ("animal_info", 4u16),
        ("", 0u16),
        ("Xenops.NameToAnimal", 21u16),
        ("", 0u16),
        ("", 0u16),
        ("Xenops.GetLevel", 18u16),
        ("set_spots", 22u16),
        ("zoo_create", 24u16),
        ("get_animal_count", 13u16),
        ("animal_rename", 7u16),
    ],
};
