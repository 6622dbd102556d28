//! Domains' names in the loop: the connection to xenstored, if there is one.
//!
//! In: readiness of its socket, and what has become of operations. Out: whether names are known at this moment, or to
//! be asked for. What they are, the table of functions knows (`xen::KnownNames`).

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use mio::event::Event;

use super::Daemon;
use super::token::Source;
use crate::api::Lookup;
use crate::rpc::Refused;
use crate::worker::{Heard, Operation};
use crate::xen::{Knowledge, KnownNames, Store};
use crate::xl::Xl;

/// The connection. Without one, names are never known.
#[derive(Debug, Default)]
pub(super) struct Names(Option<Store>);

impl Daemon {
    /// Keeps the names of domains by a connection to the xenstored that listens there.
    ///
    /// # Errors
    /// The kernel gives no second handle of the event queue.
    pub fn with_names(mut self, names: KnownNames, xenstored: PathBuf) -> io::Result<Self> {
        self.names = Names(Some(Store::new(names, xenstored, self.poll.registry(), Source::Store.into())?));
        Ok(self)
    }
}

impl Names {
    /// Remembers what an event says of the connection.
    pub(super) fn note(&mut self, event: &Event) {
        if let Some(store) = &mut self.0 {
            store.wake(event.is_readable() || event.is_read_closed() || event.is_error(), event.is_writable());
        }
    }

    /// There is something to hear from xenstored or to say to it.
    pub(super) fn has_more(&self) -> bool {
        self.0.as_ref().is_some_and(Store::has_more)
    }

    /// When there is something to do, whatever xenstored says.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        self.0.as_ref().and_then(Store::wakes_at)
    }

    /// Brings names up to what xenstored said.
    pub(super) fn attend(&mut self, xl: &Xl) {
        if let Some(store) = &mut self.0 {
            store.attend(|| xl.domids());
        }
    }

    /// What a change has done to names must be known before anybody is told a name again. One that was never begun has
    /// done nothing.
    pub(super) fn heed(&mut self, operation: &Operation, heard: &Heard<'_>) {
        let may_have_changed = matches!(heard, Heard::Reply(_) | Heard::Refused(Refused::WorkerDied));
        if let Some(store) = &mut self.0
            && operation.changes()
            && may_have_changed
        {
            store.unsettle();
        }
    }

    /// How a domain's name becomes its number now.
    pub(super) fn lookup(&self) -> Lookup {
        match self.0.as_ref().map(Store::knowledge) {
            Some(Knowledge::Settled) => Lookup::Names,
            Some(Knowledge::Unavailable) => Lookup::Unavailable,
            Some(Knowledge::Asked) | None => Lookup::Elsewhere,
        }
    }
}
