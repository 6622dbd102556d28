//! Who frees what libxl hands out.
//!
//! In: memory that libxl filled or allocated. Out: three owners, each of which frees in libxl's way when dropped:
//! [`Owned`] a struct in our memory with libxl's memory inside, [`List`] an array with its `_list_free`, [`Text`] and
//! [`Bytes`] for `free`. Structs built in a request's arena are none of these and are never disposed.

use core::ffi::{CStr, c_char, c_int, c_uint};
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};

use super::sys::{Functions, libxl_ctx};

/// A libxl type with `_init` and `_dispose`; implemented by generated code.
pub trait Managed: Sized {
    /// Calls `libxl_T_init`, or clears the memory of a type that has none.
    ///
    /// # Safety
    /// `value` points to memory for one `Self`.
    unsafe fn init(functions: &Functions, value: *mut Self);

    /// Calls `libxl_T_dispose`, or nothing for a type that has none.
    ///
    /// # Safety
    /// `value` was initialised, and what it points to belongs to libxl's allocator.
    unsafe fn dispose(functions: &Functions, value: *mut Self);
}

/// A struct that was initialised and will be disposed.
pub struct Owned<'f, T: Managed> {
    functions: &'f Functions,
    value: MaybeUninit<T>,
}

impl<'f, T: Managed> Owned<'f, T> {
    /// An initialised, empty value.
    pub fn new(functions: &'f Functions) -> Self {
        let mut value = MaybeUninit::zeroed();
        // SAFETY: memory for one T, which libxl's initialiser fills.
        unsafe { T::init(functions, value.as_mut_ptr()) };
        Self { functions, value }
    }

    /// A copy of `from`, all of whose memory is libxl's: it may change, keep or free it.
    ///
    /// # Safety
    /// `copy` is `libxl_T_copy`, which reads a valid `from`.
    pub unsafe fn copied(
        functions: &'f Functions,
        ctx: *mut libxl_ctx,
        copy: unsafe extern "C" fn(*mut libxl_ctx, *mut T, *const T),
        from: *const T,
    ) -> Self {
        let mut value = Self::new(functions);
        // SAFETY: the caller's promise; the copy goes into an initialised, empty value.
        unsafe { copy(ctx, value.as_mut_ptr(), from) };
        value
    }

    /// For libxl to fill.
    pub fn as_mut_ptr(&mut self) -> *mut T {
        self.value.as_mut_ptr()
    }
}

impl<T: Managed> Deref for Owned<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: initialised since `new`; C structs of integers and pointers are valid in any state libxl leaves.
        unsafe { self.value.assume_init_ref() }
    }
}

impl<T: Managed> Drop for Owned<'_, T> {
    fn drop(&mut self) {
        // SAFETY: initialised, and filled by nobody but libxl.
        unsafe { T::dispose(self.functions, self.value.as_mut_ptr()) };
    }
}

impl<T: Managed> std::fmt::Debug for Owned<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Owned<{}>", std::any::type_name::<T>())
    }
}

/// An array that libxl allocated.
pub struct List<'f, T> {
    first: *mut T,
    count: usize,
    free: Free<'f, T>,
}

/// How an array is freed.
#[derive(Debug)]
pub enum Free<'f, T> {
    /// By the function for it.
    Signed(unsafe extern "C" fn(*mut T, c_int)),
    /// By the function for it, where that counts in unsigned numbers.
    Unsigned(unsafe extern "C" fn(*mut T, c_uint)),
    /// Each element by its own, then the array: libxl has no function for it.
    ByElement(&'f Functions, unsafe fn(&Functions, *mut T)),
}

impl<T> From<unsafe extern "C" fn(*mut T, c_int)> for Free<'_, T> {
    fn from(free: unsafe extern "C" fn(*mut T, c_int)) -> Self {
        Self::Signed(free)
    }
}

impl<T> From<unsafe extern "C" fn(*mut T, c_uint)> for Free<'_, T> {
    fn from(free: unsafe extern "C" fn(*mut T, c_uint)) -> Self {
        Self::Unsigned(free)
    }
}

impl<'f, T> List<'f, T> {
    /// Takes an array over. A null array is an empty one; a negative count is 0.
    ///
    /// # Safety
    /// `first` is null or points to `count` initialised elements that `free` may free; the count fits the function's.
    pub unsafe fn new(first: *mut T, count: impl TryInto<usize>, free: impl Into<Free<'f, T>>) -> Self {
        Self { first, count: count.try_into().unwrap_or(0), free: free.into() }
    }

    /// Takes over an array for which libxl has no `_list_free`.
    ///
    /// # Safety
    /// `first` is null or points to `count` initialised elements, in memory from malloc.
    pub unsafe fn by_element(first: *mut T, count: impl TryInto<usize>, functions: &'f Functions) -> Self
    where
        T: Managed,
    {
        Self { first, count: count.try_into().unwrap_or(0), free: Free::ByElement(functions, T::dispose) }
    }
}

impl<T> Deref for List<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        if self.first.is_null() {
            return &[];
        }
        // SAFETY: `new`'s condition; the elements live until `drop`.
        unsafe { std::slice::from_raw_parts(self.first, self.count) }
    }
}

impl<T> DerefMut for List<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        if self.first.is_null() {
            return &mut [];
        }
        // SAFETY: as in `deref`, and nothing else borrows them.
        unsafe { std::slice::from_raw_parts_mut(self.first, self.count) }
    }
}

impl<T> Drop for List<'_, T> {
    fn drop(&mut self) {
        if self.first.is_null() {
            return;
        }
        // SAFETY: `new`'s condition, or `by_element`'s; nothing borrows the elements any more.
        unsafe {
            match self.free {
                Free::Signed(free) => free(self.first, c_int::try_from(self.count).unwrap_or(c_int::MAX)),
                Free::Unsigned(free) => free(self.first, c_uint::try_from(self.count).unwrap_or(c_uint::MAX)),
                Free::ByElement(functions, dispose) => {
                    (0..self.count).for_each(|at| dispose(functions, self.first.add(at)));
                    libc::free(self.first.cast());
                }
            }
        }
    }
}

impl<T> std::fmt::Debug for List<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "List of {} {}", self.count, std::any::type_name::<T>())
    }
}

/// A string that libxl allocated and the caller frees; possibly null.
#[derive(Debug)]
pub struct Text(*mut c_char);

impl Text {
    /// Takes a string over.
    ///
    /// # Safety
    /// `text` is null or a NUL-terminated string from malloc that belongs to the caller.
    pub unsafe fn new(text: *mut c_char) -> Self {
        Self(text)
    }

    /// The string, for as long as `self` lives.
    pub fn as_ptr(&self) -> *const c_char {
        self.0
    }

    /// There is none.
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// The string without its NUL, if there is one.
    pub fn to_bytes(&self) -> Option<&[u8]> {
        // SAFETY: `new`'s condition; it lives as long as `self`, and nobody changes it.
        (!self.is_null()).then(|| unsafe { CStr::from_ptr(self.0) }.to_bytes())
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        // SAFETY: null or from malloc, and ours.
        unsafe { libc::free(self.0.cast()) };
    }
}

/// Bytes that libxl allocated and the caller frees; possibly none.
#[derive(Debug)]
pub struct Bytes {
    first: *mut u8,
    count: usize,
}

impl Bytes {
    /// Takes bytes over. A null pointer is none of them; so is a negative count.
    ///
    /// # Safety
    /// `first` is null or points to `count` bytes from malloc that belong to the caller.
    pub unsafe fn new(first: *mut u8, count: c_int) -> Self {
        Self { first, count: usize::try_from(count).unwrap_or(0) }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        if self.first.is_null() {
            return &[];
        }
        // SAFETY: `new`'s condition; they live until `drop`.
        unsafe { std::slice::from_raw_parts(self.first, self.count) }
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        // SAFETY: null or from malloc, and ours.
        unsafe { libc::free(self.first.cast()) };
    }
}
