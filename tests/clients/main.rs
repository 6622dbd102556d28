//! Clients that we did not write, against the shipped daemon on a simulated host.
//!
//! In: Go's `net/rpc/jsonrpc`, Open vSwitch's `ovs.jsonrpc`, jayson, socat, nc, Python. Out: what each of them makes of
//! our replies, held against what the daemon says. A client that cannot be had is skipped by name.
#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "../common/mod.rs"]
mod common;

mod go;
mod jayson;
mod one_shot;
mod ovs;
mod python;

use std::io::{Write, stderr};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A file beside this one.
fn beside(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

/// An example.
fn example(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// Does this command run? If not, the test is skipped.
#[expect(clippy::explicit_write, reason = "the test runner hides what eprintln writes in a test that passes")]
fn can_run(test: &str, command: &[&str]) -> bool {
    let mut probe = Command::new(command[0]);
    probe.args(&command[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let runs = probe.status().is_ok_and(|status| status.success());
    if !runs {
        writeln!(stderr(), "skipped: {test} ({} does not run here)", command.join(" ")).unwrap();
    }
    runs
}

/// Runs a command that must succeed; what it printed.
fn output_of(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
