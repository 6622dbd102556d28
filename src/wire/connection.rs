//! One client's socket and its two buffers.
//!
//! In: readiness. Out: received bytes in `input`, sent bytes from `output`. It moves bytes and remembers what the
//! kernel may still hold; it does not know what the bytes mean, and it decides nothing about closing.
//!
//! The event loop is edge-triggered: `readable` stays true until the kernel has said that it holds nothing more,
//! since nobody will wake us for bytes that we chose to leave there.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;

use mio::net::UnixStream;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};

use super::descriptors::Descriptors;
use super::peer::Peer;
use crate::limits::{DESCRIPTORS_WAITING_MAX, IN_BUF_BYTES_START, MESSAGE_BYTES_MAX, RECEIVE_BYTES_PER_TURN_MAX};
use crate::mem::{InBuf, OutBuf};

/// A connected client.
#[derive(Debug)]
pub struct Connection {
    socket: UnixStream,
    peer: Peer,
    /// Bytes received and not answered yet.
    pub input: InBuf,
    /// Bytes answered and not sent yet.
    pub output: OutBuf,
    /// Descriptors that came with the bytes, and that no request has taken yet.
    pub descriptors: Descriptors,
    readable: bool,
    read_closed: bool,
    ended: bool,
    /// The peer takes nothing any more.
    deaf: bool,
}

impl Connection {
    /// A connection that has just been accepted.
    pub fn new(socket: UnixStream, peer: Peer) -> Self {
        Self::with_room(socket, peer, MESSAGE_BYTES_MAX)
    }

    /// The same for messages of another length.
    pub fn with_room(socket: UnixStream, peer: Peer, message_bytes_max: usize) -> Self {
        Self {
            socket,
            peer,
            input: InBuf::new(IN_BUF_BYTES_START, message_bytes_max),
            output: OutBuf::default(),
            descriptors: Descriptors::default(),
            readable: false,
            read_closed: false,
            ended: false,
            deaf: false,
        }
    }

    /// For the event loop to register.
    pub fn socket(&mut self) -> &mut UnixStream {
        &mut self.socket
    }

    /// Who connected.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// The kernel says that there is something to read, or that the peer has stopped sending.
    pub fn wake(&mut self, read_closed: bool) {
        self.readable = true;
        self.read_closed |= read_closed;
    }

    /// The kernel may hold bytes that we have not taken.
    pub fn is_readable(&self) -> bool {
        self.readable
    }

    /// The peer has sent its last byte, or is gone, and we have taken all that it sent.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Takes what the kernel holds, up to a turn's share and the room there is.
    ///
    /// A read that did not fill the room has emptied the socket, and no further read is made to hear so: but not when
    /// descriptors came along (the kernel ends a read where they are attached), nor once the peer has stopped sending
    /// (the end would be missed).
    ///
    /// An error is an end, too: a peer that closes with bytes of ours unread makes one, behind all that it had sent.
    pub fn receive(&mut self) {
        let mut taken = 0;
        while self.readable && !self.ended && taken < RECEIVE_BYTES_PER_TURN_MAX && !self.input.is_full() {
            let spare = self.input.spare();
            let room = spare.len();
            match receive_once(&self.socket, spare, &mut self.descriptors) {
                Ok((0, _)) => self.end(),
                Ok((count, cut_short)) => {
                    self.input.advance(count);
                    taken += count;
                    self.readable = count == room || cut_short || self.read_closed;
                }
                Err(rustix::io::Errno::AGAIN) => self.readable = false,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => self.end(),
            }
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.readable = false;
    }

    /// Sends what is owed, as far as the kernel takes it. What a peer that is gone is owed goes nowhere: what it had
    /// asked for is carried out all the same.
    pub fn send(&mut self) {
        while !self.output.is_empty() {
            if self.deaf {
                return self.output.consume(self.output.len());
            }
            match rustix::net::send(&self.socket, self.output.unsent(), SendFlags::NOSIGNAL) {
                Ok(count) => self.output.consume(count),
                Err(rustix::io::Errno::AGAIN) => return,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => self.deaf = true,
            }
        }
    }

    /// The same when a text was left out of what is owed, before its byte `at`. It is copied only if the kernel does
    /// not take all at once.
    pub fn send_around(&mut self, at: usize, left_out: &[u8]) {
        let (before, behind) = self.output.unsent().split_at(at);
        let pieces = [IoSlice::new(before), IoSlice::new(left_out), IoSlice::new(behind)];
        let control = &mut SendAncillaryBuffer::default();
        let sent = rustix::net::sendmsg(&self.socket, &pieces, control, SendFlags::NOSIGNAL).unwrap_or(0);
        if sent == self.output.len() + left_out.len() {
            return self.output.consume(self.output.len());
        }
        // What has been sent is not copied.
        let left = &left_out[sent.saturating_sub(at).min(left_out.len())..];
        self.output.consume(sent.min(at));
        self.output.insert(at.saturating_sub(sent), left);
        self.output.consume(sent.saturating_sub(at + left_out.len()));
        // What kept it from taking all is heard there.
        self.send();
    }

    /// Sends a few bytes with descriptors, at once and as a whole. For a socket that has taken all there was before.
    ///
    /// # Errors
    /// The peer is gone, or the kernel did not take all of it.
    pub fn send_with(&mut self, bytes: &[u8], descriptors: &[impl AsFd]) -> rustix::io::Result<()> {
        let borrowed: Vec<_> = descriptors.iter().map(AsFd::as_fd).collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_WAITING_MAX))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !borrowed.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&borrowed)) {
            return Err(rustix::io::Errno::TOOMANYREFS);
        }
        let sent = rustix::net::sendmsg(&self.socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?;
        if sent == bytes.len() { Ok(()) } else { Err(rustix::io::Errno::MSGSIZE) }
    }

    /// Tells the peer that nothing more will come, even if a forked child still holds a copy of the descriptor.
    pub fn shut(&self) {
        // The peer may be gone already, which is what we want.
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
    }
}

/// One `recvmsg`: how many bytes came, and whether descriptors ended it before the socket was empty. When this
/// process has no room for descriptors, the kernel drops them and says so by `CTRUNC` alone.
fn receive_once(
    socket: &UnixStream,
    room: &mut [u8],
    descriptors: &mut Descriptors,
) -> rustix::io::Result<(usize, bool)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_PER_READ_MAX))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let message = rustix::net::recvmsg(socket, &mut [IoSliceMut::new(room)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut cut_short = message.flags.contains(ReturnFlags::CTRUNC);
    for attached in control.drain() {
        cut_short = true;
        if let RecvAncillaryMessage::ScmRights(came) = attached {
            came.for_each(|descriptor| descriptors.push(descriptor));
        }
    }
    Ok((message.bytes, cut_short))
}

/// What the kernel attaches to one message at most (SCM_MAX_FD).
const DESCRIPTORS_PER_READ_MAX: usize = 253;

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
