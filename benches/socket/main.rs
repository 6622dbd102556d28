//! What a poll costs the server, over a real socket, as a ratio to the floor.
//!
//! The floor is a bare mio loop that answers every request with as many bytes as the real reply has, and does nothing
//! else. Client and server share one CPU, so that a round trip costs the same wherever the kernel puts things; the
//! servers take turns, round by round, so that a machine that is slow for a while is slow for all. What is compared is
//! the CPU time that the kernel has accounted to the server's process, for each round the ratio, of the rounds the median.
//!
//! `cargo bench --bench socket` prints the table of PERF.md; with `-- --smoke` it only shows that everything runs.

mod client;
mod echo;
mod server;

use std::path::Path;

use client::Client;
use server::Server;

/// Domains on the simulated host.
const DOMAINS: [u32; 4] = [1, 10, 100, 1000];
const REQUEST: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"list_domain\"}\n";
const ROUNDS: usize = 9;
/// Bytes of replies that one round moves, about: rounds of a tenth of a second and more.
const ROUND_BYTES: usize = 40 << 20;
const ROUND_REQUESTS_MAX: usize = 20_000;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().collect();
    if let [_, role, socket, bytes] = args.as_slice()
        && role == echo::ROLE
    {
        return echo::serve(Path::new(socket), bytes.parse()?);
    }
    let smoke = args.iter().any(|arg| arg == "--smoke");
    server::share_one_cpu()?;
    println!("list_domain, one request in flight; CPU time of the server per request, median of {ROUNDS} rounds\n");
    println!(
        "{:>8} {:>12} {:>10} {:>12} {:>7} {:>15}",
        "domains", "reply bytes", "echo µs", "xenopsd µs", "ratio", "(min to max)"
    );
    for domains in DOMAINS {
        let row = compare(domains, smoke)?;
        println!("{row}");
    }
    if smoke {
        println!("\nsmoke run: these are no figures");
    }
    Ok(())
}

/// One line of the table.
struct Row {
    domains: u32,
    reply_bytes: usize,
    echo_us: f64,
    xenopsd_us: f64,
    /// Of each round, sorted.
    ratios: Vec<f64>,
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let range = format!("({:.2} to {:.2})", self.ratios[0], self.ratios[self.ratios.len() - 1]);
        write!(
            f,
            "{:>8} {:>12} {:>10.2} {:>12.2} {:>7.2} {:>15}",
            self.domains,
            self.reply_bytes,
            self.echo_us,
            self.xenopsd_us,
            self.ratios[self.ratios.len() / 2],
            range
        )
    }
}

fn compare(domains: u32, smoke: bool) -> Outcome<Row> {
    let folder = tempfile::tempdir()?;
    let real = Server::xenopsd(&folder.path().join("xenopsd"), domains)?;
    let mut real_client = Client::connect(&real.socket)?;
    let reply_bytes = real_client.ask(REQUEST)?;
    let echo = Server::echo(&folder.path().join("echo"), reply_bytes)?;
    let mut echo_client = Client::connect(&echo.socket)?;

    let requests = if smoke { 10 } else { (ROUND_BYTES / reply_bytes).clamp(1, ROUND_REQUESTS_MAX) };
    let rounds = if smoke { 1 } else { ROUNDS };
    let (mut echo_us, mut xenopsd_us, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let floor = echo.cpu_us_per_request(&mut echo_client, REQUEST, requests)?;
        let ours = real.cpu_us_per_request(&mut real_client, REQUEST, requests)?;
        echo_us.push(floor);
        xenopsd_us.push(ours);
        ratios.push(ours / floor);
    }
    for series in [&mut echo_us, &mut xenopsd_us, &mut ratios] {
        series.sort_by(f64::total_cmp);
    }
    Ok(Row { domains, reply_bytes, echo_us: median(&echo_us), xenopsd_us: median(&xenopsd_us), ratios })
}

/// The middle one of a sorted series.
fn median(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}
