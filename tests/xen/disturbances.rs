//! Changes that are disturbed, beside what xl and xenstore say of them: xenstored stops, a worker is killed, a number
//! was another domain's. What goes as it should is in `lives`.

use serde_json::{Value, json};

use crate::evidence::Evidence;
use crate::scenario::Step;
use crate::witness::xl;

/// A call that changes something and says no more than that it is done.
fn assert_done(evidence: &Evidence, call: &str) {
    assert_eq!(evidence.json(call), json!({}), "{call}");
}

/// The error that a call ends with, as `xenops` prints it.
fn error(evidence: &Evidence, call: &str) -> String {
    let reply = evidence.reply(call);
    reply["error"].as_str().unwrap_or_else(|| panic!("{call} has a result: {reply}")).to_owned()
}

#[test]
fn a_number_that_was_another_domains_is_refused() {
    let Some(evidence) = Evidence::collected() else { return };
    assert_done(evidence, "number.own");
    assert_eq!(evidence.text("number.own.xenstore"), "own\n");
    let refused = error(evidence, "number.other");
    assert!(refused.starts_with("INVALID_PARAMS: "), "{refused}");
    assert!(refused.contains("domain_uuid: the domain of this number is another one by now"), "{refused}");
    assert_eq!(evidence.text("number.other.xenstore"), "own\n");
    let unknown = evidence.reply("number.nobody");
    assert_eq!(Step::error_of(&unknown), Some("DOMAIN_NOTFOUND"), "{unknown}");
}

#[test]
fn changes_of_one_domain_are_made_one_after_another() {
    let Some(evidence) = Evidence::collected() else { return };
    let listed = evidence.json("order.list");
    let renames: Vec<[&Value; 2]> =
        listed.as_array().unwrap().iter().map(|operation| [&operation["domid"], &operation["state"]]).collect();
    assert_eq!(json!(renames), json!([[8, "running"], [8, "waiting"]]), "{listed}");
    assert_done(evidence, "order.first");
    assert_done(evidence, "order.last");
    assert_eq!(evidence.text("order.xenstore"), "last\n");
}

#[test]
fn a_worker_that_ends_costs_one_reply() {
    let Some(evidence) = Evidence::collected() else { return };
    let lost = evidence.reply("killed");
    assert_eq!(Step::error_of(&lost), Some("OUTCOME_UNKNOWN"), "{lost}");
    // Another worker has taken its place. Whether the name was changed, nobody can know.
    let name = evidence.json("killed.after");
    assert!(["last", "killed"].contains(&name.as_str().unwrap()), "{name}");
}

#[test]
fn domain_0_is_neither_shut_down_nor_destroyed() {
    let Some(evidence) = Evidence::collected() else { return };
    for call in ["dom0.shutdown", "dom0.destroy"] {
        let refused = error(evidence, call);
        assert!(refused.starts_with("INVALID_PARAMS: ") && refused.contains("not a guest"), "{call}: {refused}");
    }
    assert_eq!(xl::list(&evidence.text("dom0.xl"))[0].state, "r-----");
}
