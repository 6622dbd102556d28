//! The three functions, by libxl's contract.
//!
//! In: what libxl's own get. Out: what libxl's own give. One difference stays between these three: the array of a list
//! is kept here, and is used again once it has been freed. A second list, while one is not freed yet, is libxl's; so is
//! whatever the hypervisor did not answer.

use core::ffi::c_int;
use std::cell::RefCell;
use std::io;
use std::ptr::null_mut;

use super::domains::Domains;
use crate::xl::sys::{ERROR_DOMAIN_NOTFOUND, ERROR_NI, Functions, libxl_ctx, libxl_dominfo};

thread_local! {
    /// What the functions work with. A context of libxl's never leaves its thread, so its functions do not either.
    static BELOW: RefCell<Option<Below>> = const { RefCell::new(None) };
}

#[derive(Debug)]
struct Below {
    domains: Domains,
    list: Vec<libxl_dominfo>,
    /// The list is with a caller who will free it.
    lent: bool,
    /// The functions as they were.
    libxl: Functions,
}

impl Domains {
    /// Puts the functions that ask the hypervisor into the table: it is for use in this thread.
    pub fn overlay(self) -> impl FnOnce(&mut Functions) {
        move |functions: &mut Functions| {
            BELOW.set(Some(Below { domains: self, list: Vec::new(), lent: false, libxl: *functions }));
            functions.libxl_list_domain = Some(list_domain);
            functions.libxl_domain_info = Some(domain_info);
            functions.libxl_dominfo_list_free = dominfo_list_free;
        }
    }
}

/// Has a look below libxl; nothing when that is not possible here and now.
fn below<T>(look: impl FnOnce(&mut Below) -> io::Result<T>) -> Option<T> {
    BELOW.with_borrow_mut(|below| below.as_mut().and_then(|below| look(below).ok()))
}

/// libxl's table, as it was.
fn libxl<T>(function: impl FnOnce(&Functions) -> Option<T>) -> Option<T> {
    BELOW.with_borrow(|below| below.as_ref().and_then(|below| function(&below.libxl)))
}

/// As libxl's own.
unsafe extern "C" fn list_domain(ctx: *mut libxl_ctx, count: *mut c_int) -> *mut libxl_dominfo {
    let listed = below(|below| {
        if below.lent {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        below.domains.list(&mut below.list)?;
        let length = c_int::try_from(below.list.len()).map_err(io::Error::other)?;
        below.lent = true;
        Ok((below.list.as_mut_ptr(), length))
    });
    match (listed, libxl(|functions| functions.libxl_list_domain)) {
        (Some((first, length)), _) => {
            // SAFETY: the caller gives a place for the count.
            unsafe { count.write(length) };
            first
        }
        // SAFETY: the caller calls this very function.
        (None, Some(list_domain)) => unsafe { list_domain(ctx, count) },
        (None, None) => null_mut(),
    }
}

/// As libxl's own.
unsafe extern "C" fn domain_info(ctx: *mut libxl_ctx, info: *mut libxl_dominfo, domid: u32) -> c_int {
    match (below(|below| below.domains.find(domid)), libxl(|functions| functions.libxl_domain_info)) {
        (Some(Some(mut found)), _) if info.is_null() => {
            free_label(&mut found);
            0
        }
        (Some(Some(found)), _) => {
            // SAFETY: the caller gives a place for one, and what is in it is overwritten by libxl, too.
            unsafe { info.write(found) };
            0
        }
        (Some(None), _) => ERROR_DOMAIN_NOTFOUND,
        // SAFETY: the caller calls this very function.
        (None, Some(domain_info)) => unsafe { domain_info(ctx, info, domid) },
        (None, None) => ERROR_NI,
    }
}

/// As libxl's own, for the lists of both.
unsafe extern "C" fn dominfo_list_free(list: *mut libxl_dominfo, count: c_int) {
    let is_ours = below(|below| {
        let is_ours = below.lent && list == below.list.as_mut_ptr();
        if is_ours {
            if below.domains.have_labels() {
                below.list.iter_mut().for_each(free_label);
            }
            below.lent = false;
        }
        Ok(is_ours)
    });
    if is_ours != Some(true)
        && let Some(free) = libxl(|functions| Some(functions.libxl_dominfo_list_free))
    {
        // SAFETY: the caller's promise to this very function.
        unsafe { free(list, count) };
    }
}

/// A label is the only memory that one of ours has.
fn free_label(info: &mut libxl_dominfo) {
    let label = std::mem::replace(&mut info.ssid_label, null_mut());
    if !label.is_null() {
        // SAFETY: from `strdup`, and nobody else's.
        unsafe { libc::free(label.cast()) };
    }
}
