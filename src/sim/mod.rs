//! A simulated host behind libxl's own C interface.
//!
//! In: how many domains, and a seed. Out: functions to lay over libxl's in the table, so that everything above runs as
//! it does on Xen. What only handles types (`_init`, `_dispose`, `_to_json`, `_list_free`) stays the real library's, so
//! results are allocated as libxl does it. A function that is not simulated answers `ERROR_NI`: no function of the
//! real library that asks its context for anything ever sees a simulated one.
#![allow(unsafe_code, reason = "it implements a C interface")]

mod clock;
mod ctx;
mod domains;
mod host;
mod latch;
mod lock;
mod memory;
mod names;
mod random;
mod record;
mod world;

use std::io;
use std::sync::OnceLock;

use crate::xl::sys::Functions;
use world::World;

/// The host of this process.
static WORLD: OnceLock<World> = OnceLock::new();

/// Stand-ins for every function that takes a context: they only fail. Made by `gen::emit_functions`.
#[allow(non_snake_case, clippy::all, reason = "names and forms are the headers'")]
mod unsimulated {
    use crate::xl::sys::*;

    include!(concat!(env!("OUT_DIR"), "/unsimulated.rs"));
}

/// Makes up a host with this many domains, Domain-0 included. The first call counts.
///
/// # Errors
/// No memory for it.
pub fn start(domains: u32, seed: u64) -> io::Result<()> {
    let world = host::make_up(seed, domains)?;
    WORLD.get_or_init(|| world);
    Ok(())
}

/// Puts the simulated functions into the table. [`start`] comes first.
pub fn overlay(functions: &mut Functions) {
    unsimulated::overlay(functions);
    functions.libxl_ctx_alloc = Some(ctx::libxl_ctx_alloc);
    functions.libxl_ctx_free = Some(ctx::libxl_ctx_free);
    functions.libxl_list_domain = Some(domains::libxl_list_domain);
    functions.libxl_domain_info = Some(domains::libxl_domain_info);
    functions.libxl_domid_to_name = Some(names::libxl_domid_to_name);
    functions.libxl_name_to_domid = Some(names::libxl_name_to_domid);
}
