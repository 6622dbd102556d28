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

use client::Shape;
use compare::Setting;
use programs::Programs;
use request::Question::{self, DomainInfo, ListDomain};
use server::{Below, Change, Kind};
use table::Table;

/// Domains of a host.
const DOMAINS: [u32; 4] = [1, 10, 100, 1000];
/// Domains of a host where only what changes from list to list is compared.
const DOMAINS_CHANGING: [u32; 2] = [100, 1000];
const CHANGES: [Change; 4] = [Change::Nothing, Change::Counters, Change::Labels, Change::Lengths];
const ROUNDS: usize = 9;

const OF_PEERS: &str = "`jsonrpsee` and `jsonrpc-http-server` speak HTTP over TCP, where the work of receiving what a \
    client sends is charged to the receiver.";
const OF_BURSTS: &str = "Few clients of HTTP send a request before the last is answered, as these do. Of requests that \
    are all the same and come together, xenopsd makes one call and the others make one each.";
const OF_HYPERVISOR: &str = "A real hypervisor's time is in no column; the stand-in's own (the copy of the list, a \
    trivial system call a hypercall, the clocks) is in each but the echo's, and whoever allocates pays for its counting \
    malloc, too. FLASK is off, but libxl asks for each domain's label \
    all the same.";
const OF_CHANGES: &str = "xenopsd keeps the text of a list and writes anew what has changed: its best case, the usual \
    one, and two in which it has to encode every domain.";

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
    if let Some(served) = server::take_role(&args) {
        return served;
    }
    let has = |word: &str| args.iter().any(|arg| arg == word);
    let is_smoke = has("--smoke");
    let programs = &Programs::build(is_smoke)?;
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
    let changing = CHANGES
        .map(|change| DOMAINS_CHANGING.map(|domains| setting(Below::Hypervisor(change), domains, ListDomain, 1, 1)));
    let one_by_one = |below| DOMAINS.map(|domains| setting(below, domains, ListDomain, 1, 1)).to_vec();
    let at_once = |domains, question: Question, connections, in_flight| {
        setting(Below::SimulatedHost, domains, question, connections, in_flight)
    };
    let mut tables = Vec::new();
    if !has("hypervisor") {
        tables.push(Table {
            title: "Simulated host, one connection, one request in flight.",
            notes: OF_PEERS,
            kinds: SIMULATED,
            settings: one_by_one(Below::SimulatedHost),
            against: None,
        });
        tables.push(Table {
            title: "Simulated host, many requests at once, `list_domain` all the same, `domain_info` all different.",
            notes: OF_BURSTS,
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
            title: "Make-believe hypervisor under the real libxl, one connection, one request in flight.",
            notes: OF_HYPERVISOR,
            kinds: ON_HYPERVISOR,
            settings: one_by_one(Below::Hypervisor(Change::Counters)),
            against: Some(("Go : xenopsd by hypercall, a real hypervisor's time in neither", [Kind::Go, BY_HYPERCALL])),
        });
        tables.push(Table {
            title: "Make-believe hypervisor, by what has changed since the last list.",
            notes: OF_CHANGES,
            kinds: &[BY_HYPERCALL],
            settings: changing.concat(),
            against: None,
        });
    }
    let printed = tables.iter().try_for_each(Table::print);
    if is_smoke {
        println!("smoke run: these are no figures");
    }
    printed
}
