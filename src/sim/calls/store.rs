//! What libxl reads of a domain in xenstore, besides its name and its devices.
//!
//! In: records. Out: numbers and paths, or what libxl says when a node is missing: after a domain's end, all of them.

use core::ffi::{c_char, c_int};
use core::fmt::Arguments;

use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::domain::{Domain, Head, NONE, Store};
use crate::xl::sys::{
    ERROR_FAIL, ERROR_INVAL, LIBXL_CONSOLE_TYPE_PV, LIBXL_CONSOLE_TYPE_SERIAL, LIBXL_DOMAIN_TYPE_HVM,
    LIBXL_DOMAIN_TYPE_PV, LIBXL_MS_VM_GENID_LEN, libxl_console_type, libxl_ctx, libxl_domain_type, libxl_ms_vm_genid,
};

/// The console of a stubdom that is the serial port of the domain it serves.
const STUBDOM_CONSOLE_SERIAL: c_int = 3;

/// What xenstore says of a domain, if it knows it.
pub(crate) fn store(context: &Context, domid: u32) -> Option<(Head, Store)> {
    let Domain { head, detail } = context.world().domain(domid)?;
    (!detail.name.is_empty()).then_some((head, detail.store))
}

/// As libxl's own: in KiB.
pub(crate) unsafe extern "C" fn libxl_get_memory_target(ctx: *mut libxl_ctx, domid: u32, target: *mut u64) -> c_int {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    match store(context, domid) {
        Some((_, store)) => {
            // SAFETY: the caller gives a place for it.
            unsafe { memory::give(target, store.target_kb) };
            0
        }
        None => {
            let node = format_args!("Cannot get target memory info from /local/domain/{domid}/memory/target");
            context.report().about(domid).because(libc::ENOENT).say("libxl__get_memory_target", node);
            ERROR_FAIL
        }
    }
}

/// As libxl's own: in seconds since 1970, or all ones. Nobody noted when Domain-0 was started.
pub(crate) unsafe extern "C" fn libxl_vm_get_start_time(ctx: *mut libxl_ctx, domid: u32) -> u32 {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    match store(context, domid) {
        Some((_, Store { started_s: started_s @ 1.., .. })) => started_s,
        _ => {
            let reason = format_args!("Can't get start time of domain");
            context.report().about(domid).say("libxl_vm_get_start_time", reason);
            u32::MAX
        }
    }
}

/// As libxl's own: the domain that runs this one's device model, or 0.
pub(crate) unsafe extern "C" fn libxl_get_stubdom_id(ctx: *mut libxl_ctx, domid: c_int) -> c_int {
    // SAFETY: a context of ours.
    stubdom_of(unsafe { Context::of(ctx) }, domid.cast_unsigned()).map_or(0, u32::cast_signed)
}

fn stubdom_of(context: &Context, domid: u32) -> Option<u32> {
    let (_, Store { stubdom, .. }) = store(context, domid)?;
    (stubdom != 0).then_some(stubdom)
}

/// As libxl's own: the domain that is served is written only if there is one.
pub(crate) unsafe extern "C" fn libxl_is_stubdom(ctx: *mut libxl_ctx, domid: u32, target: *mut u32) -> c_int {
    // SAFETY: a context of ours.
    match store(unsafe { Context::of(ctx) }, domid) {
        Some((head, _)) if head.device_model_of != NONE => {
            // SAFETY: the caller gives null or a place for it.
            unsafe { memory::give(target, head.device_model_of.cast_unsigned()) };
            1
        }
        _ => 0,
    }
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_console_get_tty(
    ctx: *mut libxl_ctx,
    domid: u32,
    number: c_int,
    kind: libxl_console_type,
    path: *mut *mut c_char,
) -> c_int {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    if !matches!(kind, LIBXL_CONSOLE_TYPE_SERIAL | LIBXL_CONSOLE_TYPE_PV) {
        context.report().about(domid).say("libxl_console_get_tty", format_args!("Failed to get tty path"));
        return ERROR_INVAL;
    }
    let tty = store(context, domid).map_or(NONE, |(head, store)| match (kind, number) {
        (LIBXL_CONSOLE_TYPE_SERIAL, 0) => store.serial,
        (LIBXL_CONSOLE_TYPE_PV, 0) => store.console,
        (LIBXL_CONSOLE_TYPE_PV, STUBDOM_CONSOLE_SERIAL) if head.device_model_of != NONE => store.serial,
        _ => NONE,
    });
    if tty == NONE {
        match (kind, number) {
            (LIBXL_CONSOLE_TYPE_SERIAL, _) => report_no_tty(context, domid, format_args!("serial/{number}/tty")),
            (_, 0) => report_no_tty(context, domid, format_args!("console/tty")),
            _ => report_no_tty(context, domid, format_args!("device/console/{number}/tty")),
        }
        return ERROR_FAIL;
    }
    let (name, _) = memory::formatted(format_args!("/dev/pts/{tty}")).into_array();
    // SAFETY: the caller gives a place for it.
    unsafe { memory::give(path, name.cast()) };
    0
}

fn report_no_tty(context: &Context, domid: u32, node: Arguments<'_>) {
    let reason = format_args!("Unable to read console tty path `/local/domain/{domid}/{node}'");
    context.report().about(domid).because(libc::ENOENT).say("libxl_console_get_tty", reason);
}

/// As libxl's own: the console of its stubdom, its serial port, or its PV console, by the kind of domain.
pub(crate) unsafe extern "C" fn libxl_primary_console_get_tty(
    ctx: *mut libxl_ctx,
    domid: u32,
    path: *mut *mut c_char,
) -> c_int {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    if let Some(stubdom) = stubdom_of(context, domid) {
        // SAFETY: the caller's promises are the same.
        return unsafe { libxl_console_get_tty(ctx, stubdom, STUBDOM_CONSOLE_SERIAL, LIBXL_CONSOLE_TYPE_PV, path) };
    }
    let kind = match domain_type(context, domid) {
        None => return ERROR_INVAL,
        Some(LIBXL_DOMAIN_TYPE_HVM) => LIBXL_CONSOLE_TYPE_SERIAL,
        Some(_) => LIBXL_CONSOLE_TYPE_PV,
    };
    // SAFETY: the caller's promises are the same.
    unsafe { libxl_console_get_tty(ctx, domid, 0, kind, path) }
}

/// `libxl__domain_type`: only xenstore can tell a PVH domain from an HVM one. A missing domain is reported.
pub(crate) fn domain_type(context: &Context, domid: u32) -> Option<libxl_domain_type> {
    let Some(head) = context.world().head(domid) else {
        let reason = format_args!("unable to get domain type for domid={domid}");
        context.report().say("libxl__domain_type", reason);
        return None;
    };
    if head.kind == LIBXL_DOMAIN_TYPE_PV || store(context, domid).is_some() {
        return Some(head.kind);
    }
    let reason = format_args!("xenstore read failed: `/libxl/{domid}/type'");
    context.report().because(libc::ENOENT).say("libxl__xs_read_mandatory", reason);
    Some(LIBXL_DOMAIN_TYPE_HVM)
}

/// What libxl says when it wants to lock what is stored with a domain that there is not.
pub(crate) fn report_unlocked(context: &Context, domid: u32) {
    let reason = format_args!("unable to find domain info for domain {domid}");
    context.report().because(0).say("libxl__userdata_path", reason);
}

/// As libxl's own: new random bytes each time.
pub(crate) unsafe extern "C" fn libxl_ms_vm_genid_generate(ctx: *mut libxl_ctx, id: *mut libxl_ms_vm_genid) -> c_int {
    const LENGTH: usize = LIBXL_MS_VM_GENID_LEN as usize;
    let mut bytes = [0u8; LENGTH];
    // SAFETY: as many bytes as it says.
    if unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), LENGTH, 0) } != LENGTH.cast_signed() {
        let reason = format_args!("failed to read random bytes");
        // SAFETY: a context of ours.
        unsafe { Context::of(ctx) }.report().say("libxl__random_bytes", reason);
        return ERROR_FAIL;
    }
    // SAFETY: the caller gives a place for it.
    unsafe { memory::give(id, libxl_ms_vm_genid { bytes }) };
    0
}
