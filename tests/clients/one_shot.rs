//! Commands that send what they are given and print what comes back.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::can_run;
use crate::common::{Daemon, PING, PONG};

/// Runs the command with a request on its standard input; what it printed.
fn sent_through(command: &mut Command) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(PING.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn socat_gets_its_reply() {
    if !can_run("socat_gets_its_reply", &["socat", "-V"]) {
        return;
    }
    let daemon = Daemon::simulating(1);
    // Its own patience after the end of its input; the daemon hangs up long before.
    let mut socat = Command::new("socat");
    socat.args(["-t", "60", "-"]).arg(format!("UNIX-CONNECT:{}", daemon.socket().display()));
    assert_eq!(sent_through(&mut socat), format!("{PONG}\n"));
}

#[test]
fn netcat_gets_its_reply_after_it_has_stopped_sending() {
    if !can_run("netcat_gets_its_reply_after_it_has_stopped_sending", &["nc.openbsd", "-h"]) {
        return;
    }
    let daemon = Daemon::simulating(1);
    let mut nc = Command::new("nc.openbsd");
    nc.arg("-NU").arg(daemon.socket());
    assert_eq!(sent_through(&mut nc), format!("{PONG}\n"));
}
