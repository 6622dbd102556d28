//! The simulated host beside the real one: the same calls, and replies that agree as the scenario says.

use crate::evidence::Evidence;
use crate::scenario::{READS, Step, on_simulator, steps};

#[test]
fn the_simulated_host_replies_as_the_real_one_does() {
    let Some(evidence) = Evidence::collected() else { return };
    let steps = steps(READS);
    let simulated = on_simulator(&steps);
    let mut complaints = Vec::new();
    for step in &steps {
        let real = evidence.reply(&format!("step.{}", step.name));
        complaints.extend(step.complaints(&simulated[&step.name], &real));
    }
    assert!(complaints.is_empty(), "simulated / real:\n{}", complaints.join("\n"));
}

#[test]
fn each_step_ends_on_the_real_host_as_the_scenario_says() {
    let Some(evidence) = Evidence::collected() else { return };
    // Where one host has an error and the other a result, the file tells the simulated one's.
    let is_alike = |step: &Step| step.differs.iter().all(|place| !place.at.is_empty());
    for step in steps(READS).into_iter().filter(is_alike) {
        let reply = evidence.reply(&format!("step.{}", step.name));
        assert_eq!(Step::error_of(&reply), step.error.as_deref(), "{}: {reply}", step.name);
    }
}
