//! A hash of short texts: of names, for a table that is made at build time, and of questions that clients ask.
//!
//! In: a name. Out: 64 bits, which `by_name` (at run time) and `gen::by_name` (at build time) divide into places. A
//! name that somebody chose for its hash gains nothing: it is compared with one name, as any other is.

/// The hash of a name.
pub(crate) fn hash(name: &[u8]) -> u64 {
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let mut hash = name.len() as u64;
    let (words, rest) = name.as_chunks();
    for bytes in words {
        hash = mix(hash ^ word(bytes));
    }
    if let Some(last) = name.last_chunk() {
        // The rest, and bytes before it a second time: they do no harm.
        mix(hash ^ word(last))
    } else {
        mix(rest.iter().fold(hash, |hash, byte| hash << 8 ^ u64::from(*byte)))
    }
}

/// One multiplication carries each bit upwards, the shift brings it down again.
fn mix(bits: u64) -> u64 {
    let product = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ product >> 32
}

/// Which displacement a hash has, of so many, a power of two.
pub(super) fn bucket(hash: u64, count: usize) -> usize {
    low(hash) & (count - 1)
}

/// The place of a hash with that displacement, of so many places, a power of two.
pub(super) fn place(hash: u64, displacement: u16, count: usize) -> usize {
    // Odd, so that each displacement gives another place.
    let step = hash >> 40 | 1;
    low((hash >> 16).wrapping_add(step.wrapping_mul(displacement.into()))) & (count - 1)
}

/// The lower half, which is all that is needed.
fn low(bits: u64) -> usize {
    (bits & 0xffff_ffff) as usize
}
