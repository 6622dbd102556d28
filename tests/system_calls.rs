//! How many system calls a request costs the daemon: counted, not timed.
//!
//! In: the shipped binary under strace. Out: exactly three for a lone request, less than one for each of many that
//! arrive together, and no more for anybody because others do not read. Skipped by name where strace may not trace.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::path::PathBuf;

use common::{Client, Daemon, can_run, until};

/// A host whose list is 400 KB long.
const DOMAINS: u32 = 1000;
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"list_domain"}"#;

/// A daemon whose system calls are written down.
struct Traced {
    daemon: Daemon,
    folder: tempfile::TempDir,
}

impl Traced {
    /// `None`, and the test's name, where that cannot be done.
    fn start(test: &str, domains: u32) -> Option<Self> {
        if !can_run(test, &["strace", "-D", "-o", "/dev/null", "true"]) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("calls");
        // The tracer is nobody's parent, so the daemon is this process's child, as always.
        let strace = ["strace", "-D", "-qq", "-s", "100", "-o", log.to_str().unwrap()];
        Some(Self { daemon: Daemon::start_under(&strace, &["--sim", &domains.to_string()]), folder })
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("calls")
    }

    /// The calls that the daemon makes for what `client` asks in `work`, by name.
    fn calls(&self, client: &mut Client, work: impl FnOnce(&mut Client)) -> Vec<String> {
        for mark in ["begin", "end"] {
            assert!(!self.text().contains(&quoted(mark)), "a mark was used before");
        }
        client.send(mark("begin"));
        client.line().unwrap();
        work(client);
        client.send(mark("end"));
        client.line().unwrap();
        let end = quoted("end");
        until("the trace is written", || self.text().matches(&end).count() == 2);
        // From the one mark's reply to the other's request: that ends with the wait and the read which bring the mark.
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        let begin = lines.iter().rposition(|line| line.contains(&quoted("begin"))).unwrap();
        let end = lines.iter().position(|line| line.contains(&end)).unwrap();
        let names = lines[begin + 1..end - 1].iter().map(|line| line.split('(').next().unwrap().to_owned());
        names.collect()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log()).unwrap()).into_owned()
    }
}

/// A request that can be found in a trace, and its reply, too.
fn mark(id: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":\"{id}\",\"method\":\"get_scheduler\"}}\n")
}

/// Its id, as strace writes it.
fn quoted(id: &str) -> String {
    format!(r#"\"id\":\"{id}\""#)
}

#[test]
fn a_lone_request_costs_three_system_calls() {
    let Some(traced) = Traced::start("a_lone_request_costs_three_system_calls", 2) else { return };
    let mut client = traced.daemon.connect();
    let poll = |client: &mut Client| {
        client.send([LIST, "\n"].concat());
        client.line().unwrap();
    };
    // The first one makes memory for the others.
    poll(&mut client);
    let calls = traced.calls(&mut client, |client| (0..100).for_each(|_| poll(client)));
    assert_eq!(calls, ["epoll_wait", "recvmsg", "sendto"].repeat(100));
}

#[test]
fn sixteen_requests_that_arrive_together_cost_three_system_calls() {
    let Some(traced) = Traced::start("sixteen_requests_that_arrive_together_cost_three_system_calls", 2) else {
        return;
    };
    let mut client = traced.daemon.connect();
    let burst = |client: &mut Client| {
        client.send(format!("{LIST}\n").repeat(16));
        (0..16).for_each(|_| drop(client.line().unwrap()));
    };
    // The first one makes memory for the others.
    burst(&mut client);
    let calls = traced.calls(&mut client, |client| (0..20).for_each(|_| burst(client)));
    assert_eq!(calls, ["epoll_wait", "recvmsg", "sendto"].repeat(20));
}

#[test]
fn sixty_four_slow_readers_cost_a_fast_client_no_system_call() {
    let test = "sixty_four_slow_readers_cost_a_fast_client_no_system_call";
    let Some(traced) = Traced::start(test, DOMAINS) else { return };
    let mut slow: Vec<Client> = (0..64).map(|_| traced.daemon.connect()).collect();
    for client in &mut slow {
        client.ping();
        client.send(LIST.repeat(4));
    }
    // They are as full as they get when the daemon has nothing to do but wait.
    let mut client = traced.daemon.connect();
    client.ping();
    let calls = traced.calls(&mut client, |client| {
        for _ in 0..200 {
            client.ping();
        }
    });
    assert!((570..=630).contains(&calls.len()), "{} calls for 200 requests", calls.len());
    drop(slow);
}
