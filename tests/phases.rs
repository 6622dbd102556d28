//! What is to be seen of a domain while an operation on it takes its time: destruction, and a save that is aborted.
//!
//! In: the shipped binary on a simulated host whose operations take an hour, or a while. Out: nothing, or a failed
//! test. Only order is asserted.
#![cfg(feature = "daemon")]

mod common;

use std::io::{Read, Seek};
use std::os::fd::AsFd;

use common::{Client, Daemon, until};
use serde_json::{Value, json};

const HOUR: &str = "3600000";

fn request(id: u32, method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

fn ask(client: &mut Client, method: &str, params: &Value) -> Value {
    client.ask(&request(1, method, params))
}

fn info(client: &mut Client, domid: u32) -> Value {
    ask(client, "domain_info", &json!([domid]))
}

/// Begins to destroy domain 3, and waits until that is to be seen.
fn begin_to_destroy(daemon: &Daemon) -> (Client, Client) {
    let (mut owner, mut other) = (daemon.connect(), daemon.connect());
    owner.send(request(7, "domain_destroy", &json!([3])));
    until("it is dying, or gone already", || {
        let reply = info(&mut other, 3);
        reply["result"]["dying"] == true || reply["error"]["code"] == -21
    });
    (owner, other)
}

#[test]
fn a_domain_that_is_dying_is_listed_and_has_no_name() {
    let daemon = Daemon::start(&["--sim", "10", "--sim-seed", "1", "--sim-latency", HOUR]);
    let mut client = daemon.connect();
    let before = info(&mut client, 3)["result"].clone();
    let name = ask(&mut client, "domid_to_name", &json!([3]))["result"].clone();
    assert!(name.is_string() && before["dying"] == false);
    let (_owner, mut other) = begin_to_destroy(&daemon);
    let listed = ask(&mut other, "list_domain", &json!([]))["result"].clone();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 10);
    let one = listed.iter().find(|one| one["domid"] == 3).unwrap();
    for (member, value) in [("dying", true), ("paused", true), ("running", false), ("blocked", false)] {
        assert_eq!(one[member], value, "{one}");
    }
    assert_eq!((&one["uuid"], &one["current_memkb"]), (&before["uuid"], &before["current_memkb"]));
    assert_eq!(ask(&mut other, "domain_info", &json!([before["uuid"]]))["result"], *one, "by its uuid, too");
    // xenstore does not know it any more.
    assert!(ask(&mut other, "domid_to_name", &json!([3]))["error"].is_object());
    assert_eq!(ask(&mut other, "name_to_domid", &json!([name]))["error"]["code"], -6);
    assert!(ask(&mut other, "domain_info", &json!([name]))["error"].is_object());
    assert_eq!(ask(&mut other, "device_disk_list", &json!([3]))["result"], json!([]));
    assert_eq!(ask(&mut other, "get_memory_target", &json!([3]))["error"]["code"], -3);
    assert!(ask(&mut other, "list_vcpu", &json!([3]))["result"].is_array(), "the hypervisor does");
    // So its name is free.
    assert_eq!(ask(&mut other, "domain_rename", &json!([4, null, name]))["result"], json!({}));
    assert_eq!(ask(&mut other, "name_to_domid", &json!([name]))["result"], 4);
}

#[test]
fn a_domain_that_is_dying_is_gone_in_the_end_whoever_asks_that_it_be_not() {
    let daemon = Daemon::start(&["--sim", "10", "--sim-latency", "500"]);
    let (mut owner, mut other) = begin_to_destroy(&daemon);
    let number = ask(&mut other, "operation_list", &json!([]))["result"][0]["number"].clone();
    if number.is_u64() {
        // It may be over by now, which is no such operation.
        ask(&mut other, "operation_abort", &json!({"number": number}));
    }
    until("it is gone", || {
        let reply = info(&mut other, 3);
        assert!(reply["result"]["dying"] == true || reply["error"]["code"] == -21, "{reply}");
        reply["error"].is_object()
    });
    assert_eq!(owner.reply(), json!({"jsonrpc": "2.0", "id": 7, "result": {}}));
    assert_eq!(ask(&mut other, "list_domain", &json!([]))["result"].as_array().unwrap().len(), 9);
}

#[test]
fn a_destruction_that_is_to_fail_does_not_begin() {
    let daemon = Daemon::start(&["--sim", "10", "--sim-latency", "1", "--sim-fault", "domain_destroy=FAIL"]);
    let mut client = daemon.connect();
    let before = ask(&mut client, "domid_to_name", &json!([3]));
    assert_eq!(ask(&mut client, "domain_destroy", &json!([3]))["error"]["code"], -3);
    assert_eq!(info(&mut client, 3)["result"]["dying"], false);
    assert_eq!(ask(&mut client, "domid_to_name", &json!([3])), before);
}

/// A device model's domain goes with the domain that it was there for.
#[test]
fn a_stubdom_dies_with_its_domain() {
    let daemon = Daemon::start(&["--sim", "20", "--sim-seed", "7", "--sim-latency", HOUR]);
    let (mut client, mut other) = (daemon.connect(), daemon.connect());
    let stubdom = ask(&mut other, "get_stubdom_id", &json!([7]))["result"].clone();
    assert_eq!(stubdom, 8);
    client.send(request(7, "domain_destroy", &json!([7])));
    until("both are dying", || [7, 8].iter().all(|domid| info(&mut other, *domid)["result"]["dying"] == true));
}

#[test]
fn a_domain_whose_save_was_aborted_runs_on_and_can_be_saved_later() {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world");
    let host = ["--sim", "10", "--sim-seed", "1", "--sim-world", world.to_str().unwrap()];
    let mut daemon = Daemon::start(&[&host[..], &["--sim-latency", HOUR]].concat());
    let (mut client, mut other) = (daemon.connect(), daemon.connect());
    let mut image = tempfile::tempfile().unwrap();
    let save = request(7, "domain_suspend", &json!([3, 0]));
    client.send_with(&save, &[image.as_fd()]);
    until("it runs", || ask(&mut other, "operation_list", &json!([]))["result"][0]["state"] == "running");
    assert_eq!(ask(&mut other, "operation_abort", &json!({"number": 1}))["result"], json!({}));
    let reply = client.reply();
    assert_eq!((&reply["id"], &reply["error"]["code"]), (&json!(7), &json!(-22)), "{reply}");
    let now = info(&mut other, 3)["result"].clone();
    let state = ["paused", "shutdown", "dying"].map(|member| now[member].clone());
    assert!(state.iter().all(|is| *is == false) && (now["running"] == true || now["blocked"] == true), "{now}");
    assert_eq!(image.metadata().unwrap().len(), 0);
    // The same on a host that is quicker now.
    let next = daemon.kill_and_restart(&host);
    assert!(daemon.wait().1.contains("domain_suspend of domain 3"));
    let mut client = next.connect();
    client.send_with(&save, &[image.as_fd()]);
    assert_eq!(client.reply()["result"], json!({}));
    assert_eq!(info(&mut client, 3)["result"]["shutdown_reason"], "suspend");
    let mut bytes = Vec::new();
    image.rewind().unwrap();
    image.read_to_end(&mut bytes).unwrap();
    assert!(bytes.starts_with(b"LibxlFmt"));
}
