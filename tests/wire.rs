//! What one client does to its connection is felt by that client alone.
//!
//! In: clients that stop halfway, do not read, vanish, or come from elsewhere. (Descriptors: `descriptors.rs`.)
//! Out: everybody else is answered, and the daemon keeps nothing of those who are gone. A reply to somebody else, asked
//! for afterwards, proves that the daemon went on.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;

use common::{Client, Daemon, PING, PONG, is_root, until};
use rustix::net::{RecvFlags, recv};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use xenopsd::limits::{ACCEPTS_PER_TURN_MAX, IN_BUF_BYTES_KEEP, MESSAGE_BYTES_MAX, RECEIVE_BYTES_PER_TURN_MAX};

/// A request whose reply, on a host of 2000 domains, is longer than what a socket holds.
const BIG: &str = r#"{"jsonrpc":"2.0","id":"big","method":"list_domain"}"#;
const BIG_DOMAINS: u32 = 2000;
/// As many big replies as make a client that reads none stall.
const BIG_REPLIES: usize = 4;

/// A client that has been answered once.
fn served(daemon: &Daemon) -> Client {
    let mut client = daemon.connect();
    client.ping();
    client
}

/// Asks for big replies and reads none.
fn stall(daemon: &Daemon) -> Client {
    let mut client = served(daemon);
    client.send(BIG.repeat(BIG_REPLIES));
    client
}

fn expect_big(client: &mut Client) {
    let reply = client.reply();
    assert_eq!((&reply["id"], reply["result"].as_array().unwrap().len()), (&"big".into(), BIG_DOMAINS as usize));
}

/// Waits until the daemon has as many descriptors as before.
fn expect_descriptors(daemon: &Daemon, count: usize) {
    until("descriptors are closed", || daemon.descriptors() == count);
}

#[test]
fn a_client_that_has_finished_sending_is_answered() {
    let daemon = Daemon::simulating(2);
    let mut client = daemon.connect();
    client.send(PING.repeat(3));
    client.finish();
    for _ in 0..3 {
        assert_eq!(client.line().as_deref(), Some(PONG));
    }
    client.expect_end();
    // The end arrives in the same moment as the request, or as nothing at all.
    daemon.freeze();
    let [mut asks, mut is_silent] = std::array::from_fn(|_| daemon.connect());
    asks.send(PING);
    asks.finish();
    is_silent.finish();
    daemon.thaw();
    assert_eq!(asks.line().as_deref(), Some(PONG));
    asks.expect_end();
    is_silent.expect_end();
}

#[test]
fn an_end_inside_a_message_ends_the_connection_without_a_reply() {
    let daemon = Daemon::simulating(2);
    let mut other = served(&daemon);
    for cut in [1, PING.len() / 2, PING.len() - 1] {
        let mut client = daemon.connect();
        client.send(PING);
        client.send(&PING[..cut]);
        client.finish();
        assert_eq!(client.line().as_deref(), Some(PONG));
        client.expect_end();
        other.ping();
    }
}

#[test]
fn a_client_that_leaves_unread_replies_behind_costs_nobody() {
    let daemon = Daemon::simulating(BIG_DOMAINS);
    let mut other = served(&daemon);
    let before = daemon.descriptors();
    for _ in 0..4 {
        drop(stall(&daemon));
        other.ping();
    }
    expect_descriptors(&daemon, before);
    other.ping();
}

#[test]
fn a_slow_reader_holds_up_nobody_and_gets_everything() {
    let daemon = Daemon::simulating(BIG_DOMAINS);
    let mut slow = stall(&daemon);
    let mut other = served(&daemon);
    for _ in 0..20 {
        other.ping();
    }
    // Its own later requests wait for it to read, in their order.
    slow.send(PING);
    other.ping();
    for _ in 0..BIG_REPLIES {
        expect_big(&mut slow);
    }
    assert_eq!(slow.line().as_deref(), Some(PONG));
}

#[test]
fn sixty_four_stalled_readers_hold_up_nobody() {
    let daemon = Daemon::simulating(BIG_DOMAINS);
    let mut stalled: Vec<Client> = (0..64).map(|_| stall(&daemon)).collect();
    let mut other = served(&daemon);
    other.ping();
    for client in &mut stalled {
        let lines: Vec<String> = (0..BIG_REPLIES).map(|_| client.line().unwrap()).collect();
        assert!(lines.iter().all(|line| line.ends_with("}]}") && line.matches("\"domid\"").count() == 2000));
    }
    other.ping();
}

#[test]
fn a_big_reply_read_in_tiny_pieces_is_whole() {
    let daemon = Daemon::simulating(BIG_DOMAINS);
    let mut client = daemon.connect();
    client.send(BIG);
    client.finish();
    let (mut text, mut piece) = (Vec::new(), [0; 97]);
    loop {
        let length = text.len() % piece.len() + 1;
        match client.stream().read(&mut piece[..length]).unwrap() {
            0 => break,
            count => text.extend_from_slice(&piece[..count]),
        }
    }
    let reply: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(reply["result"].as_array().unwrap().len(), BIG_DOMAINS as usize);
}

/// A lone request's list is sent from where it is kept, as far as the socket takes it; and then there may be another's.
#[test]
fn a_list_longer_than_a_socket_holds_is_whole_though_it_is_renewed_meanwhile() {
    let daemon = Daemon::simulating(9000);
    for (end, behind) in [("\n", false), ("\r\n", false), ("x", true)] {
        let (mut slow, mut quick) = (daemon.connect(), daemon.connect());
        slow.send(format!("{BIG}{end}"));
        let arrived = |stream| recv(stream, &mut [0; 1][..], RecvFlags::PEEK | RecvFlags::DONTWAIT).is_ok();
        until("a part has arrived", || arrived(slow.stream()));
        let newer = quick.ask(BIG);
        let reply = slow.reply();
        let domids = |reply: &Value| -> Vec<u64> {
            reply["result"].as_array().unwrap().iter().map(|domain| domain["domid"].as_u64().unwrap()).collect()
        };
        assert_eq!(domids(&reply), domids(&newer));
        assert_eq!(reply["id"], "big");
        if behind {
            assert_eq!(slow.reply()["error"]["code"], -32700);
            slow.expect_end();
        } else {
            slow.ping();
        }
    }
}

#[test]
fn five_hundred_requests_in_one_write_are_answered_in_order() {
    let daemon = Daemon::simulating(2);
    let mut client = daemon.connect();
    let requests =
        (0..500).map(|id| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"domain_info","params":[{}]}}"#, id % 3));
    client.send(requests.collect::<String>());
    for id in 0..500 {
        let reply = client.reply();
        assert_eq!(reply["id"], id);
        match id % 3 {
            2 => assert_eq!(reply["error"]["code"], -21),
            domid => assert_eq!(reply["result"]["domid"], domid),
        }
    }
}

/// A message that takes more than one turn to receive, and more memory than an idle connection keeps.
#[test]
fn a_message_longer_than_a_turn_is_answered_and_so_is_the_next() {
    let daemon = Daemon::simulating(2);
    let (begin, rest) = PING.split_at(1);
    let long = format!("{begin}{}{rest}", " ".repeat(RECEIVE_BYTES_PER_TURN_MAX * 2));
    assert!(long.len() > IN_BUF_BYTES_KEEP && long.len() < MESSAGE_BYTES_MAX);
    let mut client = daemon.connect();
    for _ in 0..2 {
        client.send(&long);
        assert_eq!(client.line().as_deref(), Some(PONG));
        client.ping();
    }
}

#[test]
fn more_clients_than_a_turn_accepts_are_all_served() {
    let daemon = Daemon::simulating(2);
    daemon.freeze();
    let mut clients: Vec<Client> = (0..ACCEPTS_PER_TURN_MAX * 3 + 1).map(|_| daemon.connect()).collect();
    clients.iter_mut().for_each(|client| client.send(PING));
    daemon.thaw();
    for client in &mut clients {
        assert_eq!(client.line().as_deref(), Some(PONG));
    }
}

/// The kernel gives the number 0 for the process of such a client.
#[test]
fn a_client_outside_of_the_daemons_namespace_of_processes_is_served() {
    if !is_root("a_client_outside_of_the_daemons_namespace_of_processes_is_served") {
        return;
    }
    let daemon = Daemon::start_under(&["unshare", "--pid", "--fork", "--kill-child"], &["--sim", "2"]);
    daemon.connect().ping();
    // The daemon is `unshare`'s child, which hands its exit code on.
    let pid = daemon.pid().as_raw_nonzero();
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let child = Pid::from_raw(children.trim().parse().unwrap()).unwrap();
    kill_process(child, Signal::TERM).unwrap();
    let (status, said) = daemon.wait();
    assert!(status.success(), "{said}");
}

#[test]
fn clients_that_vanish_leave_nothing_behind() {
    let daemon = Daemon::simulating(200);
    let mut other = served(&daemon);
    let null = File::open("/dev/null").unwrap();
    let before = daemon.descriptors();
    for at in 0..200 {
        let mut client = daemon.connect();
        match at % 5 {
            0 => {}
            1 => client.send(&PING[..at % PING.len()]),
            2 => client.send(PING),
            3 => client.send(BIG.repeat(3)),
            _ => client.send_with(&PING[..5], &[null.as_fd(); 3]),
        }
        drop(client);
        other.ping();
    }
    expect_descriptors(&daemon, before);
    other.ping();
}

/// With the daemon frozen, they come and are gone before it sees them.
#[test]
fn clients_that_are_gone_before_they_are_accepted_leave_nothing_behind() {
    let daemon = Daemon::simulating(2);
    let mut other = served(&daemon);
    let before = daemon.descriptors();
    daemon.freeze();
    for at in 0..100 {
        let mut client = daemon.connect();
        if at % 2 == 0 {
            client.send(PING);
        }
    }
    daemon.thaw();
    other.ping();
    expect_descriptors(&daemon, before);
}

#[test]
fn a_client_killed_in_the_middle_of_a_request_costs_nobody() {
    let daemon = Daemon::simulating(2);
    let mut other = served(&daemon);
    let before = daemon.descriptors();
    let socket = daemon.socket();
    // This process is killed with half a request sent: nothing of it runs any more that could close its socket.
    let half = &PING[..PING.len() / 2];
    let stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    let mut client = std::process::Command::new("sh")
        .args(["-c", "printf %s \"$0\" && exec sleep 600", half])
        .stdout(std::os::fd::OwnedFd::from(stream))
        .spawn()
        .unwrap();
    until("the client is accepted", || daemon.descriptors() == before + 1);
    other.ping();
    client.kill().unwrap();
    client.wait().unwrap();
    expect_descriptors(&daemon, before);
    other.ping();
}
