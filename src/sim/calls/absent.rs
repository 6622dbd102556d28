//! What this host has not: FLASK, and Intel's monitoring and allocation of caches.
//!
//! In: questions about it. Out: the answers that libxl gives on such a host, which are not all failures.

use core::ffi::{c_char, c_int, c_uint, c_void};

use super::change::changes;
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::world::machine::NODES;
use crate::xl::sys::{
    ERROR_FAIL, LIBXL_PSR_CBM_TYPE_L2_CBM, LIBXL_PSR_CBM_TYPE_L3_CBM, LIBXL_PSR_CBM_TYPE_L3_CBM_CODE,
    LIBXL_PSR_CBM_TYPE_L3_CBM_DATA, LIBXL_PSR_CBM_TYPE_MBA_THRTL, libxl_bitmap, libxl_ctx, libxl_psr_cat_info,
    libxl_psr_cbm_type, libxl_psr_cmt_type, libxl_psr_feat_type, libxl_psr_hw_info,
};

/// What the FLASK functions pass on from libxc, with `errno` ENOSYS.
const LIBXC_FAILED: c_int = -1;

/// Without a monitor, this is the reason for everything.
const NO_MONITOR: &str = "CMT is not supported in this system";

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_flask_getenforce(_: *mut libxl_ctx) -> c_int {
    LIBXC_FAILED
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_flask_sid_to_context(
    _: *mut libxl_ctx,
    _sid: u32,
    _text: *mut *mut c_char,
    _length: *mut usize,
) -> c_int {
    LIBXC_FAILED
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_flask_context_to_sid(
    _: *mut libxl_ctx,
    _text: *mut c_char,
    _length: usize,
    _sid: *mut u32,
) -> c_int {
    LIBXC_FAILED
}

/// As libxl's own: not a failure, only "no".
pub(crate) unsafe extern "C" fn libxl_psr_cmt_enabled(_: *mut libxl_ctx) -> c_int {
    0
}

/// As libxl's own: likewise.
pub(crate) unsafe extern "C" fn libxl_psr_cmt_domain_attached(_: *mut libxl_ctx, _domid: u32) -> c_int {
    0
}

/// As libxl's own: "no", with a line in the log.
pub(crate) unsafe extern "C" fn libxl_psr_cmt_type_supported(ctx: *mut libxl_ctx, _: libxl_psr_cmt_type) -> c_int {
    // SAFETY: a context of ours.
    no_monitor(unsafe { Context::of(ctx) });
    0
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_psr_cmt_get_total_rmid(ctx: *mut libxl_ctx, _total: *mut u32) -> c_int {
    // SAFETY: a context of ours.
    no_monitor(unsafe { Context::of(ctx) })
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_psr_cmt_get_l3_cache_size(
    ctx: *mut libxl_ctx,
    socketid: u32,
    _size: *mut u32,
) -> c_int {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    if socketid < NODES {
        return no_monitor(context);
    }
    context.report().because(0).say("libxl_psr_cmt_get_l3_cache_size", format_args!("failed to get socket cpu"));
    ERROR_FAIL
}

fn no_monitor(context: &Context) -> c_int {
    context.report().because(libc::ENODEV).say("libxl__psr_cmt_log_err_msg", format_args!("{NO_MONITOR}"));
    ERROR_FAIL
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_psr_cmt_get_sample(
    ctx: *mut libxl_ctx,
    domid: u32,
    _type: libxl_psr_cmt_type,
    _scope: u64,
    _sample: *mut u64,
    _tsc: *mut u64,
) -> c_int {
    // SAFETY: a context of ours.
    not_attached(unsafe { Context::of(ctx) }, domid)
}

/// As libxl's own, which asks for a sample.
pub(crate) unsafe extern "C" fn libxl_psr_cmt_get_cache_occupancy(
    ctx: *mut libxl_ctx,
    domid: u32,
    _socketid: u32,
    _occupancy: *mut u32,
) -> c_int {
    // SAFETY: a context of ours.
    not_attached(unsafe { Context::of(ctx) }, domid)
}

fn not_attached(context: &Context, domid: u32) -> c_int {
    let errno = if context.world().head(domid).is_some() { libc::ENODEV } else { libc::ESRCH };
    let reason = "fail to get the domain rmid, or domain is not attached with platform QoS monitoring service";
    context.report().about(domid).because(errno).say("libxl_psr_cmt_get_sample", format_args!("{reason}"));
    ERROR_FAIL
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_psr_get_val(
    ctx: *mut libxl_ctx,
    domid: u32,
    kind: libxl_psr_cbm_type,
    _target: c_uint,
    _value: *mut u64,
) -> c_int {
    // SAFETY: a context of ours.
    allocation(unsafe { Context::of(ctx) }, domid, kind)
}

/// What both directions of all kinds of allocation say.
fn allocation(context: &Context, domid: u32, kind: libxl_psr_cbm_type) -> c_int {
    let feature = match kind {
        LIBXL_PSR_CBM_TYPE_L3_CBM => "L3 CAT",
        LIBXL_PSR_CBM_TYPE_L3_CBM_CODE | LIBXL_PSR_CBM_TYPE_L3_CBM_DATA => "CDP",
        LIBXL_PSR_CBM_TYPE_L2_CBM => "L2 CAT",
        LIBXL_PSR_CBM_TYPE_MBA_THRTL => "MBA",
        _ => "UNKNOWN",
    };
    if feature == "UNKNOWN" {
        let reason = format_args!("{feature}: Invalid input or some internal values are not expected");
        context.report().say("libxl__psr_alloc_log_err_msg", reason);
    } else if context.world().head(domid).is_none() {
        context.report().because(libc::ESRCH).say("libxl__psr_log_err_msg", format_args!("invalid domain ID"));
    } else {
        let reason = format_args!("{feature}: is not supported in this system");
        context.report().say("libxl__psr_alloc_log_err_msg", reason);
    }
    ERROR_FAIL
}

/// As libxl's own: the older name of [`libxl_psr_get_val`].
pub(crate) unsafe extern "C" fn libxl_psr_cat_get_cbm(
    ctx: *mut libxl_ctx,
    domid: u32,
    kind: libxl_psr_cbm_type,
    target: u32,
    mask: *mut u64,
) -> c_int {
    // SAFETY: the caller's promises are the same.
    unsafe { libxl_psr_get_val(ctx, domid, kind, target, mask) }
}

/// As libxl's own: unlike the others, it fails without a word.
pub(crate) unsafe extern "C" fn libxl_psr_get_hw_info(
    _: *mut libxl_ctx,
    _kind: libxl_psr_feat_type,
    _level: c_uint,
    _count: *mut c_uint,
    _infos: *mut *mut libxl_psr_hw_info,
) -> c_int {
    ERROR_FAIL
}

/// As libxl's own, which asks for what is known of the hardware.
pub(crate) unsafe extern "C" fn libxl_psr_cat_get_info(
    _: *mut libxl_ctx,
    _infos: *mut *mut libxl_psr_cat_info,
    _count: *mut c_uint,
    _level: c_uint,
) -> c_int {
    ERROR_FAIL
}

/// As libxl's own, of the third level.
pub(crate) unsafe extern "C" fn libxl_psr_cat_get_l3_info(
    _: *mut libxl_ctx,
    _infos: *mut *mut libxl_psr_cat_info,
    _count: *mut c_int,
) -> c_int {
    ERROR_FAIL
}

changes! {
    /// As libxl's own: libxc's -1.
    libxl_flask_setenforce(mode: c_int) => no_policy_mode;
    /// As libxl's own: libxc's -1.
    libxl_flask_loadpolicy(policy: *mut c_void, size: u32) => no_policy;
    /// As libxl's own.
    libxl_psr_cmt_attach(domid: u32) => no_attachment;
    /// As libxl's own.
    libxl_psr_cmt_detach(domid: u32) => no_attachment;
    /// As libxl's own.
    libxl_psr_set_val(domid: u32, kind: libxl_psr_cbm_type, targets: *mut libxl_bitmap, value: u64) => no_allocation;
    /// As libxl's own: the older name of the same.
    libxl_psr_cat_set_cbm(domid: u32, kind: libxl_psr_cbm_type, targets: *mut libxl_bitmap, mask: u64) => no_allocation;
}

fn no_policy_mode(_: &Context, _mode: c_int) -> Outcome {
    Err(LIBXC_FAILED)
}

fn no_policy(_: &Context, _policy: *mut c_void, _size: u32) -> Outcome {
    Err(LIBXC_FAILED)
}

fn no_attachment(context: &Context, domid: u32) -> Outcome {
    if context.world().head(domid).is_some() {
        return Err(no_monitor(context));
    }
    context.report().because(libc::ESRCH).say("libxl__psr_log_err_msg", format_args!("invalid domain ID"));
    Err(ERROR_FAIL)
}

fn no_allocation(
    context: &Context,
    domid: u32,
    kind: libxl_psr_cbm_type,
    _targets: *mut libxl_bitmap,
    _value: u64,
) -> Outcome {
    Err(allocation(context, domid, kind))
}
