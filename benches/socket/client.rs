//! Blocking clients that ask as fast as they are answered.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::Outcome;

/// A request for all domains, in JSON-RPC 2.0.
pub(crate) const REQUEST: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"list_domain\"}\n";
/// The same as Go's client sends it.
pub(crate) const GO_REQUEST: &[u8] = b"{\"method\":\"Xenops.ListDomain\",\"params\":[{}],\"id\":1}\n";

/// So many connections with so many requests in flight on each.
pub(crate) struct Load {
    sockets: Vec<UnixStream>,
    request: &'static [u8],
    /// What each sends at once.
    burst: Vec<u8>,
    in_flight: usize,
    buffer: Vec<u8>,
}

impl Load {
    /// Connects.
    pub(crate) fn new(path: &Path, connections: usize, in_flight: usize, request: &'static [u8]) -> Outcome<Self> {
        let sockets: Result<_, _> = (0..connections).map(|_| UnixStream::connect(path)).collect();
        Ok(Self { sockets: sockets?, request, burst: request.repeat(in_flight), in_flight, buffer: vec![0; 1 << 20] })
    }

    /// Requests that one burst on every connection makes.
    pub(crate) fn requests(&self) -> usize {
        self.sockets.len() * self.in_flight
    }

    /// The length of one reply.
    pub(crate) fn reply_bytes(&mut self) -> Outcome<usize> {
        self.sockets[0].write_all(self.request)?;
        self.receive(0, 1)
    }

    /// Sends a burst on every connection, then reads the replies to all of them.
    pub(crate) fn burst(&mut self) -> Outcome<()> {
        for socket in &mut self.sockets {
            socket.write_all(&self.burst)?;
        }
        for at in 0..self.sockets.len() {
            self.receive(at, self.in_flight)?;
        }
        Ok(())
    }

    /// Reads until that many replies, each of which ends with the only newline in it, have come. Their length.
    fn receive(&mut self, at: usize, replies: usize) -> Outcome<usize> {
        let (mut missing, mut length) = (replies, 0);
        while missing > 0 {
            let count = self.sockets[at].read(&mut self.buffer)?;
            if count == 0 {
                return Err("the server hung up".into());
            }
            length += count;
            missing -= match replies {
                1 => usize::from(self.buffer[count - 1] == b'\n'),
                _ => self.buffer[..count].iter().filter(|&&byte| byte == b'\n').count(),
            };
        }
        Ok(length)
    }
}
