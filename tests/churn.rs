//! Domains that come and go by themselves (`--sim-churn`), as a monitoring agent sees them.
//!
//! In: the shipped binary on a simulated host that changes all the time. Out: proof that each reply agrees with itself
//! and with those before it, and that nothing piles up. The rate only decides how soon enough has happened.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Client, Daemon, until};
use serde_json::{Value, json};
use xenopsd::limits::SIM_CHURN_MAX;

const DOMAINS: usize = 40;
/// Passing domains are at most a quarter of the others.
const PASSING_MAX: usize = DOMAINS / 4;

fn churning(rate: &str) -> Daemon {
    Daemon::start(&["--sim", &DOMAINS.to_string(), "--sim-seed", "7", "--sim-churn", rate])
}

fn ask(client: &mut Client, method: &str, params: &Value) -> Value {
    client.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string())
}

/// Uuids by number; no number and no uuid is there twice.
fn list(client: &mut Client) -> BTreeMap<u64, String> {
    let listed = ask(client, "list_domain", &json!([]))["result"].clone();
    let listed = listed.as_array().unwrap();
    let domain = |one: &Value| (one["domid"].as_u64().unwrap(), one["uuid"].as_str().unwrap().to_owned());
    let domains: BTreeMap<u64, String> = listed.iter().map(domain).collect();
    let uuids: BTreeSet<&String> = domains.values().collect();
    assert!(domains.len() == listed.len() && uuids.len() == listed.len(), "{listed:?}");
    let numbers: Vec<u64> = listed.iter().map(|one| one["domid"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted());
    domains
}

fn is_passing(domid: u64) -> bool {
    domid >= DOMAINS as u64
}

#[test]
fn a_poller_sees_domains_come_and_go_and_nothing_that_is_false() {
    let daemon = churning(&SIM_CHURN_MAX.to_string());
    let mut client = daemon.connect();
    let before = list(&mut client);
    let made_up: Vec<_> = before.clone().into_iter().filter(|(domid, _)| !is_passing(*domid)).collect();
    assert_eq!(made_up.len(), DOMAINS);
    let (mut seen, mut gone, mut dying, mut named) = (BTreeMap::new(), BTreeSet::new(), 0, 0);
    let mut last = before;
    until("thousands have come", || {
        for (domid, uuid) in last.iter().filter(|(domid, _)| is_passing(**domid)) {
            let info = ask(&mut client, "domain_info", &json!([domid]));
            match info["error"]["code"].as_i64() {
                // The number was not given again at once.
                None => assert_eq!(info["result"]["uuid"], **uuid),
                code => assert_eq!(code, Some(-21)),
            }
            dying += usize::from(info["result"]["dying"] == true);
            let vcpus = ask(&mut client, "list_vcpu", &json!([domid]));
            if let Some(vcpus) = vcpus["result"].as_array() {
                assert!(!vcpus.is_empty());
            }
        }
        if let Some(domid) = last.keys().find(|domid| is_passing(**domid)) {
            // By the time a worker asks, it may be gone or dying.
            named += usize::from(ask(&mut client, "domid_to_name", &json!([domid]))["result"].is_string());
        }
        let now = list(&mut client);
        assert!(now.len() <= DOMAINS + PASSING_MAX, "{} domains", now.len());
        assert!(made_up.iter().all(|(domid, uuid)| now.get(domid) == Some(uuid)), "the others stay");
        gone.extend(last.values().filter(|uuid| !now.values().any(|other| other == *uuid)).cloned());
        assert!(now.values().all(|uuid| !gone.contains(uuid)), "who is gone does not come back");
        seen.extend(now.clone());
        last = now;
        last.keys().next_back().unwrap() > &5000 && gone.len() > 100 && dying > 0 && named > 0
    });
}

#[test]
fn a_passing_domain_that_a_client_changes_stays() {
    let daemon = churning("2000");
    let mut client = daemon.connect();
    let mut kept = Vec::new();
    until("three could be paused before they were gone", || {
        let passing = list(&mut client).into_iter().rfind(|(domid, _)| is_passing(*domid));
        if let Some((domid, uuid)) = passing {
            let paused = ask(&mut client, "domain_pause", &json!({"domid": domid, "domain_uuid": uuid}));
            let info = ask(&mut client, "domain_info", &json!([domid]));
            let is_another = kept.iter().all(|(other, _)| *other != domid);
            if is_another && paused["result"] == json!({}) && info["result"]["dying"] == false {
                kept.push((domid, uuid));
            }
        }
        kept.len() == 3
    });
    let newest = |client: &mut Client| *list(client).keys().next_back().unwrap();
    let then = newest(&mut client);
    until("hundreds have come since", || newest(&mut client) > then + 500);
    let now = list(&mut client);
    for (domid, uuid) in &kept {
        assert_eq!(now.get(domid), Some(uuid));
        assert_eq!(ask(&mut client, "domain_destroy", &json!([domid]))["result"], json!({}));
    }
}

#[test]
fn every_rate_up_to_the_highest_is_taken() {
    let most = SIM_CHURN_MAX.to_string();
    let too_much = (SIM_CHURN_MAX + 1).to_string();
    let rates = [("0.001", true), (&most, true), (&too_much, false), ("0", false), ("-1", false), ("NaN", false)];
    for (rate, accepted) in rates {
        let rate = format!("--sim-churn={rate}");
        let output = common::command().args(["--sim", "1", &rate, "--socket", "/nowhere/at/all"]).output().unwrap();
        // Usage, or no such folder.
        assert_eq!(output.status.code(), Some(if accepted { 1 } else { 2 }), "{rate}");
    }
}
