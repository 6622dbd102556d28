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

use std::path::PathBuf;
use std::process::{Command, Stdio};

use common::can_run;

/// A file beside this one.
fn beside(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

/// An example.
fn example(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// Runs a command that must succeed; what it printed.
fn output_of(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
