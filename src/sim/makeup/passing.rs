//! Guests that come by themselves, and will go by themselves.
//!
//! In: a number, how many things have happened before, and the host's seed. Out: a running guest of ordinary size, with
//! devices as other guests have them.

use std::time::{SystemTime, UNIX_EPOCH};

use bytemuck::Zeroable;

use super::domains::{ROLES, SLACK_KB};
use super::random::Random;
use super::{Part, devices};
use crate::sim::calls::vital::{place, settle};
use crate::sim::world::device::Device;
use crate::sim::world::domain::{Detail, Domain, Head, NONE, Share, Store, Text, Vcpu, flag};
use crate::sim::world::machine::{CPUS, cpus};
use crate::xl::sys::{LIBXL_DOMAIN_TYPE_HVM, LIBXL_DOMAIN_TYPE_PV, LIBXL_DOMAIN_TYPE_PVH};

/// A guest that may run on these CPUs of cpupool 0, and its devices. Its name is another one each time.
pub(in crate::sim) fn passing(domid: u32, happened: u64, pool_cpus: u64, random: &mut Random) -> (Domain, Vec<Device>) {
    let kind = random.pick(&[LIBXL_DOMAIN_TYPE_PV, LIBXL_DOMAIN_TYPE_PVH, LIBXL_DOMAIN_TYPE_HVM]);
    let memory_kb = random.pick(&[64, 128, 128, 256, 512]) << 10;
    let head = Head {
        uuid: random.uuid(),
        domid,
        kind,
        vcpus: random.pick(&[1, 1, 2, 4]),
        device_model_of: NONE,
        memory_kb,
        memory_max_kb: memory_kb + SLACK_KB,
        ..Head::zeroed()
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let tty = domid.cast_signed();
    let store = Store {
        target_kb: memory_kb,
        static_max_kb: memory_kb,
        started_s: u32::try_from(now).unwrap_or(u32::MAX),
        stubdom: 0,
        console: 2 * tty,
        serial: if kind == LIBXL_DOMAIN_TYPE_HVM { 2 * tty + 1 } else { NONE },
    };
    let name = Text::new(&format!("{}-job-{happened}", random.pick(&ROLES)));
    let share = Share { weight: 256, cap: 0 };
    let mut domain = Domain { head, detail: Detail { share, name, store, ..Detail::zeroed() } };
    let all = cpus(0..CPUS);
    for vcpu in &mut domain.detail.vcpus[..head.vcpus as usize] {
        *vcpu = Vcpu { hard: all, soft: all, flags: flag::ONLINE, ..Vcpu::zeroed() };
    }
    place(&mut domain, pool_cpus);
    settle(&mut domain);
    let devices = devices::devices(&domain, Part::Guest, random);
    (domain, devices)
}
