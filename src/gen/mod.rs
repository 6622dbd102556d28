//! The generator: libxl's headers, as bindgen reads them, become types, encoders, decoders and methods.
//!
//! In: bindgen's output and the library's soname. Out: Rust text for the build's output directory (see [`Output`]). It
//! is compiled into `build.rs` and into tests, never into the daemon, and uses nothing of the daemon but its `hash`.
//!
//! [`headers`] says what bindgen reads, `read` makes a [`model`] of the bindings, `plan`, `args` and `select` decide
//! about each function, its parameters and its result with the help of [`hints`] and [`facts`], and each `emit_…`
//! writes one file or one part of it. No emitter reads headers; no policy is anywhere but in those five. All of it is
//! true of every release from 4.14 on: what differs between releases follows from their headers (tests/releases.rs).
#![allow(unreachable_pub, reason = "it is compiled into build.rs and into tests, where nothing is public")]

pub mod facts;
pub mod headers;
pub mod hints;
pub mod model;

mod args;
mod by_name;
mod emit_call;
mod emit_decode;
mod emit_encode;
mod emit_functions;
mod emit_input;
mod emit_kept;
mod emit_methods;
mod emit_oracle;
mod emit_result;
#[path = "../api/hash.rs"]
mod hash;
mod plan;
mod read;
mod select;
mod surface;
mod table;
mod wire;

use hints::{Hint, Hints};
use proc_macro2::TokenStream;

/// The generated files, by their names in the output directory.
#[derive(Debug)]
pub struct Output {
    /// `types.rs`: the bindings without their functions.
    pub types: String,
    /// `functions.rs`: the table of functions.
    pub functions: String,
    /// `encode.rs`: C values as JSON.
    pub encode: String,
    /// `decode.rs`: JSON as C values.
    pub decode: String,
    /// `methods.rs`: the method table.
    pub methods: String,
    /// `unsimulated.rs`: stand-ins for what the simulated host does not have.
    pub unsimulated: String,
    /// `oracle.rs`: what tests need to hold every type against libxl's own JSON.
    pub oracle: String,
    /// `exports.rs`: the simulated functions under libxl's names.
    pub exports: String,
    /// `surface.txt`: what became of every function.
    pub surface: String,
    /// `wire.txt`: methods, types and values, to be compared with another release's.
    pub wire: String,
}

/// Generates everything.
///
/// # Errors
/// A construct that no rule covers, or a hint that nothing uses.
pub fn run(bindings: &str, soname: &str, facts: &'static [Hint]) -> Result<Output, String> {
    let mut file = syn::parse_file(bindings).map_err(|error| format!("bindgen's output: {error}"))?;
    let mut model = read::model(&file)?;
    model.rename_parameters(facts::RENAMED_PARAMETERS);
    let mut hints = Hints::new(facts);
    let fates = plan::fates(&model, &mut hints)?;
    file.items.retain(|item| !matches!(item, syn::Item::ForeignMod(_)));
    Ok(Output {
        types: print(file)?,
        functions: print(emit_functions::table(&model, soname))?,
        encode: print([emit_encode::emit(&model)?, emit_kept::emit(&model)?].into_iter().collect::<TokenStream>())?,
        decode: print(emit_decode::emit(&model)?)?,
        methods: print(emit_methods::emit(&model, &fates))?,
        unsimulated: print(emit_functions::unsimulated(&fates))?,
        oracle: print(emit_oracle::emit(&model)?)?,
        exports: print(emit_functions::exports(&fates))?,
        surface: surface::text(&fates),
        wire: wire::text(&model, &fates),
    })
}

/// Text that people can read.
fn print(code: impl quote::ToTokens) -> Result<String, String> {
    let code: TokenStream = code.into_token_stream();
    let file = syn::parse2(code).map_err(|error| format!("what the generator made is no Rust: {error}"))?;
    Ok(prettyplease::unparse(&file))
}
