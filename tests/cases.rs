//! What the daemon replies to requests of every form, byte for byte: `cases/*.jsonl` (`common/cases.rs` says how to
//! read them).
//!
//! In: those files. Out: nothing, or a failed test that shows the case and the replies.
#![cfg(feature = "daemon")]

mod common;

use common::{Daemon, cases};

#[test]
fn dialects() {
    run("dialects", include_str!("cases/dialects.jsonl"));
}

#[test]
fn ids() {
    run("ids", include_str!("cases/ids.jsonl"));
}

#[test]
fn params() {
    run("params", include_str!("cases/params.jsonl"));
}

#[test]
fn fields() {
    run("fields", include_str!("cases/fields.jsonl"));
}

#[test]
fn errors() {
    run("errors", include_str!("cases/errors.jsonl"));
}

#[test]
fn parse() {
    run("parse", include_str!("cases/parse.jsonl"));
}

#[test]
fn batches() {
    run("batches", include_str!("cases/batches.jsonl"));
}

#[test]
fn notifications() {
    run("notifications", include_str!("cases/notifications.jsonl"));
}

#[test]
fn framing() {
    run("framing", include_str!("cases/framing.jsonl"));
}

/// All cases of a file, on a host of their own.
fn run(name: &str, text: &str) {
    cases::run(&Daemon::start(&["--sim", "10", "--sim-seed", "1", "--workers", "1"]), name, text);
}
