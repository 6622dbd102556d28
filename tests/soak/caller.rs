//! One client of the soak: it makes calls up, sends them, and takes the replies.
//!
//! In: a daemon and a seed. Out: what was sent and what came back. A reply that nobody asked for, or that is not as it
//! was asked for, fails the test.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::AsFd;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::{Value, json};

use crate::DOMAINS;
use crate::common::{Client, Daemon};

/// Requests of one client that are not answered yet, at most, but for one batch.
const OPEN_MAX: usize = 24;
/// One worker is killed in so many calls of a client.
const CALLS_PER_KILL: u64 = 400;
/// One client leaves without waiting for its replies in so many of its calls.
const CALLS_PER_LEAVE: u64 = 1500;

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
pub(crate) struct Tally {
    pub(crate) calls: BTreeMap<&'static str, u64>,
    /// Replies by their codes; 0 is a result.
    pub(crate) replies: BTreeMap<i64, u64>,
    pub(crate) sent: u64,
    pub(crate) notifications: u64,
    pub(crate) answered: u64,
    /// The client left before they were answered.
    pub(crate) abandoned: u64,
    /// Workers that the client killed.
    pub(crate) kills: u64,
}

impl Tally {
    pub(crate) fn add(mut self, other: &Self) -> Self {
        other.calls.iter().for_each(|(kind, count)| *self.calls.entry(kind).or_default() += count);
        other.replies.iter().for_each(|(code, count)| *self.replies.entry(*code).or_default() += count);
        self.sent += other.sent;
        self.notifications += other.notifications;
        self.answered += other.answered;
        self.abandoned += other.abandoned;
        self.kills += other.kills;
        self
    }

    pub(crate) fn replies_of(&self, code: i64) -> u64 {
        self.replies.get(&code).copied().unwrap_or(0)
    }
}

/// One client of the run.
pub(crate) struct Caller<'s> {
    daemon: &'s Daemon,
    pub(crate) client: Client,
    random: Random,
    name: u64,
    pub(crate) tally: Tally,
    /// By the first id of a message: the ids of the replies that it is to get, and whether in an array.
    open: HashMap<String, (Vec<String>, bool)>,
    /// Messages that cannot be told from each other, as their ids are `null`.
    nameless: u64,
    /// The domains that this client has made.
    pub(crate) domains: Vec<u64>,
}

/// What is called. Only who has made a domain destroys one.
pub(crate) const KINDS: &[&str] =
    &["bad", "look, loop", "look, worker", "change", "change, long", "create", "destroy", "operations"];

/// One request: its kind, its method and its params.
struct Call(&'static str, &'static str, Value);

impl<'s> Caller<'s> {
    pub(crate) fn new(daemon: &'s Daemon, name: u64) -> Self {
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
    pub(crate) fn run(&mut self, calls: u64) {
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
            Some(domid) => Call("destroy", "domain_destroy", json!([domid])),
            None => {
                let name = format!("soak-{}-{}", self.name, self.tally.sent);
                let kind = json!({"type.pvh": {}, "max_memkb": 4096, "target_memkb": 4096, "kernel": "/boot/guest"});
                let config = json!({"c_info": {"type": "pvh", "name": name}, "b_info": kind});
                Call("create", "domain_create_new", json!([config]))
            }
        }
    }

    /// Takes one line, which must be what an open request is to get.
    fn take_reply(&mut self) {
        let reply = self.client.reply();
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
