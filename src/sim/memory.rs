//! Results in memory that callers free as libxl documents it: by `free`, or by the type's `_list_free`.
//!
//! In: Rust values. Out: memory from `malloc`. Like libxl, it ends the process when there is no memory left.

use core::ffi::{CStr, c_char};
use std::process::abort;

/// An array of what `values` yields, at most `count`, and how many there were. No values, no array: null.
pub(super) fn array<T>(count: usize, values: impl Iterator<Item = T>) -> (*mut T, usize) {
    let size = size_of::<T>().checked_mul(count).unwrap_or_else(|| abort());
    if size == 0 {
        return (core::ptr::null_mut(), 0);
    }
    // SAFETY: malloc aligns for every C type; null ends the process.
    let first = unsafe { libc::malloc(size) }.cast::<T>();
    if first.is_null() {
        abort();
    }
    let mut written = 0;
    for value in values.take(count) {
        // SAFETY: `written < count`, the size of the array.
        unsafe { first.add(written).write(value) };
        written += 1;
    }
    (first, written)
}

/// A copy of a string.
pub(super) fn text(text: &CStr) -> *mut c_char {
    // SAFETY: a NUL-terminated string.
    let copy = unsafe { libc::strdup(text.as_ptr()) };
    if copy.is_null() {
        abort();
    }
    copy
}

/// Writes a result to where the caller wants it; a caller that passes null does not want it.
///
/// # Safety
/// `to` is null or a place for one `T`.
pub(super) unsafe fn give<T>(to: *mut T, value: T) {
    if !to.is_null() {
        // SAFETY: the caller's promise.
        unsafe { to.write(value) };
    }
}
