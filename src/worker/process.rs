//! Starting a worker, and burying it.
//!
//! In: what the workers of this daemon have in common. Out: a process with a socket to it, which is its standard
//! input at first (see `serve`): no other descriptor of ours crosses. Its environment is ours to say, and it is in a
//! process group of its own, so that a terminal's ^C does not reach an operation.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// How the workers of this daemon are started.
#[derive(Debug)]
pub struct Launch {
    /// What is run: this very program.
    pub program: PathBuf,
    /// How many of them short calls share, at most.
    pub workers: usize,
    /// The memory of the simulated host, if the host is one.
    pub sim: Option<OwnedFd>,
    /// How much they say: as `--verbose`, so many times.
    pub verbose: u8,
}

/// Where libxl's children, such as scripts for devices, find programs.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The variable by which libxenstore, and the loop, find a xenstored that is not where it usually is.
const XENSTORED: &str = "XENSTORED_PATH";
/// The running program, whatever its file has become.
pub const THIS_PROGRAM: &str = "/proc/self/exe";

impl Launch {
    /// A new worker, and our end of its socket, which does not block.
    pub(super) fn spawn(&self) -> io::Result<(Child, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = Command::new(&self.program);
        command.arg0("xenopsd").arg("--worker").args((0..self.verbose).map(|_| "--verbose"));
        command.env_clear().env("PATH", PATH);
        // Loop and workers have to speak with the same xenstored.
        command.envs(std::env::var_os(XENSTORED).map(|path| (XENSTORED, path)));
        command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).process_group(0);
        Ok((command.spawn()?, ours))
    }
}

/// Workers that have gone, or are about to.
#[derive(Debug, Default)]
pub(super) struct Graves {
    children: Vec<Child>,
}

impl Graves {
    /// Takes over a worker whose socket is closed: it ends by itself, when what it does is done.
    pub(super) fn bury(&mut self, mut child: Child) {
        if !matches!(child.try_wait(), Ok(Some(_))) {
            self.children.push(child);
        }
    }

    /// Lets go of those that have ended.
    pub(super) fn reap(&mut self) {
        self.children.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
    }
}
