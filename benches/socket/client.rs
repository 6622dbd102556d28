//! A blocking client that asks as fast as it is answered.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::Outcome;

/// A connection with one request in flight.
pub(crate) struct Client {
    socket: UnixStream,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects.
    pub(crate) fn connect(path: &Path) -> Outcome<Self> {
        Ok(Self { socket: UnixStream::connect(path)?, buffer: vec![0; 1 << 20] })
    }

    /// Sends a request and reads its reply up to the newline; the reply's length.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Outcome<usize> {
        self.socket.write_all(request)?;
        let mut length = 0;
        loop {
            let count = self.socket.read(&mut self.buffer)?;
            if count == 0 {
                return Err("the server hung up".into());
            }
            length += count;
            if self.buffer[count - 1] == b'\n' {
                return Ok(length);
            }
        }
    }
}
