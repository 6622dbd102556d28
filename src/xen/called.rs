//! The two functions for names, by libxl's contract, from what is known; and the same for whoever has a list of
//! domains.
//!
//! In: what libxl's own get. Out: what libxl's own give, or the sign of failure that they have: then nothing is said,
//! for whoever calls these asks libxl's own next, elsewhere. They never ask xenstored: nothing here waits. A name that
//! is known belongs to a uuid, so the hypervisor is asked which domain has the number now.

use core::ffi::{CStr, c_char, c_int};
use std::cell::RefCell;
use std::ptr::null_mut;

use super::node::Uuid;
use super::store::KnownNames;
use crate::xl::Owned;
use crate::xl::sys::{ERROR_INVAL, Functions, libxl_ctx, libxl_dominfo};

thread_local! {
    /// A context of libxl's never leaves its thread, so its functions do not either.
    static KNOWING: RefCell<Option<Knowing>> = const { RefCell::new(None) };
}

#[derive(Debug)]
struct Knowing {
    names: KnownNames,
    /// The functions as they were.
    functions: Functions,
}

impl KnownNames {
    /// Puts the functions that know into the table: it is for use in this thread.
    pub fn overlay(self) -> impl FnOnce(&mut Functions) {
        move |functions: &mut Functions| {
            KNOWING.set(Some(Knowing { names: self, functions: *functions }));
            functions.libxl_domid_to_name = Some(domid_to_name);
            functions.libxl_name_to_domid = Some(name_to_domid);
        }
    }
}

/// What xenstore calls the domain of this number and uuid, or that this has no name, if either is known in this thread
/// at this moment. It asks nobody, and takes no longer for many domains than for few.
pub fn known_name<T>(domid: u32, uuid: &Uuid, take: impl FnOnce(Option<&CStr>) -> T) -> Option<T> {
    knowing(|knowing| knowing.names.with_name(domid, uuid, take))
}

/// Why there is no connection that names could come by, if names are known in this thread at other times.
pub fn reason_for_no_names<T>(take: impl FnOnce(&str) -> T) -> Option<T> {
    knowing(|knowing| knowing.names.with_reason(take))
}

fn knowing<T>(look: impl FnOnce(&Knowing) -> Option<T>) -> Option<T> {
    KNOWING.with_borrow(|knowing| look(knowing.as_ref()?))
}

impl Knowing {
    /// Which domain has this number now, by the hypervisor.
    fn uuid(&self, ctx: *mut libxl_ctx, domid: u32) -> Option<Uuid> {
        let domain_info = self.functions.libxl_domain_info?;
        let mut info = Owned::<libxl_dominfo>::new(&self.functions);
        // SAFETY: the context is the caller's, of this table's library, and `info` is initialised.
        let code = unsafe { domain_info(ctx, info.as_mut_ptr(), domid) };
        (code == 0).then_some(info.uuid.uuid)
    }
}

/// As libxl's own. What it gives is the caller's to free.
unsafe extern "C" fn domid_to_name(ctx: *mut libxl_ctx, domid: u32) -> *mut c_char {
    // SAFETY: a C string.
    let copy = |name: Option<&CStr>| name.map_or(null_mut(), |name| unsafe { libc::strdup(name.as_ptr()) });
    knowing(|knowing| knowing.names.with_name(domid, &knowing.uuid(ctx, domid)?, copy)).unwrap_or(null_mut())
}

/// As libxl's own: of several domains of that name, the one with the lowest number.
unsafe extern "C" fn name_to_domid(ctx: *mut libxl_ctx, name: *const c_char, domid: *mut u32) -> c_int {
    // SAFETY: the caller gives a C string.
    let name = unsafe { CStr::from_ptr(name) };
    let found = knowing(|knowing| {
        let (domid, uuid) = knowing.names.domain(name)?;
        (knowing.uuid(ctx, domid)? == uuid).then_some(domid)
    });
    match found {
        Some(found) => {
            // SAFETY: the caller gives a place for it.
            unsafe { domid.write(found) };
            0
        }
        None => ERROR_INVAL,
    }
}
