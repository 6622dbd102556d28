//! The `xenops` command as it ships.
//!
//! In: a socket, arguments. Out: what it printed, and how it ended.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The command, on that socket and not on one that the environment names.
pub(crate) fn xenops(socket: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xenops"));
    command.env_remove("XENOPS_SOCKET").arg("--socket").arg(socket).stdin(Stdio::null());
    command
}

/// What the command prints when all goes well: then it has nothing to complain about.
pub(crate) fn printed(socket: &Path, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = xenops(socket).args(arguments).output().unwrap();
    assert_eq!((status.code(), text(stderr).as_str()), (Some(0), ""), "xenops {arguments:?}");
    text(stdout)
}

/// The same as JSON, on one line.
pub(crate) fn printed_json(socket: &Path, arguments: &[&str]) -> Value {
    json(&printed(socket, arguments))
}

/// The exit code and what is said of the failure; nothing else is printed then.
pub(crate) fn failed(socket: &Path, arguments: &[&str]) -> (i32, String) {
    let (code, stdout, stderr) = outcome(socket, arguments);
    assert_eq!(stdout, "", "xenops {arguments:?}");
    (code, stderr)
}

/// The exit code, what was printed, and what was said.
pub(crate) fn outcome(socket: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = xenops(socket).args(arguments).output().unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn json(text: &str) -> Value {
    assert!(text.ends_with('\n') && text.lines().count() == 1, "one line for programs: {text}");
    serde_json::from_str(text).unwrap()
}
