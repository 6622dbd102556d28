//! Decoders: one function a type, from JSON to C memory.
//!
//! In: the model. Out: `decode.rs`. The form is libxl's own (`libxl_T_from_json`), taken strictly: what libxl's reader
//! skips is refused. A struct's members are matched against the list of those it has, and each is read by what its
//! type says; a keyed union is a member of the object for each value of its key, named `KEY.VALUE`, of which one may
//! come. What does not come stays as libxl's initialiser left it.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::emit_encode::sibling;
use super::hints::{DEPRECATED_FIELDS, FIELD_HINTS, FieldFact, FieldHint};
use super::model::{Builtin, Enum, Int, Model, Shape, Struct, Type, Union};
use super::plan::short;

/// A decoder notes in one word which members have come.
const MEMBERS_MAX: usize = 128;

/// `decode.rs`.
///
/// # Errors
/// A type that cannot be decoded, or a hint about a field that is not there.
pub fn emit(model: &Model) -> Result<TokenStream, String> {
    let mut emitter = Emitter { model, functions: TokenStream::new(), used: Vec::new() };
    let enums: TokenStream = model.enums.values().map(enumeration).collect();
    for of in model.structs.values() {
        emitter.structure(of)?;
    }
    emitter.check_all_used()?;
    let functions = emitter.functions;
    Ok(quote!(#enums #functions))
}

struct Emitter<'m> {
    model: &'m Model,
    /// What is emitted so far.
    functions: TokenStream,
    /// The fields whose hints were used.
    used: Vec<&'static str>,
}

/// A part of a struct that is an object in JSON.
#[derive(Clone)]
struct Part<'m> {
    /// The whole struct.
    of: &'m Struct,
    /// Where in it the part is: `v.u.hvm`.
    place: TokenStream,
    /// How hints name it: `domain_build_info.u.hvm`.
    path: String,
}

impl<'m> Part<'m> {
    fn whole(of: &'m Struct) -> Self {
        Self { of, place: quote!(v), path: short(&of.name).to_owned() }
    }

    fn field(&self, name: &str, ident: &str) -> Self {
        let (ident, place) = (format_ident!("{ident}"), &self.place);
        Self { of: self.of, place: quote!(#place.#ident), path: format!("{}.{name}", self.path) }
    }

    /// The function that reads it.
    fn reader(&self) -> Ident {
        format_ident!("{}_into", self.path.replace('.', "_"))
    }
}

/// The members of an object, and an expression for each that reads `value`, which is its value.
#[derive(Default)]
struct Members {
    known: Vec<String>,
    arms: TokenStream,
    mistaken: TokenStream,
    /// What goes before the object is read.
    before: TokenStream,
}

impl Members {
    fn push(&mut self, name: String, read: &TokenStream) {
        let at = Literal::usize_unsuffixed(self.known.len());
        self.arms.extend(quote!(#at => #read,));
        self.known.push(name);
    }
}

impl Emitter<'_> {
    fn structure(&mut self, of: &Struct) -> Result<(), String> {
        let (name, ty) = (format_ident!("{}", short(&of.name)), format_ident!("{}", of.name));
        let part = Part::whole(of);
        let reader = part.reader();
        let doc = format!(" A `{}` in the request's arena, made of an object.", of.name);
        self.functions.extend(quote! {
            #[doc = #doc]
            pub fn #name<'m>(d: &Decoder<'m, '_>, value: Value<'m>) -> Result<&'m mut #ty, Refused<'m>> {
                let v = d.initialised::<#ty>();
                #reader(d, value, v)?;
                Ok(v)
            }
        });
        self.object(&part, of)
    }

    /// The function that reads an object into a part of a struct that has these fields.
    fn object(&mut self, part: &Part<'_>, content: &Struct) -> Result<(), String> {
        let mut members = Members::default();
        for field in &content.fields {
            let inner = part.field(&field.name, &field.ident);
            let place = &inner.place;
            let read = match &field.shape {
                Shape::Private => continue,
                Shape::Union(union) => {
                    self.union(&mut members, union, &inner)?;
                    continue;
                }
                Shape::Value(Type::Struct(name)) => {
                    let reader = format_ident!("{}_into", short(name));
                    Ok(quote!(#reader(d, value, &mut #place)?))
                }
                Shape::Value(ty) => self.field(&field.name, ty, &inner),
                Shape::Array { count, element } => self.array(count, element, &inner),
                Shape::Inline(content) => {
                    let reader = inner.reader();
                    self.object(&inner, content).map(|()| quote!(#reader(d, value, v)?))
                }
            };
            members.push(field.name.clone(), &read.map_err(|why| format!("{}: {why}", inner.path))?);
        }
        self.function(part, members)
    }

    fn function(&mut self, part: &Part<'_>, members: Members) -> Result<(), String> {
        let (reader, ty) = (part.reader(), format_ident!("{}", part.of.name));
        let Members { known, arms, mistaken, before } = members;
        if known.len() > MEMBERS_MAX {
            return Err(format!("{}: more than {MEMBERS_MAX} members", part.path));
        }
        self.functions.extend(quote! {
            fn #reader<'m>(d: &Decoder<'m, '_>, value: Value<'m>, v: &mut #ty) -> Result<(), Refused<'m>> {
                static MEMBERS: Members = Members { known: &[#(#known),*], mistaken: &[#mistaken] };
                #before
                // SAFETY: `v` is as libxl's initialiser left it. A member of a union is initialised by libxl's own
                // function for it, once, before the function that touches it is called.
                value.each_member(&MEMBERS, |at, value| unsafe {
                    match at { #arms _ => {} }
                    Ok(())
                })
            }
        });
        Ok(())
    }

    /// One member for each value of the key; the key's own name is explained.
    fn union(&mut self, members: &mut Members, union: &Union, part: &Part<'_>) -> Result<(), String> {
        let names: Vec<_> = union.members.iter().map(|member| format!("{}.{}", union.key, member.name)).collect();
        let (key, names_text) = (&union.key, names.join(", "));
        let only_one = format!("only one may be given of {names_text}");
        let meant = format!("told by the name of another member: {names_text}");
        let init = format_ident!("{}_init_{}", part.of.name, union.key);
        members.mistaken.extend(quote!((#key, #meant)));
        members.before.extend(quote!(let mut is_chosen = false;));
        for (member, name) in union.members.iter().zip(names) {
            let (constant, inner) = (format_ident!("{}", member.value), part.field(&member.name, &member.name));
            let read = match &member.content {
                Some(content) => {
                    self.object(&inner, content)?;
                    let reader = inner.reader();
                    quote!(#reader(d, value, v)?)
                }
                None => quote!(leaf::nothing(value)?),
            };
            members.push(
                name,
                &quote! {{
                    refuse_if(is_chosen, value, #only_one)?;
                    is_chosen = true;
                    (d.functions().#init)(v, #constant);
                    #read;
                }},
            );
        }
        Ok(())
    }

    /// An expression that reads `value` into a field.
    fn field(&mut self, name: &str, ty: &Type, part: &Part<'_>) -> Result<TokenStream, String> {
        let (place, fact) = (&part.place, self.fact(&part.path));
        let read = match ty {
            Type::Enum(name) => {
                let (names, ty) = (names_ident(name), format_ident!("{name}"));
                quote!(value.enumeration_or(i64::from(#place), #names)? as #ty)
            }
            Type::Builtin(Builtin::Bitmap) => {
                let size = size(fact);
                quote!(bitmap::unless_empty(d, value, #size)?)
            }
            _ => {
                let read = value(ty, fact)?;
                quote!(#read?)
            }
        };
        let Some(text) = untouched(name, fact, &part.path) else {
            return Ok(quote!(#place = #read));
        };
        let part = match ty {
            Type::Builtin(Builtin::Bitmap) => quote!(.map),
            Type::Builtin(Builtin::Defbool) => quote!(.val),
            _ => TokenStream::new(),
        };
        Ok(quote! {{
            let given = #read;
            refuse_if(given #part != #place #part, value, #text)?;
        }})
    }

    /// An expression that reads `value` into an array, and its count.
    fn array(&mut self, count: &str, element: &Type, part: &Part<'_>) -> Result<TokenStream, String> {
        let (place, count) = (&part.place, sibling(&part.place, count));
        if let Type::Struct(name) = element {
            let reader = format_ident!("{}_into", short(name));
            return Ok(quote!((#place, #count) = d.structs(value, #reader)?));
        }
        let read = value(element, self.fact(&part.path))?;
        Ok(quote!((#place, #count) = d.values(value, |value| #read)?))
    }

    /// What is known of a field, noted as used.
    fn fact(&mut self, path: &str) -> Option<FieldFact> {
        let hint = FIELD_HINTS.iter().find(|hint| hint.field == path)?;
        self.used.push(hint.field);
        Some(hint.fact)
    }

    /// A hint about a type that these headers do not have says nothing here.
    fn check_all_used(&self) -> Result<(), String> {
        let is_stale = |hint: &&FieldHint| {
            let of = hint.field.split('.').next().unwrap_or_default();
            self.model.structs.contains_key(&format!("libxl_{of}")) && !self.used.contains(&hint.field)
        };
        match FIELD_HINTS.iter().find(is_stale) {
            Some(hint) => Err(format!("a hint about a field that is not there: {} ({})", hint.field, hint.why)),
            None => Ok(()),
        }
    }
}

fn names_ident(name: &str) -> Ident {
    format_ident!("{}", short(name).to_uppercase())
}

/// An enumeration's names, and a function that knows them.
fn enumeration(of: &Enum) -> TokenStream {
    let (name, ty, names) = (format_ident!("{}", short(&of.name)), format_ident!("{}", of.name), names_ident(&of.name));
    let rows = of.values.iter().map(|value| {
        let (name, number) = (&value.name, Literal::i64_unsuffixed(value.value));
        quote!((#name, #number))
    });
    let doc = format!(" The names of `{}`, with their values.", of.name);
    let doc_function = format!(" A `{}` by its name.", of.name);
    quote! {
        #[doc = #doc]
        pub static #names: &[(&str, i64)] = &[#(#rows),*];

        #[doc = #doc_function]
        pub fn #name<'m>(value: Value<'m>) -> Result<#ty, Refused<'m>> {
            Ok(value.enumeration(#names)? as #ty)
        }
    }
}

/// What a request is told that changes a field which must stay as it is.
fn untouched(name: &str, fact: Option<FieldFact>, path: &str) -> Option<String> {
    match fact {
        Some(FieldFact::Untouched(text)) => Some(text.to_owned()),
        _ if DEPRECATED_FIELDS.contains(&path) => Some(format!("deprecated; use {name} one level further out")),
        _ => None,
    }
}

/// An expression that reads `value`: a C value or a refusal.
fn value(ty: &Type, fact: Option<FieldFact>) -> Result<TokenStream, String> {
    Ok(match ty {
        Type::Bool => quote!(value.bool()),
        Type::Int(Int::U8) => quote!(value.u8()),
        Type::Int(Int::U16) => quote!(value.u16()),
        Type::Int(Int::U32) => quote!(value.u32()),
        Type::Int(Int::U64) => quote!(value.u64()),
        Type::Int(Int::I32) => quote!(value.i32()),
        Type::Int(Int::I64) => quote!(value.i64()),
        Type::Enum(name) => {
            let decode = format_ident!("{}", short(name));
            quote!(#decode(value))
        }
        Type::Builtin(builtin) => builtin_value(*builtin, fact)?,
        ty if ty.is_string() => quote!(leaf::string(value)),
        other => return Err(format!("a value of type {other:?}")),
    })
}

fn builtin_value(builtin: Builtin, fact: Option<FieldFact>) -> Result<TokenStream, String> {
    let decode = format_ident!("{}", short(builtin.name()));
    Ok(match builtin {
        Builtin::Defbool | Builtin::Uuid | Builtin::Mac | Builtin::Hwcap | Builtin::MsVmGenid => {
            quote!(leaf::#decode(value))
        }
        Builtin::StringList | Builtin::KeyValueList => quote!(list::#decode(d, value)),
        Builtin::CpuidPolicyList => quote!(d.cpuid_policy_list(value)),
        Builtin::Bitmap => {
            let size = size(fact);
            quote!(bitmap::sized(d, value, #size))
        }
        Builtin::EvLink => return Err("a list's link is never part of a request".to_owned()),
    })
}

/// How large a bitmap must be.
fn size(fact: Option<FieldFact>) -> TokenStream {
    match fact {
        Some(FieldFact::Cpus) => quote!(Size::Cpu),
        Some(FieldFact::Nodes) => quote!(Size::Node),
        Some(FieldFact::BitsBelow(bits)) => {
            let bits = Literal::u64_unsuffixed(bits);
            quote!(Size::Below(#bits))
        }
        Some(FieldFact::Untouched(_)) | None => quote!(Size::Minimal),
    }
}
