//! What a poll costs the server, over a real socket, as a ratio to the floor and beside a rival.
//!
//! The floor is a bare mio loop that answers every request with as many bytes as the real reply has, and does nothing
//! else. Client and server share one CPU, so that a round trip costs the same wherever the kernel puts things; the
//! servers take turns, round by round, so that a machine that is slow for a while is slow for all. What is compared is
//! the CPU time that the kernel has accounted to the server's process: for each round the ratio, of the rounds the median.
//!
//! `cargo bench --bench socket` prints the tables of PERF.md; with `-- --smoke` it only shows that everything runs.

mod client;
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
    server::share_one_cpu()?;
    println!("list_domain: CPU time of the server per request, median of {rounds} rounds; × is the ratio to echo");
    println!("\none connection, one request in flight");
    Row::print_head();
    for domains in DOMAINS {
        println!("{}", compare(domains, 1, 1, rounds)?);
    }
    println!("\n8 connections, 16 requests in flight on each");
    Row::print_head();
    println!("{}", compare(1, 8, 16, rounds)?);
    println!("\n64 connections, one request in flight on each");
    Row::print_head();
    println!("{}", compare(1, 64, 1, rounds)?);
    if rounds < ROUNDS {
        println!("\nsmoke run: these are no figures");
    }
    Ok(())
}

/// One line of a table.
struct Row {
    domains: u32,
    reply_bytes: usize,
    echo_us: Series,
    xenopsd_us: Series,
    rival_us: Series,
    /// Of each round.
    xenopsd_ratio: Series,
    rival_ratio: Series,
}

impl Row {
    fn print_head() {
        println!(
            "{:>8} {:>12} {:>9} {:>11} {:>6} {:>14} {:>9} {:>6}",
            "domains", "reply bytes", "echo µs", "xenopsd µs", "×", "(min to max)", "serde µs", "×"
        );
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (min, max) = self.xenopsd_ratio.range();
        write!(
            f,
            "{:>8} {:>12} {:>9.2} {:>11.2} {:>6.2} {:>14} {:>9.2} {:>6.2}",
            self.domains,
            self.reply_bytes,
            self.echo_us.median(),
            self.xenopsd_us.median(),
            self.xenopsd_ratio.median(),
            format!("({min:.2} to {max:.2})"),
            self.rival_us.median(),
            self.rival_ratio.median(),
        )
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

fn compare(domains: u32, connections: usize, in_flight: usize, rounds: usize) -> Outcome<Row> {
    let folder = tempfile::tempdir()?;
    let path = |name| folder.path().join(name);
    let xenopsd = Server::xenopsd(&path("xenopsd"), domains)?;
    let mut xenopsd_load = Load::new(&xenopsd.socket, connections, in_flight)?;
    let reply_bytes = xenopsd_load.reply_bytes()?;
    let echo = Server::role(echo::ROLE, &path("echo"), &reply_bytes.to_string())?;
    let mut echo_load = Load::new(&echo.socket, connections, in_flight)?;
    let rival = Server::role(rival::ROLE, &path("rival"), &domains.to_string())?;
    let mut rival_load = Load::new(&rival.socket, connections, in_flight)?;

    let bursts = (ROUND_BYTES / reply_bytes).clamp(1, ROUND_REQUESTS_MAX) / (connections * in_flight);
    let bursts = if rounds < ROUNDS { 2 } else { bursts.max(1) };
    let mut row = Row {
        domains,
        reply_bytes,
        echo_us: Series::default(),
        xenopsd_us: Series::default(),
        rival_us: Series::default(),
        xenopsd_ratio: Series::default(),
        rival_ratio: Series::default(),
    };
    for _ in 0..rounds {
        let floor = echo.cpu_us_per_request(&mut echo_load, bursts)?;
        let ours = xenopsd.cpu_us_per_request(&mut xenopsd_load, bursts)?;
        let theirs = rival.cpu_us_per_request(&mut rival_load, bursts)?;
        row.echo_us.0.push(floor);
        row.xenopsd_us.0.push(ours);
        row.rival_us.0.push(theirs);
        row.xenopsd_ratio.0.push(ours / floor);
        row.rival_ratio.0.push(theirs / floor);
    }
    Ok(row)
}
