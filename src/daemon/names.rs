//! Domains' names in the loop: the connection to xenstored, if there is one.
//!
//! In: readiness of its socket, and what has become of operations. Out: whether names are known at this moment. What
//! they are, the table of functions knows (`xen::KnownNames`).

use std::io;

use log::warn;
use mio::event::Event;

use super::Daemon;
use super::token::Source;
use crate::rpc::Refused;
use crate::worker::{Heard, Operation};
use crate::xen::Store;
use crate::xl::Xl;

/// The connection. Without one, names are never known.
#[derive(Debug, Default)]
pub(super) struct Names(Option<Store>);

impl Daemon {
    /// Keeps the names of domains by this connection to xenstored.
    ///
    /// # Errors
    /// The kernel cannot watch it.
    pub fn with_store(mut self, mut store: Store) -> io::Result<Self> {
        store.register(self.poll.registry(), Source::Store.into())?;
        self.names = Names(Some(store));
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

    /// Brings names up to what xenstored said.
    pub(super) fn attend(&mut self, xl: &Xl) {
        if let Some(store) = self.0.as_mut().filter(|store| store.has_more())
            && let Err(error) = store.attend(|| xl.domids())
        {
            warn!("lost xenstored ({error}): from now on, workers ask it for names");
            self.0 = None;
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

    /// Names are what xenstore holds, past everything that has been answered.
    pub(super) fn are_known(&self) -> bool {
        self.0.as_ref().is_some_and(Store::is_settled)
    }
}
