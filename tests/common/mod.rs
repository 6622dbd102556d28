//! A daemon of a test's own, and clients that talk to it as the world does: bytes over its socket.
//!
//! In: options for the shipped binary. Out: replies, and what the daemon said and how it ended. Nothing here waits
//! for a time to pass: a reply that must not come is proved absent by one that comes after it, and each deadline is
//! only there so that a broken daemon fails a test instead of holding it.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

pub(crate) mod cases;
pub(crate) mod exercised;
pub(crate) mod params;
#[cfg(feature = "client")]
pub(crate) mod xenops;

use std::io::{ErrorKind, IoSlice, Read, Write, stderr};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process, setrlimit};
use serde_json::Value;

/// Longer than anything takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A request that every host answers the same way, and its reply.
pub(crate) const PING: &str = r#"{"jsonrpc":"2.0","id":"ping","method":"get_scheduler"}"#;
pub(crate) const PONG: &str = r#"{"jsonrpc":"2.0","id":"ping","result":"credit2"}"#;

/// What the kernel attaches to one message at most.
pub(crate) const DESCRIPTORS_MAX: usize = 253;

/// A running `xenopsd`, on a socket in a folder of its own.
pub(crate) struct Daemon {
    child: Child,
    folder: Arc<tempfile::TempDir>,
    stderr: Option<JoinHandle<String>>,
}

impl Daemon {
    /// Starts the shipped binary with these options and waits until it answers.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::start_under(&[], options)
    }

    /// A host of this many domains, Domain-0 included.
    pub(crate) fn simulating(domains: u32) -> Self {
        Self::start(&["--sim", &domains.to_string()])
    }

    /// The same, by a command that sets something up and then runs what follows, such as `prlimit`.
    pub(crate) fn start_under(wrapper: &[&str], options: &[&str]) -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), wrapper, options)
    }

    /// Kills it (SIGKILL), and starts another one on the same socket.
    pub(crate) fn kill_and_restart(&mut self, options: &[&str]) -> Self {
        self.signal(Signal::KILL);
        self.wait_for_end();
        Self::start_in(self.folder.clone(), &[], options)
    }

    fn start_in(folder: Arc<tempfile::TempDir>, wrapper: &[&str], options: &[&str]) -> Self {
        let child = command_under(wrapper)
            .args(options)
            .arg("--socket")
            .arg(folder.path().join("socket"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut daemon = Self { child, folder, stderr: None };
        let mut pipe = daemon.child.stderr.take().unwrap();
        daemon.stderr = Some(std::thread::spawn(move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).unwrap();
            text
        }));
        daemon.wait_until_it_answers();
        daemon
    }

    /// From the first reply on, signals are handled, too.
    fn wait_until_it_answers(&mut self) {
        let socket = self.socket();
        until("the daemon answers", || {
            assert!(self.child.try_wait().unwrap().is_none(), "the daemon ended:\n{}", self.said());
            // What accepts for a moment may be what a killed predecessor was about to make a worker of.
            UnixStream::connect(&socket).is_ok_and(|stream| {
                let mut client = Client::new(stream);
                client.stream.write_all(PING.as_bytes()).is_ok() && client.line().is_some()
            })
        });
    }

    /// The socket's path.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// The folder with the socket and its lock.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Client {
        Client::new(UnixStream::connect(self.socket()).unwrap())
    }

    /// The process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// How many descriptors the daemon has open.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Stops the process where it is: what clients do meanwhile happens, for the daemon, at one moment.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
        until("the daemon is frozen", || self.state() == 'T');
    }

    /// Lets it run again.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// The processes that carry calls out for it.
    pub(crate) fn workers(&self) -> Vec<Pid> {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let pids = std::fs::read_to_string(children).unwrap_or_default();
        pids.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
    }

    fn state(&self) -> char {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        fields.trim_start().chars().next().unwrap()
    }

    /// Waits until it has ended; how, and what it said on stderr.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = self.wait_for_end();
        (status, self.said())
    }

    fn wait_for_end(&mut self) -> ExitStatus {
        let mut status = None;
        until("the daemon ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    fn said(&mut self) -> String {
        self.stderr.take().map(|reader| reader.join().unwrap()).unwrap_or_default()
    }
}

impl Drop for Daemon {
    /// Every test ends with an orderly stop, which must succeed.
    fn drop(&mut self) {
        let ended = self.child.try_wait().unwrap().is_some();
        if ended && self.stderr.is_none() {
            return;
        }
        let workers = self.workers();
        if std::thread::panicking() {
            let _ = self.child.kill();
            let _ = self.child.wait();
            end(&workers);
            eprintln!("the daemon said:\n{}", self.said());
            return;
        }
        if !ended {
            self.signal(Signal::TERM);
        }
        let status = self.wait_for_end();
        end(&workers);
        let said = self.said();
        assert!(status.success() && !said.contains("ERROR"), "the daemon ended with {status}:\n{said}");
    }
}

/// Ends workers that would go on with what they do although their daemon has ended.
fn end(workers: &[Pid]) {
    for worker in workers {
        // Most have ended by themselves.
        let _ = kill_process(*worker, Signal::KILL);
    }
}

/// The shipped binary.
pub(crate) fn command() -> Command {
    command_under(&[])
}

/// The shipped binary, behind another command.
pub(crate) fn command_under(wrapper: &[&str]) -> Command {
    let binary = env!("CARGO_BIN_EXE_xenopsd");
    let mut command = match wrapper {
        [] => Command::new(binary),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(binary);
            command
        }
    };
    command.stdin(Stdio::null());
    command
}

/// Tests that need root's rights are skipped, by name, without them.
pub(crate) fn is_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("skipped: {test} (needs root)");
    }
    root
}

/// Does this command run? If not, the test is skipped.
#[expect(clippy::explicit_write, reason = "the test runner hides what eprintln writes in a test that passes")]
pub(crate) fn can_run(test: &str, command: &[&str]) -> bool {
    let mut probe = Command::new(command[0]);
    probe.args(&command[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let runs = probe.status().is_ok_and(|status| status.success());
    if !runs {
        writeln!(stderr(), "skipped: {test} ({} does not run here)", command.join(" ")).unwrap();
    }
    runs
}

/// Lets this process have as many descriptors as it may.
pub(crate) fn raise_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// The bytes of a text in which `⟨0a⟩` is the byte of that hexadecimal number.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut parts = text.split('⟨');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (number, text) = part.split_once('⟩').unwrap();
        bytes.push(u8::from_str_radix(number, 16).unwrap());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// Looks again and again, until it is so.
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < DEADLINE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// One connection.
pub(crate) struct Client {
    stream: UnixStream,
    /// Bytes behind the last line that was read.
    rest: Vec<u8>,
}

impl Client {
    /// A client on a connected socket.
    pub(crate) fn new(stream: UnixStream) -> Self {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        Self { stream, rest: Vec::new() }
    }

    /// The socket.
    pub(crate) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends bytes with descriptors attached, at most [`DESCRIPTORS_MAX`].
    pub(crate) fn send_with(&self, bytes: &str, descriptors: &[BorrowedFd<'_>]) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(descriptors)));
        let bytes = [IoSlice::new(bytes.as_bytes())];
        rustix::net::sendmsg(&self.stream, &bytes, &mut control, SendFlags::empty()).unwrap();
    }

    /// Sends as much as the daemon takes now; how much that was.
    pub(crate) fn send_some(&mut self, bytes: &[u8]) -> usize {
        self.stream.set_nonblocking(true).unwrap();
        let mut sent = 0;
        while sent < bytes.len() {
            match self.stream.write(&bytes[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("after {sent} bytes: {error}"),
            }
        }
        self.stream.set_nonblocking(false).unwrap();
        sent
    }

    /// Sends nothing more.
    pub(crate) fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// The next line, without its newline; `None` when the connection has ended.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut seen = 0;
        loop {
            if let Some(end) = self.rest[seen..].iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=seen + end).collect();
                return Some(String::from_utf8(line[..line.len() - 1].to_vec()).unwrap());
            }
            seen = self.rest.len();
            if !self.receive() {
                assert!(self.rest.is_empty(), "half a reply: {}", String::from_utf8_lossy(&self.rest));
                return None;
            }
        }
    }

    /// Takes what there is; false at the end. A daemon that closes while bytes of ours are on their way resets the
    /// connection: the kernel delivers what it sent before that, too.
    fn receive(&mut self) -> bool {
        let mut bytes = vec![0; 64 << 10];
        match self.stream.read(&mut bytes) {
            Ok(count) => {
                self.rest.extend_from_slice(&bytes[..count]);
                count > 0
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("no reply: {error}"),
        }
    }

    /// The next reply.
    pub(crate) fn reply(&mut self) -> Value {
        let line = self.line().expect("a reply, not the end of the connection");
        serde_json::from_str(&line).unwrap()
    }

    /// Sends a request and returns the next reply.
    pub(crate) fn ask(&mut self, request: &str) -> Value {
        self.send(request);
        self.reply()
    }

    /// The daemon answers here, and has sent nothing else before.
    pub(crate) fn ping(&mut self) {
        self.send(PING);
        assert_eq!(self.line().as_deref(), Some(PONG));
    }

    /// The daemon has closed the connection and sent nothing more.
    pub(crate) fn expect_end(&mut self) {
        assert_eq!(self.line(), None);
    }

    /// Everything up to the end of the connection.
    pub(crate) fn rest(&mut self) -> String {
        while self.receive() {}
        String::from_utf8(std::mem::take(&mut self.rest)).unwrap()
    }
}
