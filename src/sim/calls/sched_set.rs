//! Parameters of schedulers, set.
//!
//! In: libxl's structs. Out: changed records, or what libxl says of values out of range and of schedulers that are not
//! the pool's.

use core::ffi::c_int;

use super::change::{changes, refused};
use super::sched::{pool_with, scheduler_of};
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::world::machine::Pool;
use crate::xl::sys::{
    ERROR_FAIL, ERROR_FEATURE_REMOVED, ERROR_INVAL, LIBXL_DOMAIN_SCHED_PARAM_CAP_DEFAULT,
    LIBXL_DOMAIN_SCHED_PARAM_WEIGHT_DEFAULT, LIBXL_SCHEDULER_ARINC653, LIBXL_SCHEDULER_CREDIT, LIBXL_SCHEDULER_CREDIT2,
    LIBXL_SCHEDULER_NULL, LIBXL_SCHEDULER_RTDS, LIBXL_SCHEDULER_SEDF, LIBXL_SCHEDULER_UNKNOWN,
    libxl_domain_sched_params, libxl_sched_credit_params, libxl_sched_credit2_params, libxl_scheduler,
    libxl_vcpu_sched_params,
};

const TSLICE_MS: core::ops::RangeInclusive<c_int> = 1..=1000;
const RATELIMIT_US: core::ops::RangeInclusive<c_int> = 100..=500_000;
const MIGRATION_DELAY_US_MAX: c_int = 100_000;
const WEIGHTS: core::ops::RangeInclusive<c_int> = 1..=65535;

changes! {
    /// As libxl's own: what is in force comes back.
    libxl_sched_credit_params_set(poolid: u32, params: *mut libxl_sched_credit_params) => set_credit;
    /// As libxl's own: likewise.
    libxl_sched_credit2_params_set(poolid: u32, params: *mut libxl_sched_credit2_params) => set_credit2;
    /// As libxl's own: what has its default stays as it is.
    libxl_domain_sched_params_set(domid: u32, params: *const libxl_domain_sched_params) => set_domain;
    /// As libxl's own: the credit schedulers have no parameters for single vcpus.
    libxl_vcpu_sched_params_set(domid: u32, params: *const libxl_vcpu_sched_params) => set_vcpus;
    /// As libxl's own: likewise.
    libxl_vcpu_sched_params_set_all(domid: u32, params: *const libxl_vcpu_sched_params) => set_all_vcpus;
    /// As libxl's own: likewise.
    libxl_vcpu_sched_params_get(domid: u32, params: *mut libxl_vcpu_sched_params) => get_vcpus;
}

fn invalid(context: &Context, function: &str, reason: core::fmt::Arguments<'_>) -> c_int {
    context.report().say(function, reason);
    ERROR_INVAL
}

fn check_ratelimit(context: &Context, ratelimit: c_int) -> Outcome {
    if ratelimit == 0 || RATELIMIT_US.contains(&ratelimit) {
        return Ok(());
    }
    let (least, most) = (RATELIMIT_US.start(), RATELIMIT_US.end());
    let reason = format_args!("Ratelimit out of range, valid range is from {least} to {most}");
    Err(invalid(context, "sched_ratelimit_check", reason))
}

/// Changes a pool that has the scheduler.
fn edit_pool(context: &Context, poolid: u32, scheduler: libxl_scheduler, edit: impl FnOnce(&mut Pool)) -> Outcome {
    let held = context.lock()?;
    let (function, reason) = match scheduler {
        LIBXL_SCHEDULER_CREDIT => ("libxl_sched_credit_params_set", "Setting Credit scheduler parameters"),
        _ => ("libxl_sched_credit2_params_set", "Setting Credit2 scheduler parameters"),
    };
    let pool = pool_with(context, poolid, scheduler).map_err(|errno| {
        context.report().because(errno).say(function, format_args!("{reason}"));
        ERROR_FAIL
    })?;
    let mut machine = context.world().machine();
    let place = &mut machine.pools[poolid as usize];
    *place = pool;
    edit(place);
    context.world().set_machine(&held, &machine);
    Ok(())
}

/// # Safety
/// Parameters.
unsafe fn set_credit(context: &Context, poolid: u32, params: *mut libxl_sched_credit_params) -> Outcome {
    let function = "libxl_sched_credit_params_set";
    // SAFETY: the caller's promise.
    let wanted = unsafe { *params };
    if !TSLICE_MS.contains(&wanted.tslice_ms) {
        let (least, most) = (TSLICE_MS.start(), TSLICE_MS.end());
        let reason = format_args!("Time slice out of range, valid range is from {least} to {most}");
        return Err(invalid(context, function, reason));
    }
    check_ratelimit(context, wanted.ratelimit_us)?;
    if wanted.ratelimit_us > wanted.tslice_ms * 1000 {
        return Err(invalid(context, function, format_args!("Ratelimit cannot be greater than timeslice")));
    }
    if wanted.vcpu_migr_delay_us > MIGRATION_DELAY_US_MAX {
        let reason = format_args!("vcpu migration delay should be >= 0 and <= {MIGRATION_DELAY_US_MAX}us");
        return Err(invalid(context, function, reason));
    }
    edit_pool(context, poolid, LIBXL_SCHEDULER_CREDIT, |pool| {
        pool.tslice_ms = wanted.tslice_ms;
        pool.ratelimit_us = wanted.ratelimit_us;
        pool.migration_delay_us = wanted.vcpu_migr_delay_us;
    })
}

/// # Safety
/// Parameters.
unsafe fn set_credit2(context: &Context, poolid: u32, params: *mut libxl_sched_credit2_params) -> Outcome {
    // SAFETY: the caller's promise.
    let ratelimit_us = unsafe { (*params).ratelimit_us };
    check_ratelimit(context, ratelimit_us)?;
    edit_pool(context, poolid, LIBXL_SCHEDULER_CREDIT2, |pool| pool.ratelimit_us = ratelimit_us)
}

/// # Safety
/// Parameters.
unsafe fn set_domain(context: &Context, domid: u32, params: *const libxl_domain_sched_params) -> Outcome {
    // SAFETY: the caller's promise.
    let wanted = unsafe { *params };
    let asked = match wanted.sched {
        LIBXL_SCHEDULER_UNKNOWN => scheduler_of(context, domid).unwrap_or(LIBXL_SCHEDULER_UNKNOWN),
        named => named,
    };
    let function = "libxl_domain_sched_params_set";
    match asked {
        LIBXL_SCHEDULER_CREDIT | LIBXL_SCHEDULER_CREDIT2 => set_share(context, domid, asked, &wanted),
        LIBXL_SCHEDULER_SEDF => {
            Err(refused(context, domid, 0, function, "SEDF scheduler no longer available", ERROR_FEATURE_REMOVED))
        }
        // They have no parameters for domains, so nobody asks the hypervisor.
        LIBXL_SCHEDULER_ARINC653 | LIBXL_SCHEDULER_NULL => Ok(()),
        LIBXL_SCHEDULER_RTDS => {
            let reason = "Getting domain sched rtds";
            Err(refused(context, domid, libc::EINVAL, "sched_rtds_domain_set", reason, ERROR_FAIL))
        }
        _ => Err(refused(context, domid, 0, function, "Unknown scheduler", ERROR_INVAL)),
    }
}

/// Both credit schedulers have the same parameters.
fn set_share(context: &Context, domid: u32, asked: libxl_scheduler, wanted: &libxl_domain_sched_params) -> Outcome {
    let (function, name) = match asked {
        LIBXL_SCHEDULER_CREDIT => ("sched_credit_domain_set", "credit"),
        _ => ("sched_credit2_domain_set", "credit2"),
    };
    super::change::edit(
        context,
        domid,
        || ERROR_INVAL,
        |domain| {
            let machine = context.world().machine();
            if machine.pool(domain.head.pool).map(|pool| pool.scheduler) != Some(asked) {
                let reason = format!("Getting domain sched {name}");
                return Err(refused(context, domid, libc::EINVAL, function, &reason, ERROR_FAIL));
            }
            if wanted.weight != LIBXL_DOMAIN_SCHED_PARAM_WEIGHT_DEFAULT {
                if !WEIGHTS.contains(&wanted.weight) {
                    let reason = "Cpu weight out of range, valid values are within range from 1 to 65535";
                    return Err(refused(context, domid, 0, function, reason, ERROR_INVAL));
                }
                domain.detail.share.weight = wanted.weight.cast_unsigned();
            }
            if wanted.cap != LIBXL_DOMAIN_SCHED_PARAM_CAP_DEFAULT {
                let most = domain.head.vcpus * 100;
                domain.detail.share.cap =
                    u32::try_from(wanted.cap).ok().filter(|&cap| cap <= most).ok_or_else(|| {
                        let range = format!("valid range is from 0 to {most} for specified number of vcpus");
                        let reason = format!("Cpu cap out of range, {range}");
                        refused(context, domid, 0, function, &reason, ERROR_INVAL)
                    })?;
            }
            Ok(())
        },
    )
}

/// The scheduler that the caller names, or else that of the domain.
fn named(context: &Context, domid: u32, asked: libxl_scheduler) -> Option<libxl_scheduler> {
    if asked == LIBXL_SCHEDULER_UNKNOWN { scheduler_of(context, domid) } else { Some(asked) }
}

/// What all functions for parameters of single vcpus say.
fn no_vcpus(context: &Context, domid: u32, scheduler: Option<libxl_scheduler>, function: &str, verb: &str) -> Outcome {
    let reason = match scheduler {
        Some(LIBXL_SCHEDULER_SEDF) => {
            return Err(refused(
                context,
                domid,
                0,
                function,
                "SEDF scheduler is no longer available",
                ERROR_FEATURE_REMOVED,
            ));
        }
        Some(_) => format!("per-VCPU parameter {verb} not supported for this scheduler"),
        None => "Unknown scheduler".to_owned(),
    };
    Err(refused(context, domid, 0, function, &reason, ERROR_INVAL))
}

/// # Safety
/// Parameters.
unsafe fn set_vcpus(context: &Context, domid: u32, params: *const libxl_vcpu_sched_params) -> Outcome {
    // SAFETY: the caller's promise.
    let scheduler = named(context, domid, unsafe { (*params).sched });
    no_vcpus(context, domid, scheduler, "libxl_vcpu_sched_params_set", "setting")
}

/// # Safety
/// Parameters.
unsafe fn set_all_vcpus(context: &Context, domid: u32, params: *const libxl_vcpu_sched_params) -> Outcome {
    // SAFETY: the caller's promise.
    let scheduler = named(context, domid, unsafe { (*params).sched });
    no_vcpus(context, domid, scheduler, "libxl_vcpu_sched_params_set_all", "setting")
}

/// # Safety
/// Parameters.
unsafe fn get_vcpus(context: &Context, domid: u32, params: *mut libxl_vcpu_sched_params) -> Outcome {
    let found = scheduler_of(context, domid);
    // SAFETY: the caller's promise.
    unsafe { (*params).sched = found.unwrap_or(LIBXL_SCHEDULER_UNKNOWN) };
    no_vcpus(context, domid, found, "libxl_vcpu_sched_params_get", "getting")
}
