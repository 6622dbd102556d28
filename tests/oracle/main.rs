//! libxl itself judges our JSON.
//!
//! In: the headers (through `gen::emit_oracle`) and the installed library. For every struct that libxl describes, and
//! for every seed, a struct is filled at random; then
//!
//! * what we write and what `libxl_T_to_json` writes must agree (`rules::agree`),
//! * what we write of some of its fields must be that without the others, and
//! * what `libxl_T_from_json` makes of our text must be the same struct again (`rules::same`).
//!
//! Both rules hold for all types; what they let pass is in `rules` alone, a line each with its reason. The library runs
//! on the simulated host's context: converters need no Xen.
//!
//! Decoders are judged in the same way: what we and libxl make of a request must agree (`decoded`), and what we refuse
//! of it is listed, with the whole text of each refusal (`refusals`).
//!
//! `XENOPSD_ORACLE_SEEDS=0..200` says which seeds; a failure names its own.
#![cfg(feature = "daemon")]
#![allow(unsafe_code, reason = "C structs are filled and handed to libxl")]

mod decoded;
mod described;
mod enumerations;
mod facts;
mod fence;
mod filler;
mod json;
mod random;
mod refusals;
mod room;
mod rules;
mod strings;
mod structs;
mod texts;

use std::sync::OnceLock;

use xenopsd::sim;
use xenopsd::xl::Xl;
use xenopsd::xl::sys::Functions;

/// Every buffer of these tests has a fence behind it.
#[global_allocator]
static MEMORY: fence::Fenced = fence::Fenced::new();

/// libxl on a simulated host: one host, and a context for each test.
fn xl() -> Xl {
    static TABLE: OnceLock<Functions> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let host = sim::start(1, 0).expect("memory for one domain");
        *Xl::open(host).expect("libxl is installed: the build read its headers").functions()
    });
    Xl::open(|functions| *functions = *table).expect("as before")
}
