/// The names of `libxl_error`, with their values.
pub static ERROR: &[(&str, i64)] = &[("nonspecific", -1), ("fail", -3), ("ni", -4)];
/// A `libxl_error` by its name.
pub fn error<'m>(value: Value<'m>) -> Result<libxl_error, Refused<'m>> {
    Ok(value.enumeration(ERROR)? as libxl_error)
}
/// The names of `libxl_food`, with their values.
pub static FOOD: &[(&str, i64)] = &[("hay", 0), ("fish_and_chips", 1)];
/// A `libxl_food` by its name.
pub fn food<'m>(value: Value<'m>) -> Result<libxl_food, Refused<'m>> {
    Ok(value.enumeration(FOOD)? as libxl_food)
}
/// The names of `libxl_kind`, with their values.
pub static KIND: &[(&str, i64)] = &[("invalid", -1), ("cat", 1), ("dog", 2)];
/// A `libxl_kind` by its name.
pub fn kind<'m>(value: Value<'m>) -> Result<libxl_kind, Refused<'m>> {
    Ok(value.enumeration(KIND)? as libxl_kind)
}
/// A `libxl_animal` in the request's arena, made of an object.
pub fn animal<'m>(
    d: &Decoder<'m, '_>,
    value: Value<'m>,
) -> Result<&'m mut libxl_animal, Refused<'m>> {
    let v = d.initialised::<libxl_animal>();
    animal_into(d, value, v)?;
    Ok(v)
}
fn animal_fur_into<'m>(
    d: &Decoder<'m, '_>,
    value: Value<'m>,
    v: &mut libxl_animal,
) -> Result<(), Refused<'m>> {
    static MEMBERS: Members = Members {
        known: &["striped", "pattern"],
        mistaken: &[],
    };
    value
        .each_member(
            &MEMBERS,
            |at, value| unsafe {
                match at {
                    0 => v.fur.striped = value.bool()?,
                    1 => v.fur.pattern = leaf::string(value)?,
                    _ => {}
                }
                Ok(())
            },
        )
}
fn animal_u_cat_into<'m>(
    d: &Decoder<'m, '_>,
    value: Value<'m>,
    v: &mut libxl_animal,
) -> Result<(), Refused<'m>> {
    static MEMBERS: Members = Members {
        known: &["lives", "purrs"],
        mistaken: &[],
    };
    value
        .each_member(
            &MEMBERS,
            |at, value| unsafe {
                match at {
                    0 => v.u.cat.lives = value.i32()?,
                    1 => v.u.cat.purrs = leaf::defbool(value)?,
                    _ => {}
                }
                Ok(())
            },
        )
}
fn animal_u_dog_into<'m>(
    d: &Decoder<'m, '_>,
    value: Value<'m>,
    v: &mut libxl_animal,
) -> Result<(), Refused<'m>> {
    static MEMBERS: Members = Members {
        known: &["trick"],
        mistaken: &[],
    };
    value
        .each_member(
            &MEMBERS,
            |at, value| unsafe {
                match at {
                    0 => v.u.dog.trick = leaf::string(value)?,
                    _ => {}
                }
                Ok(())
            },
        )
}
fn animal_into<'m>(
    d: &Decoder<'m, '_>,
    value: Value<'m>,
    v: &mut libxl_animal,
) -> Result<(), Refused<'m>> {
    static MEMBERS: Members = Members {
        known: &[
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
            "type.invalid",
            "type.cat",
            "type.dog",
        ],
        mistaken: &[
            (
                "type",
                "told by the name of another member: type.invalid, type.cat, type.dog",
            ),
        ],
    };
    let mut is_chosen = false;
    value
        .each_member(
            &MEMBERS,
            |at, value| unsafe {
                match at {
                    0 => v.name = leaf::string(value)?,
                    1 => v.domid = value.u32()?,
                    2 => cage_into(d, value, &mut v.cage)?,
                    3 => v.tame = leaf::defbool(value)?,
                    4 => v.uuid = leaf::uuid(value)?,
                    5 => v.mac = leaf::mac(value)?,
                    6 => v.spots = bitmap::unless_empty(d, value, Size::Minimal)?,
                    7 => v.nicknames = list::string_list(d, value)?,
                    8 => v.likes = list::key_value_list(d, value)?,
                    9 => v.hwcap = leaf::hwcap(value)?,
                    10 => v.genid = leaf::ms_vm_genid(value)?,
                    11 => v.cpuid = d.cpuid_policy_list(value)?,
                    12 => (v.teeth, v.num_teeth) = d.values(value, |value| value.i32())?,
                    13 => (v.cages, v.num_cages) = d.structs(value, cage_into)?,
                    14 => animal_fur_into(d, value, v)?,
                    15 => {
                        refuse_if(
                            is_chosen,
                            value,
                            "only one may be given of type.invalid, type.cat, type.dog",
                        )?;
                        is_chosen = true;
                        (d.functions().libxl_animal_init_type)(v, LIBXL_KIND_INVALID);
                        leaf::nothing(value)?;
                    }
                    16 => {
                        refuse_if(
                            is_chosen,
                            value,
                            "only one may be given of type.invalid, type.cat, type.dog",
                        )?;
                        is_chosen = true;
                        (d.functions().libxl_animal_init_type)(v, LIBXL_KIND_CAT);
                        animal_u_cat_into(d, value, v)?;
                    }
                    17 => {
                        refuse_if(
                            is_chosen,
                            value,
                            "only one may be given of type.invalid, type.cat, type.dog",
                        )?;
                        is_chosen = true;
                        (d.functions().libxl_animal_init_type)(v, LIBXL_KIND_DOG);
                        animal_u_dog_into(d, value, v)?;
                    }
                    _ => {}
                }
                Ok(())
            },
        )
}
/// A `libxl_cage` in the request's arena, made of an object.
pub fn cage<'m>(
    d: &Decoder<'m, '_>,
    value: Value<'m>,
) -> Result<&'m mut libxl_cage, Refused<'m>> {
    let v = d.initialised::<libxl_cage>();
    cage_into(d, value, v)?;
    Ok(v)
}
fn cage_into<'m>(
    d: &Decoder<'m, '_>,
    value: Value<'m>,
    v: &mut libxl_cage,
) -> Result<(), Refused<'m>> {
    static MEMBERS: Members = Members {
        known: &[
            "small",
            "medium",
            "large",
            "huge",
            "signed_one",
            "signed_huge",
            "locked",
            "food",
        ],
        mistaken: &[],
    };
    value
        .each_member(
            &MEMBERS,
            |at, value| unsafe {
                match at {
                    0 => v.small = value.u8()?,
                    1 => v.medium = value.u16()?,
                    2 => v.large = value.u32()?,
                    3 => v.huge = value.u64()?,
                    4 => v.signed_one = value.i32()?,
                    5 => v.signed_huge = value.i64()?,
                    6 => v.locked = value.bool()?,
                    7 => {
                        v.food = value.enumeration_or(i64::from(v.food), FOOD)?
                            as libxl_food;
                    }
                    _ => {}
                }
                Ok(())
            },
        )
}
/// A `libxl_void` in the request's arena, made of an object.
pub fn void<'m>(
    d: &Decoder<'m, '_>,
    value: Value<'m>,
) -> Result<&'m mut libxl_void, Refused<'m>> {
    let v = d.initialised::<libxl_void>();
    void_into(d, value, v)?;
    Ok(v)
}
fn void_into<'m>(
    d: &Decoder<'m, '_>,
    value: Value<'m>,
    v: &mut libxl_void,
) -> Result<(), Refused<'m>> {
    static MEMBERS: Members = Members {
        known: &[],
        mistaken: &[],
    };
    value
        .each_member(
            &MEMBERS,
            |at, value| unsafe {
                match at {
                    _ => {}
                }
                Ok(())
            },
        )
}
