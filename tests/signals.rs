//! An orderly stop: no connection is accepted any more, what has arrived is answered, and the code is 0.
//!
//! In: SIGTERM and SIGINT, at moments when clients want something. What "has arrived" means is made certain by freezing
//! the daemon: requests and signal are all there when it goes on.
#![cfg(feature = "daemon")]

mod common;

use std::time::Instant;

use common::{Client, DEADLINE, Daemon, PING, PONG, command, until};
use rustix::process::{Pid, Signal, kill_process};
use xenopsd::limits::{BATCH_LENGTH_MAX, TURN_REQUESTS_MAX};

const STOPS: [Signal; 2] = [Signal::TERM, Signal::INT];

/// It ended well, said nothing, and its socket is gone.
fn expect_orderly_end(daemon: Daemon) {
    let socket = daemon.socket();
    until("the socket is removed", || !socket.exists());
    let (status, said) = daemon.wait();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

fn numbered(id: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"get_scheduler"}}"#)
}

/// Requests that this client is owed the answers of, in order, and then the end.
fn expect_numbered(client: &mut Client, count: usize) {
    for id in 0..count {
        assert_eq!(client.reply()["id"], id);
    }
    client.expect_end();
}

#[test]
fn what_has_arrived_is_answered_before_the_end() {
    for signal in STOPS {
        let daemon = Daemon::simulating(2);
        let [mut lone, mut pipelined, mut batch, mut half, mut finished, mut idle] =
            std::array::from_fn(|_| daemon.connect());
        for client in [&mut lone, &mut pipelined, &mut batch, &mut half, &mut finished, &mut idle] {
            client.ping();
        }
        daemon.freeze();
        lone.send(PING);
        // More than a turn's share: the stop takes several.
        let many = TURN_REQUESTS_MAX * 3 + 1;
        pipelined.send((0..many).map(numbered).collect::<String>());
        batch.send(format!("[{}]", vec![numbered(0); BATCH_LENGTH_MAX].join(",")));
        half.send(PING);
        half.send(&PING[..20]);
        finished.send(PING);
        finished.finish();
        daemon.signal(signal);
        daemon.thaw();

        assert_eq!(lone.line().as_deref(), Some(PONG));
        lone.expect_end();
        expect_numbered(&mut pipelined, many);
        assert_eq!(batch.reply().as_array().unwrap().len(), BATCH_LENGTH_MAX);
        batch.expect_end();
        assert_eq!(half.line().as_deref(), Some(PONG));
        half.expect_end();
        assert_eq!(finished.line().as_deref(), Some(PONG));
        finished.expect_end();
        idle.expect_end();
        expect_orderly_end(daemon);
    }
}

#[test]
fn idle_clients_are_let_go() {
    for signal in STOPS {
        let daemon = Daemon::simulating(1);
        let mut clients: Vec<Client> = (0..20).map(|_| daemon.connect()).collect();
        clients.iter_mut().for_each(Client::ping);
        daemon.signal(signal);
        clients.iter_mut().for_each(Client::expect_end);
        expect_orderly_end(daemon);
    }
}

#[test]
fn a_daemon_without_clients_ends_at_once() {
    for signal in STOPS {
        let daemon = Daemon::simulating(1);
        daemon.signal(signal);
        expect_orderly_end(daemon);
    }
}

#[test]
fn nobody_is_accepted_any_more() {
    let daemon = Daemon::simulating(1);
    let mut early = daemon.connect();
    early.ping();
    daemon.freeze();
    let mut late = daemon.connect();
    late.send(PING);
    daemon.signal(Signal::TERM);
    daemon.thaw();
    early.expect_end();
    late.expect_end();
    expect_orderly_end(daemon);
}

/// The signal comes at the very moment at which there is a socket to clean up.
#[test]
fn a_stop_that_comes_at_the_beginning_is_orderly_too() {
    for _ in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let mut daemon = command().args(["--sim", "1", "--socket"]).arg(&socket).spawn().unwrap();
        let begin = Instant::now();
        while !socket.exists() {
            assert!(begin.elapsed() < DEADLINE && daemon.try_wait().unwrap().is_none());
        }
        kill_process(Pid::from_child(&daemon), Signal::TERM).unwrap();
        assert_eq!(daemon.wait().unwrap().code(), Some(0));
        assert!(!socket.exists());
    }
}

/// Replies that no socket holds all of.
const BIG_REPLIES: usize = 4;

/// A client with big replies coming that it does not read, at a daemon that has begun to stop.
fn stalled_at_stop(daemon: &Daemon, replies: usize) -> Client {
    let [mut stalled, mut idle] = std::array::from_fn(|_| daemon.connect());
    idle.ping();
    daemon.freeze();
    stalled.send(r#"{"jsonrpc":"2.0","id":1,"method":"list_domain"}"#.repeat(replies));
    daemon.signal(Signal::TERM);
    daemon.thaw();
    // The daemon is stopping once it lets this one go, and it could not have sent all to the other.
    idle.expect_end();
    stalled
}

#[test]
fn a_client_that_reads_gets_all_of_what_it_is_owed() {
    let daemon = Daemon::simulating(2000);
    let mut stalled = stalled_at_stop(&daemon, BIG_REPLIES);
    for _ in 0..BIG_REPLIES {
        assert_eq!(stalled.reply()["result"].as_array().unwrap().len(), 2000);
    }
    stalled.expect_end();
    expect_orderly_end(daemon);
}

#[test]
fn a_client_that_does_not_read_cannot_hold_the_stop_for_ever() {
    let daemon = Daemon::simulating(2000);
    let mut stalled = stalled_at_stop(&daemon, BIG_REPLIES);
    expect_orderly_end(daemon);
    assert!(stalled.rest().matches("\"id\":1,").count() < BIG_REPLIES);
}

/// After the second signal there is one more turn. A daemon that still waited for its clients would send everything:
/// this one reads all the time.
#[test]
fn a_second_signal_ends_it_at_once() {
    for second in STOPS {
        let daemon = Daemon::simulating(2000);
        let mut reading = stalled_at_stop(&daemon, 5 * BIG_REPLIES);
        daemon.freeze();
        daemon.signal(second);
        assert!(reading.line().is_some());
        daemon.thaw();
        assert!(reading.rest().matches("\"id\":1,").count() < 4 * BIG_REPLIES);
        expect_orderly_end(daemon);
    }
}
