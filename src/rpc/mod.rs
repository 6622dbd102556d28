//! JSON-RPC: envelopes, the two dialects, dispatch through the method table, replies, batches.
//!
//! In: a frame's bytes and its elements. Out: reply bytes in a connection's output buffer. It knows the method table
//! and JSON; it knows no sockets, and libxl only through the table.

mod batch;
mod deferred;
mod diagnose;
mod envelope;
mod explain;
mod office;
mod own;
mod reply;
mod result;
mod shared;

use bumpalo::Bump;

pub use batch::{Batch, Progress};
pub use explain::Explained;
pub use office::{Access, Domain, Inline, Office, ReplyTo, Task, Which};
pub use reply::Refused;

use crate::api::{self, Call, Find, Keeper, Lookup, Method, Place};
use crate::error::Failure;
use crate::json::{Message, Parser, Writer};
use crate::limits::{ARENA_KEEP_BYTES, REPLY_BYTES_MAX};
use crate::stats::Stats;
use crate::wire::{Descriptors, Element};
use crate::xl::Xl;
use deferred::{Deferred, defer, submit};
use envelope::{Envelope, RawId, To};
use shared::Shared;

/// Answers requests, one at a time.
#[derive(Debug)]
pub struct Rpc {
    xl: Xl,
    parser: Parser,
    arena: Bump,
    /// A document as it came, kept when parsing changes it and it may be needed after all.
    original: Vec<u8>,
    /// The id of the request that is being answered.
    id: Vec<u8>,
    past: Past,
}

/// What is remembered from request to request.
#[derive(Debug, Default)]
struct Past {
    last: Last,
    shared: Shared,
    stats: Stats,
    kept: Keeper,
    /// The text that the last reply leaves out, and where in the buffer it belongs.
    left_out: Option<(usize, Find)>,
}

/// The last call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Last {
    /// What was called, if anything was.
    pub method: Option<&'static Method>,
    /// What became of it: 0, or the code of its error.
    pub code: i32,
}

/// When a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// The reply is written, if there is to be one.
    Now,
    /// The office has the call, and the reply with it.
    Later,
}

impl Rpc {
    /// Answers with this libxl.
    pub fn new(xl: Xl) -> Self {
        Self {
            xl,
            parser: Parser::new(),
            arena: Bump::new(),
            original: Vec::new(),
            id: Vec::new(),
            past: Past::default(),
        }
    }

    /// The library.
    pub fn xl(&self) -> &Xl {
        &self.xl
    }

    /// The last call, and what became of it.
    pub fn last(&self) -> Last {
        self.past.last
    }

    /// What is left out of the last reply, and where in the buffer it belongs. It is there to be asked for once, before
    /// anything else is answered.
    pub fn take_left_out(&mut self) -> Option<(usize, &[u8])> {
        let (at, find) = self.past.left_out.take()?;
        Some((at, find(&self.past.kept.lists)))
    }

    /// Requests that arrived before now are answered from now on: no result of the past is good enough for them.
    pub fn begin_turn(&mut self) {
        self.past.shared.begin_turn();
    }

    /// Answers a message that is one request. `frame` goes on for [`crate::json::PADDING`] bytes behind it.
    pub fn answer_one(
        &mut self,
        frame: &mut [u8],
        element: &Element,
        out: &mut Vec<u8>,
        office: &mut impl Office,
    ) -> Answered {
        let start = out.len();
        let answered = self.answer(frame, element, false, out, office);
        if out.len() > start {
            out.push(b'\n');
        }
        answered
    }

    /// Says why a message cannot be answered.
    pub fn refuse(&self, refused: &Refused, out: &mut Vec<u8>) {
        reply::refused(&mut Writer::new(out, REPLY_BYTES_MAX), &To::NOBODY, refused);
        out.push(b'\n');
    }

    /// Answers the request at `element`, with nothing behind the reply. A notification gets no answer.
    pub fn answer(
        &mut self,
        frame: &mut [u8],
        element: &Element,
        in_batch: bool,
        out: &mut Vec<u8>,
        office: &mut impl Office,
    ) -> Answered {
        let Self { xl, parser, arena, original, id, past } = self;
        let id = RawId::copy(element.id.map(|span| &frame[span.start..span.end]), id);
        let len = element.span.end - element.span.start;
        let bytes = &mut frame[element.span.start..];
        if element.escaped {
            original.clear();
            original.extend_from_slice(&bytes[..len]);
        }
        let mut writer = Writer::new(out, REPLY_BYTES_MAX);
        writer.keep_secrets(office.access() == Access::ReadOnly);
        let parsed = parser.read(bytes, len, arena, |message| {
            let message = message.ok()?;
            Some(answer_message(xl, message, id, in_batch, &mut writer, office, past))
        });
        if writer.left_out().is_none() {
            past.left_out = None;
        }
        let document = if element.escaped { &mut original[..] } else { &mut bytes[..len] };
        let answered = match parsed {
            Some(None) => Answered::Now,
            Some(Some(deferred)) => submit(&deferred, id, mended(document), in_batch, &mut writer, office),
            None => {
                diagnose::reply(&mut writer, document);
                Answered::Now
            }
        };
        self.forget();
        answered
    }

    /// Finds out which domain the request at `element` is about, or writes why that cannot be.
    pub fn resolve(&mut self, frame: &mut [u8], element: &Element, in_batch: bool, out: &mut Vec<u8>) -> Option<u32> {
        let Self { xl, parser, arena, id, past, .. } = self;
        let id = RawId::copy(element.id.map(|span| &frame[span.start..span.end]), id);
        let len = element.span.end - element.span.start;
        xl.log().clear();
        let found = parser.read(&mut frame[element.span.start..], len, arena, |message| {
            let envelope = Envelope::read(message.ok()?, id, in_batch).ok()?;
            let method = api::find(envelope.method)?;
            let domain = envelope.params.find(method.params, method.params[usize::from(method.domain?)])?;
            let mut writer = Writer::new(out, REPLY_BYTES_MAX);
            let (params, lookup) = (envelope.params, Lookup::Ask);
            let descriptors = &mut Descriptors::default();
            let call = Call { xl, params, descriptors, lookup, kept: &mut past.kept, writer: &mut writer };
            let failure = match call.domain(domain) {
                Ok(domid) => return Some(domid),
                Err(failure) => failure,
            };
            if !envelope.notification {
                past.last.code = reply::failure(xl, &envelope.to, method.name, &failure, Access::Full, &mut writer);
            }
            None
        });
        self.forget();
        found
    }

    /// Frees what the request needed, and gives memory back when that was much.
    #[inline]
    fn forget(&mut self) {
        self.arena.reset();
        if self.arena.allocated_bytes() > ARENA_KEEP_BYTES {
            self.arena = Bump::new();
        }
        self.original.shrink_to(ARENA_KEEP_BYTES);
    }
}

/// A document as it came. Strings that were made C's end with a NUL where a quotation mark was; in a document that was
/// parsed, there is no other.
#[cold]
fn mended(document: &mut [u8]) -> &[u8] {
    document.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b'"');
    document
}

/// Envelope, method, call, reply; or the call, if it is not to be made here.
fn answer_message<'m>(
    xl: &Xl,
    message: &'m Message<'m>,
    id: RawId<'m>,
    in_batch: bool,
    writer: &mut Writer<'_>,
    office: &mut impl Office,
    past: &mut Past,
) -> Option<Deferred> {
    let envelope = Envelope::read(message, id, in_batch);
    let envelope = match &envelope {
        Ok(envelope) => envelope,
        Err((to, refused)) => {
            reply::refused(writer, to, refused);
            return None;
        }
    };
    let mark = writer.mark();
    let deferred = call(xl, envelope, writer, office, past);
    if envelope.notification {
        writer.undo(mark);
    }
    deferred
}

/// Carries a request out and writes its reply, or gives it back for somebody else to carry out.
fn call(
    xl: &Xl,
    envelope: &Envelope<'_>,
    writer: &mut Writer<'_>,
    office: &mut impl Office,
    past: &mut Past,
) -> Option<Deferred> {
    let to = &envelope.to;
    let Some(method) = api::find(envelope.method) else {
        own::call(xl, envelope, past, writer, office);
        return None;
    };
    if office.access() == Access::ReadOnly && !method.read_only {
        reply::refused(writer, to, &Refused::Forbidden(method.name));
        return None;
    }
    let (mark, lookup) = (writer.mark(), office.lookup());
    // The one place of dispatch.
    if !office.runs_here(method) {
        return defer(xl, method, envelope, writer, office);
    }
    past.last.method = Some(method);
    reply::begin(writer, to);
    match result::write(xl, method, envelope, writer, office, past) {
        Ok(()) => {
            reply::end(writer, to);
            past.last.code = 0;
        }
        Err(failure) if is_for_others(method, &failure, lookup) => {
            writer.undo(mark);
            return defer(xl, method, envelope, writer, office);
        }
        Err(failure) => {
            writer.undo(mark);
            past.last.code = reply::failure(xl, to, method.name, &failure, office.access(), writer);
        }
    }
    if writer.overflowed() {
        writer.undo(mark);
        reply::refused(writer, to, &Refused::ReplyTooLong);
    }
    None
}

/// Shall somebody else make a call that failed here? So it is with whatever needs more than is known here: a name that
/// is not among those that we know may still be xenstore's.
fn is_for_others(method: &Method, failure: &Failure<'_>, lookup: Lookup) -> bool {
    matches!(failure, Failure::Elsewhere) || (lookup == Lookup::Names && method.place == Place::Names)
}
