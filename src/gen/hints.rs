//! What the headers do not say: the kinds of facts there are, and how they are asked for.
//!
//! In: the list of them (`facts::HINTS`), and [`FIELD_HINTS`], which `emit_decode` asks by field. Out: the facts about
//! a function, and an error about lines that nothing in the headers used: a new release that makes one superfluous
//! shows at once.

/// One fact about some functions.
#[derive(Debug)]
pub struct Hint {
    /// The functions, without `libxl_`.
    pub functions: &'static [&'static str],
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
    /// It has no method of its own name: it is what that one is made of.
    ServedAs(&'static str),
    /// It makes nothing but hypercalls, so it may run in the loop. Without this it belongs in a worker process.
    Loop,
    /// It asks for nothing but the name of a domain, which may be known in the loop.
    Names,
    /// It may take long, though nothing in its declaration says so.
    Long,
    /// It does not take long, though it can be asynchronous.
    Quick,
    /// Whoever may only look may call it: it changes nothing, and its result holds no secret.
    ReadOnly,
    /// Done to Domain-0 it would take the host down.
    GuestOnly,
    /// It must not be called asynchronously.
    Synchronous,
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
    /// When it fails, some of what it wrote through this parameter has been freed already.
    GoneOnFailure(&'static str),
    /// The bitmap of this parameter must have been allocated by that function.
    Allocated(&'static str, &'static str),
    /// The parameter must lie in this range.
    Range(&'static str, i64, i64),
    /// It only reads what this parameter points to, and gives nothing back through it.
    In(&'static str),
    /// It reads what this parameter points to, and writes to it.
    InOut(&'static str),
    /// This parameter may be null.
    Optional(&'static str),
    /// This parameter is that number if the request has none.
    Default(&'static str, u32),
    /// One at least of these two must be there.
    OneOf(&'static str, &'static str),
    /// The string of this parameter must pass that function of `api::check`.
    Checked(&'static str, &'static str),
    /// This parameter is the length of the string, or the number of the bytes, that is that one.
    LengthOf(&'static str, &'static str),
    /// It answers for the next domain when the one asked for is gone, so `domain_info` is asked first.
    AfterDomainInfo,
    /// It ends the process when there is no such device (without `libxl_`), whose number is in this parameter: the
    /// device is looked up first.
    AfterLookup(&'static str, &'static str),
    /// It does not set the key of its elements' union: the value of this parameter is the key.
    KeyFrom(&'static str),
    /// Its list is of all domains, and that function gives the same of one: so few domains are asked for.
    OneByOne(&'static str),
}

/// Structs whose lists are kept as they were written, and the field of each that moves from poll to poll.
pub const KEPT_LISTS: &[(&str, &str)] = &[("dominfo", "cpu_time")];

/// Strings that clients of the read-only socket do not see. Each as `type.path`.
pub const SECRET_FIELDS: &[&str] =
    &["version_info.commandline", "vnc_info.passwd", "spice_info.passwd", "domain_build_info.cmdline"];

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
    /// For each line, those of its functions that asked for it.
    used: Vec<Vec<&'static str>>,
}

impl Hints {
    /// Nothing used yet.
    pub fn new(hints: &'static [Hint]) -> Self {
        Self { hints, used: vec![Vec::new(); hints.len()] }
    }

    /// The first fact about `function` that `choose` takes, with its reason.
    pub fn find<T>(&mut self, function: &str, choose: impl Fn(Fact) -> Option<T>) -> Option<(T, &'static str)> {
        let matching = |(at, hint): (usize, &'static Hint)| {
            let name = hint.functions.iter().find(|name| **name == function)?;
            Some((at, *name, choose(hint.fact)?, hint.why))
        };
        let (at, name, chosen, why) = self.hints.iter().enumerate().find_map(matching)?;
        self.used[at].push(name);
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
        let unused = self.hints.iter().zip(&self.used).flat_map(|(hint, used)| {
            let unused = hint.functions.iter().filter(|name| !used.contains(name));
            unused.map(|name| format!("{name} {:?}", hint.fact))
        });
        let lines: Vec<String> = unused.collect();
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
