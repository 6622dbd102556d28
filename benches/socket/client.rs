//! Blocking clients that ask as fast as they are answered.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::Outcome;
use crate::request::{Ends, Protocol, Question};
use crate::server::Address;

/// How long a client waits for a server before it gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What loads a server.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) question: Question,
    pub(crate) connections: usize,
    /// Requests in flight on each.
    pub(crate) in_flight: usize,
}

impl Shape {
    /// Requests that one burst on every connection makes.
    pub(crate) fn requests(self) -> usize {
        self.connections * self.in_flight
    }
}

/// A connection to any server.
trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// So many connections with so many requests in flight on each.
pub(crate) struct Load {
    pub(crate) shape: Shape,
    connections: Vec<Connection>,
    ends: Ends,
    buffer: Vec<u8>,
    /// Of the replies to the first burst; 0 before.
    first_bytes: usize,
}

struct Connection {
    stream: Box<dyn Stream>,
    /// What is sent at once.
    burst: Vec<u8>,
}

impl Load {
    /// Connects.
    pub(crate) fn new(address: &Address, protocol: Protocol, shape: Shape) -> Outcome<Self> {
        let connect = |at: usize| {
            let requests = (0..shape.in_flight).map(|of| protocol.request(shape.question, at * shape.in_flight + of));
            Ok(Connection { stream: connect(address)?, burst: requests.flatten().collect() })
        };
        let connections: Outcome<_> = (0..shape.connections).map(connect).collect();
        let (connections, ends) = (connections?, Ends::of(protocol));
        Ok(Self { shape, connections, ends, buffer: vec![0; 1 << 20], first_bytes: 0 })
    }

    /// Sends a burst on every connection, then reads the replies to all of them. The bytes of these: not many fewer
    /// than the first time, or they are other replies.
    pub(crate) fn burst(&mut self) -> Outcome<usize> {
        self.burst_seen(|_| ())
    }

    /// Sees that replies are what was asked for: so many domains in each. The mean length of one.
    pub(crate) fn check(&mut self, domains: usize) -> Outcome<usize> {
        let mut seen = Vec::new();
        let length = self.burst_seen(|bytes| seen.extend_from_slice(bytes))?;
        let found = seen.windows(8).filter(|window| window == b"\"domid\":").count();
        let expected = self.shape.requests() * if self.shape.question == Question::ListDomain { domains } else { 1 };
        if found != expected {
            let said = String::from_utf8_lossy(&seen[..seen.len().min(500)]);
            return Err(format!("{found} domains instead of {expected}: {said}").into());
        }
        Ok(length / self.shape.requests())
    }

    fn burst_seen(&mut self, mut see: impl FnMut(&[u8])) -> Outcome<usize> {
        for Connection { stream, burst } in &mut self.connections {
            stream.write_all(burst)?;
        }
        let mut length = 0;
        for Connection { stream, .. } in &mut self.connections {
            let mut missing = self.shape.in_flight;
            while missing > 0 {
                let count = stream.read(&mut self.buffer)?;
                if count == 0 {
                    return Err("the server hung up".into());
                }
                let bytes = &self.buffer[..count];
                see(bytes);
                length += count;
                missing -= self.ends.count(bytes, missing)?;
            }
        }
        if self.first_bytes == 0 {
            self.first_bytes = length;
        }
        are_as_long(length, self.first_bytes)?;
        Ok(length)
    }
}

/// Replies are what earlier ones were: numbers in them may have become shorter, errors are so by far.
pub(crate) fn are_as_long(bytes: usize, expected: usize) -> Outcome<()> {
    if bytes * 10 < expected * 9 {
        return Err(format!("replies of {bytes} bytes instead of {expected}").into());
    }
    Ok(())
}

/// Connects as a client whose patience has an end.
pub(crate) fn connect_unix(path: &Path) -> Outcome<UnixStream> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn connect(address: &Address) -> Outcome<Box<dyn Stream>> {
    Ok(match address {
        Address::Unix(path) => Box::new(connect_unix(path)?),
        Address::Tcp(address) => {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Box::new(stream)
        }
    })
}
