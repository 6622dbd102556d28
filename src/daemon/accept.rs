//! Letting clients in, or not.
//!
//! In: connections that wait at the doors, and how much room there is. Out: clients, and visitors who are told that
//! there is no room. It serves nobody.

use std::io;
use std::time::Instant;

use log::{debug, warn};
use mio::Interest;

use super::client::Client;
use super::doors::Visitor;
use super::token::Source;
use super::{Accepting, Daemon};
use crate::limits::{
    ACCEPT_RETRY, ACCEPTS_PER_TURN_MAX, CONNECTIONS_KEPT_FOR_FULL, CONNECTIONS_MAX, CONNECTIONS_PER_UID_MAX,
};
use crate::rpc::{Access, Refused};
use crate::wire::Connection;

impl Daemon {
    pub(super) fn accept_waiting(&mut self) {
        match self.accepting {
            Accepting::Rest => return,
            Accepting::Later(at) if Instant::now() < at => return,
            _ => {}
        }
        if let Some(visitor) = self.without_room.take() {
            self.admit_or_turn_away(visitor);
        }
        for _ in 0..ACCEPTS_PER_TURN_MAX {
            let Some(doors) = &self.doors else {
                return self.accepting = Accepting::Rest;
            };
            match doors.accept() {
                Ok(visitor) if self.has_room_for(&visitor) => self.admit(visitor),
                Ok(late) => {
                    self.without_room = Some(late);
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return self.accepting = Accepting::Rest;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.accept_later(&error),
            }
        }
        self.accepting = Accepting::Now;
    }

    fn accept_later(&mut self, error: &io::Error) {
        if self.accepting == Accepting::Now {
            warn!("cannot accept connections for now: {error}");
        }
        self.accepting = Accepting::Later(Instant::now() + ACCEPT_RETRY);
    }

    /// Who left while this turn was under way made room, but the kernel tells us only at its next sleep: so who finds
    /// none is looked at once more then, and turned away if there still is none.
    fn admit_or_turn_away(&mut self, visitor: Visitor) {
        if self.has_room_for(&visitor) {
            self.admit(visitor);
        } else {
            self.turn_away(Connection::new(visitor.socket, visitor.peer));
        }
    }

    pub(super) fn admit(&mut self, Visitor { socket, peer, access }: Visitor) {
        let registry = self.poll.registry();
        let admitted = self.clients.insert_with(|key| {
            let mut connection = Connection::new(socket, peer);
            registry.register(connection.socket(), Source::Client(key).into(), Interest::READABLE).ok()?;
            Some(Client::new(connection, access))
        });
        match admitted {
            Some(_) => debug!("accepted a client: uid {}, pid {}", peer.uid, peer.pid),
            None => warn!("the kernel cannot watch another connection"),
        }
    }

    /// Users other than root and our own have a share of the connections, not all of them; and some are kept for the
    /// full socket.
    fn has_room_for(&self, Visitor { peer, access, .. }: &Visitor) -> bool {
        let kept = if *access == Access::ReadOnly { CONNECTIONS_KEPT_FOR_FULL } else { 0 };
        if self.clients.len() + kept >= CONNECTIONS_MAX {
            return false;
        }
        if peer.uid == 0 || peer.uid == rustix::process::geteuid().as_raw() {
            return true;
        }
        let theirs = self.clients.iter().filter(|client| client.connection.peer().uid == peer.uid);
        theirs.count() < CONNECTIONS_PER_UID_MAX
    }

    /// Says that there is no room, as far as that goes without waiting.
    fn turn_away(&self, mut connection: Connection) {
        self.rpc.refuse(&Refused::Full, connection.output.tail());
        connection.send();
    }
}
