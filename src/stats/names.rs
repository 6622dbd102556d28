//! What a domain is called, as far as that is known here and now.
//!
//! In: a domain. Out: its name, that it has none, or that neither is known. Nobody is asked who might not answer at
//! once: names are those that xenstored has told the loop, or the simulated host's.

use std::ffi::CStr;

use crate::xen::known_name;
use crate::xl::sys::libxl_dominfo;
use crate::xl::{Source, Xl};

/// A domain's name.
#[derive(Debug, Clone, Copy)]
pub(super) enum Name<'n> {
    /// It is known that this is its name, or that it has none.
    Known(Option<&'n [u8]>),
    /// Nothing is known of it.
    Unknown,
}

impl<'n> Name<'n> {
    /// The name, if it is known that there is one.
    pub(super) fn known(self) -> Option<&'n [u8]> {
        match self {
            Self::Known(name) => name,
            Self::Unknown => None,
        }
    }
}

/// Hands the name to `take`, once.
pub(super) fn with_name(xl: &Xl, info: &libxl_dominfo, mut take: impl FnMut(Name<'_>)) {
    if let Source::Simulator = xl.source() {
        let name = xl.name_of(info.domid);
        take(Name::Known(name.as_ref().and_then(|name| name.to_bytes())));
    } else {
        let known = known_name(info.domid, &info.uuid.uuid, |name| take(Name::Known(name.map(CStr::to_bytes))));
        known.unwrap_or_else(|| take(Name::Unknown));
    }
}
