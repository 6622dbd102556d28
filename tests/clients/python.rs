//! A client in plain Python, which speaks 2.0.

use std::process::Command;

use crate::common::Daemon;
use crate::{can_run, example, output_of};

#[test]
fn poll_shows_each_domains_use_of_the_cpu() {
    if !can_run("poll_shows_each_domains_use_of_the_cpu", &["python3", "--version"]) {
        return;
    }
    let daemon = Daemon::simulating(10);
    let table = output_of(Command::new("python3").arg(example("poll.py")).arg(daemon.socket()));
    assert_eq!(table.lines().count(), 10, "{table}");
    for (domid, row) in table.lines().enumerate() {
        let columns: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(columns[..2], ["domain", &format!("{domid}:")], "{table}");
        let percent: f64 = columns[2].parse().unwrap();
        assert!(percent >= 0.0, "{table}");
    }
}
