//! What libxl would say when it fails, and while it works.
//!
//! In: a reason, where it was found, and `errno` where libxl has one. Out: an error line through the logger that the
//! context was made with. Its callback takes a `va_list`, which Rust cannot make; `xtl_log` of libxentoollog (libxl's
//! own way to its logger, loaded together with it) makes one of what it is called with.

use core::ffi::{CStr, c_char, c_int};
use core::fmt::Arguments;
use core::panic::Location;
use std::sync::OnceLock;

use super::memory;
use super::world::DOMIDS;
use crate::xl::sys::{XTL_ERROR, xentoollog_level, xentoollog_logger};

/// `xtl_log`, by its signature in xentoollog.h.
type Log = unsafe extern "C" fn(
    logger: *mut xentoollog_logger,
    level: xentoollog_level,
    errno: c_int,
    context: *const c_char,
    format: *const c_char,
    ...
);

/// The library; its interface has not changed since it got this name.
const LIBRARY: &CStr = c"libxentoollog.so.1";
/// In place of an `errno`.
const NO_ERRNO: c_int = -1;

/// One failure, as it is being reported.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    logger: *mut xentoollog_logger,
    domid: Option<u32>,
    errno: c_int,
}

impl Report {
    /// Through this logger.
    pub(crate) fn to(logger: *mut xentoollog_logger) -> Self {
        Self { logger, domid: None, errno: NO_ERRNO }
    }

    /// It is about this domain.
    pub(crate) fn about(self, domid: u32) -> Self {
        Self { domid: Some(domid), ..self }
    }

    /// With the `errno` that libxl would have got.
    pub(crate) fn because(self, errno: c_int) -> Self {
        Self { errno, ..self }
    }

    /// Says how something gets on, in percent.
    pub(crate) fn progress(self, what: &str, percent: u8) {
        let what = memory::formatted(format_args!("{what}"));
        let text = what.as_ptr().cast::<c_char>();
        // SAFETY: as in `say`; a logger may do without this function.
        unsafe {
            if let Some(progress) = (*self.logger).progress {
                progress(self.logger, c"libxl".as_ptr(), text, percent.into(), percent.into(), 100);
            }
        }
    }

    /// Says it, in libxl's form: file, line, function, domain, reason. File and line are the simulator's.
    #[track_caller]
    pub(crate) fn say(self, function: &str, reason: Arguments<'_>) {
        let place = Location::caller();
        let (file, line) = (place.file(), place.line());
        let line = match self.domid.filter(|&domid| domid != 0 && (domid as usize) < DOMIDS) {
            Some(domid) => memory::formatted(format_args!("{file}:{line}:{function}: Domain {domid}:{reason}")),
            None => memory::formatted(format_args!("{file}:{line}:{function}: {reason}")),
        };
        let text = line.as_ptr().cast::<c_char>();
        if let Some(log) = xtl_log() {
            // SAFETY: the logger outlives its context, by the contract of `libxl_ctx_alloc`; the format takes one
            // string.
            unsafe { log(self.logger, XTL_ERROR, self.errno, c"libxl".as_ptr(), c"%s".as_ptr(), text) };
        }
    }
}

/// The function, if its library is there. (libxl needs it, so it is.)
fn xtl_log() -> Option<Log> {
    static LOG: OnceLock<Option<Log>> = OnceLock::new();
    *LOG.get_or_init(|| {
        // SAFETY: NUL-terminated names; a library without constructors that matter; a symbol of that signature, and a
        // nullable pointer has the form of an optional function.
        unsafe {
            let library = libc::dlopen(LIBRARY.as_ptr(), libc::RTLD_NOW);
            if library.is_null() {
                return None;
            }
            core::mem::transmute::<*mut core::ffi::c_void, Option<Log>>(libc::dlsym(library, c"xtl_log".as_ptr()))
        }
    })
}
