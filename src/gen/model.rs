//! What the headers say, as plain data.
//!
//! In: nothing; `read` fills it. Out: types and functions, for the emitters. It keeps no order of its own: fields,
//! members and functions stand as they do in the headers.

use std::collections::BTreeMap;

/// All that the generator knows about one release of libxl.
#[derive(Debug, Default)]
pub struct Model {
    /// The structs that libxl describes (those with a `_to_json`), by name.
    pub structs: BTreeMap<String, Struct>,
    /// The enumerations that libxl describes, by name.
    pub enums: BTreeMap<String, Enum>,
    /// Every function that is declared.
    pub functions: Vec<Function>,
}

/// A struct, or an anonymous one inside another.
#[derive(Debug, Clone)]
pub struct Struct {
    /// The type's name in the bindings.
    pub name: String,
    /// Its fields, in order. Counts of arrays and keys of unions are not among them.
    pub fields: Vec<Field>,
}

/// One field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name in C, which is its name in JSON.
    pub name: String,
    /// Its name in the bindings (`type` is `type_` there).
    pub ident: String,
    /// What it is.
    pub shape: Shape,
}

/// What a field is.
#[derive(Debug, Clone)]
pub enum Shape {
    /// One value.
    Value(Type),
    /// A pointer to as many elements as the field before it says.
    Array {
        /// The field that counts.
        count: String,
        /// What an element is.
        element: Type,
    },
    /// A struct without a name.
    Inline(Struct),
    /// A union whose meaning the field before it says.
    Union(Union),
    /// Never part of the JSON form.
    Private,
}

/// A keyed union.
#[derive(Debug, Clone)]
pub struct Union {
    /// The key's name in C.
    pub key: String,
    /// The key's name in the bindings.
    pub key_ident: String,
    /// The key's enumeration.
    pub key_type: String,
    /// One member for each value of the key's enumeration.
    pub members: Vec<Member>,
}

/// What a keyed union is for one value of its key.
#[derive(Debug, Clone)]
pub struct Member {
    /// The value's constant in the bindings.
    pub value: String,
    /// The member's name, in C and in JSON.
    pub name: String,
    /// Its fields; none when C has no such member.
    pub content: Option<Struct>,
}

/// An enumeration.
#[derive(Debug, Clone)]
pub struct Enum {
    /// The type's name in the bindings.
    pub name: String,
    /// Its values, in order.
    pub values: Vec<Enumerator>,
}

/// One value of an enumeration.
#[derive(Debug, Clone)]
pub struct Enumerator {
    /// The constant in the bindings.
    pub constant: String,
    /// The name in JSON.
    pub name: String,
    /// The number.
    pub value: i64,
}

/// A function's declaration.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its parameters. An unnamed one is called `argN`.
    pub params: Vec<(String, Type)>,
    /// What it returns.
    pub returns: Type,
    /// It is in the header only: no library has it.
    pub inline: bool,
    /// The same as bindgen wrote it.
    pub signature: syn::Signature,
}

/// A C type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// `void`
    Void,
    /// `bool`
    Bool,
    /// `char`
    Char,
    /// An integer.
    Int(Int),
    /// A described enumeration.
    Enum(String),
    /// A described struct.
    Struct(String),
    /// A type that libxl's type descriptions take as given.
    Builtin(Builtin),
    /// A pointer.
    Pointer {
        /// To what.
        to: Box<Type>,
        /// `const`
        constant: bool,
    },
    /// Anything else, by its name: contexts, callbacks, unions.
    Other(String),
}

/// The integers of libxl's headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "they say it themselves")]
pub enum Int {
    U8,
    U16,
    U32,
    U64,
    I32,
    I64,
}

/// The types that libxl's type descriptions take as given, and which have a JSON form of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "named as in C")]
pub enum Builtin {
    Defbool,
    Uuid,
    Mac,
    Bitmap,
    StringList,
    KeyValueList,
    Hwcap,
    MsVmGenid,
    CpuidPolicyList,
    EvLink,
}

impl Builtin {
    /// The type's names in C, which are also those in the bindings.
    const NAMES: [(&'static str, Self); 10] = [
        ("libxl_defbool", Self::Defbool),
        ("libxl_uuid", Self::Uuid),
        ("libxl_mac", Self::Mac),
        ("libxl_bitmap", Self::Bitmap),
        ("libxl_string_list", Self::StringList),
        ("libxl_key_value_list", Self::KeyValueList),
        ("libxl_hwcap", Self::Hwcap),
        ("libxl_ms_vm_genid", Self::MsVmGenid),
        ("libxl_cpuid_policy_list", Self::CpuidPolicyList),
        ("libxl_ev_link", Self::EvLink),
    ];

    /// The builtin of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|&(_, builtin)| builtin)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|&&(_, builtin)| builtin == self).expect("every builtin is in the list").0
    }
}

impl Type {
    /// What a pointer points to.
    pub fn pointee(&self) -> Option<&Type> {
        match self {
            Self::Pointer { to, .. } => Some(to),
            _ => None,
        }
    }

    /// `char *`, constant or not.
    pub fn is_string(&self) -> bool {
        self.pointee() == Some(&Self::Char)
    }
}

impl Model {
    /// Calls parameters by their new names: pairs of an old name and a new one.
    pub fn rename_parameters(&mut self, renamed: &[(&str, &str)]) {
        for (name, _) in self.functions.iter_mut().flat_map(|function| &mut function.params) {
            if let Some((_, new)) = renamed.iter().find(|(old, _)| old == name) {
                (*new).clone_into(name);
            }
        }
    }

    /// The function of that name.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// A function that belongs to one type: conversion, initialisation, disposal, copying. `None` for the rest, which
    /// is libxl's API.
    pub fn helped_type<'f>(&self, function: &'f str) -> Option<&'f str> {
        const SUFFIXES: [&str; 7] =
            ["_to_json", "_from_json", "_to_string", "_from_string", "_copy", "_init", "_dispose"];
        let known = |name: &str| {
            self.structs.contains_key(name) || self.enums.contains_key(name) || Builtin::named(name).is_some()
        };
        let plain = SUFFIXES.iter().find_map(|suffix| function.strip_suffix(suffix)).filter(|name| known(name));
        plain.or_else(|| function.split_once("_init_").map(|(name, _)| name).filter(|name| known(name)))
    }
}

/// Does `name` begin an anonymous type's name in the bindings?
pub fn is_anonymous(name: &str) -> bool {
    name.contains("__bindgen_ty_")
}
