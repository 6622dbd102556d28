//! A text that is left out arrives where it belongs, however little the kernel takes at a time.

use std::io::Read;

use rustix::net::sockopt::set_socket_send_buffer_size;

use super::*;

/// A connection whose kernel side holds little, and its other end.
fn narrow() -> (Connection, std::os::unix::net::UnixStream) {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    theirs.set_nonblocking(true).unwrap();
    set_socket_send_buffer_size(&ours, 1).unwrap();
    (Connection::new(UnixStream::from_std(ours), Peer { uid: 0, pid: 0 }), theirs)
}

/// Reads what there is.
fn read(from: &mut std::os::unix::net::UnixStream, to: &mut Vec<u8>) {
    if let Err(error) = from.read_to_end(to) {
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    }
}

/// Bytes that differ from their neighbours.
fn bytes(count: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().take(count).collect()
}

#[test]
fn what_is_left_out_arrives_in_its_place_wherever_the_kernel_stops() {
    let mut cut = 0;
    for (before, text, behind) in [(3, 10, 2), (3, 100_000, 2), (100_000, 5000, 2), (3, 0, 2), (0, 9000, 100_000)] {
        let (mut connection, mut other) = narrow();
        let (before, text, behind) = (bytes(before), bytes(text), bytes(behind));
        connection.output.tail().extend_from_slice(&[&before[..], &behind].concat());
        connection.send_around(before.len(), &text);
        let mut arrived = Vec::new();
        while !connection.output.is_empty() {
            cut += 1;
            assert!(connection.output.unsent().len() <= before.len() + text.len() + behind.len());
            read(&mut other, &mut arrived);
            connection.send();
        }
        read(&mut other, &mut arrived);
        assert!(arrived == [before, text, behind].concat(), "{} bytes", arrived.len());
    }
    assert!(cut > 10, "the kernel took all at once: {cut}");
}

#[test]
fn what_is_left_out_goes_nowhere_when_nobody_is_there() {
    let (mut connection, other) = narrow();
    drop(other);
    connection.output.tail().extend_from_slice(b"{}");
    connection.send_around(1, b"text");
    assert!(connection.output.is_empty());
}
