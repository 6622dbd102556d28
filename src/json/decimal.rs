//! Integers in decimal digits.
//!
//! In: a number and room for it. Out: its digits, written where they belong. It knows no buffer and no sign.
#![allow(unsafe_code, reason = "writes into room that the caller made")]

/// The two digits of every number below 100.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        #[expect(clippy::cast_possible_truncation, reason = "below 10")]
        {
            pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        }
        number += 1;
    }
    pairs
};

/// Powers of ten, by their exponent; the first is 0, so that 0 itself has one digit.
static POWERS: [u64; 20] = {
    let mut powers = [0; 20];
    let (mut exponent, mut power) = (1, 10_u64);
    while exponent < 20 {
        powers[exponent] = power;
        power = power.wrapping_mul(10);
        exponent += 1;
    }
    powers
};

/// How many digits a number has.
#[inline]
fn length(number: u64) -> usize {
    // log10(2) is 1233/4096, near enough for 64 bits; one comparison puts right what it leaves.
    let bits = 64 - (number | 1).leading_zeros() as usize;
    let below = (bits * 1233) >> 12;
    below + usize::from(number >= POWERS[below])
}

/// Writes the digits of `number` and returns how many there are: at most 20.
///
/// # Safety
/// `to` is valid for that many bytes.
#[inline]
pub(super) unsafe fn write(to: *mut u8, number: u64) -> usize {
    if number < 10 {
        // SAFETY: one byte.
        unsafe { to.write(b'0' + number.to_le_bytes()[0]) };
        return 1;
    }
    let length = length(number);
    // SAFETY: the caller's promise: pairs from the last digit to the first lie within `length` bytes.
    unsafe { write_pairs(to.add(length), number) };
    length
}

/// Writes the digits of a number of at least two so that they end at `end`.
///
/// # Safety
/// The bytes before `end` are valid, as many as there are digits.
#[inline]
unsafe fn write_pairs(mut end: *mut u8, mut number: u64) {
    // SAFETY: each step moves back over the digits that it writes.
    unsafe {
        while number >= 100 {
            end = end.sub(2);
            end.cast::<[u8; 2]>().write_unaligned(PAIRS[usize_of(number % 100)]);
            number /= 100;
        }
        if number >= 10 {
            end.sub(2).cast::<[u8; 2]>().write_unaligned(PAIRS[usize_of(number)]);
        } else {
            end.sub(1).write(b'0' + number.to_le_bytes()[0]);
        }
    }
}

/// A number below 100 as an index.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "below 100")]
fn usize_of(number: u64) -> usize {
    number as usize
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

    proptest::proptest! {
        #[test]
        fn any_number_is_written_as_std_does(number: u64, shift in 0..64_u32) {
            proptest::prop_assert_eq!(text(number >> shift), u64::to_string(&(number >> shift)));
        }
    }
}
