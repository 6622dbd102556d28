//! One JSON document, parsed where it lies.
//!
//! In: a document in the input buffer with [`PADDING`] readable bytes behind it. Out: a [`Message`], whose strings are
//! slices of that buffer. Tape and index are kept from parse to parse, so the second parse of any document allocates
//! nothing. It does not find where a document ends (`wire::frame` does) and knows nothing of requests.
#![allow(unsafe_code, reason = "the NUL behind a C string is written through the buffer's own pointer")]

use core::ffi::c_char;
use std::marker::PhantomData;

use bumpalo::Bump;
use simd_json::{Buffers, Node, Tape};

use super::value::Value;
use crate::limits;

/// How many bytes behind a document must be readable. They are left as they were.
pub const PADDING: usize = simd_json::INPUT_PADDING;

const _: () =
    assert!(crate::mem::PADDING >= PADDING, "an input buffer has less behind its bytes than the parser reads");

/// The document is no JSON. Where and why is for [`crate::rpc`] to find out, from the bytes as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseError;

/// A parsed document and the arena that goes with it.
#[derive(Debug)]
pub struct Message<'m> {
    nodes: &'m [Node<'m>],
    arena: &'m Bump,
    base: *mut u8,
    len: usize,
    text: PhantomData<&'m mut [u8]>,
}

impl<'m> Message<'m> {
    /// The whole document.
    pub fn root(&'m self) -> Value<'m> {
        Value { message: self, at: 0 }
    }

    /// Where refusals and decoded structs of this request live.
    pub fn arena(&self) -> &'m Bump {
        self.arena
    }

    pub(super) fn nodes(&self) -> &'m [Node<'m>] {
        self.nodes
    }

    /// Writes the NUL that makes `text`, a string of this document, a C string.
    pub(super) fn terminate(&self, text: &'m str) -> *const c_char {
        let offset = text.as_ptr().addr().wrapping_sub(self.base.addr());
        assert!(offset + text.len() < self.len, "a string that lies outside its document");
        // SAFETY: `base` is the pointer from which the parser's own view was made, valid for `len` bytes as long as
        // 'm; the assertion keeps us inside. The byte behind a parsed string is its closing quote or the rest of its
        // escapes, which nothing reads again. Writing through `text` itself would not be allowed.
        unsafe {
            let start = self.base.add(offset);
            start.add(text.len()).write(0);
            start.cast_const().cast()
        }
    }
}

/// The parser's memory.
pub struct Parser {
    buffers: Buffers,
    tape: Tape<'static>,
    document_bytes_max: usize,
}

impl Parser {
    /// A parser with memory for small documents; it grows as needed.
    pub fn new() -> Self {
        Self { buffers: new_buffers(), tape: Tape(Vec::with_capacity(64)), document_bytes_max: 0 }
    }

    /// Parses `bytes[..len]` and lends the message to `then`. The bytes behind `len`, at least [`PADDING`], are not
    /// changed; those of the document are, when it holds escapes or when a string becomes a C string.
    pub fn read<R>(
        &mut self,
        bytes: &mut [u8],
        len: usize,
        arena: &Bump,
        then: impl for<'m> FnOnce(Result<&'m Message<'m>, ParseError>) -> R,
    ) -> R {
        assert!(len + PADDING <= bytes.len(), "a document without its padding");
        let base = bytes.as_mut_ptr();
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        // SAFETY: the same bytes, exclusively borrowed until this function returns, under a pointer of their own, so
        // that `base` stays usable for `Message::terminate`. `bytes` itself is not touched again.
        let view = unsafe { std::slice::from_raw_parts_mut(base, bytes.len()) };
        let result = match simd_json::fill_tape_padded(view, len, &mut self.buffers, &mut tape) {
            Ok(()) => then(Ok(&Message { nodes: &tape.0, arena, base, len, text: PhantomData })),
            Err(_) => then(Err(ParseError)),
        };
        self.tape = tape.reset();
        self.document_bytes_max = self.document_bytes_max.max(len);
        if self.document_bytes_max > limits::PARSER_KEEP_BYTES {
            *self = Self::new();
        }
        result
    }
}

impl std::fmt::Debug for Parser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parser").finish_non_exhaustive()
    }
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

fn new_buffers() -> Buffers {
    Buffers::with_max_depth(1024, limits::DEPTH_MAX)
}

#[cfg(test)]
#[path = "tape_tests.rs"]
mod tests;
