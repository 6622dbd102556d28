//! The machine that a host is made up on.
//!
//! In: how many domains. Out: memory to suit, cpupools, PCI devices.

use bytemuck::Zeroable;

use crate::sim::makeup::ONE_POOL_BELOW;
use crate::sim::world::domain::{NONE, Text};
use crate::sim::world::machine::{CPUS, Machine, Pci, Pool, cpus};
use crate::xl::sys::{LIBXL_SCHEDULER_CREDIT, LIBXL_SCHEDULER_CREDIT2};

/// The smallest machine.
const MEMORY_KB_MIN: u64 = 16 << 20;

/// Bus, slot and function, the name under which it is pciback's (or nothing), and the domain that has it.
const PCI: [(u8, u8, u8, Option<&str>, i32); 12] = [
    (0x00, 0x00, 0, None, NONE),
    (0x00, 0x1c, 0, None, NONE),
    (0x00, 0x1f, 2, None, NONE),
    (0x02, 0x00, 0, None, NONE),
    (0x03, 0x00, 0, None, NONE),
    (0x03, 0x10, 0, Some("net-vf0"), 4),
    (0x03, 0x10, 2, Some("net-vf1"), NONE),
    (0x03, 0x10, 4, Some(""), NONE),
    (0x80, 0x00, 0, None, NONE),
    (0x81, 0x00, 0, None, NONE),
    (0x82, 0x00, 0, Some("gpu"), 7),
    (0x82, 0x00, 1, Some("gpu-audio"), 7),
];

/// The machine, as long as nobody uses its memory.
pub(super) fn machine(domains: u32) -> Machine {
    let mut machine = Machine::zeroed();
    if domains < ONE_POOL_BELOW {
        machine.pools[0] = pool("Pool-0", cpus(0..CPUS), LIBXL_SCHEDULER_CREDIT2);
    } else {
        // The last CPU is in neither.
        machine.pools[0] = pool("Pool-0", cpus(0..12), LIBXL_SCHEDULER_CREDIT2);
        machine.pools[1] = pool("batch", cpus(12..15), LIBXL_SCHEDULER_CREDIT);
    }
    for (place, (bus, slot, function, name, owner)) in machine.pci.iter_mut().zip(PCI) {
        *place = Pci {
            name: Text::new(name.unwrap_or_default()),
            bus,
            devfn: slot << 3 | function,
            state: if name.is_some() { Pci::ASSIGNABLE } else { Pci::OWN },
            node: u8::from(bus >= 0x80),
            owner: if u32::try_from(owner).is_ok_and(|owner| owner < domains) { owner } else { NONE },
        };
    }
    machine
}

fn pool(name: &str, cpus: u64, scheduler: u32) -> Pool {
    Pool { name: Text::new(name), cpus, scheduler, ratelimit_us: 1000, tslice_ms: 30, migration_delay_us: 0 }
}

/// Gives it memory for domains that have so much: a power of two, with some left.
pub(super) fn size(machine: &mut Machine, used_kb: u64) {
    machine.memory_kb = MEMORY_KB_MIN;
    loop {
        machine.reserved_kb = (128 << 10) + machine.memory_kb / 64;
        if machine.reserved_kb + used_kb + used_kb / 16 <= machine.memory_kb {
            return;
        }
        machine.memory_kb *= 2;
    }
}
