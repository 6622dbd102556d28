//! The systemd unit, as systemd reads it.
//!
//! In: `dist/xenopsd.service` and what `make install` would do. Out: nothing, or a failed test. Without systemd's own
//! checker the first test is skipped, by name.
#![cfg(feature = "daemon")]

mod common;

use std::process::Command;

use common::can_run;

const UNIT: &str = include_str!("../dist/xenopsd.service");
/// Where the unit expects the daemon, unless it is installed elsewhere.
const INSTALLED: &str = "/usr/local/sbin/xenopsd";

#[test]
fn systemd_has_nothing_to_say_against_the_unit() {
    if !can_run("systemd_has_nothing_to_say_against_the_unit", &["systemd-analyze", "--version"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let verify = |unit: String| {
        let file = folder.path().join("xenopsd.service");
        std::fs::write(&file, unit).unwrap();
        let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(file).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), said.lines().filter(|line| line.contains("xenopsd")).collect::<String>())
    };
    let unit = UNIT.replace(INSTALLED, env!("CARGO_BIN_EXE_xenopsd"));
    assert_eq!(verify(unit.clone()), (true, String::new()));
    let (_, said) = verify(unit.replace("KillMode=process", "KillMode=nonsense"));
    assert!(said.contains("kill mode"), "it would say so: {said}");
}

/// What an operation that is under way depends on.
#[test]
fn the_unit_leaves_workers_alone() {
    let lines: Vec<&str> = UNIT.lines().collect();
    for line in ["KillMode=process", "OOMPolicy=continue", "RuntimeDirectory=xenopsd"] {
        assert!(lines.contains(&line), "{line}");
    }
}

#[test]
fn the_unit_is_installed_with_the_path_of_the_daemon_that_is() {
    if !can_run("the_unit_is_installed_with_the_path_of_the_daemon_that_is", &["make", "--version"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let unit = |prefix: Option<&str>| {
        let mut command = Command::new("make");
        command.args(["--silent", "install-unit"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        command.arg(format!("DESTDIR={}", folder.path().display()));
        command.args(prefix.map(|prefix| format!("PREFIX={prefix}")));
        assert!(command.status().unwrap().success());
        let path = format!("{}/lib/systemd/system/xenopsd.service", prefix.unwrap_or("/usr/local"));
        std::fs::read_to_string(folder.path().join(&path[1..])).unwrap()
    };
    assert_eq!(unit(None), UNIT);
    assert_eq!(unit(Some("/usr")), UNIT.replace(INSTALLED, "/usr/sbin/xenopsd"));
}
