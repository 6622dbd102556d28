//! Text of bounded length, written without further checks.
//!
//! In: room that a writer made, numbers, names, literals. Out: bytes behind what the buffer holds already. That the
//! room is enough is every method's safety condition: who makes it adds up the longest forms of what will be written.
#![allow(unsafe_code, reason = "unchecked writes into room that was made before")]

use std::marker::PhantomData;

use super::decimal;
use super::name::Name;

/// Writes into room that [`super::Writer::room`] made. What it wrote becomes part of the buffer when it is dropped.
#[derive(Debug)]
pub struct Pen<'w> {
    at: *mut u8,
    begin: *mut u8,
    room: usize,
    out: *mut Vec<u8>,
    borrowed: PhantomData<&'w mut Vec<u8>>,
}

impl Drop for Pen<'_> {
    #[inline]
    fn drop(&mut self) {
        let written = self.written();
        debug_assert!(written <= self.room, "{written} bytes written into room for {}", self.room);
        // SAFETY: `out` is borrowed for the pen's life. Its first `len` bytes were there, `written` more were just
        // initialised within its capacity; writing more than the room would break this, and is every method's
        // safety condition.
        unsafe {
            let out = &mut *self.out;
            out.set_len(out.len() + written);
        }
    }
}

impl<'w> Pen<'w> {
    /// Writes behind what `out` holds.
    #[inline]
    pub(super) fn new(out: &'w mut Vec<u8>, room: usize) -> Self {
        debug_assert!(out.capacity() - out.len() >= room, "there is no such room");
        let at = out.spare_capacity_mut().as_mut_ptr().cast::<u8>();
        Self { at, begin: at, room, out, borrowed: PhantomData }
    }
}

impl Pen<'_> {
    fn written(&self) -> usize {
        self.at.addr() - self.begin.addr()
    }

    /// Appends a literal.
    ///
    /// # Safety
    /// The room holds `N` more bytes.
    #[inline]
    pub unsafe fn lit<const N: usize>(&mut self, literal: &[u8; N]) {
        // SAFETY: the caller's promise; a literal of the program does not overlap the buffer.
        unsafe {
            self.at.copy_from_nonoverlapping(literal.as_ptr(), N);
            self.at = self.at.add(N);
        }
    }

    /// Appends bytes whose number is known only at run time.
    ///
    /// # Safety
    /// The room holds `bytes.len()` more.
    #[inline]
    pub unsafe fn bytes(&mut self, bytes: &[u8]) {
        // SAFETY: the caller's promise; `bytes` is borrowed from elsewhere than this exclusively borrowed buffer.
        unsafe {
            self.at.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            self.at = self.at.add(bytes.len());
        }
    }

    /// Appends `true` or `false`.
    ///
    /// # Safety
    /// The room holds 8 more bytes.
    #[inline]
    pub unsafe fn bool(&mut self, value: bool) {
        // SAFETY: the caller's promise; both forms are copied as one word, of which they use 4 and 5 bytes.
        unsafe {
            let word = if value { *b"true    " } else { *b"false   " };
            self.at.cast::<[u8; 8]>().write_unaligned(word);
            self.at = self.at.add(5 - usize::from(value));
        }
    }

    /// Appends a name: all of its room is copied, which is one or two moves, and the pen goes on behind its text.
    ///
    /// # Safety
    /// The room holds `N` more bytes.
    #[inline]
    pub unsafe fn name<const N: usize>(&mut self, name: &Name<N>) {
        // SAFETY: the caller's promise; a name of the program does not overlap the buffer.
        unsafe {
            let (room, length) = name.parts();
            self.at.copy_from_nonoverlapping(room.as_ptr(), N);
            self.at = self.at.add(length);
        }
    }

    /// Appends an unsigned integer of at most 32 bits.
    ///
    /// # Safety
    /// The room holds 10 more bytes, or 8 for a number of at most 16 bits.
    #[inline]
    pub unsafe fn u32(&mut self, value: u32) {
        // SAFETY: the caller's promise.
        unsafe { self.u64(value.into()) };
    }

    /// Appends an unsigned 64-bit integer.
    ///
    /// # Safety
    /// The room holds 20 more bytes.
    #[inline]
    pub unsafe fn u64(&mut self, value: u64) {
        // SAFETY: the caller's promise; `decimal::write` says how many digits it wrote.
        unsafe { self.at = self.at.add(decimal::write(self.at, value)) };
    }

    /// Appends a signed 32-bit integer.
    ///
    /// # Safety
    /// The room holds 11 more bytes.
    #[inline]
    pub unsafe fn i32(&mut self, value: i32) {
        // SAFETY: the caller's promise.
        unsafe { self.i64(value.into()) };
    }

    /// Appends a signed 64-bit integer.
    ///
    /// # Safety
    /// The room holds 20 more bytes (11 for 32 bits).
    #[inline]
    pub unsafe fn i64(&mut self, value: i64) {
        // SAFETY: the caller's promise: a sign and the digits.
        unsafe {
            if value < 0 {
                self.lit(b"-");
            }
            self.u64(value.unsigned_abs());
        }
    }

    /// Appends each byte as two lower-case hexadecimal digits.
    ///
    /// # Safety
    /// The room holds `2 * N` more bytes.
    #[inline]
    pub unsafe fn hex<const N: usize>(&mut self, bytes: &[u8; N]) {
        for &byte in bytes {
            // SAFETY: the caller's promise: two bytes for each of the N.
            unsafe { self.lit(&HEX[usize::from(byte)]) };
        }
    }
}

/// Both digits of each byte.
static HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};
