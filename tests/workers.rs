//! Calls that are carried out by worker processes: what they must not hold up, and what becomes of them.
//!
//! In: the shipped binary on a simulated host whose operations take time. Out: nothing, or a failed test. What is
//! looked at is the order of replies, never how long anything takes: an operation "runs" for an hour unless it is
//! aborted.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::io::Read;
use std::os::fd::AsFd;

use common::{Client, Daemon, PING, PONG, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use xenopsd::limits::{
    OPERATIONS_LONG_MAX, OPERATIONS_PER_CONNECTION_MAX, OPERATIONS_WAITING_MAX, WORKERS_DEFAULT, WORKERS_MAX,
};

/// A host whose long operations end only when they are aborted.
fn slow() -> Daemon {
    Daemon::start(&["--sim", "10", "--sim-seed", "1", "--sim-latency", "3600000"])
}

/// The same, where they end at once.
fn quick() -> Daemon {
    Daemon::start(&["--sim", "10", "--sim-seed", "1"])
}

fn request(id: impl Into<Value>, method: &str, params: impl serde::Serialize) -> String {
    let id: Value = id.into();
    let params = serde_json::to_value(params).unwrap();
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

fn destroy(id: u32, domid: impl Into<Value>) -> String {
    request(id, "domain_destroy", json!([domid.into()]))
}

/// The operations that wait or run, as (method, domid, state); nothing as long as one is only about to run.
fn operations(client: &mut Client) -> Vec<(String, Value, String)> {
    let listed = client.ask(&request("list", "operation_list", json!([])));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let operations = listed["result"].as_array().unwrap();
    if operations.iter().any(|one| one["state"] == "starting") {
        return Vec::new();
    }
    let operations = operations.iter();
    operations.map(|one| (text(&one["method"]), one["domid"].clone(), text(&one["state"]))).collect()
}

/// So many operations run, and none waits.
fn runs(client: &mut Client, count: usize) -> bool {
    let operations = operations(client);
    operations.len() == count && operations.iter().all(|(.., state)| state == "running")
}

fn abort(client: &mut Client, which: &Value) {
    let done = client.ask(&request("abort", "operation_abort", which.clone()));
    // The reply to the operation itself may come before the abort's.
    let done = if done["id"] == "abort" { done } else { client.reply() };
    assert_eq!(done, json!({"jsonrpc": "2.0", "id": "abort", "result": {}}));
}

#[test]
fn whoever_asks_while_an_operation_runs_is_answered_before_it_is() {
    let daemon = slow();
    let (mut owner, mut other) = (daemon.connect(), daemon.connect());
    owner.send(destroy(1, 3));
    until("it runs", || operations(&mut other) == [("domain_destroy".to_owned(), json!(3), "running".to_owned())]);
    for _ in 0..100 {
        owner.ping();
        other.ping();
        // Also what another worker has to find out.
        assert_eq!(other.ask(&request(2, "domid_to_name", json!([0])))["result"], "Domain-0");
    }
    abort(&mut other, &json!({"number": 1}));
    // Once begun, a destruction is finished, whoever asks for its end.
    drop(owner);
}

#[test]
fn changes_of_one_domain_are_made_one_after_another() {
    let daemon = slow();
    let (mut client, mut other) = (daemon.connect(), daemon.connect());
    let resume = |id: u32, domid: u32| request(id, "domain_suspend_only", json!([domid]));
    client.send([resume(1, 1), resume(2, 1), resume(3, 2), resume(4, 1)].concat());
    let state = |domid: u32, state: &str| ("domain_suspend_only".to_owned(), json!(domid), state.to_owned());
    let expected = [state(1, "running"), state(1, "waiting"), state(2, "running"), state(1, "waiting")];
    until("each is where it should be", || operations(&mut other) == expected);
    // The second of domain 1 is taken out; the third follows the first.
    abort(&mut other, &json!({"number": 2}));
    assert_eq!(client.reply()["error"]["code"], -32011);
    abort(&mut other, &json!({"number": 1}));
    let reply = client.reply();
    assert_eq!((&reply["id"], &reply["error"]["code"]), (&json!(1), &json!(-22)), "{reply}");
    until("the next has begun", || operations(&mut other) == [state(2, "running"), state(1, "running")]);
}

#[test]
fn an_operation_is_aborted_by_its_requests_id_on_the_same_connection_alone() {
    let daemon = slow();
    let (mut client, mut other) = (daemon.connect(), daemon.connect());
    client.send(request("mine", "domain_suspend_only", json!([1])));
    until("it runs", || runs(&mut other, 1));
    let foreign = other.ask(&request(1, "operation_abort", json!({"id": "mine"})));
    assert_eq!(foreign["error"]["code"], -32009, "{foreign}");
    client.send(request(2, "operation_abort", json!({"id": "mine"})));
    let mut replies = [client.reply(), client.reply()];
    replies.sort_by_key(|reply| reply["id"].is_string());
    assert_eq!(replies[0]["result"], json!({}));
    assert_eq!((&replies[1]["id"], &replies[1]["error"]["code"]), (&json!("mine"), &json!(-22)));
}

#[test]
fn a_worker_that_is_killed_costs_its_own_call_and_no_other() {
    let daemon = slow();
    let (mut client, mut other) = (daemon.connect(), daemon.connect());
    client.send(destroy(1, 3));
    until("it runs", || runs(&mut other, 1));
    kill_process(daemon.workers()[0], Signal::KILL).unwrap();
    let reply = client.reply();
    assert_eq!(reply["error"]["code"], -32008, "{reply}");
    other.ping();
    assert_eq!(other.ask(&request(2, "domid_to_name", json!([0])))["result"], "Domain-0");
    assert_eq!(operations(&mut other), []);
}

#[test]
fn a_killed_idle_worker_is_replaced() {
    let daemon = quick();
    let mut client = daemon.connect();
    for round in 0..5 {
        assert_eq!(client.ask(&request(round, "domid_to_name", json!([0])))["result"], "Domain-0");
        let worker = daemon.workers();
        assert_eq!(worker.len(), 1);
        kill_process(worker[0], Signal::KILL).unwrap();
        until("it is gone", || daemon.workers().is_empty());
        // The daemon has heard of it by the time it answers this.
        client.ping();
    }
}

#[test]
fn a_batch_is_carried_out_in_order_and_waits_for_each() {
    let daemon = quick();
    let mut client = daemon.connect();
    let batch = [
        request(1, "domain_rename", json!([3, null, "renamed"])),
        request(2, "domid_to_name", json!([3])),
        request(3, "get_scheduler", json!([])),
        r#"{"jsonrpc":"2.0","method":"domain_pause","params":["renamed"]}"#.to_owned(),
        request(4, "domain_info", json!(["renamed"])),
    ];
    client.send(format!("[{}]{PING}", batch.join(",")));
    let replies = client.reply();
    let ids: Vec<&Value> = replies.as_array().unwrap().iter().map(|reply| &reply["id"]).collect();
    assert_eq!(ids, [&json!(1), &json!(2), &json!(3), &json!(4)]);
    assert_eq!(replies[1]["result"], "renamed");
    assert_eq!(replies[3]["result"]["paused"], true, "the notification before it was carried out");
    assert_eq!(client.line().as_deref(), Some(PONG), "what comes behind a batch waits for it");
}

#[test]
fn replies_that_come_while_a_batch_is_open_follow_it() {
    let daemon = slow();
    let (mut client, mut other) = (daemon.connect(), daemon.connect());
    let suspend = |id: u32, domid: u32| request(id, "domain_suspend_only", json!([domid]));
    client.send(format!("{}[{},{}]", suspend(1, 1), request(2, "get_scheduler", json!([])), suspend(3, 2)));
    until("both run", || runs(&mut other, 2));
    abort(&mut other, &json!({"number": 1}));
    until("one is over", || operations(&mut other).len() == 1);
    abort(&mut other, &json!({"number": 2}));
    let batch = client.reply();
    assert_eq!(batch[0]["result"], "credit2");
    assert_eq!(batch[1]["error"]["code"], -22);
    assert_eq!(client.reply()["id"], 1);
}

#[test]
fn a_client_that_sends_no_more_is_still_answered() {
    let daemon = slow();
    let (mut client, mut other) = (daemon.connect(), daemon.connect());
    client.send(request(1, "domain_suspend_only", json!([1])));
    client.finish();
    until("it runs", || runs(&mut other, 1));
    abort(&mut other, &json!({"number": 1}));
    assert_eq!(client.reply()["error"]["code"], -22);
    client.expect_end();
}

#[test]
fn what_a_client_had_begun_goes_on_without_it() {
    let daemon = quick();
    let mut client = daemon.connect();
    client.send(destroy(1, 3));
    drop(client);
    let mut other = daemon.connect();
    until("it is carried out", || other.ask(&request(1, "domain_info", json!([3])))["error"]["code"] == -21);
}

#[test]
fn a_notification_is_carried_out_and_not_answered() {
    let daemon = quick();
    let mut client = daemon.connect();
    client.send(r#"{"jsonrpc":"2.0","method":"domain_pause","params":[3]}"#);
    until("it is carried out", || client.ask(&request(1, "domain_info", json!([3])))["result"]["paused"] == true);
    client.ping();
}

#[test]
fn who_asks_for_it_hears_how_an_operation_gets_on() {
    let daemon = Daemon::start(&["--sim", "10", "--sim-latency", "1"]);
    let mut client = daemon.connect();
    let suspend = |progress: bool| request("s", "domain_suspend_only", json!({"domid": 1, "progress": progress}));
    client.send(suspend(true));
    let heard = client.reply();
    let expected = json!({"operation": 1, "id": "s", "what": "domain_suspend_only", "done": 0, "total": 100});
    assert_eq!(heard, json!({"jsonrpc": "2.0", "method": "progress", "params": expected}));
    assert_eq!(client.reply(), json!({"jsonrpc": "2.0", "id": "s", "result": {}}));
    // Who does not ask for it, or speaks 1.0, hears nothing.
    client.ask(&request("r", "domain_resume", json!([1, 1])));
    assert_eq!(client.ask(&suspend(false)), json!({"jsonrpc": "2.0", "id": "s", "result": {}}));
    client.ask(&request("r", "domain_resume", json!([1, 1])));
    let old = json!({"id": "o", "method": "domain_suspend_only", "params": [{"domid": 1, "progress": true}]});
    assert_eq!(client.ask(&old.to_string()), json!({"id": "o", "result": {}, "error": null}));
}

#[test]
fn a_destroyed_daemon_leaves_its_operation_to_its_worker() {
    let daemon = Daemon::start(&["--sim", "10", "--sim-seed", "1", "--sim-latency", "500"]);
    let (mut client, mut other) = (daemon.connect(), daemon.connect());
    client.send(request(1, "domain_suspend_only", json!([1])));
    until("it runs", || runs(&mut other, 1));
    let worker = daemon.workers();
    daemon.signal(Signal::KILL);
    // The worker holds the same standard error: what the daemon's end leaves there is read until it has ended, too.
    let (_, said) = daemon.wait();
    let gone = |pid: &Pid| rustix::process::test_kill_process(*pid).is_err();
    until("the worker has ended", || worker.iter().all(gone));
    assert!(said.contains("domain_suspend_only of domain 1: done, when its daemon was gone (operation 1)"), "{said}");
}

#[test]
fn descriptors_reach_the_worker_and_stay_nowhere() {
    let daemon = quick();
    let mut client = daemon.connect();
    client.ping();
    let before = daemon.descriptors();
    for _ in 0..3 {
        let (mut stream, end) = std::io::pipe().unwrap();
        client.send_with(&request(1, "domain_suspend", json!([1, 0])), &[end.as_fd()]);
        drop(end);
        let mut image = Vec::new();
        stream.read_to_end(&mut image).unwrap();
        assert!(image.starts_with(b"LibxlFmt"), "{} bytes", image.len());
        assert_eq!(client.reply()["result"], json!({}));
        assert_eq!(client.ask(&request(2, "domain_resume", json!([1, 1])))["result"], json!({}));
    }
    let without = client.ask(&request(3, "domain_suspend", json!([1, 0])));
    assert_eq!(without["error"]["code"], -32005, "{without}");
    // What nobody takes is closed.
    let null = std::fs::File::open("/dev/null").unwrap();
    client.send_with(PING, &[null.as_fd(); 3]);
    assert_eq!(client.line().as_deref(), Some(PONG));
    // One more than before: the worker that is kept for short calls has a socket.
    until("all others are closed", || daemon.descriptors() <= before + 1);
}

#[test]
fn so_many_operations_run_at_once_and_the_next_waits() {
    let daemon = Daemon::start(&["--sim", "40", "--sim-latency", "3600000"]);
    let (mut client, mut other) = (daemon.connect(), daemon.connect());
    let most = u32::try_from(OPERATIONS_LONG_MAX).unwrap();
    for domid in 1..=most + 1 {
        client.send(request(domid, "domain_suspend_only", json!([domid])));
    }
    let count = |other: &mut Client, state: &str| operations(other).iter().filter(|one| one.2 == state).count();
    until("as many run as may", || count(&mut other, "running") == OPERATIONS_LONG_MAX);
    assert_eq!(count(&mut other, "waiting"), 1);
    // Short calls have workers of their own.
    assert_eq!(other.ask(&request(1, "domid_to_name", json!([0])))["result"], "Domain-0");
}

/// All but one of the workers that short calls share may be changing something: whoever looks finds one.
#[test]
fn so_many_short_calls_change_at_once_and_looking_waits_for_none() {
    let daemon = slow();
    let (mut client, mut other) = (daemon.connect(), daemon.connect());
    for domid in 1..=u32::try_from(WORKERS_DEFAULT).unwrap() {
        client.send(request(domid, "domain_pause", json!([domid])));
    }
    let count = |other: &mut Client, state: &str| operations(other).iter().filter(|one| one.2 == state).count();
    until("all but one run", || count(&mut other, "running") == WORKERS_DEFAULT - 1);
    assert_eq!(count(&mut other, "waiting"), 1);
    assert_eq!(other.ask(&request(1, "domid_to_name", json!([0])))["result"], "Domain-0");
    assert_eq!(daemon.workers().len(), WORKERS_DEFAULT);
}

#[test]
fn so_many_workers_there_may_be_and_no_more() {
    for (workers, accepted) in [(0, false), (1, true), (WORKERS_MAX, true), (WORKERS_MAX + 1, false)] {
        let mut command = common::command();
        let options = ["--sim", "1", "--workers", &workers.to_string(), "--socket", "/nowhere/at/all"];
        let output = command.args(options).output().unwrap();
        // Usage, or no such folder.
        assert_eq!(output.status.code(), Some(if accepted { 1 } else { 2 }), "{workers}");
    }
}

#[test]
fn so_many_operations_has_one_connection_and_its_next_request_waits() {
    let daemon = slow();
    let (mut client, mut other) = (daemon.connect(), daemon.connect());
    let suspend = |id: usize| request(id, "domain_suspend_only", json!([1]));
    let all: String = (0..OPERATIONS_PER_CONNECTION_MAX - 1).map(suspend).collect();
    client.send(format!("{all}{PING}"));
    assert_eq!(client.line().as_deref(), Some(PONG), "one below the bound");
    client.send(format!("{}{PING}", suspend(1000)));
    until("all are taken", || operations(&mut other).len() == OPERATIONS_PER_CONNECTION_MAX);
    abort(&mut other, &json!({"number": 2}));
    assert_eq!(client.reply()["error"]["code"], -32011);
    assert_eq!(client.line().as_deref(), Some(PONG), "and so is the ping, once there is room");
}

#[test]
fn so_many_operations_wait_in_all_and_the_next_is_refused() {
    let daemon = slow();
    let mut other = daemon.connect();
    let mut clients = Vec::new();
    // One runs; behind it the others wait.
    let mut left = OPERATIONS_WAITING_MAX + 1;
    while left > 0 {
        let mut client = daemon.connect();
        let count = left.min(OPERATIONS_PER_CONNECTION_MAX);
        let all: String = (0..count).map(|id| request(id, "domain_suspend_only", json!([1]))).collect();
        client.send(all);
        left -= count;
        clients.push(client);
        if clients.len() == 1 {
            until("the first runs", || operations(&mut other).iter().any(|one| one.2 == "running"));
        }
    }
    until("all are taken", || operations(&mut other).len() == OPERATIONS_WAITING_MAX + 1);
    let refused = other.ask(&request(1, "domid_to_name", json!([0])));
    assert_eq!(refused["error"]["code"], -32007, "{refused}");
    other.ping();
}
