//! Records that are read while they are written, also by other processes.
//!
//! In: a whole new value, from whoever holds the world's lock. Out: a value that was whole at some moment of the read.
//! There are two copies and a generation, whose lowest bit names the current copy. The writer fills the other copy and
//! then publishes it by one store; a writer that dies before that store has changed nothing, and no reader waits for
//! anybody. A reader begins again only if a change was published while it copied, because the next change may already
//! have been filling the copy that it read.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU64, Ordering, fence};

use bytemuck::Pod;

use super::lock::Held;

/// A record in shared memory. All zeros are a record of zeros.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Latched<T> {
    generation: AtomicU64,
    copies: [UnsafeCell<T>; 2],
}

// SAFETY: the copies are touched only through atomic words, and only under the rules of the module's text.
unsafe impl<T: Pod + Send> Sync for Latched<T> {}

impl<T: Pod> Latched<T> {
    /// The part of the record that `part` points to, as it was at one moment.
    pub(super) fn read<P: Pod>(&self, part: impl Fn(*mut T) -> *mut P) -> P {
        loop {
            let generation = self.generation.load(Ordering::Acquire);
            let copy = self.copies[usize::from(generation & 1 != 0)].get();
            // SAFETY: `part` points into `copy`, which lives as long as `self`.
            let value = unsafe { load(part(copy)) };
            fence(Ordering::Acquire);
            if self.generation.load(Ordering::Relaxed) == generation {
                return value;
            }
        }
    }

    /// The whole record.
    pub(super) fn get(&self) -> T {
        self.read(|record| record)
    }

    /// Replaces the record. `_held` shows that nobody else writes.
    pub(super) fn publish(&self, _held: &Held<'_>, value: &T) {
        let generation = self.generation.load(Ordering::Relaxed);
        let spare = self.copies[usize::from(generation & 1 == 0)].get();
        // Readers that see a word of the new copy must also see that the generation before it is over.
        fence(Ordering::Release);
        // SAFETY: the spare copy lives as long as `self`; readers of it load atomic words and then find that the
        // generation has moved on.
        unsafe { store(spare, value) };
        self.generation.store(generation + 1, Ordering::Release);
    }
}

/// The size of a record in words, and the proof that it can be copied word by word.
const fn words<T>() -> usize {
    assert!(size_of::<T>() % 8 == 0 && align_of::<T>() == 8);
    size_of::<T>() / 8
}

/// # Safety
/// `source` points to a live `P` that is only ever touched by atomic words.
unsafe fn load<P: Pod>(source: *mut P) -> P {
    let mut value = MaybeUninit::<P>::uninit();
    let to = value.as_mut_ptr().cast::<u64>();
    for at in 0..const { words::<P>() } {
        // SAFETY: within both values, aligned, and every word of a `Pod` may have any value.
        unsafe {
            let word = AtomicU64::from_ptr(source.cast::<u64>().add(at));
            to.add(at).write(word.load(Ordering::Relaxed));
        }
    }
    // SAFETY: every word was written.
    unsafe { value.assume_init() }
}

/// # Safety
/// `target` points to a live `T` that is only ever touched by atomic words.
unsafe fn store<T: Pod>(target: *mut T, value: &T) {
    let from = (&raw const *value).cast::<u64>();
    for at in 0..const { words::<T>() } {
        // SAFETY: within both values, aligned; a `Pod` has no padding, so every word is initialised.
        unsafe {
            let word = AtomicU64::from_ptr(target.cast::<u64>().add(at));
            word.store(from.add(at).read(), Ordering::Relaxed);
        }
    }
}
