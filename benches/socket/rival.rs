//! A server as one writes it without much thought: mio, serde, serde_json.
//!
//! It parses each request into a Rust struct, calls the same simulated libxl, copies what it returns into Rust structs,
//! and has those written as a `String`. It is no straw man: release build, buffers kept where that is no effort, one
//! write a burst, no allocation that the types do not ask for.
#![allow(unsafe_code, reason = "it reads libxl's structs, as any server has to")]

use std::io::{Read, Write};
use std::path::Path;

use mio::net::UnixStream;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use xenopsd::sim;
use xenopsd::xl::Xl;

use crate::dominfo::Dominfo;
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
        let result = infos.iter().map(Dominfo::from).collect();
        (xl.functions().libxl_dominfo_list_free)(first, count);
        Ok(result)
    }
}
