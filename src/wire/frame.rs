//! Where one message ends and the next begins.
//!
//! In: the bytes received so far. Out: a [`Frame`] once one is complete: its end, its elements (one request, or those
//! of a batch), and for each the raw text of its `id` and whether it holds a backslash. Messages are concatenated JSON
//! values; white space between them, newlines included, means nothing. Each byte is looked at once, however the stream
//! is cut, and 64 of them at a time: only brackets, braces and commas outside of strings are then looked at singly. It
//! does not check that a frame is JSON: the parser does, on the whole frame.
//!
//! Invariant: `at` bytes have been looked at; `depth` is 0 exactly between frames.

use super::block::{BLOCK_BYTES, Block};
use crate::limits::{BATCH_LENGTH_MAX, DEPTH_MAX};

/// A range of bytes, counted from the first byte given to [`Scanner::scan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte behind the last.
    pub end: usize,
}

/// One request: the whole frame, or one element of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Element {
    /// Its bytes, without white space around them.
    pub span: Span,
    /// The value of its (last) member `"id"`, when that name is written without escapes.
    pub id: Option<Span>,
    /// There is a backslash in it, so parsing it in place changes its bytes.
    pub escaped: bool,
}

/// A complete message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Its bytes, without white space around them.
    pub span: Span,
    /// It is an array.
    pub batch: bool,
    /// How many elements it has; [`Scanner::elements`] has at most [`BATCH_LENGTH_MAX`] of them.
    pub length: usize,
    /// Where it first goes deeper than [`DEPTH_MAX`].
    pub too_deep_at: Option<usize>,
    /// There is a backslash somewhere in it.
    pub escaped: bool,
}

/// What a scan came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// No frame is complete yet.
    More,
    /// A frame is; [`Scanner::restart`] goes on behind it.
    Frame(Frame),
    /// A byte that begins neither an object nor an array, so that no further frame can be found.
    Stray(usize),
}

/// Finds frames in a stream of bytes.
#[derive(Debug, Default)]
pub struct Scanner {
    /// Bytes looked at.
    at: usize,
    /// Open arrays and objects.
    depth: usize,
    /// The depth at which a request's members stand: 1, or 2 in a batch.
    level: usize,
    /// Where the frame begins.
    begin: usize,
    too_deep_at: Option<usize>,
    escaped: bool,
    /// All bits, if the next byte is inside a string, else none.
    in_string: u64,
    /// The next byte is escaped by the backslash before it.
    after_escape: bool,
    /// The element whose end has not come, and whether there is a backslash in it.
    element_begin: usize,
    element_escaped: bool,
    element_id: Option<Span>,
    /// Behind the last brace or comma at the level of a request's members: a member begins there.
    member_begin: usize,
    length: usize,
    /// A request that is no batch: here, so that finding it is no walk to other memory.
    only: Element,
    /// Those of a batch.
    elements: Vec<Element>,
}

impl Scanner {
    /// Looks at what has come since the last scan. `bytes` begins where it began then.
    pub fn scan(&mut self, bytes: &[u8]) -> Scan {
        if self.depth == 0 {
            while let Some(&byte) = bytes.get(self.at) {
                match byte {
                    b'{' | b'[' => {
                        self.open_frame(byte);
                        break;
                    }
                    byte if is_blank(byte) => self.at += 1,
                    _ => return Scan::Stray(self.at),
                }
            }
        }
        while self.at < bytes.len() {
            let begin = self.at;
            let rest = &bytes[begin..];
            let mut marks = self.marks(Block::of(rest), rest.len());
            while marks != 0 {
                let at = begin + marks.trailing_zeros() as usize;
                marks &= marks - 1;
                if self.mark(bytes, at) {
                    return Scan::Frame(self.frame(at + 1));
                }
            }
            self.at = begin + rest.len().min(BLOCK_BYTES);
        }
        Scan::More
    }

    /// White space at the beginning of `bytes` that lies between frames: it can be consumed, and is no part of the
    /// next.
    pub fn blank(&self, bytes: &[u8]) -> usize {
        if self.at > 0 {
            return 0;
        }
        bytes.iter().take_while(|&&byte| is_blank(byte)).count()
    }

    /// The elements of the frame that [`Scanner::scan`] returned.
    pub fn elements(&self) -> &[Element] {
        if self.level == 1 { std::slice::from_ref(&self.only) } else { &self.elements }
    }

    /// Goes on behind the last frame, whose bytes have been consumed.
    pub fn restart(&mut self) {
        self.at = 0;
        self.elements.clear();
    }

    /// The places in a block that matter: structure outside of strings, and backslashes. `left` is how many bytes there
    /// are from its beginning on.
    fn marks(&mut self, block: Block, left: usize) -> u64 {
        let Block { mut quotes, backslashes, structure } = block;
        if backslashes != 0 || self.after_escape {
            quotes &= !self.escaped_places(backslashes, left);
        }
        // Each bit becomes the parity of the quotes up to it: odd from an opening quote to before its closing one.
        let mut inside = quotes;
        for shift in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << shift;
        }
        inside ^= self.in_string;
        self.in_string = if inside >> (BLOCK_BYTES - 1) == 1 { u64::MAX } else { 0 };
        structure & !inside | backslashes
    }

    /// The places behind backslashes that are not behind one themselves.
    fn escaped_places(&mut self, mut backslashes: u64, left: usize) -> u64 {
        let mut escaped = u64::from(std::mem::take(&mut self.after_escape));
        backslashes &= !escaped;
        while backslashes != 0 {
            let behind = backslashes.trailing_zeros() as usize + 1;
            if behind == left.min(BLOCK_BYTES) {
                self.after_escape = true;
                break;
            }
            escaped |= 1 << behind;
            backslashes &= backslashes - 1;
            backslashes &= !escaped;
        }
        escaped
    }

    /// Takes account of one place that matters; true if the frame ends there.
    #[inline]
    fn mark(&mut self, bytes: &[u8], at: usize) -> bool {
        match bytes[at] {
            b'{' | b'[' => self.open(at),
            b'}' | b']' => return self.close(bytes, at),
            b',' => self.comma(bytes, at),
            _ => {
                self.escaped = true;
                self.element_escaped = true;
            }
        }
        false
    }

    fn open_frame(&mut self, byte: u8) {
        let (begin, behind, batch) = (self.at, self.at + 1, byte == b'[');
        *self = Self {
            at: behind,
            depth: 1,
            level: if batch { 2 } else { 1 },
            begin,
            element_begin: if batch { behind } else { begin },
            member_begin: behind,
            elements: std::mem::take(&mut self.elements),
            ..Self::default()
        };
    }

    fn open(&mut self, at: usize) {
        self.depth += 1;
        if self.depth > DEPTH_MAX && self.too_deep_at.is_none() {
            self.too_deep_at = Some(at);
        }
        if self.depth == self.level {
            self.member_begin = at + 1;
        }
    }

    fn close(&mut self, bytes: &[u8], at: usize) -> bool {
        if self.depth == self.level {
            self.end_member(bytes, at);
        }
        self.depth -= 1;
        if self.depth > 0 {
            return false;
        }
        if self.level == 1 {
            self.push_element(Span { start: self.begin, end: at + 1 });
        } else {
            self.end_element(bytes, at);
        }
        true
    }

    /// The frame that ends before `end`.
    fn frame(&self, end: usize) -> Frame {
        let Self { begin, length, too_deep_at, escaped, .. } = *self;
        Frame { span: Span { start: begin, end }, batch: self.level == 2, length, too_deep_at, escaped }
    }

    fn comma(&mut self, bytes: &[u8], at: usize) {
        if self.depth == self.level {
            self.end_member(bytes, at);
            self.member_begin = at + 1;
        } else if self.depth < self.level {
            self.end_element(bytes, at);
            self.element_begin = at + 1;
        }
    }

    fn end_member(&mut self, bytes: &[u8], at: usize) {
        if let Some(value) = id_value(&bytes[self.member_begin..at]) {
            self.element_id = Some(trim(bytes, at - value.len(), at));
        }
    }

    fn end_element(&mut self, bytes: &[u8], at: usize) {
        let span = trim(bytes, self.element_begin, at);
        // Nothing stands between the brackets of an empty batch.
        if span.start < span.end {
            self.push_element(span);
        }
    }

    fn push_element(&mut self, span: Span) {
        let (id, escaped) = (self.element_id.take(), std::mem::take(&mut self.element_escaped));
        let element = Element { span, id, escaped };
        self.length += 1;
        if self.level == 1 {
            self.only = element;
        } else if self.elements.len() < BATCH_LENGTH_MAX {
            self.elements.push(element);
        }
    }
}

/// JSON's white space.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// What is behind the colon of a member whose name is `id`.
fn id_value(member: &[u8]) -> Option<&[u8]> {
    let behind_name = member.trim_ascii_start().strip_prefix(b"\"id\"")?;
    behind_name.trim_ascii_start().strip_prefix(b":")
}

/// The span without white space at its ends.
fn trim(bytes: &[u8], start: usize, end: usize) -> Span {
    let text = bytes[start..end].trim_ascii_end();
    Span { start: start + text.len() - text.trim_ascii_start().len(), end: start + text.len() }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
