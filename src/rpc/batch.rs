//! Batches: arrays of requests, answered in their order.
//!
//! In: a frame that is an array. Out: an array of replies; nothing when all elements are notifications. The array is
//! checked as a whole before its first element is carried out: half a batch is never executed. From there each element
//! goes the way of a lone request, one at a time and in order, so that an element may rely on those before it, and a
//! batch can rest between elements while others have their turn, or while a worker carries one out.

use super::diagnose;
use super::envelope::To;
use super::reply::{self, Refused};
use super::{Answered, Office, Rpc};
use crate::json::{PADDING, Writer};
use crate::limits::{BATCH_LENGTH_MAX, REPLY_BYTES_MAX};
use crate::wire::{Element, Frame};

/// How far a batch has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Batch {
    /// The next element to answer.
    next: usize,
    /// There is a reply already, so the array has been opened.
    replied: bool,
}

/// What a batch needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Its next element can be answered.
    More,
    /// The office has the element's call; [`Batch::deliver`] takes the reply.
    Waiting,
    /// Nothing: it is answered.
    Done,
}

impl Rpc {
    /// Checks a batch as a whole; `None` when it was refused, with the reply written.
    pub fn begin_batch(&mut self, bytes: &mut [u8], frame: &Frame, out: &mut Vec<u8>) -> Option<Batch> {
        let mut writer = Writer::new(out, REPLY_BYTES_MAX);
        let refuse = |writer: &mut Writer<'_>, why| {
            reply::refused(writer, &To::NOBODY, &Refused::Request(why));
        };
        if frame.length > BATCH_LENGTH_MAX {
            refuse(&mut writer, "more than 1000 requests in one batch");
        } else if !self.is_json(bytes, frame) {
            diagnose::reply(&mut writer, &bytes[frame.span.start..frame.span.end]);
        } else if frame.length == 0 {
            refuse(&mut writer, "an empty batch");
        } else {
            return Some(Batch::default());
        }
        out.push(b'\n');
        None
    }

    /// Parses the whole frame, without changing it.
    fn is_json(&mut self, bytes: &mut [u8], frame: &Frame) -> bool {
        let len = frame.span.end - frame.span.start;
        let Self { parser, arena, original, .. } = self;
        let document = if frame.escaped {
            original.clear();
            original.extend_from_slice(&bytes[frame.span.start..frame.span.end]);
            original.resize(len + PADDING, 0);
            &mut original[..]
        } else {
            &mut bytes[frame.span.start..]
        };
        parser.read(document, len, arena, |message| message.is_ok())
    }

    /// Answers the next element.
    pub fn answer_next(
        &mut self,
        batch: &mut Batch,
        bytes: &mut [u8],
        elements: &[Element],
        out: &mut Vec<u8>,
        office: &mut impl Office,
    ) -> Progress {
        let start = batch.open(out);
        if self.answer(bytes, &elements[batch.next], true, out, office) == Answered::Later {
            out.truncate(start);
            return Progress::Waiting;
        }
        batch.close(start, elements.len(), out)
    }
}

impl Batch {
    /// Puts in what `write` writes, perhaps nothing: the reply to the element that waited for it, of so many.
    pub fn deliver(&mut self, write: impl FnOnce(&mut Vec<u8>), length: usize, out: &mut Vec<u8>) -> Progress {
        let start = self.open(out);
        write(out);
        self.close(start, length, out)
    }

    /// Writes what stands before the next reply; where that began.
    fn open(&self, out: &mut Vec<u8>) -> usize {
        out.push(if self.replied { b',' } else { b'[' });
        out.len() - 1
    }

    /// The element whose reply was begun at `start` is done; it may have none.
    fn close(&mut self, start: usize, length: usize, out: &mut Vec<u8>) -> Progress {
        if out.len() > start + 1 {
            self.replied = true;
        } else {
            out.truncate(start);
        }
        self.next += 1;
        if self.next < length {
            return Progress::More;
        }
        if self.replied {
            out.extend_from_slice(b"]\n");
        }
        Progress::Done
    }
}
