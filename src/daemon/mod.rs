//! The loop: the only room that knows sockets and requests.
//!
//! In: readiness from the kernel. Out: clients accepted, served, closed. Readiness is only noted where it arrives;
//! all work is done afterwards in `Daemon::settle`, one ordered list: receive from all, then answer and send one by
//! one, then accept. Nothing in it waits: the only place where the process sleeps is `poll`.

mod accept;
mod client;
mod doors;
mod names;
mod signals;
mod token;

use std::io;
use std::time::{Duration, Instant};

use log::{info, warn};
use mio::{Events, Interest, Poll};
use signal_hook_mio::v1_0::Signals;

use crate::limits::{CONNECTIONS_MAX, DRAIN_MAX, OPERATIONS_LONG_MAX, OUT_TOTAL_BYTES_MAX, WORKERS_MAX};
use crate::mem::{Key, OutBuf, Slab};
use crate::rpc::Rpc;
use crate::worker::{Launch, Pool};
use client::{Client, Lent, Turn};
pub use doors::Doors;
use doors::Visitor;
use names::Names;
pub use signals::StopSignals;
use token::Source;

/// What the loop listens to besides connections: two doors, the signals, xenstored, and workers.
const OTHER_SOURCES: usize = 4 + WORKERS_MAX + OPERATIONS_LONG_MAX;

/// Serves until it is told to stop.
pub struct Daemon {
    poll: Poll,
    signals: Signals,
    rpc: Rpc,
    pool: Pool,
    /// Tells the names of domains.
    names: Names,
    /// Gone once the daemon is stopping.
    doors: Option<Doors>,
    clients: Slab<Client>,
    /// Who has something to do, in the order in which they came to have it.
    turn: Vec<Key>,
    /// Whose turn is over but not their work.
    next_turn: Vec<Key>,
    spare: OutBuf,
    /// What clients that are slow to read have not read yet, together.
    owed_bytes: usize,
    accepting: Accepting,
    /// Accepted, but there was no room.
    without_room: Option<Visitor>,
    /// When a stopping daemon stops waiting for its clients.
    deadline: Option<Instant>,
}

/// Whether connections may be waiting in the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accepting {
    /// None, as far as we know; the kernel will say so.
    Rest,
    /// Some may be there.
    Now,
    /// Some are, but there is no descriptor for them; look again then, or when one becomes free.
    Later(Instant),
}

impl std::fmt::Debug for Daemon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Daemon").field("clients", &self.clients.len()).finish_non_exhaustive()
    }
}

impl Daemon {
    /// A daemon behind these doors. Calls that are not made in the loop are made by processes that `launch` starts.
    ///
    /// # Errors
    /// The kernel refuses an epoll.
    pub fn new(rpc: Rpc, mut doors: Doors, StopSignals(mut signals): StopSignals, launch: Launch) -> io::Result<Self> {
        let poll = Poll::new()?;
        let pool = Pool::new(launch, poll.registry(), |key| Source::Worker(key).into())?;
        poll.registry().register(&mut signals, Source::Signal.into(), Interest::READABLE)?;
        doors.register(poll.registry())?;
        Ok(Self {
            poll,
            signals,
            rpc,
            pool,
            names: Names::default(),
            doors: Some(doors),
            clients: Slab::new(CONNECTIONS_MAX),
            turn: Vec::with_capacity(CONNECTIONS_MAX),
            next_turn: Vec::with_capacity(CONNECTIONS_MAX),
            spare: OutBuf::default(),
            owed_bytes: 0,
            accepting: Accepting::Rest,
            without_room: None,
            deadline: None,
        })
    }

    /// Serves until SIGTERM or SIGINT, then finishes what is owed.
    ///
    /// # Errors
    /// `poll` fails, which it does only when something is very wrong.
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(CONNECTIONS_MAX + OTHER_SOURCES);
        while !self.is_finished() {
            match self.poll.poll(&mut events, self.timeout()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for event in &events {
                self.note(event);
            }
            self.settle();
        }
        Ok(())
    }

    /// How long `poll` may sleep; `None` is for ever.
    fn timeout(&self) -> Option<Duration> {
        let others = self.pool.has_more() || self.names.has_more();
        if !self.turn.is_empty() || self.accepting == Accepting::Now || others {
            return Some(Duration::ZERO);
        }
        let retry = match self.accepting {
            Accepting::Later(at) => Some(at),
            _ => None,
        };
        let earliest = [retry, self.deadline, self.names.wakes_at()].into_iter().flatten().min()?;
        Some(earliest.saturating_duration_since(Instant::now()))
    }

    /// Remembers what an event says. Nothing else happens here.
    fn note(&mut self, event: &mio::event::Event) {
        match Source::from(event.token()) {
            // While there is no descriptor for more, another connection is no news.
            Source::Door(_) if self.accepting == Accepting::Rest => self.accepting = Accepting::Now,
            Source::Door(_) => {}
            Source::Signal => self.heed_signals(),
            Source::Worker(key) => self.pool.note(key, event),
            Source::Store => self.names.note(event),
            Source::Client(key) => {
                let Some(client) = self.clients.get_mut(key) else {
                    return;
                };
                if event.is_readable() || event.is_read_closed() || event.is_error() {
                    client.connection.wake(event.is_read_closed() || event.is_error());
                }
                list(&mut self.turn, key, client);
            }
        }
    }

    /// Everything that is done between two sleeps, in this order.
    fn settle(&mut self) {
        self.receive_all();
        self.hear_workers();
        self.names.attend(self.rpc.xl());
        self.serve_all();
        self.begin_operations();
        self.accept_waiting();
        if !self.next_turn.is_empty() {
            std::mem::swap(&mut self.turn, &mut self.next_turn);
        }
    }

    /// Takes what has arrived from everybody before anything is answered: so each answer is made after all the
    /// questions of its turn had arrived, and one answer may serve them all.
    fn receive_all(&mut self) {
        for at in 0..self.turn.len() {
            if let Some(client) = self.clients.get_mut(self.turn[at]) {
                client.receive();
            }
        }
    }

    /// Gives the clients what their workers say; it is sent with what they get in this turn anyway.
    fn hear_workers(&mut self) {
        if self.pool.is_at_rest() {
            return;
        }
        let Self { pool, clients, turn, spare, names, .. } = self;
        pool.hear(|operation, heard| {
            names.heed(operation, &heard);
            if let Some(client) = clients.get_mut(operation.client) {
                if client.connection.output.is_empty() {
                    std::mem::swap(&mut client.connection.output, spare);
                }
                client.deliver(operation, &heard);
                list(turn, operation.client, client);
            }
        });
    }

    /// Starts what was asked for in this turn and what has been waiting.
    fn begin_operations(&mut self) {
        if self.pool.is_at_rest() {
            return;
        }
        self.pool.dispatch();
        let Self { pool, clients, next_turn, names, .. } = self;
        pool.end_those_over(|operation, heard| {
            names.heed(operation, &heard);
            if let Some(client) = clients.get_mut(operation.client) {
                client.deliver(operation, &heard);
                list(next_turn, operation.client, client);
            }
        });
    }

    fn serve_all(&mut self) {
        self.rpc.begin_turn();
        for at in 0..self.turn.len() {
            let key = self.turn[at];
            let Some(client) = self.clients.get_mut(key) else {
                continue;
            };
            client.listed = false;
            let Self { rpc, pool, spare, names, turn, .. } = self;
            let (others_wait, lookup) = (at + 1 < turn.len(), names.lookup());
            let turn = client.serve(&mut Lent { rpc, pool, spare, key, others_wait, lookup });
            self.after(key, turn);
        }
        self.turn.clear();
    }

    fn after(&mut self, key: Key, turn: Turn) {
        let Some(client) = self.clients.get_mut(key) else {
            return;
        };
        let stopping_and_done = self.deadline.is_some() && client.is_idle() && !client.connection.is_readable();
        let client_bytes = client.connection.output.len();
        self.owed_bytes = self.owed_bytes - client.owed_bytes + client_bytes;
        client.owed_bytes = client_bytes;
        let owes_too_much = client_bytes > 0 && self.owed_bytes > OUT_TOTAL_BYTES_MAX;
        if owes_too_much {
            let uid = client.connection.peer().uid;
            warn!("slow readers hold {} bytes: closing one (uid {uid})", self.owed_bytes);
        }
        match turn {
            _ if owes_too_much => self.close(key),
            Turn::Close => self.close(key),
            Turn::Rest if stopping_and_done => self.close(key),
            Turn::Rest if client.wants_write != (client_bytes > 0) => self.watch_writes(key, client_bytes > 0),
            Turn::Rest => {}
            Turn::Again => list(&mut self.next_turn, key, client),
        }
    }

    /// Asks the kernel to say when a client that is slow to read takes bytes again, or no longer to.
    fn watch_writes(&mut self, key: Key, wants: bool) {
        let Some(client) = self.clients.get_mut(key) else {
            return;
        };
        client.wants_write = wants;
        let interest = if wants { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        let token = Source::Client(key).into();
        if self.poll.registry().reregister(client.connection.socket(), token, interest).is_err() {
            self.close(key);
        }
    }

    fn close(&mut self, key: Key) {
        let Some(mut client) = self.clients.remove(key) else {
            return;
        };
        self.owed_bytes -= client.owed_bytes;
        // Deregistered first: a copy of the descriptor in a forked child would keep its readiness coming.
        let _ = self.poll.registry().deregister(client.connection.socket());
        client.connection.shut();
        if let Accepting::Later(_) = self.accepting {
            self.accepting = Accepting::Now;
        }
    }

    fn heed_signals(&mut self) {
        let mut stop = false;
        for signal in self.signals.pending() {
            match signal {
                libc::SIGCHLD => self.pool.reap(),
                _ => stop = true,
            }
        }
        if stop {
            self.stop();
        }
    }

    /// Accepts no more; answers what has arrived; the second time, not even that.
    fn stop(&mut self) {
        let patience = if self.deadline.is_none() { DRAIN_MAX } else { Duration::ZERO };
        self.deadline = Some(Instant::now() + patience);
        if let Some(doors) = self.doors.take() {
            doors.deregister(self.poll.registry());
        }
        self.accepting = Accepting::Rest;
        self.without_room = None;
        info!("stopping: {} connections", self.clients.len());
        for key in self.clients.keys().collect::<Vec<_>>() {
            let Some(client) = self.clients.get_mut(key) else {
                continue;
            };
            client.connection.wake(false);
            list(&mut self.turn, key, client);
        }
    }

    fn is_finished(&self) -> bool {
        self.deadline.is_some_and(|at| self.clients.is_empty() || Instant::now() >= at)
    }
}

/// Puts a client on a list, once.
fn list(turn: &mut Vec<Key>, key: Key, client: &mut Client) {
    if !client.listed {
        client.listed = true;
        turn.push(key);
    }
}

#[cfg(test)]
mod tests;
