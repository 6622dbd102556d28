//! Bytes in a request: base64 (RFC 4648, with padding), as results have it.
//!
//! In: a string on the tape. Out: the bytes, in the request's arena. One text stands for given bytes and no other: no
//! spaces, no missing padding, no bits to spare.

use crate::error::{Fault, Refused};
use crate::json::Value;

/// The bytes of a string.
pub(super) fn decode(value: Value<'_>) -> Result<&[u8], Refused<'_>> {
    let refuse = || value.refuse(Fault::Expected("base64, with padding"));
    let text = value.str()?.as_bytes();
    let padding = text.iter().rev().take_while(|&&digit| digit == b'=').count();
    if text.len() % 4 != 0 || padding > 2 {
        return Err(refuse());
    }
    let digits = &text[..text.len() - padding];
    let bytes = value.message().arena().alloc_slice_fill_copy(digits.len() * 3 / 4, 0);
    for (group, bytes) in digits.chunks(4).zip(bytes.chunks_mut(3)) {
        let mut bits = 0;
        for &digit in group {
            bits = bits << 6 | digit_value(digit).ok_or_else(refuse)?;
        }
        let [_, whole @ ..] = (bits << (6 * (4 - group.len()))).to_be_bytes();
        bytes.copy_from_slice(&whole[..bytes.len()]);
        if whole[bytes.len()..].iter().any(|&spare| spare != 0) {
            return Err(refuse());
        }
    }
    Ok(bytes)
}

fn digit_value(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}
