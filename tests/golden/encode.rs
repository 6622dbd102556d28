/// A `libxl_error` by its name; a value that has none is `null`.
#[inline]
pub fn error(value: libxl_error) -> &'static Name<16usize> {
    match value {
        ERROR_NONSPECIFIC => const { &Name::new(b"\"nonspecific\"") }
        ERROR_FAIL => const { &Name::new(b"\"fail\"") }
        ERROR_NI => const { &Name::new(b"\"ni\"") }
        _ => const { &Name::new(b"null") }
    }
}
/// A `libxl_food` by its name; a value that has none is `null`.
#[inline]
pub fn food(value: libxl_food) -> &'static Name<16usize> {
    match value {
        LIBXL_FOOD_HAY => const { &Name::new(b"\"hay\"") }
        LIBXL_FOOD_FISH_AND_CHIPS => const { &Name::new(b"\"fish_and_chips\"") }
        _ => const { &Name::new(b"null") }
    }
}
/// A `libxl_kind` by its name; a value that has none is `null`.
#[inline]
pub fn kind(value: libxl_kind) -> &'static Name<16usize> {
    match value {
        LIBXL_KIND_INVALID => const { &Name::new(b"\"invalid\"") }
        LIBXL_KIND_CAT => const { &Name::new(b"\"cat\"") }
        LIBXL_KIND_DOG => const { &Name::new(b"\"dog\"") }
        _ => const { &Name::new(b"null") }
    }
}
/// A `libxl_animal` as an object.
///
/// # Safety
/// Every pointer in the struct is null or points to what its field says.
pub unsafe fn animal(xl: &Xl, w: &mut Writer<'_>, v: &libxl_animal) {
    unsafe {
        {
            let mut pen = w.room(8usize);
            pen.lit(b"{\"name\":");
        }
        w.c_str(v.name);
        {
            let mut pen = w.room(312usize);
            pen.lit(b",\"domid\":");
            pen.u32(v.domid);
            pen.lit(b",\"cage\":{\"small\":");
            pen.u32(v.cage.small.into());
            pen.lit(b",\"medium\":");
            pen.u32(v.cage.medium.into());
            pen.lit(b",\"large\":");
            pen.u32(v.cage.large);
            pen.lit(b",\"huge\":");
            pen.u64(v.cage.huge);
            pen.lit(b",\"signed_one\":");
            pen.i32(v.cage.signed_one);
            pen.lit(b",\"signed_huge\":");
            pen.i64(v.cage.signed_huge);
            pen.lit(b",\"locked\":");
            pen.bool(v.cage.locked);
            pen.lit(b",\"food\":");
            pen.name(food(v.cage.food));
            pen.lit(b"},\"tame\":");
            defbool(&mut pen, &v.tame);
            pen.lit(b",\"uuid\":");
            uuid(&mut pen, &v.uuid);
            pen.lit(b",\"mac\":");
            mac(&mut pen, &v.mac);
            pen.lit(b",\"spots\":");
        }
        bitmap(w, &v.spots);
        {
            let mut pen = w.room(13usize);
            pen.lit(b",\"nicknames\":");
        }
        string_list(w, v.nicknames);
        {
            let mut pen = w.room(9usize);
            pen.lit(b",\"likes\":");
        }
        key_value_list(w, v.likes);
        {
            let mut pen = w.room(199usize);
            pen.lit(b",\"hwcap\":");
            hwcap(&mut pen, &v.hwcap);
            pen.lit(b",\"genid\":");
            ms_vm_genid(&mut pen, &v.genid);
            pen.lit(b",\"cpuid\":");
        }
        cpuid_policy_list(xl, w, v.cpuid);
        {
            let mut pen = w.room(9usize);
            pen.lit(b",\"teeth\":");
        }
        array(
            w,
            v.teeth,
            v.num_teeth,
            |w, e| {
                {
                    let mut pen = w.room(11usize);
                    pen.i32((*e));
                }
            },
        );
        {
            let mut pen = w.room(9usize);
            pen.lit(b",\"cages\":");
        }
        array(
            w,
            v.cages,
            v.num_cages,
            |w, e| {
                {
                    let mut pen = w.room(185usize);
                    pen.lit(b"{\"small\":");
                    pen.u32((*e).small.into());
                    pen.lit(b",\"medium\":");
                    pen.u32((*e).medium.into());
                    pen.lit(b",\"large\":");
                    pen.u32((*e).large);
                    pen.lit(b",\"huge\":");
                    pen.u64((*e).huge);
                    pen.lit(b",\"signed_one\":");
                    pen.i32((*e).signed_one);
                    pen.lit(b",\"signed_huge\":");
                    pen.i64((*e).signed_huge);
                    pen.lit(b",\"locked\":");
                    pen.bool((*e).locked);
                    pen.lit(b",\"food\":");
                    pen.name(food((*e).food));
                    pen.lit(b"}");
                }
            },
        );
        {
            let mut pen = w.room(37usize);
            pen.lit(b",\"fur\":{\"striped\":");
            pen.bool(v.fur.striped);
            pen.lit(b",\"pattern\":");
        }
        w.c_str(v.fur.pattern);
        {
            let mut pen = w.room(1usize);
            pen.lit(b"}");
        }
        match v.type_ {
            LIBXL_KIND_INVALID => {
                let mut pen = w.room(18usize);
                pen.lit(b",\"type.invalid\":{}");
            }
            LIBXL_KIND_CAT => {
                let mut pen = w.room(53usize);
                pen.lit(b",\"type.cat\":{\"lives\":");
                pen.i32(v.u.cat.lives);
                pen.lit(b",\"purrs\":");
                defbool(&mut pen, &v.u.cat.purrs);
                pen.lit(b"}");
            }
            LIBXL_KIND_DOG => {
                {
                    let mut pen = w.room(21usize);
                    pen.lit(b",\"type.dog\":{\"trick\":");
                }
                w.c_str(v.u.dog.trick);
                {
                    let mut pen = w.room(1usize);
                    pen.lit(b"}");
                }
            }
            _ => {}
        }
        {
            let mut pen = w.room(1usize);
            pen.lit(b"}");
        }
    }
}
/// A `libxl_cage` as an object.
///
/// # Safety
/// Every pointer in the struct is null or points to what its field says.
pub unsafe fn cage(xl: &Xl, w: &mut Writer<'_>, v: &libxl_cage) {
    unsafe {
        {
            let mut pen = w.room(185usize);
            pen.lit(b"{\"small\":");
            pen.u32(v.small.into());
            pen.lit(b",\"medium\":");
            pen.u32(v.medium.into());
            pen.lit(b",\"large\":");
            pen.u32(v.large);
            pen.lit(b",\"huge\":");
            pen.u64(v.huge);
            pen.lit(b",\"signed_one\":");
            pen.i32(v.signed_one);
            pen.lit(b",\"signed_huge\":");
            pen.i64(v.signed_huge);
            pen.lit(b",\"locked\":");
            pen.bool(v.locked);
            pen.lit(b",\"food\":");
            pen.name(food(v.food));
            pen.lit(b"}");
        }
    }
}
/// A `libxl_void` as an object.
///
/// # Safety
/// Every pointer in the struct is null or points to what its field says.
pub unsafe fn void(xl: &Xl, w: &mut Writer<'_>, v: &libxl_void) {
    unsafe {
        {
            let mut pen = w.room(2usize);
            pen.lit(b"{}");
        }
    }
}
/// What a request may ask for of a `libxl_animal`.
pub const ANIMAL_FIELDS: &[&str] = &[
    "name",
    "domid",
    "cage",
    "tame",
    "uuid",
    "mac",
    "spots",
    "nicknames",
    "likes",
    "hwcap",
    "genid",
    "cpuid",
    "teeth",
    "cages",
    "fur",
    "type",
];
/// Those fields of a `libxl_animal` as an object, by their places in `ANIMAL_FIELDS`.
///
/// # Safety
/// Every pointer in the struct is null or points to what its field says.
pub unsafe fn animal_fields(
    xl: &Xl,
    w: &mut Writer<'_>,
    v: &libxl_animal,
    fields: Fields,
) {
    let mut before = b"{";
    unsafe {
        if fields.contains(0) {
            {
                let mut pen = w.room(8usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"name\":");
            }
            w.c_str(v.name);
        }
        if fields.contains(1) {
            {
                let mut pen = w.room(19usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"domid\":");
                pen.u32(v.domid);
            }
        }
        if fields.contains(2) {
            {
                let mut pen = w.room(193usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"cage\":{\"small\":");
                pen.u32(v.cage.small.into());
                pen.lit(b",\"medium\":");
                pen.u32(v.cage.medium.into());
                pen.lit(b",\"large\":");
                pen.u32(v.cage.large);
                pen.lit(b",\"huge\":");
                pen.u64(v.cage.huge);
                pen.lit(b",\"signed_one\":");
                pen.i32(v.cage.signed_one);
                pen.lit(b",\"signed_huge\":");
                pen.i64(v.cage.signed_huge);
                pen.lit(b",\"locked\":");
                pen.bool(v.cage.locked);
                pen.lit(b",\"food\":");
                pen.name(food(v.cage.food));
                pen.lit(b"}");
            }
        }
        if fields.contains(3) {
            {
                let mut pen = w.room(19usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"tame\":");
                defbool(&mut pen, &v.tame);
            }
        }
        if fields.contains(4) {
            {
                let mut pen = w.room(46usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"uuid\":");
                uuid(&mut pen, &v.uuid);
            }
        }
        if fields.contains(5) {
            {
                let mut pen = w.room(26usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"mac\":");
                mac(&mut pen, &v.mac);
            }
        }
        if fields.contains(6) {
            {
                let mut pen = w.room(9usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"spots\":");
            }
            bitmap(w, &v.spots);
        }
        if fields.contains(7) {
            {
                let mut pen = w.room(13usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"nicknames\":");
            }
            string_list(w, v.nicknames);
        }
        if fields.contains(8) {
            {
                let mut pen = w.room(9usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"likes\":");
            }
            key_value_list(w, v.likes);
        }
        if fields.contains(9) {
            {
                let mut pen = w.room(107usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"hwcap\":");
                hwcap(&mut pen, &v.hwcap);
            }
        }
        if fields.contains(10) {
            {
                let mut pen = w.room(83usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"genid\":");
                ms_vm_genid(&mut pen, &v.genid);
            }
        }
        if fields.contains(11) {
            {
                let mut pen = w.room(9usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"cpuid\":");
            }
            cpuid_policy_list(xl, w, v.cpuid);
        }
        if fields.contains(12) {
            {
                let mut pen = w.room(9usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"teeth\":");
            }
            array(
                w,
                v.teeth,
                v.num_teeth,
                |w, e| {
                    {
                        let mut pen = w.room(11usize);
                        pen.i32((*e));
                    }
                },
            );
        }
        if fields.contains(13) {
            {
                let mut pen = w.room(9usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"cages\":");
            }
            array(
                w,
                v.cages,
                v.num_cages,
                |w, e| {
                    {
                        let mut pen = w.room(185usize);
                        pen.lit(b"{\"small\":");
                        pen.u32((*e).small.into());
                        pen.lit(b",\"medium\":");
                        pen.u32((*e).medium.into());
                        pen.lit(b",\"large\":");
                        pen.u32((*e).large);
                        pen.lit(b",\"huge\":");
                        pen.u64((*e).huge);
                        pen.lit(b",\"signed_one\":");
                        pen.i32((*e).signed_one);
                        pen.lit(b",\"signed_huge\":");
                        pen.i64((*e).signed_huge);
                        pen.lit(b",\"locked\":");
                        pen.bool((*e).locked);
                        pen.lit(b",\"food\":");
                        pen.name(food((*e).food));
                        pen.lit(b"}");
                    }
                },
            );
        }
        if fields.contains(14) {
            {
                let mut pen = w.room(37usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"fur\":{\"striped\":");
                pen.bool(v.fur.striped);
                pen.lit(b",\"pattern\":");
            }
            w.c_str(v.fur.pattern);
            {
                let mut pen = w.room(1usize);
                pen.lit(b"}");
            }
        }
        if fields.contains(15) {
            match v.type_ {
                LIBXL_KIND_INVALID => {
                    let mut pen = w.room(18usize);
                    pen.lit(core::mem::replace(&mut before, b","));
                    pen.lit(b"\"type.invalid\":{}");
                }
                LIBXL_KIND_CAT => {
                    let mut pen = w.room(53usize);
                    pen.lit(core::mem::replace(&mut before, b","));
                    pen.lit(b"\"type.cat\":{\"lives\":");
                    pen.i32(v.u.cat.lives);
                    pen.lit(b",\"purrs\":");
                    defbool(&mut pen, &v.u.cat.purrs);
                    pen.lit(b"}");
                }
                LIBXL_KIND_DOG => {
                    {
                        let mut pen = w.room(21usize);
                        pen.lit(core::mem::replace(&mut before, b","));
                        pen.lit(b"\"type.dog\":{\"trick\":");
                    }
                    w.c_str(v.u.dog.trick);
                    {
                        let mut pen = w.room(1usize);
                        pen.lit(b"}");
                    }
                }
                _ => {}
            }
        }
    }
    w.raw(if before == b"{" { b"{}" } else { b"}" });
}
/// What a request may ask for of a `libxl_cage`.
pub const CAGE_FIELDS: &[&str] = &[
    "small",
    "medium",
    "large",
    "huge",
    "signed_one",
    "signed_huge",
    "locked",
    "food",
];
/// Those fields of a `libxl_cage` as an object, by their places in `CAGE_FIELDS`.
///
/// # Safety
/// Every pointer in the struct is null or points to what its field says.
pub unsafe fn cage_fields(xl: &Xl, w: &mut Writer<'_>, v: &libxl_cage, fields: Fields) {
    let mut before = b"{";
    unsafe {
        if fields.contains(0) {
            {
                let mut pen = w.room(17usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"small\":");
                pen.u32(v.small.into());
            }
        }
        if fields.contains(1) {
            {
                let mut pen = w.room(18usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"medium\":");
                pen.u32(v.medium.into());
            }
        }
        if fields.contains(2) {
            {
                let mut pen = w.room(19usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"large\":");
                pen.u32(v.large);
            }
        }
        if fields.contains(3) {
            {
                let mut pen = w.room(28usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"huge\":");
                pen.u64(v.huge);
            }
        }
        if fields.contains(4) {
            {
                let mut pen = w.room(25usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"signed_one\":");
                pen.i32(v.signed_one);
            }
        }
        if fields.contains(5) {
            {
                let mut pen = w.room(35usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"signed_huge\":");
                pen.i64(v.signed_huge);
            }
        }
        if fields.contains(6) {
            {
                let mut pen = w.room(18usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"locked\":");
                pen.bool(v.locked);
            }
        }
        if fields.contains(7) {
            {
                let mut pen = w.room(24usize);
                pen.lit(core::mem::replace(&mut before, b","));
                pen.lit(b"\"food\":");
                pen.name(food(v.food));
            }
        }
    }
    w.raw(if before == b"{" { b"{}" } else { b"}" });
}
/// What a request may ask for of a `libxl_void`.
pub const VOID_FIELDS: &[&str] = &[];
/// Those fields of a `libxl_void` as an object, by their places in `VOID_FIELDS`.
///
/// # Safety
/// Every pointer in the struct is null or points to what its field says.
pub unsafe fn void_fields(xl: &Xl, w: &mut Writer<'_>, v: &libxl_void, fields: Fields) {
    let mut before = b"{";
    unsafe {}
    w.raw(if before == b"{" { b"{}" } else { b"}" });
}
/// Lists as they were written the last time.
#[derive(Debug, Default)]
pub struct KeptLists {}
