//! A client in plain Python, which speaks 2.0.
//!
//! Where Python is not installed this test says so and passes.
#![cfg(feature = "daemon")]

mod common;

use std::io::{ErrorKind, Write, stderr};
use std::path::Path;
use std::process::Command;

use common::Daemon;

#[test]
fn poll_shows_each_domains_use_of_the_cpu() {
    let daemon = Daemon::simulating(10);
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/poll.py");
    let output = match Command::new("python3").arg(example).arg(daemon.socket()).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // The test runner hides what eprintln writes in a test that passes.
            let mut stderr = stderr();
            writeln!(stderr, "skipped: poll_shows_each_domains_use_of_the_cpu (python3 is not installed)").unwrap();
            return;
        }
        ran => ran.unwrap(),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(table.lines().count(), 10, "{table}");
    for (domid, row) in table.lines().enumerate() {
        let columns: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(columns[..2], ["domain", &format!("{domid}:")], "{table}");
        let percent: f64 = columns[2].parse().unwrap();
        assert!(percent >= 0.0, "{table}");
    }
}
