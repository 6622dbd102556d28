//! Vcpus: which are online, and where they may run.
//!
//! In: sets of vcpus, CPUs and nodes. Out: changed records, or what libxl says. A guest takes vcpus on- and offline as
//! it is told if it can hear it; when it cannot, libxl does not notice.

use core::ffi::c_int;

use super::bitmaps::set_of;
use super::change::{anything, changes, edit, operations, refused};
use super::vital::{obeys, place, settle};
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::world::domain::{Domain, VCPUS_MAX, Vcpu, flag};
use crate::sim::world::machine::{CPUS, NODES, cpus, node_of};
use crate::xl::sys::{ERROR_DOMAIN_NOTFOUND, ERROR_FAIL, ERROR_INVAL, libxl_bitmap};

operations! {
    /// As libxl's own: those of the set are to be online, the others offline.
    libxl_set_vcpuonline(domid: u32, wanted: *mut libxl_bitmap) => unchecked, set_online;
}

anything!(unchecked(u32, *mut libxl_bitmap));

changes! {
    /// As libxl's own.
    libxl_set_vcpuaffinity(
        domid: u32, vcpuid: u32, hard: *const libxl_bitmap, soft: *const libxl_bitmap,
    ) => pin;
    /// As libxl's own, which overrides what holds a vcpu where it is: nothing does here.
    libxl_set_vcpuaffinity_force(
        domid: u32, vcpuid: u32, hard: *const libxl_bitmap, soft: *const libxl_bitmap,
    ) => force;
    /// As libxl's own: as many vcpus as the caller thinks there are.
    libxl_set_vcpuaffinity_all(
        domid: u32, vcpus: u32, hard: *const libxl_bitmap, soft: *const libxl_bitmap,
    ) => pin_all;
    /// As libxl's own. What new memory of the domain comes from is nobody's to see; vcpus that prefer no CPU prefer
    /// these nodes from now on.
    libxl_domain_set_nodeaffinity(domid: u32, nodes: *mut libxl_bitmap) => set_nodes;
}

fn existing(domain: &mut Domain) -> &mut [Vcpu] {
    let count = (domain.head.vcpus as usize).min(VCPUS_MAX);
    &mut domain.detail.vcpus[..count]
}

/// # Safety
/// A bitmap.
unsafe fn set_online(context: &Context, domid: u32, wanted: *mut libxl_bitmap) -> Outcome {
    // SAFETY: the caller's promise.
    let wanted = unsafe { set_of(wanted) };
    let function = "libxl_set_vcpuonline";
    let absent = || refused(context, domid, 0, function, "Getting domain info list", ERROR_DOMAIN_NOTFOUND);
    edit(context, domid, absent, |domain| {
        let (asked, most) = (wanted.count_ones(), domain.head.vcpus);
        let reason = match asked {
            0 => "Requested 0 VCPUs!".to_owned(),
            _ if asked > most => format!("Requested {asked} VCPUs, however maxcpus is {most}!"),
            _ => {
                obey(domain, wanted);
                return Ok(());
            }
        };
        Err(refused(context, domid, 0, function, &reason, ERROR_FAIL))
    })
}

/// What a guest does with the wish. The first vcpu of a guest cannot be taken offline.
fn obey(domain: &mut Domain, wanted: u64) {
    if obeys(domain) || domain.head.domid == 0 {
        for (vcpuid, vcpu) in existing(domain).iter_mut().enumerate() {
            let online = vcpuid == 0 || wanted >> vcpuid & 1 == 1;
            vcpu.flags = if online { vcpu.flags | flag::ONLINE } else { vcpu.flags & !(flag::ONLINE | flag::RUNNING) };
        }
        settle(domain);
    }
}

/// # Safety
/// Each is null or a bitmap.
unsafe fn pin(
    context: &Context,
    domid: u32,
    vcpuid: u32,
    hard: *const libxl_bitmap,
    soft: *const libxl_bitmap,
) -> Outcome {
    if hard.is_null() && soft.is_null() {
        return Err(ERROR_INVAL);
    }
    // SAFETY: the caller's promise.
    unsafe { force(context, domid, vcpuid, hard, soft) }
}

/// # Safety
/// As of [`pin`].
unsafe fn force(
    context: &Context,
    domid: u32,
    vcpuid: u32,
    hard: *const libxl_bitmap,
    soft: *const libxl_bitmap,
) -> Outcome {
    // SAFETY: the caller's promise.
    let set = |map: *const libxl_bitmap| unsafe { (!map.is_null()).then(|| set_of(map) & cpus(0..CPUS)) };
    let (hard, soft) = (set(hard), set(soft));
    let refuse = |errno| refused(context, domid, errno, "libxl__set_vcpuaffinity", "Setting vcpu affinity", ERROR_FAIL);
    edit(
        context,
        domid,
        || refuse(libc::ESRCH),
        |domain| {
            let pool = context.world().machine().pool(domain.head.pool).map_or(0, |pool| pool.cpus);
            let vcpu = existing(domain).get_mut(vcpuid as usize).ok_or_else(|| refuse(libc::EINVAL))?;
            if hard.is_some_and(|hard| hard & pool == 0) {
                return Err(refuse(libc::EINVAL));
            }
            vcpu.hard = hard.unwrap_or(vcpu.hard);
            vcpu.soft = soft.unwrap_or(vcpu.soft);
            place(domain, pool);
            Ok(())
        },
    )
}

/// # Safety
/// As of [`pin`].
unsafe fn pin_all(
    context: &Context,
    domid: u32,
    vcpus: u32,
    hard: *const libxl_bitmap,
    soft: *const libxl_bitmap,
) -> Outcome {
    let mut outcome = Ok(());
    for vcpuid in 0..vcpus {
        // SAFETY: the caller's promise.
        if unsafe { pin(context, domid, vcpuid, hard, soft) }.is_err() {
            outcome = Err(ERROR_FAIL);
            // The rest is missing, too.
            if vcpuid as usize >= VCPUS_MAX {
                break;
            }
        }
    }
    outcome
}

/// # Safety
/// A bitmap that was allocated for all nodes.
unsafe fn set_nodes(context: &Context, domid: u32, nodes: *mut libxl_bitmap) -> Outcome {
    // SAFETY: the caller's promise.
    let nodes = unsafe { set_of(nodes) };
    let refuse =
        |errno| refused(context, domid, errno, "libxl_domain_set_nodeaffinity", "Setting node affinity", ERROR_FAIL);
    let chosen = (0..CPUS).filter(|&cpu| nodes >> node_of(cpu) & 1 == 1).fold(0, |cpus, cpu| cpus | 1 << cpu);
    edit(
        context,
        domid,
        || refuse(libc::ESRCH),
        |domain| {
            if nodes & ((1 << NODES) - 1) == 0 {
                return Err(refuse(libc::EINVAL));
            }
            existing(domain).iter_mut().for_each(|vcpu| vcpu.soft = chosen);
            Ok(())
        },
    )
}
