//! Descriptors: those that clients send, and those that the daemon has none left of.
//!
//! In: clients that attach descriptors to their requests, and a daemon that can open no more. Out: every descriptor is
//! closed, no request is lost behind one, and who could not be accepted is, later.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::path::Path;

use common::{Client, DESCRIPTORS_MAX, Daemon, PING, PONG};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, prlimit};

/// A client that has been answered once.
fn served(daemon: &Daemon) -> Client {
    let mut client = daemon.connect();
    client.ping();
    client
}

#[test]
fn descriptors_that_come_along_are_closed() {
    let daemon = Daemon::simulating(2);
    let null = File::open("/dev/null").unwrap();
    let mut client = served(&daemon);
    let before = daemon.descriptors();
    for count in [1, 2, DESCRIPTORS_MAX] {
        for _ in 0..3 {
            client.send_with(PING, &vec![null.as_fd(); count]);
            assert_eq!(client.line().as_deref(), Some(PONG));
            assert_eq!(daemon.descriptors(), before, "{count} in a message");
        }
    }
    // Neither do those of a message that is never finished stay.
    client.send_with(&PING[..10], &[null.as_fd()]);
    client.send_with(&PING[10..], &[null.as_fd()]);
    assert_eq!(client.line().as_deref(), Some(PONG));
    assert_eq!(daemon.descriptors(), before);
}

/// The kernel ends a read where descriptors are attached: a short read is then no sign of an empty socket.
#[test]
fn descriptors_hide_no_request_that_follows() {
    let daemon = Daemon::simulating(2);
    let null = File::open("/dev/null").unwrap();
    let mut client = served(&daemon);
    daemon.freeze();
    for _ in 0..20 {
        client.send_with(PING, &[null.as_fd()]);
        client.send(PING);
    }
    daemon.thaw();
    for _ in 0..40 {
        assert_eq!(client.line().as_deref(), Some(PONG));
    }
    client.finish();
    client.expect_end();
}

/// A daemon's descriptors, when there are few.
const DESCRIPTORS: usize = 40;

fn with_few_descriptors() -> Daemon {
    Daemon::start_under(&["prlimit", &format!("--nofile={DESCRIPTORS}:{DESCRIPTORS}")], &["--sim", "2"])
}

/// How many more it can open. What it inherited may lie beyond the bound, and does not count.
fn free_descriptors(daemon: &Daemon) -> usize {
    let open = std::fs::read_dir(format!("/proc/{}/fd", daemon.pid().as_raw_nonzero())).unwrap();
    let number = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().to_str()?.parse::<usize>().ok();
    DESCRIPTORS - open.filter_map(number).filter(|&number| number < DESCRIPTORS).count()
}

#[test]
fn descriptors_that_do_not_fit_are_dropped_and_the_requests_are_not() {
    let daemon = with_few_descriptors();
    let null = File::open("/dev/null").unwrap();
    let mut client = served(&daemon);
    let before = daemon.descriptors();
    daemon.freeze();
    for _ in 0..3 {
        client.send_with(PING, &[null.as_fd(); DESCRIPTORS]);
        client.send(PING);
    }
    daemon.thaw();
    for _ in 0..6 {
        assert_eq!(client.line().as_deref(), Some(PONG));
    }
    assert_eq!(daemon.descriptors(), before);
}

#[test]
fn connections_beyond_the_descriptors_wait_until_one_is_free() {
    let daemon = with_few_descriptors();
    let mut first = served(&daemon);
    let mut clients: Vec<Client> = (0..free_descriptors(&daemon)).map(|_| served(&daemon)).collect();
    assert_eq!(free_descriptors(&daemon), 0);
    let mut waiting: Vec<Client> = (0..3).map(|_| daemon.connect()).collect();
    for client in &mut waiting {
        client.send(PING);
    }
    // Those who are connected are served as before, those who wait are not.
    for client in [&mut first].into_iter().chain(&mut clients) {
        client.ping();
    }
    for client in &waiting {
        client.stream().set_nonblocking(true).unwrap();
        assert_eq!(client.stream().read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        client.stream().set_nonblocking(false).unwrap();
    }
    for mut client in waiting {
        drop(clients.pop().unwrap());
        assert_eq!(client.line().as_deref(), Some(PONG));
        clients.insert(0, client);
    }
    first.ping();
    drop((first, clients));
    let daemon_said = stop(daemon);
    assert!(daemon_said.contains("cannot accept connections for now"), "{daemon_said}");
}

/// Lets a daemon have no more descriptors than it has; returns what it could have before.
fn exhaust(daemon: &Daemon) -> Rlimit {
    let free = |number: &u64| !Path::new(&format!("/proc/{}/fd/{number}", daemon.pid().as_raw_nonzero())).exists();
    let limit = Rlimit { current: (0..).find(free), maximum: getrlimit(Resource::Nofile).maximum };
    prlimit(Some(daemon.pid()), Resource::Nofile, limit).unwrap()
}

/// Without room for even one, the kernel does not say that there were descriptors, only that something is missing.
#[test]
fn descriptors_that_find_no_room_at_all_hide_no_request_that_follows() {
    let daemon = Daemon::simulating(2);
    let null = File::open("/dev/null").unwrap();
    let mut client = served(&daemon);
    exhaust(&daemon);
    daemon.freeze();
    client.send_with(PING, &[null.as_fd(); 3]);
    client.send(PING);
    daemon.thaw();
    for _ in 0..2 {
        assert_eq!(client.line().as_deref(), Some(PONG));
    }
}

/// No connection is closed here, which would make the daemon look again: it does so by itself.
#[test]
fn accepting_is_tried_again_although_nobody_leaves() {
    let daemon = Daemon::simulating(2);
    let mut first = served(&daemon);
    let before = exhaust(&daemon);
    let mut second = daemon.connect();
    second.send(PING);
    // Between these replies lies an attempt to accept.
    first.ping();
    first.ping();
    prlimit(Some(daemon.pid()), Resource::Nofile, before).unwrap();
    assert_eq!(second.line().as_deref(), Some(PONG));
    first.ping();
    drop((first, second));
    let daemon_said = stop(daemon);
    assert!(daemon_said.contains("cannot accept connections for now"), "{daemon_said}");
}

/// An orderly stop; what the daemon said.
fn stop(daemon: Daemon) -> String {
    daemon.signal(Signal::TERM);
    let (status, said) = daemon.wait();
    assert!(status.success(), "{status}");
    said
}

#[test]
fn so_many_descriptors_wait_for_their_request_and_no_more() {
    let daemon = Daemon::simulating(2);
    let mut client = daemon.connect();
    client.ping();
    let before = daemon.descriptors();
    let null = File::open("/dev/null").unwrap();
    for count in [DESCRIPTORS_WAITING_MAX, DESCRIPTORS_WAITING_MAX + 1] {
        client.send_with("{", &vec![null.as_fd(); count]);
        common::until("as many wait as may", || daemon.descriptors() == before + DESCRIPTORS_WAITING_MAX);
        client.send(&PING[1..]);
        assert_eq!(client.line().as_deref(), Some(PONG));
        assert_eq!(daemon.descriptors(), before);
    }
}
