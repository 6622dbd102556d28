//! Numbers that look random and are the same whenever the host is made up from the same seed.
//!
//! In: a seed. Out: a stream of numbers (SplitMix64). Nothing here is fit for secrets.

/// A stream.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of one thing (a domain, say) on the host of one seed.
    pub(crate) fn new(seed: u64, thing: u64) -> Self {
        let mut of_seed = Self(seed);
        Self(of_seed.next() ^ thing.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// One of these.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let last = from.len() as u64 - 1;
        from[usize::try_from(self.between(0, last)).unwrap_or(0)]
    }

    /// A uuid of version 4.
    pub(crate) fn uuid(&mut self) -> [u8; 16] {
        let mut uuid = [0; 16];
        uuid[..8].copy_from_slice(&self.next().to_be_bytes());
        uuid[8..].copy_from_slice(&self.next().to_be_bytes());
        uuid[6] = uuid[6] & 0x0f | 0x40;
        uuid[8] = uuid[8] & 0x3f | 0x80;
        uuid
    }
}
