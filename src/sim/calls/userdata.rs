//! What toolstacks keep with a domain.
//!
//! In: bytes under a name. Out: the same bytes, as long as the domain is there. libxl keeps them in files of the host;
//! here they are part of the simulated host, so their length and number have a bound.

use core::ffi::{CStr, c_char, c_int};
use core::ptr::null_mut;

use super::change::{changes, slice_of, str_of};
use super::store::report_unlocked;
use crate::sim::ao::{Outcome, code};
use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::Held;
use crate::xl::sys::{ERROR_FAIL, ERROR_INVAL, ERROR_LOCK_FAIL, libxl_ctx};

/// The name under which libxl itself keeps the configuration that a domain was created from.
pub(super) const CONFIGURATION: &str = "libxl-json";

changes! {
    /// As libxl's own: nothing at all takes the name away.
    libxl_userdata_store(domid: u32, id: *const c_char, data: *const u8, length: c_int) => store;
    /// As libxl's own: what is not there is gone already.
    libxl_userdata_unlink(domid: u32, id: *const c_char) => unlink;
}

/// The lock, if there is such a domain.
fn lock(context: &Context, domid: u32) -> Result<Held<'static>, c_int> {
    let held = context.lock()?;
    if context.world().head(domid).is_some() {
        return Ok(held);
    }
    report_unlocked(context, domid);
    Err(ERROR_LOCK_FAIL)
}

/// # Safety
/// A string, and as many bytes as the length says.
unsafe fn store(context: &Context, domid: u32, id: *const c_char, data: *const u8, length: c_int) -> Outcome {
    let held = lock(context, domid)?;
    // SAFETY: the caller's promise; the bytes are only read.
    let (name, data) = unsafe { (str_of(id).ok_or(ERROR_INVAL)?, &*slice_of(data.cast_mut(), length)) };
    if data.is_empty() {
        context.world().unlink_userdata(&held, domid, name);
        return Ok(());
    }
    context.world().store_userdata(&held, domid, name, data).map_err(|_| {
        let reason = format_args!("cannot write {name}: the simulated host has no room for it");
        context.report().because(libc::ENOSPC).say("libxl__userdata_store", reason);
        ERROR_FAIL
    })
}

/// # Safety
/// A string.
unsafe fn unlink(context: &Context, domid: u32, id: *const c_char) -> Outcome {
    let held = lock(context, domid)?;
    // SAFETY: the caller's promise.
    let name = unsafe { str_of(id) }.ok_or(ERROR_INVAL)?;
    context.world().unlink_userdata(&held, domid, name);
    Ok(())
}

/// As libxl's own: what is not there is no failure, and no bytes.
pub(crate) unsafe extern "C" fn libxl_userdata_retrieve(
    ctx: *mut libxl_ctx,
    domid: u32,
    id: *const c_char,
    data: *mut *mut u8,
    length: *mut c_int,
) -> c_int {
    // SAFETY: a context of ours, and a string.
    let (context, name) = unsafe { (Context::of(ctx), CStr::from_ptr(id)) };
    let stored = lock(context, domid).map(|held| {
        let name = name.to_str().unwrap_or_default();
        context.world().userdata(&held, domid, name).unwrap_or_default()
    });
    let (bytes, count) = match &stored {
        Ok(bytes) => memory::array(bytes.iter().copied()),
        Err(_) => (null_mut(), 0),
    };
    // SAFETY: the caller gives places for both, or null for what it does not want.
    unsafe {
        if data.is_null() {
            libc::free(bytes.cast());
        }
        memory::give(data, bytes);
        memory::give(length, count);
    }
    code(stored.map(drop))
}
