//! Who is at the other end of a connection.
//!
//! In: a connected socket. Out: the peer's user and process, as the kernel noted them when it connected. It decides
//! nothing.
#![allow(
    unsafe_code,
    reason = "rustix's form of this call takes a process number of 0, which is a valid answer, for an error"
)]

use std::io;
use std::os::fd::AsRawFd;

/// The process at the other end, as the kernel knows it since it connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its process; 0 for one that our own namespace of processes does not have.
    pub pid: i32,
}

impl Peer {
    /// Asks the kernel.
    pub(super) fn of(socket: &impl AsRawFd) -> io::Result<Self> {
        let mut found = libc::ucred { pid: 0, uid: 0, gid: 0 };
        let mut size = libc::socklen_t::try_from(size_of::<libc::ucred>()).unwrap_or(0);
        // SAFETY: SO_PEERCRED writes at most `size` bytes, which is what `found` has; any bytes are a valid `ucred`.
        let r = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERCRED,
                (&raw mut found).cast(),
                &raw mut size,
            )
        };
        if r != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { uid: found.uid, pid: found.pid })
    }
}
