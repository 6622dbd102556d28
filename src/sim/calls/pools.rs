//! Cpupools.
//!
//! In: the machine's records. Out: libxl's structs, numbers and names.

use core::ffi::{CStr, c_char, c_int};
use core::ptr::null_mut;

use super::bitmaps::bitmap;
use super::names::number;
use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::World;
use crate::sim::world::machine::{CPUS, Machine, Pool};
use crate::xl::sys::{ERROR_FAIL, ERROR_INVAL, libxl_bitmap, libxl_cpupoolinfo, libxl_ctx};

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_list_cpupool(ctx: *mut libxl_ctx, count: *mut c_int) -> *mut libxl_cpupoolinfo {
    // SAFETY: a context of ours.
    let world = unsafe { Context::of(ctx) }.world();
    let machine = world.machine();
    let infos = machine.pools().map(|(number, pool)| cpupoolinfo(world, number, pool));
    // SAFETY: the caller gives a place for the count.
    unsafe { memory::give_array(count, memory::array(infos)) }
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_cpupool_info(
    ctx: *mut libxl_ctx,
    info: *mut libxl_cpupoolinfo,
    poolid: u32,
) -> c_int {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    let machine = context.world().machine();
    match machine.pool(poolid) {
        Some(pool) => {
            // SAFETY: the caller gives a place for one.
            unsafe { memory::give(info, cpupoolinfo(context.world(), poolid, pool)) };
            0
        }
        None => {
            report_missing(context, &machine, poolid);
            ERROR_FAIL
        }
    }
}

/// The hypervisor answers for the next cpupool when it does not know the number, and libxl notices.
fn report_missing(context: &Context, machine: &Machine, poolid: u32) {
    let (report, function) = (context.report(), "cpupool_info");
    match machine.pools().find(|&(number, _)| number > poolid) {
        Some((next, _)) => {
            report.say(function, format_args!("got info for cpupool{next}, wanted cpupool{poolid}"));
        }
        None => {
            let reason = format_args!("failed to get info for cpupool{poolid}");
            report.because(libc::ENOENT).say(function, reason);
        }
    }
}

fn cpupoolinfo(world: &World, poolid: u32, pool: &Pool) -> libxl_cpupoolinfo {
    let domains = world.heads().filter(|head| head.pool == poolid).count();
    libxl_cpupoolinfo {
        poolid,
        pool_name: memory::text(pool.name.as_c_str()),
        sched: pool.scheduler,
        n_dom: u32::try_from(domains).unwrap_or(u32::MAX),
        cpumap: bitmap(pool.cpus, CPUS),
    }
}

/// As libxl's own: the CPUs of no cpupool.
pub(crate) unsafe extern "C" fn libxl_get_freecpus(ctx: *mut libxl_ctx, cpumap: *mut libxl_bitmap) -> c_int {
    // SAFETY: a context of ours.
    let machine = unsafe { Context::of(ctx) }.world().machine();
    let taken = machine.pools().fold(0, |cpus, (_, pool)| cpus | pool.cpus);
    // SAFETY: the caller gives a place for a bitmap.
    unsafe { memory::give(cpumap, bitmap(!taken, CPUS)) };
    0
}

/// As libxl's own: null for a cpupool that there is not.
pub(crate) unsafe extern "C" fn libxl_cpupoolid_to_name(ctx: *mut libxl_ctx, poolid: u32) -> *mut c_char {
    // SAFETY: a context of ours.
    let machine = unsafe { Context::of(ctx) }.world().machine();
    machine.pool(poolid).map_or(null_mut(), |pool| memory::text(pool.name.as_c_str()))
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_cpupoolid_is_valid(ctx: *mut libxl_ctx, poolid: u32) -> c_int {
    // SAFETY: a context of ours.
    unsafe { Context::of(ctx) }.world().machine().pool(poolid).is_some().into()
}

/// As libxl's own: an unknown name is an invalid argument.
pub(crate) unsafe extern "C" fn libxl_name_to_cpupoolid(
    ctx: *mut libxl_ctx,
    name: *const c_char,
    poolid: *mut u32,
) -> c_int {
    // SAFETY: a context of ours, and a string of the caller's.
    let (machine, name) = unsafe { (Context::of(ctx).world().machine(), CStr::from_ptr(name)) };
    match machine.pools().find(|(_, pool)| pool.name.as_c_str() == name) {
        Some((number, _)) => {
            // SAFETY: the caller gives a place for it.
            unsafe { memory::give(poolid, number) };
            0
        }
        None => ERROR_INVAL,
    }
}

/// As libxl's own: digits are taken as a number, whether there is such a cpupool or not.
pub(crate) unsafe extern "C" fn libxl_cpupool_qualifier_to_cpupoolid(
    ctx: *mut libxl_ctx,
    qualifier: *const c_char,
    poolid: *mut u32,
    was_name: *mut c_int,
) -> c_int {
    // SAFETY: a string of the caller's, which gives places for the results.
    unsafe {
        let number = number(CStr::from_ptr(qualifier));
        memory::give(was_name, number.is_none().into());
        match number {
            Some(number) => memory::give(poolid, number),
            None => return libxl_name_to_cpupoolid(ctx, qualifier, poolid),
        }
    }
    0
}
