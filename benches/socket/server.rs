//! A server process under measurement.

#[path = "xenstored.rs"]
mod xenstored;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::Load;
use crate::programs::Programs;
use crate::request::Protocol;
use crate::{Outcome, echo, rival};

/// How long a server may take to listen.
const START_MAX: Duration = Duration::from_secs(20);

/// Which server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The floor, with replies of that many bytes.
    Echo(usize),
    /// The shipped daemon; on a hypervisor, by which source of domains.
    Xenopsd(&'static str),
    /// mio, serde, serde_json.
    Serde,
    /// One of the field's libraries.
    Peer(&'static str),
    /// net/rpc, encoding/json, cgo.
    Go,
}

impl Kind {
    /// What it is called in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Echo(_) => "echo",
            Self::Xenopsd("hypercall") => "xenopsd by hypercall",
            Self::Xenopsd("libxl") => "xenopsd through libxl",
            Self::Xenopsd(_) => "xenopsd",
            Self::Serde => "serde",
            Self::Peer(library) => library,
            Self::Go => "Go",
        }
    }

    /// How it is spoken to.
    pub(crate) fn protocol(self) -> Protocol {
        match self {
            Self::Peer(_) => Protocol::Http,
            Self::Go => Protocol::Go,
            _ => Protocol::Lines,
        }
    }
}

/// What the servers find below them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Below {
    /// The simulated host, in place of libxl's calls: these cost next to nothing.
    SimulatedHost,
    /// The make-believe hypervisor, below the real libxl.
    Hypervisor(Change),
}

/// What is not as it was when domains are listed again: whoever remembers what it wrote depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Nothing,
    /// `cpu_time` of each domain, as on any host.
    Counters,
    /// Counters; and FLASK is on, whose labels may be others each time.
    Labels,
    /// Counters, and the length of the first domain's text.
    Lengths,
}

impl Change {
    /// What it is called in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing changed",
            Self::Counters => "counters changed",
            Self::Labels => "counters changed, labels are asked for",
            Self::Lengths => "counters changed, and the first domain's length",
        }
    }

    /// What sets the hypervisor up for it.
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Counters => &["MAKE_BELIEVE_CLOCKS"],
            Self::Labels => &["MAKE_BELIEVE_CLOCKS", "MAKE_BELIEVE_LABELS"],
            Self::Lengths => &["MAKE_BELIEVE_CLOCKS", "MAKE_BELIEVE_STATES"],
        }
    }
}

/// Where a server listens.
pub(crate) enum Address {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

/// A running server; it is killed when dropped.
pub(crate) struct Server {
    pub(crate) process: Child,
    pub(crate) address: Address,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Our own child, which has nothing to lose.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Starts one on a host of so many domains, and waits until it listens; nothing if there is no such program.
    pub(crate) fn start(
        kind: Kind,
        programs: &Programs,
        below: Below,
        domains: u32,
        folder: &Path,
    ) -> Outcome<Option<Self>> {
        let socket = folder.join(kind.name());
        let Some(mut command) = command(kind, programs, below, domains, &socket)? else { return Ok(None) };
        let is_plain = matches!(kind, Kind::Echo(_));
        // The daemon and the serde server have the simulated host in them.
        let has_host = below == Below::SimulatedHost && matches!(kind, Kind::Xenopsd(_) | Kind::Serde);
        if !is_plain && !has_host {
            let (library, number, settings) = match below {
                Below::SimulatedHost => (&programs.simulated, "XENOPSD_SIM", &[][..]),
                Below::Hypervisor(change) => (&programs.hypervisor, "MAKE_BELIEVE_DOMAINS", change.settings()),
            };
            let Some(library) = library else { return Ok(None) };
            command.env("LD_PRELOAD", library).env(number, domains.to_string());
            command.envs(settings.iter().map(|setting| (setting, "1")));
        }
        if matches!((below, kind), (Below::Hypervisor(_), Kind::Xenopsd(_))) {
            let store = folder.join("xenstored");
            if !store.exists() {
                xenstored::listen(&store)?;
            }
            command.env("XENSTORED_PATH", store);
        }
        command.stdin(Stdio::null());
        Ok(Some(if kind.protocol() == Protocol::Http {
            Self::by_port(command)?
        } else {
            Self::by_path(command, &socket)?
        }))
    }

    /// One that is given its address.
    pub(crate) fn by_path(mut command: Command, socket: &Path) -> Outcome<Self> {
        let process = command.spawn()?;
        let mut server = Self { process, address: Address::Unix(socket.to_owned()) };
        let deadline = Instant::now() + START_MAX;
        while UnixStream::connect(socket).is_err() {
            if let Some(status) = server.process.try_wait()? {
                return Err(format!("{command:?} ended: {status}").into());
            }
            if Instant::now() > deadline {
                return Err(format!("{command:?} does not listen").into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }

    /// One that says its address.
    fn by_port(mut command: Command) -> Outcome<Self> {
        let mut process = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let stdout = process.stdout.take().ok_or("no standard output")?;
        let read = BufReader::new(stdout).read_line(&mut line);
        let mut server = Self { process, address: Address::Unix(PathBuf::new()) };
        read?;
        server.address = Address::Tcp(line.trim().parse().map_err(|_| format!("{command:?} did not start"))?);
        Ok(server)
    }

    /// Lets the load send so many bursts and says what each request cost the server, in microseconds of its CPU time.
    pub(crate) fn cpu_us_per_request(&self, load: &mut Load, bursts: usize) -> Outcome<f64> {
        let before = self.cpu_time()?;
        for _ in 0..bursts {
            load.burst()?;
        }
        let spent = self.cpu_time()?.saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / (bursts * load.shape.requests()) as f64)
    }

    /// The CPU time of all its threads so far, the kernel's for it included, as the scheduler has accounted it.
    pub(crate) fn cpu_time(&self) -> Outcome<Duration> {
        let mut total = Duration::ZERO;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let statistics = std::fs::read_to_string(task?.path().join("schedstat"))?;
            let on_cpu = statistics.split_whitespace().next().ok_or("an empty schedstat")?;
            total += Duration::from_nanos(on_cpu.parse()?);
        }
        Ok(total)
    }
}

/// How it is called, but for the host that is loaded in front of it.
fn command(kind: Kind, programs: &Programs, below: Below, domains: u32, socket: &Path) -> Outcome<Option<Command>> {
    Ok(match kind {
        Kind::Echo(reply_bytes) => Some(role(echo::ROLE, socket, &reply_bytes.to_string())?),
        Kind::Serde if below != Below::SimulatedHost => Some(role(rival::ROLE, socket, rival::NO_SIMULATION)?),
        Kind::Serde => Some(role(rival::ROLE, socket, &domains.to_string())?),
        Kind::Xenopsd(source) => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_xenopsd"));
            command.arg("--socket").arg(socket);
            match below {
                Below::SimulatedHost => command.args(["--sim", &domains.to_string()]),
                Below::Hypervisor(_) => command.args(["--source", source]),
            };
            Some(command)
        }
        Kind::Peer(library) => programs.peers.as_ref().map(|program| {
            let mut command = Command::new(program);
            command.arg(library);
            command
        }),
        Kind::Go => programs.go.as_ref().map(|program| {
            let mut command = Command::new(program);
            command.arg(socket);
            command
        }),
    })
}

/// This program in another role, with a number that means something there. Whoever takes one calls [`end_with_parent`].
fn role(role: &str, socket: &Path, number: &str) -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(role).arg(socket).arg(number);
    Ok(command)
}

/// What this program was started for in another role, once that has ended; nothing if it has none.
pub(crate) fn take_role(args: &[String]) -> Option<Outcome<()>> {
    let [_, role, socket, number] = args else { return None };
    let serve = match role.as_str() {
        echo::ROLE => |socket: &Path, number: &str| echo::serve(socket, number.parse()?),
        rival::ROLE => |socket: &Path, number: &str| rival::serve(socket, number.parse()?),
        _ => return None,
    };
    Some(serve(Path::new(socket), number))
}

/// Has this process killed when the one that started it ends, be it by a signal.
pub(crate) fn end_with_parent() -> Outcome<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?)
}

/// Puts this process, and the servers that it starts, on the last of its CPUs.
pub(crate) fn share_one_cpu() -> Outcome<()> {
    let allowed = rustix::thread::sched_getaffinity(None)?;
    let last = (0..rustix::thread::CpuSet::MAX_CPU).rev().find(|&cpu| allowed.is_set(cpu)).ok_or("no CPU")?;
    let mut one = rustix::thread::CpuSet::new();
    one.set(last);
    Ok(rustix::thread::sched_setaffinity(None, &one)?)
}
