//! What a test needs to hold every type against libxl's own JSON: a filler, and libxl's converters, one row a type.
//!
//! In: the model. Out: `oracle.rs`, compiled into `tests/oracle` and nowhere else; what it calls is described there. A
//! filler passes each field to the method of a `Filler` that is made for its type, in the order of the struct, so that
//! the same filler gives the same shape (lengths of arrays, keys of unions) with random values or with none.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::emit_result::{encoders, fields_table};
use super::hints::DEPRECATED_FIELDS;
use super::model::{Builtin, Enum, Field, Model, Shape, Struct, Type, Union};
use super::plan::short;

/// `oracle.rs`.
///
/// # Errors
/// A type that cannot be filled.
pub fn emit(model: &Model) -> Result<TokenStream, String> {
    let mut emitter = Emitter { model, deprecated: Vec::new() };
    let structs: Result<Vec<_>, String> = model.structs.values().map(|of| emitter.structure(of)).collect();
    let (structs, deprecated) = (structs?, &emitter.deprecated);
    let rows = model.structs.keys().map(|name| {
        let (name, ty) = (format_ident!("{}", short(name)), format_ident!("{name}"));
        quote!(#name #ty)
    });
    let listed = model.enums.values().map(listed);
    let enums = model.enums.values().map(enumeration);
    Ok(quote! {
        #(#listed)*
        #(#structs)*

        /// Calls a macro with what else it is given, and short name and type of every struct that libxl describes.
        macro_rules! every_struct {
            ($called:ident $with:ident) => { $called! { $with; #(#rows,)* } }
        }
        pub(crate) use every_struct;

        /// Every enumeration that libxl describes.
        pub(crate) static ENUMERATIONS: &[Enumeration] = &[#(#enums),*];

        /// How the paths of members in JSON end that libxl writes and we do not.
        pub(crate) static DEPRECATED: &[&str] = &[#(#deprecated),*];
    })
}

struct Emitter<'m> {
    model: &'m Model,
    deprecated: Vec<String>,
}

impl Emitter<'_> {
    fn structure(&mut self, of: &Struct) -> Result<TokenStream, String> {
        let (name, ty) = (short(&of.name), format_ident!("{}", of.name));
        let (convert, to_json, from_json) = converters(&of.name);
        let (copy, (_, chosen), table) =
            (format_ident!("{}_copy", of.name), encoders(&of.name), fields_table(&of.name));
        let (mut fill, mut members) = (TokenStream::new(), Vec::new());
        for field in &of.fields {
            if let Shape::Union(union) = &field.shape {
                members.extend(union.members.iter().map(|member| format!("{}.{}", union.key, member.name)));
            }
            fill.extend(match &field.shape {
                Shape::Union(union) => self.union(of, field, union)?,
                _ => self.field(field, &quote!(v)).map_err(|why| format!("{name}.{}: {why}", field.name))?,
            });
        }
        Ok(quote! {
            impl Described for #ty {
                const NAME: &'static str = #name;
                const MEMBERS: &'static [&'static str] = &[#(#members),*];
                const ENCODE: Encode<Self> = encode::#convert;
                const FIELDS: &'static [&'static str] = encode::#table;
                const ENCODE_FIELDS: EncodeFields<Self> = encode::#chosen;
                const DECODE: Decode<Self> = decode::#convert;

                unsafe fn fill(&mut self, f: &mut Filler<'_>) {
                    let v = self;
                    // SAFETY: a member of a union is touched only where its key says that it is there.
                    unsafe { #fill }
                }

                fn to_json(functions: &Functions) -> Option<ToJson<Self>> { functions.#to_json }

                fn from_json(functions: &Functions) -> Option<FromJson<Self>> { functions.#from_json }

                fn copy(functions: &Functions) -> Option<Copy<Self>> { functions.#copy }
            }
        })
    }

    /// Chooses the key, lets libxl initialise the member that it names, and fills that.
    fn union(&mut self, of: &Struct, field: &Field, union: &Union) -> Result<TokenStream, String> {
        let (listed, unlisted) = self.numbers(&union.key_type)?;
        let (key, init) = (format_ident!("{}", union.key_ident), format_ident!("{}_init_{}", of.name, union.key));
        let u = format_ident!("{}", field.ident);
        let mut arms = TokenStream::new();
        for member in &union.members {
            let Some(content) = &member.content else {
                continue;
            };
            let (constant, name) = (format_ident!("{}", member.value), format_ident!("{}", member.name));
            let path = format!("{}.{}.{}", short(&of.name), field.name, member.name);
            let mut fill = TokenStream::new();
            for inner in &content.fields {
                let path = format!("{path}.{}", inner.name);
                fill.extend(self.field(inner, &quote!(v.#u.#name)).map_err(|why| format!("{path}: {why}"))?);
                if DEPRECATED_FIELDS.contains(&path.as_str()) {
                    self.deprecated.push(format!(".{}.{}.{}", union.key, member.name, inner.name));
                }
            }
            arms.extend(quote!(#constant => { #fill }));
        }
        Ok(quote! {
            let key = f.key(#listed, #unlisted);
            if #listed.contains(&key) { (f.functions().#init)(v, key); } else { v.#key = key; }
            match v.#key { #arms _ => {} }
        })
    }

    fn field(&self, field: &Field, owner: &TokenStream) -> Result<TokenStream, String> {
        let ident = format_ident!("{}", field.ident);
        match &field.shape {
            Shape::Value(ty) => self.value(ty, &quote!(&mut #owner.#ident), false),
            Shape::Array { count, element } => {
                let (count, fill) = (format_ident!("{count}"), self.value(element, &quote!(e), true)?);
                Ok(quote!(f.array(&mut #owner.#ident, &mut #owner.#count, |f, e| { #fill });))
            }
            Shape::Inline(inner) => {
                inner.fields.iter().map(|field| self.field(field, &quote!(#owner.#ident))).collect()
            }
            Shape::Union(_) => Err("a union that is not the struct's own".to_owned()),
            Shape::Private => Ok(TokenStream::new()),
        }
    }

    fn value(&self, ty: &Type, place: &TokenStream, element: bool) -> Result<TokenStream, String> {
        Ok(match ty {
            Type::Bool => quote!(f.boolean(#place);),
            Type::Int(_) => quote!(f.integer(#place);),
            Type::Enum(name) => {
                let (listed, unlisted) = self.numbers(name)?;
                if element {
                    quote!(f.listed(#place, #listed);)
                } else {
                    quote!(f.enumeration(#place, #listed, #unlisted);)
                }
            }
            Type::Struct(_) if element => quote!(f.element(#place);),
            Type::Struct(_) => quote!(Described::fill(#place, f);),
            Type::Builtin(Builtin::EvLink) => return Err("a list's link is never filled".to_owned()),
            Type::Builtin(builtin) => {
                let fill = format_ident!("{}", short(builtin.name()));
                quote!(f.#fill(#place);)
            }
            ty if ty.is_string() => quote!(f.string(#place);),
            other => return Err(format!("a value of type {other:?}")),
        })
    }

    /// The array of an enumeration's values, and a number that is none of them.
    fn numbers(&self, name: &str) -> Result<(Ident, Literal), String> {
        let of = self.model.enums.get(name).ok_or_else(|| format!("no enumeration {name}"))?;
        Ok((listed_name(of), unlisted(of)))
    }
}

/// Our encoder and our decoder of a type, which share a name, and libxl's converters.
fn converters(name: &str) -> (Ident, Ident, Ident) {
    (format_ident!("{}", short(name)), format_ident!("{name}_to_json"), format_ident!("{name}_from_json"))
}

fn listed_name(of: &Enum) -> Ident {
    format_ident!("{}", short(&of.name).to_uppercase())
}

fn unlisted(of: &Enum) -> Literal {
    let largest = of.values.iter().map(|value| value.value).max().unwrap_or(0);
    Literal::i64_unsuffixed(largest.max(0) + 77)
}

/// All values, that of the longest name first.
fn listed(of: &Enum) -> TokenStream {
    let (name, ty) = (listed_name(of), format_ident!("{}", of.name));
    let mut values: Vec<_> = of.values.iter().collect();
    values.sort_by_key(|value| std::cmp::Reverse(value.name.len()));
    let constants = values.iter().map(|value| format_ident!("{}", value.constant));
    quote!(static #name: &[#ty] = &[#(#constants),*];)
}

fn enumeration(of: &Enum) -> TokenStream {
    let (name, ty, unlisted) = (short(&of.name), format_ident!("{}", of.name), unlisted(of));
    let numbers = of.values.iter().map(|value| Literal::i64_unsuffixed(value.value));
    let (encode, to_json, from_json) = converters(&of.name);
    quote! {
        Enumeration {
            name: #name,
            listed: &[#(#numbers),*],
            unlisted: #unlisted,
            encode: |value| encode::#encode(value as #ty).as_bytes(),
            to_json: |xl, value| {
                let to_json = xl.functions().#to_json.expect("every release has it");
                // SAFETY: the table holds this very function; it takes a number and gives a string away.
                unsafe { Text::new(to_json(xl.ctx(), value as #ty)) }
            },
            from_json: |xl, text| {
                let from_json = xl.functions().#from_json.expect("every release has it");
                let mut value: #ty = #unlisted;
                // SAFETY: the table holds this very function; it reads the string and writes the number.
                let code = unsafe { from_json(xl.ctx(), &raw mut value, text.as_ptr()) };
                (code, i64::from(value))
            },
        }
    }
}
