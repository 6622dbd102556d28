//! Names of domains and of cpupools, both ways.
//!
//! In: a number or a name. Out: the other one, found as libxl does: numbers in xenstore, names by asking everybody.

use core::ffi::{CStr, c_char, c_int};

use super::ctx::Context;
use super::memory;
use super::record::Name;
use super::world::World;
use crate::xl::sys::{ERROR_INVAL, libxl_ctx};

/// As libxl's own: null for a domain that xenstore does not know (any more).
pub(super) unsafe extern "C" fn libxl_domid_to_name(ctx: *mut libxl_ctx, domid: u32) -> *mut c_char {
    // SAFETY: a context of ours.
    match name(unsafe { Context::of(ctx) }.world(), domid) {
        Some(name) => memory::text(name.as_c_str()),
        None => core::ptr::null_mut(),
    }
}

/// As libxl's own: an unknown name is an invalid argument.
pub(super) unsafe extern "C" fn libxl_name_to_domid(
    ctx: *mut libxl_ctx,
    name: *const c_char,
    domid: *mut u32,
) -> c_int {
    // SAFETY: a context of ours, and a string of the caller's.
    let (world, name) = unsafe { (Context::of(ctx).world(), CStr::from_ptr(name)) };
    match by_name(world, name) {
        // SAFETY: the caller gives a place for it.
        Some(found) => unsafe { memory::give(domid, found) },
        None => return ERROR_INVAL,
    }
    0
}

fn name(world: &World, domid: u32) -> Option<Name> {
    // SAFETY: a place inside the record.
    let name = world.domain(domid)?.read(|record| unsafe { &raw mut (*record).name });
    Some(name).filter(|name| !name.as_c_str().is_empty())
}

fn by_name(world: &World, wanted: &CStr) -> Option<u32> {
    let named = |record: &super::record::Domain| record.name.as_c_str() == wanted && !wanted.is_empty();
    world.domains().map(super::latch::Latched::get).find(named).map(|record| record.head.domid)
}
