//! A connection to xenstored that never blocks, and the names that come by it.
//!
//! In: readiness of its socket. Out: names that are settled, or why there are none: while they are not, whoever wants a
//! name asks xenstore as libxl does, in a process that may wait. A connection that is lost is made again, after a while
//! that gets longer with each failure; one that says nothing is kept, for xenstored may go on. It speaks the wire
//! itself, because libxenstore blocks and starts a thread.
//!
//! It does not speak to `/dev/xen/xenbus`, which is the only way to an xenstored in a domain of its own: there, the
//! kernel sets up a watch within the `write` that asks for it, and waits for xenstored's answer; and it gives an event
//! and the answer to what was asked after it in any order, so nothing would say that names are past a change.

use std::cell::RefCell;
use std::ffi::{CStr, OsString};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use log::warn;
use mio::net::UnixStream;
use mio::{Interest, Registry, Token};

use super::names::Names;
use super::node::Uuid;
use super::wire::{HEADER_BYTES, PAYLOAD_BYTES_MAX};
use crate::limits::{XENSTORE_PATIENCE, XENSTORE_RETRY_MAX, XENSTORE_RETRY_MIN};

/// Where xenstored listens, unless libxenstore's variable says otherwise.
const SOCKET: &str = "/run/xenstored/socket";
const SOCKET_VARIABLE: &str = "XENSTORED_PATH";
/// Where the kernel passes on what is meant for an xenstored that has no socket.
const XENBUS: &str = "/dev/xen/xenbus";
/// Taken in one turn of the loop.
const BYTES_PER_TURN_MAX: usize = 64 << 10;

/// Names of domains, as far as they are settled. All copies know the same.
#[derive(Debug, Clone, Default)]
pub struct KnownNames(Rc<RefCell<Known>>);

#[derive(Debug, Default)]
struct Known {
    names: Names,
    /// Why there is no connection that names could come by.
    lost: Option<String>,
}

/// What can be said of names now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge {
    /// They are what xenstore holds, past everything that we have changed, and nothing that it has said is unheard.
    Settled,
    /// xenstored may be asked.
    Asked,
    /// xenstored has been asked, and owes an answer for longer than [`XENSTORE_PATIENCE`].
    Unavailable,
}

impl KnownNames {
    /// What the domain of this number is called, or that it has no name; if that is settled and it is the one with this
    /// uuid.
    pub(super) fn with_name<T>(&self, domid: u32, uuid: &Uuid, take: impl FnOnce(Option<&CStr>) -> T) -> Option<T> {
        let known = self.0.borrow();
        let called = known.names.called(domid).filter(|called| called.uuid == *uuid)?;
        Some(take(called.name.as_deref()))
    }

    /// Number and uuid of the first domain of this name, if that is settled.
    pub(super) fn domain(&self, name: &CStr) -> Option<(u32, Uuid)> {
        self.0.borrow().names.domain(name).map(|(domid, uuid)| (domid, *uuid))
    }

    /// Why there is no connection that names could come by.
    pub(super) fn with_reason<T>(&self, take: impl FnOnce(&str) -> T) -> Option<T> {
        self.0.borrow().lost.as_deref().map(take)
    }
}

/// What comes by a connection to xenstored, and the connection, as long as there is one.
#[derive(Debug)]
pub struct Store {
    names: KnownNames,
    path: PathBuf,
    registry: Registry,
    token: Token,
    link: Result<Link, Lost>,
    /// How long we wait when the connection is lost the next time.
    pause: Duration,
}

#[derive(Debug)]
struct Link {
    socket: UnixStream,
    input: Vec<u8>,
    writable: bool,
    /// Since when xenstored owes an answer and has said nothing.
    waiting_since: Option<Instant>,
}

/// There is no connection.
#[derive(Debug, Clone, Copy)]
struct Lost {
    again_at: Instant,
}

/// Why there is no connection.
#[derive(Debug)]
enum Loss {
    /// xenstored is not there, or of no use.
    Socket(io::Error),
    /// That is not xenstored's fault: the hypervisor does not say which domains there are.
    NoList,
}

impl From<io::Error> for Loss {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

/// Where xenstored listens.
pub fn xenstored_socket() -> PathBuf {
    std::env::var_os(SOCKET_VARIABLE).unwrap_or_else(|| OsString::from(SOCKET)).into()
}

impl Store {
    /// Connects as soon as that is possible, and begins to ask. The event loop watches it under the token.
    ///
    /// # Errors
    /// The kernel gives no second handle of the event queue.
    pub fn new(names: KnownNames, path: PathBuf, registry: &Registry, token: Token) -> io::Result<Self> {
        let (registry, link) = (registry.try_clone()?, Err(Lost { again_at: Instant::now() }));
        let mut store = Self { names, path, registry, token, link, pause: XENSTORE_RETRY_MIN };
        if let Err(error) = store.connect() {
            warn!("no names are known, workers ask xenstored for them: {}", store.lose(&error.into()));
        }
        Ok(store)
    }

    fn connect(&mut self) -> io::Result<()> {
        let mut socket = UnixStream::connect(&self.path)?;
        self.registry.register(&mut socket, self.token, Interest::READABLE | Interest::WRITABLE)?;
        self.link = Ok(Link { socket, input: Vec::new(), writable: true, waiting_since: None });
        let mut known = self.names.0.borrow_mut();
        known.names.begin();
        known.lost = None;
        Ok(())
    }

    /// There is no connection, or it is of no use: forgets all that came by it. Why, in words.
    fn lose(&mut self, loss: &Loss) -> String {
        let again_at = Instant::now() + self.pause;
        self.pause = longer(self.pause);
        if let Ok(mut link) = std::mem::replace(&mut self.link, Err(Lost { again_at })) {
            // A copy of the descriptor in a forked child would keep its readiness coming.
            let _ = self.registry.deregister(&mut link.socket);
        }
        let why = reason(&self.path, loss);
        *self.names.0.borrow_mut() = Known { names: Names::default(), lost: Some(why.clone()) };
        why
    }

    /// The kernel says that it has something, or takes something.
    pub fn wake(&mut self, readable: bool, writable: bool) {
        if let Ok(link) = &mut self.link {
            link.writable |= writable;
            self.names.0.borrow_mut().names.unheard |= readable;
        }
    }

    /// There is something to hear or to say, and the kernel may let us.
    pub fn has_more(&self) -> bool {
        let names = &self.names.0.borrow().names;
        self.link.as_ref().is_ok_and(|link| names.unheard || (link.writable && !names.output.is_empty()))
    }

    /// When there is something to do, whatever the kernel says.
    pub fn wakes_at(&self) -> Option<Instant> {
        self.link.as_ref().err().map(|lost| lost.again_at)
    }

    /// What can be said of names now.
    pub fn knowledge(&self) -> Knowledge {
        if self.names.0.borrow().names.are_settled() {
            return Knowledge::Settled;
        }
        let waiting_since = self.link.as_ref().ok().and_then(|link| link.waiting_since);
        match waiting_since {
            Some(since) if since.elapsed() > XENSTORE_PATIENCE => Knowledge::Unavailable,
            _ => Knowledge::Asked,
        }
    }

    /// Something has been changed: names are settled again when they are past it.
    pub fn unsettle(&mut self) {
        if self.link.is_ok() {
            self.names.0.borrow_mut().names.unsettle();
        }
    }

    /// Hears what xenstored says and asks what is to be asked; or connects again, when it is time. `domains` says which
    /// domains there are.
    pub fn attend(&mut self, domains: impl FnOnce() -> Option<Vec<(u16, Uuid)>>) {
        match &self.link {
            Err(lost) if Instant::now() < lost.again_at => {}
            Err(_) => match self.connect() {
                Ok(()) => warn!("connected to xenstored: names come from there now"),
                Err(error) => drop(self.lose(&error.into())),
            },
            Ok(_) if !self.has_more() => {}
            Ok(_) => {
                if let Err(loss) = self.exchange(domains) {
                    let what = if let Loss::NoList = loss { "left" } else { "lost" };
                    warn!("{what} xenstored, workers ask it for names meanwhile: {}", self.lose(&loss));
                }
            }
        }
    }

    /// # Errors
    /// The connection is of no use any more: xenstored has gone, says what is no message, or takes nothing; or nobody
    /// knows which domains there are.
    fn exchange(&mut self, domains: impl FnOnce() -> Option<Vec<(u16, Uuid)>>) -> Result<(), Loss> {
        let Ok(link) = &mut self.link else {
            return Ok(());
        };
        let names = &mut self.names.0.borrow_mut().names;
        if link.receive(names)? {
            link.waiting_since = None;
        }
        if names.are_stale() {
            names.relist(domains().ok_or(Loss::NoList)?);
        }
        link.send(names)?;
        if names.are_settled() {
            // It is of use, so the next time is the first.
            self.pause = XENSTORE_RETRY_MIN;
        }
        if !names.are_waiting() {
            link.waiting_since = None;
        } else if link.waiting_since.is_none() {
            link.waiting_since = Some(Instant::now());
        }
        Ok(())
    }
}

impl Link {
    /// Has anything been said?
    fn receive(&mut self, names: &mut Names) -> io::Result<bool> {
        let mut chunk = [0; HEADER_BYTES + PAYLOAD_BYTES_MAX];
        let (mut taken, mut said) = (0, false);
        while names.unheard && taken < BYTES_PER_TURN_MAX {
            match self.socket.read(&mut chunk) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    taken += count;
                    said |= self.hear(&chunk[..count], names)?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => names.unheard = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(said)
    }

    /// What is left over is less than one message.
    fn hear(&mut self, bytes: &[u8], names: &mut Names) -> io::Result<bool> {
        self.input.extend_from_slice(bytes);
        let heard = names.hear(&self.input);
        let heard = heard.map_err(|useless| io::Error::new(io::ErrorKind::InvalidData, useless))?;
        self.input.drain(..heard);
        Ok(heard > 0)
    }

    fn send(&mut self, names: &mut Names) -> io::Result<()> {
        while self.writable && !names.output.is_empty() {
            match self.socket.write(&names.output) {
                Ok(count) => drop(names.output.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if names.has_too_much_to_say() {
            return Err(io::Error::other("it takes no requests"));
        }
        Ok(())
    }
}

fn longer(pause: Duration) -> Duration {
    (pause * 2).min(XENSTORE_RETRY_MAX)
}

/// Why there is no connection, for people.
fn reason(path: &Path, loss: &Loss) -> String {
    let Loss::Socket(error) = loss else {
        return "domains cannot be listed".to_owned();
    };
    let said = format!("{}: {error}", path.display());
    if error.kind() == io::ErrorKind::NotFound && Path::new(XENBUS).exists() {
        return format!("{said}; xenstored is in a domain of its own, it seems, where it cannot be listened to");
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_named_when_the_fault_is_there() {
        let path = Path::new("/some/socket");
        assert_eq!(
            reason(path, &io::Error::other("it takes no requests").into()),
            "/some/socket: it takes no requests"
        );
        assert_eq!(reason(path, &Loss::NoList), "domains cannot be listed");
    }

    #[test]
    fn pauses_get_longer_up_to_a_bound() {
        let pauses: Vec<_> =
            std::iter::successors(Some(XENSTORE_RETRY_MIN), |pause| Some(longer(*pause))).take(20).collect();
        assert_eq!(pauses[1], XENSTORE_RETRY_MIN * 2);
        assert_eq!((pauses[18], pauses[19]), (XENSTORE_RETRY_MAX, XENSTORE_RETRY_MAX));
    }
}
