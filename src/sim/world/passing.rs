//! Domains that came by themselves and will go by themselves.
//!
//! In: what churn makes. Out: which domains are its own. One that somebody changes, or begins to change, is kept: from
//! then on it is like any other. Marks are set and cleared under the lock.

use core::sync::atomic::Ordering;

use super::device::Device;
use super::domain::Domain;
use super::lock::Held;
use super::map::World;

impl World {
    /// How often something has happened by itself before this time, which counts.
    pub(crate) fn happens(&self, _held: &Held<'_>) -> u64 {
        self.image().header.happened.fetch_add(1, Ordering::Relaxed)
    }

    /// Makes a domain known that will go by itself.
    pub(crate) fn add_passing(&self, held: &Held<'_>, domain: &Domain, devices: &[Device]) {
        let place = domain.head.domid as usize;
        self.add_domain(held, domain, devices);
        self.image().passing[place / 64].fetch_or(1 << (place % 64), Ordering::Relaxed);
    }

    /// The numbers of those that will go by themselves, ascending.
    pub(crate) fn passing(&self, _held: &Held<'_>) -> impl Iterator<Item = u32> {
        self.image().passing.iter().zip((0..).step_by(64)).flat_map(|(word, first)| {
            let mut bits = word.load(Ordering::Relaxed);
            core::iter::from_fn(move || {
                let any = bits != 0;
                let domid = first + bits.trailing_zeros();
                bits &= bits.wrapping_sub(1);
                any.then_some(domid)
            })
        })
    }

    /// This one does not go by itself (any more).
    pub(crate) fn keep(&self, _held: &Held<'_>, domid: u32) {
        let place = domid as usize;
        if let Some(word) = self.image().passing.get(place / 64) {
            word.fetch_and(!(1 << (place % 64)), Ordering::Relaxed);
        }
    }
}
