//! A server as one writes it without much thought: mio, serde, serde_json.
//!
//! It parses each request into a Rust struct, calls libxl, be it the same simulated one or the real one, copies what it
//! returns into Rust structs, and has those written as a `String`. It is no straw man: release build, buffers kept
//! where that is no effort, one write a burst, no allocation that the types do not ask for.
#![allow(unsafe_code, reason = "it reads libxl's structs, as any server has to")]

use std::io::{Read, Write};
use std::path::Path;

use mio::net::UnixStream;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use xenopsd::sim;
use xenopsd::xl::Xl;

use crate::dominfo::Dominfo;
use crate::{Outcome, echo, server};

/// The first argument that makes this program this server.
pub(crate) const ROLE: &str = "serde-server";
/// The number of simulated domains that means: none are, libxl finds a host itself.
pub(crate) const NO_SIMULATION: &str = "0";

#[derive(Deserialize)]
struct Request<'r> {
    #[serde(borrow)]
    id: &'r RawValue,
    method: &'r str,
    params: Option<Params>,
}

#[derive(Deserialize)]
struct Params {
    domid: u32,
}

#[derive(Serialize)]
struct Reply<'r> {
    jsonrpc: &'static str,
    id: &'r RawValue,
    result: Answer,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    List(Vec<Dominfo>),
    One(Box<Dominfo>),
}

/// Serves for ever.
pub(crate) fn serve(path: &Path, domains: u32) -> Outcome<()> {
    server::end_with_parent()?;
    let xl = if domains == 0 { Xl::open(|_| ())? } else { Xl::open(sim::start(domains, 1)?)? };
    let mut input = vec![0; 64 << 10];
    let (mut begun, mut output) = (Vec::new(), String::new());
    echo::run(path, move |socket| {
        loop {
            let count = match socket.read(&mut input) {
                Ok(count @ 1..) => count,
                // The rest of a line is on its way: a bench's client sends it at once.
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && !begun.is_empty() => {
                    std::thread::yield_now();
                    continue;
                }
                _ => break,
            };
            for line in input[..count].split_inclusive(|&byte| byte == b'\n') {
                begun.extend_from_slice(line);
                if line.ends_with(b"\n") {
                    output.push_str(&answer(&xl, &begun).expect("a bench's requests are good"));
                    begun.clear();
                }
            }
            send(socket, output.as_bytes());
            output.clear();
            if count < input.len() && begun.is_empty() {
                break;
            }
        }
        begun.clear();
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
    let result = match (request.method, request.params) {
        ("list_domain", _) => Answer::List(list_domain(xl)?),
        ("domain_info", Some(Params { domid })) => Answer::One(Box::new(domain_info(xl, domid)?)),
        _ => return Err("only list_domain and domain_info".into()),
    };
    let mut text = serde_json::to_string(&Reply { jsonrpc: "2.0", id: request.id, result })?;
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

fn domain_info(xl: &Xl, domid: u32) -> Outcome<Dominfo> {
    let functions = xl.functions();
    let look = functions.libxl_domain_info.ok_or("no libxl_domain_info")?;
    // SAFETY: the functions of those names, with an open context; the struct is prepared and emptied as libxl wants it,
    // and all zeros is one.
    unsafe {
        let mut info = std::mem::zeroed();
        (functions.libxl_dominfo_init)(&raw mut info);
        let code = look(xl.ctx(), &raw mut info, domid);
        let result = Dominfo::from(&info);
        (functions.libxl_dominfo_dispose)(&raw mut info);
        if code == 0 { Ok(result) } else { Err(format!("libxl_domain_info: {code}").into()) }
    }
}
