//! Asking for less: what comes of `fields` and `domids` is what comes without them, less what was not asked for.
//!
//! In: every method that takes them, over the socket of the shipped binary on a simulated host. Out: nothing, or a
//! failed test that shows the difference. The words of each refusal, and the order of fields, are in
//! `cases/fields.jsonl`; every struct is held against its whole in `oracle`.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::collections::BTreeSet;

use common::{Client, Daemon, params};
use serde_json::{Value, json};
use xenopsd::api::{self, Method};

/// Members that are another value the next time.
const CLOCKS: &[&str] = &["cpu_time", "vcpu_time"];

fn ask(client: &mut Client, method: &str, params: &Value) -> Value {
    client.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string())
}

fn result(client: &mut Client, method: &str, params: &Value) -> Value {
    let mut reply = ask(client, method, params);
    assert!(reply["result"].is_array() || reply["result"].is_object(), "{method} {params}: {reply}");
    reply["result"].take()
}

fn simulated() -> Daemon {
    Daemon::start(&["--sim", "20", "--sim-seed", "7"])
}

/// The names that a method's fields have: it says so to whoever asks for another one.
fn fields(client: &mut Client, method: &Method) -> Vec<String> {
    let reply = ask(client, method.name, &with(method, &json!(["?"])));
    let said = reply["error"]["message"].as_str().unwrap_or_else(|| panic!("{}: {reply}", method.name));
    let (_, names) = said.split_once("params.fields[0]: unknown; there is ").unwrap_or_else(|| panic!("{said}"));
    names.split(", ").map(str::to_owned).collect()
}

/// Params that the method has an answer to, for these fields.
fn with(method: &Method, fields: &Value) -> Value {
    let mut params = params::params(method);
    params["fields"] = fields.clone();
    params
}

/// A result without what was not asked for. A union's member is asked for by the union's name, which stands before the
/// member's.
fn less(result: &Value, names: &[&str]) -> Value {
    only(result, &|name| names.contains(&name.split('.').next().unwrap()))
}

/// A result without what is never the same.
fn clockless(result: &Value) -> Value {
    only(result, &|_| true)
}

fn only(result: &Value, wanted: &dyn Fn(&str) -> bool) -> Value {
    match result {
        Value::Array(elements) => elements.iter().map(|element| only(element, wanted)).collect(),
        Value::Object(members) => {
            let value = |name: &str, value: &Value| if CLOCKS.contains(&name) { Value::Null } else { value.clone() };
            let members = members.iter().filter(|(name, _)| wanted(name));
            members.map(|(name, of)| (name.clone(), value(name, of))).collect()
        }
        other => other.clone(),
    }
}

/// Each field alone, and all but each.
#[test]
fn whatever_is_asked_for_comes_and_nothing_else() {
    let daemon = simulated();
    let mut client = daemon.connect();
    let mut compared = BTreeSet::new();
    for method in params::methods().filter(|method| method.params.contains(&"fields")) {
        let names = fields(&mut client, method);
        let whole = ask(&mut client, method.name, &params::params(method))["result"].take();
        if whole.is_null() {
            continue;
        }
        for at in 0..names.len() {
            let others = names.iter().enumerate().filter(|(other, _)| *other != at);
            let others: Vec<&str> = others.map(|(_, name)| name.as_str()).collect();
            for chosen in [vec![names[at].as_str()], others] {
                if chosen.is_empty() {
                    continue;
                }
                let found = result(&mut client, method.name, &with(method, &json!(chosen)));
                assert_eq!(clockless(&found), less(&whole, &chosen), "{}: {chosen:?}", method.name);
            }
        }
        compared.insert(method.name);
    }
    for method in ["list_domain", "domain_info", "get_physinfo", "list_vcpu", "device_disk_list", "device_nic_list"] {
        assert!(compared.contains(method), "{method} is not among {compared:?}");
    }
    assert!(compared.len() > 30, "{compared:?}");
}

/// A method without `fields` gives no struct: what looks like one has other reasons.
#[test]
fn every_struct_can_be_asked_for_in_part() {
    let daemon = simulated();
    let mut client = daemon.connect();
    let mut objects = Vec::new();
    for method in params::methods().filter(|method| !method.params.contains(&"fields")) {
        let reply = ask(&mut client, method.name, &params::params(method));
        let result = reply["result"].get(0).unwrap_or_else(|| &reply["result"]);
        if result.as_object().is_some_and(|members| !members.is_empty()) {
            objects.push(method.name);
        }
    }
    // These give several values.
    assert_eq!(objects, ["cpupool_qualifier_to_cpupoolid", "is_stubdom"]);
}

#[test]
fn domains_are_chosen_from_lists_of_all_of_them() {
    let of_all = api::all().iter().filter(|method| method.params.contains(&"domids"));
    assert_eq!(of_all.map(|method| method.name).collect::<Vec<_>>(), ["list_domain", "list_vm"]);
}

/// Every number of domains around the one up to which they are asked for one by one.
#[test]
fn a_list_of_some_domains_is_the_list_of_all_without_the_others() {
    let daemon = Daemon::simulating(60);
    let mut client = daemon.connect();
    for method in ["list_domain", "list_vm"] {
        let all = clockless(&result(&mut client, method, &json!({})));
        for count in (1..20).chain([40, 60, 100]) {
            // From the last one that there is down, every other one, and as many that are not there.
            let domids: Vec<usize> = (0..count).map(|at| 60_usize.wrapping_sub(2 * at) % 97).collect();
            let is_chosen = |domain: &&Value| domids.iter().any(|domid| domain["domid"] == *domid);
            let expected: Value = all.as_array().unwrap().iter().filter(is_chosen).cloned().collect();
            let found = result(&mut client, method, &json!({ "domids": domids }));
            assert_eq!(clockless(&found), expected, "{method} {domids:?}");
        }
    }
}

/// A configuration's parts hold unions; a channel is one itself.
#[test]
fn a_union_goes_by_its_keys_name() {
    let daemon = simulated();
    let mut client = daemon.connect();
    let channel = json!({"name": "a", "devid": 0, "connection.socket": {"path": "/run/a"}});
    let b_info = json!({"type.pvh": {}, "max_vcpus": 1, "kernel": "/boot/guest"});
    let config = json!({"c_info": {"name": "web", "type": "pvh"}, "b_info": b_info, "channels": [channel]});
    let created = ask(&mut client, "domain_create_new", &json!([config]));
    let domid = created["result"].as_u64().unwrap_or_else(|| panic!("{created}"));

    let params = |fields: &[&str]| json!({"domid": domid, "fields": fields});
    let whole = result(&mut client, "retrieve_domain_configuration", &json!([domid]));
    assert!(whole["b_info"]["type.pvh"].is_object(), "{whole}");
    let part = result(&mut client, "retrieve_domain_configuration", &params(&["channels", "b_info"]));
    assert_eq!(part, json!({"b_info": whole["b_info"], "channels": whole["channels"]}));

    let whole = result(&mut client, "device_channel_list", &json!([domid]));
    assert!(whole[0]["connection.socket"].is_object(), "{whole}");
    let part = result(&mut client, "device_channel_list", &params(&["connection"]));
    assert_eq!(part, json!([{ "connection.socket": whole[0]["connection.socket"] }]));
    let part = result(&mut client, "device_channel_list", &params(&["name"]));
    assert_eq!(part, json!([{"name": whole[0]["name"]}]));
}

/// Whatever is wrong with `fields` is found before anything is changed.
#[test]
fn a_change_gives_what_is_asked_for_and_a_refused_one_is_none() {
    let daemon = simulated();
    let mut client = daemon.connect();
    let disks = |client: &mut Client| result(client, "device_disk_list", &json!({"domid": 7, "fields": ["vdev"]}));
    let add = |vdev: &str, fields: &Value| json!({"domid": 7, "disk": {"vdev": vdev, "pdev_path": "/dev/a", "format": "raw"}, "fields": fields});
    let before = disks(&mut client);
    let refused = ask(&mut client, "device_disk_add", &add("xvdx", &json!(["vdev", "speed"])));
    assert!(refused["error"]["message"].as_str().unwrap().contains("params.fields[1]: unknown; there is"), "{refused}");
    assert_eq!(disks(&mut client), before);

    let added = result(&mut client, "device_disk_add", &add("xvdy", &json!(["format", "vdev"])));
    assert_eq!(added, json!({"vdev": "xvdy", "format": "raw"}));
    assert!(disks(&mut client).as_array().unwrap().contains(&json!({"vdev": "xvdy"})));
    // By position, behind those of before.
    let disk = json!({"vdev": "xvdz", "pdev_path": "/dev/b", "format": "raw"});
    let added = result(&mut client, "device_disk_add", &json!([7, disk, null, null, ["vdev"]]));
    assert_eq!(added, json!({"vdev": "xvdz"}));
}
