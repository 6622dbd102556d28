//! xenopsd on real Xen: what it says and does, beside what xl, xenstore, sysfs and the hypervisor say.
//!
//! Each of `scenarios/` runs once, with the shipped binaries in the dom0 of an emulated machine (README.md says how),
//! and the tests look at what it left. They compare values that others print, never with what xenopsd printed another
//! day. `XENOPSD_SKIP_XEN=1` skips them.
#![cfg(all(feature = "daemon", feature = "client"))]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../scenario/mod.rs"]
mod scenario;

mod crowd;
mod crowd_names;
mod daemon;
mod devices;
mod disturbances;
mod domains;
mod evidence;
mod host;
mod lives;
mod names;
mod parity;
mod pools;
mod sources;
mod stats;
mod steps;
mod stopped;
mod stored;
mod values;
mod vcpus;
mod witness;
mod witnesses;
