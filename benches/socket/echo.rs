//! The floor: a mio loop that answers each line with a reply of fixed length, and does nothing else.
//!
//! It makes the system calls that any server must make for a lone request (epoll_wait, read, write) with the buffers and
//! socket options of the real one.

use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use mio::net::{UnixListener, UnixStream};
use mio::{Events, Interest, Poll, Token};
use xenopsd::limits::SEND_BUFFER_BYTES;

use crate::Outcome;

/// The first argument that makes this program an echo server.
pub(crate) const ROLE: &str = "echo-server";

const LISTENER: Token = Token(usize::MAX);

struct Connection {
    socket: UnixStream,
    /// Reply bytes owed and not sent.
    owed: usize,
}

/// Serves for ever.
pub(crate) fn serve(path: &Path, reply_bytes: usize) -> Outcome<()> {
    let mut reply = vec![b'x'; reply_bytes];
    reply[reply_bytes - 1] = b'\n';
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = UnixListener::bind(path)?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut connections: Vec<Connection> = Vec::new();
    let mut input = [0; 4096];
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut connections)?;
            } else {
                answer(&mut connections[event.token().0], &mut input, &reply);
            }
        }
    }
}

fn accept(listener: &UnixListener, poll: &Poll, connections: &mut Vec<Connection>) -> Outcome<()> {
    while let Ok((mut socket, _)) = listener.accept() {
        let _ = rustix::net::sockopt::set_socket_send_buffer_size_force(&socket, SEND_BUFFER_BYTES)
            .or_else(|_| rustix::net::sockopt::set_socket_send_buffer_size(&socket, SEND_BUFFER_BYTES));
        let interest = Interest::READABLE;
        poll.registry().register(&mut socket, Token(connections.len()), interest)?;
        connections.push(Connection { socket, owed: 0 });
    }
    Ok(())
}

fn answer(connection: &mut Connection, input: &mut [u8], reply: &[u8]) {
    // A read that did not fill the buffer has emptied the socket.
    while let Ok(count @ 1..) = connection.socket.read(input) {
        connection.owed += reply.len() * input[..count].iter().filter(|&&byte| byte == b'\n').count();
        if count < input.len() {
            break;
        }
    }
    while connection.owed > 0 {
        let from = (reply.len() - connection.owed % reply.len()) % reply.len();
        match connection.socket.write(&reply[from..]) {
            Ok(count) => connection.owed -= count,
            // The reader is slow; a bench's client reads on at once.
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
            Err(_) => connection.owed = 0,
        }
    }
}
