//! Go's own JSON-RPC client, `net/rpc/jsonrpc`, which speaks 1.0.
//!
//! Where Go is not installed these tests say so and pass.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::io::{ErrorKind, Write, stderr};
use std::path::Path;
use std::process::Command;

use common::Daemon;

/// The `go` command, without cgo and without the network; `None` where there is no Go.
fn go(test: &str) -> Option<Command> {
    match Command::new("go").arg("version").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // The test runner hides what eprintln writes in a test that passes.
            let mut stderr = stderr();
            writeln!(stderr, "skipped: {test} (go is not installed)").unwrap();
            None
        }
        found => {
            assert!(found.unwrap().status.success(), "go does not run");
            let mut go = Command::new("go");
            go.env("CGO_ENABLED", "0").env("GOPROXY", "off");
            go.env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache"));
            Some(go)
        }
    }
}

#[test]
fn get_domains_lists_domains_and_their_names() {
    let Some(mut go) = go("get_domains_lists_domains_and_their_names") else { return };
    let daemon = Daemon::simulating(10);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/get-domains.go");
    let output = go.arg("run").arg(example).arg(daemon.socket()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let table = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|row| row.split_whitespace().collect()).collect();
    assert_eq!(rows.len(), 10, "{table}");
    assert_eq!(rows[0][..2], ["Domain-0", "0"]);
    for (domid, row) in rows.iter().enumerate() {
        assert_eq!((row.len(), row[1]), (6, domid.to_string().as_str()), "{table}");
        assert!(!row[0].starts_with('('), "no name: {table}");
        assert_ne!(row[2], "0", "no memory: {table}");
    }
}
