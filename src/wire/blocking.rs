//! A socket that is waited for.
//!
//! In: bytes that are wanted, all of them. Out: the same, and the descriptors that came along. It is for worker
//! processes, which have nothing else to do.

use std::io::{self, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};

use super::descriptors::Descriptors;
use crate::limits::DESCRIPTORS_WAITING_MAX;

/// The socket.
#[derive(Debug)]
pub struct Blocking(UnixStream);

impl Blocking {
    /// It must be in blocking mode.
    pub fn new(socket: UnixStream) -> Self {
        Self(socket)
    }

    /// Another descriptor of the same socket, to poll.
    ///
    /// # Errors
    /// There is none to be had.
    pub fn try_clone(&self) -> io::Result<OwnedFd> {
        Ok(self.0.try_clone()?.into())
    }

    /// Fills `room`. False when the peer is gone instead.
    ///
    /// # Errors
    /// As `recvmsg`.
    pub fn read_exact(&mut self, room: &mut [u8], descriptors: &mut Descriptors) -> io::Result<bool> {
        let mut filled = 0;
        while filled < room.len() {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_WAITING_MAX))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let mut rest = [IoSliceMut::new(&mut room[filled..])];
            match rustix::net::recvmsg(&self.0, &mut rest, &mut control, RecvFlags::CMSG_CLOEXEC) {
                Ok(message) if message.bytes == 0 => return Ok(false),
                Ok(message) => filled += message.bytes,
                Err(rustix::io::Errno::INTR) => continue,
                Err(rustix::io::Errno::CONNRESET) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
            for attached in control.drain() {
                if let RecvAncillaryMessage::ScmRights(came) = attached {
                    came.for_each(|descriptor| descriptors.push(descriptor));
                }
            }
        }
        Ok(true)
    }

    /// Sends all of it.
    ///
    /// # Errors
    /// The peer is gone.
    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}
