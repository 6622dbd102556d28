//! Decoders: one function a type, from JSON to C memory.
//!
//! In: the model. Out: `decode.rs`. The form is libxl's own (`libxl_T_from_json`), taken strictly: what libxl's reader
//! skips is refused. A struct's members are matched against the list of those it has, and each is read by what its
//! type says; a keyed union is a member of the object for each value of its key, named `KEY.VALUE`, of which one may
//! come. What does not come stays as libxl's initialiser left it.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::hints::{DEPRECATED_FIELDS, FIELD_HINTS, FieldFact, FieldHint};
use super::model::{Builtin, Enum, Field, Int, Model, Shape, Struct, Type, Union};
use super::plan::short;

/// A decoder notes in one word which members have come.
const MEMBERS_MAX: usize = 128;

/// `decode.rs`.
///
/// # Errors
/// A type that cannot be decoded, or a hint about a field that is not there.
pub fn emit(model: &Model) -> Result<TokenStream, String> {
    let mut emitter = Emitter { model, used: Vec::new() };
    let enums = model.enums.values().map(enumeration);
    let structs: Result<Vec<_>, String> = model.structs.values().map(|of| emitter.structure(of)).collect();
    let structs = structs?;
    emitter.check_all_used()?;
    Ok(quote!(#(#enums)* #(#structs)*))
}

struct Emitter<'m> {
    model: &'m Model,
    /// The fields whose hints were used.
    used: Vec<&'static str>,
}

/// The members of an object, and code for each.
#[derive(Default)]
struct Object {
    known: Vec<String>,
    arms: TokenStream,
    mistaken: TokenStream,
    /// What goes before the object is read.
    before: TokenStream,
}

impl Object {
    /// A member, and statements that read `value`, which is its value.
    fn member(&mut self, name: String, read: &TokenStream) {
        let at = Literal::usize_unsuffixed(self.known.len());
        self.arms.extend(quote!(#at => { #read }));
        self.known.push(name);
    }

    /// An expression that reads the object `value`: `Ok(())` or a refusal.
    fn finish(self, path: &str) -> Result<TokenStream, String> {
        if self.known.len() > MEMBERS_MAX {
            return Err(format!("{path}: more than {MEMBERS_MAX} members"));
        }
        let Self { known, arms, mistaken, before } = self;
        Ok(quote! {{
            static MEMBERS: Members = Members { known: &[#(#known),*], mistaken: &[#mistaken] };
            #before
            value.each_member(&MEMBERS, |at, value| {
                match at { #arms _ => {} }
                Ok(())
            })
        }})
    }
}

impl Emitter<'_> {
    fn structure(&mut self, of: &Struct) -> Result<TokenStream, String> {
        let (name, ty) = (format_ident!("{}", short(&of.name)), format_ident!("{}", of.name));
        let fill = format_ident!("{}_into", short(&of.name));
        let body = self.object(of, &quote!(v), short(&of.name))?;
        let doc = format!(" A `{}` in the request's arena, made of an object.", of.name);
        Ok(quote! {
            #[doc = #doc]
            pub fn #name<'m>(d: &Decoder<'m, '_>, value: Value<'m>) -> Result<&'m mut #ty, Refused<'m>> {
                let v = d.initialised::<#ty>();
                #fill(d, value, v)?;
                Ok(v)
            }

            fn #fill<'m>(d: &Decoder<'m, '_>, value: Value<'m>, v: &mut #ty) -> Result<(), Refused<'m>> {
                // SAFETY: `v` is as libxl's initialiser left it. A union's member is initialised by libxl's function
                // for it, once, before it is touched.
                unsafe { #body }
            }
        })
    }

    /// An expression that reads the object `value` into the struct `place`; `path` is how hints name it.
    fn object(&mut self, of: &Struct, place: &TokenStream, path: &str) -> Result<TokenStream, String> {
        let mut object = Object::default();
        for field in &of.fields {
            let ident = format_ident!("{}", field.ident);
            let (path, place) = (format!("{path}.{}", field.name), quote!(#place.#ident));
            let read = match &field.shape {
                Shape::Private => continue,
                Shape::Union(union) => {
                    self.union(&mut object, of, union, &place, &path)?;
                    continue;
                }
                Shape::Value(ty) => self.field(field, ty, &place, &path),
                Shape::Array { count, element } => self.array(count, element, &place, &path),
                Shape::Inline(inner) => self.object(inner, &place, &path).map(|read| quote!(#read?;)),
            };
            object.member(field.name.clone(), &read.map_err(|why| format!("{path}: {why}"))?);
        }
        object.finish(path)
    }

    /// One member for each value of the key; the key's own name is explained.
    fn union(
        &mut self,
        object: &mut Object,
        of: &Struct,
        union: &Union,
        place: &TokenStream,
        path: &str,
    ) -> Result<(), String> {
        let names: Vec<_> = union.members.iter().map(|member| format!("{}.{}", union.key, member.name)).collect();
        let (key, names_text) = (&union.key, names.join(", "));
        let only_one = format!("only one may be given of {names_text}");
        let meant = format!("told by the name of another member: {names_text}");
        let init = format_ident!("{}_init_{}", of.name, union.key);
        object.mistaken.extend(quote!((#key, #meant)));
        object.before.extend(quote!(let mut is_chosen = false;));
        for (member, name) in union.members.iter().zip(names) {
            let (constant, ident) = (format_ident!("{}", member.value), format_ident!("{}", member.name));
            let nothing = Struct { name: String::new(), fields: Vec::new() };
            let (content, path) = (member.content.as_ref().unwrap_or(&nothing), format!("{path}.{}", member.name));
            let read = self.object(content, &quote!(#place.#ident), &path)?;
            object.member(
                name,
                &quote! {
                    if is_chosen {
                        return Err(value.refuse(Fault::Rule(#only_one)));
                    }
                    is_chosen = true;
                    (d.functions().#init)(v, #constant);
                    #read?;
                },
            );
        }
        Ok(())
    }

    /// Statements that read `value` into a field.
    fn field(&mut self, field: &Field, ty: &Type, place: &TokenStream, path: &str) -> Result<TokenStream, String> {
        if let Type::Struct(_) = ty {
            return self.element(ty, &quote!(&mut #place), None);
        }
        let fact = self.fact(path);
        let mut read = match ty {
            Type::Enum(name) => {
                let (names, ty) = (names_ident(name), format_ident!("{name}"));
                quote!(value.enumeration_or(i64::from(#place), #names)? as #ty)
            }
            Type::Builtin(Builtin::Bitmap) => {
                let size = size(fact);
                quote!(bitmap::unless_empty(d, value, #size)?)
            }
            _ => self.value(ty, fact)?,
        };
        let untouched = match fact {
            Some(FieldFact::Untouched(text)) => Some(text.to_owned()),
            _ if DEPRECATED_FIELDS.contains(&path) => {
                Some(format!("deprecated; use {} one level further out", field.name))
            }
            _ => None,
        };
        if let Some(text) = untouched {
            let part = match ty {
                Type::Builtin(Builtin::Bitmap) => quote!(.map),
                Type::Builtin(Builtin::Defbool) => quote!(.val),
                _ => TokenStream::new(),
            };
            read = quote! {{
                let given = #read;
                if given #part != #place #part {
                    return Err(value.refuse(Fault::Rule(#text)));
                }
                given
            }};
        }
        Ok(quote!(#place = #read;))
    }

    /// Statements that read `value` into an array, and its count.
    fn array(&mut self, count: &str, element: &Type, place: &TokenStream, path: &str) -> Result<TokenStream, String> {
        let fact = self.fact(path);
        let read = self.element(element, &quote!(e), fact)?;
        let count = sibling(place, count);
        Ok(quote! {
            (#place, #count) = d.array(value, |value, e| {
                #read
                Ok(())
            })?;
        })
    }

    /// Statements that read `value` into `place`, a reference.
    fn element(&self, ty: &Type, place: &TokenStream, fact: Option<FieldFact>) -> Result<TokenStream, String> {
        if let Type::Struct(name) = ty {
            let fill = format_ident!("{}_into", short(name));
            let init = (place.to_string() == "e").then(|| quote!(d.initialise(e);));
            return Ok(quote!(#init #fill(d, value, #place)?;));
        }
        let read = self.value(ty, fact)?;
        Ok(quote!(*#place = #read;))
    }

    /// An expression that reads `value`.
    fn value(&self, ty: &Type, fact: Option<FieldFact>) -> Result<TokenStream, String> {
        Ok(match ty {
            Type::Bool => quote!(value.bool()?),
            Type::Int(int) => integer(*int),
            Type::Enum(name) => {
                let decode = format_ident!("{}", short(name));
                quote!(#decode(value)?)
            }
            Type::Builtin(builtin) => builtin_value(*builtin, fact)?,
            ty if ty.is_string() => quote!(leaf::string(value)?),
            other => return Err(format!("a value of type {other:?}")),
        })
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

/// The field beside `value` of that name.
fn sibling(value: &TokenStream, name: &str) -> TokenStream {
    let mut tokens: Vec<_> = value.clone().into_iter().collect();
    tokens.pop();
    let name = format_ident!("{name}");
    let owner: TokenStream = tokens.into_iter().collect();
    quote!(#owner #name)
}

fn names_ident(name: &str) -> proc_macro2::Ident {
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

fn integer(int: Int) -> TokenStream {
    match int {
        Int::U8 => quote!(value.u8()?),
        Int::U16 => quote!(value.u16()?),
        Int::U32 => quote!(value.u32()?),
        Int::U64 => quote!(value.u64()?),
        Int::I32 => quote!(value.i32()?),
        Int::I64 => quote!(value.i64()?),
    }
}

fn builtin_value(builtin: Builtin, fact: Option<FieldFact>) -> Result<TokenStream, String> {
    let decode = format_ident!("{}", short(builtin.name()));
    Ok(match builtin {
        Builtin::Defbool | Builtin::Uuid | Builtin::Mac | Builtin::Hwcap | Builtin::MsVmGenid => {
            quote!(leaf::#decode(value)?)
        }
        Builtin::StringList | Builtin::KeyValueList => quote!(list::#decode(d, value)?),
        Builtin::CpuidPolicyList => quote!(d.cpuid_policy_list(value)?),
        Builtin::Bitmap => {
            let size = size(fact);
            quote!(bitmap::sized(d, value, #size)?)
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
