//! The parameters of a method: how they are read from the request, and how they are passed to C.
//!
//! In: a method's plan. Out: statements and expressions of its function. Each parameter becomes a variable of its name;
//! the request's params are in `args`, by their places. The domain is read first: whoever cannot look it up leaves the
//! call to another process before anything else has been done.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::args::{Arg, Input, Read};
use super::emit_call::{int_name, type_name};
use super::emit_result::fields_table;
use super::model::Int;
use super::plan::{Method, short};

/// The parameters that come from the request, in C's order.
pub fn inputs<'a, 'm>(method: &'a Method<'m>) -> impl Iterator<Item = &'a Input<'m>> {
    method.args.iter().filter_map(|arg| if let Arg::Input(input) = arg { Some(input) } else { None })
}

/// The parameter that is the domain.
pub fn domain(method: &Method<'_>) -> Option<usize> {
    inputs(method).position(|input| matches!(input.read, Read::Domain))
}

/// The names of a method's parameters: C's, and those that are ours.
pub fn names<'m>(method: &Method<'m>) -> Vec<&'m str> {
    // The next one goes behind these: what clients pass by position stays where it is.
    let ours = [
        ("domain_uuid", domain(method).is_some()),
        ("progress", method.long),
        ("fields", method.selectable.is_some()),
        ("domids", method.selectable.is_some_and(|selectable| selectable.by_domid)),
    ];
    let ours = ours.into_iter().filter(|(_, has)| *has).map(|(name, _)| name);
    inputs(method).map(|input| input.name).chain(ours).collect()
}

/// The table of an enumeration's names.
pub fn names_table(name: &str) -> Ident {
    format_ident!("{}_NAMES", short(name).to_uppercase())
}

/// A parameter's name as a variable: a prefix keeps it from being a keyword or another variable of the function.
pub fn variable(name: &str) -> Ident {
    format_ident!("arg_{name}")
}

/// Statements that bind, read and check all parameters.
pub fn read_all(method: &Method<'_>) -> TokenStream {
    let names = names(method);
    let bind = quote!(call.params.bind(&[#(#names),*])?;);
    if names.is_empty() {
        return bind;
    }
    let domain = domain(method).map(|at| {
        let guest = method.guest_only.then(|| quote!(super::domain::check_guest(&args, #at, domid)?;));
        quote! {
            let domid = super::domain::number(call, &args, #at)?;
            #guest
        }
    });
    let decoder = inputs(method).any(|input| needs_decoder(&input.read));
    let decoder = decoder.then(|| quote!(let decoder = Decoder::of(call);));
    let one_of = method.one_of.map(|(a, b)| {
        let (first, second) = (place(&names, a), place(&names, b));
        let why = format!("{a} or {b} must be there");
        quote!(args.one_of(#first, #second, #why)?;)
    });
    let read = inputs(method).enumerate().map(|(at, input)| read(at, input));
    let ours = names.iter().enumerate().skip(inputs(method).count()).map(|(at, &name)| match name {
        "progress" => quote!(args.check_bool(#at)?;),
        "fields" => {
            let known = fields_table(method.selectable.expect("only then is there such a parameter").of);
            quote!(let fields = args.fields(#at, encode::#known)?;)
        }
        "domids" => quote!(let domids = super::domids::read(&args, #at)?;),
        _ => quote!(super::domain::check_uuid(call, &args, #at, domid)?;),
    });
    quote!(let args = #bind #domain #decoder #one_of #(#read)* #(#ours)*)
}

fn place(names: &[&str], name: &str) -> usize {
    names.iter().position(|known| *known == name).expect("a hint names a parameter")
}

fn needs_decoder(read: &Read<'_>) -> bool {
    matches!(read, Read::Lent(_) | Read::Copied { .. } | Read::Bitmap { .. } | Read::Uuid { .. })
}

/// Statements that read one parameter into a variable of its name.
fn read(at: usize, input: &Input<'_>) -> TokenStream {
    let variable = variable(input.name);
    let check = input.check.map(|check| format_ident!("{check}"));
    let value = match &input.read {
        Read::Domain => return quote!(),
        Read::Integer { int, range, default } => integer(at, *int, *range, *default),
        Read::InOutInteger { int, default } => {
            let value = integer(at, *int, None, *default);
            return quote!(let mut #variable = #value;);
        }
        Read::Bool => quote!(args.bool(#at)?),
        Read::Letter => quote!(args.letter(#at)?),
        Read::Enumeration(name) => {
            let (ty, table) = (format_ident!("{name}"), names_table(name));
            quote!(args.enumeration(#at, #table)? as #ty)
        }
        Read::Text { .. } => {
            let check = check.map(|check| quote!(args.read(#at, super::check::#check)?;));
            let read = optional(at, input, &quote!(args.c_str_filled(#at)?), &quote!(::core::ptr::null()));
            quote!({ #check #read })
        }
        Read::Bytes { .. } => quote!(args.read(#at, super::base64::decode)?),
        Read::Lent(ty) => structure(at, ty, check),
        Read::Copied { ty, .. } => {
            let name = type_name(ty);
            let (read, copy) = (structure(at, &name.to_string(), check), format_ident!("{name}_copy"));
            return quote! {
                let #variable = #read;
                let copy = present(functions.#copy)?;
                // SAFETY: a struct that was decoded just now, and the function that copies its type.
                let mut #variable = unsafe { Owned::copied(functions, call.xl.ctx(), copy, #variable) };
            };
        }
        Read::Bitmap { size, .. } => {
            let size = format_ident!("{size}");
            let read = quote!(args.read(#at, |value| decode::bitmap(&decoder, value, decode::Size::#size))?);
            optional(at, input, &quote!(::core::ptr::from_mut(#read)), &quote!(::core::ptr::null_mut()))
        }
        Read::Uuid { .. } => {
            quote!(::core::ptr::from_mut(args.read(#at, |value| decode::uuid(&decoder, value))?))
        }
    };
    quote!(let #variable = #value;)
}

fn integer(at: usize, int: Int, range: Option<(i64, i64)>, default: Option<u32>) -> TokenStream {
    let read = format_ident!("{}", int_name(int));
    match (range, default) {
        (Some((min, max)), _) => {
            let read = format_ident!("{read}_within");
            quote!(args.#read(#at, #min, #max)?)
        }
        (None, Some(default)) => quote!(if args.optional(#at).is_some() { args.#read(#at)? } else { #default as _ }),
        (None, None) => quote!(args.#read(#at)?),
    }
}

fn optional(at: usize, input: &Input<'_>, read: &TokenStream, none: &TokenStream) -> TokenStream {
    if input.optional { quote!(if args.optional(#at).is_some() { #read } else { #none }) } else { read.clone() }
}

fn structure(at: usize, ty: &str, check: Option<Ident>) -> TokenStream {
    let decode = format_ident!("{}", short(ty));
    match check {
        None => quote!(args.read(#at, |value| decode::#decode(&decoder, value))?),
        Some(check) => quote! {
            args.read(#at, |value| {
                let decoded = decode::#decode(&decoder, value)?;
                super::check::#check(value, decoded)?;
                Ok(decoded)
            })?
        },
    }
}

/// What C is given.
pub fn passed(input: &Input<'_>) -> TokenStream {
    let variable = variable(input.name);
    match &input.read {
        Read::Domain => quote!(domid as _),
        Read::Text { constant: false } => quote!(#variable.cast_mut()),
        Read::Bytes { constant: true } => quote!(#variable.as_ptr()),
        Read::Bytes { constant: false } => quote!(#variable.as_ptr().cast_mut().cast()),
        Read::InOutInteger { .. } => quote!(&raw mut #variable),
        Read::Copied { .. } => quote!(#variable.as_mut_ptr()),
        // Read just now, into the request's arena.
        Read::Bitmap { by_value: true, .. } | Read::Uuid { by_value: true } => quote!(*#variable),
        Read::Integer { .. }
        | Read::Bool
        | Read::Letter
        | Read::Enumeration(_)
        | Read::Text { .. }
        | Read::Lent(_)
        | Read::Bitmap { .. }
        | Read::Uuid { .. } => quote!(#variable),
    }
}

/// The length of what another parameter is.
pub fn length(method: &Method<'_>, of: &str) -> TokenStream {
    let variable = variable(of);
    let is_bytes = |input: &Input<'_>| input.name == of && matches!(input.read, Read::Bytes { .. });
    if inputs(method).any(is_bytes) {
        return quote!(#variable.len() as _);
    }
    // The string was read before: it ends with a NUL, in the input buffer.
    quote!(::core::ffi::CStr::from_ptr(#variable).to_bytes().len() as _)
}
