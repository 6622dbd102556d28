//! What the answering of a request needs from whoever runs it.
//!
//! In: calls that must not be made here. Out: a [`Task`] for somebody who may wait. The event loop's office gives
//! them to worker processes; a worker has the [`Inline`] one, where everything is done on the spot.

use super::envelope::{Dialect, To};
use super::reply::{self, Refused};
use crate::api::{Lookup, Method};
use crate::json::Writer;
use crate::limits::{ID_BYTES_MAX, REPLY_BYTES_MAX};
use crate::wire::Descriptors;

/// Which of the two sockets a client came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everything may be called, and is answered in full.
    Full,
    /// Methods that only look, without secrets.
    ReadOnly,
}

/// Who runs requests.
pub trait Office {
    /// The method may be called here and now.
    fn runs_here(&self, method: &Method) -> bool;
    /// What to do about a domain that is given by name or uuid.
    fn lookup(&self) -> Lookup;
    /// What the client may do.
    fn access(&self) -> Access;
    /// More requests have arrived that may ask the same.
    fn others_wait(&self) -> bool;
    /// A long text that belongs into the reply may stay where it is: whoever sends the reply will ask for it.
    fn may_leave_out(&self) -> bool {
        false
    }
    /// The descriptors that came with the client's bytes.
    fn descriptors(&mut self) -> &mut Descriptors;
    /// Takes a call over; its reply comes later.
    ///
    /// # Errors
    /// There is no room for it.
    fn submit(&mut self, task: Task<'_>) -> Result<(), Refused<'static>>;
    /// Writes the calls that were taken over and are not answered, as an array.
    fn list(&self, writer: &mut Writer<'_>);
    /// Asks that such a call end soon.
    ///
    /// # Errors
    /// There is none like that.
    fn abort(&mut self, which: Which<'_>) -> Result<(), Refused<'static>>;
}

/// A call for somebody who may wait.
#[derive(Debug)]
pub struct Task<'t> {
    /// What is called.
    pub method: &'static Method,
    /// Where the reply goes.
    pub to: ReplyTo,
    /// There is to be none.
    pub notification: bool,
    /// It is an element of a batch.
    pub in_batch: bool,
    /// The client wants to hear how it gets on.
    pub progress: bool,
    /// The domain that it is about.
    pub domain: Domain,
    /// What it is called in the request, if that is a string; perhaps cut.
    pub named: &'t str,
    /// The request, as it came.
    pub document: &'t [u8],
}

/// The domain that a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// None, or one that does not exist yet.
    None,
    /// The one of this number.
    Number(u32),
    /// One that is given by name or uuid.
    Named,
}

/// Names a call that was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'w> {
    /// By its number, whoever made it.
    Number(u64),
    /// By the request's id, as the client wrote it, on the same connection.
    Id(&'w [u8]),
}

/// Where a reply goes that is made later.
#[derive(Debug, Clone, Copy)]
pub struct ReplyTo {
    dialect: Dialect,
    id: [u8; ID_BYTES_MAX],
    id_bytes: usize,
}

impl ReplyTo {
    pub(super) fn new(to: &To<'_>) -> Self {
        let mut id = [0; ID_BYTES_MAX];
        id[..to.id.len()].copy_from_slice(to.id);
        Self { dialect: to.dialect, id, id_bytes: to.id.len() }
    }

    /// The request's id, as the client wrote it.
    pub fn id(&self) -> &[u8] {
        &self.id[..self.id_bytes]
    }

    /// The client speaks 2.0, so it may be told things that it did not ask for.
    pub fn takes_notifications(&self) -> bool {
        self.dialect == Dialect::V2
    }

    /// Writes why there is no result.
    pub fn refuse(&self, refused: &Refused<'_>, out: &mut Vec<u8>) {
        reply::refused(&mut Writer::new(out, REPLY_BYTES_MAX), &self.to(), refused);
    }

    /// Writes a notification of how the operation with this number gets on: `members` are those of a JSON object.
    pub fn notify(&self, number: u64, members: &[u8], out: &mut Vec<u8>) {
        let mut writer = Writer::new(out, REPLY_BYTES_MAX);
        writer.raw(b"{\"jsonrpc\":\"2.0\",\"method\":\"progress\",\"params\":{\"operation\":");
        writer.unsigned(number);
        writer.raw(b",\"id\":");
        writer.raw(self.id());
        writer.raw(b",");
        writer.raw(members);
        writer.raw(b"}}");
    }

    pub(super) fn to(&self) -> To<'_> {
        To { dialect: self.dialect, id: self.id() }
    }
}

/// Everything is done on the spot.
#[derive(Debug)]
pub struct Inline {
    /// What came along.
    pub descriptors: Descriptors,
    /// What is known of the domain that the request is about.
    pub lookup: Lookup,
    /// What the client may do.
    pub access: Access,
    /// More requests have arrived that may ask the same.
    pub others_wait: bool,
}

impl Default for Inline {
    fn default() -> Self {
        Self { descriptors: Descriptors::default(), lookup: Lookup::Ask, access: Access::Full, others_wait: false }
    }
}

impl Office for Inline {
    fn runs_here(&self, _method: &Method) -> bool {
        true
    }

    fn lookup(&self) -> Lookup {
        self.lookup
    }

    fn access(&self) -> Access {
        self.access
    }

    fn others_wait(&self) -> bool {
        self.others_wait
    }

    fn descriptors(&mut self) -> &mut Descriptors {
        &mut self.descriptors
    }

    fn submit(&mut self, _task: Task<'_>) -> Result<(), Refused<'static>> {
        unreachable!("everything runs here, and every lookup is made here")
    }

    fn list(&self, writer: &mut Writer<'_>) {
        writer.raw(b"[]");
    }

    fn abort(&mut self, _which: Which<'_>) -> Result<(), Refused<'static>> {
        Err(Refused::NoOperation)
    }
}
