//! Whether a poll waits for others: for those who do not read what they asked for, or for long operations.
//!
//! The floor and the server with serde are not here: both write until the reader has read, so a slow one stops them.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::client::connect_unix;
use crate::contender::Contender;
use crate::latency::{CONNECTIONS, Subject, find_capacities};
use crate::line::Line;
use crate::{Bench, Outcome};

const DOMAINS: u32 = 100;
/// The part of its capacity at which each server is asked.
const LOAD: f64 = 0.5;

const SLOW_READERS: usize = 8;
/// Replies that each slow reader has asked for.
const SLOW_IN_FLIGHT: usize = 128;
/// What one of them takes at a time, and how long until the next one does.
const SIP_BYTES: usize = 16 << 10;
const SIP_INTERVAL: Duration = Duration::from_micros(1250);
/// How long a server has to get as far with these as it can.
const SETTLE: Duration = Duration::from_millis(300);

/// A long operation, which gets a process of its own.
const LONG: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"domain_reboot\",\"params\":[1]}\n";
/// How long one takes, in milliseconds. With the shorter one, processes are started all the time.
const LONG_MS: [u32; 2] = [1000, 100];
/// How often whoever asked looks whether it is over.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);

pub(crate) fn tables(bench: &Bench) -> Outcome<()> {
    println!(
        "\n{DOMAINS} domains, {CONNECTIONS} connections, half of the capacity: alone, and while {SLOW_READERS} more clients have"
    );
    println!("asked for {SLOW_IN_FLIGHT} lists each, of which they take {} KiB every 10 ms:\n", SIP_BYTES >> 10);
    slow_readers(bench)?;
    println!(
        "\nThe same while operations are under way, one after the other, each in a process of its own on the server's CPU:\n"
    );
    operations(bench)
}

fn slow_readers(bench: &Bench) -> Outcome<()> {
    bench.progress("latency beside slow readers");
    let folder = tempfile::tempdir()?;
    bench.cpus.to_servers()?;
    let mut contenders = vec![Contender::xenopsd(bench, folder.path(), DOMAINS)?];
    contenders.extend(Contender::go(bench, folder.path(), DOMAINS)?);
    let labelled = contenders.into_iter().map(|contender| (contender, "slow readers".to_owned()));
    compare(bench, labelled.collect(), SlowReaders::begin)
}

fn operations(bench: &Bench) -> Outcome<()> {
    bench.progress("latency beside operations");
    let folder = tempfile::tempdir()?;
    bench.cpus.to_servers()?;
    let start = |ms: u32| -> Outcome<_> {
        Ok((Contender::slow_xenopsd(folder.path(), DOMAINS, ms)?, format!("operations of {ms} ms")))
    };
    let labelled = bench.effort.of(&LONG_MS, 1).iter().map(|&ms| start(ms));
    compare(bench, labelled.collect::<Outcome<_>>()?, Operations::begin)
}

/// What goes on beside the polls.
trait Company {
    /// Does what is due; never waits.
    fn tick(&mut self, now: Duration) -> Outcome<()>;
    /// Waits until nothing of it is left in the server.
    fn finish(self) -> Outcome<()>;
}

/// Each server alone and in company, in turns.
fn compare<C: Company>(
    bench: &Bench,
    labelled: Vec<(Contender, String)>,
    begin: impl Fn(&Contender) -> Outcome<C>,
) -> Outcome<()> {
    bench.cpus.to_generator()?;
    let (contenders, labels): (Vec<_>, Vec<_>) = labelled.into_iter().unzip();
    let mut subjects = contenders.into_iter().map(Subject::new).collect::<Outcome<Vec<_>>>()?;
    find_capacities(bench, &mut subjects)?;
    let line = |subject: &Subject, label: &str| Line::new(label, &subject.contender, LOAD * subject.capacity);
    let pair = |(subject, label): (&Subject, &String)| Ok((line(subject, "alone")?, line(subject, label)?));
    let mut lines = subjects.iter().zip(&labels).map(pair).collect::<Outcome<Vec<_>>>()?;
    for seed in 0..bench.effort.runs {
        let run = (bench.effort.run, seed);
        for (Subject { contender, generator, .. }, (alone, beside)) in subjects.iter_mut().zip(&mut lines) {
            alone.measure(contender, generator, run, &mut |_| Ok(()))?;
            let mut company = begin(contender)?;
            beside.measure(contender, generator, run, &mut |now| company.tick(now))?;
            company.finish()?;
        }
    }
    Line::print_head("beside");
    lines.iter().for_each(|(alone, beside)| println!("{alone}\n{beside}"));
    Ok(())
}

/// Clients that take much less than they have asked for.
struct SlowReaders {
    sockets: Vec<UnixStream>,
    /// When the next of them takes something, and how many have.
    due: Duration,
    sips: usize,
}

impl SlowReaders {
    fn begin(contender: &Contender) -> Outcome<Self> {
        let ask = |_| -> Outcome<UnixStream> {
            let mut socket = connect_unix(&contender.path)?;
            socket.write_all(&contender.request.repeat(SLOW_IN_FLIGHT))?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let sockets = (0..SLOW_READERS).map(ask).collect::<Outcome<_>>()?;
        std::thread::sleep(SETTLE);
        Ok(Self { sockets, due: Duration::ZERO, sips: 0 })
    }
}

impl Company for SlowReaders {
    fn tick(&mut self, now: Duration) -> Outcome<()> {
        if now < self.due {
            return Ok(());
        }
        self.due = now + SIP_INTERVAL;
        let at = self.sips % self.sockets.len();
        self.sips += 1;
        match self.sockets[at].read(&mut [0; SIP_BYTES]) {
            Ok(0) => Err("a slow reader was hung up on".into()),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn finish(self) -> Outcome<()> {
        drop(self.sockets);
        std::thread::sleep(SETTLE);
        Ok(())
    }
}

/// A client that asks for a long operation whenever the last one is over.
struct Operations {
    socket: UnixStream,
    /// When it looks next whether it is.
    due: Duration,
}

impl Operations {
    fn begin(contender: &Contender) -> Outcome<Self> {
        let mut socket = connect_unix(&contender.path)?;
        socket.write_all(LONG)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, due: Duration::ZERO })
    }

    /// The last one is over. (A guest that does not react to it, as the simulated one when asked again, is as good.)
    fn is_over(&mut self) -> Outcome<bool> {
        let mut reply = [0; 4096];
        match self.socket.read(&mut reply) {
            Ok(0) => Err("an operation was hung up on".into()),
            Ok(count) => match std::str::from_utf8(&reply[..count])? {
                done if done.contains("\"result\"") || done.contains("TIMEDOUT") => Ok(true),
                other => Err(format!("domain_reboot: {other}").into()),
            },
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Company for Operations {
    fn tick(&mut self, now: Duration) -> Outcome<()> {
        if now < self.due {
            return Ok(());
        }
        self.due = now + LOOK_INTERVAL;
        if self.is_over()? {
            self.socket.write_all(LONG)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Outcome<()> {
        self.socket.set_nonblocking(false)?;
        self.is_over().map(drop)
    }
}
