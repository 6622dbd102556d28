//! A cpuid policy list as JSON. Its type is opaque, so libxl has to do it.
//!
//! In: a list. Out: the text that libxl writes for it. The only function that takes such a list and writes JSON is the
//! one for a whole `libxl_domain_build_info`: the list is lent to an otherwise empty one, and its member is cut out.

use std::ffi::CStr;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::xl::Xl;
use crate::xl::sys::{libxl_cpuid_policy_list, libxl_domain_build_info};
use crate::xl::{Owned, Text};

/// The one member that is wanted of a `libxl_domain_build_info`.
#[derive(Deserialize)]
struct BuildInfo {
    cpuid: Option<Box<RawValue>>,
}

/// The list's JSON; `None` for an empty one.
///
/// # Safety
/// The list is null or one that libxl made.
pub(super) unsafe fn json(xl: &Xl, list: libxl_cpuid_policy_list) -> Option<String> {
    if list.is_null() {
        return None;
    }
    let to_json = xl.functions().libxl_domain_build_info_to_json?;
    let mut info = Owned::<libxl_domain_build_info>::new(xl.functions());
    let info_ptr = info.as_mut_ptr();
    // SAFETY: an initialised struct to which the list is lent: it is taken out again before the struct is disposed of.
    let text = unsafe {
        (*info_ptr).cpuid = list;
        let text = Text::new(to_json(xl.ctx(), info_ptr));
        (*info_ptr).cpuid = std::ptr::null_mut();
        text
    };
    if text.is_null() {
        return None;
    }
    // SAFETY: a string from libxl.
    let text = unsafe { CStr::from_ptr(text.as_ptr()) }.to_str().ok()?;
    let info: BuildInfo = serde_json::from_str(text).ok()?;
    Some(info.cpuid?.get().to_owned())
}
