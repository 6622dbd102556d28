//! The simulated host under a C program that knows nothing of it: `examples/xenlight-sim.rs`, loaded in front of libxl.
//!
//! In: a small program for libxl, compiled here. Out: what it prints is what the daemon serves of the same host.
#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "../common/mod.rs"]
mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::Daemon;

/// The library, where a whole `cargo test` has put it.
fn library() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.ancestors().nth(2).unwrap().join("examples/libxenlight_sim.so")
}

#[test]
fn a_c_program_sees_the_host_that_the_daemon_serves() {
    let library = library();
    assert!(library.exists(), "{}: build it first: cargo build --example xenlight_sim", library.display());
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/preload/list.c");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("preload-list");
    let compiled =
        Command::new("cc").arg("-o").arg(&program).arg(source).args(["-lxenlight", "-lxentoollog"]).status().unwrap();
    assert!(compiled.success(), "cc: {compiled}");

    let output = Command::new(&program)
        .env("LD_PRELOAD", library)
        .env("XENOPSD_SIM", "20")
        .env("XENOPSD_SIM_SEED", "7")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected());
}

/// The same lines, as the daemon tells it.
fn expected() -> String {
    let daemon = Daemon::start(&["--sim", "20", "--sim-seed", "7"]);
    let mut client = daemon.connect();
    let domains = client.ask(r#"{"jsonrpc":"2.0","id":1,"method":"list_domain"}"#);
    let mut lines = String::new();
    for domain in domains["result"].as_array().unwrap() {
        let domid = &domain["domid"];
        let name = client.ask(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"domid_to_name","params":[{domid}]}}"#));
        let name = name["result"].as_str().unwrap_or("(null)");
        writeln!(lines, "{domid} {name} {} json", domain["vcpu_online"]).unwrap();
    }
    let missing = client.ask(r#"{"jsonrpc":"2.0","id":1,"method":"domain_info","params":[4000]}"#);
    lines + &format!("{}\n", missing["error"]["code"])
}
