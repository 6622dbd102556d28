//! The daemon that ships, started for one test, with a simulated host.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running daemon. Dropped, it is gone, and so is its socket.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    folder: TempDir,
}

/// Far more than a daemon needs to start: what takes longer hangs.
const START_MAX: Duration = Duration::from_secs(60);

impl Daemon {
    /// Serves a host of this many domains, Domain-0 included. Clients can connect when this returns.
    pub(crate) fn simulating(domains: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_xenopsd"))
            .args(["--sim", &domains.to_string(), "--socket"])
            .arg(socket_in(folder.path()))
            .spawn()
            .unwrap();
        let mut daemon = Self { child, folder };
        let start = Instant::now();
        while UnixStream::connect(daemon.socket()).is_err() {
            assert_eq!(daemon.child.try_wait().unwrap(), None, "the daemon has ended");
            assert!(start.elapsed() < START_MAX, "the daemon does not listen");
            sleep(Duration::from_millis(5));
        }
        daemon
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        socket_in(self.folder.path())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn socket_in(folder: &Path) -> PathBuf {
    folder.join("xenopsd.sock")
}
