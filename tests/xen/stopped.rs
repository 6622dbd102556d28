//! With xenstored stopped: what is declared to need nothing but the hypervisor answers, and other methods wait.
//!
//! Which methods those are is what `tests/surface.txt` says, and nothing else.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::evidence::Evidence;
use crate::scenario::{READS, Step};

/// Steps that are played with a stopped xenstored although they ask it: without them, a stop that stops nothing would
/// not be noticed.
const WAITING: [&str; 3] = ["get_memory_target", "domain_sched_params_get", "list_cpupool"];

/// The methods that are called in the loop.
fn loop_methods() -> BTreeSet<&'static str> {
    let place = |line: &'static str| line.split_whitespace().collect::<Vec<_>>();
    let name = |columns: Vec<&'static str>| match columns[..] {
        [function, "method", "read", "loop", ..] => function.strip_prefix("libxl_"),
        _ => None,
    };
    include_str!("../surface.txt").lines().map(place).filter_map(name).collect()
}

/// Does the step have to be answered while xenstored is stopped?
pub(crate) fn answers(step: &Step) -> bool {
    loop_methods().contains(step.what())
}

/// Does the step have to wait until xenstored goes on?
pub(crate) fn waits(step: &Step) -> bool {
    WAITING.contains(&step.name.as_str())
}

#[test]
fn every_method_of_the_loop_answers_while_xenstored_is_stopped() {
    let Some(evidence) = Evidence::collected() else { return };
    let xenstored = evidence.text("stopped.xenstored");
    assert!(xenstored.contains("\nState:\tT (stopped)\n"), "{xenstored}");
    let steps = READS.steps();
    let played: BTreeSet<&str> = steps.iter().filter(|step| answers(step)).map(Step::what).collect();
    assert_eq!(played, loop_methods());
    for Step { name, .. } in steps.iter().filter(|step| answers(step)) {
        let [stopped, before] = ["stopped", "step"].map(|when| still(evidence.reply(&format!("{when}.{name}"))));
        assert_eq!(stopped, before, "{name}");
    }
}

#[test]
fn others_wait_until_xenstored_goes_on() {
    let Some(evidence) = Evidence::collected() else { return };
    for name in WAITING {
        let (answered, ..) = evidence.outcome(&format!("blocked.{name}.early"));
        assert_eq!(answered, 1, "{name} has answered while xenstored was stopped");
        assert_eq!(evidence.json(&format!("blocked.{name}")), evidence.result(name));
    }
}

/// The same without the clocks, which run on.
fn still(mut value: Value) -> Value {
    stop(&mut value);
    value
}

fn stop(value: &mut Value) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(stop),
        Value::Object(members) => members.iter_mut().for_each(|(name, member)| match name.as_str() {
            "cpu_time" | "vcpu_time" => *member = Value::Null,
            _ => stop(member),
        }),
        _ => {}
    }
}
