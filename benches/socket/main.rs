//! What a poll costs the server, over a real socket, as a ratio to the floor and beside a rival.
//!
//! The floor is a bare mio loop that answers every request with as many bytes as the real reply has, and does nothing
//! else. Client and server share one CPU, so that a round trip costs the same wherever the kernel puts things; the
//! servers take turns, round by round, so that a machine that is slow for a while is slow for all. What is compared is
//! the CPU time that the kernel has accounted to the server's process: for each round the ratio, of the rounds the
//! median.
//!
//! `cargo bench --bench socket` prints the tables of PERF.md; with `-- --smoke` it only shows that everything runs.

mod client;
#[path = "../common/dominfo.rs"]
mod dominfo;
mod echo;
mod rival;
mod server;

use std::path::Path;

use client::Load;
use server::Server;

/// Domains on the simulated host.
const DOMAINS: [u32; 4] = [1, 10, 100, 1000];
const ROUNDS: usize = 9;
/// Bytes of replies that one round moves, about: rounds of a tenth of a second and more.
const ROUND_BYTES: usize = 40 << 20;
const ROUND_REQUESTS_MAX: usize = 20_000;

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
    let rounds = if args.iter().any(|arg| arg == "--smoke") { 1 } else { ROUNDS };
    let go = server::build_go_rival();
    if let Err(reason) = &go {
        println!("skipped: the Go server ({reason})");
    }
    let go = go.ok();
    server::share_one_cpu()?;
    println!("list_domain: CPU time of the server per request, median of {rounds} rounds; × is the ratio to echo");
    let table = |title: &str, domains: &[u32], connections, in_flight| {
        println!("\n{title}");
        print_head();
        domains.iter().try_for_each(|&domains| {
            let measured = compare(&Setting { domains, connections, in_flight, go: go.as_deref() }, rounds)?;
            println!("{measured}");
            Ok(())
        })
    };
    let tables: [Outcome<()>; 3] = [
        table("one connection, one request in flight", &DOMAINS, 1, 1),
        table("8 connections, 16 requests in flight on each", &[1], 8, 16),
        table("64 connections, one request in flight on each", &[1, 1000], 64, 1),
    ];
    if rounds < ROUNDS {
        println!("\nsmoke run: these are no figures");
    }
    tables.into_iter().collect()
}

/// What is asked of each server.
struct Setting<'s> {
    domains: u32,
    connections: usize,
    in_flight: usize,
    /// The Go server's program, if it could be built.
    go: Option<&'s Path>,
}

/// A server, what loads it, and what each round has shown.
struct Contender {
    server: Server,
    load: Load,
    us: Series,
    /// To the floor of the same round.
    ratio: Series,
}

impl Contender {
    fn new(server: Server, setting: &Setting<'_>, request: &'static [u8]) -> Outcome<Self> {
        let load = Load::new(&server.socket, setting.connections, setting.in_flight, request)?;
        Ok(Self { server, load, us: Series::default(), ratio: Series::default() })
    }
}

/// One line of a table.
struct Row {
    domains: u32,
    reply_bytes: usize,
    /// The floor, xenopsd, and its rivals.
    contenders: Vec<Contender>,
}

fn print_head() {
    println!(
        "{:>8} {:>12} {:>9} {:>11} {:>6} {:>14} {:>11} {:>6} {:>9} {:>6}",
        "domains", "reply bytes", "echo µs", "xenopsd µs", "×", "(min to max)", "serde µs", "×", "Go µs", "×"
    );
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [floor, ours, rivals @ ..] = &self.contenders[..] else { return Ok(()) };
        let (min, max) = ours.ratio.range();
        write!(f, "{:>8} {:>12} {:>9.2} ", self.domains, self.reply_bytes, floor.us.median())?;
        write!(f, "{:>11.2} {:>6.2} ", ours.us.median(), ours.ratio.median())?;
        write!(f, "{:>14}", format!("({min:.2} to {max:.2})"))?;
        for (rival, width) in rivals.iter().zip([11, 9]) {
            write!(f, " {:>width$.2} {:>6.2}", rival.us.median(), rival.ratio.median())?;
        }
        Ok(())
    }
}

/// One number a round.
#[derive(Default)]
struct Series(Vec<f64>);

impl Series {
    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    fn median(&self) -> f64 {
        self.sorted()[self.0.len() / 2]
    }

    fn range(&self) -> (f64, f64) {
        let sorted = self.sorted();
        (sorted[0], sorted[sorted.len() - 1])
    }
}

fn compare(setting: &Setting<'_>, rounds: usize) -> Outcome<Row> {
    let folder = tempfile::tempdir()?;
    let path = |name| folder.path().join(name);
    let domains = setting.domains;
    let mut ours = Contender::new(Server::xenopsd(&path("xenopsd"), domains)?, setting, client::REQUEST)?;
    let reply_bytes = ours.load.reply_bytes()?;
    let echo = Server::role(echo::ROLE, &path("echo"), &reply_bytes.to_string())?;
    let serde = Server::role(rival::ROLE, &path("serde"), &domains.to_string())?;
    let mut contenders =
        vec![Contender::new(echo, setting, client::REQUEST)?, ours, Contender::new(serde, setting, client::REQUEST)?];
    if let Some(go) = setting.go {
        contenders.push(Contender::new(Server::go(go, &path("go"), domains)?, setting, client::GO_REQUEST)?);
    }

    let requests = (ROUND_BYTES / reply_bytes).clamp(1, ROUND_REQUESTS_MAX);
    let bursts = (requests / (setting.connections * setting.in_flight)).max(1);
    let bursts = if rounds < ROUNDS { bursts.min(2) } else { bursts };
    for _ in 0..rounds {
        let mut floor = None;
        for Contender { server, load, us, ratio } in &mut contenders {
            let spent = server.cpu_us_per_request(load, bursts)?;
            us.0.push(spent);
            ratio.0.push(spent / *floor.get_or_insert(spent));
        }
    }
    Ok(Row { domains, reply_bytes, contenders })
}
