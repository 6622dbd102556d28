//! Lists that are kept as they were written: one [`Record`] a type of `hints::KEPT_LISTS`, and room for its list.
//!
//! In: the model. Out: a piece of `encode.rs`. Which records are written alike is told by all fields that are written;
//! one with a field for which that cannot be told here cannot be kept.
//!
//! [`Record`]: ../api/kept.rs

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::emit_encode::{body_with_counter, written};
use super::hints::{KEPT_LISTS, SECRET_FIELDS};
use super::model::{Builtin, Field, Model, Shape, Struct, Type};
use super::plan::short;

/// What belongs behind the encoders. Types that this library does not have are passed over.
///
/// # Errors
/// A type whose lists cannot be kept.
pub fn emit(model: &Model) -> Result<TokenStream, String> {
    let known = |name: &str| model.structs.get(&format!("libxl_{name}"));
    let there = || KEPT_LISTS.iter().filter_map(|(name, counter)| Some((known(name)?, *counter)));
    let records: Result<Vec<_>, String> = there().map(|(of, counter)| record(model, of, counter)).collect();
    let (records, rooms) = (records?, there().map(|(of, _)| room(of)));
    Ok(quote! {
        #(#records)*

        /// Lists as they were written the last time.
        #[derive(Debug, Default)]
        pub struct KeptLists { #(#rooms)* }
    })
}

fn room(of: &Struct) -> TokenStream {
    let (name, ty) = (format_ident!("{}", short(&of.name)), format_ident!("{}", of.name));
    let doc = format!(" Of `{}`.", of.name);
    quote!(#[doc = #doc] pub #name: KeptList<#ty>,)
}

fn record(model: &Model, of: &Struct, counter: &str) -> Result<TokenStream, String> {
    let (name, ty) = (short(&of.name), format_ident!("{}", of.name));
    if SECRET_FIELDS.iter().any(|path| path.split('.').next() == Some(name)) {
        return Err(format!("{name}: its text is not the same for everybody"));
    }
    if !of.fields.iter().any(|field| field.name == counter && matches!(field.shape, Shape::Value(Type::Int(_)))) {
        return Err(format!("{name}: no number {counter}"));
    }
    let others = written(of, name).filter(|field| field.name != counter);
    let alike: Result<Vec<_>, String> = others.map(|field| alike(name, field)).collect();
    let (alike, body) = (alike?, body_with_counter(model, of, counter)?);
    let counter = format_ident!("{counter}");
    Ok(quote! {
        impl Record for #ty {
            fn is_alike(&self, other: &Self) -> bool {
                #(#alike)&&*
            }

            fn counter(&self) -> u64 {
                self.#counter.into()
            }

            unsafe fn encode(xl: &Xl, w: &mut Writer<'_>, v: &Self) -> usize {
                // SAFETY: as in the encoder of this type.
                unsafe { #body counter }
            }
        }
    })
}

/// Will this field be written alike?
fn alike(of: &str, field: &Field) -> Result<TokenStream, String> {
    let ident = format_ident!("{}", field.ident);
    match &field.shape {
        Shape::Value(Type::Bool | Type::Int(_) | Type::Enum(_)) => Ok(quote!(self.#ident == other.#ident)),
        Shape::Value(Type::Builtin(Builtin::Uuid)) => Ok(quote!(self.#ident.uuid == other.#ident.uuid)),
        Shape::Value(ty) if ty.is_string() => Ok(quote!(self.#ident.is_null() && other.#ident.is_null())),
        _ => Err(format!("{of}.{}: its lists cannot be kept", field.name)),
    }
}
