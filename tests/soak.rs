//! Very many calls of every kind, with operations that fail and workers that are killed: nothing is lost, and nothing
//! is left.
//!
//! In: the shipped binary on a simulated host. Clients send what a seeded generator makes up: looks in the loop and
//! in workers, short and long changes, batches, notifications, aborts, bad requests, descriptors that nobody takes;
//! now and then one leaves with requests open, and a worker of the daemon is killed. Out: proof that each request got
//! exactly one reply, that a poll is answered all the time, and that memory, descriptors and processes stay flat.
//! `--nocapture` shows what was done and measured.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "soak/caller.rs"]
mod caller;
mod common;

use std::sync::atomic::{AtomicBool, Ordering};

use caller::{Caller, KINDS, Tally};
use common::{Client, Daemon, until};
use rustix::process::Pid;
use serde_json::json;
use xenopsd::limits::WORKERS_DEFAULT;

const CALLS: u64 = 100_000;
const CLIENTS: u64 = 4;
const DOMAINS: u64 = 50;
/// How much more memory the daemon may have after all calls than after the first quarter of them: what an allocator
/// keeps from a burst (a reply of fifty domains to each of the clients, say). A leak of 16 bytes a call would be
/// more.
const GROWTH_KB_MAX: u64 = 1024;

/// After each of so many parts of the run, everybody waits, and the daemon is looked at.
const QUARTERS: u64 = 4;

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
