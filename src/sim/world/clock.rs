//! Time on the simulated host: counters that advance although nobody writes them.
//!
//! In: CLOCK_MONOTONIC, which all processes of a machine share. Out: ticks, and what a [`Meter`] has counted by then.
//! A meter that counts `rate` nanoseconds a tick is exact in integers, so a domain's meter is the sum of its vcpus'.

use bytemuck::{Pod, Zeroable};
use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds in a tick: a power of two, so that no division is needed. A meter advances in steps this long: 8 µs,
/// about as long as the quickest poll takes, so that counters move between polls.
pub(crate) const TICK_NS: u64 = 1 << 13;

/// Ticks since the machine was started.
pub(crate) fn ticks_now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(now.tv_nsec).unwrap_or(0);
    (seconds * 1_000_000_000 + nanoseconds) / TICK_NS
}

/// CPU time used: so much at one moment, and so much with each tick since.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Meter {
    /// Nanoseconds used at `since`.
    pub(crate) used_ns: u64,
    /// The tick at which that was so.
    pub(crate) since: u64,
    /// Nanoseconds used with each tick, `TICK_NS` for a whole CPU; 0 while it stands still.
    pub(crate) rate: u64,
}

impl Meter {
    /// Nanoseconds used at `tick`.
    pub(crate) fn at(&self, tick: u64) -> u64 {
        self.used_ns + tick.saturating_sub(self.since) * self.rate
    }
}
