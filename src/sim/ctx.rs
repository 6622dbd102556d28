//! The simulated context.
//!
//! In: a logger. Out: a `libxl_ctx` that begins as libxl's own does, so that the real library's type helpers, which
//! get it too, find a logger and a place for memory that they do not collect. Everything else of libxl's is zero; ours
//! lies behind it. There may be any number of contexts in a process, and all see the same host.

use core::ffi::{c_int, c_uint, c_void};
use core::mem::MaybeUninit;
use std::ptr;

use super::Host;
use super::ao::{Operations, Outcome};
use super::calls::host_info::version_info;
use super::log::Report;
use super::world::{Held, World};
use crate::xl::Managed;
use crate::xl::sys::{
    ERROR_FAIL, ERROR_VERSION, Functions, LIBXL_VERSION, libxl_ctx, libxl_version_info, xentoollog_logger,
};

/// More than libxl's own context takes up.
const LIBXL_BYTES: usize = 4096;

/// A context.
#[repr(C)]
pub(crate) struct Context {
    libxl: LibxlsPart,
    host: &'static Host,
    operations: Operations,
    version: libxl_version_info,
}

/// The beginning of libxl's `struct libxl__ctx`, the same from 4.14 to 4.20, and zeros for the rest of it.
#[repr(C)]
struct LibxlsPart {
    logger: *mut xentoollog_logger,
    /// To the hypervisor and to xenstore: there are none.
    connections: [*mut c_void; 2],
    not_collected: Garbage,
    rest: [u8; LIBXL_BYTES],
}

/// libxl's `libxl__gc`, in the one use as which allocations pass that the caller frees.
#[repr(C)]
struct Garbage {
    /// -1: nothing is collected.
    alloc_maxsize: c_int,
    alloc_ptrs: *mut *mut c_void,
    owner: *mut Context,
}

impl Context {
    /// The context behind the pointer that C code passes.
    ///
    /// # Safety
    /// `ctx` came from `libxl_ctx_alloc` below and is not freed while the reference lives.
    pub(crate) unsafe fn of<'c>(ctx: *mut libxl_ctx) -> &'c Self {
        // SAFETY: the caller's promise.
        unsafe { &*ctx.cast::<Self>() }
    }

    /// The host.
    pub(crate) fn world(&self) -> &'static World {
        &self.host.world
    }

    /// The real library's functions: those that handle types are used from here.
    pub(crate) fn libxl(&self) -> &'static Functions {
        &self.host.libxl
    }

    /// What goes on in this context.
    pub(crate) fn operations(&self) -> &Operations {
        &self.operations
    }

    /// The right to change the host.
    pub(crate) fn lock(&self) -> Result<Held<'static>, c_int> {
        self.world().lock().map_err(|error| {
            self.report().because(error.raw_os_error().unwrap_or(0)).say("lock", format_args!("simulated host"));
            ERROR_FAIL
        })
    }

    /// Whether this call of a function, named without `libxl_`, is one of those that are to fail.
    pub(crate) fn fault(&self, method: &str) -> Outcome {
        let world = self.world();
        let Some(code) = world.conduct().fault(world.seed(), method) else {
            return Ok(());
        };
        self.report().say(method, format_args!("simulated fault"));
        Err(code)
    }

    /// What this host's hypervisor says of itself.
    pub(crate) fn version(&self) -> &libxl_version_info {
        &self.version
    }

    /// A value as `libxl_T_init` leaves it.
    pub(crate) fn initial<T: Managed>(&self) -> T {
        let mut value = MaybeUninit::zeroed();
        // SAFETY: memory for one T, which the initialiser fills; C structs are valid as it leaves them.
        unsafe {
            T::init(self.libxl(), value.as_mut_ptr());
            value.assume_init()
        }
    }

    /// Begins a report of a failure.
    pub(crate) fn report(&self) -> Report {
        Report::to(self.libxl.logger)
    }
}

/// As libxl's own. The host must have been started.
pub(crate) unsafe extern "C" fn libxl_ctx_alloc(
    ctx: *mut *mut libxl_ctx,
    version: c_int,
    _flags: c_uint,
    logger: *mut xentoollog_logger,
) -> c_int {
    let (code, context) = match super::HOST.get() {
        _ if c_uint::try_from(version) != Ok(LIBXL_VERSION) => (ERROR_VERSION, ptr::null_mut()),
        Some(host) => (0, allocate(logger, host)),
        None => (ERROR_FAIL, ptr::null_mut()),
    };
    // SAFETY: the caller gives a place for a pointer.
    unsafe { ctx.write(context.cast()) };
    code
}

fn allocate(logger: *mut xentoollog_logger, host: &'static Host) -> *mut Context {
    let not_collected = Garbage { alloc_maxsize: -1, alloc_ptrs: ptr::null_mut(), owner: ptr::null_mut() };
    let libxl = LibxlsPart { logger, connections: [ptr::null_mut(); 2], not_collected, rest: [0; LIBXL_BYTES] };
    let context =
        Box::into_raw(Box::new(Context { libxl, host, operations: Operations::default(), version: version_info() }));
    // SAFETY: it was just made.
    unsafe { (*context).libxl.not_collected.owner = context };
    context
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_ctx_free(ctx: *mut libxl_ctx) -> c_int {
    if !ctx.is_null() {
        // SAFETY: the caller's promise to `libxl_ctx_free`: it came from `libxl_ctx_alloc`, and is used no more.
        drop(unsafe { Box::from_raw(ctx.cast::<Context>()) });
    }
    0
}
