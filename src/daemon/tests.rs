//! The loop's own count of what slow readers hold, which no client sees.

use super::*;
use crate::rpc::Access;
use crate::sim;
use crate::wire::{Listener, Peer};
use crate::xl::Xl;

/// A daemon with one client that owes so many bytes and, by what the test says of its turn, has more to do.
fn daemon_owing(bytes: usize) -> (Daemon, Key, std::os::unix::net::UnixStream, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let listener = Listener::bind(&folder.path().join("socket")).unwrap();
    let rpc = Rpc::new(Xl::open(sim::start(1, 1).unwrap()).unwrap());
    let launch = Launch { program: "false".into(), workers: 1, sim: None, verbose: 0 };
    let mut daemon = Daemon::new(rpc, Doors::full(listener), StopSignals::catch().unwrap(), launch).unwrap();
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let socket = mio::net::UnixStream::from_std(ours);
    daemon.admit(Visitor { socket, peer: Peer { uid: 0, pid: 0 }, access: Access::Full });
    let key = daemon.clients.keys().next().unwrap();
    client(&mut daemon, key).connection.output.tail().resize(bytes, b' ');
    (daemon, key, theirs, folder)
}

fn client(daemon: &mut Daemon, key: Key) -> &mut Client {
    daemon.clients.get_mut(key).unwrap()
}

#[test]
fn what_is_owed_is_counted_whatever_comes_next() {
    for turn in [Turn::Again, Turn::Rest] {
        let (mut daemon, key, _theirs, _folder) = daemon_owing(1000);
        daemon.after(key, turn);
        assert_eq!(daemon.owed_bytes, 1000, "{turn:?}");
        client(&mut daemon, key).connection.output.consume(600);
        daemon.after(key, turn);
        assert_eq!(daemon.owed_bytes, 400, "{turn:?}");
        daemon.after(key, Turn::Close);
        assert_eq!((daemon.owed_bytes, daemon.clients.len()), (0, 0), "{turn:?}");
    }
}

#[test]
fn who_adds_to_too_much_is_closed_whatever_comes_next() {
    for turn in [Turn::Again, Turn::Rest] {
        for (owed_by_others, closed) in [(OUT_TOTAL_BYTES_MAX - 1000, false), (OUT_TOTAL_BYTES_MAX - 999, true)] {
            let (mut daemon, key, _theirs, _folder) = daemon_owing(1000);
            daemon.owed_bytes = owed_by_others;
            daemon.after(key, turn);
            assert_eq!(daemon.clients.is_empty(), closed, "{turn:?} {owed_by_others}");
            assert_eq!(daemon.owed_bytes, if closed { owed_by_others } else { OUT_TOTAL_BYTES_MAX }, "{turn:?}");
        }
    }
}
