//! Questions that are asked before a call, where libxl would answer wrongly.
//!
//! In: a parameter. Out: nothing, or the failure that libxl should have reported.

use super::Call;
use crate::error::Outcome;
use crate::xl::sys::libxl_dominfo;
use crate::xl::{Owned, check, present};

/// There is a domain of that number.
pub(super) fn domain_is_there<'m>(call: &Call<'m, '_, '_>, domid: u32) -> Outcome<'m> {
    let functions = call.xl.functions();
    let domain_info = present(functions.libxl_domain_info)?;
    let mut info = Owned::<libxl_dominfo>::new(functions);
    // SAFETY: the table holds this very function, and `info` is initialised.
    check(unsafe { domain_info(call.xl.ctx(), info.as_mut_ptr(), domid) })
}
