//! The bytes that make the structure of JSON, 64 at a time.
//!
//! In: up to 64 bytes. Out: three sets of places, one bit a byte: quotes, backslashes, and brackets, braces and commas.
//! It does not know what is inside a string.
#![allow(unsafe_code, reason = "a call of instructions that not every kind of processor has")]

/// How many bytes a block has.
pub(super) const BLOCK_BYTES: usize = 64;

/// Places in a block: bit 0 is its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Block {
    pub(super) quotes: u64,
    pub(super) backslashes: u64,
    /// `{`, `}`, `[`, `]` and `,`.
    pub(super) structure: u64,
}

impl Block {
    /// The first bytes of `bytes`, as many as a block has or as there are; behind them there is nothing.
    pub(super) fn of(bytes: &[u8]) -> Self {
        match bytes.first_chunk() {
            Some(block) => Self::of_whole(block),
            None => {
                let mut block = [0; BLOCK_BYTES];
                block[..bytes.len()].copy_from_slice(bytes);
                Self::of_whole(&block)
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn of_whole(bytes: &[u8; BLOCK_BYTES]) -> Self {
        let mut block = Self::default();
        let (quarters, _) = bytes.as_chunks();
        for (quarter, at) in quarters.iter().zip([0, 16, 32, 48]) {
            // SAFETY: every x86-64 processor has SSE2.
            let [quotes, backslashes, structure] = unsafe { sse2::places(quarter) };
            block.quotes |= u64::from(quotes) << at;
            block.backslashes |= u64::from(backslashes) << at;
            block.structure |= u64::from(structure) << at;
        }
        block
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn of_whole(bytes: &[u8; BLOCK_BYTES]) -> Self {
        byte_by_byte(bytes)
    }
}

/// What every processor can do.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn byte_by_byte(bytes: &[u8; BLOCK_BYTES]) -> Block {
    let mut block = Block::default();
    for (byte, at) in bytes.iter().zip(0..) {
        block.quotes |= u64::from(*byte == b'"') << at;
        block.backslashes |= u64::from(*byte == b'\\') << at;
        block.structure |= u64::from(matches!(byte, b'{' | b'}' | b'[' | b']' | b',')) << at;
    }
    block
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use core::arch::x86_64::{__m128i, _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8};

    /// Quotes, backslashes, structure.
    #[target_feature(enable = "sse2")]
    pub(super) fn places(bytes: &[u8; 16]) -> [u16; 3] {
        let (low, high) = bytes.split_at(8);
        let half = |bytes: &[u8]| i64::from_le_bytes(*bytes.first_chunk().expect("eight bytes"));
        let bytes = _mm_set_epi64x(half(high), half(low));
        // A bracket differs from its brace in this bit only, and no other byte becomes a brace by it.
        let braced = _mm_or_si128(bytes, every(0x20));
        let brackets = _mm_or_si128(_mm_cmpeq_epi8(braced, every(b'{')), _mm_cmpeq_epi8(braced, every(b'}')));
        let commas = _mm_cmpeq_epi8(bytes, every(b','));
        [
            set(_mm_cmpeq_epi8(bytes, every(b'"'))),
            set(_mm_cmpeq_epi8(bytes, every(b'\\'))),
            set(_mm_or_si128(brackets, commas)),
        ]
    }

    #[target_feature(enable = "sse2")]
    fn every(byte: u8) -> __m128i {
        _mm_set1_epi8(byte.cast_signed())
    }

    /// One bit for each byte that is not 0.
    #[target_feature(enable = "sse2")]
    fn set(bytes: __m128i) -> u16 {
        // Sixteen bits at most.
        (_mm_movemask_epi8(bytes).cast_unsigned() & 0xffff) as u16
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_block_is_what_its_bytes_are(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut whole = [0; BLOCK_BYTES];
            let count = bytes.len().min(BLOCK_BYTES);
            whole[..count].copy_from_slice(&bytes[..count]);
            prop_assert_eq!(Block::of(&bytes), byte_by_byte(&whole));
        }
    }

    #[test]
    fn every_byte_is_told_from_every_other() {
        for byte in 0..=u8::MAX {
            assert_eq!(Block::of(&[byte]), byte_by_byte(&std::array::from_fn(|at| if at == 0 { byte } else { 0 })));
        }
    }
}
