//! What xenopsd says of vcpus, beside what xl and the hypervisor say.

use serde_json::{Value, json};

use crate::evidence::Evidence;
use crate::values::{assert_between, elements, number, seconds};
use crate::witness::{hypervisor, xl};

#[test]
fn list_vcpu_agrees_with_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let after = xl::vcpu_list(&evidence.text("xl_vcpu_list.after"));
    let before = xl::vcpu_list(&evidence.text("xl_vcpu_list.before"));
    let all: Vec<u64> = (0..number(&evidence.json("get_physinfo"), "nr_cpus")).collect();
    let affinity = |cpus: &Option<Vec<u32>>| cpus.as_ref().map_or_else(|| json!(all), |cpus| json!(cpus));
    let ours = vcpus(evidence);
    assert_eq!((ours.len(), after.len()), (before.len(), before.len()));
    for ((domid, ours), (before, after)) in ours.iter().zip(before.iter().zip(&after)) {
        assert_eq!((*domid, &ours["vcpuid"]), (before.domid, &json!(before.vcpuid)));
        assert_eq!(vcpu_state(ours), before.state, "domain {domid}: {ours}");
        if let Some(cpu) = before.cpu {
            assert_eq!(ours["cpu"], cpu, "domain {domid}: {ours}");
        }
        assert_between(before.seconds, seconds(ours, "vcpu_time"), after.seconds);
        assert_eq!(ours["cpumap"], affinity(&before.hard), "domain {domid}: {ours}");
        assert_eq!(ours["cpumap_soft"], affinity(&before.soft), "domain {domid}: {ours}");
    }
}

#[test]
fn list_vcpu_agrees_with_the_hypervisor() {
    let Some(evidence) = Evidence::collected() else { return };
    let theirs = hypervisor::domains(&evidence.text("hypervisor"));
    let theirs: Vec<_> = theirs.iter().flat_map(|domain| &domain.vcpus).collect();
    let ours = vcpus(evidence);
    assert_eq!(ours.len(), theirs.len());
    for ((domid, ours), theirs) in ours.iter().zip(theirs) {
        assert_eq!(ours["cpu"], theirs.cpu, "domain {domid}: {ours}");
        assert_eq!(ours["online"], !theirs.down, "domain {domid}: {ours}");
        assert_eq!(ours["blocked"], theirs.blocked, "domain {domid}: {ours}");
        assert_eq!(ours["running"], theirs.running, "domain {domid}: {ours}");
        assert_eq!(ours["cpumap"], json!(theirs.hard), "domain {domid}: {ours}");
        assert_eq!(ours["cpumap_soft"], json!(theirs.soft), "domain {domid}: {ours}");
    }
}

/// The three letters in which xl shows a `libxl_vcpuinfo`.
pub(crate) fn vcpu_state(vcpu: &Value) -> &'static str {
    let flag = |member: &str| vcpu[member].as_bool().unwrap();
    match (flag("online"), flag("running"), flag("blocked")) {
        (false, _, _) => "--p",
        (true, false, false) => "---",
        (true, true, false) => "r--",
        (true, false, true) => "-b-",
        (true, true, true) => "rb-",
    }
}

/// The vcpus of all domains, each with its domain's number.
fn vcpus(evidence: &Evidence) -> Vec<(u32, Value)> {
    let of = |domid| {
        let list = evidence.json(&format!("list_vcpu.{domid}"));
        elements(&list).cloned().map(move |vcpu| (domid, vcpu)).collect::<Vec<_>>()
    };
    (0..=6).flat_map(of).collect()
}
