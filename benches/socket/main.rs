//! What a poll costs the server, over a real socket, as a ratio to the floor and beside its rivals and peers.
//!
//! The floor is a bare mio loop that answers every request with as many bytes as the real reply has, and does nothing
//! else. Client and server share one CPU, so that a round trip costs the same wherever the kernel puts things; the
//! servers take turns, round by round, so that a machine that is slow for a while is slow for all. What is compared is
//! the CPU time that the kernel has accounted to the server's process: for each round the ratio, of the rounds the
//! median.
//!
//! `cargo bench --bench socket` prints the tables of PERF.md in Markdown, and on standard error how far it is; with
//! `-- --smoke` it only shows that everything runs; with `-- simulated` or `-- hypervisor` it prints the tables of one
//! host.

mod client;
mod compare;
#[path = "../common/dominfo.rs"]
mod dominfo;
mod echo;
mod programs;
mod request;
mod rival;
#[path = "../common/series.rs"]
mod series;
mod server;
mod table;

use std::path::Path;

use client::Shape;
use compare::Setting;
use programs::Programs;
use request::Question::{self, DomainInfo, ListDomain};
use server::{Below, Kind};
use table::Table;

/// Domains of a host.
const DOMAINS: [u32; 4] = [1, 10, 100, 1000];
const ROUNDS: usize = 9;

/// On the simulated host.
const SIMULATED: &[Kind] =
    &[Kind::Xenopsd(""), Kind::Serde, Kind::Peer("jsonrpsee"), Kind::Peer("jsonrpc-http-server"), Kind::Go];
const BY_HYPERCALL: Kind = Kind::Xenopsd("hypercall");
/// On the make-believe hypervisor.
const ON_HYPERVISOR: &[Kind] = &[
    BY_HYPERCALL,
    Kind::Xenopsd("libxl"),
    Kind::Serde,
    Kind::Peer("jsonrpsee"),
    Kind::Peer("jsonrpc-http-server"),
    Kind::Go,
];

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().collect();
    if let [_, role, socket, number] = args.as_slice() {
        match role.as_str() {
            echo::ROLE => return echo::serve(Path::new(socket), number.parse()?),
            rival::ROLE => return rival::serve(Path::new(socket), number.parse()?),
            _ => {}
        }
    }
    let has = |word: &str| args.iter().any(|arg| arg == word);
    let is_smoke = has("--smoke");
    let programs = &Programs::build(is_smoke);
    let rounds = if is_smoke { 1 } else { ROUNDS };
    server::share_one_cpu()?;
    println!(
        "CPU time of the server per request, in user space and in the kernel, in turns, rounds: {rounds}; medians; \
         × echo is the ratio to the echo\n"
    );
    let setting = |below, domains, question, connections, in_flight| {
        let shape = Shape { question, connections, in_flight };
        Setting { programs, below, domains, shape, rounds }
    };
    let one_by_one = |below| DOMAINS.map(|domains| setting(below, domains, ListDomain, 1, 1)).to_vec();
    let at_once = |domains, question: Question, connections, in_flight| {
        setting(Below::SimulatedHost, domains, question, connections, in_flight)
    };
    let mut tables = Vec::new();
    if !has("hypervisor") {
        tables.push(Table {
            title: "Simulated host, one connection, one request in flight:",
            kinds: SIMULATED,
            settings: one_by_one(Below::SimulatedHost),
            against: None,
        });
        tables.push(Table {
            title: "Simulated host, many requests at once, `list_domain` all the same, `domain_info` all different:",
            kinds: SIMULATED,
            settings: vec![
                at_once(1, ListDomain, 8, 16),
                at_once(1000, DomainInfo, 8, 16),
                at_once(1, ListDomain, 64, 1),
                at_once(1000, ListDomain, 64, 1),
            ],
            against: None,
        });
    }
    if !has("simulated") && programs.hypervisor.is_some() {
        tables.push(Table {
            title: "Make-believe hypervisor under the real libxl, one connection, one request in flight. The \
                    hypervisor's own time is in no column:",
            kinds: ON_HYPERVISOR,
            settings: one_by_one(Below::Hypervisor),
            against: Some((
                "Go : xenopsd by hypercall, the hypervisor's own time in neither",
                [Kind::Go, BY_HYPERCALL],
            )),
        });
    }
    let printed = tables.iter().try_for_each(Table::print);
    if is_smoke {
        println!("smoke run: these are no figures");
    }
    printed
}
