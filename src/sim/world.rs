//! The simulated host in memory: one sealed memfd, mapped shared by all who simulate it.
//!
//! In: how many domains and which seed. Out: [`World`], whose records everybody may read at any time without waiting.
//! The image has a fixed layout without pointers: a header, a bit for each domid in use, one record a domid. A domain's
//! number is its place, so nothing has to be searched, and pages of numbers that were never used do not exist.
//!
//! Who changes the host (nothing does yet, but the making of it) takes the lock, fills a record's spare copy and
//! publishes it by one store. A domain comes by its record first and its bit in `present` second; it goes by that bit
//! alone. Whoever reads the bit, then the record, sees either the domain or its successor of the same number, whole.

use core::sync::atomic::{AtomicU64, Ordering};
use std::io;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{MapFlags, ProtFlags};

use super::latch::Latched;
use super::lock::{Held, Lock};
use super::record::{Domain, Head};

/// Xen gives numbers below this one to domains.
const DOMIDS: usize = 0x7ff0;

/// The first bytes of an image.
const MAGIC: u64 = u64::from_be_bytes(*b"xenworld");
/// To be raised with every change of a record.
const VERSION: u64 = 1;

/// What lies in the memfd.
#[derive(Debug)]
#[repr(C)]
struct Image {
    header: Header,
    /// A bit for each domid in use.
    present: [AtomicU64; DOMIDS.div_ceil(64)],
    domains: [Latched<Domain>; DOMIDS],
}

/// What a process that maps an image looks at first.
#[derive(Debug)]
#[repr(C)]
struct Header {
    magic: AtomicU64,
    version: AtomicU64,
    /// Of the image: another build's records may differ.
    size: AtomicU64,
    seed: AtomicU64,
    /// Words of `present` that have ever been other than 0 lie below this one.
    present_words: AtomicU64,
    lock: Lock,
}

/// A mapped image.
#[derive(Debug)]
pub(super) struct World {
    image: NonNull<Image>,
    /// For the processes that will share it.
    _memory: OwnedFd,
}

// SAFETY: all that is reachable is atomic or behind the rules of `latch` and `lock`.
unsafe impl Sync for World {}
// SAFETY: the mapping belongs to the process, not to a thread.
unsafe impl Send for World {}

impl World {
    /// A host without domains.
    pub(super) fn new(seed: u64) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let memory = rustix::fs::memfd_create("xenopsd-sim", flags)?;
        let size = size_of::<Image>();
        rustix::fs::ftruncate(&memory, size as u64)?;
        rustix::fs::fcntl_add_seals(&memory, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
        // SAFETY: a new mapping, at a place of the kernel's choice.
        let start = unsafe {
            let access = ProtFlags::READ | ProtFlags::WRITE;
            rustix::mm::mmap(std::ptr::null_mut(), size, access, MapFlags::SHARED, &memory, 0)?
        };
        let image = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        let world = Self { image, _memory: memory };
        let header = &world.image().header;
        header.lock.initialise()?;
        header.version.store(VERSION, Ordering::Relaxed);
        header.size.store(size as u64, Ordering::Relaxed);
        header.seed.store(seed, Ordering::Relaxed);
        header.magic.store(MAGIC, Ordering::Release);
        Ok(world)
    }

    fn image(&self) -> &Image {
        // SAFETY: mapped until the process ends, page-aligned, of a sealed size; zeros are valid.
        unsafe { self.image.as_ref() }
    }

    /// The right to change the host.
    pub(super) fn lock(&self) -> io::Result<Held<'_>> {
        self.image().header.lock.hold()
    }

    /// Makes a domain known, under the number in its record.
    pub(super) fn add_domain(&self, held: &Held<'_>, domain: &Domain) {
        let image = self.image();
        let place = domain.head.domid as usize;
        image.domains[place].publish(held, domain);
        let words = &image.header.present_words;
        let needed = (place / 64 + 1) as u64;
        words.store(words.load(Ordering::Relaxed).max(needed), Ordering::Release);
        let word = &image.present[place / 64];
        let bit = 1 << (place % 64);
        word.store(word.load(Ordering::Relaxed) | bit, Ordering::Release);
    }

    /// The words of `present` that may be other than 0.
    fn present(&self) -> &[AtomicU64] {
        let words = self.image().header.present_words.load(Ordering::Acquire);
        let most = self.image().present.len();
        &self.image().present[..usize::try_from(words).unwrap_or(most).min(most)]
    }

    /// How many domains there are.
    pub(super) fn domain_count(&self) -> usize {
        let ones = |word: &AtomicU64| word.load(Ordering::Relaxed).count_ones() as usize;
        self.present().iter().map(ones).sum()
    }

    /// Every domain's record, by number.
    pub(super) fn domains(&self) -> impl Iterator<Item = &Latched<Domain>> {
        let rows = self.image().domains.chunks(64);
        self.present().iter().zip(rows).flat_map(|(word, row)| {
            let mut bits = word.load(Ordering::Acquire);
            core::iter::from_fn(move || {
                let domain = row.get(bits.trailing_zeros() as usize);
                bits &= bits.wrapping_sub(1);
                domain
            })
        })
    }

    /// What lists show of every domain, by number.
    pub(super) fn heads(&self) -> impl Iterator<Item = Head> {
        self.domains().map(read_head)
    }

    /// What lists show of one domain.
    pub(super) fn head(&self, domid: u32) -> Option<Head> {
        self.domain(domid).map(read_head)
    }

    /// The record of one domain.
    pub(super) fn domain(&self, domid: u32) -> Option<&Latched<Domain>> {
        let place = usize::try_from(domid).ok().filter(|&place| place < DOMIDS)?;
        let word = self.image().present[place / 64].load(Ordering::Acquire);
        (word & (1 << (place % 64)) != 0).then(|| &self.image().domains[place])
    }
}

fn read_head(domain: &Latched<Domain>) -> Head {
    // SAFETY: a place inside the record.
    domain.read(|record| unsafe { &raw mut (*record).head })
}
