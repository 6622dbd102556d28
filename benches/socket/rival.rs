//! A server as one writes it without much thought: mio, serde, serde_json.
//!
//! It parses each request into a Rust struct, calls the same simulated libxl, copies what it returns into Rust structs,
//! and has those written as a `String`. It is no straw man: release build, buffers kept where that is no effort, one
//! write a burst, no allocation that the types do not ask for.
#![allow(unsafe_code, reason = "it reads libxl's structs, as any server has to")]

use std::ffi::CStr;
use std::io::{Read, Write};
use std::path::Path;

use mio::net::UnixStream;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use xenopsd::sim;
use xenopsd::xl::Xl;
use xenopsd::xl::sys::libxl_dominfo;

use crate::{Outcome, echo};

/// The first argument that makes this program this server.
pub(crate) const ROLE: &str = "serde-server";

#[derive(Deserialize)]
struct Request<'r> {
    #[serde(borrow)]
    id: &'r RawValue,
    method: &'r str,
}

#[derive(Serialize)]
struct Reply<'r> {
    jsonrpc: &'static str,
    id: &'r RawValue,
    result: Vec<Dominfo>,
}

/// The Rust form of a `libxl_dominfo`.
#[derive(Serialize)]
struct Dominfo {
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

/// Serves for ever.
pub(crate) fn serve(path: &Path, domains: u32) -> Outcome<()> {
    let xl = Xl::open(sim::start(domains, 1)?)?;
    let mut input = vec![0; 64 << 10];
    let mut output = String::new();
    echo::run(path, move |socket| {
        while let Ok(count @ 1..) = socket.read(&mut input) {
            // A bench's client sends whole lines.
            for line in input[..count].split_inclusive(|&byte| byte == b'\n') {
                output.push_str(&answer(&xl, line).expect("a bench's requests are good"));
            }
            send(socket, output.as_bytes());
            output.clear();
            if count < input.len() {
                break;
            }
        }
    })
}

fn send(socket: &mut UnixStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match socket.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => std::thread::yield_now(),
            Err(_) => return,
        }
    }
}

fn answer(xl: &Xl, line: &[u8]) -> Outcome<String> {
    let request: Request<'_> = serde_json::from_slice(line)?;
    if request.method != "list_domain" {
        return Err("only list_domain".into());
    }
    let mut text = serde_json::to_string(&Reply { jsonrpc: "2.0", id: request.id, result: list_domain(xl)? })?;
    text.push('\n');
    Ok(text)
}

fn list_domain(xl: &Xl) -> Outcome<Vec<Dominfo>> {
    let list = xl.functions().libxl_list_domain.ok_or("no libxl_list_domain")?;
    let mut count = 0;
    // SAFETY: the function of that name, with an open context; the array is freed as libxl wants it.
    unsafe {
        let first = list(xl.ctx(), &raw mut count);
        let infos = std::slice::from_raw_parts(first, usize::try_from(count)?);
        let result = infos.iter().map(convert).collect();
        (xl.functions().libxl_dominfo_list_free)(first, count);
        Ok(result)
    }
}

fn convert(info: &libxl_dominfo) -> Dominfo {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = info.uuid.uuid;
    Dominfo {
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
        shutdown_reason: name(xenopsd::api::encode::shutdown_reason(info.shutdown_reason).as_bytes()),
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
        domain_type: name(xenopsd::api::encode::domain_type(info.domain_type).as_bytes()),
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
