//! Clients that keep a table of domains by `since`: what they are told, and that their table is the host's.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use xenopsd::limits::{SIM_CHURN_MAX, STATS_GONE_MAX};

use crate::common::{Client, Daemon, until};
use crate::{ask, domains, number, request, stats};

/// A table of domains, kept as README.md says.
struct Follower {
    params: Value,
    domains: BTreeMap<(u64, String), Value>,
    generation: u64,
}

/// What a follower was told.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    full: bool,
    gone: Vec<u64>,
    domids: Vec<u64>,
}

fn key(domain: &Value) -> (u64, String) {
    (number(&domain["domid"]), domain["uuid"].as_str().unwrap().to_owned())
}

fn table(domains: &[Value]) -> BTreeMap<(u64, String), Value> {
    domains.iter().map(|domain| (key(domain), domain.clone())).collect()
}

fn numbers(domains: &Value) -> Vec<u64> {
    domains.as_array().unwrap().iter().map(|domain| number(&domain["domid"])).collect()
}

impl Follower {
    fn new(params: Value) -> Self {
        Self { params, domains: BTreeMap::new(), generation: 0 }
    }

    fn params(&self) -> Value {
        let mut params = self.params.clone();
        params["since"] = self.generation.into();
        params
    }

    fn apply(&mut self, sample: &Value) -> Told {
        let full = sample["full"].as_bool().unwrap();
        if full {
            self.domains.clear();
        }
        for domain in sample["gone"].as_array().unwrap() {
            self.domains.remove(&key(domain));
        }
        self.domains.extend(table(domains(sample)));
        self.generation = number(&sample["generation"]);
        Told { full, gone: numbers(&sample["gone"]), domids: numbers(&sample["domains"]) }
    }

    fn follow(&mut self, client: &mut Client) -> Told {
        let sample = stats(client, &self.params());
        self.apply(&sample)
    }
}

fn delta(gone: &[u64], domids: &[u64]) -> Told {
    Told { full: false, gone: gone.to_vec(), domids: domids.to_vec() }
}

fn configuration(name: &str, domid: u64) -> Value {
    json!({"c_info": {"name": name, "type": "pvh", "domid": domid}, "b_info": {"type.pvh": {},
        "kernel": "/boot/vmlinuz", "max_vcpus": 1, "max_memkb": 65536, "target_memkb": 65536}})
}

#[test]
fn what_has_changed_is_told_and_nothing_else() {
    let daemon = Daemon::start(&["--sim", "20", "--sim-seed", "7"]);
    let mut client = daemon.connect();
    let client = &mut client;
    let mut follower = Follower::new(json!({"groups": ["name", "state", "memory"]}));
    let mut state = Follower::new(json!({"groups": ["state"]}));
    let first = follower.follow(client);
    assert!(first.full && first.domids == (0..20).collect::<Vec<_>>() && first.gone.is_empty());
    assert!(state.follow(client).full);
    let still = follower.generation;
    assert_eq!((follower.follow(client), state.follow(client)), (delta(&[], &[]), delta(&[], &[])));
    assert_eq!(follower.generation, still, "nothing has changed, and there is no new generation");

    ask(client, "domain_pause", &json!([3]));
    assert_eq!((follower.follow(client), state.follow(client)), (delta(&[], &[3]), delta(&[], &[3])));
    assert_eq!(follower.generation, still + 1);
    ask(client, "domain_rename", &json!([4, null, "other"]));
    assert_eq!((follower.follow(client), state.follow(client)), (delta(&[], &[4]), delta(&[], &[])));
    ask(client, "set_memory_target", &json!([5, 65536, 0, 1]));
    until("the guest has given memory back", || follower.follow(client) == delta(&[], &[5]));
    // Two changes between two samples, one of them undone.
    ask(client, "domain_unpause", &json!([3]));
    ask(client, "domain_pause", &json!([3]));
    ask(client, "domain_pause", &json!([8]));
    assert_eq!((follower.follow(client), state.follow(client)), (delta(&[], &[8]), delta(&[], &[8])));
    let all = stats(client, &follower.params);
    assert_eq!(follower.domains, table(domains(&all)));
}

#[test]
fn a_number_that_is_used_again_is_another_domain() {
    let daemon = Daemon::start(&["--sim", "20", "--sim-seed", "7"]);
    let mut client = daemon.connect();
    let client = &mut client;
    let mut follower = Follower::new(json!({"groups": ["name", "state", "memory"]}));
    let mut one = Follower::new(json!({"groups": ["name"], "domids": [3]}));
    let mut other = Follower::new(json!({"groups": ["name"], "domids": [5, 20]}));
    for follower in [&mut follower, &mut one, &mut other] {
        follower.follow(client);
    }
    let before = follower.domains.clone();
    // Seen to be gone, then to have come.
    ask(client, "domain_destroy", &json!([3]));
    assert_eq!(follower.follow(client), delta(&[3], &[]));
    assert_eq!(follower.domains.len(), 19);
    ask(client, "domain_create_new", &json!({"d_config": configuration("third", 3)}));
    assert_eq!(follower.follow(client), delta(&[], &[3]));
    // Not seen to be gone in between.
    ask(client, "domain_destroy", &json!([3]));
    ask(client, "domain_create_new", &json!({"d_config": configuration("fourth", 3)}));
    assert_eq!(follower.follow(client), delta(&[3], &[3]));
    let now: Vec<&Value> = follower.domains.values().filter(|domain| domain["domid"] == 3).collect();
    assert_eq!((now.len(), &now[0]["name"]), (1, &json!("fourth")));
    assert!(!before.contains_key(&key(now[0])));
    // Two have gone from that number, of which this client knew the first.
    assert_eq!(one.follow(client), delta(&[3, 3], &[3]));
    assert_eq!(one.domains.values().map(|domain| &domain["name"]).collect::<Vec<_>>(), ["fourth"]);
    assert_eq!(other.follow(client), delta(&[], &[]), "others' numbers are none of its");
    let all = stats(client, &follower.params);
    assert_eq!(follower.domains, table(domains(&all)));
}

/// A sample of everything, one of what has changed, a sample of everything, in one turn: when the host was the same
/// before and after, it was so in between.
#[test]
fn thousands_that_come_and_go_leave_the_same_table() {
    let daemon = Daemon::start(&["--sim", "40", "--sim-seed", "7", "--sim-churn", "2000"]);
    let mut client = daemon.connect();
    let mut followers =
        ["cpu", "vcpus"].map(|group| Follower::new(json!({"groups": ["name", "state", "memory", group]})));
    // The same question twice would be answered by one call.
    let everything = [json!([["name", "state", "cpu", "memory"]]), json!([["memory", "cpu", "state", "name"]])];
    let (mut same, mut gone, mut came, mut deltas) = (0, 0, 0, 0);
    for sample in 0..1000 {
        let texts = [&everything[0], &followers[0].params(), &followers[1].params(), &everything[1]];
        let texts = texts.into_iter().zip(0..).map(|(params, id)| request(id, "domain_stats", params));
        let mut replies = client.ask(&format!("[{}]", texts.collect::<Vec<_>>().join(",")));
        let [before, changes, vcpus, after] = [0, 1, 2, 3].map(|at| replies[at]["result"].take());
        let known: Vec<_> = followers[0].domains.keys().cloned().collect();
        let told = followers[0].apply(&changes);
        assert_eq!((told.full, followers[1].apply(&vcpus).full), (sample == 0, sample == 0));
        gone += told.gone.len();
        came += followers[0].domains.keys().filter(|who| !known.contains(who)).count();
        deltas += usize::from(told.domids.len() < domains(&before).len());
        if without_time(domains(&before)) == without_time(domains(&after)) {
            same += 1;
            let ours: Vec<Value> = followers[0].domains.values().cloned().collect();
            assert_eq!(without_time(&ours), without_time(domains(&before)));
            let times = [domains(&before), &ours, domains(&after)].map(times);
            for at in 0..ours.len() {
                assert!(times.iter().map(|times| times[at]).is_sorted(), "{times:?}");
            }
            let theirs = followers[1].domains.values().map(without_cpu).collect::<Vec<_>>();
            assert_eq!(theirs, domains(&before).iter().map(without_cpu).collect::<Vec<_>>());
        }
    }
    assert!(same > 500 && gone > 50 && came > 50 && deltas > 500, "{same} {gone} {came} {deltas}");
}

fn without(domain: &Value, members: &[&str]) -> Value {
    let mut domain = domain.clone();
    members.iter().for_each(|member| drop(domain.as_object_mut().unwrap().remove(*member)));
    domain
}

fn without_time(domains: &[Value]) -> Vec<Value> {
    domains.iter().map(|domain| without(domain, &["cpu_time"])).collect()
}

fn without_cpu(domain: &Value) -> Value {
    without(domain, &["cpu_time", "vcpu_online", "vcpu_max_id", "vcpus"])
}

fn times(domains: &[Value]) -> Vec<u64> {
    domains.iter().map(|domain| number(&domain["cpu_time"])).collect()
}

#[test]
fn a_daemon_that_was_started_again_tells_everything() {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world");
    let options = ["--sim", "20", "--sim-world", world.to_str().unwrap()];
    let mut daemon = Daemon::start(&options);
    let mut follower = Follower::new(json!({"groups": ["name", "state", "memory"]}));
    follower.follow(&mut daemon.connect());
    let before = follower.generation;
    let next = daemon.kill_and_restart(&options);
    drop(daemon.wait());
    let mut client = next.connect();
    // Somebody else begins.
    Follower::new(json!({"groups": ["cpu"]})).follow(&mut client);
    assert!(follower.follow(&mut client).full);
    assert_ne!(follower.generation, before);
    assert_eq!(follower.follow(&mut client), delta(&[], &[]));
    assert_eq!(follower.domains.len(), 20);
}

#[test]
fn a_generation_that_never_was_is_told_everything() {
    let daemon = Daemon::simulating(3);
    let mut client = daemon.connect();
    let generation = number(&stats(&mut client, &json!({"groups": ["memory"], "since": 0}))["generation"]);
    for (since, full) in [(0, true), (1, true), (generation, false), (generation + 1, true), (u64::MAX, true)] {
        let sample = stats(&mut client, &json!({"groups": ["memory"], "since": since}));
        assert_eq!(sample["full"], full, "{since}");
        assert_eq!(domains(&sample).len(), if full { 3 } else { 0 });
        assert_eq!(number(&sample["generation"]), generation);
    }
}

/// `STATS_GONE_MAX` of them are remembered.
#[test]
fn who_stays_away_while_very_many_have_gone_is_told_everything() {
    let daemon = Daemon::start(&["--sim", "40", "--sim-seed", "7", "--sim-churn", &SIM_CHURN_MAX.to_string()]);
    let mut client = daemon.connect();
    let params = json!({"fields": ["domid"], "since": 0});
    let start = number(&stats(&mut client, &params)["generation"]);
    let mut most = 0;
    until("too many have gone", || {
        let sample = stats(&mut client, &json!({"fields": ["domid"], "since": start}));
        let gone = sample["gone"].as_array().unwrap().len();
        assert!(gone <= STATS_GONE_MAX);
        most = most.max(gone);
        sample["full"] == true
    });
    assert!(most > STATS_GONE_MAX / 2, "{most}");
}

/// README.md's requests and replies, `-->` and `<--`, each on lines of its own.
fn conversation() -> Vec<String> {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("\n## For monitoring agents\n").unwrap();
    let mut texts: Vec<String> = Vec::new();
    for line in section.split("\n## ").next().unwrap().lines().filter_map(|line| line.strip_prefix("    ")) {
        match line.strip_prefix("--> ").or_else(|| line.strip_prefix("<-- ")) {
            Some(begin) => texts.push(begin.to_owned()),
            None => texts.last_mut().unwrap().push_str(line.trim_start()),
        }
    }
    texts
}

/// A reply without what is another each time.
fn without_clocks(mut reply: Value) -> Value {
    let result = reply["result"].as_object_mut().unwrap();
    for member in ["monotonic_ns", "wallclock_ns", "generation"] {
        assert!(result.insert(member.to_owned(), Value::Null).is_some_and(|value| value.is_u64()));
    }
    let cpu_times =
        reply["result"]["domains"].as_array_mut().unwrap().iter_mut().flat_map(|one| one.get_mut("cpu_time"));
    cpu_times.for_each(|time| *time = Value::Null);
    reply
}

#[test]
fn the_conversation_in_the_readme_goes_as_it_is_written_there() {
    let daemon = Daemon::simulating(4);
    let mut client = daemon.connect();
    let texts = conversation();
    assert_eq!(texts.len(), 4, "{texts:#?}");
    let shown = |at: usize| serde_json::from_str::<Value>(&texts[at]).unwrap();
    let first = client.ask(&texts[0]);
    assert_eq!(without_clocks(first.clone()), without_clocks(shown(1)));
    ask(&mut client, "domain_destroy", &json!([2]));
    ask(&mut client, "domain_pause", &json!([3]));
    let mut next = shown(2);
    assert_eq!(next["params"]["since"], shown(1)["result"]["generation"]);
    next["params"]["since"] = first["result"]["generation"].clone();
    assert_eq!(without_clocks(client.ask(&next.to_string())), without_clocks(shown(3)));
}
