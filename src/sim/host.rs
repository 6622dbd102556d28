//! The simulated host, made up from a seed: the same seed, the same host.
//!
//! In: a seed and the number of domains. Out: a filled [`World`].

use std::io;

use super::clock::{Meter, TICK_NS, ticks_now};
use super::random::Random;
use super::record::{Domain, Head, Text, VCPUS_MAX, Vcpu, flag};
use super::world::World;
use crate::xl::sys::{LIBXL_DOMAIN_TYPE_HVM, LIBXL_DOMAIN_TYPE_PV, LIBXL_DOMAIN_TYPE_PVH};

/// Fills a world with domains, Domain-0 first.
pub(super) fn make_up(seed: u64, domains: u32) -> io::Result<World> {
    let world = World::new(seed)?;
    let held = world.lock()?;
    let now = ticks_now();
    for domid in 0..domains {
        world.add_domain(&held, &domain(seed, domid, now));
    }
    drop(held);
    Ok(world)
}

fn domain(seed: u64, domid: u32, now: u64) -> Domain {
    let mut random = Random::new(seed, domid.into());
    let is_dom0 = domid == 0;
    let online = if is_dom0 { 4 } else { random.pick(&[1u32, 1, 2, 2, 2, 4, 4, 8]) };
    let memory_kb = if is_dom0 { 4 << 20 } else { random.pick(&[512u64, 1024, 2048, 4096]) << 10 };
    let mut vcpus = [bytemuck::Zeroable::zeroed(); VCPUS_MAX];
    for vcpu in &mut vcpus[..online as usize] {
        let rate = random.between(1, TICK_NS / 100);
        let used_ns = random.between(1, 1 << 40);
        let cpu_time = Meter { used_ns, since: now, rate };
        *vcpu = Vcpu { cpu_time, hard: !0, soft: !0, cpu: 0, flags: flag::BLOCKED };
    }
    let head = Head {
        uuid: if is_dom0 { [0; 16] } else { random.uuid() },
        domid,
        pool: 0,
        kind: if is_dom0 {
            LIBXL_DOMAIN_TYPE_PV
        } else {
            random.pick(&[LIBXL_DOMAIN_TYPE_PV, LIBXL_DOMAIN_TYPE_PVH, LIBXL_DOMAIN_TYPE_HVM])
        },
        flags: if is_dom0 { flag::RUNNING } else { flag::BLOCKED },
        shutdown_reason: 0,
        vcpus: online,
        online,
        unused: 0,
        memory_kb,
        memory_max_kb: memory_kb,
        cpu_time: Meter {
            used_ns: vcpus.iter().map(|vcpu| vcpu.cpu_time.used_ns).sum(),
            since: now,
            rate: vcpus.iter().map(|vcpu| vcpu.cpu_time.rate).sum(),
        },
    };
    let name = if is_dom0 {
        "Domain-0".to_owned()
    } else {
        format!("{}-{domid:02}", random.pick(&["web", "db", "cache", "build", "mail", "dns"]))
    };
    Domain { head, vcpus, name: Text::new(&name) }
}
