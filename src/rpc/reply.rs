//! Replies, in both dialects.
//!
//! In: to whom, and what. Out: JSON in the writer. On the success path it copies literals; texts are formatted for
//! errors only.
//!
//! 2.0: `{"jsonrpc":"2.0","id":ID,"result":…}` or `{"jsonrpc":"2.0","id":ID,"error":{"code":…,"message":…,"data":…}}`.
//! 1.0: `{"id":ID,"result":…,"error":null}` or `{"id":ID,"result":null,"error":"NAME (code): text"}`: exactly these
//! three members, and errors as strings, because Go's and Open vSwitch's clients insist.

use std::fmt::Display;

use super::envelope::{Dialect, To};
use super::explain::Explained;
use super::office::Access;
use crate::error::{Failure, Refusal};
use crate::json::Writer;
use crate::limits;
use crate::xl::{Log, Xl, rc};

/// Why we did not call libxl.
#[derive(Debug, Clone, Copy)]
pub enum Refused<'m> {
    /// No JSON, at this byte of the message, in these words.
    Parse {
        /// Counted from the message's first byte, 0.
        at: usize,
        /// What is wrong there.
        why: &'m str,
    },
    /// JSON, but no request.
    Request(&'m str),
    /// No method has this name.
    Method(&'m str),
    /// The parameters do not fit.
    Params(&'m Refusal<'m>),
    /// The libxl that is loaded lacks the function of this method.
    Absent(&'m str),
    /// The reply outgrew [`limits::REPLY_BYTES_MAX`].
    ReplyTooLong,
    /// The message outgrew [`limits::MESSAGE_BYTES_MAX`].
    MessageTooLong,
    /// There are as many connections as there may be.
    Full,
    /// The method takes a descriptor, and none came with the request.
    NoDescriptor,
    /// The socket is the read-only one, and the method is not on its list.
    Forbidden(&'m str),
    /// As many operations are waiting as may wait.
    Busy,
    /// The process that carried the call out has ended.
    WorkerDied,
    /// No process could be started to carry the call out.
    NoWorker,
    /// The operation was aborted before it began.
    Aborted,
    /// No operation is waiting or running under this number or id.
    NoOperation,
    /// xenstored, which knows the names of domains, does not answer.
    NamesUnavailable,
}

impl Refused<'_> {
    /// The code of 2.0 and the name that 1.0's text begins with.
    fn code(&self) -> (i32, &'static str) {
        match self {
            Self::Parse { .. } => (-32700, "PARSE_ERROR"),
            Self::Request(_) => (-32600, "INVALID_REQUEST"),
            Self::Method(_) => (-32601, "METHOD_NOT_FOUND"),
            Self::Params(_) => (-32602, "INVALID_PARAMS"),
            Self::Absent(_) => (-32001, "NOT_IN_THIS_LIBXL"),
            Self::ReplyTooLong => (-32002, "REPLY_TOO_LONG"),
            Self::MessageTooLong => (-32003, "MESSAGE_TOO_LONG"),
            Self::Full => (-32004, "SERVER_FULL"),
            Self::NoDescriptor => (-32005, "NO_DESCRIPTOR"),
            Self::Forbidden(_) => (-32006, "FORBIDDEN"),
            Self::Busy => (-32007, "BUSY"),
            Self::WorkerDied => (-32008, "OUTCOME_UNKNOWN"),
            Self::NoOperation => (-32009, "NO_SUCH_OPERATION"),
            Self::NoWorker => (-32010, "NO_WORKER"),
            Self::Aborted => (-32011, "NOT_BEGUN"),
            Self::NamesUnavailable => (-32012, "NAMES_UNAVAILABLE"),
        }
    }
}

impl Display for Refused<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Parse { at, why } => write!(f, "no valid JSON at byte {at}: {why}"),
            Self::Request(why) => write!(f, "no valid request: {why}"),
            Self::Method(name) => write!(f, "no such method: {name:.100}"),
            Self::Params(refusal) => Explained(refusal).fmt(f),
            Self::Absent(method) => write!(f, "the libxl of this host has no libxl_{method}"),
            Self::ReplyTooLong => write!(f, "the reply is longer than {} bytes: ask for less", limits::REPLY_BYTES_MAX),
            Self::MessageTooLong => write!(f, "the message is longer than {} bytes", limits::MESSAGE_BYTES_MAX),
            Self::NoDescriptor => f.write_str("the method takes a descriptor (SCM_RIGHTS), and none came along"),
            Self::Forbidden(method) => write!(f, "{method} is not among the methods of the read-only socket"),
            Self::Busy => f.write_str("as many operations are waiting as may wait: try again later"),
            Self::WorkerDied => {
                f.write_str("the process that carried this out has ended, outcome unknown: look before you retry")
            }
            Self::NoWorker => f.write_str("no process could be started to carry this out: nothing was done"),
            Self::Aborted => f.write_str("aborted before it began: nothing was done"),
            Self::NoOperation => {
                f.write_str("no such operation is waiting or running; operation_list shows those that are")
            }
            Self::NamesUnavailable => f.write_str(
                "xenstored does not answer, so names of domains are not known at the moment: nothing was done",
            ),
            Self::Full => f.write_str("as many connections as this server allows are open: try again later"),
        }
    }
}

/// What comes before a result.
#[inline]
pub(super) fn begin(writer: &mut Writer<'_>, to: &To<'_>) {
    // Where the length of a literal is known, copying it takes a few moves instead of a call.
    match to.dialect {
        Dialect::V1 => writer.raw_all([b"{\"id\":", to.id, b",\"result\":"]),
        Dialect::V2 => writer.raw_all([b"{\"jsonrpc\":\"2.0\",\"id\":", to.id, b",\"result\":"]),
    }
}

/// What comes behind a result.
#[inline]
pub(super) fn end(writer: &mut Writer<'_>, to: &To<'_>) {
    match to.dialect {
        Dialect::V1 => writer.raw(b",\"error\":null}"),
        Dialect::V2 => writer.raw(b"}"),
    }
}

/// A refusal of ours.
pub(super) fn refused(writer: &mut Writer<'_>, to: &To<'_>, refused: &Refused<'_>) {
    let (code, name) = refused.code();
    error(writer, to, &Code { code, name, shown: code }, refused, |_| {});
}

/// Why a method has no result; the error's code.
pub(super) fn failure(
    xl: &Xl,
    to: &To<'_>,
    method: &str,
    failure: &Failure<'_>,
    access: Access,
    writer: &mut Writer<'_>,
) -> i32 {
    let log = (access == Access::Full).then(|| xl.log());
    let refusal = match failure {
        Failure::Refused(refusal) => Refused::Params(refusal),
        Failure::Absent => Refused::Absent(method),
        Failure::NoDescriptor => Refused::NoDescriptor,
        Failure::NamesUnavailable => Refused::NamesUnavailable,
        Failure::Elsewhere => unreachable!("such a call has been given away"),
        Failure::Libxl(code) => return libxl(writer, to, method, Some(*code), log),
        Failure::NoValue => return libxl(writer, to, method, None, log),
    };
    refused(writer, to, &refusal);
    refusal.code().0
}

/// libxl said no: with this code, or without any where it only has "no value" to say so.
fn libxl(writer: &mut Writer<'_>, to: &To<'_>, method: &str, code: Option<i32>, log: Option<&Log>) -> i32 {
    let known = code.and_then(|code| Some((code, rc::name(code)?)));
    let (shown, name) = known.unwrap_or((rc::FAIL, "FAIL"));
    let what = LibxlSaid { method, code };
    error(writer, to, &Code { code: shown, name, shown }, &what, |writer| {
        writer.raw(b",\"data\":{\"libxl\":");
        writer.string(name);
        writer.raw(b",\"function\":");
        writer.formatted(format_args!("libxl_{method}"));
        if let (None, Some(code)) = (known, code) {
            writer.raw(b",\"rc\":");
            writer.integer(code.into());
        }
        if let Some(log) = log {
            writer.raw(b",\"log\":[");
            for (at, line) in log.lines().enumerate() {
                writer.raw(if at == 0 { b"" } else { b"," });
                writer.text(line.bytes());
            }
            writer.raw(b"]");
        }
        writer.raw(b"}");
    });
    shown
}

/// What is said of a failed call besides its code.
struct LibxlSaid<'m> {
    method: &'m str,
    code: Option<i32>,
}

impl Display for LibxlSaid<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.code {
            Some(_) => write!(f, "libxl_{}", self.method),
            None => write!(f, "libxl_{} returned nothing", self.method),
        }
    }
}

/// An error's number, its name, and the number that a person is shown.
struct Code {
    code: i32,
    name: &'static str,
    shown: i32,
}

fn error(writer: &mut Writer<'_>, to: &To<'_>, code: &Code, text: &dyn Display, data: impl FnOnce(&mut Writer<'_>)) {
    let Code { code, name, shown } = code;
    match to.dialect {
        Dialect::V1 => {
            writer.raw(b"{\"id\":");
            writer.raw(to.id);
            writer.raw(b",\"result\":null,\"error\":");
            writer.formatted(format_args!("{name} ({shown}): {text}"));
        }
        Dialect::V2 => {
            writer.raw(b"{\"jsonrpc\":\"2.0\",\"id\":");
            writer.raw(to.id);
            writer.raw(b",\"error\":{\"code\":");
            writer.integer((*code).into());
            writer.raw(b",\"message\":");
            writer.formatted(format_args!("{name}: {text}"));
            data(writer);
            writer.raw(b"}");
        }
    }
    writer.raw(b"}");
}
