//! Who asks the same at the same time is answered by one call.
//!
//! In: clients whose requests arrive while the daemon is frozen, so that it finds them all at once. Out: the counters
//! of `server_info`, and replies that are right for each. What must not be shared is held against the counters, too.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::os::unix::net::UnixStream;

use common::{Client, Daemon};
use serde_json::{Value, json};
use xenopsd::limits::{
    KEPT_TEXT_BYTES_MAX, LEFT_OUT_BYTES_MIN, SHARED_BYTES_MAX, SHARED_RESULTS_MAX, SIM_DOMAINS_MAX, TURN_REQUESTS_MAX,
};

fn request(id: usize, method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

fn list(id: usize) -> String {
    request(id, "list_domain", &Value::Null)
}

fn info(domid: usize) -> String {
    request(domid, "domain_info", &json!([domid]))
}

/// Results that libxl gave, and results that were given once more.
fn counts(daemon: &Daemon) -> (u64, u64) {
    let reply = daemon.connect().ask(&request(0, "server_info", &json!([])));
    let count = |name: &str| reply["result"]["loop"][name].as_u64().unwrap();
    (count("calls"), count("shared"))
}

/// What `work` adds to the counters.
fn counted(daemon: &Daemon, work: impl FnOnce()) -> (u64, u64) {
    let before = counts(daemon);
    work();
    let after = counts(daemon);
    (after.0 - before.0, after.1 - before.1)
}

/// Clients that have been answered once.
fn clients(daemon: &Daemon, count: usize) -> Vec<Client> {
    let served = |_| {
        let mut client = daemon.connect();
        client.ping();
        client
    };
    (0..count).map(served).collect()
}

/// Each client sends its text, in this order; the daemon finds them all at once.
fn at_once(daemon: &Daemon, clients: &mut [Client], texts: &[String]) {
    daemon.freeze();
    clients.iter_mut().zip(texts).for_each(|(client, text)| client.send(text));
    daemon.thaw();
}

#[test]
fn sixty_four_clients_that_poll_in_step_cost_one_call() {
    let daemon = Daemon::simulating(20);
    let mut clients = clients(&daemon, 64);
    let texts: Vec<String> = (0..64).map(list).collect();
    for _ in 0..3 {
        let added = counted(&daemon, || {
            at_once(&daemon, &mut clients, &texts);
            let results: Vec<Value> = clients.iter_mut().zip(0..).map(|(client, id)| result_of(client, id)).collect();
            assert_eq!(results[0].as_array().unwrap().len(), 20);
            // Not even the clocks differ.
            assert!(results.iter().all(|result| *result == results[0]));
        });
        assert_eq!(added, (1, 63));
    }
}

/// The result of the next reply, which has this id.
fn result_of(client: &mut Client, id: usize) -> Value {
    let mut reply = client.reply();
    assert_eq!(reply["id"], id, "{reply}");
    reply["result"].take()
}

#[test]
fn equal_requests_of_one_client_share_a_call_in_every_dialect() {
    let daemon = Daemon::simulating(5);
    let mut client = daemon.connect();
    let infos = [
        r#"{"jsonrpc":"2.0","id":1,"method":"domain_info","params":{"domid":3}}"#,
        r#"{"params": {"domid" :3}, "method":"domain_\u0069nfo","id":2,"jsonrpc":"2.0"}"#,
        r#"{"id":3,"method":"domain_info","params":{"domid":3}}"#,
        r#"{"id":4,"method":"domain_info","params":[{"domid":3}]}"#,
        r#"[{"jsonrpc":"2.0","id":5,"method":"domain_info","params":{"domid":3}}]"#,
    ];
    let added = counted(&daemon, || {
        client.send(infos.concat());
        let replies: Vec<Value> = infos.iter().map(|_| client.reply()).collect();
        let results = replies.iter().map(|reply| reply.get(0).unwrap_or(reply)["result"].clone());
        let results: Vec<Value> = results.collect();
        assert_eq!(results[0]["domid"], 3);
        assert!(results.iter().all(|result| *result == results[0]), "{results:#?}");
    });
    assert_eq!(added, (1, 4));
}

/// Long lists are sent from where they are kept, short ones from within the reply.
#[test]
fn a_list_is_whole_for_all_who_share_it_however_long_it_is() {
    for domains in [3, 1000] {
        let daemon = Daemon::simulating(domains);
        let mut clients = clients(&daemon, 6);
        let texts = [
            list(0),
            list(1) + &list(1),
            r#"{"id":2,"method":"list_domain","params":null}"#.to_owned(),
            format!("[{}]", list(3)),
            list(4) + "\n\n " + &request(4, "get_scheduler", &Value::Null),
            list(5),
        ];
        // A domain has 400 bytes and more.
        assert_eq!(domains as usize * 400 > LEFT_OUT_BYTES_MIN, domains > 3);
        let added = counted(&daemon, || {
            at_once(&daemon, &mut clients, &texts);
            let first = result_of(&mut clients[0], 0);
            assert_eq!(first.as_array().unwrap().len(), domains as usize);
            for (at, id) in [(1, 1), (1, 1), (2, 2), (4, 4), (5, 5)] {
                assert_eq!(result_of(&mut clients[at], id), first, "client {at} of {domains} domains");
            }
            assert_eq!(clients[3].reply()[0]["result"], first);
            assert!(result_of(&mut clients[4], 4).is_string());
        });
        assert_eq!(added, (2, 6), "{domains} domains");
    }
}

#[test]
fn requests_that_are_not_equal_share_nothing() {
    let daemon = Daemon::simulating(20);
    let mut client = daemon.connect();
    let texts = [
        info(1),
        info(11),
        request(1, "list_vcpu", &json!([1])),
        // The same bytes mean different things under the two ways to spell names.
        r#"{"id":1,"method":"Xenops.DomainInfo","params":[{"Domid":1}]}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":1,"method":"domain_info","params":{"Domid":1}}"#.to_owned(),
        request(1, "domain_info", &json!(["1"])),
        request(1, "domain_info", &json!([1, null])),
    ];
    let mut replies = Vec::new();
    let (_, shared) = counted(&daemon, || {
        client.send(texts.concat());
        replies = texts.iter().map(|_| client.reply()).collect::<Vec<Value>>();
    });
    assert_eq!(shared, 0, "{replies:#?}");
    let domid = |at: usize| replies[at]["result"]["domid"].as_u64();
    assert_eq!([0, 1, 3].map(domid), [Some(1), Some(11), Some(1)]);
    assert!(replies[2]["result"][0]["vcpuid"].is_u64());
    assert_eq!(replies[4]["error"]["code"], -32602);
}

/// What is asked for of a result is part of the question, as it is spelled.
#[test]
fn who_asks_for_the_same_part_shares_it() {
    let daemon = Daemon::simulating(20);
    let mut client = daemon.connect();
    let parts = [
        json!({"fields": ["domid", "paused"]}),
        json!({"fields": ["domid"]}),
        json!({"domids": [3]}),
        json!({"domids": [3, 4]}),
        json!({"fields": ["domid"], "domids": [3]}),
        json!({}),
    ];
    let added = counted(&daemon, || {
        let twice = || parts.iter().chain(&parts).enumerate();
        client.send(twice().map(|(id, part)| request(id, "list_domain", part)).collect::<String>());
        let results: Vec<Value> = twice().map(|(id, _)| result_of(&mut client, id)).collect();
        let shape = |result: &Value| (result.as_array().unwrap().len(), result[0].as_object().unwrap().len());
        let whole = shape(&results[5]).1;
        let shapes: Vec<_> = results.iter().map(shape).collect();
        assert_eq!(shapes[..6], [(20, 2), (20, 1), (1, whole), (2, whole), (1, 1), (20, whole)]);
        assert_eq!(results[..6], results[6..]);
    });
    assert_eq!(added, (6, 6));
}

#[test]
fn the_two_sockets_share_nothing_with_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read-only");
    let daemon = Daemon::start(&["--sim", "5", "--read-only-socket", path.to_str().unwrap()]);
    let mut all = clients(&daemon, 2);
    all.extend((0..2).map(|_| Client::new(UnixStream::connect(&path).unwrap())));
    all[2..].iter_mut().for_each(Client::ping);
    let texts: Vec<String> = (0..4).map(list).collect();
    let added = counted(&daemon, || {
        at_once(&daemon, &mut all, &texts);
        all.iter_mut().zip(0..).for_each(|(client, id)| drop(result_of(client, id)));
    });
    assert_eq!(added, (2, 2));
}

#[test]
fn what_a_change_did_is_seen_by_who_asks_after_it() {
    let daemon = Daemon::simulating(5);
    let mut client = daemon.connect();
    let change = request(2, "domain_pause", &json!([3]));
    let added = counted(&daemon, || {
        let before = daemon.connect().ask(&info(3));
        assert_eq!(before["result"]["paused"], false);
        client.send(format!("[{},{},{change},{}]", info(3), info(3), info(3)));
        let replies = client.reply();
        let paused: Vec<&Value> = [0, 1, 3].map(|at| &replies[at]["result"]["paused"]).to_vec();
        assert_eq!(paused, [false, false, true], "{replies:#}");
    });
    assert_eq!(added, (3, 1));
}

#[test]
fn no_more_results_are_kept_than_may_be() {
    const { assert!(SHARED_RESULTS_MAX == TURN_REQUESTS_MAX) };
    let daemon = Daemon::simulating(100);
    let mut clients = clients(&daemon, 4);
    let fill = (1..=SHARED_RESULTS_MAX).map(info).collect::<String>();
    let beyond = info(SHARED_RESULTS_MAX + 1);
    let texts = [fill, beyond.clone(), beyond, info(SHARED_RESULTS_MAX)];
    let added = counted(&daemon, || {
        at_once(&daemon, &mut clients, &texts);
        for (client, domids) in clients.iter_mut().zip([1..=64, 65..=65, 65..=65, 64..=64]) {
            domids.for_each(|domid| assert_eq!(result_of(client, domid)["domid"], domid));
        }
    });
    assert_eq!(added, (SHARED_RESULTS_MAX as u64 + 2, 1));
}

#[test]
fn results_that_are_too_long_are_not_kept() {
    let domains = u32::try_from(SIM_DOMAINS_MAX).unwrap();
    let daemon = Daemon::simulating(domains);
    let mut clients = clients(&daemon, 2);
    let added = counted(&daemon, || {
        at_once(&daemon, &mut clients, &[list(0), list(1)]);
        for (client, id) in clients.iter_mut().zip(0..) {
            let reply = client.line().unwrap();
            assert!(
                reply.len() > SHARED_BYTES_MAX.max(KEPT_TEXT_BYTES_MAX),
                "the host is too small for this test: {}",
                reply.len()
            );
            assert!(reply.contains(&format!("\"id\":{id},")));
        }
    });
    assert_eq!(added, (2, 0));
}
