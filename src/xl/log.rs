//! What libxl has to say while it works.
//!
//! In: the lines that libxl hands to its `xentoollog_logger`. Out: the last few errors of the current call, for the
//! error reply. Nothing is written anywhere else and nothing is allocated: a callback may run in the middle of libxl
//! with its locks held, even in a forked child.

use core::ffi::{CStr, c_char, c_int, c_ulong};
use std::ptr::NonNull;

use super::sys::{__va_list_tag, XTL_ERROR, xentoollog_level, xentoollog_logger};
use crate::limits::{LOG_LINE_BYTES_MAX, LOG_LINES_MAX};

unsafe extern "C" {
    /// C's own; its last parameter has the type that the headers give the logger.
    fn vsnprintf(to: *mut c_char, size: usize, format: *const c_char, arguments: *mut __va_list_tag) -> c_int;
}

/// The lines that libxl has logged as errors since the last [`Log::clear`]: the newest, oldest first.
#[derive(Debug)]
pub struct Log(NonNull<Book>);

/// One line, cut at [`LOG_LINE_BYTES_MAX`].
#[derive(Debug, Clone, Copy)]
pub struct LogLine {
    bytes: [u8; LOG_LINE_BYTES_MAX],
    len: usize,
}

impl LogLine {
    /// The text; mostly UTF-8, but it may quote a guest.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// What libxl's callback sees: its table of functions first, as C's idiom is, then our lines.
#[repr(C)]
struct Book {
    logger: xentoollog_logger,
    lines: [LogLine; LOG_LINES_MAX],
    written: usize,
    reporter: Option<Reporter>,
}

/// Gets what libxl says of how an operation gets on: what it is doing, how much of it is done, and of how much.
pub(crate) type Reporter = Box<dyn FnMut(&str, u64, u64)>;

impl Log {
    /// An empty log. It is never freed: libxl keeps pointers to the logger as long as the context lives.
    pub(super) fn new() -> Self {
        let logger = xentoollog_logger { vmessage: Some(vmessage), progress: Some(progress), destroy: Some(destroy) };
        let empty = LogLine { bytes: [0; LOG_LINE_BYTES_MAX], len: 0 };
        let book = Box::new(Book { logger, lines: [empty; LOG_LINES_MAX], written: 0, reporter: None });
        Self(NonNull::from(Box::leak(book)))
    }

    /// For `libxl_ctx_alloc`.
    pub(super) fn logger(&self) -> *mut xentoollog_logger {
        self.0.as_ptr().cast()
    }

    /// From now on tells this one how operations get on.
    pub fn report_to(&self, reporter: Reporter) {
        // SAFETY: as in `clear`.
        unsafe { (*self.0.as_ptr()).reporter = Some(reporter) };
    }

    /// Forgets everything.
    pub fn clear(&self) {
        // SAFETY: the book lives as long as the process and is touched by this thread alone; libxl is not running.
        unsafe { (*self.0.as_ptr()).written = 0 };
    }

    /// Nothing has been logged.
    pub fn is_empty(&self) -> bool {
        // SAFETY: as in `clear`.
        unsafe { (*self.0.as_ptr()).written == 0 }
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> impl Iterator<Item = LogLine> {
        // SAFETY: as in `clear`; the lines are copied out before libxl can run again.
        let (lines, written) = unsafe { ((*self.0.as_ptr()).lines, (*self.0.as_ptr()).written) };
        (written.saturating_sub(LOG_LINES_MAX)..written).map(move |at| lines[at % LOG_LINES_MAX])
    }
}

/// Called by libxl for each line. `panic = "abort"` keeps unwinding out of C.
unsafe extern "C" fn vmessage(
    logger: *mut xentoollog_logger,
    level: xentoollog_level,
    _errno: c_int,
    _context: *const c_char,
    format: *const c_char,
    arguments: *mut __va_list_tag,
) {
    if level < XTL_ERROR {
        return;
    }
    // SAFETY: libxl passes the logger it was given, which begins a `Book`; one thread, and no other reference to the
    // book exists while libxl runs. vsnprintf writes at most the line's size, and returns the length it wanted.
    unsafe {
        let book = logger.cast::<Book>();
        let line = &raw mut (*book).lines[(*book).written % LOG_LINES_MAX];
        let wanted = vsnprintf((&raw mut (*line).bytes).cast(), LOG_LINE_BYTES_MAX, format, arguments);
        (*line).len = usize::try_from(wanted).unwrap_or(0).min(LOG_LINE_BYTES_MAX - 1);
        (*book).written += 1;
    }
}

/// Called by libxl now and then during long operations.
unsafe extern "C" fn progress(
    logger: *mut xentoollog_logger,
    _context: *const c_char,
    what: *const c_char,
    _percent: c_int,
    done: c_ulong,
    total: c_ulong,
) {
    // SAFETY: libxl passes the logger it was given, which begins a `Book`, and a string; one thread.
    unsafe {
        let book = logger.cast::<Book>();
        if let Some(reporter) = &mut (*book).reporter {
            let what = if what.is_null() { c"" } else { CStr::from_ptr(what) };
            reporter(&what.to_string_lossy(), done, total);
        }
    }
}

/// The logger outlives its context; there is nothing to destroy.
unsafe extern "C" fn destroy(_logger: *mut xentoollog_logger) {}
