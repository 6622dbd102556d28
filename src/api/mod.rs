//! Every libxl type as JSON and every libxl function as a method: generated from libxl's headers.
//!
//! In: a method's name and its params on the tape. Out: the result as JSON in the writer, or a `Failure`. This page
//! holds what the generated code shares; the code itself is in the build's output directory (see `src/gen`, and
//! `tests/golden` for a piece to read). It contains no policy: that is in `gen::facts` and in `rpc`.
#![allow(unsafe_code, reason = "generated calls of C functions and reads of C structs")]

mod base64;
mod builtin;
mod by_name;
mod check;
mod console;
mod cpuid;
pub mod decode;
mod domain;
mod domids;
mod hash;
mod kept;
mod result;

/// Encoders: C values as JSON, one function a type. Made by `gen::emit_encode`.
#[allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    unused_parens,
    unused_variables,
    reason = "generated: the reason of each unsafe block stands in the emitter"
)]
pub mod encode {
    use super::builtin::*;
    use super::kept::{KeptList, Record};
    use crate::json::{Fields, Name, Writer};
    use crate::xl::Xl;
    use crate::xl::sys::*;

    include!(concat!(env!("OUT_DIR"), "/encode.rs"));
}

/// The method table and one function a method. Made by `gen::emit_methods`.
#[allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::semicolon_if_nothing_returned,
    unused_imports,
    unused_mut,
    unused_unsafe,
    reason = "generated: the reason of each unsafe block stands in the emitter; values of enumerations are cast"
)]
mod methods {
    use std::os::fd::AsRawFd;

    use super::by_name::ByName;
    use super::decode::Decoder;
    use super::{Call, Class, Method, Place, decode, encode};
    use crate::error::{Failure, Outcome};
    use crate::xl::sys::*;
    use crate::xl::{Bytes, List, Managed, Owned, Text, check, present};

    include!(concat!(env!("OUT_DIR"), "/methods.rs"));
}

use std::os::fd::OwnedFd;

pub(crate) use builtin::uuid as write_uuid;
pub(crate) use domids::read as read_domids;
use encode::KeptLists;
pub(crate) use hash::hash as hash_of;
pub use kept::{Find, Keeper};

use crate::error::{Failure, Outcome};
use crate::json::{Params, Writer};
use crate::wire::Descriptors;
use crate::xl::Xl;

/// One libxl function that clients may call.
#[derive(Debug)]
pub struct Method {
    /// libxl's name without `libxl_`, as it is on the wire.
    pub name: &'static str,
    /// The parameters, in the order that positional params have: libxl's, then `domain_uuid` if one of them is a
    /// domain, then `progress` if it may take long (the method only looks whether that is true or false), then `fields`
    /// if its result is a struct or a list of them, then `domids` if these are of all domains.
    pub params: &'static [&'static str],
    /// What the method does to the host.
    pub class: Class,
    /// Where the call is made.
    pub place: Place,
    /// It may take long, so it gets a process of its own.
    pub long: bool,
    /// How many descriptors it takes at most.
    pub descriptors: u8,
    /// Which of `params` is the domain that it is about.
    pub domain: Option<u8>,
    /// It may be called on the read-only socket, too.
    pub read_only: bool,
    /// Decodes the params, calls libxl, encodes the result.
    pub call: for<'m> fn(&mut Call<'m, '_, '_>) -> Outcome<'m>,
}

/// What a method does to the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It only looks.
    Read,
    /// It changes or makes a domain.
    Domain,
    /// It changes the host.
    Host,
}

/// Where a call is made, so that no client waits for another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the loop: nothing but hypercalls.
    Loop,
    /// In the loop, if the names of domains that are known there do; else as the following.
    Names,
    /// In a worker process: it changes something, or it asks xenstore, qemu, sysfs or a lock.
    Worker,
}

/// What a method gets to work with.
#[derive(Debug)]
pub struct Call<'m, 'd, 'o> {
    /// The library.
    pub xl: &'d Xl,
    /// The request's params.
    pub params: Params<'m>,
    /// The descriptors that came with it.
    pub descriptors: &'d mut Descriptors,
    /// What to do about a domain that is given by its name or uuid.
    pub lookup: Lookup,
    /// What is kept from call to call.
    pub kept: &'d mut Keeper,
    /// Where the result goes.
    pub writer: &'d mut Writer<'o>,
}

/// How a domain's name or uuid becomes its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// Not here: finding out may take long.
    Elsewhere,
    /// A uuid by asking for the list of domains; a name by what is known of names here, and if that does not do,
    /// elsewhere.
    Names,
    /// A uuid likewise; a name not at all, for xenstored does not answer.
    Unavailable,
    /// By asking libxl.
    Ask,
    /// It is known already.
    Known(u32),
}

impl Call<'_, '_, '_> {
    /// The next descriptor that came with the request.
    ///
    /// # Errors
    /// There is none.
    pub fn descriptor(&mut self) -> Result<OwnedFd, Failure<'static>> {
        self.descriptors.take().ok_or(Failure::NoDescriptor)
    }
}

/// The method of that name, in libxl's form (`list_domain`) or Go's (`Xenops.ListDomain`).
pub fn find(name: &str) -> Option<&'static Method> {
    methods::BY_NAME.find(name).map(|at| &methods::METHODS[at])
}

/// Every method there is, by name.
pub fn all() -> &'static [Method] {
    &methods::METHODS
}
