//! One thread that asks on many connections and never waits for an answer.
//!
//! In: a rate. Out: how long each request took, counted from the moment at which it was *due*: when a server stalls,
//! all who would have asked meanwhile wait, too, and are counted ("coordinated omission" leaves them out). The thread
//! spins, so that nothing of a latency is its own sleep; how late it sent is measured as well. It has a CPU of its own.
//!
//! A connection has as many requests in flight as have come due on it. Replies are taken to come in the order of the
//! requests; the Go server's may not, in whose favour that counts: it makes long waits shorter and short ones longer.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::event::{Timespec, epoll};

use crate::Outcome;
use crate::schedule::{Arrival, Schedule};

/// Requests sent between two looks at what has arrived, and connections read from between two looks at the clock.
const SENDS_MAX: usize = 16;
const READS_MAX: usize = 4;
/// How long after its end a run waits for replies.
const DRAIN_MAX: Duration = Duration::from_secs(20);
/// Bytes taken at once.
const BUFFER_BYTES: usize = 256 << 10;
const NOW: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// What is done beside asking, between two looks: it is told the time since the run began, and returns soon.
pub(crate) type Beside<'b> = &'b mut dyn FnMut(Duration) -> Outcome<()>;

/// What a run, or several, have shown.
pub(crate) struct Measured {
    /// Nanoseconds from due to answered.
    pub(crate) latency: Histogram<u64>,
    /// Nanoseconds from due to sent.
    pub(crate) lateness: Histogram<u64>,
}

impl Measured {
    pub(crate) fn new() -> Outcome<Self> {
        let histogram = || Histogram::new_with_bounds(1, 100_000_000_000, 3);
        Ok(Self { latency: histogram()?, lateness: histogram()? })
    }
}

/// Connections and what is in flight on them.
pub(crate) struct Generator {
    epoll: OwnedFd,
    connections: Vec<Connection>,
    request: Vec<u8>,
    /// The least that a reply has: so an error does not pass for an answer.
    reply_bytes_min: u64,
    buffer: Vec<u8>,
    events: Vec<epoll::Event>,
    answered: Vec<Answered>,
    in_flight: usize,
    /// Of all replies.
    bytes: u64,
}

struct Connection {
    socket: UnixStream,
    /// When the requests that are not answered were due.
    due: VecDeque<Duration>,
    /// How many of these the socket has not taken.
    unsent: usize,
}

struct Answered {
    connection: usize,
    due: Duration,
    at: Duration,
}

impl Generator {
    /// Connects.
    pub(crate) fn new(path: &Path, connections: usize, request: &[u8], reply_bytes: usize) -> Outcome<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let connect = |at: u64| -> Outcome<Connection> {
            let socket = UnixStream::connect(path)?;
            socket.set_nonblocking(true)?;
            epoll::add(&epoll, &socket, epoll::EventData::new_u64(at), epoll::EventFlags::IN)?;
            Ok(Connection { socket, due: VecDeque::new(), unsent: 0 })
        };
        let connections = (0..connections as u64).map(connect).collect::<Outcome<Vec<_>>>()?;
        Ok(Self {
            epoll,
            events: Vec::with_capacity(READS_MAX),
            connections,
            request: request.to_vec(),
            reply_bytes_min: reply_bytes as u64 * 9 / 10,
            buffer: vec![0; BUFFER_BYTES],
            answered: Vec::new(),
            in_flight: 0,
            bytes: 0,
        })
    }

    /// Asks so many times a second for that long, by the seed's schedule; adds what it sees.
    pub(crate) fn open_loop(
        &mut self,
        (rate, length, seed): (f64, Duration, u64),
        measured: &mut Measured,
        beside: Beside<'_>,
    ) -> Outcome<()> {
        let mut schedule = Schedule::new(rate, length, self.connections.len(), seed);
        let mut next = schedule.next();
        self.run(length, |generator, began| {
            for _ in 0..SENDS_MAX {
                let now = began.elapsed();
                let Some(Arrival { due, connection }) = next.filter(|arrival| arrival.due <= now) else { break };
                measured.lateness.saturating_record(nanoseconds(now - due));
                generator.ask(connection, due)?;
                next = schedule.next();
            }
            generator.receive(began)?;
            for reply in &generator.answered {
                measured.latency.saturating_record(nanoseconds(reply.at - reply.due));
            }
            beside(began.elapsed())?;
            Ok(next.is_none())
        })?;
        Ok(())
    }

    /// Asks on every connection as soon as the last answer is there; says how many a second that makes.
    pub(crate) fn closed_loop(&mut self, length: Duration, beside: Beside<'_>) -> Outcome<f64> {
        let mut answered = 0;
        (0..self.connections.len()).try_for_each(|at| self.ask(at, Duration::ZERO))?;
        self.run(length, |generator, began| {
            generator.receive(began)?;
            let is_over = began.elapsed() >= length;
            if !is_over {
                answered += generator.answered.len();
                for at in 0..generator.answered.len() {
                    let Answered { connection, at, .. } = generator.answered[at];
                    generator.ask(connection, at)?;
                }
            }
            beside(began.elapsed())?;
            Ok(is_over)
        })?;
        Ok(answered as f64 / length.as_secs_f64())
    }

    /// Takes steps until one has said that nothing more will be asked, and everything is answered.
    fn run(&mut self, length: Duration, mut step: impl FnMut(&mut Self, Instant) -> Outcome<bool>) -> Outcome<()> {
        let began = Instant::now();
        let (mut replies, bytes_before) = (0, self.bytes);
        loop {
            let is_over = step(self, began)?;
            replies += self.answered.len() as u64;
            if is_over && self.in_flight == 0 {
                break;
            }
            if began.elapsed() > length + DRAIN_MAX {
                return Err(format!("{} requests are not answered", self.in_flight).into());
            }
        }
        if self.bytes - bytes_before < replies * self.reply_bytes_min {
            return Err("replies are shorter than they should be".into());
        }
        Ok(())
    }

    fn ask(&mut self, connection: usize, due: Duration) -> Outcome<()> {
        let connection = &mut self.connections[connection];
        connection.due.push_back(due);
        connection.unsent += 1;
        self.in_flight += 1;
        connection.send(&self.request)
    }

    /// Takes what has arrived.
    fn receive(&mut self, began: Instant) -> Outcome<()> {
        self.answered.clear();
        self.events.clear();
        epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.events), Some(&NOW))?;
        for event in &self.events {
            let at = usize::try_from(event.data.u64())?;
            let connection = &mut self.connections[at];
            let count = match connection.socket.read(&mut self.buffer) {
                Ok(0) => return Err("the server hung up".into()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            };
            let now = began.elapsed();
            self.bytes += count as u64;
            for _ in 0..connection.replies(&self.buffer[..count]) {
                let due = connection.due.pop_front().ok_or("a reply that nobody asked for")?;
                self.in_flight -= 1;
                self.answered.push(Answered { connection: at, due, at: now });
            }
            connection.send(&self.request)?;
        }
        Ok(())
    }
}

impl Connection {
    /// Sends what is unsent, as far as the socket takes it; more when it has answered something.
    fn send(&mut self, request: &[u8]) -> Outcome<()> {
        while self.unsent > 0 {
            match self.socket.write(request) {
                Ok(count) if count == request.len() => self.unsent -= 1,
                Ok(_) => return Err("a request was cut".into()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// How many replies end in these bytes: each has one newline, at its end.
    fn replies(&self, bytes: &[u8]) -> usize {
        match self.due.len() {
            1 => usize::from(bytes.ends_with(b"\n")),
            // Summed up in bytes, many at once: a generator that needs longer for more is the one that piles up.
            _ => {
                bytes.chunks(255).map(|part| usize::from(part.iter().map(|&b| u8::from(b == b'\n')).sum::<u8>())).sum()
            }
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
