//! libxl's types and the table of its functions, made by the build from the installed headers.
//!
//! In: the headers, through `build.rs`. Out: raw C types, and [`Functions`], one typed pointer a function. Nobody
//! writes here; the generator is `src/gen`.
#![allow(
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    missing_docs,
    missing_debug_implementations,
    unused_qualifications,
    unreachable_pub,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    reason = "names and forms are the headers'"
)]

include!(concat!(env!("OUT_DIR"), "/types.rs"));
include!(concat!(env!("OUT_DIR"), "/functions.rs"));
