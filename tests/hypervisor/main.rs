//! Both sources of domains, the hypervisor and libxl, on a make-believe hypervisor under the real libxencall and the
//! real libxenlight.
//!
//! In: `privcmd.c`, compiled here and loaded in front of the shipped binary, which takes the host for Xen. Out: that
//! both sources say the same, byte for byte, of domains in every state, with and without FLASK, and of failures; what a
//! list costs in hypercalls and memory; and which source is used when. Whether a real hypervisor answers as this one
//! does is for `tests/xen` to tell.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "../common/mod.rs"]
mod common;
mod samples;

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use common::{Client, Daemon, command_under};
use serde_json::{Value, json};

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"list_domain"}"#;
const SERVER_INFO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"server_info"}"#;

/// The make-believe hypervisor, compiled once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hypervisor/privcmd.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("make-believe-hypervisor.so");
        let flags = ["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"];
        let compiled = Command::new("cc").args(flags).arg("-o").arg(&library).arg(source).status().unwrap();
        assert!(compiled.success(), "cc: {compiled}");
        library
    })
}

/// A command that puts the hypervisor, set up in this way, under what follows.
fn on_hypervisor(settings: &[&str]) -> Vec<String> {
    let mut wrapper = vec!["env".to_owned(), format!("LD_PRELOAD={}", library().display())];
    wrapper.extend(settings.iter().map(|setting| format!("MAKE_BELIEVE_{setting}")));
    wrapper
}

fn start(settings: &[&str], options: &[&str]) -> Daemon {
    let wrapper = on_hypervisor(settings);
    Daemon::start_under(&wrapper.iter().map(String::as_str).collect::<Vec<_>>(), options)
}

/// A daemon for each source, on a host of its own that is set up in this way.
struct Both {
    hypercall: Daemon,
    libxl: Daemon,
}

impl Both {
    fn start(settings: &[&str]) -> Self {
        let [hypercall, libxl] = ["hypercall", "libxl"].map(|source| {
            let daemon = start(settings, &["--source", source]);
            assert_eq!(info(&mut daemon.connect())["source"], source);
            daemon
        });
        Self { hypercall, libxl }
    }

    fn connect(&self) -> [Client; 2] {
        [self.hypercall.connect(), self.libxl.connect()]
    }
}

/// The reply of both, which must be the same line.
fn ask_both([hypercall, libxl]: &mut [Client; 2], request: &str) -> String {
    hypercall.send(request);
    libxl.send(request);
    let (ours, theirs) = (hypercall.line().unwrap(), libxl.line().unwrap());
    if ours != theirs {
        let at = ours.bytes().zip(theirs.bytes()).take_while(|(a, b)| a == b).count();
        let around = |text: &str| {
            String::from_utf8_lossy(&text.as_bytes()[at.saturating_sub(200)..]).chars().take(400).collect::<String>()
        };
        panic!("{request} at byte {at}:\nhypercall: {}\nlibxl:     {}", around(&ours), around(&theirs));
    }
    ours
}

fn domain_info(domid: u64) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": "domain_info", "params": [domid]}).to_string()
}

fn info(client: &mut Client) -> Value {
    client.ask(SERVER_INFO)["result"].clone()
}

fn result(reply: &str) -> Vec<Value> {
    serde_json::from_str::<Value>(reply).unwrap()["result"].as_array().unwrap().clone()
}

/// Numbers around those at which our memory grows, and libxl asks again.
#[test]
fn both_sources_say_the_same_of_any_number_of_domains() {
    for domains in [1, 2, 63, 64, 65, 1023, 1024, 1025, 2049] {
        let both = Both::start(&[&format!("DOMAINS={domains}")]);
        let clients = &mut both.connect();
        // Once while the memory grows, once when it has grown.
        for _ in 0..2 {
            assert_eq!(result(&ask_both(clients, LIST)).len(), domains);
        }
    }
}

/// Every flag and every reason is there, in both kinds of domains; of every number, also of those that nobody has.
#[test]
fn both_sources_say_the_same_of_a_domain_in_any_state() {
    let both = Both::start(&["DOMAINS=250"]);
    let clients = &mut both.connect();
    let domains = result(&ask_both(clients, LIST));
    let values = |member: &str| domains.iter().map(|domain| domain[member].to_string()).collect::<BTreeSet<_>>();
    for flag in ["running", "blocked", "paused", "shutdown", "dying", "never_stop"] {
        assert_eq!(values(flag).len(), 2, "{flag}");
    }
    let reasons = values("shutdown_reason");
    for reason in ["unknown", "poweroff", "reboot", "suspend", "crash", "watchdog", "soft_reset"] {
        assert!(reasons.contains(&format!("\"{reason}\"")), "no {reason} in {reasons:?}");
    }
    assert_eq!(values("domain_type").len(), 2);
    assert!(values("cpu_time").contains(&u64::MAX.to_string()));
    for member in ["outstanding_memkb", "current_memkb", "shared_memkb", "paged_memkb", "max_memkb", "gpaddr_bits"] {
        assert!(values(member).len() > 5, "{member}");
    }

    let (mut there, mut missing) = (0, 0);
    let last = domains.last().unwrap()["domid"].as_u64().unwrap();
    // The hypervisor's numbers have 16 bits: 65537 is not 1.
    for domid in (0..=last + 3).chain([0x7fef, 0x7ff0, 0x7ff4, 0xffff, 0x1_0000, 0x1_0001, u64::from(u32::MAX)]) {
        let reply = ask_both(clients, &domain_info(domid));
        match domains.iter().find(|domain| domain["domid"] == domid) {
            Some(domain) => {
                there += 1;
                assert_eq!(&serde_json::from_str::<Value>(&reply).unwrap()["result"], domain);
            }
            None => {
                missing += 1;
                assert!(reply.contains(r#""code":-21,"#) && reply.contains("DOMAIN_NOTFOUND"), "{reply}");
            }
        }
    }
    assert!(there == 250 && missing > 100, "{there} {missing}");
}

#[test]
fn both_sources_give_flasks_labels() {
    let both = Both::start(&["DOMAINS=70", "LABELS=1"]);
    let clients = &mut both.connect();
    for _ in 0..2 {
        let domains = result(&ask_both(clients, LIST));
        let (with, without): (Vec<_>, Vec<_>) = domains.iter().partition(|domain| domain["ssid_label"].is_string());
        assert!(with.len() > 20 && without.len() > 5, "{} {}", with.len(), without.len());
        let label = |domain: &Value| format!("system_u:system_r:domU_{}_t", domain["ssidref"]);
        assert!(with.iter().all(|domain| domain["ssid_label"] == label(domain)));
    }
    for domid in [0, 1, 3, 4, 6, 7] {
        ask_both(clients, &domain_info(domid));
    }
}

/// What a process has done since it began, by the hypervisor that is loaded in front of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    lists: u64,
    labels: u64,
    allocations: u64,
    mappings: u64,
}

/// Where it is counted.
struct Counter(File, PathBuf);

impl Counter {
    fn new(folder: &Path) -> Self {
        let path = folder.join("counts");
        let file = File::options().create_new(true).read(true).write(true).open(&path).unwrap();
        file.set_len(4096).unwrap();
        Self(file, path)
    }

    fn setting(&self) -> String {
        format!("COUNTS={}", self.1.display())
    }

    fn read(&self) -> Counts {
        let mut bytes = [0; 32];
        self.0.read_exact_at(&mut bytes, 0).unwrap();
        let number = |at: usize| u64::from_ne_bytes(bytes[at * 8..][..8].try_into().unwrap());
        Counts { lists: number(0), labels: number(1), allocations: number(2), mappings: number(3) }
    }

    /// What so many requests have added.
    fn of(&self, client: &mut Client, request: &str, times: u64) -> Counts {
        let before = self.read();
        for _ in 0..times {
            client.send(request);
            client.line().unwrap();
        }
        let after = self.read();
        Counts {
            lists: after.lists - before.lists,
            labels: after.labels - before.labels,
            allocations: after.allocations - before.allocations,
            mappings: after.mappings - before.mappings,
        }
    }
}

/// The whole process, C's allocator and the kernel's mappings: one hypercall a call, and nothing else.
#[test]
fn a_list_by_hypercall_is_one_hypercall_and_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let counter = Counter::new(folder.path());
    let daemon = start(&["DOMAINS=300", &counter.setting()], &["--source", "hypercall"]);
    let mut client = daemon.connect();
    let sample = r#"{"jsonrpc":"2.0","id":1,"method":"domain_stats","params":[["name","state","cpu"],null,null,0]}"#;
    for (request, first_calls) in
        [(LIST.to_owned(), 1), (domain_info(0), 1), (domain_info(2), 1), (sample.to_owned(), 1)]
    {
        counter.of(&mut client, &request, first_calls);
        let counts = counter.of(&mut client, &request, 20);
        assert_eq!(counts, Counts { lists: 20, labels: 0, allocations: 0, mappings: 0 }, "{request}");
    }
}

/// That anything is counted above is seen here; what libxl takes is why there is a second source.
#[test]
fn a_list_by_libxl_takes_more() {
    let folder = tempfile::tempdir().unwrap();
    let counter = Counter::new(folder.path());
    let daemon = start(&["DOMAINS=300", &counter.setting()], &["--source", "libxl"]);
    let mut client = daemon.connect();
    counter.of(&mut client, LIST, 2);
    let counts = counter.of(&mut client, LIST, 1);
    assert_eq!(counts.lists, 2, "one for the domains, one to see that there are no more");
    assert!(counts.allocations > 2 && counts.mappings >= 300, "{counts:?}");
}

fn list_of(domids: &[u32]) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": "list_domain", "params": {"domids": domids}}).to_string()
}

#[test]
fn both_sources_say_the_same_of_some_domains() {
    let both = Both::start(&["DOMAINS=70", "LABELS=1"]);
    let clients = &mut both.connect();
    let odd = [3, 1, 0x7fef, 0x7ff0, 0x7ff4, 0xffff, 0x1_0000, 0x1_0001, u32::MAX, 0];
    let many: Vec<u32> = (0..200).chain(odd).collect();
    let all = result(&ask_both(clients, LIST));
    assert_eq!(result(&ask_both(clients, &list_of(&many))), all);
    let few: BTreeSet<u64> = odd.into_iter().map(u64::from).collect();
    let few: Vec<Value> = all.into_iter().filter(|domain| few.contains(&domain["domid"].as_u64().unwrap())).collect();
    assert!(few.len() >= 2, "{few:?}");
    assert_eq!(result(&ask_both(clients, &list_of(&odd))), few);
}

/// So many small hypercalls, or one of all domains.
#[test]
fn few_domains_are_asked_for_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let counter = Counter::new(folder.path());
    let daemon = start(&["DOMAINS=300", &counter.setting()], &["--source", "hypercall"]);
    let mut client = daemon.connect();
    for (count, lists) in [(0, 0), (1, 1), (2, 2), (16, 16), (17, 1), (300, 1)] {
        let request = list_of(&(0..count).collect::<Vec<_>>());
        counter.of(&mut client, &request, 1);
        let counts = counter.of(&mut client, &request, 5);
        assert_eq!(counts, Counts { lists: 5 * lists, labels: 0, allocations: 0, mappings: 0 }, "{count}");
    }
}

/// A label comes from `malloc`, because libxl's does and whoever gets it frees it so.
#[test]
fn a_label_costs_a_hypercall_and_an_allocation() {
    let folder = tempfile::tempdir().unwrap();
    let counter = Counter::new(folder.path());
    let daemon = start(&["DOMAINS=50", "LABELS=1", &counter.setting()], &["--source", "hypercall"]);
    let mut client = daemon.connect();
    client.send(LIST);
    let labels =
        result(&client.line().unwrap()).iter().filter(|domain| domain["ssid_label"].is_string()).count() as u64;
    let counts = counter.of(&mut client, LIST, 3);
    assert_eq!(counts, Counts { lists: 3, labels: 150, allocations: 3 * labels, mappings: 0 });
}

#[test]
fn the_hypervisor_is_asked_when_it_takes_the_question() {
    let daemon = start(&["DOMAINS=3"], &[]);
    let mut client = daemon.connect();
    let said = info(&mut client);
    assert_eq!((&said["source"], &said["source_reason"]), (&json!("hypercall"), &Value::Null));
    assert_eq!(said["xen"], "4.17.make-believe");
    assert_eq!(said["libxl"], xenopsd::xl::SONAME.to_str().unwrap());
    assert_eq!(said["version"], env!("CARGO_PKG_VERSION"));
}

/// As a hypervisor of another release does.
#[test]
fn libxl_is_asked_when_the_hypervisor_refuses() {
    let daemon = start(&["DOMAINS=3", "REFUSES=1-1"], &["--source", "auto"]);
    let mut client = daemon.connect();
    let said = info(&mut client);
    assert_eq!(said["source"], "libxl");
    let why = said["source_reason"].as_str().unwrap();
    assert!(why.contains("refuses sysctl interface 0x") && why.contains("Permission denied"), "{why}");
    assert_eq!(result(&client.ask(LIST).to_string()).len(), 3);
    assert_eq!(
        info(&mut start(&[], &["--source", "libxl"]).connect())["source_reason"],
        Value::Null,
        "it was not tried"
    );
}

#[test]
fn a_source_that_is_not_there_ends_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let refusing = on_hypervisor(&["REFUSES=1-1"]);
    let refusing: Vec<&str> = refusing.iter().map(String::as_str).collect();
    for (wrapper, words) in [(&*refusing, "refuses sysctl interface"), (&[], "/dev/xen/privcmd: No such file")] {
        if wrapper.is_empty() && Path::new("/dev/xen/privcmd").exists() {
            continue;
        }
        let mut daemon = command_under(wrapper);
        let output =
            daemon.args(["--source", "hypercall", "--socket"]).arg(folder.path().join("socket")).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(69), "{said}");
        assert!(said.contains("cannot ask the hypervisor without libxl") && said.contains(words), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn a_simulated_host_has_one_source() {
    let output = command_under(&[]).args(["--sim", "1", "--source", "hypercall"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let daemon = Daemon::simulating(1);
    assert_eq!(info(&mut daemon.connect())["source"], "simulator");
}

/// The first question is asked at the start, and is answered; from the next on, the hypervisor refuses. (libxl asks
/// once more for each of ours, so it is refused other calls, but all the same.)
#[test]
fn when_the_hypervisor_fails_the_error_is_libxls() {
    let both = Both::start(&["DOMAINS=3", "REFUSES=2-1000"]);
    // That of libxl has not asked yet.
    both.libxl.connect().ask(LIST);
    let clients = &mut both.connect();
    let list = ask_both(clients, LIST);
    assert!(list.contains("libxl_list_domain returned nothing") && list.contains("getting domain info list"), "{list}");
    let one = ask_both(clients, &domain_info(1));
    assert!(one.contains(r#""code":-3,"#) && one.contains("Getting domain info list"), "{one}");
}

#[test]
fn a_hypercall_that_fails_once_is_made_good_by_libxl() {
    let daemon = start(&["DOMAINS=3", "REFUSES=2-2"], &["--source", "hypercall"]);
    let mut client = daemon.connect();
    for _ in 0..2 {
        assert_eq!(result(&client.ask(LIST).to_string()).len(), 3);
    }
}

/// One connection for each socket: what may be called says which it is.
#[test]
fn server_info_is_on_both_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("read-only");
    let daemon = Daemon::start(&["--sim", "1", "--read-only-socket", path.to_str().unwrap()]);
    let mut read_only = Client::new(UnixStream::connect(path).unwrap());
    let (full, read_only) = (info(&mut daemon.connect()), info(&mut read_only));
    assert_eq!((&full["access"], &read_only["access"]), (&json!("full"), &json!("read-only")));
    let mut go = daemon.connect();
    let go = go.ask(r#"{"method":"Xenops.ServerInfo","params":[{}],"id":1}"#);
    assert_eq!(go["result"], full);
    let more = daemon.connect().ask(r#"{"jsonrpc":"2.0","id":1,"method":"server_info","params":[1]}"#);
    assert_eq!(more["error"]["code"], -32602);
}
