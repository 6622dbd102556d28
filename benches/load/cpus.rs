//! Which CPU does what.
//!
//! In: the CPUs that this process may use. Out: one for servers and one for whoever loads them. What a process starts
//! stays on the CPU that it is on itself, so a server is started from the servers' CPU.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::Outcome;

/// A CPU for each side; the same one, if there is only one.
#[derive(Clone, Copy)]
pub(crate) struct Cpus {
    server: usize,
    generator: usize,
}

impl Cpus {
    pub(crate) fn allowed() -> Outcome<Self> {
        let allowed = sched_getaffinity(None)?;
        let mut cpus = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu));
        let generator = cpus.next().ok_or("no CPU")?;
        Ok(Self { server: cpus.next_back().unwrap_or(generator), generator })
    }

    pub(crate) fn are_two(self) -> bool {
        self.server != self.generator
    }

    /// Goes where servers are.
    pub(crate) fn to_servers(self) -> Outcome<()> {
        pin(self.server)
    }

    /// Goes where they are not.
    pub(crate) fn to_generator(self) -> Outcome<()> {
        pin(self.generator)
    }
}

fn pin(cpu: usize) -> Outcome<()> {
    let mut one = CpuSet::new();
    one.set(cpu);
    Ok(sched_setaffinity(None, &one)?)
}
