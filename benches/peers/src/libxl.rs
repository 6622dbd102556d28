//! libxl as a Rust program has it that knows nothing of xenopsd: bindings, and a struct of its own for serde.
//!
//! In: the domids that are asked for. Out: `Dominfo`, owned, with libxl's own names of enumerations; or libxl's code.
#![allow(unsafe_code, reason = "it calls libxl")]

use std::ffi::{CStr, c_char};
use std::ptr::{NonNull, null_mut};

use serde::{Deserialize, Serialize};

#[allow(
    dead_code,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub,
    clippy::all,
    reason = "generated"
)]
mod sys {
    include!(concat!(env!("OUT_DIR"), "/libxl.rs"));
}

/// libxl's code for a failure of no other kind.
const ERROR_FAIL: i32 = -3;

/// The Rust form of a `libxl_dominfo`.
#[derive(Clone, Serialize)]
pub(crate) struct Dominfo {
    uuid: String,
    domid: u32,
    ssidref: u32,
    ssid_label: Option<String>,
    running: bool,
    blocked: bool,
    paused: bool,
    shutdown: bool,
    dying: bool,
    never_stop: bool,
    shutdown_reason: Option<&'static str>,
    outstanding_memkb: u64,
    current_memkb: u64,
    shared_memkb: u64,
    paged_memkb: u64,
    max_memkb: u64,
    cpu_time: u64,
    vcpu_max_id: u32,
    vcpu_online: u32,
    cpupool: u32,
    gpaddr_bits: u8,
    domain_type: Option<&'static str>,
}

/// Which domain is meant.
#[derive(Deserialize)]
pub(crate) struct Which {
    pub(crate) domid: u32,
}

/// An open context.
pub(crate) struct Libxl(NonNull<sys::libxl_ctx>);

// SAFETY: a context of libxl's has a lock of its own; any thread may call with it.
unsafe impl Send for Libxl {}
// SAFETY: likewise.
unsafe impl Sync for Libxl {}

impl Libxl {
    /// Opens a context that logs errors to standard error; nothing if that fails.
    pub(crate) fn open() -> Option<Self> {
        let mut ctx = null_mut();
        // SAFETY: the functions as `xentoollog.h` and `libxl.h` describe them; the logger lives as long as the process.
        unsafe {
            let logger = sys::xtl_createlogger_stdiostream(sys::stderr, sys::xentoollog_level_XTL_ERROR, 0);
            sys::libxl_ctx_alloc(&raw mut ctx, sys::LIBXL_VERSION as _, 0, logger.cast());
        }
        NonNull::new(ctx).map(Self)
    }

    /// `libxl_list_domain`.
    pub(crate) fn list_domain(&self) -> Result<Vec<Dominfo>, i32> {
        let mut count = 0;
        // SAFETY: an open context; the array has so many domains and is freed as libxl wants it.
        unsafe {
            let first = sys::libxl_list_domain(self.0.as_ptr(), &raw mut count);
            if first.is_null() {
                return Err(ERROR_FAIL);
            }
            let infos = std::slice::from_raw_parts(first, usize::try_from(count).unwrap_or(0));
            let domains = infos.iter().map(Dominfo::from).collect();
            sys::libxl_dominfo_list_free(first, count);
            Ok(domains)
        }
    }

    /// `libxl_domain_info`.
    pub(crate) fn domain_info(&self, Which { domid }: &Which) -> Result<Dominfo, i32> {
        // SAFETY: an open context; the struct is prepared and emptied as libxl wants it, and all zeros is one.
        unsafe {
            let mut info = std::mem::zeroed();
            sys::libxl_dominfo_init(&raw mut info);
            let code = sys::libxl_domain_info(self.0.as_ptr(), &raw mut info, *domid);
            let domain = if code == 0 { Ok(Dominfo::from(&info)) } else { Err(code) };
            sys::libxl_dominfo_dispose(&raw mut info);
            domain
        }
    }
}

impl From<&sys::libxl_dominfo> for Dominfo {
    fn from(info: &sys::libxl_dominfo) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = info.uuid.uuid;
        // SAFETY: both return a static string or NULL; the label is a string of libxl's or NULL.
        let (shutdown_reason, domain_type, ssid_label) = unsafe {
            (
                text(sys::libxl_shutdown_reason_to_string(info.shutdown_reason)),
                text(sys::libxl_domain_type_to_string(info.domain_type)),
                text(info.ssid_label).map(str::to_owned),
            )
        };
        Self {
            uuid: format!(
                "{a:02x}{b:02x}{c:02x}{d:02x}-{e:02x}{f:02x}-{g:02x}{h:02x}-{i:02x}{j:02x}-{k:02x}{l:02x}{m:02x}{n:02x}{o:02x}{p:02x}"
            ),
            domid: info.domid,
            ssidref: info.ssidref,
            ssid_label,
            running: info.running,
            blocked: info.blocked,
            paused: info.paused,
            shutdown: info.shutdown,
            dying: info.dying,
            never_stop: info.never_stop,
            shutdown_reason,
            outstanding_memkb: info.outstanding_memkb,
            current_memkb: info.current_memkb,
            shared_memkb: info.shared_memkb,
            paged_memkb: info.paged_memkb,
            max_memkb: info.max_memkb,
            cpu_time: info.cpu_time,
            vcpu_max_id: info.vcpu_max_id,
            vcpu_online: info.vcpu_online,
            cpupool: info.cpupool,
            gpaddr_bits: info.gpaddr_bits,
            domain_type,
        }
    }
}

/// # Safety
/// NULL, or a string that lives as long as what is made of it.
unsafe fn text<'t>(text: *const c_char) -> Option<&'t str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_str().ok()
}
