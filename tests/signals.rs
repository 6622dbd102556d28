//! An orderly stop: no connection is accepted any more, what has arrived is answered, and the code is 0.
//!
//! In: SIGTERM and SIGINT, at moments when clients want something. What "has arrived" means is made certain by freezing
//! the daemon: requests and signal are all there when it goes on.
#![cfg(feature = "daemon")]

mod common;

use common::{Client, Daemon, PING, PONG, until};
use rustix::process::Signal;
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
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"domid_to_name","params":[0]}}"#)
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

/// Replies that no socket holds all of.
const BIG_REPLIES: usize = 4;

/// A client with big replies coming that it does not read, at a daemon that has begun to stop.
fn stalled_at_stop(daemon: &Daemon) -> Client {
    let [mut stalled, mut idle] = std::array::from_fn(|_| daemon.connect());
    idle.ping();
    daemon.freeze();
    stalled.send(r#"{"jsonrpc":"2.0","id":1,"method":"list_domain"}"#.repeat(BIG_REPLIES));
    daemon.signal(Signal::TERM);
    daemon.thaw();
    // The daemon is stopping once it lets this one go, and it could not have sent all to the other.
    idle.expect_end();
    stalled
}

#[test]
fn a_client_that_reads_gets_all_of_what_it_is_owed() {
    let daemon = Daemon::simulating(2000);
    let mut stalled = stalled_at_stop(&daemon);
    for _ in 0..BIG_REPLIES {
        assert_eq!(stalled.reply()["result"].as_array().unwrap().len(), 2000);
    }
    stalled.expect_end();
    expect_orderly_end(daemon);
}

#[test]
fn a_client_that_does_not_read_cannot_hold_the_stop_for_ever() {
    let daemon = Daemon::simulating(2000);
    let mut stalled = stalled_at_stop(&daemon);
    expect_orderly_end(daemon);
    assert!(stalled.rest().matches("\"id\":1,").count() < BIG_REPLIES);
}

/// That it is "at once" is not asserted: no duration is. The stop must not be undone, prolonged or made a failure.
#[test]
fn a_second_signal_ends_it_at_once() {
    for second in STOPS {
        let daemon = Daemon::simulating(2000);
        let mut stalled = stalled_at_stop(&daemon);
        daemon.signal(second);
        expect_orderly_end(daemon);
        assert!(stalled.rest().matches("\"id\":1,").count() < BIG_REPLIES);
    }
}
