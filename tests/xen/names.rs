//! Domains' names, as a daemon that is told them knows them, beside xenstore's and what was done to them.

use serde_json::{Value, json};

use crate::evidence::Evidence;

#[test]
fn known_names_are_those_of_xenstore() {
    let Some(evidence) = Evidence::collected() else { return };
    let domids = evidence.text("names.domids");
    let mut compared = 0;
    for domid in domids.split_whitespace() {
        // One of them was dying, and may have gone meanwhile.
        let (status, theirs, _) = evidence.outcome(&format!("names.{domid}.xenstore"));
        if status == 0 {
            assert_eq!(evidence.json(&format!("names.{domid}")), theirs.trim());
            compared += 1;
        }
    }
    assert!(compared > 6, "{compared} of {domids}");
}

#[test]
fn a_name_that_xl_changes_is_heard() {
    let Some(evidence) = Evidence::collected() else { return };
    assert_eq!(evidence.json("names.by_xl").to_string(), evidence.text("names.paused").trim());
    let (status, _, errors) = evidence.outcome("names.by_xl.old");
    assert!(status != 0 && errors.contains("INVAL: libxl_name_to_domid (code -6)"), "{errors}");
}

#[test]
fn nobody_is_told_a_name_older_than_a_reply() {
    let Some(evidence) = Evidence::collected() else { return };
    for round in 1..=8 {
        assert_eq!(evidence.json(&format!("names.rename.{round}")), json!({}));
        assert_eq!(evidence.json(&format!("names.renamed.{round}")), format!("source-{round}"));
    }
    assert_eq!(evidence.json("names.destroy"), json!({}));
    for (gone, error) in [
        ("names.destroyed", "FAIL: libxl_domid_to_name returned nothing (code -3)"),
        ("names.destroyed.name", "INVAL: libxl_name_to_domid (code -6)"),
    ] {
        let (status, _, errors) = evidence.outcome(gone);
        assert!(status != 0 && errors.contains(error), "{gone}: {errors}");
    }
}

#[test]
fn a_name_that_is_given_again_is_the_new_domains() {
    let Some(evidence) = Evidence::collected() else { return };
    assert_eq!(evidence.json("names.again.domid").to_string(), evidence.text("names.again").trim());
    assert_ne!(evidence.outcome("names.again.old").0, 0);
    for round in 1..=3 {
        let said = |what: &str| evidence.json(&format!("names.anew.{round}.{what}"));
        assert_eq!(said("destroy"), json!({}));
        assert_eq!(said("domid"), said("create"));
        assert_eq!(said("info")["domid"], said("create"));
    }
}

#[test]
fn a_poll_of_names_asks_xenstored_nothing() {
    let Some(evidence) = Evidence::collected() else { return };
    let before = evidence.text("names.work.before");
    assert!(before.contains("syscr: ") && !before.contains("syscr: 0\n"), "{before}");
    assert_eq!(evidence.text("names.work.after"), before);
    assert_eq!(evidence.json("names.warm"), "source-8");
}

#[test]
fn names_are_known_while_xenstored_is_stopped() {
    let Some(evidence) = Evidence::collected() else { return };
    let paused: Value = serde_json::from_str(evidence.text("names.paused").trim()).unwrap();
    assert_eq!(evidence.json("names.stopped"), "source-8");
    assert_eq!(evidence.json("names.stopped.domid"), paused);
    assert_eq!(evidence.json("names.stopped.info")["domid"], paused);
    assert_eq!(evidence.json("names.stopped.pause"), json!({}));
}

/// After a change, xenstored would have to say that names are past it.
#[test]
fn names_are_unavailable_while_a_stopped_xenstored_owes_an_answer_and_numbers_go_on() {
    let Some(evidence) = Evidence::collected() else { return };
    let paused: Value = serde_json::from_str(evidence.text("names.paused").trim()).unwrap();
    for name in ["names.unavailable", "names.unavailable.domid", "names.unavailable.pause"] {
        let (status, _, errors) = evidence.outcome(name);
        assert!(status != 0 && errors.contains("NAMES_UNAVAILABLE: xenstored does not answer"), "{name}: {errors}");
    }
    assert_eq!(evidence.json("names.unavailable.info")["domid"], paused);
    assert!(evidence.json("names.unavailable.list").as_array().unwrap().len() > 10);
    assert_eq!(evidence.json("names.continued"), "source-8");
    assert_eq!(evidence.json("names.continued.domid"), paused);
}
