//! xenopsd on real Xen: what it says of domains, beside what xl, xenstore and the hypervisor say.
//!
//! The scenario `scenarios/reads` runs once, with the shipped binaries in the dom0 of an emulated machine (README.md
//! says how), and the tests look at what it left. They compare values that others print, never with what xenopsd
//! printed another day. `XENOPSD_SKIP_XEN=1` skips them.
#![cfg(all(feature = "daemon", feature = "client"))]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod evidence;
mod witness;

use evidence::Evidence;
use serde_json::{Value, json};
use witness::{hypervisor, xenstore, xl};

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

#[test]
fn get_physinfo_agrees_with_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let ours = evidence.json("get_physinfo");
    let info = xl::info(&evidence.text("xl_info"));
    for (member, name) in [
        ("nr_cpus", "nr_cpus"),
        ("max_cpu_id", "max_cpu_id"),
        ("nr_nodes", "nr_nodes"),
        ("cores_per_socket", "cores_per_socket"),
        ("threads_per_core", "threads_per_core"),
    ] {
        assert_eq!(ours[member].to_string(), info[name], "{member}");
    }
    let khz = number(&ours, "cpu_khz");
    assert_eq!(format!("{}.{:03}", khz / 1000, khz % 1000), info["cpu_mhz"]);

    let mib = |member| number(&ours, member) / (1024 / 4);
    assert_eq!(mib("total_pages").to_string(), info["total_memory"]);
    assert_eq!(mib("outstanding_pages").to_string(), info["outstanding_claims"]);
    assert_eq!(mib("sharing_freed_pages").to_string(), info["sharing_freed_memory"]);
    assert_eq!(mib("sharing_used_frames").to_string(), info["sharing_used_memory"]);
    let free = number(&ours, "free_pages") - number(&ours, "outstanding_pages");
    assert_eq!((free / (1024 / 4)).to_string(), info["free_memory"]);

    let words: Vec<String> = elements(&ours["hw_cap"]).map(|word| format!("{:08x}", word.as_u64().unwrap())).collect();
    assert_eq!(words.join(":"), info["hw_caps"]);
    assert_eq!(capabilities(&ours), info["virt_caps"].split(' ').collect::<Vec<_>>());
}

#[test]
fn get_version_info_agrees_with_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let ours = evidence.json("get_version_info");
    let info = xl::info(&evidence.text("xl_info"));
    for (member, name) in [
        ("xen_version_extra", "xen_extra"),
        ("compiler", "cc_compiler"),
        ("compile_by", "cc_compile_by"),
        ("compile_domain", "cc_compile_domain"),
        ("compile_date", "cc_compile_date"),
        ("capabilities", "xen_caps"),
        ("changeset", "xen_changeset"),
        ("commandline", "xen_commandline"),
        ("build_id", "build_id"),
    ] {
        assert_eq!(ours[member].as_str().unwrap().trim(), info[name], "{member}");
    }
    assert_eq!(ours["xen_version_major"].to_string(), info["xen_major"]);
    assert_eq!(ours["xen_version_minor"].to_string(), info["xen_minor"]);
    assert_eq!(ours["pagesize"].to_string(), info["xen_pagesize"]);
    assert_eq!(format!("virt_start={:#x}", number(&ours, "virt_start")), info["platform_params"]);
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

#[test]
fn a_domain_that_is_gone_is_libxls_error() {
    let Some(evidence) = Evidence::collected() else { return };
    for (call, error) in [
        ("domain_info", "DOMAIN_NOTFOUND: libxl_domain_info (code -21)"),
        ("list_vcpu", "DOMAIN_NOTFOUND: libxl_list_vcpu (code -21)"),
        ("domid_to_name", "FAIL: libxl_domid_to_name returned nothing (code -3)"),
        ("name_to_domid", "INVAL: libxl_name_to_domid (code -6)"),
        ("domain_get_nodeaffinity", "FAIL: libxl_domain_get_nodeaffinity (code -3)"),
    ] {
        let (status, output, errors) = evidence.outcome(&format!("{call}.gone"));
        assert_eq!((status, output.as_str()), (1, ""), "{call}: {errors}");
        assert_eq!(errors.lines().next(), Some(format!("xenops: {error}").as_str()));
    }
}

#[test]
fn what_libxl_logs_comes_with_its_error() {
    let Some(evidence) = Evidence::collected() else { return };
    let (_, _, errors) = evidence.outcome("domain_get_nodeaffinity.gone");
    let logged = errors.lines().nth(1).unwrap_or_default();
    assert!(logged.starts_with("xenops: libxl: "), "{errors}");
    assert!(logged.ends_with(":libxl_domain_get_nodeaffinity: Domain 6:Getting node affinity"), "{errors}");
}

#[test]
fn what_needs_the_hypervisor_only_answers_while_xenstored_is_stopped() {
    let Some(evidence) = Evidence::collected() else { return };
    let xenstored = evidence.text("stopped.xenstored");
    assert!(xenstored.contains("\nState:\tT (stopped)\n"), "{xenstored}");

    let domains = |name| elements(&evidence.json(name)).map(without_clock).take(6).collect::<Vec<_>>();
    assert_eq!(domains("stopped.list_domain"), domains("list_domain"));
    for (stopped, before) in [
        ("stopped.domain_info", "domain_info.1"),
        ("stopped.list_vcpu", "list_vcpu.1"),
        ("stopped.get_physinfo", "get_physinfo"),
        ("stopped.get_version_info", "get_version_info"),
    ] {
        assert_eq!(evidence.json(stopped), evidence.json(before), "{stopped}");
    }
}

#[test]
fn a_second_daemon_leaves_the_socket_alone() {
    let Some(evidence) = Evidence::collected() else { return };
    let (status, _, errors) = evidence.outcome("second_daemon");
    assert_eq!(status, 1, "{errors}");
    assert!(errors.contains("/run/xenopsd/xenopsd.sock: another server is using this socket"), "{errors}");
}

#[test]
fn sigterm_ends_the_daemon_with_success_and_without_a_word() {
    let Some(evidence) = Evidence::collected() else { return };
    assert_eq!(evidence.read("xenopsd.status"), "0\n");
    assert_eq!(evidence.read("xenopsd.err"), "");
}

/// The six letters in which xl shows a `libxl_dominfo`.
fn state(domain: &Value) -> String {
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

/// The three letters in which xl shows a `libxl_vcpuinfo`.
fn vcpu_state(vcpu: &Value) -> &'static str {
    let flag = |member: &str| vcpu[member].as_bool().unwrap();
    match (flag("online"), flag("running"), flag("blocked")) {
        (false, _, _) => "--p",
        (true, false, false) => "---",
        (true, true, false) => "r--",
        (true, false, true) => "-b-",
        (true, true, true) => "rb-",
    }
}

/// What the hardware and Xen can do, in the words and the order of `xl info`.
fn capabilities(physinfo: &Value) -> Vec<&'static str> {
    let words = [
        ("cap_pv", "pv"),
        ("cap_hvm", "hvm"),
        ("cap_hvm_directio", "hvm_directio"),
        ("cap_hap", "hap"),
        ("cap_shadow", "shadow"),
        ("cap_iommu_hap_pt_share", "iommu_hap_pt_share"),
        ("cap_vmtrace", "vmtrace"),
        ("cap_vpmu", "vpmu"),
        ("cap_gnttab_v1", "gnttab-v1"),
        ("cap_gnttab_v2", "gnttab-v2"),
    ];
    words.into_iter().filter(|(member, _)| physinfo[member].as_bool().unwrap()).map(|(_, word)| word).collect()
}

/// The vcpus of all domains, each with its domain's number.
fn vcpus(evidence: &Evidence) -> Vec<(u32, Value)> {
    let of = |domid| {
        let list = evidence.json(&format!("list_vcpu.{domid}"));
        elements(&list).cloned().map(move |vcpu| (domid, vcpu)).collect::<Vec<_>>()
    };
    (0..=6).flat_map(of).collect()
}

/// A `libxl_dominfo` without the one value that runs on.
fn without_clock(domain: &Value) -> Value {
    let mut domain = domain.clone();
    domain["cpu_time"].take();
    domain
}

/// Three moments in their order. xl rounds to tenths.
fn assert_between(before: f64, between: f64, after: f64) {
    assert!(before - 0.06 < between && between < after + 0.06, "{before} {between} {after}");
}

/// A time in nanoseconds, in seconds.
fn seconds(of: &Value, member: &str) -> f64 {
    number(of, member) as f64 / 1e9
}

fn elements(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().expect("a list").iter()
}

fn number(of: &Value, member: &str) -> u64 {
    of[member].as_u64().unwrap_or_else(|| panic!("{member} is no number: {of}"))
}
