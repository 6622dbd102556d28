//! The lock of those who change the simulated host, in whatever process they are.
//!
//! In: a mutex in shared memory. Out: [`Held`], the right to publish. The mutex is robust: when its holder dies, the
//! next one gets it and is told, because a change of more than one record may have been left half done. Readers never
//! take it.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use std::io;

/// A robust mutex that works across processes.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Lock(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: that is what a process-shared mutex is for.
unsafe impl Sync for Lock {}

/// The lock is held until this is dropped. It belongs to its thread.
#[derive(Debug)]
pub(crate) struct Held<'l> {
    lock: &'l Lock,
    /// The last holder died with the lock.
    inherited: bool,
    not_send: PhantomData<*mut ()>,
}

impl Lock {
    /// Makes zeroed memory a free lock. To be called once, before anybody else has the memory.
    pub(crate) fn initialise(&self) -> io::Result<()> {
        let mut attributes = MaybeUninit::uninit();
        let attributes = attributes.as_mut_ptr();
        // SAFETY: the attributes are initialised first and destroyed last; the mutex is ours alone (see above).
        unsafe {
            check(libc::pthread_mutexattr_init(attributes))?;
            check(libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED))?;
            check(libc::pthread_mutexattr_setrobust(attributes, libc::PTHREAD_MUTEX_ROBUST))?;
            check(libc::pthread_mutex_init(self.0.get(), attributes))?;
            check(libc::pthread_mutexattr_destroy(attributes))
        }
    }

    /// Waits for the lock.
    pub(crate) fn hold(&self) -> io::Result<Held<'_>> {
        // SAFETY: an initialised mutex.
        let code = unsafe { libc::pthread_mutex_lock(self.0.get()) };
        let inherited = code == libc::EOWNERDEAD;
        // SAFETY: if inherited we have it, and its last holder died. What that one published is whole.
        check(if inherited { unsafe { libc::pthread_mutex_consistent(self.0.get()) } } else { code })?;
        Ok(Held { lock: self, inherited, not_send: PhantomData })
    }
}

impl Held<'_> {
    /// Whether the last holder died with the lock, perhaps between two stores that belong together.
    pub(crate) fn is_inherited(&self) -> bool {
        self.inherited
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // SAFETY: held by this thread, since `Held` cannot leave it.
        unsafe { libc::pthread_mutex_unlock(self.lock.0.get()) };
    }
}

fn check(code: i32) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_holder_leaves_the_lock_to_the_next() {
        // SAFETY: zeros are valid for a mutex that is then initialised.
        let lock: Box<Lock> = unsafe { Box::new_zeroed().assume_init() };
        lock.initialise().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| std::mem::forget(lock.hold().unwrap()));
        });
        assert!(lock.hold().unwrap().is_inherited());
        assert!(!lock.hold().unwrap().is_inherited());
    }
}
