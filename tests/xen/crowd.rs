//! Fifty domains are created while three clients poll, and destroyed (see `crowd_names`); and the daemon is killed in
//! the middle of things.
//!
//! The first needs a client that a shell is not: this very test binary, which the run takes along into dom0. It
//! creates, polls and writes down when; what it wrote is judged here like all other evidence.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use xenopsd::client::{Client, DEFAULT_SOCKET};

use crate::crowd_names::{self, Asked, Changed};
use crate::evidence::Evidence;
use crate::values::elements;
use crate::witness::xl;

pub(crate) const DOMAINS: usize = 50;
const CLIENTS: usize = 3;
/// Where it is written down.
pub(crate) const BOOK: &str = "/evidence/crowd.json";

/// When it began and when it was over, in microseconds of one clock.
pub(crate) type Span = [u64; 2];

/// From then until now.
pub(crate) fn span_since(start: Instant, begin: Duration) -> Span {
    [begin, start.elapsed()].map(|time| u64::try_from(time.as_micros()).unwrap())
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Book {
    pub(crate) creations: Vec<Changed>,
    /// The polls of each client, and how many domains each one was told of.
    polls: Vec<Vec<(Span, usize)>>,
    /// What somebody was told of names.
    pub(crate) asked: Vec<Asked>,
}

/// Not a test: what is run in dom0.
#[test]
#[ignore = "scenarios/crowd runs it in dom0"]
fn in_dom0() {
    assert!(Path::new("/evidence").is_dir(), "this is not the dom0 of the emulated machine");
    let (start, is_over) = (Instant::now(), AtomicBool::new(false));
    let timed = |client: &mut Client, method: &str, params: &Value| {
        let begin = start.elapsed();
        let result: Value = client.call(method, params).unwrap();
        (span_since(start, begin), result)
    };
    let poll = || {
        let (mut client, mut polls) = (Client::connect(DEFAULT_SOCKET).unwrap(), Vec::new());
        while !is_over.load(Ordering::Relaxed) {
            let (span, domains) = timed(&mut client, "list_domain", &json!([]));
            polls.push((span, elements(&domains).count()));
            // Dom0 has one processor, and the creations need some of it.
            thread::sleep(Duration::from_millis(50));
        }
        polls
    };
    let create = |number: usize| {
        let name = format!("crowd-{number}");
        let c_info = json!({"name": name, "type": "pv"});
        let b_info = json!({"type.pv": {}, "kernel": "/guests/tinypv", "max_memkb": 4096, "target_memkb": 4096});
        let params = json!({"d_config": {"c_info": c_info, "b_info": b_info}});
        let (span, result) = timed(&mut Client::connect(DEFAULT_SOCKET).unwrap(), "domain_create_new", &params);
        Changed::look(span, result.as_u64().unwrap(), &name)
    };
    let book = thread::scope(|scope| {
        let pollers: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(poll)).collect();
        let asker = scope.spawn(|| crowd_names::ask(start, &is_over));
        let creations = (0..DOMAINS).map(create).collect();
        is_over.store(true, Ordering::Relaxed);
        let polls = pollers.into_iter().map(|poller| poller.join().unwrap()).collect();
        Book { creations, polls, asked: asker.join().unwrap() }
    });
    fs::write(BOOK, serde_json::to_string(&book).unwrap()).unwrap();
}

/// The program that the run takes along: this one, by a name that the scenario knows.
pub(crate) fn program() -> std::path::PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("crowd");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    program
}

#[test]
fn no_poll_waits_for_a_creation() {
    let Some(evidence) = Evidence::of_crowd() else { return };
    let Book { creations, polls, .. } = serde_json::from_str(&evidence.read("crowd.json")).unwrap();
    assert_eq!((creations.len(), polls.len()), (DOMAINS, CLIENTS));
    for (number, Changed { span: [begin, end], .. }) in creations.iter().enumerate() {
        for polls in &polls {
            let sent = || polls.iter().filter(|([sent, _], _)| (begin..end).contains(&sent));
            let answered = sent().filter(|([_, answered], _)| answered < end).count();
            // One may be on its way when the creation ends.
            assert!(
                answered > 0 && sent().count() - answered <= 1,
                "creation {number}: {:?}",
                sent().collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn fifty_domains_are_there_as_xl_says() {
    let Some(evidence) = Evidence::of_crowd() else { return };
    let names = |when: &str| xl::list(&evidence.text(when)).into_iter().map(|domain| domain.name).collect::<Vec<_>>();
    let wanted: Vec<String> = (0..DOMAINS).map(|number| format!("crowd-{number}")).collect();
    assert_eq!(names("crowd.xl")[1..], wanted);
    assert_eq!(names("crowd.gone"), ["Domain-0"]);
    // No configuration said one.
    let uuids: BTreeSet<String> = xl::list(&evidence.text("crowd.xl")).into_iter().map(|domain| domain.uuid).collect();
    assert_eq!(uuids.len(), 1 + DOMAINS);
    let Book { polls, .. } = serde_json::from_str(&evidence.read("crowd.json")).unwrap();
    for polls in polls {
        let counts: Vec<usize> = polls.into_iter().map(|(_, count)| count).collect();
        assert!(counts.is_sorted() && counts[0] <= 2 && *counts.last().unwrap() >= DOMAINS, "{counts:?}");
    }
}

/// What was under way when the daemon was killed; the last time, its workers were, too.
const KILLED: [&str; 4] = ["create", "save", "destroy", "all"];

#[test]
fn what_is_under_way_goes_on_when_the_daemon_is_killed() {
    let Some(evidence) = Evidence::of_crowd() else { return };
    // What a client ends with that cannot know what came of it; a save says where to look.
    for (what, code, left) in
        [("create", 4, &["kept", "made"][..]), ("save", 7, &["kept", "saved"]), ("destroy", 4, &["kept"])]
    {
        let client = evidence.outcome(&format!("killed.{what}.client"));
        assert_eq!(client.0, code, "{what}: {client:?}");
        assert!(client.2.starts_with("xenops: the connection to xenopsd was lost"), "{what}: {client:?}");
        // The new daemon knows nothing of it.
        assert_eq!(evidence.json(&format!("killed.{what}.operations")), json!([]));
        let names: Vec<String> =
            xl::list(&evidence.text(&format!("killed.{what}.xl"))).into_iter().map(|domain| domain.name).collect();
        assert_eq!(names[1..], *left, "{what}");
    }
    let said = evidence.read("xenopsd.err");
    for method in ["domain_create_new", "domain_suspend of domain 53", "domain_destroy of domain 54"] {
        let says = |line: &str| line.contains(method) && line.contains(": done, when its daemon was gone ");
        assert!(said.lines().any(says), "{method}: {said}");
    }
    let saved = evidence.text("killed.save.info");
    assert!(saved.contains("---ss-"), "{saved}");
    assert_eq!(evidence.outcome("killed.save.restore").0, 0, "the file is complete");
}

#[test]
fn a_daemon_that_begins_anew_says_nothing_false() {
    let Some(evidence) = Evidence::of_crowd() else { return };
    for what in KILLED {
        for when in [".at_once", ""] {
            let at = |who: &str| format!("killed.{what}{when}.{who}");
            let ours = evidence.json(&at("list"));
            let ours: Vec<_> =
                elements(&ours).map(|domain| (domain["domid"].clone(), domain["uuid"].clone())).collect();
            let theirs = ["before", "xl"].map(|who| {
                let listed = xl::list(&evidence.text(&at(who)));
                listed.into_iter().map(|domain| (json!(domain.domid), json!(domain.uuid))).collect::<Vec<_>>()
            });
            assert!(theirs.contains(&ours), "{what}{when}: {ours:?} {theirs:?}");
        }
    }
}

#[test]
fn no_worker_stays_when_its_daemon_was_killed() {
    let Some(evidence) = Evidence::of_crowd() else { return };
    for what in KILLED {
        let processes = evidence.text(&format!("killed.{what}.ps"));
        let daemons = processes.lines().filter(|line| line.contains("xenopsd"));
        let orphans: Vec<&str> =
            daemons.filter(|line| line.contains("--worker") && line.split_whitespace().nth(1) == Some("1")).collect();
        assert!(orphans.is_empty() && !processes.contains(" Z "), "{what}: {processes}");
    }
}

#[test]
fn what_is_left_of_a_domain_whose_worker_was_killed_can_be_destroyed() {
    let Some(evidence) = Evidence::of_crowd() else { return };
    assert_eq!(evidence.outcome("killed.all.client").0, 4, "it was not made yet");
    let left = xl::list(&evidence.text("killed.all.xl"));
    assert_eq!(left.iter().map(|domain| domain.state.as_str()).collect::<Vec<_>>()[2..], ["--p---"]);
    assert_eq!(evidence.outcome("killed.all.destroy").0, 0);
    assert_eq!(xl::list(&evidence.text("killed.all.end.xl")).len(), 2);
}
