//! Results in memory that callers free as libxl documents it: by `free`, or by the type's `_list_free`.
//!
//! In: Rust values. Out: memory from `malloc`. Like libxl, it ends the process when there is no memory left.

use core::ffi::{CStr, c_char, c_int};
use std::process::abort;
use std::ptr::null_mut;

/// Room for `count` values, not initialised; null for none.
fn room<T>(count: usize) -> *mut T {
    let size = size_of::<T>().checked_mul(count).unwrap_or_else(|| abort());
    if size == 0 {
        return null_mut();
    }
    // SAFETY: malloc aligns for every type of C's.
    let first = unsafe { libc::malloc(size) }.cast::<T>();
    if first.is_null() {
        abort();
    }
    first
}

/// An array of the first `most` of `values`, and how many there were. No values, no array: null.
pub(crate) fn array_of<T>(most: usize, values: impl Iterator<Item = T>) -> (*mut T, c_int) {
    let first = room::<T>(most);
    let mut count = 0;
    for value in values.take(most) {
        // SAFETY: `count < most`, the size of the room.
        unsafe { first.add(count).write(value) };
        count += 1;
    }
    (first, c_int::try_from(count).unwrap_or(c_int::MAX))
}

/// An array of all `values`.
pub(crate) fn array<T>(values: impl IntoIterator<Item = T>) -> (*mut T, c_int) {
    let values: Vec<T> = values.into_iter().collect();
    array_of(values.len(), values.into_iter())
}

/// A copy of a string.
pub(crate) fn text(text: &CStr) -> *mut c_char {
    let bytes = text.to_bytes_with_nul();
    array_of(bytes.len(), bytes.iter().copied()).0.cast()
}

/// A string made up here, which has no NUL inside.
pub(crate) fn string(text: &str) -> *mut c_char {
    array_of(text.len() + 1, text.bytes().chain([0])).0.cast()
}

/// Writes a result to where the caller wants it; a caller that passes null does not want it.
///
/// # Safety
/// `to` is null or a place for one `T`.
pub(crate) unsafe fn give<T>(to: *mut T, value: T) {
    if !to.is_null() {
        // SAFETY: the caller's promise.
        unsafe { to.write(value) };
    }
}

/// Writes an array and its length to where the caller wants the length, and returns the array.
///
/// # Safety
/// As of [`give`].
pub(crate) unsafe fn give_array<T>(to: *mut c_int, (first, count): (*mut T, c_int)) -> *mut T {
    // SAFETY: the caller's promise.
    unsafe { give(to, count) };
    first
}
