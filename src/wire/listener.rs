//! The listening socket.
//!
//! In: a path. Out: a socket that only this user can connect to (mode 0600), and connections with their peers'
//! credentials. A stale socket file is replaced, a live server's is not; a lock file held for life keeps two daemons
//! from doing so at the same moment. A daemon that was killed while it started a worker holds both a little longer, in
//! the process that is not a worker yet; that is waited for. It does not decide who may connect beyond the file's mode.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

use mio::net::{UnixListener, UnixStream};
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::peer::Peer;
use crate::limits::{BACKLOG, BIND_PATIENCE, BIND_RETRY, SEND_BUFFER_BYTES};

/// Why a socket cannot be listened on.
#[derive(Debug)]
pub enum BindError {
    /// Another daemon holds the lock, or another server answers on the socket.
    InUse(PathBuf),
    /// Something that is no socket has this name.
    NotASocket(PathBuf),
    /// Something that is no regular file has the lock file's name.
    NotALock(PathBuf),
    /// The path does not fit into a socket's address (107 bytes).
    TooLong(PathBuf),
    /// The system said no while doing what the text says.
    System(&'static str, PathBuf, io::Error),
}

impl std::fmt::Display for BindError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::InUse(path) => {
                write!(f, "{}: another server is using this socket", path.display())
            }
            Self::NotASocket(path) => write!(f, "{}: there is a file of this name that is no socket", path.display()),
            Self::NotALock(path) => write!(f, "{}: there is something of this name that is no file", path.display()),
            Self::TooLong(path) => write!(f, "{}: longer than the 107 bytes a socket's path may have", path.display()),
            Self::System(what, path, error) => {
                write!(f, "{}: cannot {what}: {error}", path.display())
            }
        }
    }
}

impl std::error::Error for BindError {}

/// A socket that accepts connections. Its file is removed when it is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
    /// Device and inode of the file we made: another daemon's later file is not ours to remove.
    file: (u64, u64),
    _lock: File,
}

impl Listener {
    /// Listens on `path`, for this user alone.
    ///
    /// # Errors
    /// See [`BindError`].
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let begun = Instant::now();
        loop {
            match Self::try_bind(path) {
                Err(BindError::InUse(_)) if begun.elapsed() < BIND_PATIENCE => std::thread::sleep(BIND_RETRY),
                done => return done,
            }
        }
    }

    fn try_bind(path: &Path) -> Result<Self, BindError> {
        let system = |what| move |error: io::Error| BindError::System(what, path.to_owned(), error);
        let address = address(path)?;
        let lock = lock(path)?;
        remove_stale(path, &address)?;
        let socket = new_socket().map_err(|e| system("make a socket")(e.into()))?;
        // The mode is right from the first moment: there is no time at which others could connect.
        let umask = rustix::process::umask(Mode::from_raw_mode(0o177));
        let bound = rustix::net::bind(&socket, &address);
        rustix::process::umask(umask);
        bound.map_err(|e| system("bind the socket")(e.into()))?;
        rustix::net::listen(&socket, BACKLOG).map_err(|e| system("listen")(e.into()))?;
        let metadata = std::fs::symlink_metadata(path).map_err(system("look at the socket"))?;
        Ok(Self {
            socket: UnixListener::from_std(socket.into()),
            path: path.to_owned(),
            file: (metadata.dev(), metadata.ino()),
            _lock: lock,
        })
    }

    /// Lets this group connect, too; without one, the group of whoever runs the daemon.
    ///
    /// # Errors
    /// The daemon may not give the file away.
    pub fn let_in(&self, group: Option<u32>) -> Result<(), BindError> {
        let system = |what| move |error: io::Error| BindError::System(what, self.path.clone(), error);
        // The group first: at no moment another one could connect.
        std::os::unix::fs::chown(&self.path, None, group).map_err(system("give the socket to the group"))?;
        let mode = std::fs::Permissions::from_mode(0o660);
        std::fs::set_permissions(&self.path, mode).map_err(system("let the group connect"))
    }

    /// For the event loop to register.
    pub fn socket(&mut self) -> &mut UnixListener {
        &mut self.socket
    }

    /// The next waiting connection. `WouldBlock` when there is none.
    ///
    /// # Errors
    /// As `accept4`; most are about descriptors running out and pass.
    pub fn accept(&self) -> io::Result<(UnixStream, Peer)> {
        let (socket, _) = self.socket.accept()?;
        let peer = Peer::of(&socket)?;
        // A long reply should leave in one write. Without privilege the system's own bound holds.
        if rustix::net::sockopt::set_socket_send_buffer_size_force(&socket, SEND_BUFFER_BYTES).is_err() {
            let _ = rustix::net::sockopt::set_socket_send_buffer_size(&socket, SEND_BUFFER_BYTES);
        }
        Ok((socket, peer))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if std::fs::symlink_metadata(&self.path).is_ok_and(|now| (now.dev(), now.ino()) == self.file) {
            // If it cannot be removed, the next daemon will find it stale.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Longest path of a socket. Linux takes one byte more, in an address without the NUL that most clients' libraries put
/// behind it: nobody could connect with them.
const PATH_BYTES_MAX: usize = 107;

fn address(path: &Path) -> Result<SocketAddrUnix, BindError> {
    let bytes = path.as_os_str().as_bytes();
    let fits = bytes.len() <= PATH_BYTES_MAX;
    let address = fits.then(|| SocketAddrUnix::new(bytes).ok()).flatten();
    address.ok_or_else(|| BindError::TooLong(path.to_owned()))
}

/// Takes `PATH.lock`, which is never removed: removing it would let two daemons hold two files of that name.
fn lock(path: &Path) -> Result<File, BindError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    // Reading, too, and without waiting: a FIFO would have us wait for somebody at its other end.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags)
        .open(&name)
        .map_err(|error| BindError::System("open the lock file", name.clone(), error))?;
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(BindError::NotALock(name));
    }
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(BindError::InUse(path.to_owned())),
        Err(error) => Err(BindError::System("lock", name, error.into())),
    }
}

/// Removes a socket that nobody listens on.
fn remove_stale(path: &Path, address: &SocketAddrUnix) -> Result<(), BindError> {
    let system = |what| move |error: io::Error| BindError::System(what, path.to_owned(), error);
    let metadata = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(system("look at")(error)),
    };
    if !metadata.file_type().is_socket() {
        return Err(BindError::NotASocket(path.to_owned()));
    }
    let probe = new_socket().map_err(|e| system("make a socket")(e.into()))?;
    match rustix::net::connect(&probe, address) {
        Err(rustix::io::Errno::CONNREFUSED) => std::fs::remove_file(path).map_err(system("remove the stale socket")),
        Err(rustix::io::Errno::NOENT) => Ok(()),
        // It answers, or its queue is full, or it is of another type: somebody is alive there.
        _ => Err(BindError::InUse(path.to_owned())),
    }
}

fn new_socket() -> rustix::io::Result<rustix::fd::OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}
