//! Bytes as text: base64 (RFC 4648, with padding).
//!
//! In: bytes. Out: a string in the writer. The other direction is the parameters' affair.

use super::Writer;

impl Writer<'_> {
    /// Appends bytes as a string in base64.
    pub fn base64(&mut self, bytes: &[u8]) {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        self.raw(b"\"");
        for group in bytes.chunks(3) {
            let bits = group.iter().fold(0, |bits: u32, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
            let digit = |at: u32| DIGITS[(bits >> (18 - 6 * at)) as usize & 63];
            let digits = [digit(0), digit(1), digit(2), digit(3)];
            let used = group.len() + 1;
            self.raw(&digits[..used]);
            self.raw(&b"=="[..4 - used]);
        }
        self.raw(b"\"");
    }
}
