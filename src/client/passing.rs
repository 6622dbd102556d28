//! Bytes that descriptors go along with.
//!
//! In: a message, open files. Out: the message on the socket, the descriptors with its first bytes, where whoever reads
//! those gets copies of them. It does not close any.

use std::io::{self, IoSlice, Write};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

/// More than any method takes.
const DESCRIPTORS_MAX: usize = 4;

/// Sends all of `message`.
pub(super) fn send(stream: &mut UnixStream, message: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    if descriptors.is_empty() {
        return stream.write_all(message);
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many descriptors for one request"));
    }
    let sent = loop {
        match sendmsg(&*stream, &[IoSlice::new(message)], &mut control, SendFlags::NOSIGNAL) {
            Err(rustix::io::Errno::INTR) => {}
            sent => break sent?,
        }
    };
    stream.write_all(&message[sent..])
}
