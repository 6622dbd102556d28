//! The simulated host, changed through libxl's own C interface, in this process.
//!
//! In: calls of the function table that the daemon uses. Out: what other functions of the table show afterwards. The
//! host is one for all tests of this process, so each test makes what it changes: a domain, a cpupool. Operations take
//! no time here; `tests/pending.rs` has those that do.
#![cfg(feature = "daemon")]
#![allow(unsafe_code, reason = "it calls C functions")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "every block calls libxl as its headers say, in one line")]

mod devices;
mod host;
mod hostwide;
mod lives;
mod resources;
mod streams;

use host::Host;

/// Calls a function of the table with the host's context: its code, or whatever it returns.
macro_rules! call {
    ($host:expr, $function:ident $(, $argument:expr)* $(,)?) => {
        unsafe { $host.xl.functions().$function.expect("it is in the table")($host.xl.ctx() $(, $argument)*) }
    };
}

pub(crate) use call;

#[test]
fn another_context_sees_the_same_host() {
    let (one, other) = (Host::open(), Host::open());
    let domid = one.create("seen-by-all");
    assert_eq!(other.name(domid).as_deref(), Some("seen-by-all"));
    assert_eq!(call!(other, libxl_domain_destroy, domid, std::ptr::null()), 0);
    assert_eq!(one.name(domid), None);
}
