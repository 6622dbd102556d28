//! Domains and what their vcpus do: `libxl_list_domain` and its kin.
//!
//! In: records. Out: what libxl makes of the hypervisor's `getdomaininfo`: the same flags, units and defaults.

use core::ffi::c_int;
use core::ptr::null_mut;

use super::bitmaps::bitmap;
use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::clock::ticks_now;
use crate::sim::world::domain::{Domain, Head, NONE, Vcpu, flag};
use crate::sim::world::machine::{CPUS, nodes_of};
use crate::xl::sys::{
    ERROR_DOMAIN_NOTFOUND, ERROR_FAIL, LIBXL_DOMAIN_TYPE_HVM, LIBXL_DOMAIN_TYPE_PV, LIBXL_SHUTDOWN_REASON_UNKNOWN,
    libxl_bitmap, libxl_ctx, libxl_dominfo, libxl_uuid, libxl_vcpuinfo, libxl_vminfo,
};

/// Bits of a guest-physical address on this CPU, with HAP.
#[cfg(libxl_have = "DOMINFO_GPADDR_BITS")]
const GPADDR_BITS: u8 = 46;

/// As libxl's own: all domains, by number.
pub(crate) unsafe extern "C" fn libxl_list_domain(ctx: *mut libxl_ctx, count: *mut c_int) -> *mut libxl_dominfo {
    // SAFETY: a context of ours, as every function of this room gets.
    let world = unsafe { Context::of(ctx) }.world();
    let now = ticks_now();
    let infos = world.heads().map(|head| dominfo(&head, now));
    // SAFETY: the caller gives a place for the count.
    unsafe { memory::give_array(count, memory::array_of(world.domain_count(), infos)) }
}

/// As libxl's own; unlike most failures, an unknown number is not logged.
pub(crate) unsafe extern "C" fn libxl_domain_info(ctx: *mut libxl_ctx, info: *mut libxl_dominfo, domid: u32) -> c_int {
    // SAFETY: a context of ours.
    match unsafe { Context::of(ctx) }.world().head(domid) {
        Some(head) => {
            // SAFETY: the caller gives null or a place for one.
            unsafe { memory::give(info, dominfo(&head, ticks_now())) };
            0
        }
        None => ERROR_DOMAIN_NOTFOUND,
    }
}

/// As libxl's own: all domains but those that run another one's device model.
pub(crate) unsafe extern "C" fn libxl_list_vm(ctx: *mut libxl_ctx, count: *mut c_int) -> *mut libxl_vminfo {
    // SAFETY: a context of ours.
    let world = unsafe { Context::of(ctx) }.world();
    let vms = world.heads().filter(|head| head.device_model_of == NONE);
    let vms = vms.map(|head| libxl_vminfo { uuid: libxl_uuid { uuid: head.uuid }, domid: head.domid });
    // SAFETY: the caller gives a place for the count.
    unsafe { memory::give_array(count, memory::array_of(world.domain_count(), vms)) }
}

/// As libxl's own: the vcpus that exist, also those that are offline.
pub(crate) unsafe extern "C" fn libxl_list_vcpu(
    ctx: *mut libxl_ctx,
    domid: u32,
    count: *mut c_int,
    cpus: *mut c_int,
) -> *mut libxl_vcpuinfo {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    let Some(domain) = context.world().domain(domid) else {
        context.report().about(domid).because(libc::ESRCH).say("libxl_list_vcpu", format_args!("Getting infolist"));
        return null_mut();
    };
    let now = ticks_now();
    let vcpus = (0..).zip(existing(&domain)).map(|(vcpuid, vcpu)| vcpuinfo(vcpuid, vcpu, now));
    // SAFETY: the caller gives places for both counts.
    unsafe {
        memory::give(cpus, CPUS.cast_signed());
        memory::give_array(count, memory::array(vcpus))
    }
}

/// As libxl's own: the nodes of the CPUs that the vcpus prefer, else of those that they may run on, in a map that was
/// allocated for all nodes.
pub(crate) unsafe extern "C" fn libxl_domain_get_nodeaffinity(
    ctx: *mut libxl_ctx,
    domid: u32,
    nodemap: *mut libxl_bitmap,
) -> c_int {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    let Some(domain) = context.world().domain(domid) else {
        let report = context.report().about(domid).because(libc::ESRCH);
        report.say("libxl_domain_get_nodeaffinity", format_args!("Getting node affinity"));
        return ERROR_FAIL;
    };
    let union = |set: fn(&Vcpu) -> u64| existing(&domain).iter().fold(0, |cpus, vcpu| cpus | set(vcpu));
    let pool = context.world().machine().pool(domain.head.pool).map_or(0, |pool| pool.cpus);
    let hard = union(|vcpu| vcpu.hard) & pool;
    let soft = union(|vcpu| vcpu.soft) & hard;
    // SAFETY: the caller gives an allocated map.
    unsafe { super::bitmaps::overwrite(nodemap, nodes_of(if soft == 0 { hard } else { soft })) };
    0
}

/// `libxl__xcinfo2xlinfo`. A PVH domain is an HVM one to the hypervisor; without FLASK there is no label.
fn dominfo(head: &Head, now: u64) -> libxl_dominfo {
    let is = |bit| head.flags & bit != 0;
    libxl_dominfo {
        uuid: libxl_uuid { uuid: head.uuid },
        domid: head.domid,
        ssidref: 0,
        ssid_label: null_mut(),
        running: is(flag::RUNNING),
        blocked: is(flag::BLOCKED),
        paused: is(flag::PAUSED),
        shutdown: is(flag::SHUTDOWN),
        dying: is(flag::DYING),
        never_stop: false,
        shutdown_reason: if is(flag::SHUTDOWN) { head.shutdown_reason } else { LIBXL_SHUTDOWN_REASON_UNKNOWN },
        outstanding_memkb: 0,
        current_memkb: head.memory_kb,
        shared_memkb: 0,
        paged_memkb: 0,
        max_memkb: head.memory_max_kb,
        cpu_time: head.cpu_time.at(now),
        vcpu_max_id: head.vcpus - 1,
        vcpu_online: head.online,
        cpupool: head.pool,
        #[cfg(libxl_have = "DOMINFO_GPADDR_BITS")]
        gpaddr_bits: GPADDR_BITS,
        domain_type: if head.kind == LIBXL_DOMAIN_TYPE_PV { LIBXL_DOMAIN_TYPE_PV } else { LIBXL_DOMAIN_TYPE_HVM },
    }
}

/// The vcpus that exist.
fn existing(domain: &Domain) -> &[Vcpu] {
    &domain.detail.vcpus[..domain.head.vcpus as usize]
}

fn vcpuinfo(vcpuid: u32, vcpu: &Vcpu, now: u64) -> libxl_vcpuinfo {
    let is = |bit| vcpu.flags & bit != 0;
    libxl_vcpuinfo {
        vcpuid,
        cpu: vcpu.cpu,
        online: is(flag::ONLINE),
        blocked: is(flag::BLOCKED),
        running: is(flag::RUNNING),
        vcpu_time: vcpu.cpu_time.at(now),
        cpumap: bitmap(vcpu.hard, CPUS),
        cpumap_soft: bitmap(vcpu.soft, CPUS),
    }
}
