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
}
