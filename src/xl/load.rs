//! Finding libxl at run time.
//!
//! In: the soname that belongs to the headers of the build. Out: the filled function table and a context, or one line
//! that says what is missing. The library is never unloaded.

use core::ffi::{CStr, c_void};
use std::ptr::{self, NonNull};

use super::sys::{self, Functions, libxl_ctx, xentoollog_logger};

/// The library that the headers of this build describe. Its ABI belongs to this minor release alone.
pub const SONAME: &CStr = sys::LIBXL_SONAME;

/// Why libxl cannot be used on this host.
#[derive(Debug)]
pub enum LoadError {
    /// `dlopen` failed; its own words.
    Library(String),
    /// The library lacks a helper that every release has: it is not what the headers describe.
    Symbol(&'static str),
    /// `libxl_ctx_alloc` failed with this code.
    Context(i32),
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let soname = SONAME.to_string_lossy();
        match self {
            Self::Library(words) => write!(f, "cannot load {soname}: {words} (is Xen's toolstack installed?)"),
            Self::Symbol(name) => write!(f, "{soname} has no {name}: it is not the release this xenopsd was built for"),
            Self::Context(code) => write!(
                f,
                "libxl_ctx_alloc failed with {code} ({}): this host does not run Xen, or this is not dom0, or not root",
                super::rc::name(*code).unwrap_or("unknown")
            ),
        }
    }
}

impl std::error::Error for LoadError {}

/// Opens the library and looks up every function.
pub(super) fn functions() -> Result<Functions, LoadError> {
    // SAFETY: a NUL-terminated name; libxl's constructors only register fork handlers.
    let library = unsafe { libc::dlopen(SONAME.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if library.is_null() {
        return Err(LoadError::Library(dlerror()));
    }
    // SAFETY: `library` is open and stays so. Each symbol is cast to the signature that bindgen read from the headers
    // of this very soname; a library with other signatures under the same soname would break this.
    unsafe { Functions::load(|name| look_up(library, name)) }.map_err(LoadError::Symbol)
}

fn look_up(library: *mut c_void, name: &CStr) -> *mut c_void {
    // SAFETY: an open library and a NUL-terminated name.
    unsafe { libc::dlsym(library, name.as_ptr()) }
}

fn dlerror() -> String {
    // SAFETY: dlerror returns null or a string that lives until the next dl call of this thread.
    let words = unsafe { libc::dlerror() };
    if words.is_null() {
        return "unknown reason".to_owned();
    }
    // SAFETY: not null, NUL-terminated.
    unsafe { CStr::from_ptr(words) }.to_string_lossy().into_owned()
}

/// Allocates the context, with our logger in it.
pub(super) fn context(functions: &Functions, logger: *mut xentoollog_logger) -> Result<NonNull<libxl_ctx>, LoadError> {
    let alloc = functions.libxl_ctx_alloc.ok_or(LoadError::Symbol("libxl_ctx_alloc"))?;
    let mut ctx: *mut libxl_ctx = ptr::null_mut();
    let version = core::ffi::c_int::try_from(sys::LIBXL_VERSION).unwrap_or(0);
    // SAFETY: `ctx` is ours to fill; the logger lives as long as the process (see `Xl`).
    let code = unsafe { alloc(&raw mut ctx, version, 0, logger) };
    match NonNull::new(ctx) {
        Some(ctx) if code == 0 => Ok(ctx),
        _ => Err(LoadError::Context(code)),
    }
}
