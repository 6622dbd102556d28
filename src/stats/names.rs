//! What a domain is called, as far as that is known here and now.
//!
//! In: a domain. Out: its name, if it is known to have one. Nobody is asked who might not answer at once: names are
//! those that xenstored has told the loop, or the simulated host's.

use crate::xen::known_name;
use crate::xl::sys::libxl_dominfo;
use crate::xl::{Source, Xl};

/// Hands the name to `take`, once.
pub(super) fn with_name(xl: &Xl, info: &libxl_dominfo, mut take: impl FnMut(Option<&[u8]>)) {
    if let Source::Simulator = xl.source() {
        let name = xl.name_of(info.domid);
        take(name.as_ref().and_then(|name| name.to_bytes()));
    } else if known_name(info.domid, &info.uuid.uuid, |name| take(Some(name.to_bytes()))).is_none() {
        take(None);
    }
}
