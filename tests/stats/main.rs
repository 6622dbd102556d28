//! `domain_stats`, as monitors call it: the shipped binary on a simulated host, over its sockets.
//!
//! In: requests. Out: samples, held against what libxl's own functions say of the same host; and tables that clients
//! keep by `since` (`following`), held against samples of everything.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "../common/mod.rs"]
mod common;
mod following;

use std::os::unix::net::UnixStream;

use common::{Client, Daemon};
use serde_json::{Value, json};
use xenopsd::limits::{ELEMENTS_MAX, STATS_VCPUS_MAX};

fn request(id: usize, method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

fn ask(client: &mut Client, method: &str, params: &Value) -> Value {
    let mut reply = client.ask(&request(1, method, params));
    assert!(reply.get("error").is_none(), "{method} {params}: {reply}");
    reply["result"].take()
}

fn stats(client: &mut Client, params: &Value) -> Value {
    ask(client, "domain_stats", params)
}

fn domains(sample: &Value) -> &[Value] {
    sample["domains"].as_array().unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

const STATE: [&str; 8] =
    ["domain_type", "running", "blocked", "paused", "shutdown", "dying", "shutdown_reason", "cpupool"];
const CPU: [&str; 3] = ["cpu_time", "vcpu_online", "vcpu_max_id"];
const MEMORY: [&str; 5] = ["current_memkb", "max_memkb", "outstanding_memkb", "shared_memkb", "paged_memkb"];

/// Every value of a sample is that of the function that it comes from; what runs on is between two of its answers.
#[test]
fn a_sample_says_what_libxls_functions_say() {
    let daemon = Daemon::start(&["--sim", "20", "--sim-seed", "7"]);
    let mut client = daemon.connect();
    let before = ask(&mut client, "list_domain", &json!([]));
    let groups = json!(["name", "state", "cpu", "memory", "vcpus", "host"]);
    let sample = stats(&mut client, &json!({"groups": groups}));
    let after = ask(&mut client, "list_domain", &json!([]));
    assert_eq!(domains(&sample).len(), 20);
    let listed = before.as_array().unwrap().iter().zip(after.as_array().unwrap());
    for (domain, (before, after)) in domains(&sample).iter().zip(listed) {
        let members = ["domid", "uuid"].iter().chain(&STATE).chain(&CPU).chain(&MEMORY);
        for member in members.filter(|member| **member != "cpu_time") {
            assert_eq!(domain[member], before[member], "{member} of {domain}");
        }
        let cpu_time = [before, domain, after].map(|domain| number(&domain["cpu_time"]));
        assert!(cpu_time.is_sorted(), "{cpu_time:?}");
        let name = client.ask(&request(1, "domid_to_name", &json!([domain["domid"]])));
        // The dying one has none, for which libxl has an error.
        assert_eq!(domain["name"], name.get("result").cloned().unwrap_or_default(), "{name}");
        expect_vcpus(&mut client, domain);
    }
    let physinfo = ask(&mut client, "get_physinfo", &json!([]));
    for (member, value) in sample["host"].as_object().unwrap() {
        assert_eq!(*value, if member == "domain_count" { json!(20) } else { physinfo[member].clone() }, "{member}");
    }
}

fn expect_vcpus(client: &mut Client, domain: &Value) {
    let vcpus = ask(client, "list_vcpu", &json!([domain["domid"]]));
    let (ours, theirs) = (domain["vcpus"].as_array().unwrap(), vcpus.as_array().unwrap());
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert_eq!(keys(ours), ["vcpuid", "cpu", "online", "blocked", "running", "vcpu_time"]);
        for member in ["vcpuid", "cpu", "online", "blocked", "running"] {
            assert_eq!(ours[member], theirs[member], "{member} of {domain}");
        }
        assert!(number(&ours["vcpu_time"]) <= number(&theirs["vcpu_time"]));
    }
    // They are read after the domain.
    let together: u64 = ours.iter().map(|vcpu| number(&vcpu["vcpu_time"])).sum();
    assert!(number(&domain["cpu_time"]) <= together, "{domain}");
}

#[test]
fn a_sample_has_the_time_by_both_clocks() {
    let daemon = Daemon::simulating(2);
    let mut client = daemon.connect();
    let samples: Vec<Value> = (0..3).map(|_| stats(&mut client, &json!({"groups": ["cpu"]}))).collect();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    for clock in ["monotonic_ns", "wallclock_ns"] {
        assert!(samples.is_sorted_by(|one, next| number(&one[clock]) < number(&next[clock])), "{clock}");
    }
    let age = now.as_nanos() - u128::from(number(&samples[2]["wallclock_ns"]));
    assert!(age < 60_000_000_000, "{age} ns ago");
}

/// What is asked for, and nothing else; who a domain is, in any case.
#[test]
fn groups_and_fields_say_what_is_told() {
    let daemon = Daemon::simulating(3);
    let mut client = daemon.connect();
    let usual = [&["name"][..], &STATE, &CPU, &MEMORY].concat();
    for (params, members, around) in [
        (json!([]), usual.clone(), vec!["names_known", "host"]),
        (json!({}), usual.clone(), vec!["names_known", "host"]),
        (json!({"groups": null, "fields": null, "domids": null, "since": null}), usual, vec!["names_known", "host"]),
        (json!({"groups": ["name"]}), vec!["name"], vec!["names_known"]),
        (json!({"groups": ["state"]}), STATE.to_vec(), vec![]),
        (json!({"groups": ["cpu"]}), CPU.to_vec(), vec![]),
        (json!({"groups": ["memory"]}), MEMORY.to_vec(), vec![]),
        (json!({"groups": ["vcpus"]}), vec!["vcpus"], vec![]),
        (json!({"groups": ["host"]}), vec![], vec!["host"]),
        (json!([["host", "vcpus", "cpu"]]), [&CPU[..], &["vcpus"]].concat(), vec!["host"]),
        (json!({"fields": ["cpu_time"]}), vec!["cpu_time"], vec![]),
        (json!({"fields": ["domid"]}), vec![], vec![]),
        (json!([null, ["paged_memkb", "name"]]), vec!["name", "paged_memkb"], vec!["names_known"]),
        (json!({"groups": ["cpu"], "fields": ["cpu_time", "dying"]}), [&["dying"], &CPU[..]].concat(), vec![]),
    ] {
        let sample = stats(&mut client, &params);
        let (before, behind) = around.into_iter().partition::<Vec<_>, _>(|member| *member == "host");
        let expected = [&["monotonic_ns", "wallclock_ns"], &before[..], &["domains"], &behind[..]].concat();
        assert_eq!(keys(&sample), expected, "{params}");
        assert_eq!(domains(&sample).len(), 3, "{params}");
        for domain in domains(&sample) {
            assert_eq!(keys(domain), [&["domid", "uuid"], &members[..]].concat(), "{params}");
        }
    }
}

#[test]
fn only_the_domains_that_are_asked_for_are_told() {
    let daemon = Daemon::simulating(20);
    let mut client = daemon.connect();
    let mut told = |domids: Value| {
        let sample = stats(&mut client, &json!({"groups": ["cpu"], "domids": domids}));
        domains(&sample).iter().map(|domain| number(&domain["domid"])).collect::<Vec<_>>()
    };
    assert_eq!(told(json!([7])), [7]);
    assert_eq!(told(json!([19, 0, 3, 3])), [0, 3, 19], "by number, whatever the order");
    assert!(told(json!([])).is_empty(), "none is asked for");
    assert!(told(json!([99])).is_empty(), "who is not there is not told");
    assert_eq!(told(json!([4_294_967_295_u32, 20, 5])), [5]);
    assert_eq!(told(json!((0..ELEMENTS_MAX).collect::<Vec<_>>())).len(), 20);
}

#[test]
fn what_is_wrong_with_a_question_is_said_with_its_place() {
    let daemon = Daemon::simulating(3);
    let mut client = daemon.connect();
    let too_many: Vec<usize> = (0..=ELEMENTS_MAX).collect();
    for (params, said) in [
        (
            json!({"groups": ["cpu", "disks"]}),
            "params.groups[1]: unknown; there is name, state, cpu, memory, vcpus, host",
        ),
        (json!({"groups": ["cpu", "cpu"]}), "params.groups[1]: occurs twice"),
        (json!({"groups": "cpu"}), "params.groups: expected an array of names"),
        (json!({"groups": []}), "params.groups: must not be empty"),
        (json!({"fields": ["cpu_time", "cpu"]}), "params.fields[1]: unknown; there is domid, uuid, name, domain_type"),
        (json!({"fields": [5]}), "params.fields[0]: expected a string"),
        (json!({"domids": 5}), "params.domids: expected an array"),
        (json!({"domids": [1, "web"]}), "params.domids[1]: expected an integer"),
        (json!({"domids": [1, -1]}), "params.domids[1]: out of range: 0 to 4294967295"),
        (json!({"domids": too_many}), "params.domids: more than 1024 in one list"),
        (json!({"since": "0"}), "params.since: expected an integer"),
        (json!({"since": -1}), "params.since: out of range: 0 to 18446744073709551615"),
        (json!({"group": ["cpu"]}), "params.group: unknown; there is groups, fields, domids, since"),
        (json!([null, null, null, 0, 1]), "params: 5 parameters, but the method takes 4"),
    ] {
        let reply = client.ask(&request(1, "domain_stats", &params));
        assert_eq!(reply["error"]["code"], -32602, "{params}: {reply}");
        let message = reply["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("INVALID_PARAMS: {said}")), "{params}: {message}");
    }
}

/// As many as a call tells of, and one domain more.
#[test]
fn vcpus_are_told_of_no_more_than_so_many() {
    let daemon = Daemon::simulating(1000);
    let mut client = daemon.connect();
    let sample = stats(&mut client, &json!({"fields": ["vcpu_max_id"]}));
    let (mut domids, mut vcpus) = (Vec::new(), 0);
    for domain in domains(&sample) {
        let count = number(&domain["vcpu_max_id"]) + 1;
        if vcpus + count <= STATS_VCPUS_MAX {
            vcpus += count;
            domids.push(number(&domain["domid"]));
        }
    }
    assert_eq!(vcpus, STATS_VCPUS_MAX);
    let told = stats(&mut client, &json!({"groups": ["vcpus"], "domids": domids}));
    let told = domains(&told).iter().map(|domain| domain["vcpus"].as_array().unwrap().len() as u64);
    assert_eq!(told.sum::<u64>(), STATS_VCPUS_MAX);
    let more = domains(&sample).iter().map(|domain| number(&domain["domid"])).find(|domid| !domids.contains(domid));
    domids.push(more.unwrap());
    let reply = client.ask(&request(1, "domain_stats", &json!({"groups": ["vcpus"], "domids": domids})));
    let message = reply["error"]["message"].as_str().unwrap();
    assert!(message.contains("params.domids: the domains have more than 1024 vcpus together"), "{reply}");
    assert!(domids.len() < ELEMENTS_MAX);
    // Everything else is told of all.
    assert_eq!(domains(&stats(&mut client, &json!([]))).len(), 1000);
}

#[test]
fn every_dialect_has_it() {
    let daemon = Daemon::simulating(3);
    let mut client = daemon.connect();
    let old = client.ask(r#"{"id":5,"method":"domain_stats","params":[{"groups":["memory"]}]}"#);
    assert_eq!((keys(&old), &old["id"], &old["error"]), (vec!["id", "result", "error"], &json!(5), &Value::Null));
    assert_eq!(domains(&old["result"]).len(), 3);
    let go = client.ask(r#"{"method":"Xenops.DomainStats","params":[{"Groups":["memory"],"Domids":[1]}],"id":0}"#);
    assert_eq!(domains(&go["result"]), &domains(&old["result"])[1..2]);
    let refused = client.ask(r#"{"id":5,"method":"domain_stats","params":[["disks"]]}"#);
    assert!(refused["error"].as_str().unwrap().starts_with("INVALID_PARAMS (-32602): params.groups[0]"), "{refused}");
    // A notification has no reply; a batch has one for each of the others.
    client.send(r#"{"jsonrpc":"2.0","method":"domain_stats"}"#);
    let memory = json!([["memory"]]);
    let batch = [request(1, "domain_stats", &memory), request(2, "domain_stats", &json!(["cpu"]))].join(",");
    let replies = client.ask(&format!(r#"[{batch},{{"jsonrpc":"2.0","method":"domain_stats"}}]"#));
    assert_eq!(replies.as_array().unwrap().len(), 2);
    assert_eq!(domains(&replies[0]["result"]), domains(&old["result"]));
    assert_eq!(replies[1]["error"]["code"], -32602);
}

#[test]
fn the_read_only_socket_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read-only");
    let daemon = Daemon::start(&["--sim", "5", "--read-only-socket", path.to_str().unwrap()]);
    let mut read_only = Client::new(UnixStream::connect(path).unwrap());
    let params = json!([["name", "state", "memory", "host"], null, null, 0]);
    let (ours, theirs) = (stats(&mut daemon.connect(), &params), stats(&mut read_only, &params));
    assert_eq!(domains(&ours), domains(&theirs));
    assert_eq!(ours["generation"], theirs["generation"], "changes are the same for all");
}

/// Counted by `server_info`, as for every other read.
#[test]
fn who_asks_the_same_at_the_same_time_is_told_by_one_call() {
    let daemon = Daemon::simulating(5);
    let mut clients: Vec<Client> = (0..64).map(|_| daemon.connect()).collect();
    clients.iter_mut().for_each(Client::ping);
    let first = stats(&mut clients[0], &json!({"since": 0}));
    let counts = |daemon: &Daemon| {
        let info = ask(&mut daemon.connect(), "server_info", &json!([]));
        (number(&info["loop"]["calls"]), number(&info["loop"]["shared"]))
    };
    for (params, added) in [
        ([json!({"since": 0}), json!({"since": 0})], (1, 63)),
        ([json!({"since": first["generation"]}), json!({"since": first["generation"]})], (1, 63)),
        ([json!({"since": first["generation"]}), json!({"since": 0})], (2, 62)),
        ([json!([["cpu"]]), json!([["memory"]])], (2, 62)),
    ] {
        let before = counts(&daemon);
        daemon.freeze();
        let texts = params.iter().cycle().zip(0..).map(|(params, id)| request(id, "domain_stats", params));
        clients.iter_mut().zip(texts).for_each(|(client, text)| client.send(text));
        daemon.thaw();
        let results: Vec<Value> = clients.iter_mut().map(|client| client.reply()["result"].take()).collect();
        assert!((2..64).all(|at| results[at] == results[at - 2]), "{params:?}");
        let after = counts(&daemon);
        assert_eq!((after.0 - before.0, after.1 - before.1), added, "{params:?}");
    }
}
