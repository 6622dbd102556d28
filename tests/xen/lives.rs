//! What xenopsd does to domains, beside what xl, xenstore and the hypervisor say of them after each step.
//!
//! The steps are those of `tests/scenario` that the simulated host plays, too. What each one is to bring about, its
//! line says; that all witnesses still see the same domains, is tested here for all of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::evidence::Evidence;
use crate::scenario::{ABORTS, LIVES, Step};
use crate::steps;
use crate::values::{elements, number};
use crate::witness::{hypervisor, xenstore, xl};

fn all_steps() -> impl Iterator<Item = Step> {
    [LIVES, ABORTS].into_iter().flat_map(crate::scenario::Scenario::steps)
}

#[test]
fn each_step_brings_about_what_it_is_to() {
    let Some(evidence) = Evidence::of_lives() else { return };
    let mut wrong = Vec::new();
    for step in all_steps() {
        for (at, (command, wanted)) in step.seen.iter().enumerate() {
            let (status, output, errors) = evidence.outcome(&format!("seen.{}.{at}", step.name));
            let is_so = match wanted {
                None => status != 0,
                Some(words) => status == 0 && output.lines().any(|line| has_words(line, words)),
            };
            if !is_so {
                wrong.push(format!("{}: {command}: not {wanted:?}, but {status}: {output}{errors}", step.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Has the line these words, one behind the other?
fn has_words(line: &str, words: &str) -> bool {
    let words: Vec<&str> = words.split_whitespace().collect();
    line.split_whitespace().collect::<Vec<_>>().windows(words.len()).any(|window| window == words)
}

#[test]
fn after_each_step_all_witnesses_see_the_same_domains() {
    let Some(evidence) = Evidence::of_lives() else { return };
    for step in all_steps().filter(steps::changes) {
        let text = |what: &str| evidence.text(&format!("{}.{what}", step.name));
        let ours = evidence.json(&format!("{}.list", step.name));
        let ours: Vec<Value> = elements(&ours).map(seen).collect();
        let listed = xl::list(&text("xl"));
        assert_eq!(ours, listed.iter().map(seen_by_xl).collect::<Vec<_>>(), "{}", step.name);
        let online = online(&xl::vcpu_list(&text("vcpus")));
        let dumped = hypervisor::domains(&text("xen"));
        assert_eq!(ours, dumped.iter().map(|domain| seen_by_xen(domain, &online, &ours)).collect::<Vec<_>>());
        let nodes = xenstore::nodes(&text("xenstore"));
        for domain in &listed {
            assert_eq!(nodes[&format!("/local/domain/{}/name", domain.domid)], domain.name, "{}", step.name);
        }
        let stored = nodes.keys().filter_map(|path| path.strip_prefix("/local/domain/")?.strip_suffix("/domid"));
        assert_eq!(stored.count(), listed.len(), "{}: xenstore", step.name);
    }
}

/// What is compared of a domain: nothing that changes from one look to the next.
fn seen(domain: &Value) -> Value {
    let mib = number(domain, "current_memkb") / 1024;
    json!([domain["domid"], domain["uuid"], mib, domain["vcpu_online"], domain["paused"], domain["shutdown"]])
}

fn seen_by_xl(domain: &xl::Domain) -> Value {
    let is = |letter| domain.state.contains(letter);
    json!([domain.domid, domain.uuid, domain.mem_mib, domain.vcpus, is('p'), is('s')])
}

/// The hypervisor's dump has neither of the last two words, so those are ours.
fn seen_by_xen(domain: &hypervisor::Domain, online: &BTreeMap<u32, u64>, ours: &[Value]) -> Value {
    let own = ours.iter().find(|own| own[0] == domain.domid);
    let (paused, shut_down) = own.map_or((&Value::Null, &Value::Null), |own| (&own[4], &own[5]));
    let vcpus = online.get(&domain.domid).copied().unwrap_or(0);
    json!([domain.domid, domain.uuid, domain.pages / 256, vcpus, paused, shut_down])
}

/// How many vcpus of each domain are online.
fn online(vcpus: &[xl::Vcpu]) -> BTreeMap<u32, u64> {
    let mut count = BTreeMap::new();
    for vcpu in vcpus {
        *count.entry(vcpu.domid).or_default() += u64::from(!vcpu.state.contains('p'));
    }
    count
}

#[test]
fn files_of_saved_domains_are_the_same_to_xl_and_to_xenops() {
    let Some(evidence) = Evidence::of_lives() else { return };
    for (saved, restored) in [("xenops", "xl"), ("xl", "xenops")] {
        let states = |when: &str| {
            let listed = xl::list(&evidence.text(&format!("file.{saved}.{when}")));
            let one = listed.into_iter().find(|domain| domain.name == "moving");
            one.map(|domain| (domain.domid, domain.state, domain.uuid))
        };
        let (before, gone, after) = (states("before").unwrap(), states("saved"), states("restored").unwrap());
        assert_eq!(gone, None, "saved by {saved}");
        assert_eq!((before.1.as_str(), after.1.as_str()), ("-b----", "-b----"), "restored by {restored}");
        assert!(after.0 > before.0 && after.2 == before.2, "{before:?} {after:?}");
        // It runs: it does what it is told.
        assert_eq!(states("ended").unwrap().1, "---s--", "restored by {restored}");
    }
}

#[test]
fn a_domain_is_created_from_what_xl_lists() {
    let Some(evidence) = Evidence::of_lives() else { return };
    let listed = evidence.json("listed");
    assert_eq!(evidence.json("listed.create")["name"], "listed");
    let again = evidence.json("listed.again");
    let config = |listed: &Value| listed[0]["config"].clone();
    assert_eq!(config(&again), config(&listed));
}
