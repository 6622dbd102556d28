//! JSON text, appended to the output buffer.
//!
//! In: numbers, names, C strings. Out: bytes behind what the buffer holds already. It knows no types of libxl and
//! keeps no state of "where in the document": the generated encoders write commas and braces as part of literals.
//!
//! Fields whose longest form is known go through a [`Pen`]: room for all of them is made once, then they are
//! written without asking again. That is why this module has unsafe code: with a check per field an encoded
//! `libxl_dominfo` costs more than twice as much (see PERF.md).
#![allow(unsafe_code, reason = "unchecked appends into room that was made before")]

use core::ffi::{CStr, c_char};

use super::pen::Pen;

/// Appends JSON to a buffer, up to a limit.
///
/// A reply that outgrows its limit is not an error at each call: the writer starts over at the reply's first byte, so
/// memory stays bounded, and [`Writer::overflowed`] tells afterwards that the text is of no use. The limit is looked
/// at where memory has to be made anyway, and at the end; so it is exact, and costs nothing in between.
#[derive(Debug)]
pub struct Writer<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    bytes_max: usize,
    overflowed: bool,
    /// Secrets are left out.
    discreet: bool,
    left_out: Option<LeftOut>,
}

/// Text that belongs into what was written, and is elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// Where in the buffer it belongs.
    pub at: usize,
    /// How many bytes it has.
    pub bytes: usize,
}

impl<'o> Writer<'o> {
    /// Writes behind what `out` holds; at most `bytes_max` bytes.
    pub fn new(out: &'o mut Vec<u8>, bytes_max: usize) -> Self {
        let start = out.len();
        Self { out, start, bytes_max, overflowed: false, discreet: false, left_out: None }
    }

    /// From now on secrets are `null`, if `discreet` says so.
    pub fn keep_secrets(&mut self, discreet: bool) {
        self.discreet = discreet;
    }

    /// The text grew beyond its limit, and what is in the buffer since [`Writer::new`] is of no use.
    pub fn overflowed(&self) -> bool {
        let elsewhere = self.left_out.map_or(0, |left_out| left_out.bytes);
        self.overflowed || self.out.len() - self.start + elsewhere > self.bytes_max
    }

    /// Leaves so many bytes out that belong here: whoever sends the text puts them in.
    pub fn leave_out(&mut self, bytes: usize) {
        debug_assert!(self.left_out.is_none(), "only one text can be left out");
        self.left_out = Some(LeftOut { at: self.out.len(), bytes });
    }

    /// What was left out.
    pub fn left_out(&self) -> Option<LeftOut> {
        self.left_out
    }

    /// A position to come back to with [`Writer::undo`].
    pub fn mark(&self) -> usize {
        self.out.len()
    }

    /// What has been written since `mark`.
    pub fn since(&self, mark: usize) -> &[u8] {
        &self.out[mark..]
    }

    /// Takes back everything written since `mark`.
    pub fn undo(&mut self, mark: usize) {
        debug_assert!(self.start <= mark, "a mark of another reply");
        self.out.truncate(mark);
        self.left_out = self.left_out.filter(|left_out| left_out.at < mark);
        self.overflowed = false;
    }

    /// Makes room for `bytes` more and lends a pen that writes there without further checks.
    #[inline]
    pub fn room(&mut self, bytes: usize) -> Pen<'_> {
        if self.out.capacity() - self.out.len() < bytes {
            self.grow(bytes);
        }
        Pen::new(self.out, bytes)
    }

    #[cold]
    fn grow(&mut self, bytes: usize) {
        if self.out.len() - self.start > self.bytes_max {
            self.overflowed = true;
            self.out.truncate(self.start);
        }
        self.out.reserve(bytes);
    }

    /// Appends bytes that are JSON already.
    #[inline]
    pub fn raw(&mut self, json: &[u8]) {
        if self.out.capacity() - self.out.len() < json.len() {
            self.grow(json.len());
        }
        self.out.extend_from_slice(json);
    }

    /// Appends several such pieces, one behind the other.
    #[inline]
    pub fn raw_all<const N: usize>(&mut self, pieces: [&[u8]; N]) {
        let mut pen = self.room(pieces.iter().map(|piece| piece.len()).sum());
        for piece in pieces {
            // SAFETY: the room holds them all.
            unsafe { pen.bytes(piece) };
        }
    }

    /// Appends an integer.
    #[inline]
    pub fn integer(&mut self, value: i64) {
        // SAFETY: no 64-bit integer has a form longer than 20 bytes.
        unsafe { self.room(20).i64(value) };
    }

    /// Appends an unsigned integer.
    #[inline]
    pub fn unsigned(&mut self, value: u64) {
        // SAFETY: no 64-bit integer has a form longer than 20 bytes.
        unsafe { self.room(20).u64(value) };
    }

    /// Appends a string with its quotes and escapes.
    pub fn string(&mut self, text: &str) {
        self.text(text.as_bytes());
    }

    /// Appends formatted text as one string. Only error replies are written so.
    #[cold]
    pub fn formatted(&mut self, text: std::fmt::Arguments<'_>) {
        use std::fmt::Write as _;
        self.raw(b"\"");
        // Escaped never fails: the buffer grows, or the writer overflows.
        let _ = Escaped { writer: self }.write_fmt(text);
        self.raw(b"\"");
    }

    /// Appends a C string, or `null` for a null pointer.
    ///
    /// # Safety
    /// `text` is null or points to bytes that end with a NUL and do not change meanwhile.
    #[inline]
    pub unsafe fn c_str(&mut self, text: *const c_char) {
        if text.is_null() {
            self.raw(b"null");
        } else {
            // SAFETY: the caller's promise.
            self.text(unsafe { CStr::from_ptr(text) }.to_bytes());
        }
    }

    /// The same for a string that not everybody may see.
    ///
    /// # Safety
    /// As of [`Writer::c_str`].
    pub unsafe fn secret(&mut self, text: *const c_char) {
        // SAFETY: the caller's promise.
        unsafe { self.c_str(if self.discreet { std::ptr::null() } else { text }) };
    }

    /// Appends bytes that should be UTF-8 as a string. Invalid sequences become U+FFFD, so that a reply is valid
    /// JSON whatever a guest wrote into its name.
    pub fn text(&mut self, bytes: &[u8]) {
        self.raw(b"\"");
        self.escaped(bytes);
        self.raw(b"\"");
    }

    fn escaped(&mut self, bytes: &[u8]) {
        if bytes.iter().all(|&b| PLAIN[usize::from(b)]) {
            return self.raw(bytes);
        }
        for chunk in bytes.utf8_chunks() {
            self.escaped_valid(chunk.valid());
            if !chunk.invalid().is_empty() {
                self.raw("\u{FFFD}".as_bytes());
            }
        }
    }

    fn escaped_valid(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut done = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' && byte != 0x7f {
                continue;
            }
            self.raw(&bytes[done..at]);
            self.escape(byte);
            done = at + 1;
        }
        self.raw(&bytes[done..]);
    }

    fn escape(&mut self, byte: u8) {
        match byte {
            b'"' => self.raw(b"\\\""),
            b'\\' => self.raw(b"\\\\"),
            b'\n' => self.raw(b"\\n"),
            b'\r' => self.raw(b"\\r"),
            b'\t' => self.raw(b"\\t"),
            0x08 => self.raw(b"\\b"),
            0x0c => self.raw(b"\\f"),
            _ => {
                let hex = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
                self.raw(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
            }
        }
    }
}

/// Bytes that stand for themselves in a JSON string and need no look at their neighbours.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        plain[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    plain
};

/// Lets `write!` append to a string that is being written, with escapes.
struct Escaped<'w, 'o> {
    writer: &'w mut Writer<'o>,
}

impl std::fmt::Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.writer.escaped(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
