//! Names of domains, told by xenstored when they change: the shipped binary on the make-believe hypervisor of
//! `tests/hypervisor`, with a xenstored that is played here, on a socket.
//!
//! In: what this xenstored is made to hold, and to do. Out: what the daemon calls domains, and what that took. No
//! worker can begin in here (its hypervisor is not loaded in front of it), so what is answered, the loop has answered.
//! `XENSTORE_UNSENT_BYTES_MAX` is tested beside the names: here it would take a xenstored that only talks.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use common::{Client, Daemon, until};
use serde_json::{Value, json};
use xenopsd::api::{Lookup, Method};
use xenopsd::json::{PADDING, Writer};
use xenopsd::rpc::{Access, Office, Refused, Rpc, Task, Which};
use xenopsd::wire::{Descriptors, Scan, Scanner};
use xenopsd::xl::Xl;

const XS_READ: u32 = 2;
const XS_WATCH: u32 = 4;
const XS_WATCH_EVENT: u32 = 15;
const XS_ERROR: u32 = 16;
/// What the daemon says when a call was given to a worker, and there is none.
const NO_WORKER: i64 = -32010;

/// What xenstored holds, and what has been asked of it.
#[derive(Debug, Default)]
struct Held {
    nodes: BTreeMap<String, String>,
    watches: Vec<(String, String)>,
    asked: usize,
    /// It takes requests and says nothing.
    is_silent: bool,
    /// What is sent now, whatever the protocol says.
    sent: Vec<u8>,
    gone: bool,
}

impl Held {
    fn say(&mut self, kind: u32, request: u32, payload: &str) {
        for word in [kind, request, 0, u32::try_from(payload.len()).unwrap()] {
            self.sent.extend(word.to_ne_bytes());
        }
        self.sent.extend(payload.bytes());
    }

    fn fire(&mut self, path: &str) {
        for (_, token) in self.watches.clone().iter().filter(|(watched, _)| watched == path) {
            self.say(XS_WATCH_EVENT, 0, &format!("{path}\0{token}\0"));
        }
    }

    fn answer(&mut self, kind: u32, request: u32, payload: &str) {
        self.asked += 1;
        if self.is_silent {
            return;
        }
        let mut strings = payload.split('\0');
        let path = strings.next().unwrap().to_owned();
        match kind {
            XS_READ => match self.nodes.get(&path).cloned() {
                Some(value) => self.say(XS_READ, request, &value),
                None => self.say(XS_ERROR, request, "ENOENT\0"),
            },
            XS_WATCH => {
                self.watches.push((path.clone(), strings.next().unwrap().to_owned()));
                self.say(XS_WATCH, request, "OK\0");
                self.fire(&path);
            }
            other => self.say(other, request, "OK\0"),
        }
    }
}

/// A xenstored with one client.
struct Xenstored {
    held: Arc<Mutex<Held>>,
    folder: tempfile::TempDir,
}

impl Xenstored {
    fn start(names: &[(u32, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("xenstored")).unwrap();
        let held = Arc::new(Mutex::new(Held::default()));
        for (domid, name) in names {
            held.lock().unwrap().nodes.insert(node(*domid), (*name).to_owned());
        }
        let shared = held.clone();
        std::thread::spawn(move || serve(&listener.accept().unwrap().0, &shared));
        Self { held, folder }
    }

    /// The daemon, on as many domains.
    fn daemon(&self, domains: u32) -> Daemon {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hypervisor/privcmd.c");
        let made = self.folder.path().join("hypervisor.so");
        let compiled =
            Command::new("cc").args(["-shared", "-fPIC", "-O2", "-o"]).arg(&made).arg(source).status().unwrap();
        assert!(compiled.success(), "cc: {compiled}");
        let preload = format!("LD_PRELOAD={}", made.display());
        let xenstored = format!("XENSTORED_PATH={}", self.folder.path().join("xenstored").display());
        let domains = format!("MAKE_BELIEVE_DOMAINS={domains}");
        Daemon::start_under(&["env", &preload, &xenstored, &domains], &[])
    }

    fn with<T>(&self, act: impl FnOnce(&mut Held) -> T) -> T {
        act(&mut self.held.lock().unwrap())
    }

    fn set(&self, domid: u32, name: &str) {
        self.with(|held| {
            held.nodes.insert(node(domid), name.to_owned());
            held.fire(&node(domid));
        });
    }
}

fn node(domid: u32) -> String {
    format!("/local/domain/{domid}/name")
}

/// Answers requests, and sends what is to be sent, until that is over.
fn serve(mut socket: &UnixStream, held: &Mutex<Held>) {
    socket.set_nonblocking(true).unwrap();
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        match socket.read(&mut chunk) {
            Ok(0) => return,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(1)),
        }
        let mut held = held.lock().unwrap();
        while bytes.len() >= 16 {
            let word = |at: usize| u32::from_ne_bytes(bytes[at * 4..][..4].try_into().unwrap());
            let (kind, request, length) = (word(0), word(1), word(3) as usize);
            if bytes.len() < 16 + length {
                break;
            }
            let payload = String::from_utf8(bytes.drain(..16 + length).skip(16).collect()).unwrap();
            held.answer(kind, request, &payload);
        }
        let sent = std::mem::take(&mut held.sent);
        if socket.write_all(&sent).is_err() || held.gone {
            return;
        }
    }
}

fn ask(client: &mut Client, method: &str, params: &Value) -> Value {
    client.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string())
}

fn are_known(client: &mut Client) -> bool {
    ask(client, "server_info", &json!([]))["result"]["names"] == "known"
}

/// A daemon on so many domains, once it knows the names that xenstored has of them.
fn known_on(domains: u32) -> (Xenstored, Daemon, Client) {
    let xenstored = Xenstored::start(&NAMES);
    let daemon = xenstored.daemon(domains);
    let mut client = daemon.connect();
    until("names are known", || are_known(&mut client));
    (xenstored, daemon, client)
}

/// The name, or the code of the error.
fn name(client: &mut Client, domid: u32) -> Value {
    let reply = ask(client, "domid_to_name", &json!([domid]));
    if reply["error"].is_null() { reply["result"].clone() } else { reply["error"]["code"].clone() }
}

/// Ends a daemon whose workers have said that they cannot begin.
fn end(daemon: Daemon) -> String {
    daemon.signal(rustix::process::Signal::TERM);
    let (status, said) = daemon.wait();
    assert!(status.success(), "{status}: {said}");
    said
}

/// An office that knows names, or believes so: what it is given to do by others.
#[derive(Default)]
struct Knowing {
    descriptors: Descriptors,
    given: Vec<String>,
}

impl Office for Knowing {
    fn runs_here(&self, _: &Method) -> bool {
        true
    }

    fn lookup(&self) -> Lookup {
        Lookup::Names
    }

    fn access(&self) -> Access {
        Access::Full
    }

    fn others_wait(&self) -> bool {
        false
    }

    fn descriptors(&mut self) -> &mut Descriptors {
        &mut self.descriptors
    }

    fn submit(&mut self, task: Task<'_>) -> Result<(), Refused<'static>> {
        self.given.push(std::str::from_utf8(task.document).unwrap().to_owned());
        Ok(())
    }

    fn list(&self, _: &mut Writer<'_>) {}

    fn abort(&mut self, _: Which<'_>) -> Result<(), Refused<'static>> {
        Err(Refused::NoOperation)
    }
}

/// By then libxl's function has been called here, with a string that was made C's where it stood.
#[test]
fn what_a_worker_gets_is_what_came() {
    let xl = Xl::open(xenopsd::sim::start(20, 7).unwrap()).unwrap();
    let (mut rpc, mut scanner, mut office) = (Rpc::new(xl), Scanner::default(), Knowing::default());
    let requests = [
        r#"{"jsonrpc":"2.0","id":"a","method":"name_to_domid","params":["nobody"]}"#,
        r#"{"jsonrpc":"2.0","id":"b","method":"name_to_domid","params":{"name":"no\u0062ody"}}"#,
        r#"{"jsonrpc":"2.0","id":"c","method":"domain_info","params":["nobody"]}"#,
        r#"{"jsonrpc":"2.0","id":"d","method":"domid_to_name","params":[4000]}"#,
    ];
    for request in requests {
        let mut bytes = [request.as_bytes(), &[0; PADDING]].concat();
        let Scan::Frame(_) = scanner.scan(&bytes[..request.len()]) else { panic!("no message") };
        let mut out = Vec::new();
        rpc.answer_one(&mut bytes, &scanner.elements()[0], &mut out, &mut office);
        assert_eq!(String::from_utf8(out).unwrap(), "");
        scanner.restart();
    }
    assert_eq!(office.given, requests);
}

/// The make-believe hypervisor's domains are 0, 1, 3, 4, 6, 7 and so on.
const NAMES: [(u32, &str); 4] = [(0, "Domain-0"), (1, "web"), (3, "db"), (4, "web")];

#[test]
fn names_are_answered_in_the_loop() {
    let (_xenstored, _daemon, mut client) = known_on(4);
    for (domid, called) in NAMES {
        assert_eq!(name(&mut client, domid), called);
    }
    for (called, domid) in [("Domain-0", 0), ("web", 1), ("db", 3)] {
        assert_eq!(ask(&mut client, "name_to_domid", &json!([called]))["result"], domid, "{called}");
    }
    let by_name = ask(&mut client, "domain_info", &json!(["db"]));
    assert_eq!(by_name, ask(&mut client, "domain_info", &json!([3])));
    assert_eq!(by_name["result"]["domid"], 3);
}

#[test]
fn a_warm_poll_asks_xenstored_nothing() {
    let (xenstored, _daemon, mut client) = known_on(4);
    let asked = xenstored.with(|held| held.asked);
    assert_eq!(asked, 2 + 2 * 4, "two watches, and for each domain a watch and a read");
    for _ in 0..50 {
        name(&mut client, 3);
        ask(&mut client, "name_to_domid", &json!(["web"]));
        ask(&mut client, "list_domain", &json!([]));
    }
    assert_eq!(xenstored.with(|held| held.asked), asked);
}

#[test]
fn a_name_that_somebody_else_changes_is_heard() {
    let (xenstored, daemon, mut client) = known_on(4);
    for round in 0..20 {
        let new = format!("db-{round}");
        xenstored.set(3, &new);
        until("the change is heard", || are_known(&mut client) && name(&mut client, 3) == new.as_str());
        assert_eq!(ask(&mut client, "name_to_domid", &json!([new]))["result"], 3);
    }
    // While a change is being heard, a name is asked of a worker.
    end(daemon);
}

/// Nothing can have changed while xenstored is silent; of what has, nothing is known.
#[test]
fn numbers_go_on_when_xenstored_is_silent() {
    let (xenstored, daemon, mut client) = known_on(4);
    xenstored.with(|held| held.is_silent = true);
    assert_eq!(name(&mut client, 3), "db");
    // A change that was never begun, because there is no worker, has changed nothing.
    assert_eq!(ask(&mut client, "domain_pause", &json!([3]))["error"]["code"], NO_WORKER);
    assert_eq!(name(&mut client, 3), "db");
    let asked = xenstored.with(|held| held.asked);
    xenstored.set(3, "other");
    until("the new name is asked for", || xenstored.with(|held| held.asked) > asked);
    assert!(!are_known(&mut client));
    assert_eq!(ask(&mut client, "list_domain", &json!([]))["result"].as_array().unwrap().len(), 4);
    xenstored.with(|held| {
        held.is_silent = false;
        let nodes: Vec<_> = held.watches.iter().map(|(path, _)| path.clone()).collect();
        assert_eq!(nodes.len(), 6);
        // What was asked of it in vain is answered now.
        held.say(XS_READ, 1 << 16 | 3, "other");
    });
    until("it is answered", || are_known(&mut client));
    assert_eq!(name(&mut client, 3), "other");
    end(daemon);
}

#[test]
fn what_is_not_known_is_a_workers() {
    let (_xenstored, daemon, mut client) = known_on(5);
    assert_eq!(name(&mut client, 6), NO_WORKER, "it has no name");
    assert_eq!(name(&mut client, 2), NO_WORKER, "it is not there");
    assert_eq!(ask(&mut client, "name_to_domid", &json!(["nobody"]))["error"]["code"], NO_WORKER);
    assert_eq!(ask(&mut client, "domain_info", &json!(["nobody"]))["error"]["code"], NO_WORKER);
    assert_eq!(name(&mut client, 3), "db");
    end(daemon);
}

#[test]
fn a_xenstored_that_goes_or_talks_nonsense_is_left() {
    let too_long: Vec<u8> = [XS_READ, 0, 0, 4097].iter().flat_map(|word: &u32| word.to_ne_bytes()).collect();
    let answer: Vec<u8> = [XS_READ, 0, 0, 0].iter().flat_map(|word: &u32| word.to_ne_bytes()).collect();
    for nonsense in [too_long, answer, Vec::new()] {
        let (xenstored, daemon, mut client) = known_on(4);
        xenstored.with(|held| {
            held.gone = nonsense.is_empty();
            held.sent = nonsense;
        });
        until("names are known no more", || !are_known(&mut client));
        assert_eq!(name(&mut client, 3), NO_WORKER);
        assert_eq!(ask(&mut client, "list_domain", &json!([]))["result"].as_array().unwrap().len(), 4);
        assert!(end(daemon).contains("lost xenstored"));
    }
}

#[test]
fn a_daemon_without_xenstored_says_so_and_serves_numbers() {
    let xenstored = Xenstored::start(&[]);
    std::fs::remove_file(xenstored.folder.path().join("xenstored")).unwrap();
    let daemon = xenstored.daemon(4);
    let mut client = daemon.connect();
    assert!(!are_known(&mut client));
    assert_eq!(ask(&mut client, "list_domain", &json!([]))["result"].as_array().unwrap().len(), 4);
    assert!(end(daemon).contains("cannot connect to xenstored"));
}

/// As it is in a worker, where names are asked for.
#[test]
fn a_uuid_is_no_name_even_where_a_domain_is_called_so() {
    let xl = Xl::open(xenopsd::sim::start(20, 7).unwrap()).unwrap();
    let (mut rpc, mut scanner, mut office) = (Rpc::new(xl), Scanner::default(), Knowing::default());
    let mut result = |method: &str, params: Value| {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let mut bytes = [request.as_bytes(), &[0; PADDING]].concat();
        let Scan::Frame(_) = scanner.scan(&bytes[..request.len()]) else { panic!("no message") };
        let mut out = Vec::new();
        rpc.answer_one(&mut bytes, &scanner.elements()[0], &mut out, &mut office);
        scanner.restart();
        serde_json::from_slice::<Value>(&out).unwrap()["result"].clone()
    };
    let uuid = result("domain_info", json!([3]))["uuid"].clone();
    assert_eq!(result("domain_rename", json!([4, null, uuid])), json!({}));
    assert_eq!(result("domain_info", json!([uuid]))["domid"], 3);
}
