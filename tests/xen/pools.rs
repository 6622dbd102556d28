//! What xenopsd says of cpupools and schedulers, beside what xl and xenstore say.

use serde_json::json;

use crate::evidence::Evidence;
use crate::values::elements;
use crate::witness::{numbers, xenstore, xl};

#[test]
fn cpupools_are_those_of_xl_and_xenstore() {
    let Some(evidence) = Evidence::collected() else { return };
    let nodes = xenstore::nodes(&evidence.text("xenstore"));
    let ours = evidence.result("list_cpupool");
    let rows = xl::table(&evidence.text("xl_cpupool_list"));
    let cpus = xl::table(&evidence.text("xl_cpupool_list_c"));
    assert_eq!((elements(&ours).count(), rows.len()), (2, 2));
    for ((ours, row), cpus) in elements(&ours).zip(rows).zip(cpus) {
        let [name, count, scheduler, _active, domains] = &row[..] else { panic!("{row:?}") };
        let shown = [&ours["pool_name"], &ours["sched"]].map(|text| text.as_str().unwrap());
        assert_eq!(shown, [name, scheduler]);
        assert_eq!(ours["n_dom"].to_string(), *domains);
        assert_eq!(elements(&ours["cpumap"]).count().to_string(), *count);
        assert_eq!(ours["cpumap"], json!(numbers(&cpus[1])));
        assert_eq!(nodes[&format!("/local/pool/{}/name", ours["poolid"])], *name);
    }
    assert_eq!(evidence.result("cpupool_info"), ours[1]);
}

#[test]
fn names_of_cpupools_are_those_of_xenstore() {
    let Some(evidence) = Evidence::collected() else { return };
    let nodes = xenstore::nodes(&evidence.text("xenstore"));
    let (first, second) = (&nodes["/local/pool/0/name"], &nodes["/local/pool/1/name"]);
    assert!(!nodes.contains_key("/local/pool/7"));
    assert_eq!([first, second], ["Pool-0", "batch"], "the names and numbers that the scenario asks for");
    assert_eq!(evidence.result("cpupoolid_to_name"), *first);
    assert_eq!(evidence.result("name_to_cpupoolid"), 0);
    assert_eq!(evidence.result("cpupool_qualifier_to_cpupoolid"), json!({"poolid": 1, "was_name": 1}));
    assert_eq!(evidence.result("cpupool_qualifier_to_cpupoolid.number"), json!({"poolid": 1, "was_name": 0}));
    assert_eq!(evidence.result("cpupoolid_is_valid"), true);
    assert_eq!(evidence.result("cpupoolid_is_valid.gone"), false);
}

#[test]
fn parameters_of_schedulers_are_those_of_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let credit = evidence.result("sched_credit_params_get");
    let [slice, rate, delay] = ["tslice_ms", "ratelimit_us", "vcpu_migr_delay_us"].map(|member| &credit[member]);
    let wanted = format!("Cpupool batch: tslice={slice}ms ratelimit={rate}us migration-delay={delay}us");
    assert_eq!(evidence.text("xl_sched_credit").lines().next(), Some(wanted.as_str()));
    let credit2 = evidence.result("sched_credit2_params_get");
    let wanted = format!("Cpupool Pool-0: ratelimit={}us", credit2["ratelimit_us"]);
    assert_eq!(evidence.text("xl_sched_credit2").lines().next(), Some(wanted.as_str()));
}

#[test]
fn parameters_of_domains_are_those_of_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    for (step, scheduler, domid) in
        [("domain_sched_params_get", "credit2", "1"), ("domain_sched_params_get.credit", "credit", "3")]
    {
        let ours = evidence.result(step);
        // A line for the cpupool stands above the table.
        let text = evidence.text(&format!("xl_sched_{scheduler}"));
        let rows = xl::table(text.split_once('\n').unwrap().1);
        let row = rows.iter().find(|row| row[1] == domid).unwrap_or_else(|| panic!("no domain {domid} in {text}"));
        assert_eq!(row[2..], [ours["weight"].to_string(), ours["cap"].to_string()]);
        assert_eq!(ours["sched"], *scheduler);
    }
}

#[test]
fn the_scheduler_and_the_free_cpus_are_those_of_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let info = xl::info(&evidence.text("xl_info"));
    assert_eq!(evidence.result("get_scheduler"), info["xen_scheduler"]);
    let free = evidence.result("get_freecpus");
    assert_eq!(elements(&free).count().to_string(), info["free_cpus"]);
    // While one CPU was in no cpupool:
    let info = xl::info(&evidence.text("xl_info.one"));
    let free = evidence.json("get_freecpus.one");
    assert_eq!(elements(&free).count().to_string(), info["free_cpus"]);
    let pooled = xl::table(&evidence.text("xl_cpupool_list_c.one"));
    let pooled: Vec<u64> = pooled.iter().flat_map(|row| numbers(&row[1])).map(u64::from).collect();
    let all = 0..evidence.result("get_max_cpus").as_u64().unwrap();
    assert_eq!(free, json!(all.filter(|cpu| !pooled.contains(cpu)).collect::<Vec<_>>()));
}
