//! The client library: a blocking connection to xenopsd.
//!
//! In: a method's name and its params, anything that serde serialises. Out: the result, anything that serde
//! deserialises, or an [`Error`] that keeps what libxl said. It needs neither libxl nor Xen's headers, so it builds and
//! runs wherever a Unix socket reaches, at the near end of `ssh -L` for one. It does not pipeline: one message is in
//! flight at a time, so neither side can wait for the other to read.
//!
//! The methods are libxl's functions without their `libxl_`, and types look as `xl list -l` prints them.
//!
//! ```no_run
//! use serde_json::json;
//! use xenopsd::client::{Client, DEFAULT_SOCKET, DomainInfo, Error};
//!
//! let mut client = Client::connect(DEFAULT_SOCKET)?;
//! let domains: Vec<DomainInfo> = client.call("list_domain", &())?;
//! for domain in &domains {
//!     println!("domain {} has used {} ns of CPU", domain.domid, domain.cpu_time);
//! }
//! match client.call::<DomainInfo>("domain_info", &json!({ "domid": 5 })) {
//!     Ok(domain) => println!("domain 5 has {} VCPUs", domain.vcpu_online),
//!     Err(Error::Libxl(failure)) if failure.name == "DOMAIN_NOTFOUND" => println!("there is no domain 5"),
//!     Err(error) => return Err(error),
//! }
//! # Ok::<(), Error>(())
//! ```
//!
//! [`Client::operate`] is for methods that take descriptors, or long.
//!
//! The `xenops` command (`main.rs` and `command/`) is written on this and nothing else.

mod domain;
mod error;
mod message;
mod passing;
pub mod save_file;
#[cfg(test)]
mod save_file_tests;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, BufReader, ErrorKind};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use domain::DomainInfo;
pub use error::{Error, LibxlError};
pub use message::Progress;

/// Where xenopsd listens unless it is told otherwise.
pub const DEFAULT_SOCKET: &str = "/run/xenopsd/xenopsd.sock";

/// The most requests that xenopsd takes in one batch.
pub const BATCH_LENGTH_MAX: usize = 1000;

/// A connection to xenopsd. After [`Error::Lost`] or [`Error::Reply`], make a new one.
#[derive(Debug)]
pub struct Client {
    connection: BufReader<UnixStream>,
    /// The message in flight: first the request, then the reply in its place.
    message: Vec<u8>,
    last_id: u64,
}

impl Client {
    /// Connects to the xenopsd that listens on `socket`.
    ///
    /// # Errors
    /// [`Error::Connect`], whose text says what to look for.
    pub fn connect(socket: impl AsRef<Path>) -> Result<Self, Error> {
        let socket = socket.as_ref();
        match UnixStream::connect(socket) {
            Ok(stream) => Ok(Self { connection: BufReader::new(stream), message: Vec::new(), last_id: 0 }),
            Err(source) => Err(Error::Connect { socket: socket.to_owned(), source }),
        }
    }

    /// Calls `method` and waits for its result. `params` is an object (by name) or an array (by position) when
    /// serialised; `&()` stands for none.
    ///
    /// # Errors
    /// Any [`Error`] but [`Error::Connect`].
    pub fn call<R: DeserializeOwned>(&mut self, method: &str, params: &impl Serialize) -> Result<R, Error> {
        let id = self.last_id + 1;
        self.message.clear();
        message::write_request(&mut self.message, id, method, params)?;
        self.last_id = id;
        message::read_reply(self.exchange()?, id)
    }

    /// The same for a method that may take long or that takes descriptors, such as `domain_suspend`. The descriptors
    /// go with the request, in the order of libxl's parameters: xenopsd gets copies. With `"progress": true` among the
    /// params, `heard` is told how it gets on, if libxl says so.
    ///
    /// # Errors
    /// As those of [`Client::call`].
    pub fn operate<R: DeserializeOwned>(
        &mut self,
        method: &str,
        params: &impl Serialize,
        descriptors: &[BorrowedFd<'_>],
        mut heard: impl FnMut(&Progress),
    ) -> Result<R, Error> {
        let id = self.last_id + 1;
        self.message.clear();
        message::write_request(&mut self.message, id, method, params)?;
        self.last_id = id;
        self.send(descriptors)?;
        while let Some(progress) = message::read_progress(self.receive()?) {
            heard(&progress);
        }
        message::read_reply(&self.message, id)
    }

    /// Calls `method` once for each of `params`, and returns the outcomes in their order. Each [`BATCH_LENGTH_MAX`]
    /// calls travel as one batch, which is one round trip; one that is longer than the 1 MiB that xenopsd takes in a
    /// message is refused.
    ///
    /// # Errors
    /// The outer one, any [`Error`] but [`Error::Connect`], when the calls as a whole went wrong; the inner ones,
    /// [`Error::Libxl`], [`Error::Refused`] or [`Error::Reply`], when one call did.
    pub fn call_each<R: DeserializeOwned>(
        &mut self,
        method: &str,
        params: &[impl Serialize],
    ) -> Result<Vec<Result<R, Error>>, Error> {
        let mut outcomes = Vec::with_capacity(params.len());
        for batch in params.chunks(BATCH_LENGTH_MAX) {
            let ids = self.last_id + 1..self.last_id + 1 + batch.len() as u64;
            self.message.clear();
            for (id, params) in ids.clone().zip(batch) {
                self.message.push(if id == ids.start { b'[' } else { b',' });
                message::write_request(&mut self.message, id, method, params)?;
                self.last_id = id;
            }
            self.message.push(b']');
            outcomes.extend(message::read_batch(self.exchange()?, ids)?);
        }
        Ok(outcomes)
    }

    /// Sends the message and returns the line that answers it.
    fn exchange(&mut self) -> Result<&[u8], Error> {
        self.send(&[])?;
        self.receive()
    }

    /// Sends the message.
    fn send(&mut self, descriptors: &[BorrowedFd<'_>]) -> Result<(), Error> {
        self.message.push(b'\n');
        match passing::send(self.connection.get_mut(), &self.message, descriptors) {
            // A server that hangs up before it reads may have said why, as one that is full does.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Lost(error)),
            _ => Ok(()),
        }
    }

    /// The next line, in the message's place.
    fn receive(&mut self) -> Result<&[u8], Error> {
        self.message.clear();
        self.connection.read_until(b'\n', &mut self.message).map_err(Error::Lost)?;
        if self.message.ends_with(b"\n") {
            return Ok(&self.message);
        }
        let how = if self.message.is_empty() { "closed before it replied" } else { "closed in the middle of a reply" };
        Err(Error::Lost(io::Error::new(ErrorKind::UnexpectedEof, how)))
    }
}
