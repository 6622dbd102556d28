//! Cpupools, changed.
//!
//! In: numbers, names, sets of CPUs. Out: a changed machine, or what libxl says when the hypervisor refuses. A CPU is
//! in one cpupool or in none; a cpupool with domains keeps a CPU.

use core::ffi::{c_char, c_int};

use bytemuck::Zeroable;

use super::bitmaps::set_of;
use super::build::WEIGHT;
use super::change::{changes, str_of};
use super::vital::place;
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::world::Held;
use crate::sim::world::domain::{Share, Text};
use crate::sim::world::machine::{CPUS, Machine, Pool, node_of};
use crate::xl::sys::{
    ERROR_FAIL, ERROR_INVAL, ERROR_NOMEM, LIBXL_CPUPOOL_POOLID_ANY, LIBXL_SCHEDULER_CREDIT, LIBXL_SCHEDULER_CREDIT2,
    libxl_bitmap, libxl_scheduler, libxl_uuid,
};

changes! {
    /// As libxl's own: 0 and all ones ask for any number. Of the schedulers, this hypervisor has both credit ones.
    libxl_cpupool_create(
        name: *const c_char, scheduler: libxl_scheduler, cpus: libxl_bitmap, uuid: *mut libxl_uuid, poolid: *mut u32,
    ) => create;
    /// As libxl's own: one with domains is an invalid argument.
    libxl_cpupool_destroy(poolid: u32) => destroy;
    /// As libxl's own, which does not mind if another one has the name.
    libxl_cpupool_rename(name: *const c_char, poolid: u32) => rename;
    /// As libxl's own.
    libxl_cpupool_cpuadd(poolid: u32, cpu: c_int) => add_cpu;
    /// As libxl's own: the free CPUs of a node, and how many there were.
    libxl_cpupool_cpuadd_node(poolid: u32, node: c_int, count: *mut c_int) => add_node;
    /// As libxl's own: as many as can be, and a failure if that is not all.
    libxl_cpupool_cpuadd_cpumap(poolid: u32, cpus: *const libxl_bitmap) => add_cpus;
    /// As libxl's own.
    libxl_cpupool_cpuremove(poolid: u32, cpu: c_int) => remove_cpu;
    /// As libxl's own: the cpupool's CPUs of a node, and how many there were.
    libxl_cpupool_cpuremove_node(poolid: u32, node: c_int, count: *mut c_int) => remove_node;
    /// As libxl's own: as many as can be, and a failure if that is not all.
    libxl_cpupool_cpuremove_cpumap(poolid: u32, cpus: *const libxl_bitmap) => remove_cpus;
    /// As libxl's own: Domain-0 stays where it is.
    libxl_cpupool_movedomain(poolid: u32, domid: u32) => move_domain;
}

fn refused(context: &Context, errno: c_int, function: &str, reason: &str) -> c_int {
    context.report().because(errno).say(function, format_args!("{reason}"));
    ERROR_FAIL
}

fn free_cpus(machine: &Machine) -> u64 {
    machine.pools().fold((1 << CPUS) - 1, |free, (_, pool)| free & !pool.cpus)
}

/// # Safety
/// A string, a bitmap, a place for a number.
unsafe fn create(
    context: &Context,
    name: *const c_char,
    scheduler: libxl_scheduler,
    cpus: libxl_bitmap,
    _uuid: *mut libxl_uuid,
    poolid: *mut u32,
) -> Outcome {
    let function = "libxl_cpupool_create";
    // SAFETY: the caller's promise.
    let (name, cpus, asked) = unsafe { (str_of(name).ok_or(ERROR_INVAL)?, set_of(&raw const cpus), *poolid) };
    let held = context.lock()?;
    let mut machine = context.world().machine();
    let is_free = |at: &usize| machine.pools.get(*at).is_some_and(|pool| pool.scheduler == 0);
    let number = match asked {
        0 | LIBXL_CPUPOOL_POOLID_ANY => (0..machine.pools.len()).find(is_free).ok_or(libc::ENOSPC),
        _ => Some(asked as usize).filter(is_free).ok_or(libc::EEXIST),
    };
    let known = matches!(scheduler, LIBXL_SCHEDULER_CREDIT | LIBXL_SCHEDULER_CREDIT2);
    let number = if known { number } else { Err(libc::ENOENT) };
    let number = number.map_err(|errno| refused(context, errno, function, "Could not create cpupool"))?;
    if cpus & !free_cpus(&machine) != 0 {
        return Err(refused(context, libc::ENODEV, function, "Error moving cpu to cpupool"));
    }
    let (ratelimit_us, tslice_ms, migration_delay_us) = (1000, 30, 0);
    machine.pools[number] =
        Pool { name: Text::new(name), cpus, scheduler, ratelimit_us, tslice_ms, migration_delay_us };
    context.world().set_machine(&held, &machine);
    // SAFETY: the caller's promise.
    unsafe { poolid.write(u32::try_from(number).unwrap_or(0)) };
    Ok(())
}

/// The machine, if it has the cpupool, else what libxl makes of the next one or of none.
fn machine_with(context: &Context, poolid: u32) -> Result<Machine, c_int> {
    let machine = context.world().machine();
    let last = machine.pools().last().map_or(0, |(number, _)| number);
    match machine.pool(poolid) {
        Some(_) => Ok(machine),
        None if poolid < last => Err(ERROR_INVAL),
        None => Err(ERROR_NOMEM),
    }
}

fn destroy(context: &Context, poolid: u32) -> Outcome {
    let held = context.lock()?;
    let mut machine = machine_with(context, poolid)?;
    if context.world().heads().any(|head| head.pool == poolid) {
        return Err(ERROR_INVAL);
    }
    machine.pools[poolid as usize] = Pool::zeroed();
    context.world().set_machine(&held, &machine);
    Ok(())
}

/// # Safety
/// A string.
unsafe fn rename(context: &Context, name: *const c_char, poolid: u32) -> Outcome {
    let held = context.lock()?;
    let mut machine = machine_with(context, poolid)?;
    // SAFETY: the caller's promise.
    machine.pools[poolid as usize].name = Text::new(unsafe { str_of(name) }.ok_or(ERROR_INVAL)?);
    context.world().set_machine(&held, &machine);
    Ok(())
}

fn add_cpu(context: &Context, poolid: u32, cpu: c_int) -> Outcome {
    let held = context.lock()?;
    let mut machine = context.world().machine();
    let bit = u32::try_from(cpu).ok().filter(|&cpu| cpu < CPUS).map(|cpu| 1 << cpu);
    let errno = match bit {
        None => libc::EINVAL,
        Some(bit) if free_cpus(&machine) & bit == 0 => libc::ENODEV,
        Some(_) if machine.pool(poolid).is_none() => libc::ENOENT,
        Some(bit) => {
            machine.pools[poolid as usize].cpus |= bit;
            context.world().set_machine(&held, &machine);
            return Ok(());
        }
    };
    let reason = format!("Error moving cpu {cpu} to cpupool");
    Err(refused(context, errno, "libxl_cpupool_cpuadd", &reason))
}

fn remove_cpu(context: &Context, poolid: u32, cpu: c_int) -> Outcome {
    let held = context.lock()?;
    let mut machine = context.world().machine();
    let bit = u32::try_from(cpu).ok().filter(|&cpu| cpu < CPUS).map_or(0, |cpu| 1 << cpu);
    let errno = match machine.pool(poolid) {
        None => libc::ENOENT,
        Some(pool) if pool.cpus & bit == 0 => libc::ENODEV,
        Some(pool) if pool.cpus == bit && context.world().heads().any(|head| head.pool == poolid) => libc::EBUSY,
        Some(_) => {
            machine.pools[poolid as usize].cpus &= !bit;
            context.world().set_machine(&held, &machine);
            move_vcpus(context, &held, poolid, machine.pools[poolid as usize].cpus);
            return Ok(());
        }
    };
    let reason = format!("Error removing cpu {cpu} from cpupool");
    Err(refused(context, errno, "libxl_cpupool_cpuremove", &reason))
}

/// Lets no vcpu of the cpupool stay where it may not run any more.
fn move_vcpus(context: &Context, held: &Held<'_>, poolid: u32, cpus: u64) {
    for head in context.world().heads().filter(|head| head.pool == poolid) {
        if let Some(mut domain) = context.world().domain(head.domid) {
            place(&mut domain, cpus);
            context.world().update_domain(held, &domain);
        }
    }
}

/// Adds or removes each CPU of a set, and says how many it was.
fn each(context: &Context, poolid: u32, cpus: u64, change: fn(&Context, u32, c_int) -> Outcome) -> c_int {
    let members = (0..CPUS.cast_signed()).filter(|cpu| cpus >> cpu & 1 == 1);
    c_int::try_from(members.filter(|&cpu| change(context, poolid, cpu).is_ok()).count()).unwrap_or(0)
}

fn cpus_of_node(node: c_int) -> u64 {
    (0..CPUS).filter(|&cpu| u32::try_from(node) == Ok(node_of(cpu))).fold(0, |cpus, cpu| cpus | 1 << cpu)
}

/// # Safety
/// A place for a number.
unsafe fn add_node(context: &Context, poolid: u32, node: c_int, count: *mut c_int) -> Outcome {
    let free = free_cpus(&context.world().machine());
    // SAFETY: the caller's promise.
    unsafe { count.write(each(context, poolid, free & cpus_of_node(node), add_cpu)) };
    Ok(())
}

/// # Safety
/// A place for a number.
unsafe fn remove_node(context: &Context, poolid: u32, node: c_int, count: *mut c_int) -> Outcome {
    let own = context.world().machine().pool(poolid).map_or(0, |pool| pool.cpus);
    // SAFETY: the caller's promise.
    unsafe { count.write(each(context, poolid, own & cpus_of_node(node), remove_cpu)) };
    Ok(())
}

/// # Safety
/// A bitmap.
unsafe fn add_cpus(context: &Context, poolid: u32, cpus: *const libxl_bitmap) -> Outcome {
    // SAFETY: the caller's promise.
    all(context, poolid, unsafe { set_of(cpus) }, add_cpu)
}

/// # Safety
/// A bitmap.
unsafe fn remove_cpus(context: &Context, poolid: u32, cpus: *const libxl_bitmap) -> Outcome {
    // SAFETY: the caller's promise.
    all(context, poolid, unsafe { set_of(cpus) }, remove_cpu)
}

fn all(context: &Context, poolid: u32, cpus: u64, change: fn(&Context, u32, c_int) -> Outcome) -> Outcome {
    let changed = each(context, poolid, cpus, change);
    if u32::try_from(changed) == Ok(cpus.count_ones()) { Ok(()) } else { Err(ERROR_FAIL) }
}

fn move_domain(context: &Context, poolid: u32, domid: u32) -> Outcome {
    let held = context.lock()?;
    let (world, machine) = (context.world(), context.world().machine());
    let errno = match (world.domain(domid), machine.pool(poolid)) {
        (None, _) => libc::ESRCH,
        (Some(_), _) if domid == 0 => libc::EINVAL,
        (Some(_), None) => libc::ENOENT,
        (Some(_), Some(pool)) if pool.cpus == 0 => libc::EBUSY,
        (Some(mut domain), Some(pool)) => {
            domain.head.pool = poolid;
            // A scheduler knows nothing of what another one was told.
            domain.detail.share = Share { weight: WEIGHT, cap: 0 };
            place(&mut domain, pool.cpus);
            world.set_domain(&held, &domain);
            return Ok(());
        }
    };
    let report = context.report().about(domid).because(errno);
    report.say("libxl_cpupool_movedomain", format_args!("Error moving domain to cpupool"));
    Err(ERROR_FAIL)
}
