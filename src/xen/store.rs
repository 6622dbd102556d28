//! A connection to xenstored that never blocks, and the names that come by it.
//!
//! In: readiness of its socket. Out: names that are settled, or nothing: while they are not, and for good once the
//! connection is closed, whoever wants a name asks xenstored as libxl does, in a process that may wait. It speaks the
//! wire itself, because libxenstore blocks and starts a thread.

use std::cell::RefCell;
use std::ffi::{CStr, OsString};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::rc::Rc;

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};

use super::names::Names;
use super::wire::{HEADER_BYTES, PAYLOAD_BYTES_MAX};

/// Where xenstored listens, unless libxenstore's variable says otherwise.
const SOCKET: &str = "/run/xenstored/socket";
const SOCKET_VARIABLE: &str = "XENSTORED_PATH";
/// Taken in one turn of the loop.
const BYTES_PER_TURN_MAX: usize = 64 << 10;

/// Names of domains, as far as they are settled. All copies know the same.
#[derive(Debug, Clone, Default)]
pub struct KnownNames(Rc<RefCell<Names>>);

impl KnownNames {
    pub(super) fn with_name<T>(&self, domid: u32, take: impl FnOnce(&CStr) -> T) -> Option<T> {
        self.0.borrow().name(domid).map(take)
    }

    /// The same for somebody who wants to hear of no name, too.
    pub(super) fn with_any_name<T>(&self, domid: u32, take: impl FnOnce(Option<&CStr>) -> T) -> T {
        take(self.0.borrow().name(domid))
    }

    pub(super) fn domid(&self, name: &CStr) -> Option<u32> {
        self.0.borrow().domid(name)
    }
}

/// The connection. Once it is dropped, no name is known any more.
#[derive(Debug)]
pub struct Store {
    socket: UnixStream,
    names: KnownNames,
    input: Vec<u8>,
    readable: bool,
    writable: bool,
}

impl Drop for Store {
    fn drop(&mut self) {
        *self.names.0.borrow_mut() = Names::default();
    }
}

impl Store {
    /// Connects, and begins to ask. Nothing is sent before it is registered.
    ///
    /// # Errors
    /// No xenstored listens there.
    pub fn connect(names: KnownNames) -> io::Result<Self> {
        let path = std::env::var_os(SOCKET_VARIABLE).unwrap_or_else(|| OsString::from(SOCKET));
        let socket = UnixStream::connect(PathBuf::from(path))?;
        names.0.borrow_mut().begin();
        Ok(Self { socket, names, input: Vec::new(), readable: false, writable: true })
    }

    /// Has the event loop watch it.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE | Interest::WRITABLE)
    }

    /// The kernel says that it has something, or takes something.
    pub fn wake(&mut self, readable: bool, writable: bool) {
        self.readable |= readable;
        self.writable |= writable;
    }

    /// There is something to hear or to say, and the kernel may let us.
    pub fn has_more(&self) -> bool {
        self.readable || (self.writable && !self.names.0.borrow().output.is_empty())
    }

    /// Names are what xenstore holds, past everything that we have changed, and nothing that it has said is unheard.
    pub fn is_settled(&self) -> bool {
        !self.readable && self.names.0.borrow().are_settled()
    }

    /// Something has been changed: names are settled again when they are past it.
    pub fn unsettle(&mut self) {
        self.names.0.borrow_mut().unsettle();
    }

    /// Hears what xenstored says and asks what is to be asked. `domids` says which domains there are.
    ///
    /// # Errors
    /// The connection is of no use any more: xenstored has gone, says what is no message, or takes nothing.
    pub fn attend(&mut self, domids: impl FnOnce() -> Option<Vec<u16>>) -> io::Result<()> {
        self.receive()?;
        self.relist(domids);
        self.send()
    }

    fn receive(&mut self) -> io::Result<()> {
        let mut chunk = [0; HEADER_BYTES + PAYLOAD_BYTES_MAX];
        let mut taken = 0;
        while self.readable && taken < BYTES_PER_TURN_MAX {
            match self.socket.read(&mut chunk) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    taken += count;
                    self.hear(&chunk[..count])?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What is left over is less than one message.
    fn hear(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.input.extend_from_slice(bytes);
        let heard = self.names.0.borrow_mut().hear(&self.input);
        let heard = heard.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "no message of xenstore's"))?;
        self.input.drain(..heard);
        Ok(())
    }

    fn relist(&self, domids: impl FnOnce() -> Option<Vec<u16>>) {
        let mut names = self.names.0.borrow_mut();
        if names.are_stale()
            && let Some(domids) = domids()
        {
            names.relist(domids);
        }
    }

    fn send(&mut self) -> io::Result<()> {
        let mut names = self.names.0.borrow_mut();
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
