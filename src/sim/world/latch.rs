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

/// Which of two copies is current.
#[derive(Debug)]
#[repr(transparent)]
pub(super) struct Latch(AtomicU64);

/// A value that is copied word by word, each of them atomically.
#[derive(Debug)]
#[repr(transparent)]
pub(super) struct Words<T>(UnsafeCell<T>);

/// A record: both copies and what tells them apart. All zeros are a record of zeros.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Latched<T> {
    latch: Latch,
    copies: [Words<T>; 2],
}

// SAFETY: the value is touched only by atomic words.
unsafe impl<T: Pod> Sync for Words<T> {}

impl Latch {
    /// What `read` makes of the current copy, whose index it gets.
    #[inline]
    pub(super) fn read<P>(&self, read: impl Fn(usize) -> P) -> P {
        loop {
            let generation = self.0.load(Ordering::Acquire);
            let value = read(usize::from(generation & 1 != 0));
            fence(Ordering::Acquire);
            if self.0.load(Ordering::Relaxed) == generation {
                return value;
            }
        }
    }

    /// Makes the other copy, whose index `fill` gets, the current one. `_held` shows that nobody else writes.
    pub(super) fn publish(&self, _held: &Held<'_>, fill: impl FnOnce(usize)) {
        let generation = self.0.load(Ordering::Relaxed);
        // A reader that sees a word of the new value must also see that the generation it began with is over.
        fence(Ordering::Release);
        fill(usize::from(generation & 1 == 0));
        self.0.store(generation + 1, Ordering::Release);
    }
}

impl<T: Pod> Words<T> {
    /// The number of words; what is no whole number of words cannot be copied.
    const COUNT: usize = {
        assert!(size_of::<T>().is_multiple_of(8) && align_of::<T>() == 8);
        size_of::<T>() / 8
    };

    /// The value, whole only under a [`Latch`].
    #[inline]
    pub(super) fn load(&self) -> T {
        self.part(0)
    }

    /// The field at `offset` (by `offset_of!`): what is not wanted is not copied.
    #[inline]
    pub(super) fn part<P: Pod>(&self, offset: usize) -> P {
        assert!(offset.is_multiple_of(8) && offset + size_of::<P>() <= size_of::<T>());
        let mut value = MaybeUninit::<P>::uninit();
        for at in 0..Words::<P>::COUNT {
            // SAFETY: within both values, aligned, and a word of a `Pod` may have any value.
            unsafe {
                let word = AtomicU64::from_ptr(self.0.get().cast::<u64>().add(offset / 8 + at));
                value.as_mut_ptr().cast::<u64>().add(at).write(word.load(Ordering::Relaxed));
            }
        }
        // SAFETY: every word was written.
        unsafe { value.assume_init() }
    }

    /// Replaces the value.
    pub(super) fn store(&self, value: &T) {
        let from = (&raw const *value).cast::<u64>();
        for at in 0..Self::COUNT {
            // SAFETY: within both values, aligned; a `Pod` has no padding, so every word is initialised.
            unsafe {
                let word = AtomicU64::from_ptr(self.0.get().cast::<u64>().add(at));
                word.store(from.add(at).read(), Ordering::Relaxed);
            }
        }
    }
}

impl<T: Pod> Latched<T> {
    /// The record.
    pub(super) fn get(&self) -> T {
        self.latch.read(|copy| self.copies[copy].load())
    }

    /// Replaces the record.
    pub(super) fn publish(&self, held: &Held<'_>, value: &T) {
        self.latch.publish(held, |copy| self.copies[copy].store(value));
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
        let words = Words(UnsafeCell::new([0; 40]));
        let mut value: Record = [0; 40];
        value[3] = 7;
        words.store(&value);
        assert_eq!(words.part::<[u64; 2]>(24), [7, 0]);
        assert_eq!(words.load(), value);
    }
}
