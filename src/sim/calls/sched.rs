//! Parameters of schedulers.
//!
//! In: records. Out: libxl's structs, or what libxl says when the hypervisor refuses: a cpupool has one scheduler, and
//! knows the parameters of no other.

use core::ffi::c_int;

use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::machine::Pool;
use crate::xl::sys::{
    ERROR_FAIL, ERROR_INVAL, LIBXL_SCHEDULER_CREDIT, LIBXL_SCHEDULER_CREDIT2, LIBXL_SCHEDULER_UNKNOWN, libxl_ctx,
    libxl_domain_sched_params, libxl_sched_credit_params, libxl_sched_credit2_params, libxl_scheduler,
    libxl_vcpu_sched_params,
};

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_sched_credit_params_get(
    ctx: *mut libxl_ctx,
    poolid: u32,
    params: *mut libxl_sched_credit_params,
) -> c_int {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    match pool_with(context, poolid, LIBXL_SCHEDULER_CREDIT) {
        Ok(pool) => {
            let Pool { tslice_ms, ratelimit_us, migration_delay_us: vcpu_migr_delay_us, .. } = pool;
            // SAFETY: the caller gives a place for them.
            unsafe { memory::give(params, libxl_sched_credit_params { tslice_ms, ratelimit_us, vcpu_migr_delay_us }) };
            0
        }
        Err(errno) => unknown(context, errno, "libxl_sched_credit_params_get", "Credit"),
    }
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_sched_credit2_params_get(
    ctx: *mut libxl_ctx,
    poolid: u32,
    params: *mut libxl_sched_credit2_params,
) -> c_int {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    match pool_with(context, poolid, LIBXL_SCHEDULER_CREDIT2) {
        Ok(Pool { ratelimit_us, .. }) => {
            // SAFETY: the caller gives a place for them.
            unsafe { memory::give(params, libxl_sched_credit2_params { ratelimit_us }) };
            0
        }
        Err(errno) => unknown(context, errno, "libxl_sched_credit2_params_get", "Credit2"),
    }
}

/// What libxl says when the hypervisor answers with an `errno`.
fn unknown(context: &Context, errno: c_int, function: &str, name: &str) -> c_int {
    context.report().because(errno).say(function, format_args!("getting {name} scheduler parameters"));
    ERROR_FAIL
}

/// The cpupool, if it has that scheduler, else what the hypervisor answers.
pub(super) fn pool_with(context: &Context, poolid: u32, scheduler: libxl_scheduler) -> Result<Pool, c_int> {
    match context.world().machine().pool(poolid) {
        Some(pool) if pool.scheduler == scheduler => Ok(*pool),
        Some(_) => Err(libc::EINVAL),
        None => Err(libc::ESRCH),
    }
}

/// As libxl's own: what the domain's scheduler does not know stays at its default.
pub(crate) unsafe extern "C" fn libxl_domain_sched_params_get(
    ctx: *mut libxl_ctx,
    domid: u32,
    params: *mut libxl_domain_sched_params,
) -> c_int {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    let found = sched_params(context, domid);
    if found.is_none() {
        context.report().about(domid).say("libxl_domain_sched_params_get", format_args!("Unknown scheduler"));
    }
    let unknown = || libxl_domain_sched_params { sched: LIBXL_SCHEDULER_UNKNOWN, ..context.initial() };
    // SAFETY: the caller gives a place for them.
    unsafe { memory::give(params, found.unwrap_or_else(unknown)) };
    if found.is_some() { 0 } else { ERROR_INVAL }
}

/// The parameters of a domain. A missing one is reported.
pub(crate) fn sched_params(context: &Context, domid: u32) -> Option<libxl_domain_sched_params> {
    let sched = scheduler_of(context, domid)?;
    let share = context.world().domain(domid)?.detail.share;
    let number = |value: u32| c_int::try_from(value).unwrap_or(c_int::MAX);
    Some(libxl_domain_sched_params { sched, weight: number(share.weight), cap: number(share.cap), ..context.initial() })
}

/// As libxl's own: the credit schedulers have no parameters for single vcpus.
pub(crate) unsafe extern "C" fn libxl_vcpu_sched_params_get_all(
    ctx: *mut libxl_ctx,
    domid: u32,
    params: *mut libxl_vcpu_sched_params,
) -> c_int {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    let scheduler = scheduler_of(context, domid);
    let reason = match scheduler {
        Some(_) => "per-VCPU parameter getting not supported for this scheduler",
        None => "Unknown scheduler",
    };
    // SAFETY: the caller gives initialised parameters.
    unsafe { (*params).sched = scheduler.unwrap_or(LIBXL_SCHEDULER_UNKNOWN) };
    context.report().about(domid).say("libxl_vcpu_sched_params_get_all", format_args!("{reason}"));
    ERROR_INVAL
}

/// `libxl__domain_scheduler`: the scheduler of the domain's cpupool. The hypervisor answers for the next domain when it
/// does not know the number, and libxl notices.
pub(super) fn scheduler_of(context: &Context, domid: u32) -> Option<libxl_scheduler> {
    let world = context.world();
    if let Some(head) = world.head(domid) {
        return Some(world.machine().pool(head.pool)?.scheduler);
    }
    let (report, function) = (context.report().because(libc::ENOENT), "libxl__domain_cpupool");
    match world.heads().find(|head| head.domid > domid) {
        Some(head) => report.say(function, format_args!("got info for dom{}, wanted dom{domid}", head.domid)),
        None => report.say(function, format_args!("getinfolist failed 0")),
    }
    None
}
