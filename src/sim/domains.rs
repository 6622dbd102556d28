//! Domains and what their vcpus do: `libxl_list_domain` and its kin.
//!
//! In: records. Out: what libxl makes of the hypervisor's `getdomaininfo`: the same flags, units and defaults.

use core::ffi::c_int;

use super::clock::ticks_now;
use super::ctx::Context;
use super::memory;
use super::record::{Head, flag};
use crate::xl::sys::{
    ERROR_DOMAIN_NOTFOUND, LIBXL_DOMAIN_TYPE_HVM, LIBXL_DOMAIN_TYPE_PV, LIBXL_SHUTDOWN_REASON_UNKNOWN, libxl_ctx,
    libxl_dominfo, libxl_uuid,
};

/// Bits of a guest-physical address on a CPU with HAP.
const GPADDR_BITS: u8 = 46;

/// As libxl's own: all domains, by number.
pub(super) unsafe extern "C" fn libxl_list_domain(ctx: *mut libxl_ctx, count: *mut c_int) -> *mut libxl_dominfo {
    // SAFETY: a context of ours, as every function of this room gets.
    let world = unsafe { Context::of(ctx) }.world();
    let now = ticks_now();
    let infos = world.heads().map(|head| dominfo(&head, now));
    let (first, written) = memory::array(world.domain_count(), infos);
    // SAFETY: the caller gives a place for the count.
    unsafe { memory::give(count, c_int::try_from(written).unwrap_or(c_int::MAX)) };
    first
}

/// As libxl's own; unlike most failures, an unknown number is not logged.
pub(super) unsafe extern "C" fn libxl_domain_info(ctx: *mut libxl_ctx, info: *mut libxl_dominfo, domid: u32) -> c_int {
    // SAFETY: as above.
    let world = unsafe { Context::of(ctx) }.world();
    let Some(head) = world.head(domid) else {
        return ERROR_DOMAIN_NOTFOUND;
    };
    // SAFETY: the caller gives null or a place for one.
    unsafe { memory::give(info, dominfo(&head, ticks_now())) };
    0
}

/// `libxl__xcinfo2xlinfo`. A PVH domain is an HVM one to the hypervisor; without FLASK there is no label.
fn dominfo(head: &Head, now: u64) -> libxl_dominfo {
    let is = |bit| head.flags & bit != 0;
    libxl_dominfo {
        uuid: libxl_uuid { uuid: head.uuid },
        domid: head.domid,
        ssidref: 0,
        ssid_label: core::ptr::null_mut(),
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
        gpaddr_bits: GPADDR_BITS,
        domain_type: if head.kind == LIBXL_DOMAIN_TYPE_PV { LIBXL_DOMAIN_TYPE_PV } else { LIBXL_DOMAIN_TYPE_HVM },
    }
}
