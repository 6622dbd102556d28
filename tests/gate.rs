//! What clients do while the daemon is busy: it finds all of it at one moment.
//!
//! In: a daemon in this process, one of whose methods (`get_max_nodes`) waits at a gate inside of libxl, while another
//! (`get_max_cpus`) counts how often it is carried out. Out: what became of requests and connections that came and went
//! while the gate was closed.
#![cfg(feature = "daemon")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use core::ffi::c_int;
use std::cell::RefCell;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use common::{Client, DEADLINE, raise_descriptors, until};
use xenopsd::daemon::{Daemon, Doors, StopSignals};
use xenopsd::limits::{CONNECTIONS_MAX, TURN_REQUESTS_MAX};
use xenopsd::rpc::Rpc;
use xenopsd::sim;
use xenopsd::wire::Listener;
use xenopsd::worker::Launch;
use xenopsd::xl::Xl;
use xenopsd::xl::sys::{ERROR_FAIL, libxl_ctx};

const COUNTED: &str = r#"{"jsonrpc":"2.0","id":"counted","method":"get_max_cpus"}"#;
const WAITS: &str = r#"{"jsonrpc":"2.0","id":"waits","method":"get_max_nodes"}"#;

/// The daemon's side of the gate.
struct Gate {
    count: Arc<AtomicUsize>,
    reached: Sender<()>,
    opened: Receiver<()>,
}

thread_local! {
    /// Each test's daemon has a thread of its own.
    static GATE: RefCell<Option<Gate>> = const { RefCell::new(None) };
}

fn at_gate(what: impl FnOnce(&Gate)) {
    GATE.with_borrow(|gate| what(gate.as_ref().unwrap()));
}

extern "C" fn counted(_: *mut libxl_ctx) -> c_int {
    at_gate(|gate| _ = gate.count.fetch_add(1, Ordering::Relaxed));
    // An error is found again by each request; a result would do for all of a turn.
    ERROR_FAIL
}

extern "C" fn waits(_: *mut libxl_ctx) -> c_int {
    at_gate(|gate| {
        gate.reached.send(()).unwrap();
        gate.opened.recv_timeout(DEADLINE).unwrap();
    });
    1
}

/// A daemon, and the test's side of its gate.
struct Gated {
    folder: tempfile::TempDir,
    count: Arc<AtomicUsize>,
    reached: Receiver<()>,
    open: Sender<()>,
}

impl Gated {
    /// Starts it in a thread, which ends with the process.
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (count, (tell, reached), (open, opened)) = (Arc::new(AtomicUsize::new(0)), channel(), channel());
        let listener = Listener::bind(&folder.path().join("socket")).unwrap();
        let gate = Gate { count: Arc::clone(&count), reached: tell, opened };
        std::thread::spawn(move || serve(gate, listener));
        Self { folder, count, reached, open }
    }

    fn connect(&self) -> Client {
        let socket: PathBuf = self.folder.path().join("socket");
        Client::new(UnixStream::connect(socket).unwrap())
    }

    /// A client that has been answered, so that the daemon has accepted it.
    fn served(&self) -> Client {
        let mut client = self.connect();
        client.ping();
        client
    }

    /// Returns once the daemon stands at the gate.
    fn wait(&self) {
        self.reached.recv_timeout(DEADLINE).unwrap();
    }

    fn open(&self) {
        self.open.send(()).unwrap();
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

fn serve(gate: Gate, listener: Listener) {
    GATE.set(Some(gate));
    let host = sim::start(2, 1).unwrap();
    let xl = Xl::open(|functions| {
        host(functions);
        functions.libxl_get_max_cpus = Some(counted);
        functions.libxl_get_max_nodes = Some(waits);
    });
    // Calls that would need a worker are not made here.
    let launch = Launch { program: "false".into(), workers: 1, sim: None, verbose: 0 };
    Daemon::new(Rpc::new(xl.unwrap()), Doors::full(listener), StopSignals::catch().unwrap(), launch)
        .unwrap()
        .run()
        .unwrap();
}

/// Its reply is not read, so that the kernel reports an error to the daemon instead of an end.
#[test]
fn what_a_client_had_asked_for_before_it_left_is_carried_out() {
    // One turn answers as many as the first number says; the other takes several turns.
    for requests in [3, 3 * TURN_REQUESTS_MAX + 1] {
        let daemon = Gated::start();
        let (mut leaves, mut stays) = (daemon.served(), daemon.served());
        leaves.send(COUNTED);
        until("the reply is there, unread", || daemon.count() == 1);
        stays.send(WAITS);
        daemon.wait();
        leaves.send(COUNTED.repeat(requests));
        // Half a request is none.
        leaves.send(&COUNTED[..20]);
        drop(leaves);
        daemon.open();
        until("all of them are carried out", || daemon.count() == 1 + requests);
        assert_eq!(stays.reply()["id"], "waits");
        stays.ping();
    }
}

#[test]
fn who_leaves_makes_room_for_who_comes_behind() {
    raise_descriptors();
    let daemon = Gated::start();
    let mut clients: Vec<Client> = (0..CONNECTIONS_MAX - 1).map(|_| daemon.served()).collect();
    let (mut first, mut second) = (clients.pop().unwrap(), clients.pop().unwrap());
    // While the first waits, a request and a connection arrive: the daemon finds both in its next turn,
    first.send(WAITS);
    daemon.wait();
    second.send(WAITS);
    let mut last = daemon.connect();
    daemon.open();
    // and in that turn, before it accepts, one leaves and another comes.
    daemon.wait();
    drop(clients.pop());
    let mut next = daemon.connect();
    daemon.open();
    last.ping();
    next.ping();
    // Then it is full.
    let refused = daemon.connect().reply();
    assert_eq!(refused["error"]["code"], -32004, "{refused}");
    next.ping();
}
