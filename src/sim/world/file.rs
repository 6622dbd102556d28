//! The image in a file: a host that outlives whoever simulates it.
//!
//! In: a path. Out: the host in that file, made there if the file is new, empty, or half made by somebody who died.
//! Anything else is left as it is. Whoever has the host open shares a lock on the file (flock), and who makes it has
//! that lock alone; it goes with the processes. The file is sparse: it takes up as much as its domains need. It is
//! best kept in memory (tmpfs), where nobody waits for a disk.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, FlockOperation, Mode, OFlags, flock, fstat};

use super::UNFINISHED;
use super::map::World;

impl World {
    /// The host in this file. If there is none, `make` fills a new one.
    ///
    /// # Errors
    /// The file is something else, or the system says no.
    pub(crate) fn open(path: &Path, seed: u64, make: impl FnOnce(&Self) -> io::Result<()>) -> io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?;
        let is = fstat(&file)?;
        if FileType::from_raw_mode(is.st_mode) != FileType::RegularFile {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no regular file"));
        }
        // Whoever owns it could cut it short, which would end us.
        if is.st_uid != rustix::process::geteuid().as_raw() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "somebody else's file"));
        }
        if !is_to_be_made(&file)? {
            return Self::attach(file);
        }
        let shared = file.try_clone()?;
        let world = Self::in_file(file, seed)?;
        make(&world)?;
        world.finish();
        flock(shared.as_fd(), FlockOperation::LockShared)?;
        Ok(world)
    }
}

/// Whether there is no host in the file yet. Then it is locked for whoever makes it, else for all who use it.
fn is_to_be_made(file: &OwnedFd) -> io::Result<bool> {
    loop {
        // Waits while somebody makes it.
        flock(file, FlockOperation::LockShared)?;
        if !is_blank(file)? {
            return Ok(false);
        }
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) if is_blank(file)? => return Ok(true),
            // Others have just begun, too, and one of them was first.
            Ok(()) | Err(rustix::io::Errno::WOULDBLOCK) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn is_blank(file: &OwnedFd) -> io::Result<bool> {
    let mut first = [0; 8];
    let length = rustix::io::pread(file, &mut first, 0)?;
    Ok(length == 0 || (length == first.len() && u64::from_ne_bytes(first) == UNFINISHED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> io::Result<World> {
        World::open(path, 7, |_| Ok(()))
    }

    #[test]
    fn a_host_in_a_file_is_made_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("world");
        let (first, second) = (open(&path).unwrap(), World::open(&path, 8, |_| unreachable!()).unwrap());
        assert_eq!((first.seed(), second.seed()), (7, 7));
        drop((first, second));
        assert_eq!(open(&path).unwrap().seed(), 7);
    }

    #[test]
    fn what_was_left_half_made_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("world");
        assert!(World::open(&path, 7, |_| Err(io::Error::other("dies"))).is_err());
        assert_eq!(World::open(&path, 8, |_| Ok(())).unwrap().seed(), 8);
    }

    #[test]
    fn what_is_no_host_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("world");
        for (content, words) in
            [(&b"other"[..], "no simulated host"), (b"some text of somebody's", "no simulated host")]
        {
            std::fs::write(&path, content).unwrap();
            assert_eq!(open(&path).unwrap_err().to_string(), words);
            assert_eq!(std::fs::read(&path).unwrap(), content);
        }
        // One byte too many, or another layout.
        std::fs::remove_file(&path).unwrap();
        drop(open(&path).unwrap());
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(super::super::map::SIZE as u64 + 1).unwrap();
        assert_eq!(open(&path).unwrap_err().to_string(), "a simulated host of another xenopsd");
        assert!(open(folder.path()).is_err());
    }
}
