//! What xenopsd says of the machine and the hypervisor, beside what xl and sysfs say.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::evidence::Evidence;
use crate::scenario::Step;
use crate::values::{elements, number};
use crate::witness::{hypervisor, xl};

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
fn memory_and_cpus_are_as_many_as_xl_says() {
    let Some(evidence) = Evidence::collected() else { return };
    let info = xl::info(&evidence.text("xl_info"));
    let counted = |step: &str| evidence.result(step).as_u64().unwrap();
    assert_eq!((counted("get_free_memory") / 1024).to_string(), info["free_memory"]);
    assert_eq!((counted("get_max_cpus") - 1).to_string(), info["max_cpu_id"]);
    assert_eq!(counted("get_online_cpus").to_string(), info["nr_cpus"]);
}

#[test]
fn topologies_are_those_of_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let text = evidence.text("xl_info_n");
    let cpus = xl::numbered(&text, "cpu_topology");
    let ours = evidence.result("get_cpu_topology");
    let ours: Vec<Vec<u64>> = (0..)
        .zip(elements(&ours))
        .map(|(at, cpu)| vec![at, number(cpu, "core"), number(cpu, "socket"), number(cpu, "node")])
        .collect();
    assert_eq!(ours, cpus);
    let sockets: BTreeSet<u64> = cpus.iter().map(|cpu| cpu[2]).collect();
    assert_eq!(evidence.result("get_online_socketmap"), json!(sockets));
    let of_node = |node| cpus.iter().filter(|cpu| cpu[3] == node).map(|cpu| cpu[0]).collect::<Vec<_>>();
    assert_eq!(evidence.result("node_to_cpumap"), json!(of_node(0)));
    assert_eq!(evidence.result("node_to_cpumap.none"), json!(of_node(9)));
    assert_eq!(evidence.result("nodemap_to_cpumap"), json!(of_node(0)));
    assert_eq!(evidence.result("cpumap_to_nodemap"), json!([cpus[0][3]]));

    let nodes = evidence.result("get_numainfo");
    let ours: Vec<Vec<u64>> = (0..)
        .zip(elements(&nodes))
        .map(|(at, node)| {
            let distances = elements(&node["dists"]).map(|distance| distance.as_u64().unwrap());
            [at, number(node, "size") >> 20, number(node, "free") >> 20].into_iter().chain(distances).collect()
        })
        .collect();
    assert_eq!(ours, xl::numbered(&text, "numa_info"));
}

#[test]
fn pci_devices_are_those_of_sysfs_and_on_no_node_as_xl_says() {
    let Some(evidence) = Evidence::collected() else { return };
    let ours = evidence.result("get_pci_topology");
    let address = |device: &Value| {
        let [segment, bus, place] = ["seg", "bus", "devfn"].map(|member| number(device, member));
        format!("{segment:04x}:{bus:02x}:{:02x}.{}", place >> 3, place & 7)
    };
    let ours_at: BTreeSet<String> = elements(&ours).map(address).collect();
    let theirs: BTreeSet<String> = evidence.text("sysfs_pci").lines().map(str::to_owned).collect();
    assert_eq!(ours_at, theirs);
    assert!(evidence.text("xl_info_n").contains("No device topology data available"));
    assert!(elements(&ours).all(|device| number(device, "node") == u64::from(u32::MAX)), "{ours}");
}

#[test]
fn a_domains_nodes_are_those_of_the_hypervisor() {
    let Some(evidence) = Evidence::collected() else { return };
    let theirs = hypervisor::domains(&evidence.text("hypervisor"));
    assert_eq!(evidence.result("domain_get_nodeaffinity"), json!(theirs[1].nodes));
}

#[test]
fn what_the_hardware_lacks_xl_lacks_too() {
    let Some(evidence) = Evidence::collected() else { return };
    let (_, output, errors) = evidence.outcome("xl_getenforce");
    assert!((output + &errors).contains("Flask XSM Disabled"));
    assert_eq!(Step::error_of(&evidence.reply("step.flask_getenforce")), Some("NONSPECIFIC"));
    let (_, output, _) = evidence.outcome("xl_psr_hwinfo");
    assert!(output.contains("\nEnabled         : 0\n"), "{output}");
    assert_eq!(evidence.result("psr_cmt_enabled"), false);
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
