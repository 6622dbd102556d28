//! Asynchronous operations: started by one call, finished by another.
//!
//! In: the `libxl_asyncop_how` that a function is given, and what it returned. Out: the operation's own return code,
//! once it is complete. While it is not, libxl's poll interface is driven here, and a [`Control`] beside it, through
//! which the operation can be aborted. One operation at a time: a worker process has no more. Without a control the
//! function is given none, and waits itself.

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_void};
use std::os::fd::{AsRawFd, BorrowedFd};

use log::error;

use super::Xl;
use super::sys::{ERROR_BUFFERFULL, libxl_asyncop_how, libxl_asyncop_how__bindgen_ty_1, libxl_ctx, pollfd, timeval};

/// Where word comes from while an operation runs.
pub trait Control {
    /// Becomes readable when there is word.
    fn descriptor(&self) -> BorrowedFd<'_>;
    /// Takes the word.
    fn hear(&mut self) -> Word;
}

/// What a control says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Nothing that matters to the operation.
    Nothing,
    /// The operation should end soon, whatever becomes of it.
    Abort,
    /// There will be no further word; the operation goes on.
    Gone,
}

/// What waits for an operation.
pub(super) struct Driver {
    how: libxl_asyncop_how,
    /// The operation's code, once it is complete.
    completed: Cell<Option<c_int>>,
    control: RefCell<Box<dyn Control>>,
    deaf: Cell<bool>,
    /// The control's descriptor first, libxl's behind it.
    polled: RefCell<Vec<pollfd>>,
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

/// Called by libxl when the operation is complete; perhaps before the function that started it returns.
unsafe extern "C" fn completed(_ctx: *mut libxl_ctx, code: c_int, driver: *mut c_void) {
    // SAFETY: the driver that `Driver::new` named, which lives as long as the process.
    unsafe { (*driver.cast::<Driver>()).completed.set(Some(code)) };
}

impl Driver {
    /// It is never freed: libxl may keep its address as long as the context lives.
    pub(super) fn new(control: Box<dyn Control>) -> &'static Self {
        let none = libxl_asyncop_how__bindgen_ty_1 { for_event: 0 };
        let nobody = pollfd { fd: -1, events: 0, revents: 0 };
        let driver = Box::leak(Box::new(Self {
            how: libxl_asyncop_how { callback: Some(completed), u: none },
            completed: Cell::new(None),
            control: RefCell::new(control),
            deaf: Cell::new(false),
            polled: RefCell::new(vec![nobody; 16]),
        }));
        driver.how.u.for_callback = std::ptr::from_mut(driver).cast();
        driver
    }
}

impl Xl {
    /// For a function that can be asynchronous; null if it has to wait itself.
    pub fn how(&self) -> *const libxl_asyncop_how {
        match self.driver {
            Some(driver) => {
                driver.completed.set(None);
                &raw const driver.how
            }
            None => std::ptr::null(),
        }
    }

    /// Waits for the operation of the function that was given [`Xl::how`] and returned this.
    pub fn finish(&self, returned: c_int) -> c_int {
        let Some(driver) = self.driver.filter(|_| returned == 0) else {
            return returned;
        };
        loop {
            if let Some(code) = driver.completed.get() {
                return code;
            }
            self.wait(driver);
        }
    }

    /// Waits for one thing to happen, and lets libxl act on it.
    fn wait(&self, driver: &Driver) {
        let (Some(before), Some(after)) =
            (self.functions.libxl_osevent_beforepoll, self.functions.libxl_osevent_afterpoll)
        else {
            return give_up("this libxl cannot be polled");
        };
        let mut polled = driver.polled.borrow_mut();
        let mut timeout: c_int = -1;
        let count = loop {
            let mut count = c_int::try_from(polled.len() - 1).unwrap_or(c_int::MAX);
            // SAFETY: room for `count` entries behind the first, and libxl's own context.
            let code =
                unsafe { before(self.ctx(), &raw mut count, polled.as_mut_ptr().add(1), &raw mut timeout, now()) };
            let wanted = usize::try_from(count).unwrap_or(0);
            match code {
                0 => break wanted,
                ERROR_BUFFERFULL => polled.resize(wanted + 1, pollfd { fd: -1, events: 0, revents: 0 }),
                code => return give_up(&format!("libxl_osevent_beforepoll failed with {code}")),
            }
        };
        let control = if driver.deaf.get() { -1 } else { driver.control.borrow().descriptor().as_raw_fd() };
        polled[0] = pollfd { fd: control, events: libc::POLLIN, revents: 0 };
        // SAFETY: as many entries as said; bindgen's `pollfd` is the system's.
        let ready = unsafe { libc::poll(polled.as_mut_ptr().cast(), (count + 1) as libc::nfds_t, timeout) };
        if ready < 0 {
            // A signal. What `revents` hold is undefined; the next round will tell.
            return;
        }
        if polled[0].revents != 0 {
            self.hear(driver);
        }
        let count = c_int::try_from(count).unwrap_or(0);
        // SAFETY: the entries that libxl asked for, filled by poll.
        unsafe { after(self.ctx(), count, polled.as_ptr().add(1), now()) };
    }

    fn hear(&self, driver: &Driver) {
        match driver.control.borrow_mut().hear() {
            Word::Nothing => {}
            Word::Gone => driver.deaf.set(true),
            Word::Abort => {
                if let Some(abort) = self.functions.libxl_ao_abort {
                    // SAFETY: libxl finds the operation by this very `how`. What it answers does not matter: the
                    // operation completes in any case.
                    unsafe { abort(self.ctx(), &raw const driver.how) };
                }
            }
        }
    }
}

/// An operation that nobody can wait for any more: the process ends, and its daemon says that the outcome is unknown.
fn give_up(why: &str) {
    error!("{why}");
    std::process::exit(1);
}

fn now() -> timeval {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    timeval { tv_sec: now.tv_sec, tv_usec: now.tv_nsec / 1000 }
}
