//! A server process under measurement.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::client::Load;

/// How long a server may take to listen.
const START_MAX: Duration = Duration::from_secs(20);

/// A running server; it is killed when dropped.
pub(crate) struct Server {
    pub(crate) process: Child,
    /// Where it listens.
    pub(crate) socket: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Our own child, which has nothing to lose.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// The shipped daemon on a simulated host.
    pub(crate) fn xenopsd(socket: &Path, domains: u32) -> Outcome<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xenopsd"));
        command.arg("--sim").arg(domains.to_string()).arg("--socket").arg(socket);
        Self::start(command, socket)
    }

    /// This program in another role, with a number that means something there.
    pub(crate) fn role(role: &str, socket: &Path, number: &str) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(role).arg(socket).arg(number);
        Self::start(command, socket)
    }

    /// The Go server, on the simulated host that is loaded in front of libxl.
    pub(crate) fn go(program: &Path, socket: &Path, domains: u32) -> Outcome<Self> {
        let mut command = Command::new(program);
        command.arg(socket).env("LD_PRELOAD", simulated_libxl()?).env("XENOPSD_SIM", domains.to_string());
        Self::start(command, socket)
    }

    /// Any other server, once it listens there.
    pub(crate) fn start(mut command: Command, socket: &Path) -> Outcome<Self> {
        let process = command.stdin(Stdio::null()).spawn()?;
        let mut server = Self { process, socket: socket.to_owned() };
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

    /// Lets the load send so many bursts and says what each request cost the server, in microseconds of its CPU time.
    pub(crate) fn cpu_us_per_request(&self, load: &mut Load, bursts: usize) -> Outcome<f64> {
        let before = self.cpu_time()?;
        for _ in 0..bursts {
            load.burst()?;
        }
        let spent = self.cpu_time()?.saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / (bursts * load.requests()) as f64)
    }

    /// The CPU time of all its threads so far, as the scheduler has accounted it.
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

/// `examples/xenlight-sim.rs`, built in the same profile.
fn simulated_libxl() -> Outcome<PathBuf> {
    let programs = std::env::current_exe()?;
    let library = programs.ancestors().nth(2).ok_or("no target folder")?.join("examples/libxenlight_sim.so");
    if library.exists() { Ok(library) } else { Err(format!("{} is not built", library.display()).into()) }
}

/// Builds the Go server and says where it is.
pub(crate) fn build_go_rival() -> Outcome<PathBuf> {
    simulated_libxl()?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/socket/rival.go");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-rival");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache");
    let mut go = Command::new("go");
    go.arg("build").arg("-o").arg(&program).arg(source).env("GOPROXY", "off").env("GOCACHE", cache);
    match go.status() {
        Ok(status) if status.success() => Ok(program),
        Ok(status) => Err(format!("go build: {status}").into()),
        Err(error) => Err(format!("go: {error}").into()),
    }
}

/// Puts this process, and the servers that it starts, on the last of its CPUs.
pub(crate) fn share_one_cpu() -> Outcome<()> {
    let allowed = rustix::thread::sched_getaffinity(None)?;
    let last = (0..rustix::thread::CpuSet::MAX_CPU).rev().find(|&cpu| allowed.is_set(cpu)).ok_or("no CPU")?;
    let mut one = rustix::thread::CpuSet::new();
    one.set(last);
    Ok(rustix::thread::sched_setaffinity(None, &one)?)
}
