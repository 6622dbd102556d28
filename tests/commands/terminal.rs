//! How long work gets on, for people.

use std::process::{Command, Stdio};

use crate::Host;
use crate::common::can_run;
use crate::common::xenops::text;

/// What a command shows on a terminal. `script` provides one.
fn on_terminal(host: &Host, arguments: &str) -> String {
    let command = format!("{} --socket {} {arguments}", env!("CARGO_BIN_EXE_xenops"), host.socket().display());
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &command, "/dev/null"]).stdin(Stdio::null());
    let output = script.output().unwrap();
    assert!(output.status.success(), "{arguments}: {output:?}");
    text(output.stdout).replace('\r', "")
}

#[test]
fn progress_is_one_line_that_is_gone_in_the_end() {
    if !can_run("progress_is_one_line_that_is_gone_in_the_end", &["script", "--version"]) {
        return;
    }
    let host = Host::start(&["--sim-latency", "1"]);
    let file = host.path("saved");
    let shown = on_terminal(&host, &format!("save --checkpoint build-01 {file}"));
    let line = concat!(
        "\x1b[K\x1b[?7lsaving build-01 (Ctrl-C ends only the waiting: see xenops operations)\x1b[?7h",
        "\x1b[K\x1b[?7lsaving build-01: domain_suspend 0% ",
        "(Ctrl-C ends only the waiting, xenops abort 3 the work)\x1b[?7h\x1b[K"
    );
    assert!(shown.contains(line) && shown.ends_with(&format!("\x1b[Kbuild-01 is saved in {file}\n")), "{shown:?}");

    let shown = on_terminal(&host, &format!("save --json --force --checkpoint build-01 {file}"));
    assert!(!shown.contains('\x1b') && shown.contains("\"name\": \"build-01\""), "{shown:?}");
}
