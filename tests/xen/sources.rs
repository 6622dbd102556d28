//! Domains by both sources, the hypervisor and libxl, in every state that a domain can be in here.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::evidence::Evidence;
use crate::values::elements;

const SOURCES: [&str; 2] = ["hypercall", "libxl"];

/// What a daemon with this source said, and the clock of each domain apart from the rest.
fn list(evidence: &Evidence, source: &str) -> (Vec<Value>, Vec<u64>) {
    let domains = evidence.json(&format!("source.{source}.list_domain"));
    elements(&domains).map(|domain| without_clock(domain.clone())).unzip()
}

fn without_clock(mut domain: Value) -> (Value, u64) {
    let clock = domain.as_object_mut().unwrap().remove("cpu_time").unwrap();
    (domain, clock.as_u64().unwrap())
}

#[test]
fn both_sources_say_the_same_of_all_domains_but_for_clocks() {
    let Some(evidence) = Evidence::collected() else { return };
    let [(ours, ours_at), (libxls, libxls_at)] = SOURCES.map(|source| list(evidence, source));
    assert_eq!(ours, libxls);
    // libxl was asked later.
    assert!(ours_at.iter().zip(&libxls_at).all(|(ours, libxls)| ours <= libxls), "{ours_at:?} {libxls_at:?}");

    let are = |flag: &str| ours.iter().filter(|domain| domain[flag] == true).count();
    for flag in ["running", "blocked", "paused", "shutdown", "dying"] {
        assert!(are(flag) > 0, "none is {flag}: {ours:?}");
    }
    let reasons: BTreeSet<String> = ours.iter().map(|domain| domain["shutdown_reason"].to_string()).collect();
    // libxl has no name for 42.
    let named = ["unknown", "poweroff", "reboot", "suspend", "crash", "watchdog", "soft_reset"];
    let all: BTreeSet<String> = named.iter().map(|reason| format!("\"{reason}\"")).chain(["null".to_owned()]).collect();
    assert_eq!(reasons, all);
    // To the hypervisor, PVH is HVM; one of them runs, one is paused, one is shut down.
    let states = ["blocked", "paused", "shutdown"];
    let pvh = |state: &&str| ours.iter().any(|domain| domain["domain_type"] == "hvm" && domain[*state] == true);
    assert_eq!(states.iter().filter(|state| pvh(state)).count(), states.len(), "{ours:?}");
    let numbers = evidence.text("source.domids");
    let xls: Vec<&str> = numbers.split_whitespace().collect();
    assert_eq!(ours.iter().map(|domain| domain["domid"].to_string()).collect::<Vec<_>>(), xls);
}

#[test]
fn both_sources_say_the_same_of_each_domain_but_for_clocks() {
    let Some(evidence) = Evidence::collected() else { return };
    let (all, _) = list(evidence, "hypercall");
    for domain in all {
        let name = |source| format!("source.{source}.domain_info.{}", domain["domid"]);
        let [(ours, _), (libxls, _)] = SOURCES.map(|source| without_clock(evidence.json(&name(source))));
        assert_eq!(ours, libxls);
        assert_eq!(ours, domain);
    }
}

/// Of few domains each is asked for by itself, of many the list is. Among both are numbers that no domain has.
#[test]
fn both_sources_say_the_same_of_some_fields_of_some_domains() {
    let Some(evidence) = Evidence::collected() else { return };
    let (all, _) = list(evidence, "hypercall");
    let part = |domain: &Value| json!({"uuid": domain["uuid"], "domid": domain["domid"], "paused": domain["paused"]});
    let parts: Vec<Value> = all.iter().map(part).collect();
    let ends = [parts.first(), parts.last()];
    for source in SOURCES {
        assert_eq!(evidence.json(&format!("source.{source}.few")), json!(ends));
        assert_eq!(evidence.json(&format!("source.{source}.many")), json!(parts));
    }
}

#[test]
fn both_sources_say_the_same_of_a_domain_that_is_not_there() {
    let Some(evidence) = Evidence::collected() else { return };
    for domid in [9999, 65536] {
        let [ours, libxls] = SOURCES.map(|source| evidence.outcome(&format!("source.{source}.domain_info.{domid}")));
        assert_eq!(ours, libxls);
        let (_, output, errors) = ours;
        assert!(output.is_empty() && errors.contains("DOMAIN_NOTFOUND: libxl_domain_info (code -21)"), "{errors}");
    }
}

#[test]
fn the_hypervisor_is_the_source_unless_told_otherwise() {
    let Some(evidence) = Evidence::collected() else { return };
    for (wanted, source) in [("hypercall", "hypercall"), ("libxl", "libxl"), ("auto", "hypercall")] {
        let info = evidence.json(&format!("source.{wanted}.server_info"));
        assert_eq!(info["source"], source, "--source {wanted}: {info}");
        assert_eq!(info["source_reason"], Value::Null);
        assert_eq!(evidence.read(&format!("source.{wanted}.log")), "");
    }
    let version = evidence.json("get_version_info");
    let xen = format!("{}.{}", version["xen_version_major"], version["xen_version_minor"]);
    let info = evidence.json("source.auto.server_info");
    assert_eq!(info["xen"], xen + version["xen_version_extra"].as_str().unwrap());
}
