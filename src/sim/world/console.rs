//! The hypervisor's console: the end of what it has said.
//!
//! In and out: text. A reader remembers how many bytes it has seen, and what it missed is gone.

use bytemuck::{Pod, Zeroable};

/// What the console keeps.
pub(crate) const BYTES: usize = 16 << 10;

/// The console: a ring.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(8))]
pub(crate) struct Console {
    /// Bytes ever written.
    written: u64,
    /// Bytes that somebody has cleared.
    cleared: u64,
    ring: [[u8; 8]; BYTES / 8],
}

impl Console {
    /// Adds text.
    pub(crate) fn write(&mut self, text: &str) {
        let ring: &mut [u8] = bytemuck::cast_slice_mut(&mut self.ring);
        for byte in text.bytes() {
            ring[usize::try_from(self.written).unwrap_or(0) % BYTES] = byte;
            self.written += 1;
        }
    }

    /// What was written after the first `seen` bytes and is still there, and how many bytes there were by then.
    pub(crate) fn since(&self, seen: u64) -> (impl Iterator<Item = u8>, u64) {
        let ring: &[u8] = bytemuck::cast_slice(&self.ring);
        let first = seen.max(self.cleared).max(self.written.saturating_sub(BYTES as u64));
        let bytes = (first..self.written).map(|at| ring[usize::try_from(at).unwrap_or(0) % BYTES]);
        (bytes, self.written)
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.cleared = self.written;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_what_it_has_not_seen_and_no_more_than_is_kept() {
        let mut console = Console::zeroed();
        console.write("one\n");
        let (text, seen) = console.since(0);
        assert_eq!(text.collect::<Vec<_>>(), b"one\n");
        console.write("two\n");
        assert_eq!(console.since(seen).0.collect::<Vec<_>>(), b"two\n");
        console.clear();
        assert_eq!(console.since(seen).0.count(), 0);
        console.write(&"x".repeat(BYTES + 9));
        assert_eq!(console.since(0).0.count(), BYTES);
    }
}
