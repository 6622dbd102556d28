//! Results in memory that callers free as libxl documents it: by `free`, or by the type's `_list_free`.
//!
//! In: Rust values. Out: memory from `malloc`, and never from Rust's allocator: as far as that is concerned, a
//! simulated call takes what a real one does, which is nothing. Like libxl, it ends the process when there is no memory
//! left.

use core::ffi::{CStr, c_char, c_int};
use core::fmt;
use core::ops::Deref;
use std::process::abort;
use std::ptr::null_mut;

/// Room for `count` values, not initialised; null for none.
fn room<T>(count: usize) -> *mut T {
    // SAFETY: there is nothing yet.
    unsafe { resized(null_mut(), count) }
}

/// The same values with room for `count`, more than there were. No values need no memory: null stays null.
///
/// # Safety
/// `first` is null or from here, and is not used again.
unsafe fn resized<T>(first: *mut T, count: usize) -> *mut T {
    let size = size_of::<T>().checked_mul(count).unwrap_or_else(|| abort());
    if size == 0 {
        return first;
    }
    // SAFETY: the caller's promise; malloc aligns for every type of C's.
    let first = unsafe { libc::realloc(first.cast(), size) }.cast::<T>();
    if first.is_null() {
        abort();
    }
    first
}

/// Values whose number is not known before: a vector in C's memory. C structs, which nobody drops.
#[derive(Debug)]
pub(crate) struct List<T> {
    first: *mut T,
    count: usize,
    room: usize,
}

impl<T> List<T> {
    /// The array, for the caller to free, and its length. No values, no array: null.
    pub(crate) fn into_array(self) -> (*mut T, c_int) {
        let list = core::mem::ManuallyDrop::new(self);
        (list.first, c_int::try_from(list.count).unwrap_or(c_int::MAX))
    }

    fn push(&mut self, value: T) {
        if self.count == self.room {
            self.room = (self.room * 2).max(4);
            // SAFETY: the list's own memory.
            self.first = unsafe { resized(self.first, self.room) };
        }
        // SAFETY: there is room behind the last.
        unsafe { self.first.add(self.count).write(value) };
        self.count += 1;
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { first: null_mut(), count: 0, room: 0 }
    }
}

impl<T> Drop for List<T> {
    fn drop(&mut self) {
        // SAFETY: null, or from malloc and nobody else's.
        unsafe { libc::free(self.first.cast()) };
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        if self.first.is_null() {
            return &[];
        }
        // SAFETY: as many values were written.
        unsafe { core::slice::from_raw_parts(self.first, self.count) }
    }
}

impl<T> Extend<T> for List<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.push(value));
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut list = Self::default();
        list.extend(values);
        list
    }
}

impl fmt::Write for List<u8> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.extend(text.bytes());
        Ok(())
    }
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
    values.into_iter().collect::<List<T>>().into_array()
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

/// Formatted text as a C string. None of what is formatted has a NUL inside.
pub(crate) fn formatted(text: fmt::Arguments<'_>) -> List<u8> {
    let mut bytes = List::default();
    // A list takes everything.
    let _ = fmt::write(&mut bytes, text);
    bytes.push(0);
    bytes
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
