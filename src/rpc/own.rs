//! Methods of our own: about operations, calls that were given away and are not answered yet; and about this server.
//!
//! In: the envelope of a request whose method is none of libxl's. Out: its reply. `operation_list` takes nothing and
//! gives an array; `operation_abort` takes `number`, or `id` of a request on the same connection, and gives `{}` when
//! the operation has been asked to end: it is answered in any case, aborted or not. `server_info` takes nothing and
//! gives what a client or an admin may want to know of the server that it talks to; its `loop` says how many results
//! the loop has got from libxl, and how often it gave one to one more request that asked the same. `domain_stats` is
//! [`crate::stats`].

use super::Past;
use super::envelope::Envelope;
use super::office::{Access, Office, Which};
use super::reply::{self, Refused};
use super::result::Made;
use super::shared::Counts;
use crate::api::Lookup;
use crate::error::{Fault, Refused as RefusedParams};
use crate::json::{Kind, Value, Writer};
use crate::limits::REPLY_BYTES_MAX;
use crate::xen;
use crate::xl::{SONAME, Source, Xl};

const DOMAIN_STATS: &str = "domain_stats";

/// Answers one of them, or says that there is no such method.
#[cold]
pub(super) fn call(
    xl: &Xl,
    envelope: &Envelope<'_>,
    past: &mut Past,
    writer: &mut Writer<'_>,
    office: &mut impl Office,
) {
    let to = &envelope.to;
    let outcome = match envelope.method {
        DOMAIN_STATS | "Xenops.DomainStats" => {
            stats(xl, envelope, past, writer, office);
            Ok(())
        }
        "operation_list" | "Xenops.OperationList" => list(envelope, writer, office),
        "operation_abort" | "Xenops.OperationAbort" if office.access() == Access::ReadOnly => {
            Err(Refused::Forbidden("operation_abort"))
        }
        "operation_abort" | "Xenops.OperationAbort" => abort(envelope, writer, office),
        "server_info" | "Xenops.ServerInfo" => server_info(xl, envelope, past.shared.counts(), writer, office),
        other => Err(Refused::Method(other)),
    };
    if let Err(refused) = outcome {
        reply::refused(writer, to, &refused);
    }
}

/// As a read of libxl's: made for all who ask the same in this turn.
fn stats(xl: &Xl, envelope: &Envelope<'_>, past: &mut Past, writer: &mut Writer<'_>, office: &impl Office) {
    let (to, params, access) = (&envelope.to, &envelope.params, office.access());
    let Past { shared, stats, kept, .. } = past;
    let mark = writer.mark();
    reply::begin(writer, to);
    let may_share = shared.may_serve_look(office.others_wait());
    if may_share && let Some(Made::Bytes(result)) = shared.find(DOMAIN_STATS, access, params, kept) {
        writer.raw(result);
    } else {
        xl.log().clear();
        let begun = writer.mark();
        if let Err(failed) = stats.answer(xl, params, office.lookup() == Lookup::Names, writer) {
            writer.undo(mark);
            reply::failure(xl, to, failed.function, &failed.failure, access, writer);
            return;
        }
        shared.count_call();
        if may_share && office.others_wait() && !writer.overflowed() {
            shared.keep(Made::Bytes(writer.since(begun)));
        }
    }
    reply::end(writer, to);
    if writer.overflowed() {
        writer.undo(mark);
        reply::refused(writer, to, &Refused::ReplyTooLong);
    }
}

fn list<'m>(envelope: &Envelope<'m>, writer: &mut Writer<'_>, office: &mut impl Office) -> Result<(), Refused<'m>> {
    envelope.params.bind(&[]).map_err(Refused::Params)?;
    reply::begin(writer, &envelope.to);
    office.list(writer);
    reply::end(writer, &envelope.to);
    Ok(())
}

fn abort<'m>(envelope: &Envelope<'m>, writer: &mut Writer<'_>, office: &mut impl Office) -> Result<(), Refused<'m>> {
    let args = envelope.params.bind(&["number", "id"]).map_err(Refused::Params)?;
    match (args.optional(0), args.optional(1)) {
        (Some(_), None) => office.abort(Which::Number(args.u64(0).map_err(Refused::Params)?))?,
        (None, Some(id)) => {
            let mut text = Vec::new();
            spell(id, &mut text).map_err(Refused::Params)?;
            office.abort(Which::Id(&text))?;
        }
        (None, None) => return Err(Refused::Params(args.refuse(0, Fault::Missing))),
        (Some(_), Some(id)) => return Err(Refused::Params(id.refuse(Fault::Rule("number or id, not both")))),
    }
    reply::begin(writer, &envelope.to);
    writer.raw(b"{}");
    reply::end(writer, &envelope.to);
    Ok(())
}

fn server_info<'m>(
    xl: &Xl,
    envelope: &Envelope<'m>,
    counts: Counts,
    writer: &mut Writer<'_>,
    office: &mut impl Office,
) -> Result<(), Refused<'m>> {
    envelope.params.bind(&[]).map_err(Refused::Params)?;
    reply::begin(writer, &envelope.to);
    writer.raw(b"{\"version\":");
    writer.string(env!("CARGO_PKG_VERSION"));
    writer.raw(b",\"libxl\":");
    writer.text(SONAME.to_bytes());
    writer.raw(b",\"xen\":");
    match xl.xen_version() {
        Some((major, minor, extra)) => {
            writer.formatted(format_args!("{major}.{minor}{}", extra.to_string_lossy()));
        }
        None => writer.raw(b"null"),
    }
    writer.raw(b",\"source\":");
    writer.string(xl.source().name());
    writer.raw(b",\"source_reason\":");
    match xl.source() {
        Source::Libxl(Some(why)) => writer.string(why),
        _ => writer.raw(b"null"),
    }
    writer.raw(b",\"names\":");
    writer.string(match office.lookup() {
        Lookup::Names => "known",
        Lookup::Unavailable => "unavailable",
        _ => "asked",
    });
    writer.raw(b",\"names_reason\":");
    if xen::reason_for_no_names(|why| writer.string(why)).is_none() {
        writer.raw(b"null");
    }
    writer.raw(b",\"access\":");
    writer.string(if office.access() == Access::ReadOnly { "read-only" } else { "full" });
    writer.raw(b",\"loop\":{\"calls\":");
    writer.unsigned(counts.calls);
    writer.raw(b",\"shared\":");
    writer.unsigned(counts.shared);
    writer.raw(b"}}");
    reply::end(writer, &envelope.to);
    Ok(())
}

/// An id as clients usually write it. One that was written in another way is found by the operation's number.
fn spell<'m>(id: Value<'m>, text: &mut Vec<u8>) -> Result<(), RefusedParams<'m>> {
    let mut writer = Writer::new(text, REPLY_BYTES_MAX);
    match id.kind() {
        Kind::String => writer.string(id.str()?),
        _ => writer.integer(id.signed(i64::MIN, i64::MAX)?),
    }
    Ok(())
}
