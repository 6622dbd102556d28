//! Operations that take time, that are aborted, that fail on demand, and that another process makes.
//!
//! In: the simulated host, whose operations take a while here, driven through libxl's plain poll interface as a worker
//! does. Out: when a change is made, and who is told. Only order is asserted, never how long something took.
#![cfg(feature = "daemon")]
#![allow(unsafe_code, reason = "it calls C functions")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "every block calls libxl as its headers say, in one line")]

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::{Command, Stdio};
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use xenopsd::sim::{self, Conduct};
use xenopsd::xl::Xl;
use xenopsd::xl::sys::{
    ERROR_ABORTED, ERROR_BADFAIL, ERROR_DOMAIN_NOTFOUND, ERROR_FAIL, ERROR_INVAL, ERROR_NI, ERROR_NOTFOUND,
    libxl_asyncop_how, libxl_asyncop_how__bindgen_ty_1, libxl_ctx, libxl_dominfo, timeval,
};

/// Long enough to look, as a rule, at what is not done yet. Where it was not, the test does not look.
const LATENCY: Duration = Duration::from_millis(500);
const DEADLINE: Duration = Duration::from_secs(60);
const FAULTS: [&str; 2] = ["domain_rename=INVAL", "domain_preserve=BADFAIL"];

thread_local! {
    /// What was called back, in order: which operation, and its code.
    static DONE: RefCell<Vec<(usize, c_int)>> = const { RefCell::new(Vec::new()) };
    static NEXT: Cell<usize> = const { Cell::new(1) };
}

unsafe extern "C" fn done(_: *mut libxl_ctx, code: c_int, which: *mut c_void) {
    DONE.with_borrow_mut(|done| done.push((which.addr(), code)));
}

/// A wish to be called back, unlike any other of this thread.
fn how() -> libxl_asyncop_how {
    let which = NEXT.replace(NEXT.get() + 1);
    let u = libxl_asyncop_how__bindgen_ty_1 { for_callback: std::ptr::without_provenance_mut(which) };
    libxl_asyncop_how { callback: Some(done), u }
}

fn open() -> Xl {
    let faults = FAULTS.map(|fault| fault.parse().unwrap()).to_vec();
    Xl::open(sim::start_with(20, 7, &Conduct { latency: LATENCY, faults }).unwrap()).unwrap()
}

macro_rules! call {
    ($xl:expr, $function:ident $(, $argument:expr)* $(,)?) => {
        unsafe { $xl.functions().$function.expect("it is in the table")($xl.ctx() $(, $argument)*) }
    };
}

const NOW: timeval = timeval { tv_sec: 0, tv_usec: 0 };

/// How long libxl wants to wait, in ms; -1 for as long as it takes.
fn wish(xl: &Xl) -> c_int {
    let (mut count, mut timeout) = (0, -1);
    assert_eq!(call!(xl, libxl_osevent_beforepoll, &raw mut count, null_mut(), &raw mut timeout, NOW), 0);
    assert_eq!(count, 0, "there is nothing but time to wait for");
    timeout
}

/// Polls until so many operations were called back.
fn drive(xl: &Xl, count: usize) -> Vec<(usize, c_int)> {
    let begun = Instant::now();
    while DONE.with_borrow(Vec::len) < count {
        assert!(begun.elapsed() < DEADLINE, "no callback");
        let wait = u64::try_from(wish(xl)).expect("something is pending");
        std::thread::sleep(Duration::from_millis(wait));
        call!(xl, libxl_osevent_afterpoll, 0, null(), NOW);
    }
    DONE.take()
}

fn is_paused(xl: &Xl, domid: u32) -> bool {
    let mut info = std::mem::MaybeUninit::<libxl_dominfo>::zeroed();
    assert_eq!(call!(xl, libxl_domain_info, info.as_mut_ptr(), domid), 0);
    unsafe { info.assume_init() }.paused
}

#[test]
fn a_change_is_made_at_the_end_of_its_operation() {
    let xl = open();
    assert_eq!(wish(&xl), -1);
    let (pause, unpause, begun) = (how(), how(), Instant::now());
    assert_eq!(call!(xl, libxl_domain_pause, 1, &raw const pause), 0);
    assert_eq!(call!(xl, libxl_domain_unpause, 99, &raw const unpause), 0, "what is wrong shows later");
    call!(xl, libxl_osevent_afterpoll, 0, null(), NOW);
    let is_early = !is_paused(&xl, 1) && DONE.with_borrow(Vec::is_empty);
    assert!(is_early || begun.elapsed() >= LATENCY);
    assert_eq!(drive(&xl, 2), [(1, 0), (2, ERROR_FAIL)]);
    assert!(is_paused(&xl, 1));
    assert_eq!(wish(&xl), -1);
    // Without a wish, the call itself waits.
    assert_eq!(call!(xl, libxl_domain_unpause, 1, null()), 0);
    assert!(!is_paused(&xl, 1));
    // What cannot begin is returned, and nobody is called back.
    assert_eq!(call!(xl, libxl_domain_shutdown, 99, &raw const pause), ERROR_FAIL);
    let event = libxl_asyncop_how { callback: None, ..how() };
    assert_eq!(call!(xl, libxl_domain_pause, 1, &raw const event), ERROR_NI);
    assert_eq!(wish(&xl), -1);
}

#[test]
fn an_aborted_operation_changes_nothing() {
    let xl = open();
    let (pause, destroy) = (how(), how());
    assert_eq!(call!(xl, libxl_ao_abort, &raw const pause), ERROR_NOTFOUND);
    assert_eq!(call!(xl, libxl_domain_pause, 2, &raw const pause), 0);
    assert_eq!(call!(xl, libxl_ao_abort, &raw const pause), 0);
    assert_eq!(DONE.take(), [(1, ERROR_ABORTED)], "inside the call");
    assert_eq!(call!(xl, libxl_ao_abort, &raw const pause), ERROR_NOTFOUND);
    assert!(!is_paused(&xl, 2) && wish(&xl) == -1);
    // But for one.
    assert_eq!(call!(xl, libxl_domain_destroy, 4, &raw const destroy), 0);
    assert_eq!(call!(xl, libxl_ao_abort, &raw const destroy), 0);
    assert_eq!(call!(xl, libxl_ao_abort, &raw const destroy), ERROR_ABORTED, "it was asked for already");
    assert_eq!(drive(&xl, 1), [(2, 0)]);
    assert_eq!(call!(xl, libxl_domain_info, null_mut(), 4), ERROR_DOMAIN_NOTFOUND);
    assert_eq!(call!(xl, libxl_ao_abort, null()), ERROR_NOTFOUND, "a synchronous call is over");
}

#[test]
fn what_is_to_fail_fails() {
    let xl = open();
    assert_eq!(call!(xl, libxl_domain_rename, 1, null(), c"new".as_ptr()), ERROR_INVAL);
    let uuid = xenopsd::xl::sys::libxl_uuid { uuid: [0; 16] };
    assert_eq!(call!(xl, libxl_domain_preserve, 1, null_mut(), null(), uuid), ERROR_BADFAIL);
    assert!(xl.log().lines().any(|line| line.bytes().ends_with(b"simulated fault")));
}

/// Set for the process that [`another_process_sees_and_makes_the_same_changes`] starts: the host's descriptor.
const DESCRIPTOR: &str = "XENOPSD_TEST_HOST";

#[test]
fn another_process_sees_and_makes_the_same_changes() {
    if let Ok(number) = std::env::var(DESCRIPTOR) {
        return be_the_other(number.parse().unwrap());
    }
    let xl = open();
    let memory = sim::memory().try_clone_to_owned().unwrap();
    rustix::io::fcntl_setfd(&memory, rustix::io::FdFlags::empty()).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "another_process_sees_and_makes_the_same_changes", "--nocapture"])
        .env(DESCRIPTOR, memory.as_raw_fd().to_string())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(is_paused(&xl, 5));
    assert_eq!(call!(xl, libxl_domain_info, null_mut(), 6), ERROR_DOMAIN_NOTFOUND);
}

/// The options of the host come with it.
fn be_the_other(memory: i32) {
    let memory = unsafe { OwnedFd::from_raw_fd(memory) };
    let nothing = std::fs::File::open("/dev/null").unwrap();
    assert!(sim::attach(nothing.into()).is_err());
    let xl = Xl::open(sim::attach(memory).unwrap()).unwrap();
    assert_eq!(call!(xl, libxl_domain_rename, 5, null(), c"new".as_ptr()), ERROR_INVAL);
    let pause = how();
    assert_eq!(call!(xl, libxl_domain_pause, 5, &raw const pause), 0);
    assert!(!is_paused(&xl, 5), "nobody has polled");
    assert_eq!(drive(&xl, 1), [(1, 0)]);
    assert!(is_paused(&xl, 5));
    assert_eq!(call!(xl, libxl_domain_destroy, 6, null()), 0);
}
