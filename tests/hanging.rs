//! Workers that never begin, as when xenstored hangs while libxl's context is made.
//!
//! In: a daemon in this process whose workers are a program that only sleeps. Out: that nobody waits for them who did
//! not ask for them, and that what was asked of them can be given up.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use common::{Client, until};
use serde_json::{Value, json};
use xenopsd::daemon::{Daemon, Doors, StopSignals};
use xenopsd::rpc::Rpc;
use xenopsd::sim;
use xenopsd::wire::Listener;
use xenopsd::worker::Launch;
use xenopsd::xl::Xl;

/// A daemon in a thread, which ends with the process.
fn start(folder: &Path) {
    let program = folder.join("worker");
    std::fs::write(&program, "#!/bin/sh\nexec sleep 600\n").unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).unwrap();
    let listener = Listener::bind(&folder.join("socket")).unwrap();
    std::thread::spawn(move || {
        let rpc = Rpc::new(Xl::open(sim::start(2, 1).unwrap()).unwrap());
        let launch = Launch { program, workers: 1, sim: None, verbose: 0 };
        let daemon = Daemon::new(rpc, Doors::full(listener), StopSignals::catch().unwrap(), launch);
        daemon.unwrap().run().unwrap();
    });
}

fn request(id: u32, method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

fn states(client: &mut Client) -> Vec<Value> {
    let listed = client.ask(&request(0, "operation_list", &json!([])));
    listed["result"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect()
}

#[test]
fn a_worker_that_hangs_at_its_start_holds_up_nobody_and_can_be_given_up() {
    let folder = tempfile::tempdir().unwrap();
    start(folder.path());
    let connect = || Client::new(UnixStream::connect(folder.path().join("socket")).unwrap());
    let (mut owner, mut other) = (connect(), connect());
    owner.send(request(1, "domid_to_name", &json!([0])) + &request(2, "domid_to_name", &json!([1])));
    until("one hangs, one waits", || states(&mut other) == ["starting", "waiting"]);
    for _ in 0..10 {
        owner.ping();
        other.ping();
    }
    // Asked once, it would end as soon as it has begun. Asked twice, it is not waited for any longer.
    let abort = request(3, "operation_abort", &json!({"number": 1}));
    assert_eq!(other.ask(&abort)["result"], json!({}));
    assert_eq!(states(&mut other), ["starting", "waiting"]);
    assert_eq!(other.ask(&abort)["result"], json!({}));
    let reply = owner.reply();
    assert_eq!((&reply["id"], &reply["error"]["code"]), (&json!(1), &json!(-32010)), "{reply}");
    // The next has a worker of its own, which hangs as well.
    until("it hangs", || states(&mut other) == ["starting"]);
    let abort = request(3, "operation_abort", &json!({"number": 2}));
    other.ask(&abort);
    other.ask(&abort);
    assert_eq!(owner.reply()["error"]["code"], -32010);
    assert_eq!(states(&mut other), [] as [Value; 0]);
}
