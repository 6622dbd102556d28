//! What xenopsd does to domains, beside what xl, xenstore and the hypervisor say of them afterwards.
//!
//! Every call here is carried out by a worker process, each with a libxl context of its own.

use serde_json::{Value, json};

use crate::evidence::Evidence;
use crate::scenario::Step;
use crate::witness::{hypervisor, xl};

/// A call that changes something and says no more than that it is done.
fn assert_done(evidence: &Evidence, call: &str) {
    assert_eq!(evidence.json(call), json!({}), "{call}");
}

/// The error that a call ends with, as `xenops` prints it.
fn error(evidence: &Evidence, call: &str) -> String {
    let reply = evidence.reply(call);
    reply["error"].as_str().unwrap_or_else(|| panic!("{call} has a result: {reply}")).to_owned()
}

/// The domain of that number in what `xl list -v` printed.
fn listed(evidence: &Evidence, when: &str, domid: u32) -> Option<xl::Domain> {
    xl::list(&evidence.text(when)).into_iter().find(|domain| domain.domid == domid)
}

fn state(evidence: &Evidence, when: &str, domid: u32) -> String {
    listed(evidence, when, domid).expect("a domain").state
}

#[test]
fn a_domain_is_paused_and_goes_on() {
    let Some(evidence) = Evidence::collected() else { return };
    assert_done(evidence, "lives.pause");
    assert_eq!(state(evidence, "lives.pause.xl", 1), "-bp---");
    assert_done(evidence, "lives.unpause");
    assert_eq!(state(evidence, "lives.unpause.xl", 1), "-b----");
}

#[test]
fn shares_memory_and_vcpus_of_a_domain_are_set() {
    let Some(evidence) = Evidence::collected() else { return };
    assert_done(evidence, "lives.weight");
    let rows = xl::table(&evidence.text("lives.weight.xl"));
    assert_eq!(rows[0][..3], ["idle", "1", "512"]);
    assert_done(evidence, "lives.maxmem");
    let pages_max = |name| hypervisor::domains(&evidence.text(name))[1].pages_max;
    assert_eq!(pages_max("lives.maxmem.xen") - pages_max("hypervisor"), 4096 / 4);
    assert_done(evidence, "lives.vcpus");
    let availability = [0, 1].map(|vcpu| evidence.text(&format!("lives.vcpus.{vcpu}")));
    assert_eq!(availability, ["online\n", "offline\n"]);
}

#[test]
fn a_domain_is_renamed_by_name_by_uuid_and_by_number() {
    let Some(evidence) = Evidence::collected() else { return };
    for (call, name) in [("name", "second"), ("uuid", "third"), ("number", "fourth")] {
        assert_done(evidence, &format!("lives.rename.{call}"));
        assert_eq!(evidence.text(&format!("lives.rename.{call}.xenstore")).trim(), name);
    }
}

#[test]
fn a_number_that_was_another_domains_is_refused() {
    let Some(evidence) = Evidence::collected() else { return };
    let refused = error(evidence, "lives.rename.other");
    assert!(refused.starts_with("INVALID_PARAMS: "), "{refused}");
    assert!(refused.contains("domain_uuid: the domain of this number is another one by now"), "{refused}");
    assert_eq!(evidence.text("lives.rename.other.xenstore"), "fourth\n");
    let unknown = evidence.reply("lives.rename.nobody");
    assert_eq!(Step::error_of(&unknown), Some("DOMAIN_NOTFOUND"), "{unknown}");
}

#[test]
fn userdata_is_a_file_while_it_is_stored() {
    let Some(evidence) = Evidence::collected() else { return };
    assert_done(evidence, "lives.userdata.store");
    assert_eq!(evidence.text("lives.userdata.store.file"), "AAEC/w==\n");
    assert_eq!(evidence.json("lives.userdata.retrieve"), "AAEC/w==");
    assert_done(evidence, "lives.userdata.unlink");
    let (status, _, errors) = evidence.outcome("lives.userdata.unlink.file");
    assert!(status != 0 && errors.contains("No such file"), "{errors}");
}

#[test]
fn changes_of_one_domain_are_made_one_after_another() {
    let Some(evidence) = Evidence::collected() else { return };
    let listed = evidence.json("lives.order.list");
    let renames: Vec<[&Value; 2]> =
        listed.as_array().unwrap().iter().map(|operation| [&operation["domid"], &operation["state"]]).collect();
    assert_eq!(json!(renames), json!([[8, "running"], [8, "waiting"]]), "{listed}");
    assert_done(evidence, "lives.order.first");
    assert_done(evidence, "lives.order.last");
    assert_eq!(evidence.text("lives.order.xenstore"), "last\n");
}

#[test]
fn a_worker_that_ends_costs_one_reply() {
    let Some(evidence) = Evidence::collected() else { return };
    let lost = evidence.reply("lives.killed");
    assert_eq!(Step::error_of(&lost), Some("OUTCOME_UNKNOWN"), "{lost}");
    // Another worker has taken its place. Whether the name was changed, nobody can know.
    let name = evidence.json("lives.killed.after");
    assert!(["last", "killed"].contains(&name.as_str().unwrap()), "{name}");
}

#[test]
fn domain_0_is_neither_shut_down_nor_destroyed() {
    let Some(evidence) = Evidence::collected() else { return };
    for call in ["lives.shutdown.dom0", "lives.destroy.dom0"] {
        let refused = error(evidence, call);
        assert!(refused.starts_with("INVALID_PARAMS: ") && refused.contains("not a guest"), "{call}: {refused}");
    }
    assert_eq!(state(evidence, "lives.end.xl", 0), "r-----");
}

#[test]
fn guests_are_shut_down_and_destroyed() {
    let Some(evidence) = Evidence::collected() else { return };
    assert_done(evidence, "lives.shutdown");
    assert_eq!(state(evidence, "lives.shutdown.xl", 1), "---s--");
    assert_done(evidence, "lives.destroy");
    assert_eq!(listed(evidence, "lives.destroy.xl", 8), None);
    let (status, _, errors) = evidence.outcome("lives.destroy.xenstore");
    assert_eq!(status, 1, "{errors}");
}

#[test]
fn a_domain_is_created_from_a_configuration_and_runs() {
    let Some(evidence) = Evidence::collected() else { return };
    let domid = evidence.json("lives.create").as_u64().and_then(|domid| u32::try_from(domid).ok()).unwrap();
    let created = listed(evidence, "lives.create.xl", domid).expect("the new domain");
    assert_eq!((created.name.as_str(), created.mem_mib, created.state.as_str()), ("new", 4, "--p---"));
    let twice = evidence.reply("lives.create.twice");
    assert_eq!(Step::error_of(&twice), Some("FAIL"), "{twice}");
    assert!(twice["log"][0].as_str().unwrap().ends_with("Domain with name \"new\" already exists."), "{twice}");
    assert_done(evidence, "lives.start");
    assert_eq!(state(evidence, "lives.start.xl", domid), "-b----");
    assert_done(evidence, "lives.end");
    assert_eq!(listed(evidence, "lives.end.xl", domid), None);
}
