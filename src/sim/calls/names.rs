//! Names of domains, both ways.
//!
//! In: a number or a name. Out: the other one, found as libxl does it: numbers in xenstore, names by asking everybody.

use core::ffi::{CStr, c_char, c_int};
use core::ptr::null_mut;

use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::xl::sys::{ERROR_INVAL, libxl_ctx};

/// As libxl's own: null for a domain that xenstore does not know (any more).
pub(crate) unsafe extern "C" fn libxl_domid_to_name(ctx: *mut libxl_ctx, domid: u32) -> *mut c_char {
    // SAFETY: a context of ours.
    let name = unsafe { Context::of(ctx) }.world().name(domid);
    name.map_or(null_mut(), |name| memory::text(name.as_c_str()))
}

/// As libxl's own: an unknown name is an invalid argument.
pub(crate) unsafe extern "C" fn libxl_name_to_domid(
    ctx: *mut libxl_ctx,
    name: *const c_char,
    domid: *mut u32,
) -> c_int {
    // SAFETY: a context of ours, and a string of the caller's.
    let (world, name) = unsafe { (Context::of(ctx).world(), CStr::from_ptr(name)) };
    match world.names().find(|(_, theirs)| theirs.as_c_str() == name) {
        Some((number, _)) => {
            // SAFETY: the caller gives a place for it.
            unsafe { memory::give(domid, number) };
            0
        }
        None => ERROR_INVAL,
    }
}

/// As libxl's own: digits are taken as a number, whether there is such a domain or not.
pub(crate) unsafe extern "C" fn libxl_domain_qualifier_to_domid(
    ctx: *mut libxl_ctx,
    qualifier: *const c_char,
    domid: *mut u32,
) -> c_int {
    // SAFETY: a string of the caller's, which gives a place for the result.
    unsafe {
        match number(CStr::from_ptr(qualifier)) {
            Some(number) => memory::give(domid, number),
            None => return libxl_name_to_domid(ctx, qualifier, domid),
        }
    }
    0
}

/// A string of digits as C's `strtoul` reads it into an `uint32_t`, or `None` for any other string.
pub(crate) fn number(text: &CStr) -> Option<u32> {
    let digits = text.to_bytes();
    let step = |value: Option<u64>, digit: &u8| value?.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
    let value = || digits.iter().fold(Some(0), step).unwrap_or(u64::MAX);
    let [a, b, c, d, ..] = digits.iter().all(u8::is_ascii_digit).then(value)?.to_le_bytes();
    Some(u32::from_le_bytes([a, b, c, d]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_strtoul_does() {
        assert_eq!(number(c"17"), Some(17));
        assert_eq!(number(c"4294967297"), Some(1), "cut to 32 bits");
        assert_eq!(number(c"99999999999999999999"), Some(u32::MAX), "ULONG_MAX, cut");
        assert_eq!(number(c""), Some(0), "no digit is a number to libxl");
        assert_eq!(number(c"web-1"), None);
        assert_eq!(number(c"-1"), None);
    }
}
