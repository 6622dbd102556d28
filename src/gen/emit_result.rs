//! Results: one as it is, several as an object.
//!
//! In: types, and expressions for values that libxl has filled. Out: statements that encode them. Where a request may
//! choose fields of a struct, or domains of a list, `fields` and `domids` are variables of the method's function; each
//! choice is made once, around the loop.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::hints::KEPT_LISTS;
use super::model::{Int, Type};
use super::plan::{List, Method, short};

/// A struct, a builtin, an enumeration or an integer.
pub fn value(method: &Method<'_>, ty: &Type, value: &TokenStream) -> TokenStream {
    let unsafe_call = |call: TokenStream| {
        quote! {
            // SAFETY: initialised, then filled by libxl.
            unsafe { #call };
        }
    };
    match ty {
        Type::Struct(name) => {
            let (encode, some) = encoders(name);
            let whole = quote!(encode::#encode(call.xl, call.writer, #value));
            unsafe_call(match method.selectable {
                None => whole,
                Some(_) => quote!(match fields {
                    None => #whole,
                    Some(fields) => encode::#some(call.xl, call.writer, #value, fields),
                }),
            })
        }
        Type::Builtin(builtin) => {
            let encode = format_ident!("{}", short(builtin.name()));
            unsafe_call(quote!(super::result::#encode(call, #value)))
        }
        Type::Enum(name) => {
            let encode = format_ident!("{}", short(name));
            quote!(call.writer.raw(encode::#encode(#value).as_bytes());)
        }
        Type::Int(Int::U64) => quote!(call.writer.unsigned(#value);),
        _ => quote!(call.writer.integer(#value.into());),
    }
}

/// An array of structs in that variable.
pub fn list(method: &Method<'_>, list: &List<'_>, variable: &Ident) -> TokenStream {
    let (only, elements) = match method.selectable {
        Some(selectable) if selectable.by_domid => {
            let only = quote!(let elements = super::domids::only(&mut #variable, domids, |element| element.domid););
            (only, quote!(elements))
        }
        _ => (quote!(), quote!(&#variable)),
    };
    let encode = by_fields(method, list.element, &|encode| quote!(super::result::list(call, #elements, #encode)));
    let kept = kept(method, list, variable);
    quote!(#kept #only #encode;)
}

/// Ends the method with a text that is kept, if the list is one of those and all of it is asked for.
fn kept(method: &Method<'_>, list: &List<'_>, variable: &Ident) -> Option<TokenStream> {
    let Type::Struct(name) = list.element else { return None };
    KEPT_LISTS.iter().find(|(kept, _)| *kept == short(name))?;
    let (selectable, (of, _)) = (method.selectable?, encoders(name));
    let by_domid = selectable.by_domid.then(|| quote!(&&domids.is_none()));
    Some(quote! {
        if fields.is_none() #by_domid {
            // SAFETY: an array that libxl filled.
            unsafe { super::result::kept_list(call, |lists| &mut lists.#of, |lists| lists.#of.text(), &#variable) };
            return Ok(());
        }
    })
}

/// Ends the method when few domains are chosen: each is asked for by that function, without the list of all.
pub fn one_by_one(method: &Method<'_>, function: &str) -> TokenStream {
    let selectable = method.selectable.filter(|selectable| selectable.by_domid);
    let of = Type::Struct(selectable.expect("domains can be chosen where they are asked for one by one").of.to_owned());
    let function = format_ident!("libxl_{function}");
    let encode = by_fields(method, &of, &|encode| {
        quote! {
            // SAFETY: the table holds this very function, which fills such a struct with what it knows of a domain.
            unsafe { super::domids::one_by_one(call, domids, one, #encode) }
        }
    });
    quote! {
        if let Some(domids) = domids.filter(super::domids::are_few) {
            let one = present(functions.#function)?;
            return #encode;
        }
    }
}

/// What `then` makes of a closure that encodes one element: all of it, or the fields that were chosen.
fn by_fields(method: &Method<'_>, element: &Type, then: &dyn Fn(TokenStream) -> TokenStream) -> TokenStream {
    let Type::Struct(name) = element else { unreachable!("plan::list takes structs only") };
    let (encode, some) = encoders(name);
    let closure = |call: TokenStream| {
        then(quote! {
            |xl, writer, element| {
                // SAFETY: an element of an array that libxl filled.
                unsafe { #call };
            }
        })
    };
    let whole = closure(quote!(encode::#encode(xl, writer, element)));
    if method.selectable.is_none() {
        return whole;
    }
    let some = closure(quote!(encode::#some(xl, writer, element, fields)));
    quote!(match fields {
        None => #whole,
        Some(fields) => #some,
    })
}

/// The encoder of a struct, and that of some of its fields.
pub fn encoders(name: &str) -> (Ident, Ident) {
    (format_ident!("{}", short(name)), format_ident!("{}_fields", short(name)))
}

/// The names of a struct's fields.
pub fn fields_table(name: &str) -> Ident {
    format_ident!("{}_FIELDS", short(name).to_uppercase())
}

/// One result as it is, several as an object, none as an empty object.
pub fn all(results: &[(String, TokenStream)]) -> TokenStream {
    match results {
        [] => quote!(call.writer.raw(b"{}");),
        [(_, only)] => only.clone(),
        several => {
            let members = several.iter().enumerate().map(|(at, (name, encode))| {
                let text = format!("{}\"{name}\":", if at == 0 { "{" } else { "," });
                let text = Literal::byte_string(text.as_bytes());
                quote!(call.writer.raw(#text); #encode)
            });
            quote!(#(#members)* call.writer.raw(b"}");)
        }
    }
}

/// A result's name: the parameter's without what C's habits add.
pub fn name(param: &str) -> String {
    let name = param.strip_prefix("out_").unwrap_or(param);
    let name = name.strip_suffix("_r").or_else(|| name.strip_suffix("_out")).unwrap_or(name);
    name.to_owned()
}
