//! What a domain is called, as far as that is known here and now.
//!
//! In: a domain. Out: its name, if it is known to have one. Nobody is asked who might not answer at once: names are
//! those that xenstored has told the loop, or the simulated host's.

use std::ffi::CStr;

use crate::xen::with_known_name;
use crate::xl::sys::libxl_dominfo;
use crate::xl::{Source, Xl};

/// Hands the name to `take`.
pub(super) fn with_name<T>(xl: &Xl, info: &libxl_dominfo, take: impl FnOnce(Option<&[u8]>) -> T) -> T {
    if let Source::Simulator = xl.source() {
        let name = xl.name_of(info.domid);
        return take(name.as_ref().and_then(|name| name.to_bytes()));
    }
    with_known_name(info.domid, |name| take(name.map(CStr::to_bytes)))
}
