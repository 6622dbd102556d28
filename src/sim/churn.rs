//! Domains that come and go by themselves.
//!
//! In: how often. Out: a thread that changes the host that often, in turn with everybody else who changes it. Whoever
//! looks waits for it no more than for others: not at all. What happens follows from the host's seed, from how often
//! something has happened before, and from what clients did meanwhile.
//!
//! A passing domain comes, runs for a while, may be seen dying, and is gone. How many there are is a matter of chance,
//! but never more than a quarter of the others ([`FEWEST`] on small hosts, [`MOST`] on large ones). A domain that
//! somebody else touches is kept: it passes no more, and is not counted here any more.
//!
//! Numbers ascend and come again as the hypervisor's do. Once each of them was used, the host's memory takes up some
//! 160 MB, and no more from then on.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use log::error;

use super::calls::death::let_die;
use super::calls::host_info::free_kb;
use super::makeup::{Random, passing};
use super::world::domain::flag;
use super::world::{Held, World};

/// Passing domains, at most, on a small host.
const FEWEST: u64 = 4;
/// The same on a large one.
const MOST: u64 = 64;
/// How far behind time the thread may be and still make up for it.
const LATE_MAX: Duration = Duration::from_secs(1);
/// Tells this stream of random numbers from those of the host's domains.
const STREAM: u64 = 1 << 63;

/// Begins.
pub(super) fn start(world: &'static World, times_per_second: f64) -> io::Result<()> {
    let period = Duration::from_secs_f64(1.0 / times_per_second);
    thread::Builder::new().name("sim-churn".to_owned()).spawn(move || go_on(world, period)).map(drop)
}

fn go_on(world: &World, period: Duration) {
    let mut next = Instant::now() + period;
    loop {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        match world.lock() {
            Ok(held) => happen(world, &held),
            Err(reason) => return error!("no domain comes or goes any more: {reason}"),
        }
        next = (next + period).max(Instant::now().checked_sub(LATE_MAX).unwrap_or(next));
    }
}

/// One domain comes, begins to die, or is gone; or nothing happens, for want of room.
fn happen(world: &World, held: &Held<'_>) {
    let happened = world.happens(held);
    let mut random = Random::new(world.seed(), STREAM | happened);
    let count = world.passing(held).count() as u64;
    let others = world.domain_count() as u64 - count;
    let most = (others / 4).clamp(FEWEST, MOST);
    if random.between(0, most - 1) >= count {
        come(world, held, happened, &mut random);
    } else if let Some(domid) = world.passing(held).nth(index(random.between(0, count - 1))) {
        go(world, held, domid, &mut random);
    }
}

fn index(of: u64) -> usize {
    usize::try_from(of).unwrap_or(0)
}

/// A domain appears, if there is memory for it, a number, and nobody else of its name.
fn come(world: &World, held: &Held<'_>, happened: u64, random: &mut Random) {
    let machine = world.machine();
    let Some(domid) = world.take_domid(held) else {
        return;
    };
    let (domain, devices) = passing(domid, happened, machine.pools[0].cpus, random);
    let is_taken = world.names().any(|(_, theirs)| theirs.as_c_str() == domain.detail.name.as_c_str());
    if !is_taken && domain.head.memory_max_kb <= free_kb(world, &machine) {
        world.add_passing(held, &domain, &devices);
    }
}

/// Half of the domains are seen dying, the others are gone at once.
fn go(world: &World, held: &Held<'_>, domid: u32, random: &mut Random) {
    let Some(mut domain) = world.domain(domid) else {
        return world.keep(held, domid);
    };
    if domain.head.flags & flag::DYING == 0 && random.between(0, 1) == 0 {
        let_die(&mut domain);
        world.update_domain(held, &domain);
    } else {
        world.remove_domain(held, domid);
    }
}

#[cfg(test)]
mod tests {
    use super::super::makeup;
    use super::*;

    const DOMAINS: u32 = 40;

    /// Numbers, uuids and names of all domains.
    fn all(world: &World) -> Vec<(u32, [u8; 16], String)> {
        let domains = world.heads().filter_map(|head| world.domain(head.domid));
        let name = |name: super::super::world::domain::Name| name.as_c_str().to_string_lossy().into_owned();
        domains.map(|domain| (domain.head.domid, domain.head.uuid, name(domain.detail.name))).collect()
    }

    fn after(happenings: u32, seed: u64) -> World {
        let world = makeup::host(seed, DOMAINS).unwrap();
        let held = world.lock().unwrap();
        (0..happenings).for_each(|_| happen(&world, &held));
        drop(held);
        world
    }

    #[test]
    fn the_same_seed_has_the_same_history() {
        let (one, same, other) = (after(500, 3), after(500, 3), after(500, 4));
        assert_eq!(all(&one), all(&same));
        assert_ne!(all(&one), all(&other));
    }

    /// More comings than there are numbers, so all of them were used, and some again.
    #[test]
    fn nothing_is_left_of_very_many_that_came_and_went() {
        let world = makeup::host(3, DOMAINS).unwrap();
        let held = world.lock().unwrap();
        let (made_up, free_before) = (all(&world), free_kb(&world, &world.machine()));
        let (mut most, mut highest, mut dying, mut wrapped) = (0, 0, 0, 0);
        for _ in 0..100_000 {
            let before = world.machine().next_domid;
            happen(&world, &held);
            wrapped += u32::from(world.machine().next_domid < before);
            most = most.max(world.passing(&held).count());
            highest = highest.max(world.passing(&held).last().unwrap_or(0));
            dying += world.passing(&held).filter_map(|domid| world.domain(domid)).filter(is_dying).count();
        }
        assert!((5..=10).contains(&most), "{most} at once, of {DOMAINS} others");
        assert!(highest == 0x7fef && wrapped > 0 && dying > 0, "{highest:#x}, {wrapped}, {dying}");
        assert_eq!(world.domain_count(), made_up.len() + world.passing(&held).count());
        let now = all(&world);
        assert!(made_up.iter().all(|one| now.contains(one)), "the others are as they were");
        for domid in Vec::from_iter(world.passing(&held)) {
            world.remove_domain(&held, domid);
        }
        assert_eq!((all(&world), free_kb(&world, &world.machine())), (made_up, free_before));
        assert_eq!(world.passing(&held).count(), 0);
    }

    fn is_dying(domain: &super::super::world::domain::Domain) -> bool {
        domain.head.flags & flag::DYING != 0
    }

    #[test]
    fn what_somebody_touches_stays() {
        let world = after(50, 3);
        let held = world.lock().unwrap();
        let mut touched = Vec::new();
        while touched.len() < 3 {
            happen(&world, &held);
            let alive = world.passing(&held).filter_map(|domid| world.domain(domid));
            if let Some(domain) = alive.filter(|domain| !is_dying(domain)).last() {
                world.set_domain(&held, &domain);
                touched.push((domain.head.domid, domain.head.uuid));
            }
        }
        (0..1000).for_each(|_| happen(&world, &held));
        for (domid, uuid) in touched {
            let domain = world.domain(domid).unwrap();
            assert!(domain.head.uuid == uuid && !is_dying(&domain));
        }
    }
}
