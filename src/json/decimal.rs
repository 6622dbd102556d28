//! Integers in decimal digits.
//!
//! In: a number and room for it. Out: its digits, written where they belong. It knows no buffer and no sign.
//!
//! Eight digits are made at once in one 64-bit word, by splitting in halves: two numbers of four digits, four of two,
//! eight of one, each in a lane of its own. There is no loop, and no branch but on the size of the number, which is
//! the same for most values of a field.
#![allow(unsafe_code, reason = "writes into room that the caller made")]

const EIGHT_DIGITS: u64 = 100_000_000;

/// Writes the digits of `number` and returns how many there are: at most 20.
///
/// # Safety
/// `to` is valid for 20 bytes, or for 8 when the number has at most eight digits, or for 10 when it has at most ten.
#[inline]
pub(super) unsafe fn write(to: *mut u8, number: u64) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        if number < 10 {
            to.write(b'0' + number.to_le_bytes()[0]);
            1
        } else {
            write_long(to, number)
        }
    }
}

/// Writes the digits of `number` at the beginning of `to`, and returns how many there are.
#[inline]
pub fn digits_of(number: u64, to: &mut [u8; 20]) -> usize {
    // SAFETY: room for 20 bytes.
    unsafe { write(to.as_mut_ptr(), number) }
}

/// Writes a number of more than one digit. It stays a function of its own: a dozen copies of it in an encoder would
/// cost more than the call.
///
/// # Safety
/// As for [`write`].
#[inline(never)]
unsafe fn write_long(to: *mut u8, number: u64) -> usize {
    // SAFETY: the caller's promise: each part is written as a word of 8 bytes where the digits before it end, and the
    // last word ends with the last digit.
    unsafe {
        if number < EIGHT_DIGITS {
            return write_head(to, number);
        }
        let (high, low) = (number / EIGHT_DIGITS, number % EIGHT_DIGITS);
        let length = if high < EIGHT_DIGITS {
            write_head(to, high)
        } else {
            let head = write_head(to, high / EIGHT_DIGITS);
            write_eight(to.add(head), high % EIGHT_DIGITS);
            head + 8
        };
        write_eight(to.add(length), low);
        length + 8
    }
}

/// Writes a number below 10^8, other than 0, without leading zeros; returns how many digits it has.
///
/// # Safety
/// `to` is valid for 8 bytes.
#[inline]
unsafe fn write_head(to: *mut u8, number: u64) -> usize {
    let digits = eight_digits(number);
    let zeros = digits.trailing_zeros() / 8;
    let text = (digits | ZEROS) >> (8 * zeros);
    // SAFETY: the caller's promise.
    unsafe { to.cast::<[u8; 8]>().write_unaligned(text.to_le_bytes()) };
    8 - zeros as usize
}

/// Writes a number below 10^8 as eight digits.
///
/// # Safety
/// `to` is valid for 8 bytes.
#[inline]
unsafe fn write_eight(to: *mut u8, number: u64) {
    // SAFETY: the caller's promise.
    unsafe { to.cast::<[u8; 8]>().write_unaligned((eight_digits(number) | ZEROS).to_le_bytes()) };
}

/// `"00000000"`
const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);

/// The values of the eight digits of a number below 10^8, one a byte, the first in the lowest byte.
#[inline]
fn eight_digits(number: u64) -> u64 {
    debug_assert!(number < EIGHT_DIGITS, "more than eight digits");
    // Two lanes of 32 bits, below 10^4 each. The factors are reciprocals, exact for numbers of that size.
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 5243) >> 19) & 0x0000_007f_0000_007f;
    let twos = hundreds | ((fours - hundreds * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | ((twos - tens * 10) << 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: u64) -> String {
        let mut room = [b'x'; 20];
        // SAFETY: no number has more digits.
        let length = unsafe { write(room.as_mut_ptr(), number) };
        String::from_utf8(room[..length].to_vec()).unwrap()
    }

    #[test]
    fn every_length_and_its_edges_are_written_as_std_does() {
        let mut power = 1_u64;
        loop {
            for number in [power - 1, power, power + 1, power - power / 3] {
                assert_eq!(text(number), number.to_string());
            }
            let Some(next) = power.checked_mul(10) else { break };
            power = next;
        }
        for shift in 0..64 {
            let number = u64::MAX >> shift;
            assert_eq!(text(number), number.to_string());
        }
    }

    #[test]
    fn every_lane_is_split_as_division_does() {
        for four in 0..10_000 {
            for number in [four, four * 10_000, four * 10_000 + 9_999] {
                let digits = eight_digits(number).to_le_bytes().map(|digit| char::from(b'0' + digit));
                assert_eq!(String::from_iter(digits), format!("{number:08}"));
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_number_is_written_as_std_does(number: u64, shift in 0..64_u32) {
            proptest::prop_assert_eq!(text(number >> shift), u64::to_string(&(number >> shift)));
        }
    }
}
