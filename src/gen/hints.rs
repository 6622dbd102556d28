//! What the headers do not say, one line a fact, each with its reason.
//!
//! In: nothing. Out: [`HINTS`], which `plan` asks by function, and [`FIELD_HINTS`], which `emit_decode` asks by field.
//! A line that nothing in the headers uses is an error of the build: a new release that makes one superfluous shows at
//! once.

/// One fact about one function.
#[derive(Debug)]
pub struct Hint {
    /// The function, without `libxl_`.
    pub function: &'static str,
    /// The fact.
    pub fact: Fact,
    /// How it is known, or what goes wrong without it.
    pub why: &'static str,
}

/// What can be said of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// It is no method, for the reason given.
    Never,
    /// It is not a method yet, for the reason given.
    Next,
    /// It makes nothing but hypercalls, so it may run in the loop. Without this it belongs in a worker process.
    Loop,
    /// Its `int` is a number when it is not negative.
    Number,
    /// Its `int` is true or false.
    Truth,
    /// Its `int` is a value of this enumeration when it is not negative.
    Enumeration(&'static str),
    /// It returns all ones instead of a value that it could not find.
    AllOnesIsNone,
    /// What it writes through this parameter says nothing that the caller does not know.
    Redundant(&'static str),
    /// The bitmap of this parameter must have been allocated by that function.
    Allocated(&'static str, &'static str),
    /// The parameter must lie in this range, or libxl ends the process.
    Range(&'static str, i64, i64),
    /// It only reads the string of this parameter, though the pointer is not const.
    ReadsText(&'static str),
    /// This parameter is the length of the string that is that one.
    LengthOf(&'static str, &'static str),
    /// The string of this parameter becomes part of a path: it must not lead out of its folder.
    FileName(&'static str),
    /// Its array has no `_list_free`: each element is disposed, then the array is freed.
    FreedByElement,
    /// It answers for the next domain when the one asked for is gone, so `domain_info` is asked first.
    AfterDomainInfo,
    /// It does not set the key of its elements' union: the value of this parameter is the key.
    KeyFrom(&'static str),
}

use Fact::{
    AfterDomainInfo, AllOnesIsNone, Allocated, Enumeration, FileName, FreedByElement, KeyFrom, LengthOf, Loop, Never,
    Next, Number, Range, ReadsText, Redundant, Truth,
};

const fn hint(function: &'static str, fact: Fact, why: &'static str) -> Hint {
    Hint { function, fact, why }
}

const MEASURED: &str = "answers while xenstored is stopped";
const LOCAL: &str = "a helper on local memory";
const DESCRIPTOR: &str = "works on a descriptor of the calling process";
const REMOVED: &str = "a removed feature: it only fails";
const EXEC: &str = "replaces the calling process";
const STRUCT_IN: &str = "takes a struct through a pointer that is not const";
const UNALLOCATED: &str = "copies into the map that it is given, whatever its size";

/// All facts, in the order of libxl's headers where there is one.
pub const HINTS: &[Hint] = &[
    // Where the calls are made.
    hint("list_domain", Loop, MEASURED),
    hint("domain_info", Loop, MEASURED),
    hint("list_vcpu", Loop, MEASURED),
    hint("get_physinfo", Loop, MEASURED),
    hint("get_version_info", Loop, MEASURED),
    hint("get_cpu_topology", Loop, MEASURED),
    hint("get_numainfo", Loop, MEASURED),
    hint("get_scheduler", Loop, MEASURED),
    hint("get_free_memory", Loop, MEASURED),
    hint("get_freecpus", Loop, MEASURED),
    hint("get_max_cpus", Loop, MEASURED),
    hint("get_online_cpus", Loop, MEASURED),
    hint("get_max_nodes", Loop, MEASURED),
    hint("domain_get_nodeaffinity", Loop, MEASURED),
    // What they return.
    hint("get_max_cpus", Number, "the int is the count"),
    hint("get_online_cpus", Number, "the int is the count"),
    hint("get_max_nodes", Number, "the int is the count"),
    hint("get_scheduler", Enumeration("libxl_scheduler"), "the int is the scheduler"),
    hint("flask_getenforce", Number, "the int is the mode"),
    hint("psr_cmt_domain_attached", Truth, "errors are folded into 0"),
    hint("psr_cmt_enabled", Truth, "errors are folded into 0"),
    hint("psr_cmt_type_supported", Truth, "a mask, or 0; errors are folded into 0"),
    hint("cpupoolid_is_valid", Truth, "errors are folded into 0"),
    hint("get_stubdom_id", Number, "the int is a domid, 0 for none"),
    hint("is_stubdom", Truth, "the target is written only when it is true"),
    hint("vm_get_start_time", AllOnesIsNone, "the int is the time in seconds since 1970"),
    hint("list_vcpu", Redundant("nr_cpus_out"), "the host's number of CPUs, which get_max_cpus gives"),
    hint("flask_sid_to_context", Redundant("len"), "the length of the string"),
    hint("device_channel_list", FreedByElement, "libxl has no function for it"),
    hint("psr_get_hw_info", KeyFrom("type"), "the elements' type is left uninitialised"),
    // What they must be given.
    hint("list_vcpu", AfterDomainInfo, "getdomaininfolist returns the next domain at or above the number"),
    hint("domain_get_nodeaffinity", Allocated("nodemap", "libxl_node_bitmap_alloc"), UNALLOCATED),
    hint("get_online_socketmap", Allocated("socketmap", "libxl_socket_bitmap_alloc"), "else it is silently empty"),
    hint("node_to_cpumap", Allocated("cpumap", "libxl_cpu_bitmap_alloc"), "else it is silently empty"),
    hint("psr_cat_get_info", Range("lvl", 2, 3), "asserted"),
    hint("psr_get_hw_info", Range("lvl", 2, 3), "asserted"),
    hint("flask_context_to_sid", ReadsText("buf"), "it goes to a hypercall buffer by memcpy"),
    hint("flask_context_to_sid", LengthOf("len", "buf"), "strlen"),
    hint("userdata_retrieve", FileName("userdata_userid"), "libxl checks nothing"),
    // Those that wait for the decoders of structs.
    hint("domain_need_memory", Next, STRUCT_IN),
    hint("vcpu_sched_params_get", Next, STRUCT_IN),
    hint("uuid_to_device_vtpm", Next, STRUCT_IN),
    hint("wait_for_free_memory", Next, "sleeps: it needs a worker process of its own"),
    hint("wait_for_memory_target", Next, "sleeps: it needs a worker process of its own"),
    hint("xen_console_read_start", Next, "the three xen_console_read functions will be one method"),
    hint("xen_console_read_line", Next, "the three xen_console_read functions will be one method"),
    hint("xen_console_read_finish", Next, "the three xen_console_read functions will be one method"),
    hint("evenable_domain_death", Next, "events"),
    hint("evdisable_domain_death", Next, "events"),
    hint("evenable_disk_eject", Next, "events"),
    hint("evdisable_disk_eject", Next, "events"),
    // Those that make no sense from afar.
    hint("ctx_free", Never, "the daemon's own context"),
    hint("bitmap_alloc", Never, LOCAL),
    hint("bitmap_copy_alloc", Never, LOCAL),
    hint("bitmap_or", Never, LOCAL),
    hint("bitmap_and", Never, LOCAL),
    hint("bitmap_to_hex_string", Never, LOCAL),
    hint("cpu_bitmap_alloc", Never, LOCAL),
    hint("node_bitmap_alloc", Never, LOCAL),
    hint("socket_bitmap_alloc", Never, LOCAL),
    hint("string_copy", Never, LOCAL),
    hint("string_to_backend", Never, "a parser that leaves its result unset for unknown text"),
    hint("fd_set_cloexec", Never, DESCRIPTOR),
    hint("fd_set_nonblock", Never, DESCRIPTOR),
    hint("read_exactly", Never, DESCRIPTOR),
    hint("write_exactly", Never, DESCRIPTOR),
    hint("pipe", Never, DESCRIPTOR),
    hint("read_file_contents", Never, "reads any file of the host with the daemon's rights"),
    hint("report_child_exitstatus", Never, "writes to the log about the caller's own children"),
    hint("postfork_child_noexec", Never, "for the caller's own forks"),
    hint("device_events_handler", Never, "turns the process into a backend of its own, and never ends"),
    hint("console_exec", Never, EXEC),
    hint("primary_console_exec", Never, EXEC),
    hint("vncviewer_exec", Never, EXEC),
    hint("tmem_list", Never, REMOVED),
    hint("tmem_freeze", Never, REMOVED),
    hint("tmem_thaw", Never, REMOVED),
    hint("tmem_set", Never, REMOVED),
    hint("tmem_shared_auth", Never, REMOVED),
    hint("tmem_freeable", Never, REMOVED),
];

/// Fields that libxl keeps for configurations of earlier releases: never emitted. Each as `type.path`.
pub const DEPRECATED_FIELDS: &[&str] = &[
    "domain_build_info.u.hvm.apic",
    "domain_build_info.u.hvm.timer_mode",
    "domain_build_info.u.hvm.nested_hvm",
    "domain_build_info.u.pv.kernel",
    "domain_build_info.u.pv.bootloader",
    "domain_build_info.u.pv.bootloader_args",
    "domain_build_info.u.pv.cmdline",
    "domain_build_info.u.pv.ramdisk",
];

/// The facts about one function, and a note of which lines were used.
#[derive(Debug)]
pub struct Hints {
    hints: &'static [Hint],
    used: Vec<bool>,
}

impl Hints {
    /// Nothing used yet.
    pub fn new(hints: &'static [Hint]) -> Self {
        Self { hints, used: vec![false; hints.len()] }
    }

    /// The first fact about `function` that `choose` takes, with its reason.
    pub fn find<T>(&mut self, function: &str, choose: impl Fn(Fact) -> Option<T>) -> Option<(T, &'static str)> {
        let matching = |(at, hint): (usize, &'static Hint)| {
            let chosen = choose(hint.fact).filter(|_| hint.function == function)?;
            Some((at, chosen, hint.why))
        };
        let (at, chosen, why) = self.hints.iter().enumerate().find_map(matching)?;
        self.used[at] = true;
        Some((chosen, why))
    }

    /// Is this fact known of `function`?
    pub fn says(&mut self, function: &str, fact: Fact) -> bool {
        self.says_that(function, |known| known == fact)
    }

    /// Is such a fact known of `function`?
    pub fn says_that(&mut self, function: &str, is_meant: impl Fn(Fact) -> bool) -> bool {
        self.find(function, |known| is_meant(known).then_some(())).is_some()
    }

    /// Lines that no function asked for.
    ///
    /// # Errors
    /// Their text.
    pub fn check_all_used(&self) -> Result<(), String> {
        let unused = self.hints.iter().zip(&self.used).filter(|&(_, &used)| !used);
        let lines: Vec<String> = unused.map(|(hint, _)| format!("{} {:?}", hint.function, hint.fact)).collect();
        if lines.is_empty() { Ok(()) } else { Err(format!("hints that nothing uses: {}", lines.join(", "))) }
    }
}

/// One fact about one field that a request may set.
#[derive(Debug)]
pub struct FieldHint {
    /// The field, as `type.path`.
    pub field: &'static str,
    /// The fact.
    pub fact: FieldFact,
    /// How it is known, or what goes wrong without it.
    pub why: &'static str,
}

/// What can be said of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldFact {
    /// A bitmap of the host's CPUs, or an array of them: libxl passes on as many bytes as the host has CPUs for.
    Cpus,
    /// A bitmap of the host's nodes, likewise.
    Nodes,
    /// A bitmap in which only bits below this number may be set.
    BitsBelow(u64),
    /// It must stay as it is by default; otherwise the request is refused with this text.
    Untouched(&'static str),
}

const fn field(field: &'static str, fact: FieldFact, why: &'static str) -> FieldHint {
    FieldHint { field, fact, why }
}

/// All facts about fields. A line whose type is in the headers and whose field is not is an error of the build.
pub const FIELD_HINTS: &[FieldHint] = &[
    field("domain_build_info.vcpu_hard_affinity", FieldFact::Cpus, "the hypercall copies the host's size from it"),
    field("domain_build_info.vcpu_soft_affinity", FieldFact::Cpus, "the hypercall copies the host's size from it"),
    field("domain_build_info.nodemap", FieldFact::Nodes, "the hypercall copies the host's size from it"),
    field("domain_build_info.avail_vcpus", FieldFact::BitsBelow(1024), "libxl takes no more than 128 bytes"),
    field(
        "domain_build_info.cpumap",
        FieldFact::Untouched("must be empty; use vcpu_hard_affinity"),
        "libxl asserts that it has the host's size, and leaves a dangling array in place of vcpu_hard_affinity",
    ),
];
