//! The marks of one conversation, each at its very byte: a client of the daemon cannot place them so well.

use std::io::{Read, Write};

use super::*;
use crate::sim;
use crate::wire::Peer;
use crate::worker::Launch;
use crate::xl::Xl;

const REQUEST: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"get_max_cpus"}"#;

fn rpc() -> Rpc {
    let host = sim::start(2, 1).unwrap();
    Rpc::new(Xl::open(host).unwrap())
}

/// What a loop lends, without workers.
struct Loop {
    rpc: Rpc,
    pool: Pool,
    spare: OutBuf,
}

impl Loop {
    fn new() -> Self {
        let launch = Launch { program: "false".into(), workers: 1, sim: None, verbose: 0 };
        let pool = Pool::new(launch, mio::Poll::new().unwrap().registry(), |_| mio::Token(0)).unwrap();
        Self { rpc: rpc(), pool, spare: OutBuf::default() }
    }

    fn lend(&mut self) -> Lent<'_> {
        let Self { rpc, pool, spare } = self;
        Lent { rpc, pool, spare, key: Key { slot: 0, generation: 0 }, others_wait: false, lookup: Lookup::Elsewhere }
    }
}

/// A client, and the other end of its connection.
fn client() -> (Client, std::os::unix::net::UnixStream) {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let peer = Peer { uid: 0, pid: 0 };
    (Client::new(Connection::new(mio::net::UnixStream::from_std(ours), peer), Access::Full), theirs)
}

/// As if these bytes had been received.
fn received(client: &mut Client, bytes: &[u8]) {
    for &byte in bytes {
        client.connection.input.spare()[0] = byte;
        client.connection.input.advance(1);
    }
}

/// As if so many bytes were unsent.
fn owing(client: &mut Client, bytes: usize) {
    client.connection.output.tail().resize(bytes, b' ');
}

#[test]
fn nothing_is_answered_at_the_soft_mark() {
    let mut around = Loop::new();
    for (owed, answered) in [(OUT_SOFT_BYTES - 1, true), (OUT_SOFT_BYTES, false)] {
        let (mut client, _theirs) = client();
        received(&mut client, REQUEST);
        owing(&mut client, owed);
        let left_over = client.answer(&mut around.lend());
        assert_eq!(client.connection.output.len() > owed, answered, "{owed}");
        assert_eq!(client.connection.input.is_empty(), answered, "{owed}");
        assert_eq!(left_over, !answered, "what is left there is asked for again below the mark");
    }
}

#[test]
fn nothing_is_received_at_the_soft_mark() {
    for (owed, taken) in [(OUT_SOFT_BYTES - 1, true), (OUT_SOFT_BYTES, false)] {
        let (mut client, mut theirs) = client();
        theirs.write_all(REQUEST).unwrap();
        client.connection.wake(false);
        owing(&mut client, owed);
        client.receive();
        assert_eq!(!client.connection.input.is_empty(), taken, "{owed}");
        assert_eq!(client.connection.is_readable(), !taken, "what is left there is not forgotten");
    }
}

#[test]
fn the_connection_is_closed_above_the_hard_mark() {
    let (mut client, _theirs) = client();
    owing(&mut client, OUT_HARD_BYTES);
    assert_eq!(client.next_turn(), Turn::Rest);
    owing(&mut client, OUT_HARD_BYTES + 1);
    assert_eq!(client.next_turn(), Turn::Close);
}

#[test]
fn a_turn_has_so_many_requests_and_no_more() {
    let (mut client, _theirs) = client();
    received(&mut client, &REQUEST.repeat(TURN_REQUESTS_MAX + 1));
    assert!(client.answer(&mut Loop::new().lend()), "one is left");
    let replies = client.connection.output.unsent().iter().filter(|&&byte| byte == b'\n').count();
    // The turn's time may have been up before.
    assert!((1..=TURN_REQUESTS_MAX).contains(&replies), "{replies}");
}

/// The buffer goes from client to client; one that is slow to read keeps it only for as long as it is.
#[test]
fn who_has_caught_up_holds_no_memory() {
    let mut around = Loop::new();
    let (mut client, mut theirs) = client();
    owing(&mut client, 2 * OUT_BUF_BYTES_KEEP);
    around.spare.tail().reserve(1000);
    client.serve(&mut around.lend());
    assert!(!client.connection.output.is_empty(), "the kernel takes less");
    let mut read = vec![0; 2 * OUT_BUF_BYTES_KEEP];
    let mut unread = &mut read[..];
    while !client.connection.output.is_empty() {
        let count = theirs.read(unread).unwrap();
        unread = &mut unread[count..];
        client.serve(&mut around.lend());
    }
    assert_eq!(client.connection.output.tail().capacity(), 0);
    assert!((1..=OUT_BUF_BYTES_KEEP).contains(&around.spare.tail().capacity()), "{}", around.spare.tail().capacity());
}

#[test]
fn replies_use_the_spare_buffer_and_give_it_back() {
    let mut around = Loop::new();
    let (mut client, mut theirs) = client();
    received(&mut client, REQUEST);
    assert_eq!(client.serve(&mut around.lend()), Turn::Rest);
    let lent = around.spare.tail().as_ptr();
    received(&mut client, REQUEST);
    assert_eq!(client.serve(&mut around.lend()), Turn::Rest);
    assert_eq!(around.spare.tail().as_ptr(), lent, "the same memory");
    let mut replies = [0; 1000];
    let count = theirs.read(&mut replies).unwrap();
    assert_eq!(replies[..count].iter().filter(|&&byte| byte == b'\n').count(), 2);
}
