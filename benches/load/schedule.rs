//! When requests are due, whatever becomes of earlier ones.
//!
//! Out: times and connections as many independent clients would make them: exponential intervals, each request on any
//! connection. The same seed gives the same schedule, stretched by the rate.

use std::time::Duration;

/// A request that is due.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    /// Since the schedule's beginning.
    pub(crate) due: Duration,
    pub(crate) connection: usize,
}

/// Arrivals in the order of time.
pub(crate) struct Schedule {
    state: u64,
    interval_mean: f64,
    now: f64,
    end: f64,
    connections: u64,
}

impl Schedule {
    /// So many requests a second for that long.
    pub(crate) fn new(rate: f64, length: Duration, connections: usize, seed: u64) -> Self {
        let connections = connections as u64;
        Self { state: seed, interval_mean: 1.0 / rate, now: 0.0, end: length.as_secs_f64(), connections }
    }

    /// splitmix64.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Iterator for Schedule {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        // Above 0 and at most 1.
        let uniform = ((self.random() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        self.now -= self.interval_mean * uniform.ln();
        let connection = usize::try_from(self.random() % self.connections).ok()?;
        (self.now < self.end).then(|| Arrival { due: Duration::from_secs_f64(self.now), connection })
    }
}
