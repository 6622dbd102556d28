//! The simulated host, asked over the socket of the shipped daemon as any client would.
//!
//! What a single function computes is tested beside it; here it is the host that must hold together: the same from the
//! same seed, every method with an answer, and every answer in agreement with the others.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
#![expect(clippy::needless_pass_by_value, reason = "params are made where they are passed")]

mod common;

use std::collections::BTreeMap;
use std::time::Instant;

use common::params::{methods, params};
use common::{Client, DEADLINE, Daemon, command};
use serde_json::{Value, json};
use xenopsd::limits::SIM_DOMAINS_MAX;

/// A daemon on a simulated host, and a connection to it.
struct Host {
    client: Client,
    calls: u32,
    _daemon: Daemon,
}

impl Host {
    fn start(options: &[&str]) -> Self {
        let daemon = Daemon::start(options);
        Self { client: daemon.connect(), calls: 0, _daemon: daemon }
    }

    fn of(domains: u32, seed: u64) -> Self {
        Self::start(&["--sim", &domains.to_string(), "--sim-seed", &seed.to_string()])
    }

    /// The result, or the error object.
    fn try_call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.calls += 1;
        let id = self.calls;
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let mut reply = self.client.ask(&request.to_string());
        assert_eq!(reply["id"], id, "{reply}");
        match reply.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(reply["result"].take()),
        }
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.try_call(method, params.clone());
        answer.unwrap_or_else(|error| panic!("{method} {params}: {error}"))
    }

    /// An array that a method returns.
    fn list(&mut self, method: &str, params: Value) -> Vec<Value> {
        self.call(method, params).as_array().unwrap().clone()
    }

    fn domains(&mut self) -> Vec<Value> {
        self.list("list_domain", json!([]))
    }
}

fn number(value: &Value, field: &str) -> u64 {
    value[field].as_u64().unwrap_or_else(|| panic!("{field} of {value}"))
}

fn is(value: &Value, field: &str) -> bool {
    value[field].as_bool().unwrap_or_else(|| panic!("{field} of {value}"))
}

/// Every method of the table, with what it answers on a host of 20 domains: a result unless it is listed here.
#[test]
fn every_method_answers_as_libxl_does_on_such_a_host() {
    let failures: BTreeMap<&str, i64> = [
        // No FLASK: libxc's -1.
        ("flask_context_to_sid", -1),
        ("flask_getenforce", -1),
        ("flask_sid_to_context", -1),
        // A processor without monitoring and allocation of caches.
        ("psr_cat_get_cbm", -3),
        ("psr_cat_get_info", -3),
        ("psr_cat_get_l3_info", -3),
        ("psr_cmt_get_cache_occupancy", -3),
        ("psr_cmt_get_l3_cache_size", -3),
        ("psr_cmt_get_sample", -3),
        ("psr_cmt_get_total_rmid", -3),
        ("psr_get_hw_info", -3),
        ("psr_get_val", -3),
        // Schedulers without parameters of single vcpus.
        ("vcpu_sched_params_get_all", -6),
        ("vcpu_sched_params_get", -6),
        // Addresses and uuids depend on the seed: see `single_devices_are_those_of_the_lists`.
        ("mac_to_device_nic", -6),
        ("uuid_to_device_vtpm", -3),
    ]
    .into();
    let mut host = Host::of(20, 7);
    for method in methods() {
        let answer = host.try_call(method.name, params(method));
        let code = answer.as_ref().err().map(|error| error["code"].as_i64().unwrap());
        assert_eq!(code, failures.get(method.name).copied(), "{}: {answer:?}", method.name);
    }
    assert!(failures.keys().all(|name| xenopsd::api::find(name).is_some()));
}

#[test]
fn what_is_not_there_fails_with_libxls_code_and_words() {
    let mut host = Host::of(20, 7);
    for (method, params, code, words) in [
        ("domain_info", json!([99]), -21, ""),
        ("list_vcpu", json!([99]), -21, ""),
        ("name_to_domid", json!(["nobody"]), -6, ""),
        ("domid_to_name", json!([99]), -3, ""),
        ("cpupool_info", json!([7]), -3, "failed to get info for cpupool7"),
        ("sched_credit_params_get", json!([0]), -3, "getting Credit scheduler parameters"),
        ("sched_credit2_params_get", json!([1]), -3, "getting Credit2 scheduler parameters"),
        ("domain_sched_params_get", json!([99]), -6, "Domain 99:Unknown scheduler"),
        ("get_memory_target", json!([99]), -3, "Domain 99:Cannot get target memory info"),
        ("vm_get_start_time", json!([0]), -3, "Can't get start time of domain"),
        ("console_get_tty", json!([0, 0, "pv"]), -3, "`/local/domain/0/console/tty'"),
        ("console_get_tty", json!([7, 0, "vuart"]), -6, "Domain 7:Failed to get tty path"),
        ("primary_console_get_tty", json!([99]), -6, "unable to get domain type for domid=99"),
        ("domain_get_nodeaffinity", json!([99]), -3, "Domain 99:Getting node affinity"),
        ("retrieve_domain_configuration", json!([99]), -15, "unable to find domain info for domain 99"),
        ("retrieve_domain_configuration", json!([15]), -3, "Domain 15:Fail to get domain configuration"),
        ("userdata_retrieve", json!([99, "xl"]), -15, "unable to find domain info for domain 99"),
        ("vdev_to_device_disk", json!([7, "floppy"]), -6, ""),
        ("vdev_to_device_disk", json!([7, "xvdz"]), -3, "does not exist"),
        ("devid_to_device_nic", json!([7, 9]), -23, "xenstore read failed: `/libxl/7/device/vif/9'"),
        ("devid_to_device_vkb", json!([7, 9]), -23, ""),
        ("devid_to_device_vtpm", json!([7, 0]), -3, ""),
        ("devid_to_device_vtpm", json!([5, 9]), -3, ""),
        ("mac_to_device_nic", json!([7, "nonsense"]), -6, ""),
        ("psr_get_val", json!([99, "mba_thrtl", 0]), -3, "invalid domain ID"),
        ("psr_get_val", json!([7, "mba_thrtl", 0]), -3, "MBA: is not supported in this system"),
        ("psr_cmt_get_l3_cache_size", json!([9]), -3, "failed to get socket cpu"),
    ] {
        let error = host.try_call(method, params.clone()).expect_err(method);
        let said: Vec<&str> = error["data"]["log"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(error["code"], code, "{method} {params}: {error}");
        let heard = if words.is_empty() { said.is_empty() } else { said.iter().any(|line| line.contains(words)) };
        assert!(heard, "{method} {params}: {error}");
    }
    for method in methods().filter(|method| method.name.ends_with("_list") && method.domain.is_some()) {
        assert_eq!(host.call(method.name, json!([99])), json!([]), "{}", method.name);
    }
}

/// All that a host says of itself and of its domains, but clocks.
fn portrait(mut host: Host) -> BTreeMap<String, Result<Value, Value>> {
    let mut portrait = BTreeMap::new();
    let domids: Vec<Value> = host.domains().iter().map(|domain| domain["domid"].clone()).collect();
    for method in methods().filter(|method| method.name != "ms_vm_genid_generate") {
        let subjects = if method.params.contains(&"domid") { &domids[..] } else { &domids[..1] };
        for domid in subjects {
            let mut params = params(method);
            if let Some(subject) = params.get_mut("domid") {
                *subject = domid.clone();
            }
            let mut answer = host.try_call(method.name, params);
            if let Ok(result) = &mut answer {
                mask_clocks(result);
            }
            portrait.insert(format!("{} {domid}", method.name), answer);
        }
    }
    portrait
}

fn mask_clocks(value: &mut Value) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(mask_clocks),
        Value::Object(members) => members.iter_mut().for_each(|(name, member)| match name.as_str() {
            "cpu_time" | "vcpu_time" => *member = Value::Null,
            _ => mask_clocks(member),
        }),
        _ => {}
    }
}

#[test]
fn the_same_seed_makes_the_same_host_and_another_seed_another() {
    let (one, same, other) = (portrait(Host::of(20, 7)), portrait(Host::of(20, 7)), portrait(Host::of(20, 8)));
    for (question, answer) in &one {
        assert_eq!(Some(answer), same.get(question), "{question}");
    }
    assert_eq!(one.len(), same.len());
    for question in ["list_domain 0", "list_vcpu 1", "domid_to_name 1", "device_nic_list 1", "vm_get_start_time 1"] {
        assert_ne!(one[question], other[question], "{question}");
    }
}

#[test]
fn clocks_of_live_domains_advance_and_no_clock_goes_back() {
    let mut host = Host::of(20, 7);
    let first = host.domains();
    let lives = |domain: &Value| is(domain, "running") || is(domain, "blocked");
    let (mut last, begun) = (first.clone(), Instant::now());
    loop {
        let now = host.domains();
        for (before, after) in last.iter().zip(&now) {
            let (before, after) = (number(before, "cpu_time"), number(after, "cpu_time"));
            assert!(before <= after, "{before} then {after}");
        }
        last = now;
        let went_on = |(before, after): (&Value, &Value)| number(before, "cpu_time") < number(after, "cpu_time");
        if first.iter().zip(&last).filter(|(domain, _)| lives(domain)).all(went_on) {
            break;
        }
        assert!(begun.elapsed() < DEADLINE, "a clock stands still");
    }
    let still = first.iter().zip(&last).filter(|(domain, _)| !lives(domain));
    let stopped = still.map(|(before, after)| assert_eq!(before["cpu_time"], after["cpu_time"])).count();
    assert_eq!(stopped, 4, "paused, shut down, crashed, dying");
}

#[test]
fn domain_0_is_itself() {
    let mut host = Host::of(1, 3);
    let domains = host.domains();
    let [dom0] = &domains[..] else { panic!("{domains:?}") };
    assert_eq!(dom0["domid"], 0);
    assert_eq!(dom0["uuid"], "00000000-0000-0000-0000-000000000000");
    assert_eq!(dom0["domain_type"], "pv");
    assert!(is(dom0, "running") && !is(dom0, "blocked"));
    assert_eq!(host.call("domid_to_name", json!([0])), "Domain-0");
    assert_eq!(host.call("name_to_domid", json!(["Domain-0"])), 0);
}

#[test]
fn lists_infos_and_vcpus_agree() {
    let mut host = Host::of(150, 7);
    let mut states: BTreeMap<&str, u32> = BTreeMap::new();
    for listed in host.domains() {
        let domid = &listed["domid"];
        let info = host.call("domain_info", json!([domid]));
        let vcpus = host.list("list_vcpu", json!([domid]));
        let (mut one, mut other) = (listed.clone(), info.clone());
        mask_clocks(&mut one);
        mask_clocks(&mut other);
        assert_eq!(one, other);
        let spent: u64 = vcpus.iter().map(|vcpu| number(vcpu, "vcpu_time")).sum();
        assert!(number(&listed, "cpu_time") <= number(&info, "cpu_time") && number(&info, "cpu_time") <= spent);
        assert_eq!(number(&listed, "vcpu_max_id") + 1, vcpus.len() as u64);
        let online: Vec<&Value> = vcpus.iter().filter(|vcpu| is(vcpu, "online")).collect();
        assert_eq!(number(&listed, "vcpu_online"), online.len() as u64);
        assert_eq!(is(&listed, "running"), online.iter().any(|vcpu| is(vcpu, "running")));
        assert_eq!(is(&listed, "blocked"), online.iter().all(|vcpu| is(vcpu, "blocked")));
        assert!(vcpus.iter().all(|vcpu| vcpu["cpumap"].as_array().unwrap().contains(&vcpu["cpu"])), "{vcpus:?}");
        let state = ["running", "blocked", "dying", "shutdown", "paused"].into_iter().find(|state| is(&listed, state));
        *states.entry(state.unwrap_or_else(|| panic!("no state: {listed}"))).or_default() += 1;
        assert_eq!(listed["shutdown_reason"] != "unknown", is(&listed, "shutdown"), "{listed}");
    }
    assert_eq!(states, [("blocked", 129), ("dying", 1), ("paused", 2), ("running", 15), ("shutdown", 3)].into());
}

#[test]
fn names_lead_back_to_their_domains() {
    let mut host = Host::of(60, 7);
    let mut names = Vec::new();
    for domain in host.domains().iter().filter(|domain| !is(domain, "dying")) {
        let name = host.call("domid_to_name", json!([domain["domid"]]));
        assert_eq!(host.call("name_to_domid", json!([name])), domain["domid"]);
        assert_eq!(host.call("domain_qualifier_to_domid", json!([name])), domain["domid"]);
        names.push(name.as_str().unwrap().to_owned());
    }
    assert_eq!(names.len(), 59);
    assert!(names.iter().any(|name| !name.is_ascii()) && names.iter().any(|name| name.contains('"')));
    assert!(names.iter().any(|name| name.len() > 100));
    assert_eq!(host.call("domain_qualifier_to_domid", json!(["41"])), 41);
}

#[test]
fn memory_and_cpus_add_up() {
    for domains in [1, 10, 500] {
        let mut host = Host::of(domains, 7);
        let info = host.call("get_physinfo", json!([]));
        let (total, free) = (number(&info, "total_pages"), number(&info, "free_pages"));
        let listed = host.domains();
        assert_eq!(listed.len() as u64, u64::from(domains));
        let used: u64 = listed.iter().map(|domain| number(domain, "current_memkb") / 4).sum();
        assert!(total > free + used && total - free - used < total / 32, "{total} {free} {used}");
        assert_eq!(host.call("get_free_memory", json!([])), free * 4);
        let nodes = host.list("get_numainfo", json!([]));
        let sum = |field: &str| nodes.iter().map(|node| number(node, field)).sum::<u64>();
        assert_eq!((sum("size"), sum("free")), (total * 4096, free * 4096));

        let cpus = number(&info, "nr_cpus");
        let sockets = number(&info, "nr_nodes");
        assert_eq!(sockets * number(&info, "cores_per_socket") * number(&info, "threads_per_core"), cpus);
        assert_eq!(host.list("get_cpu_topology", json!([])).len() as u64, cpus);
        let pools = host.list("list_cpupool", json!([]));
        let mut shared: Vec<u64> = pools
            .iter()
            .flat_map(|pool| pool["cpumap"].as_array().unwrap().clone())
            .chain(host.list("get_freecpus", json!([])))
            .map(|cpu| cpu.as_u64().unwrap())
            .collect();
        shared.sort_unstable();
        assert_eq!(shared, (0..cpus).collect::<Vec<_>>());
        for pool in &pools {
            let members = listed.iter().filter(|domain| domain["cpupool"] == pool["poolid"]).count();
            assert_eq!(number(pool, "n_dom"), members as u64);
        }
    }
}

#[test]
fn single_devices_are_those_of_the_lists() {
    let mut host = Host::of(40, 7);
    let mut seen = 0;
    for domid in 0..40 {
        let config = host.try_call("retrieve_domain_configuration", json!([domid]));
        for (list, member, single, key) in [
            ("device_disk_list", "disks", "vdev_to_device_disk", "vdev"),
            ("device_nic_list", "nics", "devid_to_device_nic", "devid"),
            ("device_nic_list", "nics", "mac_to_device_nic", "mac"),
            ("device_vkb_list", "vkbs", "devid_to_device_vkb", "devid"),
            ("device_vtpm_list", "vtpms", "devid_to_device_vtpm", "devid"),
            ("device_usbctrl_list", "usbctrls", "devid_to_device_usbctrl", "devid"),
            ("device_vdispl_list", "vdispls", "devid_to_device_vdispl", "devid"),
            ("device_vsnd_list", "vsnds", "devid_to_device_vsnd", "devid"),
        ] {
            let devices = host.list(list, json!([domid]));
            for device in &devices {
                assert_eq!(&host.call(single, json!([domid, device[key]])), device, "{single} of {domid}");
                seen += 1;
            }
            if let Ok(config) = &config {
                // qemu's own keyboard is in no configuration.
                let own = usize::from(member == "vkbs" && config["c_info"]["type"] == "hvm");
                assert_eq!(config[member].as_array().unwrap().len() + own, devices.len(), "{member} of {domid}");
            }
        }
        for plugged in host.list("device_usbdev_list", json!([domid])) {
            let place = json!([domid, plugged["ctrl"], plugged["port"]]);
            assert_eq!(host.call("ctrlport_to_device_usbdev", place), plugged);
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn a_host_has_as_many_domains_as_asked_for() {
    let most = SIM_DOMAINS_MAX.to_string();
    for (options, domains) in [(&["--sim"][..], 10), (&["--sim", "1"], 1), (&["--sim", &most], SIM_DOMAINS_MAX)] {
        let mut host = Host::start(options);
        assert_eq!(host.domains().len(), domains);
    }
    for wrong in ["0", &(SIM_DOMAINS_MAX + 1).to_string(), "many"] {
        let usage = command().args(["--sim", wrong]).output().unwrap();
        assert_eq!(usage.status.code(), Some(2), "{wrong}");
    }
    for wrong in ["domain_pause", "list_domain=FAIL", "domain_pause=ODD", "domain_pause=FAIL:2"] {
        let usage = command().args(["--sim", "1", "--sim-fault", wrong]).output().unwrap();
        assert_eq!(usage.status.code(), Some(2), "{wrong}");
    }
    let mut host = Host::start(&["--sim", "2", "--sim-latency", "5", "--sim-fault", "domain_pause=FAIL:0.5"]);
    assert_eq!(host.domains().len(), 2);
}
