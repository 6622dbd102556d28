//! Names of domains, told by xenstored when they change: the shipped binary on the make-believe hypervisor of
//! `tests/hypervisor`, with a xenstored that is played here, on a socket.
//!
//! In: what this xenstored is made to hold, and to do. Out: what the daemon calls domains, and what that took. No
//! worker can begin in here (its hypervisor is not loaded in front of it), so what is answered, the loop has answered;
//! but in `changes`, where workers change a simulated host. `XENSTORE_UNSENT_BYTES_MAX`, `XENSTORE_READS_MAX`,
//! `XENSTORE_READ_TRIES_MAX` and `XENSTORE_RETRY_MAX` are tested beside the code: here they would take long.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "../common/mod.rs"]
mod common;

mod changes;
mod given;
mod samples;
mod xenstored;

use std::time::Instant;

use common::{Client, Daemon, until};
use serde_json::{Value, json};
use xenopsd::limits::{XENSTORE_PATIENCE, XENSTORE_RETRY_MIN};
use xenstored::{XS_READ, Xenstored, node};

/// What the daemon says when a call was given to a worker, and there is none.
const NO_WORKER: i64 = -32010;
const UNAVAILABLE: i64 = -32012;

fn ask(client: &mut Client, method: &str, params: &Value) -> Value {
    client.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string())
}

fn are_known(client: &mut Client) -> bool {
    ask(client, "server_info", &json!([]))["result"]["names"] == "known"
}

/// A daemon on so many domains, once it knows the names that xenstored has of them.
fn known_on(domains: u32) -> (Xenstored, Daemon, Client) {
    let xenstored = Xenstored::start(&NAMES);
    let daemon = xenstored.daemon(domains);
    let mut client = daemon.connect();
    until("names are known", || are_known(&mut client));
    (xenstored, daemon, client)
}

/// The result, or the code of the error.
fn outcome(client: &mut Client, method: &str, params: &Value) -> Value {
    let reply = ask(client, method, params);
    if reply["error"].is_null() { reply["result"].clone() } else { reply["error"]["code"].clone() }
}

fn name(client: &mut Client, domid: u32) -> Value {
    outcome(client, "domid_to_name", &json!([domid]))
}

/// Ends a daemon whose workers have said that they cannot begin.
fn end(daemon: Daemon) -> String {
    daemon.signal(rustix::process::Signal::TERM);
    let (status, said) = daemon.wait();
    assert!(status.success(), "{status}: {said}");
    said
}

/// The make-believe hypervisor's domains are 0, 1, 3, 4, 6, 7 and so on.
const NAMES: [(u32, &str); 4] = [(0, "Domain-0"), (1, "web"), (3, "db"), (4, "web")];

#[test]
fn names_are_answered_in_the_loop() {
    let (_xenstored, _daemon, mut client) = known_on(4);
    for (domid, called) in NAMES {
        assert_eq!(name(&mut client, domid), called);
    }
    for (called, domid) in [("Domain-0", 0), ("web", 1), ("db", 3)] {
        assert_eq!(ask(&mut client, "name_to_domid", &json!([called]))["result"], domid, "{called}");
    }
    let by_name = ask(&mut client, "domain_info", &json!(["db"]));
    assert_eq!(by_name, ask(&mut client, "domain_info", &json!([3])));
    assert_eq!(by_name["result"]["domid"], 3);
}

/// Between the two messages that a new watch is answered by, no name is said to be none.
#[test]
fn names_are_known_before_their_watches_first_fire() {
    let xenstored = Xenstored::start(&NAMES);
    xenstored.with(|held| held.fires_late = true);
    let daemon = xenstored.daemon(4);
    let mut client = daemon.connect();
    until("names are known", || are_known(&mut client));
    for (domid, called) in NAMES {
        assert_eq!(name(&mut client, domid), called);
    }
    let asked = xenstored.with(|held| held.asked);
    xenstored.release();
    until("all is read again", || xenstored.with(|held| held.asked) == asked + 4 * 4 && are_known(&mut client));
    assert_eq!(name(&mut client, 3), "db");
}

#[test]
fn a_warm_poll_asks_xenstored_nothing() {
    let (xenstored, _daemon, mut client) = known_on(4);
    let asked = xenstored.with(|held| held.asked);
    assert_eq!(asked, 2 + 5 * 4, "two watches, and for each domain a watch and a transaction with two reads");
    for _ in 0..50 {
        name(&mut client, 3);
        ask(&mut client, "name_to_domid", &json!(["web"]));
        ask(&mut client, "list_domain", &json!([]));
    }
    assert_eq!(xenstored.with(|held| held.asked), asked);
}

#[test]
fn a_name_that_somebody_else_changes_is_heard() {
    let (xenstored, daemon, mut client) = known_on(4);
    for round in 0..20 {
        let new = format!("db-{round}");
        xenstored.set(3, &new);
        until("the change is heard", || are_known(&mut client) && name(&mut client, 3) == new.as_str());
        assert_eq!(ask(&mut client, "name_to_domid", &json!([new]))["result"], 3);
    }
    // While a change is being heard, a name is asked of a worker.
    end(daemon);
}

/// Nothing can have changed while xenstored is silent; of what has, nothing is known.
#[test]
fn numbers_go_on_when_xenstored_is_silent() {
    let (xenstored, daemon, mut client) = known_on(4);
    xenstored.with(|held| held.is_silent = true);
    assert_eq!(name(&mut client, 3), "db");
    // A change that was never begun, because there is no worker, has changed nothing.
    assert_eq!(ask(&mut client, "domain_pause", &json!([3]))["error"]["code"], NO_WORKER);
    assert_eq!(name(&mut client, 3), "db");
    let asked = xenstored.with(|held| held.asked);
    xenstored.set(3, "other");
    until("the new name is asked for", || xenstored.with(|held| held.asked) > asked);
    assert!(!are_known(&mut client));
    assert_eq!(ask(&mut client, "list_domain", &json!([]))["result"].as_array().unwrap().len(), 4);
    xenstored.speak();
    until("it is answered", || are_known(&mut client));
    assert_eq!(name(&mut client, 3), "other");
    end(daemon);
}

#[test]
fn what_is_not_known_is_a_workers() {
    let (_xenstored, daemon, mut client) = known_on(5);
    assert_eq!(name(&mut client, 6), NO_WORKER, "it has no name");
    assert_eq!(name(&mut client, 2), NO_WORKER, "it is not there");
    assert_eq!(ask(&mut client, "name_to_domid", &json!(["nobody"]))["error"]["code"], NO_WORKER);
    assert_eq!(ask(&mut client, "domain_info", &json!(["nobody"]))["error"]["code"], NO_WORKER);
    assert_eq!(name(&mut client, 3), "db");
    end(daemon);
}

#[test]
fn a_xenstored_that_goes_or_talks_nonsense_is_left_and_found_again() {
    let too_long: Vec<u8> = [XS_READ, 0, 0, 4097].iter().flat_map(|word: &u32| word.to_ne_bytes()).collect();
    let answer: Vec<u8> = [XS_READ, 0, 0, 0].iter().flat_map(|word: &u32| word.to_ne_bytes()).collect();
    let (xenstored, daemon, mut client) = known_on(4);
    let descriptors = daemon.descriptors();
    for (times, nonsense) in [too_long, answer, Vec::new()].into_iter().enumerate() {
        xenstored.with(|held| {
            held.gone = nonsense.is_empty();
            held.sent = nonsense;
        });
        until("names are known no more", || !are_known(&mut client));
        assert_eq!(ask(&mut client, "list_domain", &json!([]))["result"].as_array().unwrap().len(), 4);
        xenstored.with(|held| held.nodes.insert(node(3, "name"), format!("db-{times}")));
        until("names are known again", || are_known(&mut client));
        assert_eq!(name(&mut client, 3), format!("db-{times}"));
        assert_eq!((xenstored.with(|held| held.connections), daemon.descriptors()), (times + 2, descriptors));
    }
    let said = end(daemon);
    for words in ["lost xenstored", "connected to xenstored"] {
        assert_eq!(said.matches(words).count(), 3, "{said}");
    }
}

/// Nor is it tried all the time, and nobody is told each time.
#[test]
fn a_xenstored_that_is_of_no_use_is_tried_ever_more_seldom() {
    let (xenstored, daemon, mut client) = known_on(4);
    // That it acknowledges its first watches makes it no better.
    xenstored.with(|held| (held.refuses, held.gone) = (true, true));
    let began = Instant::now();
    until("it is tried", || xenstored.with(|held| held.connections) == 4);
    assert!(began.elapsed() >= XENSTORE_RETRY_MIN * (2 + 4), "after one pause, and twice, and four times as long");
    assert!(!are_known(&mut client));
    xenstored.with(|held| held.refuses = false);
    until("names are known again", || are_known(&mut client));
    assert_eq!(name(&mut client, 3), "db");
    end(daemon);
}

#[test]
fn names_are_unavailable_when_xenstored_is_silent_for_long_and_numbers_go_on() {
    let (xenstored, daemon, mut client) = known_on(4);
    let uuid = outcome(&mut client, "domain_info", &json!([3]))["uuid"].clone();
    let began = Instant::now();
    xenstored.with(|held| held.is_silent = true);
    xenstored.set(3, "other");
    until("names are unavailable", || name(&mut client, 3) == UNAVAILABLE);
    assert!(began.elapsed() >= XENSTORE_PATIENCE);
    assert_eq!(ask(&mut client, "server_info", &json!([]))["result"]["names"], "unavailable");
    for (method, params) in [
        ("name_to_domid", json!(["db"])),
        ("domain_info", json!(["db"])),
        ("domain_pause", json!(["db"])),
        ("get_memory_target", json!(["db"])),
    ] {
        assert_eq!(outcome(&mut client, method, &params), UNAVAILABLE, "{method}");
    }
    assert_eq!(outcome(&mut client, "domain_info", &json!([uuid]))["domid"], 3);
    assert_eq!(outcome(&mut client, "list_domain", &json!([])).as_array().unwrap().len(), 4);
    xenstored.speak();
    until("names are known", || are_known(&mut client));
    assert_eq!(name(&mut client, 3), "other");
    end(daemon);
}

#[test]
fn a_daemon_without_xenstored_says_so_and_serves_numbers_and_finds_it_later() {
    let xenstored = Xenstored::start(&NAMES);
    std::fs::remove_file(xenstored.socket()).unwrap();
    let daemon = xenstored.daemon(4);
    let mut client = daemon.connect();
    let info = outcome(&mut client, "server_info", &json!([]));
    let why = format!("{}: No such file or directory (os error 2)", xenstored.socket().display());
    assert_eq!((&info["names"], &info["names_reason"]), (&json!("asked"), &json!(why)));
    assert_eq!(ask(&mut client, "list_domain", &json!([]))["result"].as_array().unwrap().len(), 4);
    xenstored.listen();
    until("names are known", || are_known(&mut client));
    assert_eq!(name(&mut client, 3), "db");
    assert_eq!(outcome(&mut client, "server_info", &json!([]))["names_reason"], Value::Null);
    assert!(end(daemon).contains("workers ask xenstored for them"));
}

/// A domain that was destroyed and another that was created in its place, both unheard of.
#[test]
fn a_name_of_another_domain_of_that_number_is_not_known() {
    let (xenstored, daemon, mut client) = known_on(4);
    let uuid = outcome(&mut client, "domain_info", &json!([3]))["uuid"].as_str().unwrap().to_owned();
    for (vm, expected) in [
        (format!("/vm/{uuid}"), json!("db")),
        ("/vm/01234567-89ab-cdef-0123-456789abcdef".to_owned(), json!(NO_WORKER)),
        ("of another form".to_owned(), json!("db")),
    ] {
        xenstored.with(|held| held.nodes.insert(node(3, "vm"), vm));
        let asked = xenstored.with(|held| held.asked);
        xenstored.set(3, "db");
        until("it is read", || xenstored.with(|held| held.asked) == asked + 4 && are_known(&mut client));
        assert_eq!(name(&mut client, 3), expected);
        let by_name = outcome(&mut client, "domain_info", &json!(["db"]));
        assert!(if expected == "db" { by_name["domid"] == 3 } else { by_name == NO_WORKER }, "{by_name}");
    }
    end(daemon);
}

/// What became of them stands in the log.
#[test]
fn changes_by_name_find_their_domain_in_the_loop() {
    let (_xenstored, daemon, mut client) = known_on(4);
    for called in ["db", "nobody"] {
        assert_eq!(outcome(&mut client, "domain_pause", &json!({"domid": called})), NO_WORKER);
    }
    let said = end(daemon);
    assert!(said.contains("domain_pause of domain 3 by"), "{said}");
    assert!(said.contains("domain_pause of domain \"nobody\" by"), "{said}");
}
