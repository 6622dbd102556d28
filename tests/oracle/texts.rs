//! Strings that a guest, a file or an administrator may leave in libxl's structs.
//!
//! In: random numbers. Out: bytes without NUL: plain, empty, long, full of what JSON escapes, and not UTF-8.

use crate::random::Random;

/// Pieces of the harder strings: all that JSON escapes, the edges of UTF-8's lengths, and what is no UTF-8.
pub(crate) const PIECES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"/",
    b"\x01",
    b"\x08",
    b"\t",
    b"\n",
    b"\x0b",
    b"\x0c",
    b"\r",
    b"\x1f",
    b"\x7f",
    b"\\u0041",
    b"</script>",
    "\u{80}".as_bytes(),
    "\u{7ff}".as_bytes(),
    "\u{800}".as_bytes(),
    "\u{2028}".as_bytes(),
    "\u{fffd}".as_bytes(),
    "\u{ffff}".as_bytes(),
    "\u{10000}".as_bytes(),
    "\u{10ffff}".as_bytes(),
    b"\x80",             // a continuation of nothing
    b"\xc3",             // a beginning without its end
    b"\xc0\xaf",         // longer than it need be
    b"\xe2\x82",         // two bytes of three
    b"\xed\xa0\x80",     // a surrogate
    b"\xf0\x9f\x98",     // three bytes of four
    b"\xf4\x90\x80\x80", // beyond the last code point
    b"\xff",
];

/// A string of any kind.
pub(crate) fn any(random: &mut Random) -> Vec<u8> {
    match random.below(16) {
        0 => Vec::new(),
        1..=8 => plain(random, 12),
        9 => plain(random, 300),
        10 if random.one_in(8) => plain(random, 9000),
        _ => {
            let pieces = random.below(12) + 1;
            (0..pieces).flat_map(|_| piece(random)).collect()
        }
    }
}

fn plain(random: &mut Random, longest: usize) -> Vec<u8> {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789-_.:/ ";
    let length = random.below(longest) + 1;
    (0..length).map(|_| *random.choose(LETTERS)).collect()
}

fn piece(random: &mut Random) -> Vec<u8> {
    if random.one_in(3) { plain(random, 4) } else { random.choose(PIECES).to_vec() }
}
