//! The scenarios on the simulated host.
//!
//! In: the files of `tests/scenario`. Out: a failed test where a method is left out, or ends otherwise than the file
//! says. That real Xen replies alike is tested where there is a real Xen: by `tests/xen`.
#![cfg(all(feature = "daemon", feature = "client"))]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;
#[path = "scenario/mod.rs"]
mod scenario;

use std::collections::BTreeSet;

use scenario::{ABORTS, LIVES, READS, Step, on_simulator};
use xenopsd::api::Class;

#[test]
fn every_read_is_a_step() {
    let steps = READS.steps();
    let played: BTreeSet<&str> = steps.iter().map(Step::what).collect();
    let reads = xenopsd::api::all().iter().filter(|method| method.class == Class::Read);
    let served: BTreeSet<&str> = reads.map(|method| method.name).collect();
    assert_eq!(played, served);
}

#[test]
fn each_step_ends_as_the_scenario_says() {
    for scenario in [READS, LIVES, ABORTS] {
        let transcript = on_simulator(scenario);
        for step in scenario.steps() {
            let reply = &transcript[&step.name];
            assert_eq!(Step::error_of(reply), step.error.as_deref(), "{}: {reply}", step.name);
        }
    }
}

#[test]
fn domains_that_were_given_no_uuid_have_one_each() {
    let transcript = on_simulator(LIVES);
    let uuid = |step: &str| transcript[step]["result"]["c_info"]["uuid"].as_str().unwrap().to_owned();
    let nobody = "00000000-0000-0000-0000-000000000000".to_owned();
    let uuids = [nobody, uuid("retrieve_domain_configuration.one"), uuid("retrieve_domain_configuration.pvh")];
    assert_eq!(uuids.iter().collect::<BTreeSet<_>>().len(), 3, "{uuids:?}");
}

#[test]
fn what_a_step_brings_about_is_asked_of_others_than_xenopsd() {
    let witnesses = ["xl", "xenstore-read", "sh", "ifconfig", "base64", "ls"];
    for step in LIVES.steps().into_iter().chain(ABORTS.steps()) {
        for command in step.seen.keys() {
            assert!(witnesses.contains(&command.split(' ').next().unwrap()), "{}: {command}", step.name);
        }
    }
}
