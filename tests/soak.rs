//! Very many calls of every kind, with operations that fail and workers that are killed: nothing is lost, and nothing
//! is left.
//!
//! In: the shipped binary on a simulated host. Clients send what a seeded generator makes up: looks in the loop and in
//! workers, short and long changes, batches, notifications, aborts, bad requests, descriptors that nobody takes; now and
//! then one leaves with requests open, and a worker of the daemon is killed. Out: proof that each request got exactly one
//! reply, that a poll is answered all the time, and that memory, descriptors and processes stay flat.
//! `--nocapture` shows what was done and measured.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::collections::{BTreeMap, HashMap};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{Client, Daemon, until};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::{Value, json};
use xenopsd::limits::WORKERS_DEFAULT;

const CALLS: u64 = 100_000;
const CLIENTS: u64 = 4;
/// Requests of one client that are not answered yet, at most, but for one batch.
const OPEN_MAX: usize = 24;
const DOMAINS: u64 = 50;
/// One worker is killed in so many calls of a client.
const CALLS_PER_KILL: u64 = 400;
/// One client leaves without waiting for its replies in so many of its calls.
const CALLS_PER_LEAVE: u64 = 1500;
/// How much more memory the daemon may have after all calls than after the first quarter of them: what an allocator
/// keeps from a burst (a reply of fifty domains to each of the clients, say). A leak of 16 bytes a call would be more.
const GROWTH_KB_MAX: u64 = 1024;

/// After each of so many parts of the run, everybody waits, and the daemon is looked at.
const QUARTERS: u64 = 4;

/// SplitMix64: the same seed, the same calls.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// What was sent and what came back.
#[derive(Debug, Default)]
struct Tally {
    calls: BTreeMap<&'static str, u64>,
    /// Replies by their codes; 0 is a result.
    replies: BTreeMap<i64, u64>,
    sent: u64,
    notifications: u64,
    answered: u64,
    /// The client left before they were answered.
    abandoned: u64,
    progress: u64,
    /// Workers that the client killed.
    kills: u64,
}

impl Tally {
    fn add(mut self, other: &Self) -> Self {
        other.calls.iter().for_each(|(kind, count)| *self.calls.entry(kind).or_default() += count);
        other.replies.iter().for_each(|(code, count)| *self.replies.entry(*code).or_default() += count);
        self.sent += other.sent;
        self.notifications += other.notifications;
        self.answered += other.answered;
        self.abandoned += other.abandoned;
        self.progress += other.progress;
        self.kills += other.kills;
        self
    }

    fn replies_of(&self, code: i64) -> u64 {
        self.replies.get(&code).copied().unwrap_or(0)
    }
}

/// One client of the run.
struct Caller<'s> {
    daemon: &'s Daemon,
    client: Client,
    random: Random,
    name: u64,
    tally: Tally,
    /// By the first id of a message: the ids of the replies that it is to get, and whether in an array.
    open: HashMap<String, (Vec<String>, bool)>,
    /// Messages that cannot be told from each other, as their ids are `null`.
    nameless: u64,
    /// The domains that this client has made.
    domains: Vec<u64>,
}

/// What is called. Only who has made a domain destroys one.
const KINDS: &[&str] =
    &["bad", "look, loop", "look, worker", "change", "change, long", "create", "destroy", "operations"];

/// One request: its kind, its method and its params.
struct Call(&'static str, &'static str, Value);

impl<'s> Caller<'s> {
    fn new(daemon: &'s Daemon, name: u64) -> Self {
        Self {
            daemon,
            client: daemon.connect(),
            random: Random(name),
            name,
            tally: Tally::default(),
            open: HashMap::new(),
            nameless: 0,
            domains: Vec::new(),
        }
    }

    /// Goes on until so many calls have been made and answered.
    fn run(&mut self, calls: u64) {
        while self.tally.sent < calls {
            self.disturb();
            while self.open_count() >= OPEN_MAX {
                self.take_reply();
            }
            self.send();
        }
        while self.open_count() > 0 {
            self.take_reply();
        }
    }

    fn open_count(&self) -> usize {
        self.open.values().map(|(ids, _)| ids.len()).sum::<usize>() + usize::try_from(self.nameless).unwrap()
    }

    /// Kills a worker of the daemon, or leaves and comes back.
    fn disturb(&mut self) {
        if self.random.one_in(CALLS_PER_KILL) {
            let workers = self.daemon.workers();
            if !workers.is_empty() {
                let at = usize::try_from(self.random.next() % workers.len() as u64).unwrap();
                self.tally.kills += u64::from(kill(self.daemon, workers[at]));
            }
        }
        if self.random.one_in(CALLS_PER_LEAVE) {
            self.tally.abandoned += self.open_count() as u64;
            self.open.clear();
            self.nameless = 0;
            self.client = self.daemon.connect();
        }
    }

    fn send(&mut self) {
        match self.random.below(40) {
            0..2 => self.send_bad(),
            2..5 => self.send_batch(),
            5 => {
                let null = std::fs::File::open("/dev/null").unwrap();
                let (id, text) = self.request(true);
                self.client.send_with(&text, &[null.as_fd()]);
                self.expect(id.into_iter().collect(), false);
            }
            6..9 => {
                let (_, text) = self.request(false);
                self.client.send(text);
            }
            _ => {
                let (id, text) = self.request(true);
                self.client.send(text);
                self.expect(id.into_iter().collect(), false);
            }
        }
    }

    fn send_bad(&mut self) {
        let bad = [
            r#"{"jsonrpc":"2.0","id":7,"method":}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"list_domain"}"#,
            r#"{"jsonrpc":"1.9","id":null}"#,
            "[]",
            r#"[{"jsonrpc":"2.0","id":1,"method":"domain_pause","params":[1]},nonsense]"#,
        ];
        let at = usize::try_from(self.random.below(bad.len() as u64)).unwrap();
        self.client.send(bad[at]);
        self.count("bad");
        self.nameless += 1;
    }

    fn send_batch(&mut self) {
        let (mut ids, mut texts) = (Vec::new(), Vec::new());
        for _ in 0..=self.random.below(8) {
            let is_answered = !self.random.one_in(6);
            let (id, text) = self.request(is_answered);
            ids.extend(id);
            texts.push(text);
        }
        self.client.send(format!("[{}]", texts.join(",")));
        self.expect(ids, true);
    }

    fn expect(&mut self, ids: Vec<String>, in_array: bool) {
        if let Some(first) = ids.first() {
            self.open.insert(first.clone(), (ids, in_array));
        }
    }

    fn count(&mut self, kind: &'static str) {
        self.tally.sent += 1;
        *self.tally.calls.entry(kind).or_default() += 1;
    }

    /// A request, with the id that it has if it is to be answered.
    fn request(&mut self, is_answered: bool) -> (Option<String>, String) {
        let Call(kind, method, params) = self.call();
        self.count(kind);
        if !is_answered {
            self.tally.notifications += 1;
            return (None, json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string());
        }
        let id = format!("{method} {}", self.tally.sent);
        let text = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string();
        (Some(id), text)
    }

    fn call(&mut self) -> Call {
        // Some do not exist, some no longer.
        let domid = json!(1 + self.random.below(DOMAINS + 2));
        match self.random.below(100) {
            0..12 => Call("look, loop", "list_domain", json!([])),
            12..28 => Call("look, loop", "domain_info", json!([domid])),
            28..36 => Call("look, loop", "get_free_memory", json!([])),
            36..48 => Call("look, worker", "domid_to_name", json!([domid])),
            48..54 => Call("look, worker", "device_disk_list", json!([domid])),
            54..56 => Call("look, worker", "domain_info", json!(["Domain-0"])),
            56..60 => Call("look, worker", "userdata_retrieve", json!([domid, "soak"])),
            60..69 => Call("change", "domain_pause", json!([domid])),
            69..77 => Call("change", "domain_unpause", json!([domid])),
            77..80 => Call("change", "domain_pause", json!([format!("soak-{}-{}", self.name, self.tally.sent)])),
            80..86 => Call("change", "userdata_store", json!([domid, "soak", "c29haw=="])),
            86..88 => Call("change", "userdata_unlink", json!([domid, "soak"])),
            88..90 => Call("change, long", "device_disk_add", json!([domid, disk()])),
            90..92 => Call("change, long", "device_disk_remove", json!([domid, disk()])),
            92..95 => self.make_or_destroy(),
            95..97 => Call("operations", "operation_list", json!([])),
            _ => Call("operations", "operation_abort", json!([self.tally.sent])),
        }
    }

    fn make_or_destroy(&mut self) -> Call {
        match self.domains.pop() {
            Some(domid) => Call("destroy", "domain_destroy", json!({"domid": domid, "progress": true})),
            None => {
                let name = format!("soak-{}-{}", self.name, self.tally.sent);
                let kind = json!({"type.pvh": {}, "max_memkb": 4096, "target_memkb": 4096, "kernel": "/boot/guest"});
                let config = json!({"c_info": {"type": "pvh", "name": name}, "b_info": kind});
                Call("create", "domain_create_new", json!({"d_config": config, "progress": true}))
            }
        }
    }

    /// Takes one line, which must be what an open request is to get.
    fn take_reply(&mut self) {
        let reply = self.client.reply();
        if reply["method"] == "progress" {
            self.tally.progress += 1;
            return;
        }
        let in_array = reply.is_array();
        let replies = if let Value::Array(replies) = reply { replies } else { vec![reply] };
        if replies[0]["id"].is_null() {
            assert!(self.nameless > 0, "nothing is to be answered without an id: {replies:?}");
            self.nameless -= 1;
        } else {
            let ids: Vec<String> = replies.iter().map(|reply| reply["id"].as_str().unwrap().to_owned()).collect();
            let expected = self.open.remove(&ids[0]).unwrap_or_else(|| panic!("nobody asked for {replies:?}"));
            assert_eq!((ids, in_array), expected);
        }
        replies.iter().for_each(|reply| self.note(reply));
    }

    fn note(&mut self, reply: &Value) {
        let code = match reply.get("result") {
            Some(_) => 0,
            None => reply["error"]["code"].as_i64().unwrap(),
        };
        self.tally.answered += 1;
        *self.tally.replies.entry(code).or_default() += 1;
        if code == 0 && reply["id"].as_str().is_some_and(|id| id.starts_with("domain_create_new")) {
            self.domains.push(reply["result"].as_u64().unwrap());
        }
    }
}

fn disk() -> Value {
    json!({"vdev": "xvds", "pdev_path": "/dev/vg/soak", "format": "raw"})
}

/// Kills this process if it is a child of the daemon's; its number may be another's by now, a descriptor cannot be.
fn kill(daemon: &Daemon, pid: Pid) -> bool {
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
        return false;
    };
    daemon.workers().contains(&pid) && pidfd_send_signal(process, Signal::KILL).is_ok()
}

/// How the daemon is when it has nothing to do.
#[derive(Debug, Clone, Copy)]
struct State {
    resident_kb: u64,
    descriptors: usize,
    workers: usize,
}

impl State {
    /// Waits until only workers for short calls are left, and nothing of what has ended.
    fn of(daemon: &Daemon, client: &mut Client) -> Self {
        let list = r#"{"jsonrpc":"2.0","id":1,"method":"operation_list"}"#;
        until("no operation waits or runs", || client.ask(list)["result"] == json!([]));
        until("the workers of long calls have ended, and are no zombies", || {
            let workers = daemon.workers();
            workers.len() <= WORKERS_DEFAULT && workers.iter().all(|pid| !is_zombie(*pid))
        });
        let workers = daemon.workers().len();
        Self { resident_kb: resident_kb(daemon.pid()), descriptors: daemon.descriptors(), workers }
    }

    /// Descriptors other than those of workers: each of them has one.
    fn own_descriptors(self) -> usize {
        self.descriptors - self.workers
    }
}

fn status(pid: Pid, field: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
    status.lines().find_map(|line| Some(line.strip_prefix(field)?.trim().to_owned()))
}

fn is_zombie(pid: Pid) -> bool {
    status(pid, "State:").is_some_and(|state| state.starts_with('Z'))
}

fn resident_kb(pid: Pid) -> u64 {
    status(pid, "VmRSS:").unwrap().trim_end_matches(" kB").parse().unwrap()
}

/// Polls until it is told that the others are done; how often.
fn poll(daemon: &Daemon, done: &AtomicBool) -> u64 {
    let (mut client, mut polls) = (daemon.connect(), 0);
    while !done.load(Ordering::Relaxed) {
        let reply = client.ask(r#"{"jsonrpc":"2.0","id":"poll","method":"list_domain"}"#);
        assert!(reply["id"] == "poll" && reply["result"].is_array(), "{reply}");
        polls += 1;
        // As a monitoring agent does: it is to be answered always, not to keep the daemon busy.
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    polls
}

/// Destroys what clients have made and not destroyed, as they did not hear of it, or were told that it failed.
fn tidy_up(client: &mut Client) {
    until("only the host's own domains are left", || {
        let list = client.ask(r#"{"jsonrpc":"2.0","id":1,"method":"list_domain"}"#);
        let domids = list["result"].as_array().unwrap().iter().map(|one| one["domid"].as_u64().unwrap());
        let made: Vec<u64> = domids.filter(|domid| *domid >= DOMAINS).collect();
        for domid in &made {
            client.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "domain_destroy", "params": [domid]}).to_string());
        }
        made.is_empty()
    });
}

/// All clients at once, each until so many calls have been made; how often somebody polled meanwhile.
fn run_all(callers: &mut [Caller<'_>], daemon: &Daemon, calls: u64) -> u64 {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let poller = scope.spawn(|| poll(daemon, &done));
        let callers: Vec<_> = callers.iter_mut().map(|caller| scope.spawn(|| caller.run(calls))).collect();
        let ends: Vec<_> = callers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        ends.into_iter().for_each(|end| end.unwrap());
        poller.join().unwrap()
    })
}

/// What fails, and how often.
const FAULTS: &[&str] = &[
    "domain_pause=FAIL:0.1",
    "device_disk_add=NOMEM:0.1",
    "domain_create_new=FAIL:0.1",
    "domain_destroy=TIMEDOUT:0.05",
];

#[test]
fn nothing_is_lost_and_nothing_is_left() {
    let mut options = vec!["--sim", "50", "--sim-seed", "3", "--sim-latency", "1"];
    FAULTS.iter().for_each(|fault| options.extend(["--sim-fault", fault]));
    let daemon = Daemon::start(&options);
    let mut client = daemon.connect();
    let mut callers: Vec<Caller<'_>> = (0..CLIENTS).map(|name| Caller::new(&daemon, name)).collect();
    callers.iter_mut().for_each(|caller| caller.client.ping());
    let start = State::of(&daemon, &mut client);
    let (mut polls, mut states) = (0, Vec::new());
    for quarter in 1..=QUARTERS {
        polls += run_all(&mut callers, &daemon, CALLS / CLIENTS * quarter / QUARTERS);
        tidy_up(&mut client);
        callers.iter_mut().for_each(|caller| caller.domains.clear());
        until("connections that have ended are closed, and nothing else is open", || {
            State::of(&daemon, &mut client).own_descriptors() == start.own_descriptors()
        });
        states.push(State::of(&daemon, &mut client));
    }
    let tally = callers.iter().map(|caller| &caller.tally).fold(Tally::default(), Tally::add);
    println!(
        "{tally:#?}
{polls} polls
at the start {start:?}
after each quarter {states:#?}"
    );

    assert_eq!(tally.sent, tally.answered + tally.notifications + tally.abandoned);
    assert!(tally.kills > 0 && tally.abandoned > 0 && polls > QUARTERS);
    for kind in KINDS {
        assert!(tally.calls.contains_key(kind), "no call of this kind: {kind}");
    }
    // A worker that is killed costs at most the one call that it has.
    let lost = tally.replies_of(-32008) + tally.replies_of(-32010);
    assert!(lost <= tally.kills, "{lost} calls were lost with {} workers", tally.kills);
    let last = states[states.len() - 1];
    let growth_kb = last.resident_kb.saturating_sub(states[0].resident_kb);
    assert!(growth_kb <= GROWTH_KB_MAX, "{growth_kb} KiB more than after the first quarter");
    client.ping();
}
