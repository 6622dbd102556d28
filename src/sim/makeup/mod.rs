//! The simulated host, made up from a seed: the same seed, the same host.
//!
//! In: a seed and the number of domains. Out: a filled [`World`]. All but the clocks follows from the two; a domain is
//! much the same on hosts of one seed and different sizes, but its size, its uptime and its [`Part`] depend on that.

mod devices;
mod domains;
mod machine;
mod passing;
mod random;

use std::io;

use crate::sim::world::World;
use crate::sim::world::clock::ticks_now;
use crate::xl::sys::{LIBXL_SHUTDOWN_REASON_CRASH, LIBXL_SHUTDOWN_REASON_POWEROFF, LIBXL_SHUTDOWN_REASON_REBOOT};
pub(super) use passing::passing;
pub(super) use random::Random;

/// What the hypervisor said when it was booted.
const BOOT_TEXT: &str = "(XEN) Xen version 4.17.7 (simulated)\n(XEN) Scrubbing Free RAM in background\n";
/// Hosts of fewer domains have none that is paused, shut down or dying.
const ALL_LIVE_BELOW: u32 = 16;
/// Hosts of fewer domains have no second cpupool.
const ONE_POOL_BELOW: u32 = 8;
/// The domain with a stubdom, which is the next one.
const WITH_STUBDOM: u32 = 7;

/// What a domain is there for. Hosts of [`ALL_LIVE_BELOW`] domains and more have some of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Domain-0.
    Dom0,
    /// A guest that lives.
    Guest,
    /// A guest that the toolstack has paused.
    Paused,
    /// A guest that has shut down, for this `libxl_shutdown_reason`, and is still there.
    ShutDown(i32),
    /// A destroyed guest whose last pages somebody still holds.
    Dying,
    /// It runs the device model of [`WITH_STUBDOM`].
    Stubdom,
}

impl Part {
    /// The part of the domain of that number, on a host of so many.
    fn of(domid: u32, domains: u32) -> Self {
        match domid {
            0 => Self::Dom0,
            _ if domains < ALL_LIVE_BELOW => Self::Guest,
            WITH_STUBDOM => Self::Guest,
            8 => Self::Stubdom,
            10 => Self::ShutDown(LIBXL_SHUTDOWN_REASON_POWEROFF),
            11 => Self::ShutDown(LIBXL_SHUTDOWN_REASON_CRASH),
            15 => Self::Dying,
            40 => Self::ShutDown(LIBXL_SHUTDOWN_REASON_REBOOT),
            _ if domid % 100 == 13 => Self::Paused,
            _ => Self::Guest,
        }
    }

    /// Its vcpus can run.
    fn is_live(self) -> bool {
        matches!(self, Self::Dom0 | Self::Guest | Self::Stubdom)
    }
}

/// Makes a host up, in memory of its own.
pub(super) fn host(seed: u64, domains: u32) -> io::Result<World> {
    let world = World::new(seed)?;
    fill(&world, domains)?;
    world.finish();
    Ok(world)
}

/// Makes a host up that nobody else has yet.
pub(super) fn fill(world: &World, domains: u32) -> io::Result<()> {
    let (held, seed) = (world.lock()?, world.seed());
    let mut machine = machine::machine(domains);
    let mut maker = domains::Maker::new(domains, &machine, ticks_now());
    let mut used_kb = 0;
    for domid in 0..domains {
        let mut random = Random::new(seed, domid.into());
        let domain = maker.domain(domid, &mut random);
        used_kb += domain.head.memory_kb;
        world.add_domain(&held, &domain, &devices::devices(&domain, Part::of(domid, domains), &mut random));
    }
    machine::size(&mut machine, used_kb);
    machine.next_domid = domains.into();
    world.set_machine(&held, &machine);
    let mut console = world.console();
    console.write(BOOT_TEXT);
    world.set_console(&held, &console);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::world::clock::TICK_NS;
    use crate::sim::world::domain::{Domain, flag};
    use crate::sim::world::machine::CPUS;

    fn all(world: &World) -> Vec<Domain> {
        world.heads().filter_map(|head| world.domain(head.domid)).collect()
    }

    #[test]
    fn no_host_uses_more_cpu_than_it_has() {
        for domains in [1, 2, 10, 100, 1000] {
            let rate: u64 = all(&host(3, domains).unwrap()).iter().map(|domain| domain.head.cpu_time.rate).sum();
            assert!(rate < u64::from(CPUS) * TICK_NS, "{domains} domains: {rate}");
        }
    }

    #[test]
    fn a_cpu_runs_one_vcpu_at_a_time() {
        let domains = all(&host(3, 1000).unwrap());
        let running =
            domains.iter().flat_map(|domain| &domain.detail.vcpus).filter(|vcpu| vcpu.flags & flag::RUNNING != 0);
        let mut cpus: Vec<u32> = running.map(|vcpu| vcpu.cpu).collect();
        assert!(cpus.len() > 5);
        cpus.sort_unstable();
        let count = cpus.len();
        cpus.dedup();
        assert_eq!(cpus.len(), count);
    }

    #[test]
    fn a_domain_is_the_sum_of_its_vcpus() {
        for domain in all(&host(3, 100).unwrap()) {
            let (later, vcpus) = (1 << 40, &domain.detail.vcpus);
            let sum: u64 = vcpus.iter().map(|vcpu| vcpu.cpu_time.at(later)).sum();
            assert_eq!(domain.head.cpu_time.at(later), sum);
            let online = vcpus.iter().filter(|vcpu| vcpu.flags & flag::ONLINE != 0).count();
            assert_eq!(domain.head.online as usize, online);
        }
    }

    #[test]
    fn hosts_large_enough_have_domains_in_every_state() {
        let parts: Vec<Part> = (0..100).map(|domid| Part::of(domid, 100)).collect();
        for part in [Part::Paused, Part::Dying, Part::Stubdom, Part::ShutDown(LIBXL_SHUTDOWN_REASON_CRASH)] {
            assert!(parts.contains(&part), "{part:?}");
        }
        assert!((0..15).all(|domid| Part::of(domid, 15).is_live()));
    }
}
