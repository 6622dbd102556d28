//! libxl: the loaded library, one context, its return codes, its memory and its log.
//!
//! In: calls by generated code. Out: C values, wrapped in types that say who frees them. This is the room of
//! hand-written unsafe code. It knows no connections and no JSON.
#![allow(unsafe_code, reason = "the room where C is called")]

mod ao;
mod load;
mod log;
mod owned;
pub mod rc;
pub mod sys;

use core::ffi::c_int;
use std::ptr::NonNull;

pub use ao::{Control, Word};
pub use load::{LoadError, SONAME};
pub use log::{Log, LogLine};
pub use owned::{Bytes, List, Managed, Owned, Text};

use crate::error::Failure;
use sys::{Functions, libxl_ctx};

/// A loaded libxl and its context. One a process; it never leaves its thread.
///
/// The context is not freed: libxl asserts that nothing is in progress when it is, and the process that ends gives
/// everything back anyway.
#[derive(Debug)]
pub struct Xl {
    functions: Functions,
    ctx: NonNull<libxl_ctx>,
    log: Log,
    /// Waits for asynchronous operations; without it, libxl does.
    driver: Option<&'static ao::Driver>,
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Functions")
    }
}

impl Xl {
    /// Loads libxl, lets `overlay` put functions of its own in place of libxl's (the simulator does), and allocates
    /// a context.
    ///
    /// # Errors
    /// The library or one of its type helpers is missing, or `libxl_ctx_alloc` fails: not on Xen, or not root.
    pub fn open(overlay: impl FnOnce(&mut Functions)) -> Result<Self, LoadError> {
        let mut functions = load::functions()?;
        overlay(&mut functions);
        let log = Log::new();
        let ctx = load::context(&functions, log.logger())?;
        Ok(Self { functions, ctx, log, driver: None })
    }

    /// From now on operations can be aborted, through this control.
    pub fn listen_to(&mut self, control: Box<dyn Control>) {
        self.driver = Some(ao::Driver::new(control));
    }

    /// The table of libxl's functions.
    pub fn functions(&self) -> &Functions {
        &self.functions
    }

    /// The context that every function takes.
    pub fn ctx(&self) -> *mut libxl_ctx {
        self.ctx.as_ptr()
    }

    /// What libxl has said since [`Log::clear`].
    pub fn log(&self) -> &Log {
        &self.log
    }
}

/// 0 is success; anything else is libxl's (or, leaking through it, libxc's) reason.
pub fn check(code: c_int) -> Result<(), Failure<'static>> {
    if code == 0 { Ok(()) } else { Err(Failure::Libxl(code)) }
}

/// A function that this libxl may lack.
pub fn present<F>(function: Option<F>) -> Result<F, Failure<'static>> {
    function.ok_or(Failure::Absent)
}
