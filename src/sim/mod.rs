//! A simulated host behind libxl's own C interface.
//!
//! In: how many domains, and a seed. Out: functions to lay over libxl's in the table, so that everything above runs as
//! it does on Xen. What only handles types (`_init`, `_dispose`, `_to_json`, `_list_free`) stays the real library's, so
//! results are allocated as libxl does it. No function of the real library that asks its context for anything ever
//! sees a simulated one. It behaves as Xen 4.17 does, in the types of the release that this build is for, and has none
//! of the functions that came later. Other processes can share the host: what one of them changes, all see.
//!
//! | room | what |
//! |---|---|
//! | `world` | the host as records in shared memory |
//! | `makeup` | how a host is made up from a seed |
//! | `conduct` | how long operations take, and which ones fail |
//! | `ao` | operations that take time |
//! | `calls` | libxl's functions on it |
#![allow(unsafe_code, reason = "it implements a C interface")]

mod ao;
mod calls;
mod conduct;
mod ctx;
mod log;
mod makeup;
mod memory;
mod world;

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use crate::limits::SIM_DOMAINS_MAX;
use crate::xl::sys::Functions;
use world::World;

pub use conduct::{Conduct, Fault};

/// The host of this process: one, whatever number of contexts.
static HOST: OnceLock<Host> = OnceLock::new();

/// What every context refers to.
#[derive(Debug)]
struct Host {
    world: World,
    /// The real library's functions, as they were found.
    libxl: Functions,
}

/// Every simulated domain has a number.
const _: () = assert!(SIM_DOMAINS_MAX <= world::DOMIDS);

/// Makes up a host with this many domains, Domain-0 included: 1 to [`SIM_DOMAINS_MAX`]. What is returned puts the
/// simulated functions into the table of the real ones; the first host of a process counts.
///
/// # Errors
/// A number out of range, or no memory.
pub fn start(domains: u32, seed: u64) -> io::Result<impl FnOnce(&mut Functions)> {
    start_with(domains, seed, &Conduct::default())
}

/// As [`start`], with operations that take time or fail.
///
/// # Errors
/// Likewise, or too many faults.
pub fn start_with(domains: u32, seed: u64, conduct: &Conduct) -> io::Result<impl FnOnce(&mut Functions) + use<>> {
    if !(1..=SIM_DOMAINS_MAX).contains(&(domains as usize)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no such number of simulated domains"));
    }
    let world = makeup::host(seed, domains)?;
    conduct.impose_on(&world)?;
    Ok(overlay(world))
}

/// Shares the host of another process, which passes the descriptor of its [`memory`]. What is returned is as of
/// [`start`].
///
/// # Errors
/// The descriptor is something else, or from another build.
pub fn attach(memory: OwnedFd) -> io::Result<impl FnOnce(&mut Functions)> {
    Ok(overlay(World::attach(memory)?))
}

fn overlay(world: World) -> impl FnOnce(&mut Functions) {
    |functions: &mut Functions| {
        HOST.get_or_init(|| Host { world, libxl: *functions });
        calls::overlay(functions);
    }
}

/// The memory of this process's host, for processes that shall [`attach`] to it.
///
/// # Panics
/// There is no host: nothing that [`start`] or [`attach`] returned was called.
pub fn memory() -> BorrowedFd<'static> {
    HOST.get().expect("a simulated host was started").world.memory()
}
