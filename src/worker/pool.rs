//! The daemon's side: who runs what, what waits, whose reply it is.
//!
//! In: tasks, and readiness of workers' sockets. Out: for each operation exactly one end: a reply, or why there is
//! none. Short calls share a few workers, which are kept; one of these is never given a change, so that looking never
//! waits for one. A long call gets a process of its own, which ends with it. Nothing in here waits: what a socket
//! does not take now is kept, and a worker that does not answer is simply one that has not answered.

use std::io;
use std::os::fd::AsFd;
use std::process::Child;

use log::warn;
use mio::event::Event;
use mio::{Interest, Registry, Token};

use super::link::{HEADER_BYTES, Header, Kind};
use super::operation::{Operation, Outcome};
use super::process::{Graves, Launch};
use super::queue::Queue;
use super::room::{Place, Room};
use crate::json::Writer;
use crate::limits::{
    OPERATIONS_LONG_MAX, OPERATIONS_WAITING_MAX, PARSER_KEEP_BYTES, REPLY_BYTES_MAX, WORKER_IN_BUF_BYTES_KEEP,
};
use crate::mem::{Key, Slab};
use crate::rpc::{Domain, Refused};
use crate::wire::{Connection, Peer};

/// All operations of a daemon, and the workers that carry them out.
#[derive(Debug)]
pub struct Pool {
    launch: Launch,
    registry: Registry,
    token: fn(Key) -> Token,
    workers: Slab<Worker>,
    pub(super) queue: Queue,
    /// Operations that came to their end without a worker's word, and why.
    over: Vec<(Operation, Refused<'static>)>,
    graves: Graves,
    /// Workers whose sockets have something.
    ready: Vec<Key>,
    /// Memory for documents, used again and again.
    pub(super) spare: Vec<Vec<u8>>,
    pub(super) last_number: u64,
    /// Something has changed that may let an operation begin.
    pub(super) stirred: bool,
}

/// A worker process.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    link: Connection,
    /// It was started for one call.
    pub(super) long: bool,
    /// It has said that it can carry out calls.
    is_ready: bool,
    pub(super) operation: Option<Operation>,
    wants_write: bool,
}

/// What has become of an operation.
#[derive(Debug)]
pub enum Heard<'h> {
    /// It is done, and this is the reply; empty for none.
    Reply(&'h [u8]),
    /// It is over, and this is why there is no reply.
    Refused(&'h Refused<'static>),
    /// It gets on: members of a JSON object.
    Progress(&'h [u8]),
}

impl Pool {
    /// A pool without any worker yet. Each is registered under the token that `token` makes of its key.
    ///
    /// # Errors
    /// The kernel gives no second handle of the event queue.
    pub fn new(launch: Launch, registry: &Registry, token: fn(Key) -> Token) -> io::Result<Self> {
        Ok(Self {
            registry: registry.try_clone()?,
            token,
            workers: Slab::new(launch.workers + OPERATIONS_LONG_MAX),
            launch,
            queue: Queue::default(),
            over: Vec::new(),
            graves: Graves::default(),
            ready: Vec::new(),
            spare: Vec::new(),
            last_number: 0,
            stirred: false,
        })
    }

    /// Remembers what an event says of a worker.
    pub fn note(&mut self, key: Key, event: &Event) {
        if let Some(worker) = self.workers.get_mut(key) {
            worker.link.wake(event.is_read_closed() || event.is_error());
            if !self.ready.contains(&key) {
                self.ready.push(key);
            }
        }
    }

    /// Some worker has said something, or more than was listened to.
    pub fn has_more(&self) -> bool {
        !self.ready.is_empty()
    }

    /// There is nothing to hear and nothing to begin: as it is while only polls come in.
    pub fn is_at_rest(&self) -> bool {
        self.ready.is_empty() && self.over.is_empty() && !self.stirred
    }

    /// Lets go of workers that have ended.
    pub fn reap(&mut self) {
        self.graves.reap();
    }

    /// Listens to workers that have said something. `deliver` gets every word about an operation.
    pub fn hear(&mut self, mut deliver: impl FnMut(&Operation, Heard<'_>)) {
        let mut ready = std::mem::take(&mut self.ready);
        for key in ready.drain(..) {
            self.hear_one(key, &mut deliver);
        }
        // Those that have more to say have been noted meanwhile.
        ready.append(&mut self.ready);
        self.ready = ready;
        self.end_those_over(&mut deliver);
    }

    /// Tells about operations that came to their end without a worker.
    pub fn end_those_over(&mut self, mut deliver: impl FnMut(&Operation, Heard<'_>)) {
        for (operation, refused) in std::mem::take(&mut self.over) {
            operation.log(Outcome::NotBegun);
            deliver(&operation, Heard::Refused(&refused));
            recycle(&mut self.spare, operation);
        }
    }

    fn hear_one(&mut self, key: Key, deliver: &mut impl FnMut(&Operation, Heard<'_>)) {
        let Self { workers, queue, spare, .. } = self;
        let Some(worker) = workers.get_mut(key) else {
            return;
        };
        worker.link.receive();
        let mut broken = false;
        while let (Some(header), false) = (worker.message(), broken) {
            let payload = &worker.link.input.unread()[HEADER_BYTES..HEADER_BYTES + header.length as usize];
            match (header.kind, worker.operation.take()) {
                (Kind::Ready, operation) => {
                    worker.is_ready = true;
                    worker.operation = operation;
                }
                (Kind::Progress, Some(mut operation)) => {
                    operation.progress.clear();
                    operation.progress.extend_from_slice(payload);
                    deliver(&operation, Heard::Progress(payload));
                    worker.operation = Some(operation);
                }
                (Kind::Resolved, Some(operation)) => {
                    queue.insert(Operation { domain: Domain::Number(header.number), ..operation });
                }
                (Kind::Reply, Some(operation)) => {
                    operation.log(Outcome::Code(header.number.cast_signed()));
                    deliver(&operation, Heard::Reply(payload));
                    recycle(spare, operation);
                }
                (_, operation) => {
                    worker.operation = operation;
                    broken = true;
                }
            }
            worker.link.input.consume(HEADER_BYTES + header.length as usize);
        }
        self.stirred = true;
        worker.link.input.trim(WORKER_IN_BUF_BYTES_KEEP);
        let is_done = worker.long && worker.operation.is_none();
        if broken || is_done || worker.link.has_ended() {
            self.bury(key, deliver);
        } else if worker.link.is_readable() {
            self.ready.push(key);
        } else if self.flush(key).is_err() {
            self.bury(key, deliver);
        }
    }

    /// Gives a worker up. What it was doing ends with it, as far as anybody here can tell.
    fn bury(&mut self, key: Key, deliver: &mut impl FnMut(&Operation, Heard<'_>)) {
        let Some((operation, was_ready)) = self.discard(key) else {
            return;
        };
        let (outcome, refused) = match was_ready && !operation.is_unresolved() {
            true => (Outcome::Unknown, Refused::WorkerDied),
            false => (Outcome::NotBegun, Refused::NoWorker),
        };
        warn!("a worker ended before operation {} did", operation.number);
        operation.log(outcome);
        deliver(&operation, Heard::Refused(&refused));
        recycle(&mut self.spare, operation);
    }

    /// Lets go of a worker. What it was doing, and whether it had said that it was ready.
    fn discard(&mut self, key: Key) -> Option<(Operation, bool)> {
        let mut worker = self.workers.remove(key)?;
        let _ = self.registry.deregister(worker.link.socket());
        worker.link.shut();
        self.graves.bury(worker.child);
        self.stirred = true;
        Some((worker.operation?, worker.is_ready))
    }

    /// Begins what may begin.
    pub fn dispatch(&mut self) {
        if !std::mem::take(&mut self.stirred) {
            return;
        }
        while let Some((place, operation)) = self.next() {
            let started = match place {
                Place::Idle(key) => Ok(key),
                Place::New { long } => self.start(long),
            };
            let refused = match started {
                Ok(key) => self.hand_over(key, operation),
                Err(error) => {
                    warn!("cannot start a worker: {error}");
                    Some(operation)
                }
            };
            match (refused, place) {
                (None, _) => {}
                // One that has had nothing to do had died meanwhile: another can do it.
                (Some(operation), Place::Idle(_)) => self.queue.insert(operation),
                (Some(operation), Place::New { .. }) => self.over.push((operation, Refused::NoWorker)),
            }
        }
    }

    /// The next operation that may begin, and where.
    fn next(&mut self) -> Option<(Place, Operation)> {
        let Self { workers, queue, launch, .. } = self;
        let running = workers.iter().filter_map(|worker| worker.operation.as_ref());
        let changed = running.filter(|operation| operation.changes()).map(|operation| operation.domain);
        let changed = changed.filter(|domain| matches!(domain, Domain::Number(_)));
        let room = Room::of(workers, launch.workers);
        queue.next(changed, |operation| room.place(operation))
    }

    /// Tells a worker what to do. The operation comes back if the worker is gone; then it has not heard of it.
    fn hand_over(&mut self, key: Key, operation: Operation) -> Option<Operation> {
        let Some(worker) = self.workers.get_mut(key) else {
            return Some(operation);
        };
        let descriptors = if operation.is_unresolved() { &[][..] } else { &operation.descriptors };
        if worker.link.send_with(&operation.header().to_bytes(), descriptors).is_err() {
            self.discard(key);
            return Some(operation);
        }
        worker.link.output.tail().extend_from_slice(&operation.document);
        worker.operation = Some(operation);
        if self.flush(key).is_err() {
            self.ready.push(key);
        }
        None
    }

    /// Starts a worker.
    fn start(&mut self, long: bool) -> io::Result<Key> {
        let (child, socket) = self.launch.spawn()?;
        let nobody = Peer { uid: 0, pid: 0 };
        let socket = mio::net::UnixStream::from_std(socket);
        let link = Connection::with_room(socket, nobody, HEADER_BYTES + REPLY_BYTES_MAX);
        let mut worker = Worker { child, link, long, is_ready: false, operation: None, wants_write: false };
        if let Err(error) = self.greet(&mut worker) {
            self.graves.bury(worker.child);
            return Err(error);
        }
        let key = self.workers.insert_with(|_| Some(worker)).ok_or(io::ErrorKind::ResourceBusy)?;
        let registered = match self.workers.get_mut(key) {
            Some(worker) => self.registry.register(worker.link.socket(), (self.token)(key), Interest::READABLE),
            None => Ok(()),
        };
        if registered.is_err()
            && let Some(worker) = self.workers.remove(key)
        {
            self.graves.bury(worker.child);
        }
        registered.map(|()| key)
    }

    /// What a worker has to know before its first call.
    fn greet(&self, worker: &mut Worker) -> io::Result<()> {
        let sim = self.launch.sim.as_ref().map(AsFd::as_fd);
        let mut hello = Header::new(Kind::Hello, 0);
        hello.descriptors = u8::from(sim.is_some());
        Ok(worker.link.send_with(&hello.to_bytes(), sim.as_slice())?)
    }

    /// Sends what a worker is owed, as far as that goes now.
    fn flush(&mut self, key: Key) -> io::Result<()> {
        let Some(worker) = self.workers.get_mut(key) else {
            return Ok(());
        };
        worker.link.send();
        let wants = !worker.link.output.is_empty();
        if wants == worker.wants_write {
            return Ok(());
        }
        worker.wants_write = wants;
        let interest = if wants { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        self.registry.reregister(worker.link.socket(), (self.token)(key), interest)
    }

    /// Every operation, by number.
    pub(super) fn list(&self, writer: &mut Writer<'_>) {
        let state = |worker: &Worker| if worker.is_ready { "running" } else { "starting" };
        let running = self.workers.iter().filter_map(|worker| Some((worker.operation.as_ref()?, state(worker))));
        let waiting = self.queue.iter().map(|operation| (operation, "waiting"));
        let mut all: Vec<_> = running.chain(waiting).collect();
        all.sort_by_key(|(operation, _)| operation.number);
        writer.raw(b"[");
        for (at, (operation, state)) in all.into_iter().enumerate() {
            writer.raw(if at == 0 { b"" } else { b"," });
            operation.show(state, writer);
        }
        writer.raw(b"]");
    }

    /// Asks that an operation end soon.
    pub(super) fn abort(&mut self, is_meant: impl Fn(&Operation) -> bool) -> Result<(), Refused<'static>> {
        if let Some(operation) = self.queue.remove(&is_meant) {
            self.over.push((operation, Refused::Aborted));
            self.stirred = true;
            return Ok(());
        }
        let key = self.workers.find(|worker| worker.operation.as_ref().is_some_and(&is_meant));
        let key = key.ok_or(Refused::NoOperation)?;
        let worker = self.workers.get_mut(key).ok_or(Refused::NoOperation)?;
        let Some(operation) = worker.operation.as_mut() else {
            return Err(Refused::NoOperation);
        };
        if std::mem::replace(&mut operation.abort_asked, true) && !worker.is_ready {
            // It hangs before its first call: there is nothing that ending it could break.
            if let Err(error) = worker.child.kill() {
                warn!("cannot end a worker that does not begin: {error}");
            }
        }
        let told = Header::new(Kind::Abort, operation.short_number());
        worker.link.output.tail().extend_from_slice(&told.to_bytes());
        // If that fails, the socket's end will be heard.
        let _ = self.flush(key);
        Ok(())
    }
}

/// Keeps the memory of an operation that is over.
fn recycle(spare: &mut Vec<Vec<u8>>, operation: Operation) {
    let mut document = operation.document;
    if document.capacity() <= PARSER_KEEP_BYTES && spare.len() < OPERATIONS_WAITING_MAX {
        document.clear();
        spare.push(document);
    }
}

impl Worker {
    /// The header of the next message, once all of it is there. One that is no header has the length of none.
    fn message(&self) -> Option<Header> {
        let unread = self.link.input.unread();
        let header = Header::from_bytes(unread.first_chunk()?).unwrap_or_else(|| Header::new(Kind::Hello, 0));
        (unread.len() - HEADER_BYTES >= header.length as usize).then_some(header)
    }
}
