//! Whether a domain's vcpus run.
//!
//! In: a domain that somebody has paused, shut down, or changed the vcpus of. Out: the same with its flags, its clocks
//! and its counts in agreement. What ran before goes on; what begins to run waits for something most of the time.

use crate::sim::world::clock::{Meter, TICK_NS, ticks_now};
use crate::sim::world::domain::{Domain, VCPUS_MAX, Vcpu, flag};

/// What a vcpu that waits uses, in ns a tick.
const WAITING_RATE: u64 = TICK_NS / 64;

/// Its vcpus can run.
pub(super) fn is_live(domain: &Domain) -> bool {
    domain.head.flags & (flag::PAUSED | flag::SHUTDOWN | flag::DYING) == 0
}

/// It hears what the toolstack asks of it, and does it.
pub(super) fn obeys(domain: &Domain) -> bool {
    domain.head.domid != 0 && is_live(domain) && domain.detail.deaf == 0
}

/// Lets it be paused as often as its count says, and brings everything else into agreement.
pub(in crate::sim) fn settle(domain: &mut Domain) {
    let (now, kept) = (ticks_now(), flag::SHUTDOWN | flag::DYING);
    let paused = if domain.detail.pauses > 0 || domain.head.flags & flag::DYING != 0 { flag::PAUSED } else { 0 };
    domain.head.flags = domain.head.flags & kept | paused;
    let (live, count) = (is_live(domain), domain.head.vcpus as usize);
    let vcpus = &mut domain.detail.vcpus[..count.min(VCPUS_MAX)];
    for vcpu in &mut *vcpus {
        let runs = live && vcpu.flags & flag::ONLINE != 0;
        let rate = if runs { vcpu.cpu_time.rate.max(WAITING_RATE) } else { 0 };
        vcpu.cpu_time = Meter { used_ns: vcpu.cpu_time.at(now), since: now, rate };
        let active = vcpu.flags & flag::RUNNING | if vcpu.flags & flag::RUNNING == 0 { flag::BLOCKED } else { 0 };
        vcpu.flags = vcpu.flags & flag::ONLINE | if runs { active } else { 0 };
    }
    let online = || vcpus.iter().filter(|vcpu| vcpu.flags & flag::ONLINE != 0);
    domain.head.online = u32::try_from(online().count()).unwrap_or(0);
    if online().any(|vcpu| vcpu.flags & flag::RUNNING != 0) {
        domain.head.flags |= flag::RUNNING;
    } else if live && online().all(|vcpu| vcpu.flags & flag::BLOCKED != 0) {
        domain.head.flags |= flag::BLOCKED;
    }
    domain.head.cpu_time = Meter {
        used_ns: vcpus.iter().map(|vcpu| vcpu.cpu_time.used_ns).sum(),
        since: now,
        rate: vcpus.iter().map(|vcpu| vcpu.cpu_time.rate).sum(),
    };
}

/// Shuts it down, for a `libxl_shutdown_reason`.
pub(super) fn shut_down(domain: &mut Domain, reason: i32) {
    domain.head.flags |= flag::SHUTDOWN;
    domain.head.shutdown_reason = reason;
    settle(domain);
}

/// Moves vcpus that run or ran last where they may not to where they may.
pub(in crate::sim) fn place(domain: &mut Domain, pool_cpus: u64) {
    for vcpu in &mut domain.detail.vcpus[..(domain.head.vcpus as usize).min(VCPUS_MAX)] {
        let allowed = allowed(vcpu, pool_cpus);
        if allowed != 0 && allowed >> vcpu.cpu & 1 == 0 {
            vcpu.cpu = allowed.trailing_zeros();
            // Somebody may be running there.
            vcpu.flags &= !flag::RUNNING;
            vcpu.cpu_time.rate = vcpu.cpu_time.rate.min(WAITING_RATE);
        }
    }
    settle(domain);
}

/// The CPUs that a vcpu can run on: none only in a cpupool without any.
fn allowed(vcpu: &Vcpu, pool_cpus: u64) -> u64 {
    if vcpu.hard & pool_cpus == 0 { pool_cpus } else { vcpu.hard & pool_cpus }
}
