//! The simulated host beside the real one: the same calls, and replies that agree as the scenario says.

use crate::evidence::Evidence;
use crate::scenario::{ABORTS, LIVES, READS, Scenario, Step, on_simulator};

#[test]
fn the_simulated_host_replies_as_the_real_one_does() {
    let Some(evidence) = Evidence::collected() else { return };
    assert_alike(READS, evidence);
}

#[test]
fn each_step_ends_on_the_real_host_as_the_scenario_says() {
    let Some(evidence) = Evidence::collected() else { return };
    assert_ends(READS, evidence);
}

#[test]
fn domains_live_on_the_simulated_host_as_on_the_real_one() {
    let Some(evidence) = Evidence::of_lives() else { return };
    [LIVES, ABORTS].into_iter().for_each(|scenario| assert_alike(scenario, evidence));
}

#[test]
fn each_step_of_a_life_ends_on_the_real_host_as_the_scenario_says() {
    let Some(evidence) = Evidence::of_lives() else { return };
    [LIVES, ABORTS].into_iter().for_each(|scenario| assert_ends(scenario, evidence));
}

fn assert_alike(scenario: Scenario, evidence: &Evidence) {
    let simulated = on_simulator(scenario);
    let mut complaints = Vec::new();
    for step in scenario.steps() {
        let real = evidence.reply(&format!("step.{}", step.name));
        complaints.extend(step.complaints(&simulated[&step.name], &real));
    }
    assert!(complaints.is_empty(), "simulated / real:\n{}", complaints.join("\n"));
}

fn assert_ends(scenario: Scenario, evidence: &Evidence) {
    // Where one host has an error and the other a result, the file tells the simulated one's.
    let is_alike = |step: &Step| step.differs.iter().all(|place| !place.at.is_empty());
    for step in scenario.steps().into_iter().filter(is_alike) {
        let reply = evidence.reply(&format!("step.{}", step.name));
        assert_eq!(Step::error_of(&reply), step.error.as_deref(), "{}: {reply}", step.name);
    }
}
