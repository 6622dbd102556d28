//! Requests and their replies, byte for byte, as they are written down in `cases/*.jsonl`.
//!
//! In those files, a line `--> …` is sent and a line `<-- …` is the reply to it. A case is what stands between two
//! empty lines: all its requests are sent at once, one line each, and all its replies follow in their order. Each case
//! ends with a request whose reply is known, so that a case without `<--` says that there is no reply. Besides:
//!
//! * `⟨0a⟩` in a request is the byte of that hexadecimal number,
//! * `…` in a reply stands for any words,
//! * `<-- end` says that the daemon closes the connection (the next case has a new one),
//! * lines that begin with `#` are for the reader.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use common::{Client, Daemon};

/// What is sent and what must come back.
struct Case<'t> {
    /// The line in its file, counted from 1.
    line: usize,
    request: Vec<u8>,
    replies: Vec<&'t str>,
}

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

/// All cases of a file, on one connection where none of them ends it.
fn run(name: &str, text: &str) {
    // A single worker answers in order.
    let daemon = Daemon::start(&["--sim", "10", "--sim-seed", "1", "--workers", "1"]);
    let mut client = daemon.connect();
    let cases = cases(text);
    assert!(!cases.is_empty(), "{name}.jsonl has no cases");
    for case in cases {
        let found = replies(&mut client, &case.request);
        let as_expected = are_as_expected(&found, &case.replies);
        let expected = case.replies.join("\n<-- ");
        let line = case.line;
        assert!(as_expected, "{name}.jsonl:{line}: expected\n<-- {expected}\nfound\n<-- {}", found.join("\n<-- "));
        if case.replies.last() == Some(&"end") {
            client = daemon.connect();
        }
    }
}

/// A ping that the worker answers when it has answered everything else.
const PING: &str = r#"{"jsonrpc":"2.0","id":"ping","method":"domid_to_name","params":[0]}"#;
const PONG: &str = r#"{"jsonrpc":"2.0","id":"ping","result":"Domain-0"}"#;

/// These replies, in any order: some are the loop's, some a worker's, and each is sent when it is done.
fn are_as_expected(found: &[String], expected: &[&str]) -> bool {
    let mut left: Vec<&String> = found.iter().collect();
    let taken = expected.iter().all(|expected| {
        let at = left.iter().position(|found| matches(found, expected));
        at.map(|at| left.remove(at)).is_some()
    });
    taken && left.is_empty()
}

/// Everything that the daemon says to this, up to the reply to a ping or the end of the connection.
fn replies(client: &mut Client, request: &[u8]) -> Vec<String> {
    client.send([request, PING.as_bytes()].concat());
    let mut replies = Vec::new();
    loop {
        match client.line() {
            Some(line) if line == PONG => return replies,
            Some(line) => replies.push(line),
            None => {
                replies.push("end".to_owned());
                return replies;
            }
        }
    }
}

/// The cases of a file.
fn cases(text: &str) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    let mut open = false;
    for (at, text) in text.lines().enumerate() {
        if let Some(request) = text.strip_prefix("--> ") {
            if !open {
                cases.push(Case { line: at + 1, request: Vec::new(), replies: Vec::new() });
                open = true;
            }
            let case = cases.last_mut().unwrap();
            case.request.extend(common::bytes(request));
            case.request.push(b'\n');
        } else if let Some(reply) = text.strip_prefix("<-- ") {
            assert!(open, "line {}: a reply without a request", at + 1);
            cases.last_mut().unwrap().replies.push(reply);
        } else {
            assert!(text.is_empty() || text.starts_with('#'), "line {}: {text}", at + 1);
            open &= !text.is_empty();
        }
    }
    cases
}

/// Is this the reply, with any words in place of `…`?
fn matches(found: &str, expected: &str) -> bool {
    match expected.split_once('…') {
        None => found == expected,
        Some((before, behind)) => {
            found.len() > before.len() + behind.len() && found.starts_with(before) && found.ends_with(behind)
        }
    }
}
