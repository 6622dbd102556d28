//! What `xl` prints, as values.
//!
//! In: the text of `xl list -v`, `xl list -c`, `xl vcpu-list` and `xl info` (xl of Xen 4.17). Out: one struct per row.
//! A text of another form is a panic that names the row.

use std::collections::BTreeMap;

use super::numbers;

/// A row of `xl list -v`.
#[derive(Debug, PartialEq)]
pub(crate) struct Domain {
    pub(crate) name: String,
    pub(crate) domid: u32,
    pub(crate) mem_mib: u64,
    pub(crate) vcpus: u32,
    /// Six letters, each a dash when it does not apply: running, blocked, paused, shut down, why, dying.
    pub(crate) state: String,
    pub(crate) seconds: f64,
    pub(crate) uuid: String,
    /// Why it shut down, as a number of xen/sched.h.
    pub(crate) reason: Option<u32>,
    /// FLASK's label.
    pub(crate) label: Option<String>,
}

/// `xl list -v`, whose Reason-Code is hexadecimal.
pub(crate) fn list(text: &str) -> Vec<Domain> {
    rows(text, |row| {
        let [name, domid, mem, vcpus, state, seconds, uuid, reason, label] = row else { return None };
        Some(Domain {
            name: (*name).to_owned(),
            domid: domid.parse().ok()?,
            mem_mib: mem.parse().ok()?,
            vcpus: vcpus.parse().ok()?,
            state: (*state).to_owned(),
            seconds: seconds.parse().ok()?,
            uuid: (*uuid).to_owned(),
            reason: dash(reason).map(|reason| u32::from_str_radix(reason, 16).expect("hexadecimal digits")),
            label: dash(label).map(str::to_owned),
        })
    })
}

/// `xl list -c`: the name of each domain's cpupool, by domid.
pub(crate) fn cpupools(text: &str) -> BTreeMap<u32, String> {
    let pairs = rows(text, |row| Some((row.get(1)?.parse().ok()?, (*row.last()?).to_owned())));
    pairs.into_iter().collect()
}

/// A row of `xl vcpu-list`.
#[derive(Debug, PartialEq)]
pub(crate) struct Vcpu {
    pub(crate) domid: u32,
    pub(crate) vcpuid: u32,
    /// Where it runs or ran last; `None` when it is not online.
    pub(crate) cpu: Option<u32>,
    /// Three letters: running, blocked, not online (xl prints a p for that).
    pub(crate) state: String,
    pub(crate) seconds: f64,
    /// The CPUs it may run on; `None` for all.
    pub(crate) hard: Option<Vec<u32>>,
    /// The CPUs it should run on; `None` for all.
    pub(crate) soft: Option<Vec<u32>>,
}

/// `xl vcpu-list`.
pub(crate) fn vcpu_list(text: &str) -> Vec<Vcpu> {
    rows(text, |row| {
        let [_name, domid, vcpuid, cpu, state, seconds, hard, "/", soft] = row else { return None };
        let affinity = |text: &str| (text != "all").then(|| numbers(text));
        Some(Vcpu {
            domid: domid.parse().ok()?,
            vcpuid: vcpuid.parse().ok()?,
            cpu: dash(cpu).map(|cpu| cpu.parse().expect("a CPU's number")),
            state: (*state).to_owned(),
            seconds: seconds.parse().ok()?,
            hard: affinity(hard),
            soft: affinity(soft),
        })
    })
}

/// `xl info`: what is behind the colon, by what is before it.
pub(crate) fn info(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .map(|line| {
            let (key, value) = line.split_once(':').unwrap_or_else(|| panic!("no colon in xl's {line:?}"));
            (key.trim().to_owned(), value.trim().to_owned())
        })
        .collect()
}

/// The words of each row below the header.
pub(crate) fn table(text: &str) -> Vec<Vec<String>> {
    rows(text, |row| Some(row.iter().map(|&word| word.to_owned()).collect()))
}

/// The numbers in the rows of a table that `xl info -n` prints under this heading; none if it says that there are none.
pub(crate) fn numbered(text: &str, heading: &str) -> Vec<Vec<u64>> {
    let table =
        text.lines().skip_while(|line| line.split(':').next().is_none_or(|name| name.trim() != heading)).skip(2);
    let numbers =
        |line: &str| line.split([' ', ':']).filter(|word| !word.is_empty()).map(|word| word.parse().ok()).collect();
    table.map_while(numbers).collect()
}

/// The rows below the header, split at white space.
fn rows<T>(text: &str, row: impl Fn(&[&str]) -> Option<T>) -> Vec<T> {
    let parse = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        row(&columns).unwrap_or_else(|| panic!("not a row of xl's table: {line:?}"))
    };
    text.lines().skip(1).map(parse).collect()
}

/// xl prints a dash where there is no value.
fn dash(text: &str) -> Option<&str> {
    (text != "-").then_some(text)
}

#[test]
fn a_row_of_xl_list_is_a_domain() {
    let text = "\
Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID                            Reason-Code\tSecurity Label
odd                                          5     4     1     ---s?-       0.3 78d67aab-4418-4825-928c-38039a18e682       2a                -
";
    let odd = Domain {
        name: "odd".to_owned(),
        domid: 5,
        mem_mib: 4,
        vcpus: 1,
        state: "---s?-".to_owned(),
        seconds: 0.3,
        uuid: "78d67aab-4418-4825-928c-38039a18e682".to_owned(),
        reason: Some(42),
        label: None,
    };
    assert_eq!(list(text), [odd]);
}

#[test]
fn the_last_column_is_the_cpupool() {
    let text = "\
Name                                        ID   Mem VCPUs\tState\tTime(s)         Cpupool
Domain-0                                     0   384     1     r-----      12.0          Pool-0
";
    assert_eq!(cpupools(text), BTreeMap::from([(0, "Pool-0".to_owned())]));
}

#[test]
fn a_row_of_xl_vcpu_list_is_a_vcpu() {
    let text = "\
Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)
idle                                 1     1    -   --p       0.0  all / all
spinning                             6     0    1   r--       2.1  1,3-4 / all
";
    let idle = Vcpu { domid: 1, vcpuid: 1, cpu: None, state: "--p".to_owned(), seconds: 0.0, hard: None, soft: None };
    let spinning = Vcpu {
        domid: 6,
        vcpuid: 0,
        cpu: Some(1),
        state: "r--".to_owned(),
        seconds: 2.1,
        hard: Some(vec![1, 3, 4]),
        soft: None,
    };
    assert_eq!(vcpu_list(text), [idle, spinning]);
}

#[test]
fn xl_info_is_split_at_the_first_colon() {
    let info = info("xen_version            : 4.17.7\ncc_compile_date        : Wed Nov  4 16:52:28 UTC 2026\n");
    assert_eq!(info["xen_version"], "4.17.7");
    assert_eq!(info["cc_compile_date"], "Wed Nov  4 16:52:28 UTC 2026");
}

#[test]
fn a_table_of_numbers_ends_where_the_next_thing_begins() {
    let text = "\
free_cpus              : 0
cpu_topology           :
cpu:    core    socket     node
  0:       0        0        0
  1:       1        0        0
device topology        :
device           node
No device topology data available
";
    assert_eq!(numbered(text, "cpu_topology"), [[0, 0, 0, 0], [1, 1, 0, 0]]);
    assert!(numbered(text, "device topology").is_empty());
}
