//! The two functions for names, by libxl's contract, from what is known.
//!
//! In: what libxl's own get. Out: what libxl's own give, or the sign of failure that they have: then nothing is said,
//! for whoever calls these asks libxl's own next, elsewhere. They never ask xenstored: nothing here waits.

use core::ffi::{CStr, c_char, c_int};
use std::cell::RefCell;
use std::ptr::null_mut;

use super::store::KnownNames;
use crate::xl::sys::{ERROR_INVAL, Functions, libxl_ctx};

thread_local! {
    /// A context of libxl's never leaves its thread, so its functions do not either.
    static NAMES: RefCell<KnownNames> = RefCell::default();
}

impl KnownNames {
    /// Puts the functions that know into the table: it is for use in this thread.
    pub fn overlay(self) -> impl FnOnce(&mut Functions) {
        move |functions: &mut Functions| {
            NAMES.set(self);
            functions.libxl_domid_to_name = Some(domid_to_name);
            functions.libxl_name_to_domid = Some(name_to_domid);
        }
    }
}

/// Hands what is known of a domain's name to `take`, in the thread of the loop.
pub(crate) fn with_known_name<T>(domid: u32, take: impl FnOnce(Option<&CStr>) -> T) -> T {
    NAMES.with_borrow(|names| names.with_any_name(domid, take))
}

/// As libxl's own. What it gives is the caller's to free.
unsafe extern "C" fn domid_to_name(_: *mut libxl_ctx, domid: u32) -> *mut c_char {
    // SAFETY: a C string.
    let copy = |name: &CStr| unsafe { libc::strdup(name.as_ptr()) };
    NAMES.with_borrow(|names| names.with_name(domid, copy)).unwrap_or(null_mut())
}

/// As libxl's own: of several domains of that name, the one with the lowest number.
unsafe extern "C" fn name_to_domid(_: *mut libxl_ctx, name: *const c_char, domid: *mut u32) -> c_int {
    // SAFETY: the caller gives a C string.
    let name = unsafe { CStr::from_ptr(name) };
    match NAMES.with_borrow(|names| names.domid(name)) {
        Some(found) => {
            // SAFETY: the caller gives a place for it.
            unsafe { domid.write(found) };
            0
        }
        None => ERROR_INVAL,
    }
}
