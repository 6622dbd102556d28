//! Who else knows what a read says: for every read, the test that compares it on real Xen, or why there is none.
//!
//! In: the table below, the daemon's methods, the tests' own text. Out: a failed test for a read without an entry, an
//! entry without a read, or an entry that names a test which is not there or does not ask for the method.

use std::collections::BTreeSet;

/// The module of a test, and its name.
type Test = (&'static str, &'static str);

/// Who is asked besides xenopsd.
enum Witness {
    /// This test asks others and compares.
    Compared(Test),
    /// Nobody can be asked on this host. (That the simulated host answers alike is compared for all.)
    Nobody(&'static str),
}

use Witness::{Compared, Nobody};

const NO_FLASK: Witness =
    Nobody("this Xen is without FLASK, which `xl getenforce` confirms; there is nothing to translate");
const NO_MONITORING: Witness = Nobody("this processor has no cache monitoring, which `xl psr-hwinfo` confirms");
const NO_ALLOCATION: Witness = Nobody("this processor has no cache allocation: xl has nothing to show");
const NO_USB: Witness = Nobody("this machine has no USB bus: sysfs has nothing to show");

const WITNESSES: [(&str, Witness); 90] = [
    ("console_get_tty", Compared(("stored", "what_is_stored_with_a_domain_is_what_xenstore_holds"))),
    ("cpumap_to_nodemap", Compared(("host", "topologies_are_those_of_xl"))),
    ("cpupool_info", Compared(("pools", "cpupools_are_those_of_xl_and_xenstore"))),
    ("cpupool_qualifier_to_cpupoolid", Compared(("pools", "names_of_cpupools_are_those_of_xenstore"))),
    ("cpupoolid_is_valid", Compared(("pools", "names_of_cpupools_are_those_of_xenstore"))),
    ("cpupoolid_to_name", Compared(("pools", "names_of_cpupools_are_those_of_xenstore"))),
    ("ctrlport_to_device_usbdev", NO_USB),
    ("device_channel_getinfo", Compared(("devices", "what_is_known_of_a_device_is_what_xenstore_holds"))),
    ("device_channel_list", Compared(("devices", "channels_are_those_of_xenstore_and_xl"))),
    ("device_disk_getinfo", Compared(("devices", "what_is_known_of_a_device_is_what_xenstore_holds"))),
    ("device_disk_list", Compared(("devices", "disks_are_those_of_xenstore_and_xl"))),
    ("device_nic_getinfo", Compared(("devices", "what_is_known_of_a_device_is_what_xenstore_holds"))),
    ("device_nic_list", Compared(("devices", "network_interfaces_are_those_of_xenstore_and_xl"))),
    ("device_pci_assignable_list", Compared(("devices", "assignable_pci_devices_are_those_of_pciback_and_xl"))),
    ("device_pci_list", Nobody("this machine has no IOMMU, so no device can be a domain's")),
    ("device_usbctrl_getinfo", Compared(("devices", "what_is_known_of_a_device_is_what_xenstore_holds"))),
    ("device_usbctrl_list", Compared(("devices", "usb_controllers_are_those_of_xenstore_and_xl"))),
    ("device_usbdev_list", NO_USB),
    ("device_vdispl_getinfo", Compared(("devices", "what_is_known_of_a_device_is_what_xenstore_holds"))),
    ("device_vdispl_list", Compared(("devices", "displays_are_those_of_xenstore_and_xl"))),
    ("device_vkb_getinfo", Compared(("devices", "what_is_known_of_a_device_is_what_xenstore_holds"))),
    ("device_vkb_list", Compared(("devices", "keyboards_are_those_of_xenstore_and_xl"))),
    ("device_vsnd_getinfo", Compared(("devices", "what_is_known_of_a_device_is_what_xenstore_holds"))),
    ("device_vsnd_list", Compared(("devices", "sound_cards_are_those_of_xenstore_and_xl"))),
    ("device_vtpm_getinfo", Compared(("devices", "what_is_known_of_a_device_is_what_xenstore_holds"))),
    ("device_vtpm_list", Compared(("devices", "vtpms_are_those_of_xenstore_and_xl"))),
    ("devid_to_device_nic", Compared(("devices", "network_interfaces_are_those_of_xenstore_and_xl"))),
    ("devid_to_device_usbctrl", Compared(("devices", "usb_controllers_are_those_of_xenstore_and_xl"))),
    ("devid_to_device_vdispl", Compared(("devices", "displays_are_those_of_xenstore_and_xl"))),
    ("devid_to_device_vkb", Compared(("devices", "keyboards_are_those_of_xenstore_and_xl"))),
    ("devid_to_device_vsnd", Compared(("devices", "sound_cards_are_those_of_xenstore_and_xl"))),
    ("devid_to_device_vtpm", Compared(("devices", "vtpms_are_those_of_xenstore_and_xl"))),
    ("domain_get_nodeaffinity", Compared(("host", "a_domains_nodes_are_those_of_the_hypervisor"))),
    ("domain_info", Compared(("domains", "domain_info_is_the_element_of_list_domain"))),
    ("domain_need_memory", Nobody("xl asks for it only on its way to a new domain, and does not print it")),
    ("domain_qualifier_to_domid", Compared(("stored", "what_is_stored_with_a_domain_is_what_xenstore_holds"))),
    ("domain_sched_params_get", Compared(("pools", "parameters_of_domains_are_those_of_xl"))),
    ("domid_to_name", Compared(("domains", "names_and_domids_are_those_of_xl_and_xenstore"))),
    ("flask_context_to_sid", NO_FLASK),
    ("flask_getenforce", Compared(("host", "what_the_hardware_lacks_xl_lacks_too"))),
    ("flask_sid_to_context", NO_FLASK),
    ("get_cpu_topology", Compared(("host", "topologies_are_those_of_xl"))),
    ("get_free_memory", Compared(("host", "memory_and_cpus_are_as_many_as_xl_says"))),
    ("get_freecpus", Compared(("pools", "the_scheduler_and_the_free_cpus_are_those_of_xl"))),
    ("get_max_cpus", Compared(("host", "memory_and_cpus_are_as_many_as_xl_says"))),
    ("get_max_nodes", Nobody("xl shows the nodes that there are, not how many there could be")),
    ("get_memory_target", Compared(("stored", "what_is_stored_with_a_domain_is_what_xenstore_holds"))),
    ("get_numainfo", Compared(("host", "topologies_are_those_of_xl"))),
    ("get_online_cpus", Compared(("host", "memory_and_cpus_are_as_many_as_xl_says"))),
    ("get_online_socketmap", Compared(("host", "topologies_are_those_of_xl"))),
    ("get_pci_topology", Compared(("host", "pci_devices_are_those_of_sysfs_and_on_no_node_as_xl_says"))),
    ("get_physinfo", Compared(("host", "get_physinfo_agrees_with_xl"))),
    ("get_scheduler", Compared(("pools", "the_scheduler_and_the_free_cpus_are_those_of_xl"))),
    ("get_stubdom_id", Compared(("stored", "no_domain_is_or_has_a_stubdom"))),
    ("get_version_info", Compared(("host", "get_version_info_agrees_with_xl"))),
    ("is_stubdom", Compared(("stored", "no_domain_is_or_has_a_stubdom"))),
    ("list_cpupool", Compared(("pools", "cpupools_are_those_of_xl_and_xenstore"))),
    ("list_domain", Compared(("domains", "list_domain_agrees_with_xl"))),
    ("list_vcpu", Compared(("vcpus", "list_vcpu_agrees_with_xl"))),
    ("list_vm", Compared(("stored", "list_vm_agrees_with_xl"))),
    ("mac_to_device_nic", Compared(("devices", "network_interfaces_are_those_of_xenstore_and_xl"))),
    ("ms_vm_genid_generate", Nobody("random numbers: nobody else knows them")),
    ("name_to_cpupoolid", Compared(("pools", "names_of_cpupools_are_those_of_xenstore"))),
    ("name_to_domid", Compared(("domains", "names_and_domids_are_those_of_xl_and_xenstore"))),
    ("node_to_cpumap", Compared(("host", "topologies_are_those_of_xl"))),
    ("nodemap_to_cpumap", Compared(("host", "topologies_are_those_of_xl"))),
    ("primary_console_get_tty", Compared(("stored", "what_is_stored_with_a_domain_is_what_xenstore_holds"))),
    ("psr_cat_get_cbm", NO_ALLOCATION),
    ("psr_cat_get_info", NO_ALLOCATION),
    ("psr_cat_get_l3_info", NO_ALLOCATION),
    ("psr_cmt_domain_attached", NO_MONITORING),
    ("psr_cmt_enabled", Compared(("host", "what_the_hardware_lacks_xl_lacks_too"))),
    ("psr_cmt_get_cache_occupancy", NO_MONITORING),
    ("psr_cmt_get_l3_cache_size", NO_MONITORING),
    ("psr_cmt_get_sample", NO_MONITORING),
    ("psr_cmt_get_total_rmid", NO_MONITORING),
    ("psr_cmt_type_supported", NO_MONITORING),
    ("psr_get_hw_info", NO_ALLOCATION),
    ("psr_get_val", NO_ALLOCATION),
    ("retrieve_domain_configuration", Compared(("stored", "a_configuration_has_all_that_xl_shows_of_it"))),
    ("sched_credit2_params_get", Compared(("pools", "parameters_of_schedulers_are_those_of_xl"))),
    ("sched_credit_params_get", Compared(("pools", "parameters_of_schedulers_are_those_of_xl"))),
    ("userdata_retrieve", Compared(("stored", "userdata_is_what_the_toolstacks_file_holds"))),
    ("uuid_to_device_vtpm", Compared(("devices", "vtpms_are_those_of_xenstore_and_xl"))),
    ("vcpu_sched_params_get", Nobody("only the RTDS scheduler has parameters of single vcpus: xl has nothing to show")),
    (
        "vcpu_sched_params_get_all",
        Nobody("only the RTDS scheduler has parameters of single vcpus: xl has nothing to show"),
    ),
    ("vdev_to_device_disk", Compared(("devices", "disks_are_those_of_xenstore_and_xl"))),
    ("vm_get_start_time", Compared(("stored", "what_is_stored_with_a_domain_is_what_xenstore_holds"))),
    (
        "wait_for_free_memory",
        Nobody("its answer is that it returned: the memory is what get_free_memory and xl compare"),
    ),
    ("wait_for_memory_target", Nobody("its answer is that it returned: xl calls it only on its way to a new domain")),
];

/// The tests' text, by module.
const TESTS: [(&str, &str); 6] = [
    ("devices", include_str!("devices.rs")),
    ("domains", include_str!("domains.rs")),
    ("host", include_str!("host.rs")),
    ("pools", include_str!("pools.rs")),
    ("stored", include_str!("stored.rs")),
    ("vcpus", include_str!("vcpus.rs")),
];

#[test]
fn every_read_has_an_entry() {
    let reads = xenopsd::api::all().iter().filter(|method| method.class == xenopsd::api::Class::Read);
    let reads: BTreeSet<&str> = reads.map(|method| method.name).collect();
    let entries: BTreeSet<&str> = WITNESSES.iter().map(|(method, _)| *method).collect();
    assert_eq!(entries.len(), WITNESSES.len(), "a read has two entries");
    assert_eq!(entries, reads);
}

#[test]
fn every_comparison_is_a_test_that_asks_for_the_method() {
    for (method, witness) in &WITNESSES {
        match witness {
            Nobody(why) => assert!(why.len() > 20, "{method}: {why:?} is no reason"),
            Compared((module, test)) => {
                let (_, text) = TESTS.iter().find(|(name, _)| name == module).expect("a module of tests");
                let (_, body) =
                    text.split_once(&format!("#[test]\nfn {test}() {{")).unwrap_or_else(|| panic!("no {test}"));
                let body = body.split("\n}\n").next().unwrap_or_default();
                let asks = ["\"", "\"step."].iter().any(|quote| body.contains(&format!("{quote}{method}")));
                let asks = asks || (*method == "list_vcpu" && body.contains("vcpus(evidence)"));
                assert!(asks, "{test} does not ask for {method}");
            }
        }
    }
}
