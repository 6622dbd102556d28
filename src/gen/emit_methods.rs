//! Methods: one function a method, and the table that finds it by name.
//!
//! In: the model and the methods among the fates. Out: `methods.rs`. What is in a function is `emit_call`'s affair.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::args::Read;
use super::by_name;
use super::emit_call::function;
use super::emit_input::{inputs, names_table};
use super::model::{Builtin, Function, Model};
use super::plan::{Class, Fate, Method, Place};
use super::table::{Row, methods, rows};

/// `methods.rs`.
pub fn emit(model: &Model, fates: &[(&Function, Fate<'_>)]) -> TokenStream {
    let (methods, rows): (Vec<_>, Vec<_>) = (methods(fates).collect(), rows(fates));
    let functions = methods.iter().map(|method| function(method));
    let entries = rows.iter().map(entry);
    let (count, names, managed) = (rows.len(), enumerations(model, &methods), managed(model));
    let table = by_name(&rows);
    quote! {
        #names
        #managed
        #(#functions)*

        /// Every method, by name.
        pub(super) static METHODS: [Method; #count] = [#(#entries),*];

        /// Where a name stands in `METHODS`: libxl's and Go's.
        pub(super) static BY_NAME: ByName = #table;
    }
}

/// `list_domain` as Go's `net/rpc` calls it: `Xenops.ListDomain`.
fn go_name(name: &str) -> String {
    let words = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]);
    format!("Xenops.{}", words.collect::<String>())
}

fn by_name(rows: &[Row<'_>]) -> TokenStream {
    let both = |(at, row): (usize, &Row<'_>)| [(row.name.to_owned(), at), (go_name(row.name), at)];
    by_name::emit(&rows.iter().enumerate().flat_map(both).collect::<Vec<_>>())
}

/// The names of the enumerations that parameters are of.
fn enumerations(model: &Model, methods: &[&Method<'_>]) -> TokenStream {
    let inputs = methods.iter().flat_map(|method| inputs(method)).filter_map(|input| match input.read {
        Read::Enumeration(name) => Some(name),
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

fn entry(row: &Row<'_>) -> TokenStream {
    let Row { name, params, long, read_only, .. } = row;
    let class = match row.class {
        Class::Read => quote!(Class::Read),
        Class::Domain => quote!(Class::Domain),
        Class::Host => quote!(Class::Host),
    };
    let place = match row.place {
        Place::Loop => quote!(Place::Loop),
        Place::Names => quote!(Place::Names),
        Place::Worker => quote!(Place::Worker),
    };
    let descriptors = Literal::usize_unsuffixed(row.descriptors);
    let domain = match row.domain.map(Literal::usize_unsuffixed) {
        Some(at) => quote!(Some(#at)),
        None => quote!(None),
    };
    let function = format_ident!("{name}");
    let call = match row.module.map(|module| format_ident!("{module}")) {
        Some(module) => quote!(super::#module::#function),
        None => quote!(#function),
    };
    quote! {
        Method {
            name: #name,
            params: &[#(#params),*],
            class: #class,
            place: #place,
            long: #long,
            descriptors: #descriptors,
            domain: #domain,
            read_only: #read_only,
            call: #call,
        }
    }
}
