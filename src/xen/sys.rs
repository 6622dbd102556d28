//! The hypervisor's own structs and numbers, made by the build from the installed headers.
//!
//! In: `xen/sysctl.h` and `xen/xsm/flask_op.h`, through `build.rs`. Out: raw C types, their layout checked by the
//! compiler. Nobody writes here.
#![allow(
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    missing_docs,
    missing_debug_implementations,
    unused_qualifications,
    unreachable_pub,
    dead_code,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    reason = "names and forms are the headers'"
)]

include!(concat!(env!("OUT_DIR"), "/xen.rs"));
