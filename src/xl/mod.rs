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
mod reads;
pub mod sys;

use core::ffi::{CStr, c_int};
use std::ptr::NonNull;

pub use ao::{Control, Word};
pub use load::{LoadError, SONAME};
pub use log::{Log, LogLine};
pub use owned::{Bytes, List, Managed, Owned, Text};

use crate::error::Failure;
use sys::{Functions, libxl_ctx};

/// Where `list_domain` and `domain_info` come from, and with them `domain_stats`.
#[derive(Debug, Clone)]
pub enum Source {
    /// libxl; if the hypervisor was tried before, why it is not that.
    Libxl(Option<String>),
    /// The hypervisor, without libxl in between.
    Hypercall,
    /// A host that is made up.
    Simulator,
}

impl Source {
    /// Its name, as it is on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Libxl(_) => "libxl",
            Self::Hypercall => "hypercall",
            Self::Simulator => "simulator",
        }
    }
}

/// A loaded libxl and its context. One a process; it never leaves its thread.
///
/// The context is not freed: libxl asserts that nothing is in progress when it is, and the process that ends gives
/// everything back anyway.
#[derive(Debug)]
pub struct Xl {
    functions: Functions,
    ctx: NonNull<libxl_ctx>,
    log: Log,
    source: Source,
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
        Ok(Self { functions, ctx, log, source: Source::Libxl(None), driver: None })
    }

    /// Says what the overlay has made of the reads that are asked for most.
    #[must_use]
    pub fn reading_from(self, source: Source) -> Self {
        Self { source, ..self }
    }

    /// Where they come from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The numbers of all domains, and their uuids, if they can be had.
    pub fn domids(&self) -> Option<Vec<(u16, [u8; 16])>> {
        let list_domain = self.functions.libxl_list_domain?;
        let mut count = -1;
        // SAFETY: the table holds this very function; the list is the caller's.
        let domains = unsafe {
            let first = list_domain(self.ctx(), &raw mut count);
            List::new(first, count, self.functions.libxl_dominfo_list_free)
        };
        let domid = |domain: &sys::libxl_dominfo| Some((u16::try_from(domain.domid).ok()?, domain.uuid.uuid));
        (count >= 0).then(|| domains.iter().filter_map(domid).collect())
    }

    /// The hypervisor's version: major, minor, and what is written behind that. libxl asks once and remembers.
    pub fn xen_version(&self) -> Option<(c_int, c_int, &CStr)> {
        let get_version_info = self.functions.libxl_get_version_info?;
        // SAFETY: the table holds this very function; what it returns lives in the context.
        let info = unsafe { get_version_info(self.ctx()).as_ref() }?;
        let extra = NonNull::new(info.xen_version_extra);
        // SAFETY: a C string that lives as long.
        let extra = extra.map_or(c"", |extra| unsafe { CStr::from_ptr(extra.as_ptr()) });
        Some((info.xen_version_major, info.xen_version_minor, extra))
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
