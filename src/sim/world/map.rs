//! The image in this process: made, or taken over from the process that made it.
//!
//! In: a seed, or a descriptor. Out: a mapping that lasts as long as the `World`. An image says what it is when all of
//! it is there, and not before: whoever dies while making one leaves none.

use core::sync::atomic::Ordering;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{MapFlags, ProtFlags};

use super::{Image, MAGIC, UNFINISHED, VERSION};

pub(super) const SIZE: usize = size_of::<Image>();
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
    /// A host without domains, which ends with the last process that has it. It is to be finished.
    pub(crate) fn new(seed: u64) -> io::Result<Self> {
        let memory = rustix::fs::memfd_create("xenopsd-sim", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        let world = Self::in_file(memory, seed)?;
        rustix::fs::fcntl_add_seals(world.memory(), SEALS)?;
        Ok(world)
    }

    /// The same in this file, which nobody else uses.
    pub(super) fn in_file(file: OwnedFd, seed: u64) -> io::Result<Self> {
        rustix::fs::ftruncate(&file, 0)?;
        rustix::io::pwrite(&file, &UNFINISHED.to_ne_bytes(), 0)?;
        rustix::fs::ftruncate(&file, SIZE as u64)?;
        let world = Self::map(file)?;
        let header = &world.image().header;
        header.lock.initialise()?;
        header.version.store(VERSION, Ordering::Relaxed);
        header.size.store(SIZE as u64, Ordering::Relaxed);
        header.seed.store(seed, Ordering::Relaxed);
        header.boot.store(this_boot(), Ordering::Relaxed);
        Ok(world)
    }

    /// From now on others may attach to it.
    pub(crate) fn finish(&self) {
        self.image().header.magic.store(MAGIC, Ordering::Release);
    }

    /// The host that another process of this very build has made.
    ///
    /// # Errors
    /// The descriptor is something else.
    pub(crate) fn attach(memory: OwnedFd) -> io::Result<Self> {
        let other = |why| Err(io::Error::new(io::ErrorKind::InvalidData, why));
        let size = rustix::fs::fstat(&memory)?.st_size;
        let mut first = [0; 8];
        if rustix::io::pread(&memory, &mut first, 0)? != first.len() || u64::from_ne_bytes(first) != MAGIC {
            return other("no simulated host");
        }
        if usize::try_from(size) != Ok(SIZE) {
            return other("a simulated host of another xenopsd");
        }
        let world = Self::map(memory)?;
        let header = &world.image().header;
        let is = (header.version.load(Ordering::Relaxed), header.size.load(Ordering::Relaxed));
        if is != (VERSION, SIZE as u64) {
            return other("a simulated host of another xenopsd");
        }
        // Its clocks, and whoever held its lock, belong to that time.
        if header.boot.load(Ordering::Relaxed) != this_boot() {
            return other("a simulated host from before this machine was booted");
        }
        Ok(world)
    }

    /// Maps a file of the right size.
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
        // SAFETY: mapped until this is dropped, page-aligned; zeros are valid. Nobody makes a memfd smaller; who
        // does that to a file ends the processes that use it.
        unsafe { self.image.as_ref() }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // SAFETY: mapped in `map`, and every reference to it borrows from this.
        let _ = unsafe { rustix::mm::munmap(self.image.as_ptr().cast(), SIZE) };
    }
}

/// Tells this time that the machine is up from all others; 0 where the kernel does not say.
fn this_boot() -> u64 {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits = id.chars().filter(char::is_ascii_hexdigit).take(16);
    u64::from_str_radix(&digits.collect::<String>(), 16).unwrap_or(0)
}
