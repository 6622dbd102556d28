//! The worker's side: one call at a time, from the daemon's bytes to its reply.
//!
//! In: messages on the socket that was standard input when the process began. Out: for each call one reply; in
//! between, how it gets on. Reading and writing block: there is nothing else to do. When the daemon goes, the call
//! that is being carried out is finished, its outcome logged, and the process ends.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;

use log::{debug, info};

use super::link::{HEADER_BYTES, Header, Kind, flag};
use super::operation::{AUDIT, Outcome};
use crate::api::{Class, Lookup};
use crate::json::PADDING;
use crate::limits::PARSER_KEEP_BYTES;
use crate::rpc::{Access, Inline, Rpc};
use crate::sim;
use crate::wire::{Blocking, Descriptors, Element, Scan, Scanner};
use crate::xl::{Control, LoadError, Word, Xl};

/// Why a worker cannot work.
#[derive(Debug)]
pub enum ServeError {
    /// Standard input is no socket to a daemon.
    Link(io::Error),
    /// No usable libxl.
    Libxl(LoadError),
}

impl std::fmt::Display for ServeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Link(error) => write!(f, "no daemon to work for (--worker is for xenopsd's own use): {error}"),
            Self::Libxl(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ServeError {}

impl From<io::Error> for ServeError {
    fn from(error: io::Error) -> Self {
        Self::Link(error)
    }
}

/// Carries calls out until the daemon is gone.
///
/// # Errors
/// There is no daemon, or no libxl.
pub fn serve() -> Result<(), ServeError> {
    let line = Rc::new(RefCell::new(Line { socket: Blocking::new(take_stdin()?), current: None }));
    let Some((hello, mut descriptors)) = line.borrow_mut().receive()? else {
        return Ok(());
    };
    if hello.header.kind != Kind::Hello {
        return Err(io::Error::from(io::ErrorKind::InvalidData).into());
    }
    let mut xl = match descriptors.take() {
        Some(memory) => Xl::open(sim::attach(memory)?),
        None => Xl::open(|_| {}),
    }
    .map_err(ServeError::Libxl)?;
    xl.listen_to(Box::new(Ear { line: line.clone(), socket: line.borrow().socket.try_clone()? }));
    let reporter = line.clone();
    xl.log().report_to(Box::new(move |what, done, total| reporter.borrow_mut().report(what, done, total)));
    if line.borrow_mut().send(Header::new(Kind::Ready, 0), &[]).is_err() {
        return Ok(());
    }
    Worker { line, rpc: Rpc::new(xl), scanner: Scanner::default(), reply: Vec::new() }.run()?;
    Ok(())
}

/// The socket moves from descriptor 0, which libxl's children inherit, to one that they do not.
fn take_stdin() -> io::Result<UnixStream> {
    let stdin = io::stdin();
    let socket = rustix::io::fcntl_dupfd_cloexec(&stdin, 3)?;
    let null: OwnedFd = File::open("/dev/null")?.into();
    rustix::stdio::dup2_stdin(&null)?;
    rustix::net::sockopt::socket_domain(&socket)?;
    Ok(socket.into())
}

/// The worker's end of the link.
#[derive(Debug)]
struct Line {
    socket: Blocking,
    /// The call that is being carried out, if its client wants to hear how it gets on.
    current: Option<u32>,
}

/// A message from the daemon.
#[derive(Debug)]
struct Message {
    header: Header,
    /// The payload, with padding behind it.
    payload: Vec<u8>,
}

impl Line {
    /// The next message; `None` when the daemon is gone.
    fn receive(&mut self) -> io::Result<Option<(Message, Descriptors)>> {
        let mut header = [0; HEADER_BYTES];
        let mut descriptors = Descriptors::default();
        if !self.socket.read_exact(&mut header, &mut descriptors)? {
            return Ok(None);
        }
        let header = Header::from_bytes(&header).ok_or(io::ErrorKind::InvalidData)?;
        let length = header.length as usize;
        let mut payload = vec![0; length + PADDING];
        if !self.socket.read_exact(&mut payload[..length], &mut descriptors)? {
            return Ok(None);
        }
        Ok(Some((Message { header, payload }, descriptors)))
    }

    fn send(&mut self, header: Header, payload: &[u8]) -> io::Result<()> {
        self.socket.write_all(&header.with_length(payload.len()).to_bytes())?;
        self.socket.write_all(payload)
    }

    /// Tells how the call gets on. When nobody listens any more, that is no reason to stop.
    fn report(&mut self, what: &str, done: u64, total: u64) {
        let Some(number) = self.current else { return };
        let what = serde_json::Value::from(what);
        let payload = format!("\"what\":{what},\"done\":{done},\"total\":{total}");
        let _ = self.send(Header::new(Kind::Progress, number), payload.as_bytes());
    }
}

/// What an operation listens to while it runs.
#[derive(Debug)]
struct Ear {
    line: Rc<RefCell<Line>>,
    socket: OwnedFd,
}

impl Control for Ear {
    fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// While a call is carried out, the daemon has nothing to say but that it should end.
    fn hear(&mut self) -> Word {
        match self.line.borrow_mut().receive() {
            Ok(Some((message, _))) if message.header.kind == Kind::Abort => Word::Abort,
            Ok(Some(_)) => Word::Nothing,
            Ok(None) | Err(_) => Word::Gone,
        }
    }
}

#[derive(Debug)]
struct Worker {
    line: Rc<RefCell<Line>>,
    rpc: Rpc,
    scanner: Scanner,
    reply: Vec<u8>,
}

impl Worker {
    fn run(mut self) -> io::Result<()> {
        loop {
            let Some((message, descriptors)) = self.line.borrow_mut().receive()? else {
                return Ok(());
            };
            match message.header.kind {
                Kind::Call => self.call(message, descriptors)?,
                Kind::Resolve => self.resolve(message)?,
                // For a call that was over before this arrived.
                _ => {}
            }
        }
    }

    fn call(&mut self, mut message: Message, descriptors: Descriptors) -> io::Result<()> {
        let header = message.header;
        let is = |flag| header.flags & flag != 0;
        let lookup = if is(flag::KNOWN_DOMAIN) { Lookup::Known(header.domain) } else { Lookup::Ask };
        let access = if is(flag::READ_ONLY) { Access::ReadOnly } else { Access::Full };
        let mut office = Inline { descriptors, lookup, access, others_wait: false };
        self.line.borrow_mut().current = is(flag::PROGRESS).then_some(header.number);
        self.reply.clear();
        let element = self.element(&message)?;
        self.rpc.answer(&mut message.payload, &element, is(flag::IN_BATCH), &mut self.reply, &mut office);
        self.line.borrow_mut().current = None;
        let code = self.rpc.last().code;
        debug!("call {}: {code}", header.number);
        let sent = self.line.borrow_mut().send(Header::new(Kind::Reply, code.cast_unsigned()), &self.reply);
        if sent.is_err() {
            // The next message that is waited for will be the end.
            self.log(&header);
        }
        self.reply.shrink_to(PARSER_KEEP_BYTES);
        Ok(())
    }

    /// Notes what came of a change that no daemon is there to note.
    fn log(&self, header: &Header) {
        let last = self.rpc.last();
        if let Some(method) = last.method.filter(|method| method.class != Class::Read) {
            let known = header.flags & flag::KNOWN_DOMAIN != 0;
            let about = if known { format!(" of domain {}", header.domain) } else { String::new() };
            let (name, outcome, number) = (method.name, Outcome::Code(last.code), header.number);
            info!(target: AUDIT, "{name}{about}: {outcome}, when its daemon was gone (operation {number})");
        }
    }

    /// Finds out which domain a request is about; a reply if that cannot be.
    fn resolve(&mut self, mut message: Message) -> io::Result<()> {
        self.reply.clear();
        let element = self.element(&message)?;
        let in_batch = message.header.flags & flag::IN_BATCH != 0;
        let found = self.rpc.resolve(&mut message.payload, &element, in_batch, &mut self.reply);
        let mut line = self.line.borrow_mut();
        match found {
            Some(domid) => line.send(Header::new(Kind::Resolved, domid), &[]),
            None => line.send(Header::new(Kind::Reply, self.rpc.last().code.cast_unsigned()), &self.reply),
        }
    }

    /// The daemon has found one request in these bytes, so there is one.
    fn element(&mut self, message: &Message) -> io::Result<Element> {
        self.scanner.restart();
        let document = &message.payload[..message.header.length as usize];
        match self.scanner.scan(document) {
            Scan::Frame(frame) if !frame.batch => Ok(self.scanner.elements()[0]),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}
