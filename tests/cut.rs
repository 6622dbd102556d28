//! How a stream of messages is cut into pieces makes no difference to what comes back.
//!
//! Here the same bytes are sent whole and in pieces, by one client and by several at once, and the replies are
//! compared byte for byte.
#![cfg(feature = "daemon")]

mod common;

use std::cell::RefCell;

use common::{Client, Daemon};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Messages whose replies are always the same: requests of both dialects, batches, and what is refused.
const MESSAGES: [&str; 12] = [
    r#"{"jsonrpc":"2.0","id":1.50,"method":"domid_to_name","params":[1]}"#,
    r#"{"method":"Xenops.DomidToName","params":[{"Domid":0}],"id":7}"#,
    r#" {"id":"a\"}{\\","method":"name_to_domid","params":["Dom\u0061in-0"]} "#,
    r#"[{"jsonrpc":"2.0","id":1,"method":"get_max_cpus"},2,"]",{"jsonrpc":"2.0","id":"ключ","method":"nothing"}]"#,
    r#"{"jsonrpc":"2.0","method":"get_max_cpus"}"#,
    r#"{"jsonrpc":"2.0","id":2,"method":"domain_info","params":[4000]}"#,
    r#"{"id":}"#,
    "[]\n\n",
    "{\r\n\t\"id\" : [ 1 ] ,\n\"method\":\"get_max_cpus\"\n}\n",
    r#"{"jsonrpc":"2.0","id":3,"method":"name_to_domid","params":["\ud83d"]}"#,
    r#"[{"jsonrpc":"2.0","method":"get_max_cpus"}]"#,
    r#"{"jsonrpc":"2.0","id":4,"method":"list_cpupool"}"#,
];

/// What one client sends: which messages, and how long the pieces are (over again when there are more).
#[derive(Debug, Clone)]
struct Stream {
    messages: Vec<usize>,
    pieces: Vec<usize>,
}

impl Stream {
    fn bytes(&self) -> Vec<u8> {
        self.messages.iter().flat_map(|&at| MESSAGES[at].bytes()).collect()
    }
}

fn streams() -> impl Strategy<Value = Vec<Stream>> {
    let messages = proptest::collection::vec(0..MESSAGES.len(), 1..12);
    let pieces = proptest::collection::vec(prop_oneof![3 => 1usize..4, 1 => 1usize..200], 1..10);
    let stream = (messages, pieces).prop_map(|(messages, pieces)| Stream { messages, pieces });
    proptest::collection::vec(stream, 1..=4)
}

fn daemon() -> Daemon {
    Daemon::start(&["--sim", "10", "--sim-seed", "1"])
}

/// What comes back for these bytes when they are sent at once.
fn uncut(daemon: &Daemon, bytes: &[u8]) -> String {
    let mut client = daemon.connect();
    client.send(bytes);
    end(client)
}

/// Everything that comes back to a client that has sent all it has, sorted: replies come as they are done.
fn end(mut client: Client) -> String {
    client.finish();
    let rest = client.rest();
    let mut lines: Vec<&str> = rest.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[test]
fn a_cut_at_every_single_position() {
    let daemon = daemon();
    let stream = [MESSAGES[2], MESSAGES[3], MESSAGES[6], MESSAGES[1]].concat();
    let stream = stream.as_bytes();
    let expected = uncut(&daemon, stream);
    assert_eq!(expected.lines().count(), 4, "{expected}");
    let mut other = daemon.connect();
    for at in 0..=stream.len() {
        let mut client = daemon.connect();
        client.send(&stream[..at]);
        // What was sent before this has been received when it is answered.
        other.ping();
        client.send(&stream[at..]);
        assert_eq!(end(client), expected, "cut at byte {at}");
    }
}

#[test]
fn a_piece_a_byte() {
    let daemon = daemon();
    let stream = MESSAGES.concat();
    let expected = uncut(&daemon, stream.as_bytes());
    let mut other = daemon.connect();
    let mut client = daemon.connect();
    for byte in stream.as_bytes() {
        client.send([*byte]);
        other.ping();
    }
    assert_eq!(end(client), expected);
}

#[test]
fn any_cuts_of_several_clients_at_once() {
    let daemon = daemon();
    let other = RefCell::new(daemon.connect());
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    // With a ping behind each piece the daemon sees every cut; without, several pieces may arrive as one.
    runner
        .run(&(streams(), proptest::bool::weighted(0.75)), |(streams, apart)| {
            let sent: Vec<Vec<u8>> = streams.iter().map(Stream::bytes).collect();
            let mut left: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
            let mut clients: Vec<Client> = streams.iter().map(|_| daemon.connect()).collect();
            for round in 0.. {
                for ((client, left), stream) in clients.iter_mut().zip(&mut left).zip(&streams) {
                    let (piece, rest) = left.split_at(left.len().min(stream.pieces[round % stream.pieces.len()]));
                    client.send(piece);
                    *left = rest;
                    if apart {
                        other.borrow_mut().ping();
                    }
                }
                if left.iter().all(|left| left.is_empty()) {
                    break;
                }
            }
            for (client, sent) in clients.into_iter().zip(&sent) {
                prop_assert_eq!(end(client), uncut(&daemon, sent));
            }
            Ok(())
        })
        .unwrap();
}
