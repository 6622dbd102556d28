//! Calls that are not made here.
//!
//! In: a request whose call is for somebody who may wait. Out: a task in the office, or a reply at once, when it is
//! clear that nothing will come of it. Only what must be known before the call can begin is looked at; whoever makes
//! it reads the request anew.

use super::envelope::{Dialect, Envelope, RawId, To};
use super::office::{Domain, Office, ReplyTo, Task};
use super::{Answered, reply};
use crate::api::{Call, Class, Keeper, Lookup, Method, Place};
use crate::error::Failure;
use crate::json::{Value, Writer};
use crate::xl::Xl;

/// A call that is not made here.
pub(super) struct Deferred {
    method: &'static Method,
    dialect: Dialect,
    notification: bool,
    progress: bool,
    domain: Domain,
    named: String,
}

/// Gives a call away, or says why that cannot be.
#[cold]
pub(super) fn submit(
    deferred: &Deferred,
    id: RawId<'_>,
    document: &[u8],
    in_batch: bool,
    writer: &mut Writer<'_>,
    office: &mut impl Office,
) -> Answered {
    let &Deferred { method, dialect, notification, progress, domain, ref named } = deferred;
    let to = ReplyTo::new(&To { dialect, id: id.echoed() });
    match office.submit(Task { method, to, notification, in_batch, progress, domain, named, document }) {
        Ok(()) => Answered::Later,
        Err(_) if notification => Answered::Now,
        Err(refused) => {
            reply::refused(writer, &to.to(), &refused);
            Answered::Now
        }
    }
}

/// Longer names are cut where people read them.
const NAME_CHARACTERS_SHOWN: usize = 128;

/// What must be known of a call to make it later; nothing, and a reply, when it is not to be made.
#[cold]
pub(super) fn defer(
    xl: &Xl,
    method: &'static Method,
    envelope: &Envelope<'_>,
    writer: &mut Writer<'_>,
    office: &mut impl Office,
) -> Option<Deferred> {
    let param = |name| envelope.params.find(method.params, name);
    let named = method.domain.and_then(|at| param(method.params[usize::from(at)]));
    let about = match named {
        _ if method.place == Place::Names && office.lookup() == Lookup::Unavailable => Err(Failure::NamesUnavailable),
        None => Ok(Domain::None),
        Some(value) => about(xl, method, envelope, value, writer, office),
    };
    let domain = match about {
        Ok(domain) => domain,
        Err(failure) => {
            reply::failure(xl, &envelope.to, method.name, &failure, office.access(), writer);
            return None;
        }
    };
    let text = named.filter(|_| domain == Domain::Named).and_then(|value| value.str().ok()).unwrap_or_default();
    Some(Deferred {
        method,
        dialect: envelope.to.dialect,
        notification: envelope.notification,
        progress: param("progress").is_some_and(|value| matches!(value.bool(), Ok(true))),
        domain,
        named: text.chars().take(NAME_CHARACTERS_SHOWN).collect(),
    })
}

/// The domain that a call is about which is made later. One that is given by a name that is known is that of now.
fn about<'m>(
    xl: &Xl,
    method: &Method,
    envelope: &Envelope<'m>,
    value: Value<'m>,
    writer: &mut Writer<'_>,
    office: &mut impl Office,
) -> Result<Domain, Failure<'m>> {
    // Only changes have to wait for each other.
    let changes = method.class != Class::Read;
    if let Ok(number) = value.unsigned(u32::MAX.into()) {
        return Ok(if changes { Domain::Number(u32::try_from(number).unwrap_or(u32::MAX)) } else { Domain::None });
    }
    let unknown = if changes { Domain::Named } else { Domain::None };
    let lookup = office.lookup();
    if !matches!(lookup, Lookup::Names | Lookup::Unavailable) {
        return Ok(unknown);
    }
    let kept = &mut Keeper::default();
    let call = Call { xl, params: envelope.params, descriptors: office.descriptors(), lookup, kept, writer };
    match call.domain(value) {
        Ok(domid) => Ok(Domain::Number(domid)),
        Err(Failure::NamesUnavailable) => Err(Failure::NamesUnavailable),
        // Who carries it out finds the words for it.
        Err(_) => Ok(unknown),
    }
}
