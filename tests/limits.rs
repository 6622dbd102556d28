//! Every bound of `limits.rs` that a client can reach: at the bound all is well, one past it is an answer.
//!
//! Not here, as no client can get there: `OUT_HARD_BYTES`, which is the soft mark and one reply, and no reply is begun
//! above the soft mark (see `daemon::client`'s own tests); and `REPLY_BYTES_MAX`, as the largest host that can be
//! simulated answers in less (see `inside.rs`).
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use common::{Client, Daemon, PING, PONG, is_root, raise_descriptors};
use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_send_buffer_size, set_socket_send_buffer_size_force};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};
use rustix::thread::set_thread_res_uid;
use serde_json::{Value, json};
use xenopsd::limits::{
    BACKLOG, BATCH_LENGTH_MAX, CONNECTIONS_MAX, CONNECTIONS_PER_UID_MAX, DEPTH_MAX, ELEMENTS_MAX, ID_BYTES_MAX,
    MESSAGE_BYTES_MAX, OUT_SOFT_BYTES, OUT_TOTAL_BYTES_MAX, RECEIVE_BYTES_PER_TURN_MAX, SEND_BUFFER_BYTES,
    SIM_DOMAINS_MAX, TURN_REQUESTS_MAX,
};

/// A request with a member of its own, which nobody looks at.
fn request_with(id: &str, more: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"get_scheduler","more":{more}}}"#)
}

/// A request of so many bytes.
fn request_of(bytes: usize) -> String {
    let rest = request_with("1", r#""""#).len();
    request_with("1", &format!(r#""{}""#, "x".repeat(bytes - rest)))
}

fn named(id: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": "credit2"})
}

fn code(reply: &Value) -> i64 {
    reply["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {reply}"))
}

#[test]
fn the_longest_message() {
    let daemon = Daemon::simulating(2);
    let mut client = daemon.connect();
    let longest = request_of(MESSAGE_BYTES_MAX);
    assert_eq!(longest.len(), MESSAGE_BYTES_MAX);
    // Neither what stands before a message counts, nor what stands behind it.
    client.send(format!("\n \n{longest}{longest}\n{PING}"));
    assert_eq!(client.reply(), named(&json!(1)));
    assert_eq!(client.reply(), named(&json!(1)));
    assert_eq!(client.line().as_deref(), Some(PONG));

    client.send(request_of(MESSAGE_BYTES_MAX + 1));
    let reply = client.reply();
    assert_eq!((code(&reply), &reply["id"]), (-32003, &Value::Null));
    client.expect_end();
}

#[test]
fn the_deepest_message() {
    let daemon = Daemon::simulating(2);
    let mut client = daemon.connect();
    let nested = |depth: usize| request_with("1", &format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
    // The request itself is the first level.
    assert_eq!(client.ask(&nested(DEPTH_MAX - 1)), named(&json!(1)));

    let too_deep = nested(DEPTH_MAX);
    let reply = client.ask(&too_deep);
    let place = too_deep.rfind('[').unwrap();
    let message = reply["error"]["message"].as_str().unwrap();
    assert_eq!(code(&reply), -32700);
    assert!(message.contains(&format!("at byte {place}: nested deeper than {DEPTH_MAX} levels")), "{message}");
    client.ping();
}

#[test]
fn the_longest_batch() {
    let daemon = Daemon::simulating(2);
    let mut client = daemon.connect();
    let batch = |length: usize| {
        let requests: Vec<String> = (0..length).map(|id| request_with(&id.to_string(), "0")).collect();
        format!("[{}]", requests.join(","))
    };
    let replies: Vec<Value> = (0..BATCH_LENGTH_MAX).map(|id| named(&json!(id))).collect();
    assert_eq!(client.ask(&batch(BATCH_LENGTH_MAX)), Value::Array(replies));

    let reply = client.ask(&batch(BATCH_LENGTH_MAX + 1));
    let message = reply["error"]["message"].as_str().unwrap();
    assert_eq!((code(&reply), &reply["id"]), (-32600, &Value::Null));
    assert!(message.contains(&format!("more than {BATCH_LENGTH_MAX} requests")), "{message}");
    client.ping();
}

#[test]
fn the_longest_id() {
    let daemon = Daemon::simulating(2);
    let mut client = daemon.connect();
    // Two of the bytes are the quotes.
    let id = |bytes: usize| "i".repeat(bytes - 2);
    let ask = |client: &mut Client, id: &str| client.ask(&request_with(&format!("\"{id}\""), "0"));
    let longest = id(ID_BYTES_MAX);
    assert_eq!(ask(&mut client, &longest), named(&json!(longest)));

    let reply = ask(&mut client, &id(ID_BYTES_MAX + 1));
    let message = reply["error"]["message"].as_str().unwrap();
    assert_eq!((code(&reply), &reply["id"]), (-32600, &Value::Null));
    assert!(message.contains(&format!("id is longer than {ID_BYTES_MAX} bytes")), "{message}");
}

/// Other lists of a request's have the same bound: see the decoders' tests.
#[test]
fn the_most_domids() {
    let daemon = Daemon::simulating(2);
    let mut client = daemon.connect();
    for method in ["list_domain", "list_vm"] {
        let ask = |client: &mut Client, count: usize| {
            let domids: Vec<usize> = (1..=count).collect();
            let params = json!({"fields": ["domid"], "domids": domids});
            client.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string())
        };
        assert_eq!(ask(&mut client, ELEMENTS_MAX)["result"], json!([{"domid": 1}]));
        let reply = ask(&mut client, ELEMENTS_MAX + 1);
        let message = reply["error"]["message"].as_str().unwrap();
        assert_eq!(code(&reply), -32602);
        assert!(message.ends_with("params.domids: more than 1024 in one list"), "{message}");
    }
}

/// Sees that a connection is turned away.
fn expect_full(mut client: Client) {
    let reply = client.reply();
    let message = reply["error"]["message"].as_str().unwrap();
    assert_eq!((code(&reply), &reply["id"]), (-32004, &Value::Null));
    assert!(message.starts_with("SERVER_FULL: "), "{message}");
    client.expect_end();
}

#[test]
fn all_connections_and_one_more() {
    raise_descriptors();
    let daemon = Daemon::simulating(2);
    let mut clients: Vec<Client> = (0..CONNECTIONS_MAX).map(|_| daemon.connect()).collect();
    clients.iter_mut().for_each(Client::ping);
    expect_full(daemon.connect());
    // Who is there is not affected, and who leaves makes room.
    clients.iter_mut().for_each(Client::ping);
    clients.swap_remove(CONNECTIONS_MAX / 2);
    // A turn of the loop: the daemon does not look for who has left between one `accept` and the next.
    clients[0].ping();
    let mut next = daemon.connect();
    next.ping();
    expect_full(daemon.connect());
}

#[test]
fn all_connections_of_one_user_and_one_more() {
    if !is_root("all_connections_of_one_user_and_one_more") {
        return;
    }
    let daemon = Daemon::simulating(2);
    let open = |path: PathBuf, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    open(daemon.folder().to_owned(), 0o755);
    open(daemon.socket(), 0o666);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            become_user(12_345);
            let mut clients: Vec<Client> = (0..CONNECTIONS_PER_UID_MAX).map(|_| daemon.connect()).collect();
            clients.iter_mut().for_each(Client::ping);
            expect_full(daemon.connect());
            clients.pop();
            clients[0].ping();
            daemon.connect().ping();
            // Others are not affected.
            become_root();
            become_user(54_321);
            daemon.connect().ping();
            become_root();
            daemon.connect().ping();
        });
    });
}

/// Makes this thread, and no other, one of another user.
fn become_user(uid: u32) {
    let uid = rustix::process::Uid::from_raw(uid);
    set_thread_res_uid(None, uid, None).unwrap();
}

fn become_root() {
    set_thread_res_uid(None, rustix::process::Uid::ROOT, None).unwrap();
}

/// Asks for a clock: the CPU time of a domain that runs all the time, which tells in which order replies were made.
fn clock() -> String {
    r#"{"jsonrpc":"2.0","id":"clock","method":"domain_info","params":[0]}"#.to_owned()
}

fn clock_of(reply: &Value) -> u64 {
    reply["result"]["cpu_time"].as_u64().unwrap_or_else(|| panic!("no clock: {reply}"))
}

#[test]
fn requests_of_one_turn() {
    let requests = 12 * TURN_REQUESTS_MAX;
    let replies = a_flood_and_one_other(&clock().repeat(requests), |client| {
        (0..requests).map(|_| clock_of(&client.reply())).collect()
    });
    assert_eq!(replies, requests);
}

#[test]
fn requests_of_one_turn_in_a_batch() {
    let batch = format!("[{}]", vec![clock(); BATCH_LENGTH_MAX].join(","));
    let replies =
        a_flood_and_one_other(&batch, |client| client.reply().as_array().unwrap().iter().map(clock_of).collect());
    assert_eq!(replies, BATCH_LENGTH_MAX);
}

/// One client sends very many requests, then another one: the daemon finds both at the same moment, and the other is
/// answered after one turn of the first. Returns how many replies the first has had.
fn a_flood_and_one_other(flood: &str, replies: impl FnOnce(&mut Client) -> Vec<u64>) -> usize {
    let daemon = Daemon::simulating(2);
    let (mut first, mut other) = (daemon.connect(), daemon.connect());
    first.ping();
    other.ping();
    daemon.freeze();
    assert_eq!(first.send_some(flood.as_bytes()), flood.len(), "the kernel takes all of it");
    other.send(clock());
    daemon.thaw();
    let others = clock_of(&other.reply());
    let firsts = replies(&mut first);
    assert!(firsts.is_sorted(), "answered in order");
    let before = firsts.iter().filter(|&&time| time < others).count();
    let behind = firsts.iter().filter(|&&time| time > others).count();
    assert!(before <= TURN_REQUESTS_MAX, "{before} requests of the first client before the other's turn");
    assert!(behind > 0, "the other client waited for all of the first one's");
    firsts.len()
}

/// Both clients' bytes are there at the same moment; the first one's reply takes longer than a turn may.
fn a_long_one_and_one_other(daemon: &Daemon, long: &str) {
    let (mut first, mut other) = (daemon.connect(), daemon.connect());
    first.ping();
    other.ping();
    // Beyond the bound for users, where we may: the kernel is to hold all of it.
    let _ = set_socket_send_buffer_size_force(first.stream(), 4 * MESSAGE_BYTES_MAX);
    daemon.freeze();
    assert_eq!(first.send_some(long.as_bytes()), long.len(), "the kernel takes all of it");
    other.send(clock());
    daemon.thaw();
    let (others, firsts) = (clock_of(&other.reply()), clock_of(&first.reply()));
    assert!(others < firsts, "the other client waited: {others}, {firsts}");
}

#[test]
fn bytes_of_one_turn() {
    if !is_root("bytes_of_one_turn") {
        return;
    }
    const { assert!(MESSAGE_BYTES_MAX > 2 * RECEIVE_BYTES_PER_TURN_MAX) };
    let longest = clock().replace(r#""id""#, &format!(r#""more":"{}","id""#, "x".repeat(MESSAGE_BYTES_MAX - 100)));
    a_long_one_and_one_other(&Daemon::simulating(2), &longest);
}

/// Notifications that take more than [`TURN_TIME_MAX`], but are few.
#[test]
fn time_of_one_turn() {
    let long = r#"{"jsonrpc":"2.0","method":"list_domain"}"#.repeat(8) + &clock();
    a_long_one_and_one_other(&Daemon::start(&["--sim", &SIM_DOMAINS_MAX.to_string()]), &long);
}

#[test]
fn connections_that_wait_to_be_accepted() {
    raise_descriptors();
    let system = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    let backlog = usize::try_from(BACKLOG).unwrap();
    if system.trim().parse::<usize>().unwrap() < backlog {
        println!("skipped: connections_that_wait_to_be_accepted (the system's own bound is lower)");
        return;
    }
    let daemon = Daemon::simulating(2);
    let address = SocketAddrUnix::new(daemon.socket()).unwrap();
    let connect = || {
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::NONBLOCK, None).unwrap();
        rustix::net::connect(&socket, &address).map(|()| UnixStream::from(socket))
    };
    daemon.freeze();
    let waiting: Vec<UnixStream> = (0..backlog).map(|_| connect().unwrap()).collect();
    // The kernel lets one more in than it was told.
    let beyond: Vec<_> = (0..2).map(|_| connect()).collect();
    assert_eq!(beyond.last().unwrap().as_ref().unwrap_err(), &Errno::AGAIN);
    drop(beyond);
    daemon.thaw();
    for socket in waiting {
        socket.set_nonblocking(false).unwrap();
        Client::new(socket).ping();
    }
}

#[test]
fn who_does_not_read_is_not_read_from() {
    let daemon = Daemon::simulating(1000);
    let (mut slow, mut other) = (daemon.connect(), daemon.connect());
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"list_domain"}"#;
    let expected = daemon.connect().ask(list)["result"].as_array().unwrap().len();
    set_socket_send_buffer_size(slow.stream(), 64 << 10).unwrap();
    // Their replies are more than the daemon keeps and the kernel takes, many times over.
    let requests = 40;
    slow.send(list.repeat(requests));
    other.ping();
    // White space asks for nothing and costs no memory: a daemon that still read would take all of it.
    let blank = vec![b' '; 2 * MESSAGE_BYTES_MAX];
    let (mut taken, mut stalled) = (0, 0);
    while stalled < 3 && taken < blank.len() {
        let count = slow.send_some(&blank[taken..]);
        taken += count;
        stalled = if count == 0 { stalled + 1 } else { 0 };
        // A whole turn of the loop, and a proof that others are served.
        other.ping();
    }
    assert!(taken < RECEIVE_BYTES_PER_TURN_MAX, "{taken} bytes were read from a client that does not read");
    for _ in 0..requests {
        assert_eq!(slow.reply()["result"].as_array().unwrap().len(), expected);
    }
    slow.ping();
}

#[test]
fn what_all_slow_readers_hold_together() {
    let daemon = Daemon::start(&["--sim", &SIM_DOMAINS_MAX.to_string()]);
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"list_domain"}"#;
    let mut other = daemon.connect();
    other.send(list);
    let length = other.line().unwrap().len();
    assert!(length > OUT_SOFT_BYTES);
    let mut clients = Vec::new();
    // Each holds a reply but for what the kernel took: so many of them stay below the bound for certain.
    let below = OUT_TOTAL_BYTES_MAX / (length + 1);
    // And with one more than this, they are above it for certain.
    let above = OUT_TOTAL_BYTES_MAX / (length - 2 * SEND_BUFFER_BYTES) + 1;
    for _ in 0..=above {
        let mut client = daemon.connect();
        client.send(list);
        clients.push(client);
        other.ping();
    }
    let whole = |client: &mut Client| {
        client.finish();
        client.rest().len() == length + 1
    };
    // Only who added to too much was closed; the first ones have everything.
    let closed = clients.iter_mut().skip(below).filter_map(|client| (!whole(client)).then_some(())).count();
    assert!(closed > 0, "{above} replies of {length} bytes are more than {OUT_TOTAL_BYTES_MAX}");
    assert!(clients.iter_mut().take(below).all(whole));
    other.ping();
}
