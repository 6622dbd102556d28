//! Samples of all domains, beside what xl says; and what is told of changes that xl makes.

use serde_json::{Value, json};

use crate::domains::state;
use crate::evidence::Evidence;
use crate::values::{assert_between, elements, number, seconds};
use crate::vcpus::vcpu_state;
use crate::witness::xl;

#[test]
fn a_sample_tells_the_domains_that_xl_does() {
    let Some(evidence) = Evidence::collected() else { return };
    let sample = evidence.json("domain_stats");
    let before = xl::list(&evidence.text("xl_list.before"));
    let after = xl::list(&evidence.text("xl_list.after"));
    assert_eq!(elements(&sample["domains"]).count(), before.len());
    assert_eq!(sample["names_known"], true);
    for (ours, (before, after)) in elements(&sample["domains"]).zip(before.iter().zip(&after)) {
        assert_eq!((&ours["domid"], &ours["uuid"]), (&json!(before.domid), &json!(before.uuid)));
        assert_eq!(ours["name"], *before.name, "{ours}");
        assert_eq!(state(ours), before.state, "{ours}");
        assert_eq!(ours["vcpu_online"], before.vcpus, "{ours}");
        let kib = number(ours, "current_memkb") + number(ours, "outstanding_memkb");
        assert_eq!(kib / 1024, before.mem_mib, "{ours}");
        assert_between(before.seconds, seconds(ours, "cpu_time"), after.seconds);
    }
}

#[test]
fn a_sample_tells_the_vcpus_that_xl_does() {
    let Some(evidence) = Evidence::collected() else { return };
    let sample = evidence.json("domain_stats");
    let before = xl::vcpu_list(&evidence.text("xl_vcpu_list.before"));
    let after = xl::vcpu_list(&evidence.text("xl_vcpu_list.after"));
    let ours = elements(&sample["domains"])
        .flat_map(|domain| elements(&domain["vcpus"]).map(|vcpu| (number(domain, "domid"), vcpu)));
    let ours: Vec<(u64, &Value)> = ours.collect();
    assert_eq!(ours.len(), before.len());
    for ((domid, ours), (before, after)) in ours.iter().zip(before.iter().zip(&after)) {
        assert_eq!((*domid, &ours["vcpuid"]), (before.domid.into(), &json!(before.vcpuid)));
        assert_eq!(vcpu_state(ours), before.state, "domain {domid}: {ours}");
        assert_between(before.seconds, seconds(ours, "vcpu_time"), after.seconds);
    }
}

#[test]
fn a_sample_tells_the_host_that_xl_does() {
    let Some(evidence) = Evidence::collected() else { return };
    let sample = evidence.json("domain_stats");
    let (host, info) = (&sample["host"], xl::info(&evidence.text("xl_info")));
    assert_eq!(host["domain_count"], elements(&sample["domains"]).count());
    for member in ["nr_cpus", "max_cpu_id", "nr_nodes", "cores_per_socket", "threads_per_core"] {
        assert_eq!(host[member].to_string(), info[member], "{member}");
    }
    assert_eq!((number(host, "total_pages") / 256).to_string(), info["total_memory"]);
    // It was taken before domains came and went.
    assert!(number(host, "free_pages") < number(host, "total_pages"), "{host}");
}

/// Numbers and names of the domains that are told.
fn told(sample: &Value) -> Vec<(u64, &Value)> {
    elements(&sample["domains"]).map(|domain| (number(domain, "domid"), &domain["name"])).collect()
}

#[test]
fn what_xl_changes_is_told_and_nothing_else() {
    let Some(evidence) = Evidence::collected() else { return };
    let sample = |name: &str| evidence.json(&format!("domain_stats.{name}"));
    let [first, same, changed, gone] = ["first", "same", "changed", "gone"].map(sample);
    assert_eq!((&first["full"], told(&first).len()), (&json!(true), 7), "{first}");
    for delta in [&same, &changed, &gone] {
        assert_eq!(delta["full"], false, "{delta}");
    }
    assert_eq!((told(&same), elements(&same["gone"]).count()), (vec![], 0), "{same}");
    assert_eq!(same["generation"], first["generation"]);
    assert_eq!(told(&changed), [(1, &json!("idle")), (2, &json!("renamed"))]);
    assert_eq!(changed["domains"][0]["paused"], true, "{changed}");
    let spinning = elements(&first["domains"]).find(|domain| domain["name"] == "spinning").unwrap();
    assert_eq!(gone["gone"], json!([{"domid": spinning["domid"], "uuid": spinning["uuid"]}]));
    // The name that was changed back may not be known yet.
    assert_eq!((&gone["domains"][0]["domid"], &gone["domains"][0]["paused"]), (&json!(1), &json!(false)), "{gone}");
    assert!(told(&gone).iter().all(|(domid, _)| [1, 2].contains(domid)), "{gone}");
}

#[test]
fn samples_go_on_while_xenstored_is_stopped() {
    let Some(evidence) = Evidence::collected() else { return };
    let sample = evidence.json("domain_stats.stopped");
    assert!(elements(&sample["domains"]).count() > 5, "{sample}");
    assert!(sample["host"].is_object(), "{sample}");
}
