//! What a Rust program that knows nothing of us would make of a `libxl_dominfo`: a struct of its own for serde.
//!
//! In: libxl's struct. Out: the same in Rust's types, strings included; serde_json writes it.
#![allow(unsafe_code, reason = "it reads libxl's structs, as any program has to")]

use std::ffi::CStr;

use serde::Serialize;
use xenopsd::api::encode;
use xenopsd::xl::sys::libxl_dominfo;

/// The Rust form of a `libxl_dominfo`.
#[derive(Serialize)]
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

impl From<&libxl_dominfo> for Dominfo {
    fn from(info: &libxl_dominfo) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = info.uuid.uuid;
        Self {
            uuid: format!(
                "{a:02x}{b:02x}{c:02x}{d:02x}-{e:02x}{f:02x}-{g:02x}{h:02x}-{i:02x}{j:02x}-{k:02x}{l:02x}{m:02x}{n:02x}{o:02x}{p:02x}"
            ),
            domid: info.domid,
            ssidref: info.ssidref,
            ssid_label: text(info.ssid_label),
            running: info.running,
            blocked: info.blocked,
            paused: info.paused,
            shutdown: info.shutdown,
            dying: info.dying,
            never_stop: info.never_stop,
            shutdown_reason: name(encode::shutdown_reason(info.shutdown_reason).as_bytes()),
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
            domain_type: name(encode::domain_type(info.domain_type).as_bytes()),
        }
    }
}

fn text(text: *const std::ffi::c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: a string of libxl's.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// An enumeration's name without its quotes.
fn name(quoted: &'static [u8]) -> Option<&'static str> {
    std::str::from_utf8(quoted).ok()?.strip_prefix('"')?.strip_suffix('"')
}
