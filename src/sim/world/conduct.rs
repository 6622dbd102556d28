//! How operations go on this host: how long they take, and which ones fail.
//!
//! In: what the host was started with. Out: the same for every process that shares the host, until it is started
//! again.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use bytemuck::{Pod, Zeroable};

use super::domain::Text;
use super::latch::Latched;
use super::lock::Held;

/// Faults, at most.
pub(crate) const FAULTS_MAX: usize = 16;
/// The probability of what always happens.
pub(crate) const ALWAYS: u32 = 1 << 20;

/// The conduct of operations.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Conduct {
    latency_us: AtomicU64,
    /// Random numbers drawn so far.
    draws: AtomicU64,
    faults: [Latched<Planned>; FAULTS_MAX],
}

/// A planned failure.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(8))]
pub(crate) struct Planned {
    /// libxl's function, without `libxl_`.
    pub(crate) method: Text<8>,
    /// What it returns.
    pub(crate) code: i32,
    /// In [`ALWAYS`] calls, so many fail.
    pub(crate) probability: u32,
}

impl Conduct {
    /// In place of what was said before.
    pub(crate) fn set(&self, held: &Held<'_>, latency: Duration, faults: &[Planned]) {
        self.latency_us.store(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let none = Planned::zeroed();
        for (place, fault) in self.faults.iter().zip(faults.iter().chain(core::iter::repeat(&none))) {
            place.publish(held, fault);
        }
    }

    /// How long an operation takes.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_micros(self.latency_us.load(Ordering::Relaxed))
    }

    /// The code that this call of a function is to fail with.
    pub(crate) fn fault(&self, seed: u64, method: &str) -> Option<i32> {
        let mut planned = self.faults.iter().map(Latched::get).take_while(|fault| !fault.method.is_empty());
        let fault = planned.find(|fault| fault.method.as_c_str().to_bytes() == method.as_bytes())?;
        let hit = fault.probability == ALWAYS || self.draw(seed) % u64::from(ALWAYS) < fault.probability.into();
        hit.then_some(fault.code)
    }

    /// A number that looks random, and another one in each call whatever process it comes from.
    fn draw(&self, seed: u64) -> u64 {
        let count = self.draws.fetch_add(1, Ordering::Relaxed);
        crate::sim::makeup::Random::new(seed, !count).next()
    }
}
