//! Memory of domains that changes.
//!
//! In: targets in KiB. Out: changed records, or what libxl says. A guest that lives balloons to its target at once; one
//! that does not run keeps what it has until it does. Memory that nobody has left is not given.

use core::ffi::c_int;
use core::time::Duration;
use std::thread::sleep;

use super::change::{changes, refused};
use super::host_info::free_kb;
use super::store::{report_unlocked, store};
use super::vital::is_live;
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::world::domain::Domain;
use crate::xl::sys::{ERROR_FAIL, ERROR_INVAL, ERROR_LOCK_FAIL, ERROR_NOMEM};

/// What libxl lets a domain have above what it was told.
pub(super) const SLACK_KB: u64 = 1024;
/// What libxl leaves to Domain-0.
const DOM0_KB_MIN: u64 = 128 << 10;
/// libxl's own numbers for failures that its callers see: the first value of a variable.
const UNCHANGED: c_int = 1;

changes! {
    /// As libxl's own: what the domain may have at most.
    libxl_domain_setmaxmem(domid: u32, max_kb: u64) => set_max;
    /// As libxl's own: what the domain is to have.
    libxl_set_memory_target(domid: u32, target_kb: i64, relative: c_int, enforce: c_int) => set_target;
    /// As libxl's own: looks once a second.
    libxl_wait_for_free_memory(domid: u32, memory_kb: u64, seconds: c_int) => wait_for_free;
    /// As libxl's own, but that it looks before it waits, and each second: guests here balloon at once.
    libxl_wait_for_memory_target(domid: u32, seconds: c_int) => wait_for_target;
}

/// The domain, whose part of xenstore is there.
fn known(context: &Context, domid: u32) -> Result<Domain, c_int> {
    let found = context.world().domain(domid);
    found.ok_or_else(|| {
        report_unlocked(context, domid);
        ERROR_LOCK_FAIL
    })
}

fn set_max(context: &Context, domid: u32, max_kb: u64) -> Outcome {
    let function = "libxl_domain_setmaxmem";
    let held = context.lock()?;
    let mut domain = known(context, domid)?;
    if domain.detail.name.is_empty() {
        let reason = format!("Cannot get memory info from /local/domain/{domid}/memory/target");
        return Err(refused(context, domid, libc::ENOENT, function, &reason, UNCHANGED));
    }
    if max_kb < domain.detail.store.target_kb {
        let reason = "memory_static_max must be greater than or or equal to memory_dynamic_max";
        return Err(refused(context, domid, 0, function, reason, UNCHANGED));
    }
    domain.head.memory_max_kb = max_kb.saturating_add(extra_kb(domid));
    domain.detail.store.static_max_kb = max_kb;
    context.world().set_domain(&held, &domain);
    Ok(())
}

/// `libxl__arch_extra_memory`: nobody created Domain-0.
fn extra_kb(domid: u32) -> u64 {
    if domid == 0 { 0 } else { SLACK_KB }
}

fn set_target(context: &Context, domid: u32, target_kb: i64, relative: c_int, enforce: c_int) -> Outcome {
    let function = "libxl_set_memory_target";
    let held = context.lock()?;
    let mut domain = known(context, domid)?;
    if domain.detail.name.is_empty() {
        let reason = format!("Cannot get target memory info from /local/domain/{domid}/memory/target");
        return Err(refused(context, domid, libc::ENOENT, function, &reason, ERROR_FAIL));
    }
    let now_kb = domain.detail.store.target_kb;
    let target_kb = if relative != 0 { now_kb.saturating_add_signed(target_kb) } else { target_kb.cast_unsigned() };
    if target_kb > domain.detail.store.static_max_kb {
        let reason = "memory_dynamic_max must be less than or equal to memory_static_max\n";
        context.report().about(domid).say(function, format_args!("{reason}"));
        return Err(ERROR_INVAL);
    }
    if domid == 0 && target_kb < DOM0_KB_MIN {
        let reason = format_args!("New target {target_kb} for dom0 is below the minimum threshold");
        context.report().about(domid).say(function, reason);
        return Err(ERROR_INVAL);
    }
    if enforce != 0 {
        domain.head.memory_max_kb = target_kb + extra_kb(domid);
    }
    domain.detail.store.target_kb = target_kb;
    inflate(context, &mut domain);
    context.world().set_domain(&held, &domain);
    Ok(())
}

/// Lets a domain that can have the memory that it is to have, as far as there is some.
pub(super) fn inflate(context: &Context, domain: &mut Domain) {
    if is_live(domain) {
        let free_kb = free_kb(context.world(), &context.world().machine());
        let most_kb = domain.head.memory_max_kb.min(domain.head.memory_kb + free_kb);
        domain.head.memory_kb = domain.detail.store.target_kb.min(most_kb);
    }
}

fn wait_for_free(context: &Context, _domid: u32, memory_kb: u64, seconds: c_int) -> Outcome {
    for _ in 0..seconds {
        if free_kb(context.world(), &context.world().machine()) >= memory_kb {
            return Ok(());
        }
        sleep(Duration::from_secs(1));
    }
    Err(ERROR_NOMEM)
}

fn wait_for_target(context: &Context, domid: u32, seconds: c_int) -> Outcome {
    for _ in 0..seconds.max(1) {
        let Some((head, store)) = store(context, domid) else {
            let reason = format!("Cannot get target memory info from /local/domain/{domid}/memory/target");
            return Err(refused(context, domid, libc::ENOENT, "libxl__get_memory_target", &reason, ERROR_FAIL));
        };
        if head.memory_kb <= store.target_kb {
            return Ok(());
        }
        sleep(Duration::from_secs(1));
    }
    Err(ERROR_FAIL)
}
