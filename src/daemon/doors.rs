//! The sockets that clients come by.
//!
//! In: listening sockets. Out: visitors, with what their door allows them. Those at the full socket come first.

use std::io;

use mio::net::UnixStream;
use mio::{Interest, Registry};

use super::token::Source;
use crate::rpc::Access;
use crate::wire::{Listener, Peer};

/// The full socket, and perhaps the read-only one.
#[derive(Debug)]
pub struct Doors(Vec<(Listener, Access)>);

/// Somebody who has connected and is not a client yet.
#[derive(Debug)]
pub(super) struct Visitor {
    pub(super) socket: UnixStream,
    pub(super) peer: Peer,
    pub(super) access: Access,
}

impl Doors {
    /// One socket, by which everything may be called.
    pub fn full(listener: Listener) -> Self {
        Self(vec![(listener, Access::Full)])
    }

    /// And one for methods that only look.
    #[must_use]
    pub fn and_read_only(mut self, listener: Listener) -> Self {
        self.0.push((listener, Access::ReadOnly));
        self
    }

    pub(super) fn register(&mut self, registry: &Registry) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|(listener, access)| {
            registry.register(listener.socket(), Source::Door(*access).into(), Interest::READABLE)
        })
    }

    pub(super) fn deregister(mut self, registry: &Registry) {
        for (listener, _) in &mut self.0 {
            let _ = registry.deregister(listener.socket());
        }
    }

    /// The next who waits. `WouldBlock` when there is nobody.
    pub(super) fn accept(&self) -> io::Result<Visitor> {
        for (listener, access) in &self.0 {
            match listener.accept() {
                Ok((socket, peer)) => return Ok(Visitor { socket, peer, access: *access }),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }
}
