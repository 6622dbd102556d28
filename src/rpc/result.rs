//! The result of a call: libxl's, another request's, or a text that is kept.
//!
//! In: a method and its params. Out: the result's JSON in the writer, or left out of it if it is long and lies where
//! the reply can be sent from. It knows nothing of what stands around a result.

use super::Past;
use super::envelope::Envelope;
use super::office::Office;
use crate::api::{Call, Find, Keeper, Method};
use crate::error::Outcome;
use crate::json::Writer;
use crate::limits::LEFT_OUT_BYTES_MIN;
use crate::xl::Xl;

/// A result of a read, once it is made.
#[derive(Debug, Clone, Copy)]
pub(super) enum Made<'r> {
    /// In these bytes.
    Bytes(&'r [u8]),
    /// In that list's text.
    Kept(Find),
}

/// Writes the result: libxl's, or that of another request which asked the same in this turn.
pub(super) fn write<'m>(
    xl: &Xl,
    method: &'static Method,
    envelope: &Envelope<'m>,
    writer: &mut Writer<'_>,
    office: &mut impl Office,
    past: &mut Past,
) -> Outcome<'m> {
    let (params, Past { shared, kept, left_out, .. }) = (envelope.params, past);
    let may_share = shared.may_serve(method, office.others_wait());
    if may_share && let Some(made) = shared.find(method.name, office.access(), &params, kept) {
        match made {
            Made::Bytes(bytes) => writer.raw(bytes),
            Made::Kept(find) => *left_out = place(find, kept, writer, office),
        }
        return Ok(());
    }
    xl.log().clear();
    let (mark, lookup) = (writer.mark(), office.lookup());
    (method.call)(&mut Call { xl, params, descriptors: office.descriptors(), lookup, kept, writer })?;
    shared.count_call();
    let may_share = may_share && office.others_wait();
    match kept.take_result() {
        None if may_share && !writer.overflowed() => shared.keep(Made::Bytes(writer.since(mark))),
        None => {}
        Some(find) => {
            if may_share {
                shared.keep(Made::Kept(find));
            }
            *left_out = place(find, kept, writer, office);
        }
    }
    Ok(())
}

/// Puts a list's text into the reply, or says where it belongs.
fn place(find: Find, kept: &Keeper, writer: &mut Writer<'_>, office: &impl Office) -> Option<(usize, Find)> {
    let text = find(&kept.lists);
    if text.len() < LEFT_OUT_BYTES_MIN || !office.may_leave_out() {
        writer.raw(text);
        return None;
    }
    writer.leave_out(text.len());
    Some((writer.mark(), find))
}
