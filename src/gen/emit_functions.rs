//! The table of libxl's functions, and stand-ins for those that the simulated host does not have.
//!
//! In: the model and the fates. Out: `Functions` with one typed pointer a function and `load`; the enumeration of error
//! codes; `unsimulated`. Functions that every type needs are plain pointers, so that freeing cannot fail; the rest may
//! be missing from an older build of the same release.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::model::{Function, Model, Type};
use super::plan::{Fate, Returned, is_ctx};

/// `functions.rs`: the table.
pub fn table(model: &Model, soname: &str) -> TokenStream {
    let exported = || model.functions.iter().filter(|function| !function.inline);
    let soname = std::ffi::CString::new(soname).expect("a file name has no NUL");
    let fields = exported().map(|function| {
        let (name, pointer) = (ident(function), pointer(function));
        if is_required(&function.name) { quote!(pub #name: #pointer) } else { quote!(pub #name: Option<#pointer>) }
    });
    let loads = exported().map(|function| {
        let (field, name) = (ident(function), &function.name);
        let symbol = std::ffi::CString::new(name.as_str()).expect("a C name has no NUL");
        if is_required(name) {
            quote!(#field: ::core::mem::transmute(required(&find, #symbol, #name)?))
        } else {
            quote!(#field: ::core::mem::transmute(find(#symbol)))
        }
    });
    let codes = error_names(model);
    quote! {
        /// The library that the headers of this build describe.
        pub const LIBXL_SONAME: &::core::ffi::CStr = #soname;

        /// One pointer for every function that the headers declare.
        #[derive(Clone, Copy)]
        pub struct Functions { #(#fields),* }

        impl Functions {
            /// Fills the table from `find`, which gives a symbol's address or null.
            ///
            /// # Safety
            /// Every address belongs to a function of the signature that the headers give that name.
            pub unsafe fn load(
                find: impl Fn(&::core::ffi::CStr) -> *mut ::core::ffi::c_void,
            ) -> Result<Self, &'static str> {
                // SAFETY: a nullable function pointer and a nullable pointer have the same form; the signatures are
                // the caller's promise, and `required` lets no null pass.
                unsafe { Ok(Self { #(#loads),* }) }
            }
        }

        fn required(
            find: &impl Fn(&::core::ffi::CStr) -> *mut ::core::ffi::c_void,
            symbol: &::core::ffi::CStr,
            name: &'static str,
        ) -> Result<*mut ::core::ffi::c_void, &'static str> {
            Some(find(symbol)).filter(|address| !address.is_null()).ok_or(name)
        }

        #codes
    }
}

/// Return codes with their names, by number.
fn error_names(model: &Model) -> TokenStream {
    let mut values: Vec<_> = model.enums.get("libxl_error").map(|codes| codes.values.clone()).unwrap_or_default();
    values.sort_by_key(|value| value.value);
    let rows = values.iter().map(|value| {
        let (code, name) = (i32::try_from(value.value).unwrap_or(0), value.name.to_uppercase());
        quote!((#code, #name))
    });
    let count = values.len();
    quote!(pub static LIBXL_ERROR_NAMES: [(i32, &str); #count] = [#(#rows),*];)
}

/// `unsimulated.rs`: every function that takes a context, as one that only fails, so that no function of the real
/// library ever sees the simulated host's context.
pub fn unsimulated(fates: &[(&Function, Fate<'_>)]) -> TokenStream {
    let facing: Vec<_> = fates
        .iter()
        .filter(|(function, _)| function.params.first().is_some_and(|(_, ty)| is_ctx(ty)))
        .filter(|(function, _)| !function.inline && !is_required(&function.name))
        .collect();
    let stubs = facing.iter().map(|(function, fate)| stub(function, fate));
    let fields = facing.iter().map(|(function, _)| {
        let name = ident(function);
        quote!(functions.#name = Some(#name))
    });
    quote! {
        #(#stubs)*

        /// Puts the stand-ins into the table.
        pub(super) fn overlay(functions: &mut Functions) { #(#fields;)* }
    }
}

/// `exports.rs`: the same functions and `libxl_ctx_alloc` under their own names, for a library that is loaded in front
/// of the real one. Each goes on to what `table` holds.
pub fn exports(fates: &[(&Function, Fate<'_>)]) -> TokenStream {
    let exported = fates.iter().map(|(function, _)| *function).filter(|function| {
        let faces_ctx = function.params.first().is_some_and(|(_, ty)| is_ctx(ty));
        !function.inline && !is_required(&function.name) && (faces_ctx || function.name == "libxl_ctx_alloc")
    });
    let functions = exported.map(|function| {
        let (name, types, output) = (ident(function), types(function), &function.signature.output);
        let params: Vec<_> = (0..types.len()).map(|at| format_ident!("arg{at}")).collect();
        quote! {
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn #name(#(#params: #types),*) #output {
                // SAFETY: the caller calls a function of this very signature.
                unsafe { table().#name.expect("simulated")(#(#params),*) }
            }
        }
    });
    quote!(#(#functions)*)
}

fn stub(function: &Function, fate: &Fate<'_>) -> TokenStream {
    let (name, types, output) = (ident(function), types(function), &function.signature.output);
    let params = types.iter().map(|ty| quote!(_: #ty));
    let truth = matches!(fate, Fate::Method(method) if matches!(method.returned, Returned::Truth));
    let value = match &function.returns {
        Type::Void => quote!(),
        Type::Pointer { constant: false, .. } => quote!(::core::ptr::null_mut()),
        Type::Pointer { constant: true, .. } => quote!(::core::ptr::null()),
        Type::Int(super::model::Int::I32) if !truth => quote!(ERROR_NI),
        Type::Int(super::model::Int::U32) => quote!(!0),
        _ => quote!(0),
    };
    quote!(unsafe extern "C" fn #name(#(#params),*) #output { #value })
}

/// Functions without which no value can be made or freed.
pub fn is_required(name: &str) -> bool {
    name.ends_with("_init") || name.contains("_init_") || name.ends_with("_dispose") || name.ends_with("_list_free")
}

fn ident(function: &Function) -> proc_macro2::Ident {
    format_ident!("{}", function.name)
}

fn types(function: &Function) -> Vec<&syn::Type> {
    let mut types = Vec::new();
    for input in &function.signature.inputs {
        if let syn::FnArg::Typed(typed) = input {
            types.push(&*typed.ty);
        }
    }
    types
}

fn pointer(function: &Function) -> TokenStream {
    let (types, output) = (types(function), &function.signature.output);
    quote!(unsafe extern "C" fn(#(#types),*) #output)
}
