//! JSON-RPC: envelopes, the two dialects, dispatch through the method table, replies, batches.
//!
//! In: a frame's bytes and its elements. Out: reply bytes in a connection's output buffer. It knows the method table
//! and JSON; it knows no sockets, and libxl only through the table.

mod batch;
mod diagnose;
mod envelope;
mod explain;
mod reply;

use bumpalo::Bump;

pub use batch::Batch;
pub use explain::Explained;
pub use reply::Refused;

use crate::api::{self, Call, Lookup};
use crate::error::Failure;
use crate::json::{Message, Parser, Writer};
use crate::limits::{ARENA_KEEP_BYTES, ID_BYTES_MAX, REPLY_BYTES_MAX};
use crate::wire::{Descriptors, Element};
use crate::xl::Xl;
use envelope::{Envelope, RawId};
use reply::To;

/// Answers requests, one at a time.
#[derive(Debug)]
pub struct Rpc {
    xl: Xl,
    parser: Parser,
    arena: Bump,
    /// A document as it came, kept when parsing changes it and it may be needed after all.
    original: Vec<u8>,
}

impl Rpc {
    /// Answers with this libxl.
    pub fn new(xl: Xl) -> Self {
        Self { xl, parser: Parser::new(), arena: Bump::new(), original: Vec::new() }
    }

    /// Answers a message that is one request. `frame` goes on for [`crate::json::PADDING`] bytes behind it.
    pub fn answer_one(&mut self, frame: &mut [u8], element: Element, out: &mut Vec<u8>) {
        let start = out.len();
        self.answer(frame, element, false, out);
        if out.len() > start {
            out.push(b'\n');
        }
    }

    /// Says why a message cannot be answered.
    pub fn refuse(&self, refused: &Refused, out: &mut Vec<u8>) {
        reply::refused(&mut Writer::new(out, REPLY_BYTES_MAX), &To::NOBODY, refused);
        out.push(b'\n');
    }

    /// Answers the request at `element`. A notification gets no answer.
    fn answer(&mut self, frame: &mut [u8], element: Element, in_batch: bool, out: &mut Vec<u8>) {
        let mut id_bytes = [0; ID_BYTES_MAX];
        let id = RawId::copy(element.id.map(|span| &frame[span.start..span.end]), &mut id_bytes);
        let len = element.span.end - element.span.start;
        let bytes = &mut frame[element.span.start..];
        self.keep_original(&bytes[..len], element.escaped);

        let Self { xl, parser, arena, .. } = self;
        let mut writer = Writer::new(out, REPLY_BYTES_MAX);
        let parsed = parser.read(bytes, len, arena, |message| match message {
            Ok(message) => {
                answer_message(xl, message, id, in_batch, &mut writer);
                true
            }
            Err(_) => false,
        });
        if !parsed {
            let document = if element.escaped { &self.original } else { &bytes[..len] };
            diagnose::reply(&mut writer, document);
        }
        self.forget();
    }

    fn keep_original(&mut self, document: &[u8], escaped: bool) {
        if escaped {
            self.original.clear();
            self.original.extend_from_slice(document);
        }
    }

    /// Frees what the request needed, and gives memory back when that was much.
    fn forget(&mut self) {
        self.arena.reset();
        if self.arena.allocated_bytes() > ARENA_KEEP_BYTES {
            self.arena = Bump::new();
        }
        self.original.shrink_to(ARENA_KEEP_BYTES);
    }
}

/// Envelope, method, call, reply.
fn answer_message<'m>(xl: &Xl, message: &'m Message<'m>, id: RawId<'m>, in_batch: bool, writer: &mut Writer<'_>) {
    let envelope = match Envelope::read(message, id, in_batch) {
        Ok(envelope) => envelope,
        Err((to, refused)) => return reply::refused(writer, &to, &refused),
    };
    let mark = writer.mark();
    call(xl, &envelope, writer);
    if envelope.notification {
        writer.undo(mark);
    }
}

/// Carries a request out and writes its reply.
fn call(xl: &Xl, envelope: &Envelope<'_>, writer: &mut Writer<'_>) {
    let to = &envelope.to;
    let Some(method) = api::find(envelope.method) else {
        return reply::refused(writer, to, &Refused::Method(envelope.method));
    };
    let mark = writer.mark();
    xl.log().clear();
    reply::begin(writer, to);
    // The one place of dispatch. Methods whose place is a worker process will leave from here.
    let mut descriptors = Descriptors::default();
    let lookup = Lookup::Ask;
    let mut call = Call { xl, params: envelope.params, descriptors: &mut descriptors, lookup, writer };
    match (method.call)(&mut call) {
        Ok(()) => reply::end(writer, to),
        Err(failure) => {
            writer.undo(mark);
            reply_failure(xl, to, method.name, &failure, writer);
        }
    }
    if writer.overflowed() {
        writer.undo(mark);
        reply::refused(writer, to, &Refused::ReplyTooLong);
    }
}

fn reply_failure(xl: &Xl, to: &To<'_>, method: &str, failure: &Failure<'_>, writer: &mut Writer<'_>) {
    match failure {
        Failure::Refused(refusal) => reply::refused(writer, to, &Refused::Params(refusal)),
        Failure::Absent => reply::refused(writer, to, &Refused::Absent(method)),
        Failure::Libxl(code) => reply::libxl(writer, to, method, Some(*code), xl.log()),
        Failure::Elsewhere => unreachable!("every lookup is done here"),
        Failure::NoDescriptor => reply::refused(writer, to, &Refused::NoDescriptor),
        Failure::NoValue => reply::libxl(writer, to, method, None, xl.log()),
    }
}
