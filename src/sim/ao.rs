//! Asynchronous operations.
//!
//! In: what C passes as `ao_how`, and a change. Out: the change, after the time that operations take on this host, and
//! its code: returned when there is no `ao_how`, else passed to its callback, inside the call when operations take no
//! time. There is nothing to poll but time, so `libxl_osevent_beforepoll` names no descriptor. A change is made at the
//! end of its operation, and not at all when that is aborted. (Only the destruction of a domain shows from the
//! beginning, and is finished in any case.)
//!
//! Not simulated: events instead of callbacks, and hooks for a foreign event loop.

use core::ffi::c_int;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::ctx::Context;
use crate::xl::sys::{ERROR_ABORTED, ERROR_NI, ERROR_NOTFOUND, libxl_asyncop_how, libxl_ctx, pollfd, timeval};

/// What a change came to: the code, if it failed.
pub(crate) type Outcome = Result<(), c_int>;

/// The code of an outcome.
pub(crate) fn code(outcome: Outcome) -> c_int {
    outcome.err().unwrap_or(0)
}

/// The operations of a context that are not done, in the order of their beginning.
#[derive(Debug, Default)]
pub(crate) struct Operations(Mutex<Vec<Pending>>);

struct Pending {
    how: libxl_asyncop_how,
    due: Instant,
    change: Box<dyn FnOnce(&Context) -> Outcome>,
    /// Its abortion was asked for and only noted.
    is_aborting: bool,
    method: &'static str,
}

// SAFETY: callers of libxl promise that what they pass lives until the operation is done, and may be used by whatever
// thread drives the context.
unsafe impl Send for Pending {}

impl core::fmt::Debug for Pending {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} due {:?}", self.method, self.due)
    }
}

/// What cannot be undone halfway goes on when it is aborted: libxl asks nobody any more, either.
const UNSTOPPABLE: &str = "domain_destroy";

impl Pending {
    fn is(&self, how: &libxl_asyncop_how) -> bool {
        // SAFETY: both members of the union are as wide as a pointer, and any bits are valid.
        let same = unsafe { self.how.u.for_callback == how.u.for_callback };
        same && self.how.callback.map(|f| f as usize) == how.callback.map(|f| f as usize)
    }

    /// Calls back.
    ///
    /// # Safety
    /// `ctx` is the context that the operation was begun with.
    unsafe fn complete(self, ctx: *mut libxl_ctx, outcome: Outcome) {
        if let Some(callback) = self.how.callback {
            // SAFETY: the caller's own function, to be called in any libxl function of this context.
            unsafe { callback(ctx, code(outcome), self.how.u.for_callback) };
        }
    }
}

impl Operations {
    fn pending(&self) -> MutexGuard<'_, Vec<Pending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins an operation. What `check` finds wrong is returned, and the operation does not exist.
///
/// # Safety
/// `ctx` is a context of ours, `how` null or valid. What `change` points to lives until the operation is done.
pub(crate) unsafe fn begin(
    ctx: *mut libxl_ctx,
    method: &'static str,
    how: *const libxl_asyncop_how,
    check: impl FnOnce(&Context) -> Outcome,
    change: impl FnOnce(&Context) -> Outcome + 'static,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { begin_in_two(ctx, method, how, check, |_| Ok(()), change) }
}

/// The same for an operation of which something is to be seen from its beginning: `first`. It is not made when the
/// operation is one that fails on demand.
///
/// # Safety
/// As of [`begin`].
pub(crate) unsafe fn begin_in_two(
    ctx: *mut libxl_ctx,
    method: &'static str,
    how: *const libxl_asyncop_how,
    check: impl FnOnce(&Context) -> Outcome,
    first: impl FnOnce(&Context) -> Outcome,
    change: impl FnOnce(&Context) -> Outcome + 'static,
) -> c_int {
    // SAFETY: the caller's promise.
    let (context, how) = unsafe { (Context::of(ctx), how.as_ref()) };
    if let Err(code) = check(context) {
        return code;
    }
    // A null callback asks for an event, and there are none.
    if how.is_some_and(|how| how.callback.is_none()) {
        return ERROR_NI;
    }
    let fault = context.fault(method);
    if fault.is_ok()
        && let Err(code) = first(context)
    {
        return code;
    }
    let change = move |context: &Context| fault.and_then(|()| change(context));
    let latency = context.world().conduct().latency();
    let Some(&how) = how else {
        sleep(latency);
        return code(change(context));
    };
    if !latency.is_zero() {
        context.report().progress(method, 0);
    }
    let due = Instant::now() + latency;
    let pending = Pending { how, due, change: Box::new(change), is_aborting: false, method };
    context.operations().pending().push(pending);
    // SAFETY: the caller's promise.
    unsafe { complete_due(ctx) };
    0
}

/// Ends all operations whose time has come. A callback may begin new ones.
///
/// # Safety
/// `ctx` is a context of ours.
unsafe fn complete_due(ctx: *mut libxl_ctx) {
    // SAFETY: the caller's promise.
    let context = unsafe { Context::of(ctx) };
    let now = Instant::now();
    let next = || {
        let mut pending = context.operations().pending();
        let at = pending.iter().position(|operation| operation.due <= now)?;
        Some(pending.remove(at))
    };
    while let Some(mut done) = next() {
        let change = core::mem::replace(&mut done.change, Box::new(|_| Ok(())));
        let outcome = change(context);
        // SAFETY: the caller's promise.
        unsafe { done.complete(ctx, outcome) };
    }
}

/// As libxl's own, but that nothing has to be waited for except time.
pub(crate) unsafe extern "C" fn libxl_osevent_beforepoll(
    ctx: *mut libxl_ctx,
    count: *mut c_int,
    _fds: *mut pollfd,
    timeout_ms: *mut c_int,
    _now: timeval,
) -> c_int {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    let first = context.operations().pending().iter().map(|operation| operation.due).min();
    // SAFETY: the caller gives both numbers.
    unsafe {
        count.write(0);
        if let Some(due) = first {
            let wait = milliseconds(due.saturating_duration_since(Instant::now()));
            if *timeout_ms < 0 || wait < *timeout_ms {
                timeout_ms.write(wait);
            }
        }
    }
    0
}

/// Rounded up: whoever waits so long finds it done.
fn milliseconds(wait: Duration) -> c_int {
    c_int::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(c_int::MAX)
}

/// As libxl's own: calls back whoever's operation is done.
pub(crate) unsafe extern "C" fn libxl_osevent_afterpoll(
    ctx: *mut libxl_ctx,
    _count: c_int,
    _fds: *const pollfd,
    _now: timeval,
) {
    // SAFETY: a context of ours.
    unsafe { complete_due(ctx) };
}

/// As libxl's own. Most operations are over when this returns, and have called back; the destruction of a domain goes
/// on. A synchronous call (null) cannot be aborted.
pub(crate) unsafe extern "C" fn libxl_ao_abort(ctx: *mut libxl_ctx, how: *const libxl_asyncop_how) -> c_int {
    // SAFETY: a context of ours, and what an operation was begun with.
    let (context, how) = unsafe { (Context::of(ctx), how.as_ref()) };
    let mut pending = context.operations().pending();
    let Some(at) = how.and_then(|how| pending.iter().position(|operation| operation.is(how))) else {
        return ERROR_NOTFOUND;
    };
    if pending[at].is_aborting {
        return ERROR_ABORTED;
    }
    if pending[at].method == UNSTOPPABLE {
        pending[at].is_aborting = true;
        return 0;
    }
    let aborted = pending.remove(at);
    drop(pending);
    // SAFETY: the context that it was begun with.
    unsafe { aborted.complete(ctx, Err(ERROR_ABORTED)) };
    0
}
