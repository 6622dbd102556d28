static ERROR: &[libxl_error] = &[ERROR_NONSPECIFIC, ERROR_FAIL, ERROR_NI];
static FOOD: &[libxl_food] = &[LIBXL_FOOD_FISH_AND_CHIPS, LIBXL_FOOD_HAY];
static KIND: &[libxl_kind] = &[LIBXL_KIND_INVALID, LIBXL_KIND_CAT, LIBXL_KIND_DOG];
impl Described for libxl_animal {
    const NAME: &'static str = "animal";
    const MEMBERS: &'static [&'static str] = &["type.invalid", "type.cat", "type.dog"];
    const ENCODE: Encode<Self> = encode::animal;
    const FIELDS: &'static [&'static str] = encode::ANIMAL_FIELDS;
    const ENCODE_FIELDS: EncodeFields<Self> = encode::animal_fields;
    const DECODE: Decode<Self> = decode::animal;
    unsafe fn fill(&mut self, f: &mut Filler<'_>) {
        let v = self;
        unsafe {
            f.string(&mut v.name);
            f.integer(&mut v.domid);
            Described::fill(&mut v.cage, f);
            f.defbool(&mut v.tame);
            f.uuid(&mut v.uuid);
            f.mac(&mut v.mac);
            f.bitmap(&mut v.spots);
            f.string_list(&mut v.nicknames);
            f.key_value_list(&mut v.likes);
            f.hwcap(&mut v.hwcap);
            f.ms_vm_genid(&mut v.genid);
            f.cpuid_policy_list(&mut v.cpuid);
            f.array(
                &mut v.teeth,
                &mut v.num_teeth,
                |f, e| {
                    f.integer(e);
                },
            );
            f.array(
                &mut v.cages,
                &mut v.num_cages,
                |f, e| {
                    f.element(e);
                },
            );
            f.boolean(&mut v.fur.striped);
            f.string(&mut v.fur.pattern);
            let key = f.key(KIND, 79);
            if KIND.contains(&key) {
                (f.functions().libxl_animal_init_type)(v, key);
            } else {
                v.type_ = key;
            }
            match v.type_ {
                LIBXL_KIND_CAT => {
                    f.integer(&mut v.u.cat.lives);
                    f.defbool(&mut v.u.cat.purrs);
                }
                LIBXL_KIND_DOG => {
                    f.string(&mut v.u.dog.trick);
                }
                _ => {}
            }
        }
    }
    fn to_json(functions: &Functions) -> Option<ToJson<Self>> {
        functions.libxl_animal_to_json
    }
    fn from_json(functions: &Functions) -> Option<FromJson<Self>> {
        functions.libxl_animal_from_json
    }
    fn copy(functions: &Functions) -> Option<Copy<Self>> {
        functions.libxl_animal_copy
    }
}
impl Described for libxl_cage {
    const NAME: &'static str = "cage";
    const MEMBERS: &'static [&'static str] = &[];
    const ENCODE: Encode<Self> = encode::cage;
    const FIELDS: &'static [&'static str] = encode::CAGE_FIELDS;
    const ENCODE_FIELDS: EncodeFields<Self> = encode::cage_fields;
    const DECODE: Decode<Self> = decode::cage;
    unsafe fn fill(&mut self, f: &mut Filler<'_>) {
        let v = self;
        unsafe {
            f.integer(&mut v.small);
            f.integer(&mut v.medium);
            f.integer(&mut v.large);
            f.integer(&mut v.huge);
            f.integer(&mut v.signed_one);
            f.integer(&mut v.signed_huge);
            f.boolean(&mut v.locked);
            f.enumeration(&mut v.food, FOOD, 78);
        }
    }
    fn to_json(functions: &Functions) -> Option<ToJson<Self>> {
        functions.libxl_cage_to_json
    }
    fn from_json(functions: &Functions) -> Option<FromJson<Self>> {
        functions.libxl_cage_from_json
    }
    fn copy(functions: &Functions) -> Option<Copy<Self>> {
        functions.libxl_cage_copy
    }
}
impl Described for libxl_void {
    const NAME: &'static str = "void";
    const MEMBERS: &'static [&'static str] = &[];
    const ENCODE: Encode<Self> = encode::void;
    const FIELDS: &'static [&'static str] = encode::VOID_FIELDS;
    const ENCODE_FIELDS: EncodeFields<Self> = encode::void_fields;
    const DECODE: Decode<Self> = decode::void;
    unsafe fn fill(&mut self, f: &mut Filler<'_>) {
        let v = self;
        unsafe {}
    }
    fn to_json(functions: &Functions) -> Option<ToJson<Self>> {
        functions.libxl_void_to_json
    }
    fn from_json(functions: &Functions) -> Option<FromJson<Self>> {
        functions.libxl_void_from_json
    }
    fn copy(functions: &Functions) -> Option<Copy<Self>> {
        functions.libxl_void_copy
    }
}
/// Calls a macro with what else it is given, and short name and type of every struct that libxl describes.
macro_rules! every_struct {
    ($called:ident $with:ident) => {
        $called ! { $with; animal libxl_animal, cage libxl_cage, void libxl_void, }
    };
}
pub(crate) use every_struct;
/// Every enumeration that libxl describes.
pub(crate) static ENUMERATIONS: &[Enumeration] = &[
    Enumeration {
        name: "error",
        listed: &[-1, -3, -4],
        unlisted: 77,
        encode: |value| encode::error(value as libxl_error).as_bytes(),
        to_json: |xl, value| {
            let to_json = xl
                .functions()
                .libxl_error_to_json
                .expect("every release has it");
            unsafe { Text::new(to_json(xl.ctx(), value as libxl_error)) }
        },
        from_json: |xl, text| {
            let from_json = xl
                .functions()
                .libxl_error_from_json
                .expect("every release has it");
            let mut value: libxl_error = 77;
            let code = unsafe { from_json(xl.ctx(), &raw mut value, text.as_ptr()) };
            (code, i64::from(value))
        },
    },
    Enumeration {
        name: "food",
        listed: &[0, 1],
        unlisted: 78,
        encode: |value| encode::food(value as libxl_food).as_bytes(),
        to_json: |xl, value| {
            let to_json = xl
                .functions()
                .libxl_food_to_json
                .expect("every release has it");
            unsafe { Text::new(to_json(xl.ctx(), value as libxl_food)) }
        },
        from_json: |xl, text| {
            let from_json = xl
                .functions()
                .libxl_food_from_json
                .expect("every release has it");
            let mut value: libxl_food = 78;
            let code = unsafe { from_json(xl.ctx(), &raw mut value, text.as_ptr()) };
            (code, i64::from(value))
        },
    },
    Enumeration {
        name: "kind",
        listed: &[-1, 1, 2],
        unlisted: 79,
        encode: |value| encode::kind(value as libxl_kind).as_bytes(),
        to_json: |xl, value| {
            let to_json = xl
                .functions()
                .libxl_kind_to_json
                .expect("every release has it");
            unsafe { Text::new(to_json(xl.ctx(), value as libxl_kind)) }
        },
        from_json: |xl, text| {
            let from_json = xl
                .functions()
                .libxl_kind_from_json
                .expect("every release has it");
            let mut value: libxl_kind = 79;
            let code = unsafe { from_json(xl.ctx(), &raw mut value, text.as_ptr()) };
            (code, i64::from(value))
        },
    },
];
/// How the paths of members in JSON end that libxl writes and we do not.
pub(crate) static DEPRECATED: &[&str] = &[];
