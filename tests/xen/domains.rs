//! What xenopsd says of domains, beside what xl, xenstore and the hypervisor say.

use serde_json::{Value, json};

use crate::evidence::Evidence;
use crate::values::{assert_between, elements, number, seconds};
use crate::witness::{hypervisor, xenstore, xl};

/// The members of a `libxl_dominfo`. Only libxl knows `ssidref`, `never_stop`, `paged_memkb` and `gpaddr_bits`.
const DOMINFO: [&str; 22] = [
    "uuid",
    "domid",
    "ssidref",
    "ssid_label",
    "running",
    "blocked",
    "paused",
    "shutdown",
    "dying",
    "never_stop",
    "shutdown_reason",
    "outstanding_memkb",
    "current_memkb",
    "shared_memkb",
    "paged_memkb",
    "max_memkb",
    "cpu_time",
    "vcpu_max_id",
    "vcpu_online",
    "cpupool",
    "gpaddr_bits",
    "domain_type",
];

#[test]
fn every_kind_of_domain_is_there() {
    let Some(evidence) = Evidence::collected() else { return };
    let domains = xl::list(&evidence.text("xl_list.before"));
    let seen: Vec<(&str, &str)> = domains.iter().map(|d| (d.name.as_str(), d.state.as_str())).collect();
    assert_eq!(
        seen,
        [
            ("Domain-0", "r-----"),
            ("idle", "-b----"),
            ("paused", "--p---"),
            ("off", "---s--"),
            ("crashed", "---sc-"),
            ("reason42", "---s?-"),
            ("spinning", "r-----"),
        ]
    );
}

#[test]
fn list_domain_agrees_with_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let ours = evidence.json("list_domain");
    let before = xl::list(&evidence.text("xl_list.before"));
    let after = xl::list(&evidence.text("xl_list.after"));
    assert_eq!((ours.as_array().unwrap().len(), after.len()), (before.len(), before.len()));
    for (ours, (before, after)) in elements(&ours).zip(before.iter().zip(&after)) {
        assert_eq!(ours.as_object().unwrap().keys().collect::<Vec<_>>(), DOMINFO);
        assert_eq!(ours["domid"], before.domid);
        assert_eq!(ours["uuid"], before.uuid, "{ours}");
        assert_eq!(ours["ssid_label"], json!(before.label), "{ours}");
        assert_eq!(ours["vcpu_online"], before.vcpus, "{ours}");
        assert_eq!(
            (number(ours, "current_memkb") + number(ours, "outstanding_memkb")) / 1024,
            before.mem_mib,
            "{ours}"
        );
        assert_eq!(state(ours), before.state, "{ours}");
        assert_eq!(ours["shutdown_reason"], shutdown_reason(before.reason), "{ours}");
        assert_between(before.seconds, seconds(ours, "cpu_time"), after.seconds);
    }
    let shared: u64 = elements(&ours).map(|ours| number(ours, "shared_memkb")).sum();
    assert_eq!((shared / 1024).to_string(), xl::info(&evidence.text("xl_info"))["sharing_used_memory"]);
}

#[test]
fn list_domain_agrees_with_the_hypervisor() {
    let Some(evidence) = Evidence::collected() else { return };
    let ours = evidence.json("list_domain");
    let theirs = hypervisor::domains(&evidence.text("hypervisor"));
    assert_eq!(ours.as_array().unwrap().len(), theirs.len());
    for (ours, theirs) in elements(&ours).zip(&theirs) {
        assert_eq!(ours["domid"], theirs.domid);
        assert_eq!(ours["uuid"], theirs.uuid, "{ours}");
        assert_eq!(ours["dying"], theirs.dying, "{ours}");
        assert_eq!(ours["current_memkb"], theirs.pages * 4, "{ours}");
        assert_eq!(ours["max_memkb"], theirs.pages_max * 4, "{ours}");
        assert_eq!(number(ours, "vcpu_max_id") + 1, theirs.vcpus.len() as u64, "{ours}");
        assert_eq!(number(ours, "vcpu_online"), theirs.vcpus.iter().filter(|vcpu| !vcpu.down).count() as u64, "{ours}");
    }
}

#[test]
fn list_domain_agrees_with_xenstore() {
    let Some(evidence) = Evidence::collected() else { return };
    let nodes = xenstore::nodes(&evidence.text("xenstore"));
    let pools = xl::cpupools(&evidence.text("xl_cpupools"));
    for ours in elements(&evidence.json("list_domain")).filter(|ours| ours["domid"] != 6) {
        let domid = number(ours, "domid");
        let pool = format!("/local/pool/{}/name", ours["cpupool"]);
        assert_eq!(Some(&nodes[&pool]), pools.get(&u32::try_from(domid).unwrap()), "{ours}");
        if domid > 0 {
            assert_eq!(ours["domain_type"], nodes[&format!("/libxl/{domid}/type")], "{ours}");
            let vm = format!("/vm/{}", ours["uuid"].as_str().unwrap());
            assert_eq!(nodes[&format!("/local/domain/{domid}/vm")], vm);
            let target = &nodes[&format!("/local/domain/{domid}/memory/target")];
            assert_eq!(ours["current_memkb"].to_string(), *target, "{ours}");
        }
    }
}

#[test]
fn domain_info_is_the_element_of_list_domain() {
    let Some(evidence) = Evidence::collected() else { return };
    let after = xl::list(&evidence.text("xl_list.after"));
    for (listed, after) in elements(&evidence.json("list_domain")).zip(&after) {
        let info = evidence.json(&format!("domain_info.{}", after.domid));
        assert_eq!(without_clock(&info), without_clock(listed));
        assert_between(seconds(listed, "cpu_time"), seconds(&info, "cpu_time"), after.seconds);
    }
}

#[test]
fn names_and_domids_are_those_of_xl_and_xenstore() {
    let Some(evidence) = Evidence::collected() else { return };
    let nodes = xenstore::nodes(&evidence.text("xenstore"));
    for domain in xl::list(&evidence.text("xl_list.after")).iter().filter(|domain| domain.name != "spinning") {
        let (name, domid) = (&domain.name, domain.domid);
        assert_eq!(evidence.json(&format!("domid_to_name.{domid}")), *name);
        assert_eq!(evidence.json(&format!("name_to_domid.{name}")), domid);
        assert_eq!(nodes[&format!("/local/domain/{domid}/name")], *name);
    }
}

#[test]
fn xenops_list_prints_what_xl_list_prints() {
    let Some(evidence) = Evidence::collected() else { return };
    // Domain-0's clock, at the end of the row, runs on from one to the other.
    let still = |name| {
        let table = evidence.text(name);
        let (header, rows) = table.split_once('\n').unwrap();
        let (dom0, rest) = rows.split_once('\n').unwrap();
        let (dom0, _clock) = dom0.rsplit_once(' ').unwrap();
        format!("{header}\n{}\n{rest}", dom0.trim_end())
    };
    assert_eq!(still("xenops_list"), still("xl_list"));
}

/// The six letters in which xl shows a `libxl_dominfo`.
pub(crate) fn state(domain: &Value) -> String {
    let flag = |member: &str, letter| if domain[member].as_bool().unwrap() { letter } else { '-' };
    let why = match domain["shutdown_reason"].as_str() {
        _ if domain["shutdown"] == false => '-',
        Some("poweroff") => '-',
        Some("crash") => 'c',
        _ => '?',
    };
    String::from_iter([
        flag("running", 'r'),
        flag("blocked", 'b'),
        flag("paused", 'p'),
        flag("shutdown", 's'),
        why,
        flag("dying", 'd'),
    ])
}

/// libxl's name for a number of xen/sched.h, or for not having shut down; null if it has none.
fn shutdown_reason(number: Option<u32>) -> Value {
    match number {
        None => json!("unknown"),
        Some(0) => json!("poweroff"),
        Some(3) => json!("crash"),
        Some(_) => Value::Null,
    }
}

/// A `libxl_dominfo` without the one value that runs on.
fn without_clock(domain: &Value) -> Value {
    let mut domain = domain.clone();
    domain["cpu_time"].take();
    domain
}
