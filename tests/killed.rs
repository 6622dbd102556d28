//! A daemon that is killed (SIGKILL) while operations run, and its successor on the same socket and the same host.
//!
//! In: the shipped binary on a simulated host that outlives it (`--sim-world`). Out: proof that running operations end
//! by themselves and say so, that nothing the next daemon says is false, and that an admin can clear up with it alone.
//! That an operation runs when the daemon is killed is made certain by freezing its process.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::os::fd::AsFd;

use common::{Client, Daemon, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// Long enough for operations to be seen running and to be frozen.
const LATENCY: &str = "10000";
/// The same for those that never end.
const HOUR: &str = "3600000";

/// A daemon on a host in a file, and the options that its successors need.
struct Host {
    _folder: tempfile::TempDir,
    options: Vec<String>,
}

impl Host {
    fn new(latency: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = folder.path().join("world").to_str().unwrap().to_owned();
        let options = ["--sim", "10", "--sim-latency", latency, "--sim-world", &world].map(str::to_owned).to_vec();
        Self { _folder: folder, options }
    }

    fn options(&self) -> Vec<&str> {
        self.options.iter().map(String::as_str).collect()
    }
}

fn request(id: u32, method: &str, params: impl serde::Serialize) -> String {
    let params = serde_json::to_value(params).unwrap();
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

fn ask(client: &mut Client, method: &str, params: impl serde::Serialize) -> Value {
    client.ask(&request(1, method, params))
}

fn create(id: u32, name: &str) -> String {
    let c_info = json!({"type": "pvh", "name": name});
    let b_info = json!({"type.pvh": {}, "max_memkb": 65536, "target_memkb": 65536, "kernel": "/boot/guest"});
    request(id, "domain_create_new", json!({"d_config": {"c_info": c_info, "b_info": b_info}, "progress": true}))
}

/// So many operations run, have said how they get on, and none waits.
fn running(client: &mut Client, count: usize) -> bool {
    let listed = ask(client, "operation_list", json!([]))["result"].clone();
    let listed = listed.as_array().unwrap();
    let has_begun = |operation: &Value| operation["state"] == "running" && operation["progress"].is_object();
    listed.len() == count && listed.iter().all(has_begun)
}

fn is_frozen(pid: Pid) -> bool {
    state(pid) == Some('T')
}

/// What the kernel says of a process, if there is one.
fn state(pid: Pid) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// The processes of so many operations that run, and go no further.
fn freeze(daemon: &Daemon, client: &mut Client, count: usize) -> Workers {
    until("all of them run", || running(client, count));
    let workers = daemon.workers();
    assert_eq!(workers.len(), count);
    workers.iter().for_each(|pid| kill_process(*pid, Signal::STOP).unwrap());
    until("they are frozen", || workers.iter().all(|pid| is_frozen(*pid)));
    assert!(running(client, count), "none of them had ended before");
    Workers(workers)
}

/// Frozen processes, which a test that fails does not leave behind.
struct Workers(Vec<Pid>);

impl Workers {
    fn signal(&self, signal: Signal) {
        self.0.iter().for_each(|pid| kill_process(*pid, signal).unwrap());
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.0.iter().filter(|pid| is_frozen(**pid)).for_each(|pid| kill_process(*pid, Signal::KILL).unwrap());
    }
}

/// They have ended, whoever may have to look at that.
fn until_gone(workers: &[Pid]) {
    until("no process is left", || workers.iter().all(|pid| state(*pid).is_none_or(|state| state == 'Z')));
}

/// Every domain by its number, with its name (null for one that is dying), once all that is said of them agrees.
fn domains(client: &mut Client) -> BTreeMap<u32, Value> {
    let listed = ask(client, "list_domain", json!([]))["result"].clone();
    let mut names = BTreeMap::new();
    for one in listed.as_array().unwrap() {
        let domid = u32::try_from(one["domid"].as_u64().unwrap()).unwrap();
        let info = ask(client, "domain_info", json!([domid]))["result"].clone();
        let same = ["domid", "uuid", "dying", "paused", "shutdown", "domain_type", "max_memkb"];
        assert!(same.iter().all(|member| info[member] == one[member]), "{info} {one}");
        let name = ask(client, "domid_to_name", json!([domid]))["result"].clone();
        assert_eq!(name.is_null(), one["dying"] == true, "{one} {name}");
        if !name.is_null() {
            assert_eq!(ask(client, "name_to_domid", json!([name]))["result"], domid);
            assert_eq!(ask(client, "domain_info", json!([name]))["result"]["uuid"], one["uuid"]);
            assert!(names.values().all(|other| *other != name), "{name} twice");
        }
        assert_eq!(ask(client, "domain_info", json!([one["uuid"]]))["result"]["domid"], domid);
        names.insert(domid, name);
    }
    let vms = ask(client, "list_vm", json!([]))["result"].clone();
    assert_eq!(vms.as_array().unwrap().len(), names.len());
    names
}

/// Three operations run when the daemon is killed: a creation, a save and a destruction.
struct Caught {
    workers: Workers,
    host: Host,
    killed: Daemon,
    daemon: Daemon,
    image: std::fs::File,
    /// What there was before.
    before: BTreeMap<u32, Value>,
}

const SAVED: u32 = 3;
const DESTROYED: u32 = 4;

impl Caught {
    fn new(latency: &str) -> Self {
        // The workers become ours. Otherwise the kernel ends them: what is frozen when it loses its parent gets SIGHUP.
        rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
        let host = Host::new(latency);
        // Names are asked for by short calls, whose worker must not be there below.
        let before = { domains(&mut Daemon::start(&host.options()).connect()) };
        let mut killed = Daemon::start(&host.options());
        let (mut client, mut other) = (killed.connect(), killed.connect());
        let image = tempfile::tempfile().unwrap();
        client.send(create(1, "new"));
        client.send_with(
            &request(2, "domain_suspend", json!({"domid": SAVED, "flags": 0, "progress": true})),
            &[image.as_fd()],
        );
        client.send(request(3, "domain_destroy", json!({"domid": DESTROYED, "progress": true})));
        let workers = freeze(&killed, &mut other, 3);
        let daemon = killed.kill_and_restart(&host.options());
        Self { host, killed, daemon, workers, image, before }
    }

    fn image(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.image.rewind().unwrap();
        self.image.read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// What can be seen as long as the three go on.
    fn expect_begun(&self) {
        let mut client = self.daemon.connect();
        let mut expected = self.before.clone();
        expected.insert(DESTROYED, Value::Null);
        assert_eq!(domains(&mut client), expected, "a dying domain, and no new one");
        assert_eq!(ask(&mut client, "domain_info", json!([SAVED]))["result"]["shutdown"], false);
        assert_eq!(ask(&mut client, "operation_list", json!([]))["result"], json!([]), "they are not this daemon's");
    }
}

#[test]
fn what_runs_when_the_daemon_is_killed_ends_by_itself_and_says_how() {
    let mut caught = Caught::new(LATENCY);
    caught.expect_begun();
    caught.workers.signal(Signal::CONT);
    until_gone(&caught.workers.0);
    let mut client = caught.daemon.connect();
    let mut expected = caught.before.clone();
    expected.remove(&DESTROYED);
    let now = domains(&mut client);
    let (&new, name) = now.iter().next_back().unwrap();
    assert_eq!((new, name), (10, &json!("new")));
    expected.insert(new, name.clone());
    assert_eq!(now, expected);
    assert_eq!(ask(&mut client, "domain_info", json!([new]))["result"]["paused"], true, "as after every creation");
    let saved = ask(&mut client, "domain_info", json!([SAVED]))["result"].clone();
    assert_eq!((&saved["shutdown"], &saved["shutdown_reason"]), (&json!(true), &json!("suspend")));
    assert!(caught.image().starts_with(b"LibxlFmt"));
    let (_, said) = caught.killed.wait();
    for line in [
        "domain_create_new: done, when its daemon was gone (operation 1)",
        "domain_suspend of domain 3: done, when its daemon was gone (operation 2)",
        "domain_destroy of domain 4: done, when its daemon was gone (operation 3)",
    ] {
        assert!(said.contains(line), "{line} in:\n{said}");
    }
    assert!(!said.contains("ERROR"), "{said}");
}

#[test]
fn what_is_left_when_everything_was_killed_can_be_cleared_up() {
    let mut caught = Caught::new(HOUR);
    caught.workers.signal(Signal::KILL);
    until_gone(&caught.workers.0);
    // Nothing more happens: the creation and the save have done nothing yet, and the destruction has been begun.
    caught.expect_begun();
    assert_eq!(caught.image(), b"");
    // The next daemon needs no patience to clear up.
    let quick = Host::new("0").options;
    let mut options = caught.host.options();
    options[3] = &quick[3];
    let mut daemon = caught.daemon.kill_and_restart(&options);
    let mut client = daemon.connect();
    assert_eq!(ask(&mut client, "domain_destroy", json!([DESTROYED]))["result"], json!({}));
    assert_eq!(ask(&mut client, "domain_info", json!([DESTROYED]))["error"]["code"], -21);
    client.send(create(1, "new"));
    let created = loop {
        match client.reply() {
            progress if progress["method"] == "progress" => {}
            reply => break reply,
        }
    };
    assert_eq!(created["result"], 10, "neither its name nor its number was taken");
    for domid in domains(&mut client).into_keys().filter(|domid| *domid != 0) {
        assert_eq!(ask(&mut client, "domain_destroy", json!([domid]))["result"], json!({}), "{domid}");
    }
    assert_eq!(domains(&mut client), BTreeMap::from([(0, json!("Domain-0"))]));
    // Also when there was nothing to do, the next one finds socket, lock and host as they should be.
    let next = daemon.kill_and_restart(&options);
    assert_eq!(domains(&mut next.connect()).len(), 1);
    for ended in [caught.killed, caught.daemon, daemon] {
        let (_, said) = ended.wait();
        assert!(!said.contains("ERROR"), "{said}");
    }
}

/// Wherever the daemon was, and with whatever half done.
#[test]
fn a_daemon_killed_at_any_moment_leaves_nothing_that_is_false() {
    let host = Host::new("1");
    let mut daemon = Daemon::start(&host.options());
    for round in 0..12 {
        let mut client = daemon.connect();
        let image = tempfile::tempfile().unwrap();
        let guests: Vec<u32> = domains(&mut client).into_keys().filter(|domid| *domid != 0).collect();
        for id in 0..6 {
            let guest = guests[usize::try_from(id).unwrap() % guests.len()];
            client.send(create(id, &format!("round-{round}-{id}")));
            match id % 3 {
                0 => client.send(request(100 + id, "domain_destroy", json!([guest]))),
                1 => client.send_with(&request(100 + id, "domain_suspend", json!([guest, 0])), &[image.as_fd()]),
                _ => client.send(request(100 + id, "domain_rename", json!([guest, null, format!("re-{round}-{id}")]))),
            }
        }
        (0..round).for_each(|_| drop(client.reply()));
        // It starts no more workers than are counted.
        daemon.freeze();
        let workers = daemon.workers();
        let next = daemon.kill_and_restart(&host.options());
        // Dying domains are looked at above.
        until_gone(&workers);
        let (_, said) = std::mem::replace(&mut daemon, next).wait();
        assert!(!said.contains("ERROR"), "{said}");
        domains(&mut daemon.connect());
    }
    let mut client = daemon.connect();
    for domid in domains(&mut client).into_keys().filter(|domid| *domid != 0) {
        assert_eq!(ask(&mut client, "domain_destroy", json!([domid]))["result"], json!({}), "{domid}");
    }
    assert_eq!(domains(&mut client).len(), 1);
}

#[test]
fn a_host_is_kept_in_its_file_from_daemon_to_daemon() {
    let host = Host::new("0");
    let daemon = Daemon::start(&host.options());
    assert_eq!(ask(&mut daemon.connect(), "domain_rename", json!([3, null, "kept"]))["result"], json!({}));
    // Two daemons may serve it at once, too: each sees what the other does.
    let second = Daemon::start(&[&host.options()[..], &["--sim", "20"][..]].concat()[2..]);
    let mut client = second.connect();
    assert_eq!(ask(&mut client, "domid_to_name", json!([3]))["result"], "kept");
    assert_eq!(domains(&mut client).len(), 10, "what --sim says counts for a new host");
    assert_eq!(ask(&mut client, "domain_destroy", json!([3]))["result"], json!({}));
    assert_eq!(ask(&mut daemon.connect(), "domain_info", json!([3]))["error"]["code"], -21);
}

#[test]
fn a_file_that_is_no_host_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world");
    std::fs::write(&file, "something else").unwrap();
    let mut command = common::command();
    command.args(["--sim", "2", "--socket"]).arg(folder.path().join("socket")).arg("--sim-world").arg(&file);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("{}: no simulated host", file.display())), "{said}");
    assert_eq!(std::fs::read(&file).unwrap(), b"something else");
}
