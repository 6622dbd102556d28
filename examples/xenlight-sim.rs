//! The simulated host under any program that is written for libxl: a library to load in front of the real one.
//!
//!     XENOPSD_SIM=1000 LD_PRELOAD=target/release/examples/libxenlight_sim.so PROGRAM
//!
//! In: calls of libxl's functions; `XENOPSD_SIM`, the number of domains (10), and `XENOPSD_SIM_SEED` (1) in the
//! environment. Out: what the simulated host answers, as `xenopsd --sim` would get it. The real library must be there,
//! too: it keeps doing what needs no host (`_init`, `_dispose`, `_to_json`).
#![allow(unsafe_code, reason = "it is a C library")]

use std::ffi::{CStr, c_void};
use std::sync::LazyLock;

use xenopsd::sim;
use xenopsd::xl::sys::Functions;

#[allow(
    missing_docs,
    non_snake_case,
    unreachable_pub,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::missing_safety_doc,
    clippy::semicolon_if_nothing_returned,
    reason = "generated"
)]
mod exports {
    use super::table;
    use xenopsd::xl::sys::*;

    include!(concat!(env!("OUT_DIR"), "/exports.rs"));
}

/// The real library's functions with the simulated ones laid over them.
fn table() -> &'static Functions {
    static TABLE: LazyLock<Functions> = LazyLock::new(|| {
        // SAFETY: the next library that has the name is the one whose headers this was built with.
        let mut functions = unsafe { Functions::load(next) }.expect("the real libxenlight is loaded");
        let overlay = sim::start(number("XENOPSD_SIM", 10), number("XENOPSD_SIM_SEED", 1)).expect("memory for a host");
        overlay(&mut functions);
        functions
    });
    &TABLE
}

/// The function of that name in the libraries behind this one.
fn next(name: &CStr) -> *mut c_void {
    // SAFETY: a NUL-terminated name.
    unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) }
}

fn number<N: std::str::FromStr>(variable: &str, otherwise: N) -> N {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}
