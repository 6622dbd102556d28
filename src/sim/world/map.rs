//! The image in this process: made, or taken over from the process that made it.
//!
//! In: a seed, or a descriptor. Out: a mapping that lasts as long as the process.

use core::sync::atomic::Ordering;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{MapFlags, ProtFlags};

use super::{Image, MAGIC, VERSION};

const SIZE: usize = size_of::<Image>();
/// Nobody can take memory away from under a mapping, or the seals.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::SEAL);

/// A mapped image.
#[derive(Debug)]
pub(crate) struct World {
    image: NonNull<Image>,
    memory: OwnedFd,
}

// SAFETY: all that is reachable is atomic or under the rules of `latch` and `lock`.
unsafe impl Sync for World {}
// SAFETY: the mapping belongs to the process, not to a thread.
unsafe impl Send for World {}

impl World {
    /// A host without domains.
    pub(crate) fn new(seed: u64) -> io::Result<Self> {
        let memory = rustix::fs::memfd_create("xenopsd-sim", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        rustix::fs::ftruncate(&memory, SIZE as u64)?;
        rustix::fs::fcntl_add_seals(&memory, SEALS)?;
        let world = Self::map(memory)?;
        let header = &world.image().header;
        header.lock.initialise()?;
        header.version.store(VERSION, Ordering::Relaxed);
        header.size.store(SIZE as u64, Ordering::Relaxed);
        header.seed.store(seed, Ordering::Relaxed);
        header.magic.store(MAGIC, Ordering::Release);
        Ok(world)
    }

    /// The host that another process of this very build has made.
    ///
    /// # Errors
    /// The descriptor is something else.
    pub(crate) fn attach(memory: OwnedFd) -> io::Result<Self> {
        let other = || io::Error::new(io::ErrorKind::InvalidData, "no simulated host of this build");
        let seals = rustix::fs::fcntl_get_seals(&memory).map_err(|_| other())?;
        let size = rustix::fs::fstat(&memory)?.st_size;
        if !seals.contains(SEALS) || usize::try_from(size) != Ok(SIZE) {
            return Err(other());
        }
        let world = Self::map(memory)?;
        let header = &world.image().header;
        let is = (header.magic.load(Ordering::Acquire), header.version.load(Ordering::Relaxed));
        if is != (MAGIC, VERSION) || header.size.load(Ordering::Relaxed) != SIZE as u64 {
            return Err(other());
        }
        Ok(world)
    }

    /// Maps sealed memory of the right size.
    fn map(memory: OwnedFd) -> io::Result<Self> {
        // SAFETY: a new mapping, at a place of the kernel's choice.
        let start = unsafe {
            let access = ProtFlags::READ | ProtFlags::WRITE;
            rustix::mm::mmap(std::ptr::null_mut(), SIZE, access, MapFlags::SHARED, &memory, 0)?
        };
        let image = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { image, memory })
    }

    /// For the processes that will share it.
    pub(crate) fn memory(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }

    pub(super) fn image(&self) -> &Image {
        // SAFETY: mapped until the process ends, page-aligned, of a sealed size; zeros are valid.
        unsafe { self.image.as_ref() }
    }
}
