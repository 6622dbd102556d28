//! The floor: a mio loop that answers each line with a reply of fixed length, and does nothing else.
//!
//! It makes the system calls that any server must make for a lone request (epoll_wait, read, write) with the socket
//! options of the real one.

use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use mio::net::{UnixListener, UnixStream};
use mio::{Events, Interest, Poll, Token};
use xenopsd::limits::SEND_BUFFER_BYTES;

use crate::{Outcome, server};

/// The first argument that makes this program an echo server.
pub(crate) const ROLE: &str = "echo-server";

const LISTENER: Token = Token(usize::MAX);

/// Serves for ever.
pub(crate) fn serve(path: &Path, reply_bytes: usize) -> Outcome<()> {
    server::end_with_parent()?;
    let mut reply = vec![b'x'; reply_bytes];
    reply[reply_bytes - 1] = b'\n';
    let mut input = vec![0; 64 << 10];
    run(path, move |socket| {
        // A read that did not fill the buffer has emptied the socket.
        while let Ok(count @ 1..) = socket.read(&mut input) {
            let requests = input[..count].iter().filter(|&&byte| byte == b'\n').count();
            send(socket, &reply, reply.len() * requests);
            if count < input.len() {
                break;
            }
        }
    })
}

/// Sends that many bytes, the reply over and over: small ones together, as a server that gathers a burst does.
fn send(socket: &mut UnixStream, reply: &[u8], mut owed: usize) {
    let gathered;
    let burst = if owed > reply.len() && owed <= 64 << 10 {
        gathered = reply.repeat(owed / reply.len());
        &gathered[..]
    } else {
        reply
    };
    while owed > 0 {
        let from = (burst.len() - owed % burst.len()) % burst.len();
        match socket.write(&burst[from..]) {
            Ok(count) => owed -= count,
            // The reader is slow; a bench's client reads on at once.
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
            Err(_) => owed = 0,
        }
    }
}

/// A mio loop that hands every socket with something to read to `answer`.
pub(crate) fn run(path: &Path, mut answer: impl FnMut(&mut UnixStream)) -> Outcome<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = UnixListener::bind(path)?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut sockets: Vec<UnixStream> = Vec::new();
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut sockets)?;
            } else {
                answer(&mut sockets[event.token().0]);
            }
        }
    }
}

fn accept(listener: &UnixListener, poll: &Poll, sockets: &mut Vec<UnixStream>) -> Outcome<()> {
    while let Ok((mut socket, _)) = listener.accept() {
        let _ = rustix::net::sockopt::set_socket_send_buffer_size_force(&socket, SEND_BUFFER_BYTES)
            .or_else(|_| rustix::net::sockopt::set_socket_send_buffer_size(&socket, SEND_BUFFER_BYTES));
        poll.registry().register(&mut socket, Token(sockets.len()), Interest::READABLE)?;
        sockets.push(socket);
    }
    Ok(())
}
