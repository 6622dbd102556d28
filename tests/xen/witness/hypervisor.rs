//! What Xen itself says of its domains when it is sent the debug key `q`, as values: neither libxl nor xl had a hand in
//! the numbers.
//!
//! In: the text of `xl dmesg` behind `xl debug-keys q` (Xen 4.17). Out: one struct per domain. Ignores what it does not
//! know; what it looks for and does not find is a panic.

use super::numbers;

/// A domain, as the hypervisor sees it.
#[derive(Debug, PartialEq)]
pub(crate) struct Domain {
    pub(crate) domid: u32,
    pub(crate) dying: bool,
    /// 4 KiB pages that it has.
    pub(crate) pages: u64,
    /// 4 KiB pages that it may have.
    pub(crate) pages_max: u64,
    pub(crate) uuid: String,
    /// The nodes that its memory is to be on.
    pub(crate) nodes: Vec<u32>,
    pub(crate) vcpus: Vec<Vcpu>,
}

/// One of its vcpus.
#[derive(Debug, PartialEq)]
pub(crate) struct Vcpu {
    /// Where it runs or ran last.
    pub(crate) cpu: u32,
    /// It runs there now.
    pub(crate) running: bool,
    /// Waits for an event: bit 0 of its pause flags.
    pub(crate) blocked: bool,
    /// Was never brought up, or is down again: bit 1.
    pub(crate) down: bool,
    /// The CPUs it may run on.
    pub(crate) hard: Vec<u32>,
    /// The CPUs it should run on.
    pub(crate) soft: Vec<u32>,
}

/// The domains of the last dump in the console's ring.
pub(crate) fn domains(text: &str) -> Vec<Domain> {
    let (_, dump) = text.rsplit_once("'q' pressed").expect("a dump of the domains");
    dump.split("General information for domain ").skip(1).map(domain).collect()
}

fn domain(text: &str) -> Domain {
    let (domid, rest) = text.split_once(':').expect("a domain's number");
    let (general, vcpus) = rest.split_once("VCPU information").expect("vcpus");
    Domain {
        domid: number(domid),
        // There are three values: 0, dying, dead.
        dying: field(general, "dying=") != "0",
        pages: number(field(general, "nr_pages=")),
        pages_max: number(field(general, "max_pages=")),
        uuid: field(general, "handle=").to_owned(),
        nodes: nodes(general),
        vcpus: vcpus.split("UNIT").skip(1).map(vcpu).collect(),
    }
}

fn nodes(text: &str) -> Vec<u32> {
    let (_, set) = text.split_once("NODE affinity").and_then(|(_, set)| set.split_once('[')).expect("nodes");
    numbers(set.split(']').next().unwrap_or_default())
}

fn vcpu(text: &str) -> Vcpu {
    let set = |name| numbers(field(text, name).trim_matches(['{', '}']));
    let flags = u32::from_str_radix(field(text, "pause_flags="), 16).expect("flags");
    Vcpu {
        cpu: number(field(text, ": CPU")),
        running: field(text, "has=") == "T]",
        blocked: flags & 1 != 0,
        down: flags & 2 != 0,
        hard: set("hard="),
        soft: set("soft="),
    }
}

/// What stands behind `name`, up to white space.
fn field<'t>(text: &'t str, name: &str) -> &'t str {
    let (_, value) = text.split_once(name).unwrap_or_else(|| panic!("no {name} in {text:?}"));
    value.split_whitespace().next().unwrap_or_default()
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("no number: {text:?}"))
}

#[test]
fn a_dump_is_a_list_of_domains() {
    let text = "\
(XEN) Freed 656kB init memory
(XEN) 'q' pressed -> dumping domain info (now = 32224923508)
(XEN) General information for domain 1:
(XEN)     refcnt=3 dying=0 pause_count=0
(XEN)     nr_pages=1024 xenheap_pages=2 dirty_cpus={} max_pages=1280
(XEN)     handle=887eba14-c394-47e2-a608-b9655acb8e2d vm_assist=00000000
(XEN) NODE affinity for domain 1: [0]
(XEN) VCPU information and callbacks for domain 1:
(XEN)   UNIT0 affinities: hard={0-1} soft={0-1}
(XEN)     VCPU0: CPU1 [has=T] poll=1 upcall_pend=01 upcall_mask=01 
(XEN)     pause_count=0 pause_flags=1
(XEN) 100 Hz periodic timer (period 10 ms)
(XEN)   UNIT1 affinities: hard={0} soft={}
(XEN)     VCPU1: CPU0 [has=F] poll=0 upcall_pend=00 upcall_mask=01 
(XEN)     pause_count=0 pause_flags=2
(XEN) 100 Hz periodic timer (period 10 ms)
(XEN) Notifying guest 1:0 (virq 1, port 0)
";
    let first = Vcpu { cpu: 1, running: true, blocked: true, down: false, hard: vec![0, 1], soft: vec![0, 1] };
    let second = Vcpu { cpu: 0, running: false, blocked: false, down: true, hard: vec![0], soft: vec![] };
    let domain = Domain {
        domid: 1,
        dying: false,
        pages: 1024,
        pages_max: 1280,
        uuid: "887eba14-c394-47e2-a608-b9655acb8e2d".to_owned(),
        nodes: vec![0],
        vcpus: vec![first, second],
    };
    assert_eq!(domains(text), [domain]);
}
