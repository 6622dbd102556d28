//! What xenopsd says of what the toolstack stores with a domain, beside xenstore, xl and the toolstack's own files.

use serde_json::Value;

use crate::evidence::Evidence;
use crate::values::elements;
use crate::witness::{xenstore, xl};

#[test]
fn list_vm_agrees_with_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let rows = xl::table(&evidence.text("xl_vm_list"));
    let ours = evidence.result("list_vm");
    assert_eq!(elements(&ours).count(), rows.len());
    for (ours, row) in elements(&ours).zip(&rows) {
        assert_eq!((ours["uuid"].as_str().unwrap(), ours["domid"].to_string()), (row[0].as_str(), row[1].clone()));
    }
}

#[test]
fn what_is_stored_with_a_domain_is_what_xenstore_holds() {
    let Some(evidence) = Evidence::collected() else { return };
    let nodes = xenstore::nodes(&evidence.text("xenstore"));
    let vm = &nodes["/local/domain/1/vm"];
    let started: f64 = nodes[&format!("{vm}/start_time")].parse().unwrap();
    assert_eq!(evidence.result("vm_get_start_time").as_f64(), Some(started.floor()));
    assert_eq!(evidence.result("get_memory_target").to_string(), nodes["/local/domain/1/memory/target"]);
    for step in ["console_get_tty", "primary_console_get_tty"] {
        assert_eq!(evidence.result(step), nodes["/local/domain/1/console/tty"]);
    }
    assert_eq!(evidence.result("domain_qualifier_to_domid"), 0);
    assert_eq!(nodes["/local/domain/0/name"], "Domain-0", "what was asked for");
}

#[test]
fn no_domain_is_or_has_a_stubdom() {
    let Some(evidence) = Evidence::collected() else { return };
    let nodes = xenstore::nodes(&evidence.text("xenstore"));
    let stubdom = |path: &&String| path.ends_with("/target") && !path.ends_with("/memory/target");
    assert_eq!(nodes.keys().find(stubdom), None);
    assert_eq!(nodes.keys().find(|path| path.ends_with("/device-model-domid")), None);
    assert_eq!(evidence.result("get_stubdom_id"), 0);
    assert_eq!(evidence.result("is_stubdom")["is_stubdom"], false);
}

#[test]
fn a_configuration_has_all_that_xl_shows_of_it() {
    let Some(evidence) = Evidence::collected() else { return };
    let shown = evidence.json("xl_list_l");
    let shown = elements(&shown).find(|domain| domain["domid"] == 1).expect("domain 1");
    assert_holds(&evidence.result("retrieve_domain_configuration"), &shown["config"], "config");
}

/// xl leaves out what has its default; nothing that it shows is missing here, or different.
fn assert_holds(ours: &Value, shown: &Value, place: &str) {
    match (ours, shown) {
        (Value::Object(_), Value::Object(shown)) => {
            shown.iter().for_each(|(name, shown)| assert_holds(&ours[name], shown, &format!("{place}.{name}")));
        }
        (Value::Array(ours), Value::Array(shown)) => {
            assert_eq!(ours.len(), shown.len(), "{place}");
            ours.iter().zip(shown).for_each(|(ours, shown)| assert_holds(ours, shown, place));
        }
        _ => assert_eq!(ours, shown, "{place}"),
    }
}

#[test]
fn userdata_is_what_the_toolstacks_file_holds() {
    let Some(evidence) = Evidence::collected() else { return };
    let lines = evidence.text("userdata.1");
    assert!(!lines.is_empty());
    // base64 breaks lines; bytes are one text here.
    assert_eq!(evidence.result("userdata_retrieve"), lines.replace('\n', ""));
}
