//! Domains that live: paused, shut down, resumed, renamed.
//!
//! In: a number. Out: a changed record, or what libxl says. A guest does what it is asked to at once, if it can hear
//! it: one that is paused, has shut down or has no PV drivers does not, and where libxl then waits for a minute the
//! simulator does not.

use core::ffi::{c_char, c_int};

use super::balloon::inflate;
use super::change::{anything, changes, edit, operations, refused, str_of};
use super::store::domain_type;
use super::vital::{obeys, settle, shut_down};
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::world::domain::{Name, flag};
use crate::xl::sys::{
    ERROR_DOMAIN_NOTFOUND, ERROR_FAIL, ERROR_GUEST_TIMEDOUT, ERROR_INVAL, ERROR_NI, ERROR_NOPARAVIRT, ERROR_TIMEDOUT,
    LIBXL_DOMAIN_TYPE_HVM, LIBXL_SHUTDOWN_REASON_CRASH, LIBXL_SHUTDOWN_REASON_POWEROFF, LIBXL_SHUTDOWN_REASON_REBOOT,
    LIBXL_SHUTDOWN_REASON_SUSPEND, LIBXL_TRIGGER_INIT, LIBXL_TRIGGER_NMI, LIBXL_TRIGGER_POWER, LIBXL_TRIGGER_RESET,
    LIBXL_TRIGGER_S3RESUME, LIBXL_TRIGGER_SLEEP, libxl_domain_create_info, libxl_trigger, libxl_uuid,
};

/// How often a domain can be paused.
const PAUSES_MAX: u32 = 255;
/// What libxl appends to a domain's name for the one that runs its device model.
const STUBDOM_SUFFIX: &str = "-dm";

operations! {
    /// As libxl's own: the hypervisor counts.
    libxl_domain_pause(domid: u32) => can_be_paused, pause;
    /// As libxl's own: one that was not paused is a failure.
    libxl_domain_unpause(domid: u32) => unchecked, unpause;
    /// As libxl's own.
    libxl_domain_shutdown(domid: u32) => hears, power_off;
    /// As libxl's own: the domain shuts down, and whoever watches it makes it anew.
    libxl_domain_reboot(domid: u32) => hears, reboot;
    /// As libxl's own.
    libxl_domain_suspend_only(domid: u32) => has_type, suspend;
    /// As libxl's own.
    libxl_domain_resume(domid: u32, suspend_cancel: c_int) => unchecked_resume, resume;
    /// As libxl's own, but that what a running guest does of it is to shut down, crash or nothing.
    libxl_send_trigger(domid: u32, trigger: libxl_trigger, vcpuid: u32) => can_be_triggered, pull;
    /// There is no memory to write to a file, and a simulator writes to no path that a client names: not implemented.
    libxl_domain_core_dump(domid: u32, filename: *const c_char) => unchecked_dump, dump_core;
}

anything!(unchecked(u32));
anything!(unchecked_resume(u32, c_int));
anything!(unchecked_dump(u32, *const c_char));

changes! {
    /// As libxl's own: a name belongs to one domain at a time.
    libxl_domain_rename(domid: u32, old: *const c_char, new: *const c_char) => rename;
    /// As libxl's own: the name gets a suffix. (libxl keeps the new uuid in xenstore alone, where nobody looks.)
    libxl_domain_preserve(
        domid: u32, info: *mut libxl_domain_create_info, suffix: *const c_char, uuid: libxl_uuid,
    ) => preserve;
    /// As libxl's own, which ignores what becomes of it.
    libxl_send_sysrq(domid: u32, key: c_char) => sysrq;
}

fn missing(context: &Context, domid: u32, function: &str, reason: &str) -> c_int {
    refused(context, domid, libc::ESRCH, function, reason, ERROR_FAIL)
}

fn can_be_paused(context: &Context, domid: u32) -> Outcome {
    let errno = match context.world().domain(domid) {
        // The one that asks.
        Some(_) if domid == 0 => libc::EINVAL,
        Some(domain) if domain.detail.pauses >= PAUSES_MAX => libc::EOVERFLOW,
        Some(_) => return Ok(()),
        None => libc::ESRCH,
    };
    Err(refused(context, domid, errno, "libxl_domain_pause", "Pausing domain", ERROR_FAIL))
}

fn pause(context: &Context, domid: u32) -> Outcome {
    edit(
        context,
        domid,
        || missing(context, domid, "libxl_domain_pause", "Pausing domain"),
        |domain| {
            domain.detail.pauses = (domain.detail.pauses + 1).min(PAUSES_MAX);
            settle(domain);
            Ok(())
        },
    )
}

fn unpause(context: &Context, domid: u32) -> Outcome {
    domain_type(context, domid).ok_or(ERROR_FAIL)?;
    edit(
        context,
        domid,
        || missing(context, domid, "domain_unpause_done", "Unpausing domain"),
        |domain| {
            domain.detail.pauses = domain.detail.pauses.checked_sub(1).ok_or_else(|| {
                refused(context, domid, libc::EINVAL, "domain_unpause_done", "Unpausing domain", ERROR_FAIL)
            })?;
            settle(domain);
            inflate(context, domain);
            Ok(())
        },
    )
}

fn has_type(context: &Context, domid: u32) -> Outcome {
    domain_type(context, domid).map(drop).ok_or(ERROR_FAIL)
}

/// `libxl__domain_pvcontrol_available`.
fn hears(context: &Context, domid: u32) -> Outcome {
    let kind = domain_type(context, domid).ok_or(ERROR_FAIL)?;
    let deaf = context.world().domain(domid).is_some_and(|domain| domain.detail.deaf != 0);
    if kind == LIBXL_DOMAIN_TYPE_HVM && deaf { Err(ERROR_NOPARAVIRT) } else { Ok(()) }
}

fn power_off(context: &Context, domid: u32) -> Outcome {
    ask_to_shut_down(context, domid, LIBXL_SHUTDOWN_REASON_POWEROFF)
}

fn reboot(context: &Context, domid: u32) -> Outcome {
    ask_to_shut_down(context, domid, LIBXL_SHUTDOWN_REASON_REBOOT)
}

fn ask_to_shut_down(context: &Context, domid: u32, reason: c_int) -> Outcome {
    edit(
        context,
        domid,
        || ERROR_FAIL,
        |domain| {
            if !obeys(domain) {
                let words = format_args!("guest didn't acknowledge control request: {ERROR_TIMEDOUT}");
                context.report().say("pvcontrol_cb", words);
                return Err(ERROR_TIMEDOUT);
            }
            shut_down(domain, reason);
            Ok(())
        },
    )
}

/// Suspends a domain: what a save ends with.
pub(super) fn suspend(context: &Context, domid: u32) -> Outcome {
    edit(
        context,
        domid,
        || missing(context, domid, "domain_suspend_callback_common", "unable to suspend"),
        |domain| {
            let suspended =
                domain.head.flags & flag::SHUTDOWN != 0 && domain.head.shutdown_reason == LIBXL_SHUTDOWN_REASON_SUSPEND;
            if !suspended && !obeys(domain) {
                let words = format_args!("guest did not suspend, timed out");
                context.report().about(domid).say("suspend_common_wait_guest_timeout", words);
                return Err(ERROR_GUEST_TIMEDOUT);
            }
            shut_down(domain, LIBXL_SHUTDOWN_REASON_SUSPEND);
            Ok(())
        },
    )
}

fn resume(context: &Context, domid: u32, _suspend_cancel: c_int) -> Outcome {
    domain_type(context, domid).ok_or(ERROR_FAIL)?;
    edit(
        context,
        domid,
        || missing(context, domid, "domain_resume_done", "xc_domain_resume failed"),
        |domain| {
            let is_suspended = domain.head.shutdown_reason == LIBXL_SHUTDOWN_REASON_SUSPEND;
            if domain.head.flags & flag::SHUTDOWN == 0 || !is_suspended {
                let reason = "xc_domain_resume failed";
                return Err(refused(context, domid, libc::EINVAL, "domain_resume_done", reason, ERROR_FAIL));
            }
            domain.head.flags &= !flag::SHUTDOWN;
            settle(domain);
            Ok(())
        },
    )
}

/// # Safety
/// Each is null or a string.
unsafe fn rename(context: &Context, domid: u32, old: *const c_char, new: *const c_char) -> Outcome {
    // SAFETY: the caller's promise.
    let (old, is_old, new, is_new) = unsafe { (str_of(old), !old.is_null(), str_of(new), !new.is_null()) };
    let function = "libxl__domain_rename";
    if !is_new {
        context.report().about(domid).say(function, format_args!("New domain name not specified"));
        return Err(ERROR_INVAL);
    }
    let name = new.and_then(record).filter(|_| old.is_some() || !is_old);
    let Some(name) = name else {
        context.report().about(domid).say(function, format_args!("A name is UTF-8 of at most 127 bytes here"));
        return Err(ERROR_FAIL);
    };
    give_name(context, domid, old, &name)
}

/// A name as a record, if it fits.
pub(super) fn record(name: &str) -> Option<Name> {
    let record = Name::new(name);
    (record.as_c_str().to_bytes() == name.as_bytes()).then_some(record)
}

fn give_name(context: &Context, domid: u32, old: Option<&str>, new: &Name) -> Outcome {
    let function = "libxl__domain_rename";
    let held = context.lock()?;
    let (world, name) = (context.world(), new.as_c_str().to_string_lossy());
    let taken = world.names().any(|(other, theirs)| other != domid && theirs.as_c_str() == new.as_c_str());
    if taken && !new.is_empty() {
        let reason = format_args!("Domain with name \"{name}\" already exists.");
        context.report().about(domid).say(function, reason);
        return Err(ERROR_INVAL);
    }
    let found = world.domain(domid);
    if let Some(old) = old {
        let Some(actual) = found.map(|domain| domain.detail.name).filter(|name| !name.is_empty()) else {
            let reason = format_args!("Check old name for domain allegedly named `{old}'");
            context.report().about(domid).because(libc::ENOENT).say(function, reason);
            return Err(ERROR_FAIL);
        };
        let actual = actual.as_c_str().to_string_lossy();
        if actual != old {
            let reason = format_args!("Allegedly named `{old}' is actually named `{actual}' - racing ?");
            context.report().about(domid).say(function, reason);
            return Err(ERROR_FAIL);
        }
    }
    let mut domain = found.ok_or(ERROR_DOMAIN_NOTFOUND)?;
    domain.detail.name = *new;
    world.set_domain(&held, &domain);
    if let Some(mut stubdom) = world.domain(domain.detail.store.stubdom).filter(|stubdom| stubdom.head.domid != 0) {
        stubdom.detail.name = Name::new(&format!("{name}{STUBDOM_SUFFIX}"));
        world.set_domain(&held, &stubdom);
    }
    Ok(())
}

/// # Safety
/// Information about the domain, with its name, and a string.
unsafe fn preserve(
    context: &Context,
    domid: u32,
    info: *mut libxl_domain_create_info,
    suffix: *const c_char,
    _uuid: libxl_uuid,
) -> Outcome {
    // SAFETY: the caller's promise.
    let (name, suffix) = unsafe { (str_of((*info).name), str_of(suffix)) };
    let name = name.ok_or(ERROR_INVAL)?;
    let preserved = record(&format!("{name}{}", suffix.unwrap_or("(null)"))).ok_or(ERROR_FAIL)?;
    give_name(context, domid, Some(name), &preserved)
}

fn can_be_triggered(context: &Context, domid: u32, trigger: libxl_trigger, vcpuid: u32) -> Outcome {
    let name = match trigger {
        LIBXL_TRIGGER_POWER => "power",
        LIBXL_TRIGGER_SLEEP => "sleep",
        LIBXL_TRIGGER_NMI => "nmi",
        LIBXL_TRIGGER_INIT => "init",
        LIBXL_TRIGGER_RESET => "reset",
        LIBXL_TRIGGER_S3RESUME => return has_type(context, domid),
        _ => "(null)",
    };
    let emulates = matches!(trigger, LIBXL_TRIGGER_POWER | LIBXL_TRIGGER_SLEEP);
    let errno = match context.world().head(domid) {
        None => libc::ESRCH,
        Some(_) if domid == 0 || name == "(null)" => libc::EINVAL,
        Some(head) if vcpuid >= head.vcpus => libc::EINVAL,
        Some(head) if emulates && head.kind != LIBXL_DOMAIN_TYPE_HVM => libc::ENOSYS,
        Some(_) => return Ok(()),
    };
    let reason = format!("Send trigger '{name}' failed");
    Err(refused(context, domid, errno, "libxl_send_trigger", &reason, ERROR_FAIL))
}

/// A running HVM guest takes the power button for what it is, and a reset resets it; an NMI crashes a guest.
fn pull(context: &Context, domid: u32, trigger: libxl_trigger, _vcpuid: u32) -> Outcome {
    edit(
        context,
        domid,
        || ERROR_FAIL,
        |domain| {
            let live = super::vital::is_live(domain);
            match trigger {
                LIBXL_TRIGGER_POWER if live => shut_down(domain, LIBXL_SHUTDOWN_REASON_POWEROFF),
                LIBXL_TRIGGER_RESET if live => shut_down(domain, LIBXL_SHUTDOWN_REASON_REBOOT),
                LIBXL_TRIGGER_NMI if live => shut_down(domain, LIBXL_SHUTDOWN_REASON_CRASH),
                _ => {}
            }
            Ok(())
        },
    )
}

/// Of the keys, `c` crashes a Linux guest, `b` and `o` reboot it and power it off; the others are not for others to
/// see.
fn sysrq(context: &Context, domid: u32, key: c_char) -> Outcome {
    let reason = match key.to_ne_bytes() {
        [b'c'] => LIBXL_SHUTDOWN_REASON_CRASH,
        [b'b'] => LIBXL_SHUTDOWN_REASON_REBOOT,
        [b'o'] => LIBXL_SHUTDOWN_REASON_POWEROFF,
        _ => return Ok(()),
    };
    // libxl writes into xenstore and does not look: a domain that there is not is no failure.
    let heard = edit(
        context,
        domid,
        || ERROR_FAIL,
        |domain| {
            if obeys(domain) {
                shut_down(domain, reason);
            }
            Ok(())
        },
    );
    let _ = heard;
    Ok(())
}

/// # Safety
/// A string.
unsafe fn dump_core(context: &Context, domid: u32, filename: *const c_char) -> Outcome {
    // SAFETY: the caller's promise.
    let path = unsafe { str_of(filename) }.unwrap_or_default();
    let known = context.world().head(domid).is_some();
    let (errno, code) = if known { (libc::ENOSYS, ERROR_NI) } else { (libc::ESRCH, ERROR_FAIL) };
    let reason = format!("Core dumping domain to {path}");
    Err(refused(context, domid, errno, "libxl_domain_core_dump", &reason, code))
}
