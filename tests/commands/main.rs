//! The commands of `xenops`, as it ships, against `xenopsd --sim`.
//!
//! In: arguments. Out: nothing, or a failed test. Each command is seen to work, to print JSON, to fail with its exit
//! code, and to have changed what another command shows. Long work "runs" for an hour unless it is aborted: what is
//! looked at is order, never time.
#![cfg(all(feature = "client", feature = "daemon"))]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "../common/mod.rs"]
mod common;

mod broken;
mod help;
mod life;
mod look;
mod readme;
mod save;
mod terminal;

use std::path::{Path, PathBuf};

use common::Daemon;
use common::xenops::{printed, printed_json};
use serde_json::{Value, json};

/// A daemon, and a folder for files.
struct Host {
    daemon: Daemon,
    folder: tempfile::TempDir,
}

impl Host {
    /// A host of three domains, always the same.
    fn start(options: &[&str]) -> Self {
        let options = [&["--sim", "3", "--sim-seed", "1"], options].concat();
        Self { daemon: Daemon::start(&options), folder: tempfile::tempdir().unwrap() }
    }

    fn socket(&self) -> PathBuf {
        self.daemon.socket()
    }

    /// A path for a file.
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// A file with this text.
    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Creates a domain of that name, and returns its number.
    fn create(&self, name: &str) -> u64 {
        let file = self.file("create.json", config(name).to_string());
        printed_json(&self.socket(), &["create", "--json", &file])["domid"].as_u64().unwrap()
    }

    fn run(&self, arguments: &[&str]) -> String {
        printed(&self.socket(), arguments)
    }

    fn failed(&self, arguments: &[&str]) -> (i32, String) {
        common::xenops::failed(&self.socket(), arguments)
    }

    /// The domain's letters in `list`, if it is there.
    fn state(&self, name: &str) -> Option<String> {
        state(&self.socket(), name)
    }
}

fn state(socket: &Path, name: &str) -> Option<String> {
    let table = printed(socket, &["list"]);
    let mut rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.find(|columns| columns[0] == name).map(|columns| columns[4].to_owned())
}

/// A small domain.
fn config(name: &str) -> Value {
    json!({
        "c_info": { "name": name, "type": "pvh" },
        "b_info": { "type.pvh": {}, "kernel": "/boot/guest", "max_memkb": 65536, "target_memkb": 65536 },
        "disks": [{ "vdev": "xvda", "pdev_path": "/dev/vg/guest", "format": "raw", "readwrite": 1 }],
    })
}
