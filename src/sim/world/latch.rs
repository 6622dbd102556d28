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
pub(crate) struct Latched<T> {
    generation: AtomicU64,
    copies: [UnsafeCell<T>; 2],
}

// SAFETY: the copies are touched only through atomic words, and only under the rules of the module's text.
unsafe impl<T: Pod> Sync for Latched<T> {}

impl<T: Pod> Latched<T> {
    /// The whole record.
    pub(crate) fn get(&self) -> T {
        self.part(0)
    }

    /// The field at `offset` (by `offset_of!`): what is not wanted is not copied.
    #[inline]
    pub(crate) fn part<P: Pod>(&self, offset: usize) -> P {
        assert!(offset.is_multiple_of(8) && offset + size_of::<P>() <= size_of::<T>());
        loop {
            let generation = self.generation.load(Ordering::Acquire);
            let copy = self.copies[usize::from(generation & 1 != 0)].get();
            // SAFETY: within the copy, which lives as long as `self`, and aligned.
            let value = unsafe { load(copy.byte_add(offset).cast()) };
            fence(Ordering::Acquire);
            if self.generation.load(Ordering::Relaxed) == generation {
                return value;
            }
        }
    }

    /// Replaces the record. `_held` shows that nobody else writes.
    pub(crate) fn publish(&self, _held: &Held<'_>, value: &T) {
        let generation = self.generation.load(Ordering::Relaxed);
        let spare = self.copies[usize::from(generation & 1 == 0)].get();
        // A reader that sees a word of the new value must also see that the generation it began with is over.
        fence(Ordering::Release);
        // SAFETY: the copy lives as long as `self`; it is not the one that readers are sent to.
        unsafe { store(spare, value) };
        self.generation.store(generation + 1, Ordering::Release);
    }
}

/// The size of a record in words; what is no whole number of words cannot be copied.
const fn words<T>() -> usize {
    assert!(size_of::<T>().is_multiple_of(8) && align_of::<T>() == 8);
    size_of::<T>() / 8
}

/// # Safety
/// `source` points to a live `P` that is only ever touched by atomic words.
#[inline]
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::super::lock::Lock;
    use super::*;

    type Record = [u64; 40];

    fn latched() -> Box<(Lock, Latched<Record>)> {
        // SAFETY: zeros are valid for both.
        let both: Box<(Lock, Latched<Record>)> = unsafe { Box::new_zeroed().assume_init() };
        both.0.initialise().unwrap();
        both
    }

    #[test]
    fn a_reader_never_sees_a_mixture() {
        let both = latched();
        let (lock, record) = &*both;
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let held = lock.hold().unwrap();
                (1..=20_000).for_each(|value| record.publish(&held, &[value; 40]));
                done.store(true, Ordering::Release);
            });
            let mut last = 0;
            while last < 20_000 {
                let finished = done.load(Ordering::Acquire);
                let value = record.get();
                assert!(value.iter().all(|&word| word == value[0]), "{value:?}");
                assert!(value[0] >= last, "{} after {last}", value[0]);
                last = value[0];
                assert!(!finished || last == 20_000);
            }
        });
    }

    #[test]
    fn a_part_is_the_field_at_its_offset() {
        let both = latched();
        let mut value: Record = [0; 40];
        value[3] = 7;
        both.1.publish(&both.0.hold().unwrap(), &value);
        assert_eq!(both.1.part::<[u64; 2]>(24), [7, 0]);
        assert_eq!(both.1.get(), value);
    }
}
