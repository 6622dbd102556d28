//! Methods: one function a method, and the table that finds it by name.
//!
//! In: the model and the methods among the fates. Out: `methods.rs`. What is in a function is `emit_call`'s affair.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::emit_call::{function, inputs, names_table};
use super::model::{Builtin, Function, Model, Type};
use super::plan::{Arg, Fate, Method};

/// `methods.rs`.
pub fn emit(model: &Model, fates: &[(&Function, Fate<'_>)]) -> TokenStream {
    let mut methods: Vec<_> = fates
        .iter()
        .filter_map(|(_, fate)| if let Fate::Method(method) = fate { Some(method) } else { None })
        .collect();
    methods.sort_by_key(|method| method.name);
    let functions = methods.iter().map(|method| function(method));
    let entries = methods.iter().map(|method| entry(method));
    let (count, names, managed) = (methods.len(), enumerations(model, &methods), managed(model));
    let table: TokenStream = by_name(&methods).parse().expect("phf's text is Rust");
    quote! {
        #names
        #managed
        #(#functions)*

        /// Every method, by name.
        pub(super) static METHODS: [Method; #count] = [#(#entries),*];

        /// Where a name stands in `METHODS`: libxl's and Go's.
        pub(super) static BY_NAME: phf::Map<&'static str, u16> = #table;
    }
}

/// `list_domain` as Go's `net/rpc` calls it: `Xenops.ListDomain`.
fn go_name(name: &str) -> String {
    let words = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    format!("Xenops.{}", words.collect::<String>())
}

fn by_name(methods: &[&Method<'_>]) -> String {
    let mut map = phf_codegen::Map::new();
    for (at, method) in methods.iter().enumerate() {
        map.entry(method.name.to_owned(), at.to_string());
        map.entry(go_name(method.name), at.to_string());
    }
    map.build().to_string()
}

/// The names of the enumerations that parameters are of.
fn enumerations(model: &Model, methods: &[&Method<'_>]) -> TokenStream {
    let inputs = methods.iter().flat_map(|method| &method.args).filter_map(|arg| match arg {
        Arg::Input { ty: Type::Enum(name), .. } => Some(name.as_str()),
        _ => None,
    });
    let used: BTreeSet<&str> = inputs.collect();
    let tables = used.into_iter().filter_map(|name| model.enums.get(name)).map(|described| {
        let table = names_table(&described.name);
        let rows = described.values.iter().map(|value| {
            let (name, number) = (&value.name, value.value);
            quote!((#name, #number))
        });
        quote!(static #table: &[(&str, i64)] = &[#(#rows),*];)
    });
    quote!(#(#tables)*)
}

/// How each type is made and freed.
fn managed(model: &Model) -> TokenStream {
    let builtins = [Builtin::Bitmap, Builtin::MsVmGenid].map(|builtin| builtin.name().to_owned());
    let names: BTreeMap<String, ()> = model.structs.keys().cloned().chain(builtins).map(|name| (name, ())).collect();
    let impls = names.keys().map(|name| {
        let ty = format_ident!("{name}");
        let call = |suffix: &str| {
            let function = format!("{name}{suffix}");
            let field = format_ident!("{function}");
            model.function(&function).map(|_| {
                quote! {
                    // SAFETY: the trait's condition.
                    unsafe { (functions.#field)(value) }
                }
            })
        };
        let zero = quote! {
            let _ = functions;
            // SAFETY: memory for one value, by the trait's condition.
            unsafe { value.write_bytes(0, 1) }
        };
        let init = call("_init").unwrap_or(zero);
        let dispose = call("_dispose").unwrap_or_else(|| quote!(let _ = (functions, value);));
        quote! {
            impl Managed for #ty {
                unsafe fn init(functions: &Functions, value: *mut Self) { #init }
                unsafe fn dispose(functions: &Functions, value: *mut Self) { #dispose }
            }
        }
    });
    quote!(#(#impls)*)
}

fn entry(method: &Method<'_>) -> TokenStream {
    let (name, function) = (method.name, format_ident!("{}", method.name));
    let params: Vec<_> = inputs(method).map(|(name, ..)| name).collect();
    let place = if method.in_loop { quote!(Loop) } else { quote!(Worker) };
    let domain = match params.iter().position(|&name| name == "domid").and_then(|at| u8::try_from(at).ok()) {
        Some(at) => quote!(Some(#at)),
        None => quote!(None),
    };
    quote! {
        Method {
            name: #name,
            params: &[#(#params),*],
            class: Class::Read,
            place: Place::#place,
            long: false,
            descriptors: 0,
            domain: #domain,
            read_only: false,
            call: #function,
        }
    }
}
