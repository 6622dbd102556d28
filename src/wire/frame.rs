//! Where one message ends and the next begins.
//!
//! In: the bytes received so far. Out: a [`Frame`] once one is complete: its end, its elements (one request, or those
//! of a batch), and for each the raw text of its `id` and whether it holds a backslash. Messages are concatenated JSON
//! values; white space between them, newlines included, means nothing. Each byte is looked at once, however the stream
//! is cut. It does not check that a frame is JSON: the parser does, on the whole frame.
//!
//! Invariant: `at` bytes have been looked at; `depth` is 0 exactly between frames.

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
    inside: Inside,
    element: Element,
    /// Something of `element` has been seen.
    started: bool,
    length: usize,
    elements: Vec<Element>,
    /// What the current string or value is, at the level of a request's members.
    member: Member,
}

/// Is the next byte part of a string?
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Inside {
    #[default]
    Nothing,
    String,
    Escape,
}

/// How far the current member of a request has come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Member {
    /// A string that begins now is a name.
    #[default]
    Expected,
    /// A name began at this byte.
    Name(usize),
    /// The name was `"id"`; its value follows the colon.
    IdName,
    /// The id's value began behind this byte.
    Id(usize),
    /// Some other member, or behind its name.
    Other,
}

impl Scanner {
    /// Looks at what has come since the last scan. `bytes` begins where it began then.
    pub fn scan(&mut self, bytes: &[u8]) -> Scan {
        while self.at < bytes.len() {
            if self.inside != Inside::Nothing {
                self.string(bytes);
                continue;
            }
            let at = self.at;
            let byte = bytes[at];
            if self.depth == 0 {
                match byte {
                    b'{' | b'[' => self.open_frame(at, byte),
                    byte if is_blank(byte) => {}
                    _ => return Scan::Stray(at),
                }
                self.at += 1;
                continue;
            }
            self.at += 1;
            match byte {
                b'"' => self.open_string(at),
                b'{' | b'[' => self.open(at),
                b'}' | b']' => {
                    if let Some(frame) = self.close(bytes, at) {
                        return Scan::Frame(frame);
                    }
                }
                b',' => self.comma(bytes, at),
                b':' if self.depth == self.level && self.member == Member::IdName => {
                    self.member = Member::Id(at + 1);
                }
                byte if is_blank(byte) => {}
                _ => self.start_element(at),
            }
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
        &self.elements
    }

    /// Goes on behind the last frame, whose bytes have been consumed.
    pub fn restart(&mut self) {
        let mut elements = std::mem::take(&mut self.elements);
        elements.clear();
        *self = Self { elements, ..Self::default() };
    }

    fn open_frame(&mut self, at: usize, byte: u8) {
        self.begin = at;
        self.depth = 1;
        if byte == b'[' {
            self.level = 2;
        } else {
            self.level = 1;
            self.start_element(at);
        }
    }

    /// Follows a string up to its end or the end of what is there.
    fn string(&mut self, bytes: &[u8]) {
        if self.inside == Inside::Escape {
            self.at += 1;
            self.inside = Inside::String;
            return;
        }
        let rest = &bytes[self.at..];
        let Some(offset) = rest.iter().position(|&b| b == b'"' || b == b'\\') else {
            self.at = bytes.len();
            return;
        };
        self.at += offset + 1;
        if rest[offset] == b'\\' {
            self.inside = Inside::Escape;
            self.escaped = true;
            self.element.escaped = true;
        } else {
            self.inside = Inside::Nothing;
            self.close_string(bytes);
        }
    }

    fn open_string(&mut self, at: usize) {
        self.start_element(at);
        self.inside = Inside::String;
        if self.depth == self.level && self.member == Member::Expected {
            self.member = Member::Name(at);
        }
    }

    fn close_string(&mut self, bytes: &[u8]) {
        if let (true, Member::Name(from)) = (self.depth == self.level, self.member) {
            self.member = if &bytes[from..self.at] == b"\"id\"" { Member::IdName } else { Member::Other };
        }
    }

    fn open(&mut self, at: usize) {
        self.start_element(at);
        self.depth += 1;
        if self.depth > DEPTH_MAX && self.too_deep_at.is_none() {
            self.too_deep_at = Some(at);
        }
        if self.depth == self.level {
            self.member = Member::Expected;
        }
    }

    fn close(&mut self, bytes: &[u8], at: usize) -> Option<Frame> {
        if self.depth == self.level {
            self.end_member(bytes, at);
        }
        self.depth -= 1;
        if self.depth > 0 {
            return None;
        }
        self.end_element(bytes, if self.level == 1 { at + 1 } else { at });
        let span = Span { start: self.begin, end: at + 1 };
        let Self { length, too_deep_at, escaped, .. } = *self;
        Some(Frame { span, batch: self.level == 2, length, too_deep_at, escaped })
    }

    fn comma(&mut self, bytes: &[u8], at: usize) {
        if self.depth == self.level {
            self.end_member(bytes, at);
            self.member = Member::Expected;
        } else if self.depth == 1 && self.level == 2 {
            self.end_element(bytes, at);
        }
    }

    fn end_member(&mut self, bytes: &[u8], at: usize) {
        if let Member::Id(from) = self.member {
            self.element.id = Some(trim(bytes, from, at));
        }
    }

    fn start_element(&mut self, at: usize) {
        if !self.started {
            self.started = true;
            self.element = Element { span: Span { start: at, end: at }, id: None, escaped: false };
        }
    }

    fn end_element(&mut self, bytes: &[u8], at: usize) {
        if !self.started {
            return;
        }
        self.started = false;
        self.length += 1;
        if self.elements.len() < BATCH_LENGTH_MAX {
            self.element.span = trim(bytes, self.element.span.start, at);
            self.elements.push(self.element);
        }
    }
}

/// JSON's white space.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The span without white space at its ends.
fn trim(bytes: &[u8], start: usize, end: usize) -> Span {
    let text = &bytes[start..end];
    let leading = text.len() - text.trim_ascii_start().len();
    let trimmed = text.trim_ascii().len();
    Span { start: start + leading, end: start + leading + trimmed }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
