//! Domains, made up.
//!
//! In: a domain's number, its stream of random numbers, and the CPUs that nothing runs on yet. Out: its record.

use bytemuck::Zeroable;

use super::random::Random;
use super::{Part, WITH_STUBDOM};
use crate::sim::world::clock::{Meter, TICK_NS};
use crate::sim::world::domain::{Detail, Domain, Head, NONE, Share, Store, Text, Vcpu, flag};
use crate::sim::world::machine::{CPUS, Machine, cpus};
use crate::xl::sys::{LIBXL_DOMAIN_TYPE_HVM, LIBXL_DOMAIN_TYPE_PV, LIBXL_DOMAIN_TYPE_PVH};

/// When the host was booted, in September 2025, and until when its domains have counted CPU time, the end of that year.
const BOOTED_S: u64 = 1_756_702_800;
const COUNTED_S: u64 = 1_767_225_600;

pub(super) const ROLES: [&str; 12] =
    ["web", "db", "app", "cache", "mail", "dns", "build", "ci", "proxy", "queue", "monitor", "backup"];
const DOM0_KB: u64 = 4 << 20;
/// Enough for a device model.
const STUBDOM_KB: u64 = 32 << 10;
/// What is left of a domain that is being destroyed.
const REMAINS_KB: u64 = 64;
/// What libxl grants a domain above its target.
pub(super) const SLACK_KB: u64 = 1 << 10;

/// What the domains of a host share while they are made up.
#[derive(Debug)]
pub(super) struct Maker {
    domains: u32,
    now: u64,
    /// CPUs of each cpupool.
    pools: Vec<u64>,
    /// Those of them that nothing runs on yet.
    idle_cpus: Vec<u64>,
    /// What a waiting vcpu uses, on average, in ns a tick: all of them together use about two CPUs.
    waiting_rate: u64,
    /// The name of the domain made up last.
    last_name: String,
}

impl Maker {
    pub(super) fn new(domains: u32, machine: &Machine, now: u64) -> Self {
        let pools: Vec<u64> = machine.pools().map(|(_, pool)| pool.cpus).collect();
        let waiting_rate = (2 * TICK_NS / (3 * u64::from(domains))).clamp(2, TICK_NS / 50);
        Self { domains, now, idle_cpus: pools.clone(), pools, waiting_rate, last_name: String::new() }
    }

    /// The domain of that number. To be called in their order.
    pub(super) fn domain(&mut self, domid: u32, random: &mut Random) -> Domain {
        let part = Part::of(domid, self.domains);
        let head = self.head(domid, part, random);
        let store = self.store(domid, part, head.kind, random);
        let share = share(part, random);
        self.last_name = self.name(domid, part, random);
        let pauses = u32::from(part == Part::Paused);
        let detail = Detail { share, store, pauses, name: Text::new(&self.last_name), ..Detail::zeroed() };
        let mut domain = Domain { head, detail };
        domain.head.memory_kb = if part == Part::Dying { REMAINS_KB } else { store.target_kb };
        domain.head.memory_max_kb = store.target_kb + if part == Part::Dom0 { 0 } else { SLACK_KB };
        self.animate(&mut domain, part, random);
        if part == Part::Dying {
            domain.detail.store = Store::zeroed();
        }
        domain
    }

    fn head(&self, domid: u32, part: Part, random: &mut Random) -> Head {
        let uuid = random.uuid();
        let kind = random.pick(&[LIBXL_DOMAIN_TYPE_PV, LIBXL_DOMAIN_TYPE_PVH, LIBXL_DOMAIN_TYPE_HVM]);
        let vcpus = random.pick(&[1, 1, 2, 2, 2, 4, 4, 8]);
        let pool = u32::from(self.pools.len() > 1 && domid % 4 == 3 && domid != WITH_STUBDOM);
        let guest = Head { uuid, domid, pool, kind, vcpus, device_model_of: NONE, ..Head::zeroed() };
        match part {
            Part::Dom0 => Head { uuid: [0; 16], kind: LIBXL_DOMAIN_TYPE_PV, vcpus: 4, ..guest },
            Part::Stubdom => {
                Head { kind: LIBXL_DOMAIN_TYPE_PV, vcpus: 1, device_model_of: WITH_STUBDOM.cast_signed(), ..guest }
            }
            _ if self.has_stubdom(domid) => Head { kind: LIBXL_DOMAIN_TYPE_HVM, ..guest },
            Part::ShutDown(shutdown_reason) => Head { shutdown_reason, ..guest },
            _ => guest,
        }
    }

    fn has_stubdom(&self, domid: u32) -> bool {
        domid == WITH_STUBDOM && Part::of(domid + 1, self.domains) == Part::Stubdom
    }

    fn store(&self, domid: u32, part: Part, kind: i32, random: &mut Random) -> Store {
        // The more domains, the smaller they are.
        let largest_kb = match self.domains {
            ..=64 => 8 << 20,
            65..=1024 => 2 << 20,
            _ => 256 << 10,
        };
        let static_max_kb = match part {
            Part::Dom0 => DOM0_KB,
            Part::Stubdom => STUBDOM_KB,
            _ => largest_kb >> random.pick(&[0, 1, 1, 2, 2, 2, 3, 3, 4]),
        };
        let ballooned = part == Part::Guest && domid % 9 == 4;
        let share_s = (COUNTED_S - BOOTED_S) / u64::from(self.domains);
        let started_s = BOOTED_S + u64::from(domid) * share_s + random.between(0, share_s - 1);
        let tty = domid.cast_signed();
        let has_serial = part == Part::Stubdom || (kind == LIBXL_DOMAIN_TYPE_HVM && !domid.is_multiple_of(3));
        Store {
            target_kb: if ballooned { static_max_kb / 4 * 3 } else { static_max_kb },
            static_max_kb,
            started_s: if part == Part::Dom0 { 0 } else { u32::try_from(started_s).unwrap_or(u32::MAX) },
            stubdom: if self.has_stubdom(domid) { domid + 1 } else { 0 },
            console: if part == Part::Dom0 { NONE } else { 2 * tty },
            serial: if has_serial { 2 * tty + 1 } else { NONE },
        }
    }

    /// Ordinary names, and a few that are hard on whoever shows them. A dying domain has none any more.
    fn name(&self, domid: u32, part: Part, random: &mut Random) -> String {
        let role = random.pick(&ROLES);
        match (part, domid) {
            (Part::Dom0, _) => "Domain-0".to_owned(),
            (Part::Stubdom, _) => format!("{}-dm", self.last_name),
            (Part::Dying, _) => String::new(),
            (_, 6) => format!("{role}-06-zürich"),
            (_, 12) => r#"it's a "quoted" \ name"#.to_owned(),
            (_, 14) => format!("{role}-14-{}", "of-a-customer-with-a-naming-policy-".repeat(3)),
            _ => format!("{role}-{domid:02}"),
        }
    }

    /// Lets a live domain's vcpus run or wait, and sums up.
    fn animate(&mut self, domain: &mut Domain, part: Part, random: &mut Random) {
        let Domain { head, detail: Detail { vcpus, store, .. } } = domain;
        let own = &mut vcpus[..head.vcpus as usize];
        let uptime_s = COUNTED_S - u64::from(store.started_s).max(BOOTED_S);
        let mut runs_on = self.cpu_for(head.domid, head.pool, part);
        let (hard, soft) = affinity(head.domid);
        let last_ran_on =
            Vec::from_iter((0..CPUS).filter(|cpu| (self.pools[head.pool as usize] & hard) >> cpu & 1 == 1));
        for vcpu in &mut *own {
            let running = runs_on.take();
            let rate = match running {
                Some(_) => random.between(TICK_NS / 4, TICK_NS * 3 / 4),
                None => random.between(self.waiting_rate / 4 + 1, self.waiting_rate * 7 / 4),
            };
            let used_ns = uptime_s * 1_000_000_000 / TICK_NS * rate + random.between(0, TICK_NS);
            let last = random.pick(&last_ran_on);
            *vcpu = Vcpu {
                cpu_time: Meter { used_ns, since: self.now, rate: if part.is_live() { rate } else { 0 } },
                hard,
                soft,
                cpu: running.unwrap_or(last),
                flags: flag::ONLINE | activity(part, running.is_some()),
            };
        }
        unplug(head, part, own);
        head.online = u32::try_from(own.iter().filter(|vcpu| vcpu.flags & flag::ONLINE != 0).count()).unwrap_or(0);
        head.flags = domain_flags(part, own);
        head.cpu_time = Meter {
            used_ns: own.iter().map(|vcpu| vcpu.cpu_time.used_ns).sum(),
            since: self.now,
            rate: own.iter().map(|vcpu| vcpu.cpu_time.rate).sum(),
        };
    }

    /// The CPU that a domain's first vcpu runs on: Domain-0's always does, for it is the one that asks.
    fn cpu_for(&mut self, domid: u32, pool: u32, part: Part) -> Option<u32> {
        let busy = part == Part::Dom0 || (part == Part::Guest && domid % 5 == 1);
        let idle = self.idle_cpus.get_mut(pool as usize).filter(|idle| busy && **idle != 0)?;
        let cpu = idle.trailing_zeros();
        *idle &= *idle - 1;
        Some(cpu)
    }
}

/// What the scheduler was told: mostly nothing.
fn share(part: Part, random: &mut Random) -> Share {
    let guest = Share { weight: random.pick(&[256, 256, 256, 512]), cap: random.pick(&[0, 0, 0, 0, 50]) };
    if matches!(part, Part::Dom0 | Part::Stubdom) { Share { weight: 256, cap: 0 } } else { guest }
}

/// The CPUs that a domain's vcpus may run on, and those that they prefer: some domains are pinned, hard or soft.
fn affinity(domid: u32) -> (u64, u64) {
    let all = cpus(0..CPUS);
    match domid % 10 {
        2 => (cpus(0..8), all),
        9 => (all, cpus(8..CPUS)),
        _ => (all, all),
    }
}

/// A vcpu's activity.
fn activity(part: Part, running: bool) -> u32 {
    match (part.is_live(), running) {
        (true, true) => flag::RUNNING,
        (true, false) => flag::BLOCKED,
        (false, _) => 0,
    }
}

/// Takes the last vcpu of some live domains offline.
fn unplug(head: &Head, part: Part, vcpus: &mut [Vcpu]) {
    if let [_, .., last] = vcpus
        && part == Part::Guest
        && head.domid % 6 == 2
    {
        last.flags = 0;
        last.cpu_time.rate = 0;
    }
}

/// A domain runs if any of its vcpus does; it is blocked if all that are online are.
fn domain_flags(part: Part, vcpus: &[Vcpu]) -> u32 {
    let mut online = vcpus.iter().filter(|vcpu| vcpu.flags & flag::ONLINE != 0);
    match part {
        Part::Paused => flag::PAUSED,
        Part::ShutDown(_) => flag::SHUTDOWN,
        Part::Dying => flag::DYING | flag::SHUTDOWN | flag::PAUSED,
        _ if online.clone().any(|vcpu| vcpu.flags & flag::RUNNING != 0) => flag::RUNNING,
        _ if online.all(|vcpu| vcpu.flags & flag::BLOCKED != 0) => flag::BLOCKED,
        _ => 0,
    }
}
