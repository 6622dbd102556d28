//! One call, from its request to its reply.
//!
//! In: a task, and whose it is. Out: what a worker is told, what lists show, what the log says when it is over.

use std::os::fd::OwnedFd;
use std::time::Instant;

use log::info;

use super::link::{Header, Kind, flag};
use crate::api::{Class, Method};
use crate::json::Writer;
use crate::mem::Key;
use crate::rpc::{Access, Domain, ReplyTo};
use crate::wire::Peer;
use crate::xl::rc;

/// The log of who changed what; shown whatever the level is.
pub const AUDIT: &str = "audit";

/// A call that waits or is carried out.
#[derive(Debug)]
pub struct Operation {
    /// Counted from 1 since the daemon began.
    pub number: u64,
    /// Whose it is.
    pub client: Key,
    /// There is to be a reply.
    pub notification: bool,
    /// It is an element of a batch.
    pub in_batch: bool,
    /// Where the reply goes.
    pub to: ReplyTo,
    pub(super) peer: Peer,
    pub(super) access: Access,
    pub(super) method: &'static Method,
    pub(super) domain: Domain,
    /// What the request calls it, as long as nobody has found out its number.
    pub(super) named: String,
    pub(super) wants_progress: bool,
    pub(super) document: Vec<u8>,
    pub(super) descriptors: Vec<OwnedFd>,
    pub(super) since: Instant,
    /// Somebody has asked that it end soon.
    pub(super) abort_asked: bool,
    /// What the worker said last about how it gets on: members of a JSON object.
    pub(super) progress: Vec<u8>,
}

impl Operation {
    /// It changes something.
    pub fn changes(&self) -> bool {
        self.method.class != Class::Read
    }

    /// Which domain it is about must be found out before it may begin.
    pub(super) fn is_unresolved(&self) -> bool {
        self.domain == Domain::Named
    }

    /// The number as the worker knows it. It has one call at a time, so the lower half will do.
    pub(super) fn short_number(&self) -> u32 {
        u32::try_from(self.number & u64::from(u32::MAX)).unwrap_or(0)
    }

    /// What the worker is told before the request's bytes.
    pub(super) fn header(&self) -> Header {
        let kind = if self.is_unresolved() { Kind::Resolve } else { Kind::Call };
        let mut header = Header::new(kind, self.short_number()).with_length(self.document.len());
        let bit = |is: bool, bit| if is { bit } else { 0 };
        header.flags = bit(self.in_batch, flag::IN_BATCH)
            | bit(self.access == Access::ReadOnly, flag::READ_ONLY)
            | bit(self.wants_progress, flag::PROGRESS);
        if let Domain::Number(number) = self.domain {
            header.flags |= flag::KNOWN_DOMAIN;
            header.domain = number;
        }
        if kind == Kind::Call {
            header.descriptors = u8::try_from(self.descriptors.len()).unwrap_or(0);
        }
        header
    }

    /// One element of a list for clients.
    pub(super) fn show(&self, state: &str, writer: &mut Writer<'_>) {
        let number = |writer: &mut Writer<'_>, name: &[u8], value: u64| {
            writer.raw(name);
            writer.unsigned(value);
        };
        number(writer, b"{\"number\":", self.number);
        writer.raw(b",\"method\":");
        writer.string(self.method.name);
        match self.domain {
            Domain::Number(domid) => number(writer, b",\"domid\":", domid.into()),
            _ => writer.raw(b",\"domid\":null"),
        }
        writer.raw(b",\"state\":");
        writer.string(state);
        writer.raw(b",\"uid\":");
        writer.integer(self.peer.uid.into());
        writer.raw(b",\"pid\":");
        writer.integer(self.peer.pid.into());
        writer.raw(b",\"id\":");
        writer.raw(self.to.id());
        let age = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        number(writer, b",\"age_ms\":", age);
        writer.raw(b",\"progress\":");
        if self.progress.is_empty() {
            writer.raw(b"null}");
        } else {
            writer.raw(b"{");
            writer.raw(&self.progress);
            writer.raw(b"}}");
        }
    }

    /// Notes who changed what, and what came of it.
    pub(super) fn log(&self, outcome: Outcome) {
        if !self.changes() {
            return;
        }
        let Self { number, method, peer, .. } = self;
        let duration = self.since.elapsed();
        let about = match self.domain {
            Domain::Number(domid) => format!(" of domain {domid}"),
            Domain::Named => format!(" of domain {:?}", self.named),
            Domain::None => String::new(),
        };
        info!(
            target: AUDIT,
            "{}{about} by uid {}, pid {}: {outcome}, {duration:.3?} (operation {number})", method.name, peer.uid, peer.pid
        );
    }
}

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// 0, or the code of its error.
    Code(i32),
    /// Its process ended while it was being carried out.
    Unknown,
    /// It was not carried out.
    NotBegun,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Code(0) => f.write_str("done"),
            Self::Code(code) => write!(f, "{} ({code})", rc::name(code).unwrap_or("refused")),
            Self::Unknown => f.write_str("outcome unknown: its process ended"),
            Self::NotBegun => f.write_str("not begun"),
        }
    }
}
