//! libxl itself judges our JSON.
//!
//! In: the headers (through `gen::emit_oracle`) and the installed library. For every struct that libxl describes, and
//! for every seed, a struct is filled at random; then
//!
//! * what we write and what `libxl_T_to_json` writes must agree (`rules::agree`), and
//! * what `libxl_T_from_json` makes of our text must be the same struct again (`rules::same`).
//!
//! Both rules hold for all types; what they let pass is in `rules` alone, a line each with its reason. The library runs
//! on the simulated host's context: converters need no Xen.
//!
//! `XENOPSD_ORACLE_SEEDS=0..200` says which seeds; a failure names its own.
#![cfg(feature = "daemon")]
#![allow(unsafe_code, reason = "C structs are filled and handed to libxl")]

mod described;
mod enumerations;
mod facts;
mod filler;
mod json;
mod random;
mod rules;
mod strings;
mod structs;
mod texts;

use xenopsd::sim;
use xenopsd::xl::Xl;

/// libxl on a simulated host.
fn xl() -> Xl {
    sim::start(1, 0).expect("memory for one domain");
    Xl::open(sim::overlay).expect("libxl is installed: the build read its headers")
}
