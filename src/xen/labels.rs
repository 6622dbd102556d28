//! Names of FLASK's security identifiers: what `libxl_dominfo` calls `ssid_label`.
//!
//! In: a domain's security identifier. Out: its label, allocated as libxl does it; null when FLASK has none, and
//! always when the hypervisor has no FLASK. Whether it has is asked once, for it cannot come later. Labels are not
//! kept: a new policy may give an identifier another one. So with FLASK each domain costs a hypercall, as it does
//! libxl.

use core::ffi::{CStr, c_char};
use std::ptr::{NonNull, null_mut};

use super::calls::Calls;
use super::sys::{__HYPERVISOR_xsm_op, FLASK_SID_TO_CONTEXT, XEN_FLASK_INTERFACE_VERSION, xen_flask_op};

/// The longest label and its NUL: as much as libxl takes.
const LABEL_BYTES_MAX: u32 = 4096;

/// Memory for asking.
#[derive(Debug)]
pub(super) struct Labels {
    request: NonNull<xen_flask_op>,
    text: NonNull<c_char>,
}

impl Labels {
    /// `None` when the hypervisor has no FLASK: it says so of any identifier.
    pub(super) fn of(calls: &Calls, ssidref: u32) -> Option<Self> {
        let labels = Self { request: calls.alloc(1)?, text: calls.alloc(LABEL_BYTES_MAX as usize)? };
        match labels.ask(calls, ssidref) {
            Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => {
                // SAFETY: just allocated there, and nobody else's.
                unsafe {
                    calls.free(labels.request);
                    calls.free(labels.text);
                }
                None
            }
            _ => Some(labels),
        }
    }

    /// The label, from `malloc`, or null.
    pub(super) fn label(&self, calls: &Calls, ssidref: u32) -> *mut c_char {
        if self.ask(calls, ssidref).is_err() {
            return null_mut();
        }
        // SAFETY: the memory is ours alone, and the hypervisor does not write to it now.
        let text = unsafe { std::slice::from_raw_parts(self.text.as_ptr().cast::<u8>(), LABEL_BYTES_MAX as usize) };
        match CStr::from_bytes_until_nul(text) {
            // SAFETY: a C string.
            Ok(label) => unsafe { libc::strdup(label.as_ptr()) },
            Err(_) => null_mut(),
        }
    }

    fn ask(&self, calls: &Calls, ssidref: u32) -> std::io::Result<()> {
        let request = self.request.as_ptr();
        // SAFETY: the memory is ours alone and holds such a request, all of whose fields may have any value; the text
        // has as many bytes as it says, one of them kept for the NUL.
        unsafe {
            (*request).cmd = FLASK_SID_TO_CONTEXT;
            (*request).interface_version = XEN_FLASK_INTERFACE_VERSION;
            (*request).u.sid_context.sid = ssidref;
            (*request).u.sid_context.size = LABEL_BYTES_MAX;
            (*request).u.sid_context.context.p = self.text.as_ptr();
            calls.call(__HYPERVISOR_xsm_op, self.request).map(drop)
        }
    }
}
