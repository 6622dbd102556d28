//! The machine below the domains: its CPUs, which never change, and records of what may.
//!
//! In and out: plain data, and questions about CPUs. Two sockets, each a node, with four cores of two threads.

use bytemuck::{Pod, Zeroable};

use super::domain::{NONE, Text};

/// CPUs, all online.
pub(crate) const CPUS: u32 = 16;
/// Threads of a core.
pub(crate) const THREADS_PER_CORE: u32 = 2;
/// Cores of a socket.
pub(crate) const CORES_PER_SOCKET: u32 = 4;
/// NUMA nodes; each is a socket.
pub(crate) const NODES: u32 = CPUS / (THREADS_PER_CORE * CORES_PER_SOCKET);
/// Nodes that this build of the hypervisor could have.
pub(crate) const NODES_POSSIBLE: u32 = 64;
/// Cpupools, at most.
const POOLS_MAX: usize = 8;
/// PCI devices, at most.
const PCI_MAX: usize = 16;
/// The size of a page of memory, in KiB.
pub(crate) const PAGE_KB: u64 = 4;

/// The node, which is also the socket, of a CPU.
pub(crate) fn node_of(cpu: u32) -> u32 {
    cpu / (THREADS_PER_CORE * CORES_PER_SOCKET)
}

/// The core of a CPU, counted within its socket.
pub(crate) fn core_of(cpu: u32) -> u32 {
    cpu / THREADS_PER_CORE % CORES_PER_SOCKET
}

/// A set of CPUs, a bit each.
pub(crate) fn cpus(from: core::ops::Range<u32>) -> u64 {
    from.fold(0, |cpus, cpu| cpus | 1 << cpu)
}

/// The nodes of a set of CPUs, a bit each.
pub(crate) fn nodes_of(cpus: u64) -> u64 {
    (0..CPUS).filter(|cpu| cpus >> cpu & 1 == 1).fold(0, |nodes, cpu| nodes | 1 << node_of(cpu))
}

/// What the toolstack can change of the machine, and what the seed decided.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(8))]
pub(crate) struct Machine {
    /// All memory.
    pub(crate) memory_kb: u64,
    /// What the hypervisor keeps for itself.
    pub(crate) reserved_kb: u64,
    /// The number that the next domain gets if it is free.
    pub(crate) next_domid: u64,
    /// Cpupools, by number.
    pub(crate) pools: [Pool; POOLS_MAX],
    /// PCI devices.
    pub(crate) pci: [Pci; PCI_MAX],
}

/// A cpupool.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(8))]
pub(crate) struct Pool {
    /// The name.
    pub(crate) name: Text<8>,
    /// Its CPUs, a bit each.
    pub(crate) cpus: u64,
    /// A `libxl_scheduler`; 0 in a pool that does not exist.
    pub(crate) scheduler: u32,
    /// A parameter of both credit schedulers.
    pub(crate) ratelimit_us: i32,
    /// A parameter of the first credit scheduler.
    pub(crate) tslice_ms: i32,
    /// Likewise.
    pub(crate) migration_delay_us: i32,
}

/// A PCI device.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(8))]
pub(crate) struct Pci {
    /// The name it was made assignable under, or nothing.
    pub(crate) name: Text<4>,
    /// Its bus, in segment 0.
    pub(crate) bus: u8,
    /// Device and function.
    pub(crate) devfn: u8,
    /// 0: none here. 1: Domain-0's. 2: may be assigned, see `owner`.
    pub(crate) state: u8,
    /// The node it is near to.
    pub(crate) node: u8,
    /// The domain that has it, or -1.
    pub(crate) owner: i32,
}

impl Pci {
    /// For `state`: Domain-0's own.
    pub(crate) const OWN: u8 = 1;
    /// For `state`: it is pciback's.
    pub(crate) const ASSIGNABLE: u8 = 2;
}

impl Machine {
    /// The cpupools that there are, with their numbers.
    pub(crate) fn pools(&self) -> impl Iterator<Item = (u32, &Pool)> {
        (0..).zip(&self.pools).filter(|(_, pool)| pool.scheduler != 0)
    }

    /// Takes PCI devices from domains that `is_gone` knows. Whether any had one.
    pub(crate) fn release(&mut self, is_gone: impl Fn(u32) -> bool) -> bool {
        let mut any = false;
        for pci in &mut self.pci {
            if u32::try_from(pci.owner).is_ok_and(&is_gone) {
                pci.owner = NONE;
                any = true;
            }
        }
        any
    }

    /// The cpupool of that number.
    pub(crate) fn pool(&self, number: u32) -> Option<&Pool> {
        self.pools().find(|&(other, _)| other == number).map(|(_, pool)| pool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_a_node_of_four_cores() {
        assert_eq!((node_of(0), node_of(7), node_of(8), node_of(15)), (0, 0, 1, 1));
        assert_eq!((core_of(0), core_of(1), core_of(7), core_of(8)), (0, 0, 3, 0));
        assert_eq!((nodes_of(0), nodes_of(0x80), nodes_of(0x100), nodes_of(!0)), (0, 1, 2, 3));
    }
}
