//! Programs of steps on a running daemon: pieces of requests, hang-ups, half-closes, readers that do not read. Whatever
//! a few clients do, one that behaves is answered, and the daemon keeps no connection of those that are gone.
#![no_main]

use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use xenopsd::daemon::{Daemon, Doors, StopSignals};
use xenopsd::rpc::Rpc;
use xenopsd::sim;
use xenopsd::wire::Listener;
use xenopsd::worker::Launch;
use xenopsd::xl::Xl;

/// What one of four clients does next.
#[derive(Debug, Arbitrary)]
enum Step {
    /// Sends these bytes, as far as they go without waiting.
    Raw(u8, Vec<u8>),
    /// Sends so much of a request that has a long reply.
    Part(u8, u8),
    /// Sends many requests at once.
    Burst(u8, u8),
    /// Stops sending.
    HalfClose(u8),
    /// Goes without a word.
    HangUp(u8),
    /// Reads what is there.
    Read(u8),
}

const CLIENTS: usize = 4;
const LONG: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"list_domain\"}";
const PROBE: &[u8] = b"{\"id\":1,\"method\":\"get_scheduler\",\"params\":[]}";
/// A daemon that does not answer by then hangs.
const ANSWER_MAX: Duration = Duration::from_secs(20);

fuzz_target!(|steps: Vec<Step>| {
    let socket = daemon();
    let mut clients: [Option<UnixStream>; CLIENTS] = [const { None }; CLIENTS];
    for step in steps {
        take(step, &mut clients, socket);
    }
    probe(socket);
});

/// A daemon in a thread of this process, so that its panics are the fuzzer's.
fn daemon() -> &'static PathBuf {
    static SOCKET: OnceLock<PathBuf> = OnceLock::new();
    SOCKET.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder for the socket").keep();
        let socket = folder.join("s");
        let listener = Listener::bind(&socket).expect("a socket");
        std::thread::spawn(move || {
            let host = sim::start(64, 1).expect("memory for a small host");
            let rpc = Rpc::new(Xl::open(host).expect("libxl is installed"));
            let signals = StopSignals::catch().expect("signals");
            // A worker would be this program, which is the fuzzer: such calls end with an error.
            let launch = Launch { program: "false".into(), workers: 1, sim: None, verbose: 0 };
            Daemon::new(rpc, Doors::full(listener), signals, launch).and_then(Daemon::run).expect("a loop");
        });
        socket
    })
}

fn take(step: Step, clients: &mut [Option<UnixStream>; CLIENTS], socket: &PathBuf) {
    let (Step::Raw(who, _) | Step::Part(who, _) | Step::Burst(who, _)) = step else {
        return end_or_read(&step, clients);
    };
    let client = clients[usize::from(who) % CLIENTS].get_or_insert_with(|| {
        let client = UnixStream::connect(socket).expect("room for a client");
        client.set_nonblocking(true).expect("a socket");
        client
    });
    let bytes = match step {
        Step::Raw(_, bytes) => bytes,
        Step::Part(_, count) => LONG[..usize::from(count) % (LONG.len() + 1)].to_vec(),
        _ => LONG.repeat(usize::from(match step { Step::Burst(_, count) => count, _ => 0 })),
    };
    // A socket that is full, or closed by the daemon, is part of the program.
    let _ = client.write(&bytes);
}

fn end_or_read(step: &Step, clients: &mut [Option<UnixStream>; CLIENTS]) {
    let (Step::HalfClose(who) | Step::HangUp(who) | Step::Read(who)) = step else { return };
    let slot = &mut clients[usize::from(*who) % CLIENTS];
    let Some(client) = slot else { return };
    match step {
        Step::HalfClose(_) => _ = client.shutdown(Shutdown::Write),
        Step::Read(_) => _ = std::io::Read::read(client, &mut [0; 8192]),
        _ => *slot = None,
    }
}

/// A client that behaves.
fn probe(socket: &PathBuf) {
    let mut client = UnixStream::connect(socket).expect("room for one more");
    client.set_read_timeout(Some(ANSWER_MAX)).expect("a socket");
    client.write_all(PROBE).expect("a daemon that reads");
    let mut reply = String::new();
    BufReader::new(client).read_line(&mut reply).expect("a daemon that answers");
    assert_eq!(reply, "{\"id\":1,\"result\":\"credit2\",\"error\":null}\n");
}
