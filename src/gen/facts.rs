//! What the headers do not say, one line a fact, each with its reason.
//!
//! In: nothing. Out: [`HINTS`], in groups by what the facts are about; and lists about parameters and
//! structs. A function that is named in a hint and that the headers do not declare is an error of the build.

use super::hints::Fact::{
    AfterDomainInfo, AfterLookup, AllOnesIsNone, Allocated, Checked, Default, Enumeration, GoneOnFailure, GuestOnly,
    In, InOut, KeyFrom, LengthOf, Long, Loop, Names, Never, Next, Number, OneByOne, OneOf, Optional, Quick, Range,
    ReadOnly, Redundant, ServedAs, Synchronous, Truth,
};
use super::hints::{Fact, Hint};

const fn hint(functions: &'static [&'static str], fact: Fact, why: &'static str) -> Hint {
    Hint { functions, fact, why }
}

const NEEDS_ROOM: &str = "copies into the map that it is given, whatever its size";
const NO_ROOM: &str = "without room the result is silently empty";

/// All facts.
pub const HINTS: &[Hint] = &[
    // Where the calls are made, and who may make them.
    hint(
        &[
            "list_domain",
            "domain_info",
            "list_vcpu",
            "get_physinfo",
            "get_version_info",
            "get_cpu_topology",
            "get_numainfo",
            "get_scheduler",
            "get_free_memory",
            "get_freecpus",
            "get_max_cpus",
            "get_online_cpus",
            "get_max_nodes",
            "domain_get_nodeaffinity",
        ],
        Loop,
        "answers while xenstored is stopped",
    ),
    hint(&["domid_to_name", "name_to_domid"], Names, "asks xenstored for names, which tells the loop of them anyway"),
    hint(&["wait_for_free_memory", "wait_for_memory_target"], Long, "sleeps"),
    hint(
        &["device_pci_assignable_add", "device_pci_assignable_remove"],
        Long,
        "unbinds and binds drivers through sysfs, as slowly as the driver does that",
    ),
    hint(
        &["domain_pause", "domain_unpause", "send_trigger", "device_vfb_add", "device_vkb_add"],
        Quick,
        "complete before the call returns, or a word with qemu later",
    ),
    hint(
        &[
            "list_domain",
            "domain_info",
            "list_vm",
            "list_vcpu",
            "name_to_domid",
            "domain_qualifier_to_domid",
            "domid_to_name",
            "get_stubdom_id",
            "is_stubdom",
            "vm_get_start_time",
            "domain_get_nodeaffinity",
        ],
        ReadOnly,
        "numbers and names of domains",
    ),
    hint(
        &[
            "list_cpupool",
            "cpupool_info",
            "name_to_cpupoolid",
            "cpupoolid_to_name",
            "cpupool_qualifier_to_cpupoolid",
            "cpupoolid_is_valid",
            "get_scheduler",
            "sched_credit_params_get",
            "sched_credit2_params_get",
            "domain_sched_params_get",
            "vcpu_sched_params_get",
            "vcpu_sched_params_get_all",
        ],
        ReadOnly,
        "pools and shares of CPU time",
    ),
    hint(
        &[
            "get_version_info",
            "get_physinfo",
            "get_cpu_topology",
            "get_pci_topology",
            "get_numainfo",
            "get_free_memory",
            "get_freecpus",
            "get_max_cpus",
            "get_online_cpus",
            "get_max_nodes",
            "get_online_socketmap",
            "node_to_cpumap",
            "nodemap_to_cpumap",
            "cpumap_to_nodemap",
        ],
        ReadOnly,
        "what the host is made of; the hypervisor's command line, a secret, is left out of the version",
    ),
    hint(
        &[
            "psr_cmt_enabled",
            "psr_cmt_domain_attached",
            "psr_cmt_get_total_rmid",
            "psr_cmt_get_l3_cache_size",
            "psr_cmt_get_cache_occupancy",
            "psr_cmt_type_supported",
            "psr_cmt_get_sample",
            "psr_cat_get_cbm",
            "psr_cat_get_info",
            "psr_cat_get_l3_info",
            "psr_get_val",
            "psr_get_hw_info",
        ],
        ReadOnly,
        "use of caches and of memory bandwidth",
    ),
    hint(
        &[
            "domain_destroy",
            "domain_pause",
            "domain_shutdown",
            "domain_reboot",
            "domain_suspend",
            "domain_suspend_only",
            "domain_resume",
            "domain_remus_start",
            "domain_soft_reset",
        ],
        GuestOnly,
        "ends, stops or restarts the domain in which the daemon runs",
    ),
    hint(&["domain_core_dump"], GuestOnly, "pauses the domain while it writes the dump"),
    hint(&["domain_preserve"], GuestOnly, "takes the domain's place in xenstore away"),
    hint(&["send_trigger"], GuestOnly, "resets, powers off or panics the domain"),
    hint(&["send_sysrq"], GuestOnly, "some keys reboot or crash a kernel at once"),
    hint(
        &["domain_soft_reset"],
        Synchronous,
        "the asynchronous form writes the domain's number through a pointer to a variable that is gone",
    ),
    // What they return.
    hint(&["get_max_cpus", "get_online_cpus", "get_max_nodes"], Number, "the int is the count"),
    hint(&["flask_getenforce"], Number, "the int is the mode"),
    hint(&["get_stubdom_id"], Number, "the int is a domid, 0 for none"),
    hint(&["get_scheduler"], Enumeration("libxl_scheduler"), "the int is the scheduler"),
    hint(&["psr_cmt_domain_attached", "psr_cmt_enabled", "cpupoolid_is_valid"], Truth, "errors are folded into 0"),
    hint(&["psr_cmt_type_supported"], Truth, "a mask, or 0; errors are folded into 0"),
    hint(&["is_stubdom"], Truth, "the target is written only when it is true"),
    hint(&["vm_get_start_time"], AllOnesIsNone, "the int is the time in seconds since 1970"),
    hint(&["list_vcpu"], Redundant("nr_cpus_out"), "the host's number of CPUs, which get_max_cpus gives"),
    hint(&["flask_sid_to_context"], Redundant("len"), "the length of the string"),
    hint(&["psr_get_hw_info"], KeyFrom("type"), "the elements' type is left uninitialised"),
    hint(&["device_disk_getinfo"], GoneOnFailure("diskinfo"), "its backend is freed and stays in it"),
    hint(&["list_domain"], OneByOne("domain_info"), "one small hypercall each, where the list is of every domain"),
    // Which way their parameters go.
    hint(&["device_pci_assignable_add"], In("pci"), "nothing of the host is written back"),
    hint(&["domain_need_memory"], In("config"), "what it fills in is for its own use"),
    hint(&["uuid_to_device_vtpm"], In("uuid"), "it is what is looked for"),
    hint(
        &["sched_credit_params_set", "sched_credit2_params_set"],
        InOut("scinfo"),
        "the effective values are written back",
    ),
    hint(&["vcpu_sched_params_get"], InOut("params"), "which vcpus are asked for stands in the struct"),
    hint(&["cpupool_create"], InOut("poolid"), "it is read before it is written"),
    hint(&["flask_context_to_sid"], In("buf"), "it goes to a hypercall buffer by memcpy"),
    hint(&["send_debug_keys"], In("keys"), "it goes to a hypercall buffer by memcpy"),
    hint(&["set_parameters"], In("params"), "it is taken apart into copies"),
    hint(&["flask_context_to_sid"], LengthOf("len", "buf"), "strlen"),
    hint(&["userdata_store"], LengthOf("datalen", "data"), "the number of bytes; 0 deletes"),
    hint(&["flask_loadpolicy"], LengthOf("size", "policy"), "the number of bytes"),
    // What they must be given.
    hint(&["list_vcpu"], AfterDomainInfo, "getdomaininfolist returns the next domain at or above the number"),
    hint(&["ctrlport_to_device_usbdev"], AfterLookup("device_usbctrl", "ctrl"), "reads a null path: SIGSEGV in 4.17"),
    hint(&["device_vsnd_getinfo"], AfterLookup("device_vsnd", "vsnd"), "reads a null path: SIGSEGV in 4.17"),
    hint(&["domain_get_nodeaffinity"], Allocated("nodemap", "libxl_node_bitmap_alloc"), NEEDS_ROOM),
    hint(&["get_online_socketmap"], Allocated("socketmap", "libxl_socket_bitmap_alloc"), NO_ROOM),
    hint(&["node_to_cpumap", "nodemap_to_cpumap"], Allocated("cpumap", "libxl_cpu_bitmap_alloc"), NO_ROOM),
    hint(&["cpumap_to_nodemap"], Allocated("nodemap", "libxl_node_bitmap_alloc"), NO_ROOM),
    hint(&["psr_cat_get_info", "psr_get_hw_info"], Range("lvl", 2, 3), "asserted"),
    hint(&["domain_suspend"], Range("flags", 0, 3), "LIBXL_SUSPEND_DEBUG and LIBXL_SUSPEND_LIVE"),
    hint(&["domain_rename"], Optional("old_name"), "null stands for any name"),
    hint(
        &["set_vcpuaffinity", "set_vcpuaffinity_force", "set_vcpuaffinity_all"],
        Optional("cpumap_hard"),
        "null leaves it as it is",
    ),
    hint(
        &["set_vcpuaffinity", "set_vcpuaffinity_force", "set_vcpuaffinity_all"],
        Optional("cpumap_soft"),
        "null leaves it as it is",
    ),
    hint(
        &["set_vcpuaffinity", "set_vcpuaffinity_force", "set_vcpuaffinity_all"],
        OneOf("cpumap_hard", "cpumap_soft"),
        "there would be nothing to set",
    ),
    hint(&["domain_create_restore"], Optional("send_back_fd"), "-1 stands for none: only checkpoints need it"),
    hint(&["cpupool_create"], Default("poolid", u32::MAX), "LIBXL_CPUPOOL_POOLID_ANY"),
    hint(&["domain_need_memory"], Default("domid_for_logging", u32::MAX), "INVALID_DOMID: there is none yet"),
    hint(
        &["userdata_store", "userdata_retrieve", "userdata_unlink"],
        Checked("userdata_userid", "userdata_id"),
        "it becomes part of a path, and libxl keeps files of its own there",
    ),
    hint(&["create_logfile"], Checked("name", "file_name"), "it becomes part of a path"),
    hint(&["domain_core_dump"], Checked("filename", "absolute_path"), "the daemon's folder is nobody's business"),
    hint(
        &["set_parameters"],
        Checked("params", "xen_parameters"),
        "libxl writes out of bounds for a word without = that does not begin with no",
    ),
    // Those that have no method of their own name.
    hint(
        &["xen_console_read_start", "xen_console_read_line", "xen_console_read_finish"],
        ServedAs("xen_console_read"),
        "a reader is no value: one method reads it to the end",
    ),
    hint(&["ao_abort"], ServedAs("operation_abort"), "an operation is found by its number or its request's id"),
    hint(
        &["evenable_domain_death", "evdisable_domain_death", "evenable_disk_eject", "evdisable_disk_eject"],
        Next,
        "events",
    ),
    // Those that make no sense from afar.
    hint(&["ctx_free"], Never, "the daemon's own context"),
    hint(
        &[
            "bitmap_alloc",
            "bitmap_copy_alloc",
            "bitmap_or",
            "bitmap_and",
            "bitmap_to_hex_string",
            "cpu_bitmap_alloc",
            "node_bitmap_alloc",
            "socket_bitmap_alloc",
            "string_copy",
        ],
        Never,
        "a helper on local memory",
    ),
    hint(&["string_to_backend"], Never, "a parser that leaves its result unset for unknown text"),
    hint(
        &["fd_set_cloexec", "fd_set_nonblock", "read_exactly", "write_exactly", "pipe"],
        Never,
        "works on a descriptor of the calling process",
    ),
    hint(&["read_file_contents"], Never, "reads any file of the host with the daemon's rights"),
    hint(&["report_child_exitstatus"], Never, "writes to the log about the caller's own children"),
    hint(&["postfork_child_noexec"], Never, "for the caller's own forks"),
    hint(&["device_events_handler"], Never, "turns the process into a backend of its own, and never ends"),
    hint(&["console_exec", "primary_console_exec", "vncviewer_exec"], Never, "replaces the calling process"),
    hint(
        &["tmem_list", "tmem_freeze", "tmem_thaw", "tmem_set", "tmem_shared_auth", "tmem_freeable"],
        Never,
        "a removed feature: it only fails",
    ),
];

/// Parameters that a release called otherwise: that name, and what they are called since and on the wire.
pub const RENAMED_PARAMETERS: &[(&str, &str)] = &[
    // 4.14; 4.15 on.
    ("pcidev", "pci"),
];

/// Structs that must pass a function of `api::check`, whichever method they are for: type, function, reason.
pub const CHECKED_STRUCTS: &[(&str, &str, &str)] = &[
    ("libxl_device_disk", "disk", "a null vdev is read"),
    ("libxl_domain_config", "domain_config", "a null name is read, and so is a disk's null vdev"),
    ("libxl_domain_create_info", "create_info", "a null name is read"),
    ("libxl_domain_restore_params", "restore_params", "COLO without userspace_colo_proxy is asserted against"),
];
