//! What load does to a server: how long requests wait, what memory it takes, how costs grow.
//!
//! Four servers on the same simulated host: the floor (an echo of as many bytes), xenopsd, a plain one with serde, and
//! one in Go. They take turns, round by round, so that a machine that is slow for a while is slow for all.
//!
//! * `latency`: requests come by a schedule, whether or not earlier ones are answered (`generator.rs`).
//! * `memory`: resident memory before, under and after load.
//! * `growth`: the server's CPU time per request against domains and against connections.
//!
//! `cargo bench --bench load` prints the tables of PERF.md on standard output and says on standard error how far it is;
//! `-- latency` makes only that part, `-- --plots benches/plots` draws what grows, and `-- --smoke` only shows that
//! everything runs.

// What the other bench knows how to start and to ask; not all of it is of use here.
#[allow(dead_code, reason = "shared with another bench")]
#[path = "../socket/client.rs"]
mod client;
mod contender;
mod cpus;
#[path = "../common/dominfo.rs"]
mod dominfo;
#[path = "../socket/echo.rs"]
mod echo;
mod generator;
mod growth;
mod latency;
mod line;
mod memory;
mod plot;
#[allow(dead_code, reason = "shared with another bench")]
#[path = "../socket/programs.rs"]
mod programs;
mod proof;
#[allow(dead_code, reason = "shared with another bench")]
#[path = "../socket/request.rs"]
mod request;
#[path = "../socket/rival.rs"]
mod rival;
mod schedule;
#[allow(dead_code, reason = "shared with another bench")]
#[path = "../socket/server.rs"]
mod server;
mod trouble;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};

use cpus::Cpus;
use programs::Programs;
use rustix::process::Resource;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// What load does: latency, memory, growth.
#[derive(Parser)]
struct Options {
    /// Only these parts
    parts: Vec<Part>,
    /// Only show that everything runs
    #[arg(long)]
    smoke: bool,
    /// Draw what grows into this folder
    #[arg(long, value_name = "FOLDER")]
    plots: Option<PathBuf>,
    /// What cargo says to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Latency,
    Memory,
    Growth,
}

/// Descriptors that are not connections, with plenty to spare.
const DESCRIPTORS_SPARE: u64 = 64;

/// How much is done.
struct Effort {
    /// Runs that make one line of a table of latencies, and how long requests are sent in each.
    runs: u64,
    run: Duration,
    /// How long the memory of a server under load is looked at.
    watch: Duration,
    /// Rounds that make one point of a plot, and how long each is.
    rounds: usize,
    slice: Duration,
    /// Nobody will read the figures: fewer lines and points, too.
    smoke: bool,
}

impl Effort {
    fn full() -> Self {
        let [run, watch, slice] = [800, 4000, 60].map(Duration::from_millis);
        Self { runs: 3, run, watch, rounds: 5, slice, smoke: false }
    }

    fn smoke() -> Self {
        let [run, watch, slice] = [40, 200, 5].map(Duration::from_millis);
        Self { runs: 1, run, watch, rounds: 1, slice, smoke: true }
    }

    /// Of these, in a smoke run only the first few.
    fn of<T>(&self, all: &'static [T], few: usize) -> &'static [T] {
        if self.smoke { &all[..few] } else { all }
    }
}

/// What every part needs to know.
struct Bench {
    effort: Effort,
    cpus: Cpus,
    programs: Programs,
    began: Instant,
}

impl Bench {
    /// What to say if there are not descriptors for so many connections.
    fn skipped(&self, connections: u32) -> Option<String> {
        let limit = rustix::process::getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let needed = u64::from(connections) + DESCRIPTORS_SPARE;
        let reason = format!("skipped: {connections} connections, because of the limit of {limit} descriptors");
        (needed > limit).then_some(reason).inspect(|reason| self.progress(reason))
    }

    /// Says on standard error what is being done.
    fn progress(&self, what: &str) {
        eprintln!("{:4} s  {what}", self.began.elapsed().as_secs());
    }
}

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().collect();
    if let Some(served) = server::take_role(&args) {
        return served;
    }
    let options = Options::parse();
    raise_descriptor_limit();
    let effort = if options.smoke { Effort::smoke() } else { Effort::full() };
    let programs = Programs {
        go: programs::built("the Go server", programs::go)?,
        simulated: programs::built("the simulated libxl", programs::simulated)?,
        peers: None,
        hypervisor: None,
    };
    let bench = Bench { effort, cpus: Cpus::allowed()?, programs, began: Instant::now() };
    let wants = |part| options.parts.is_empty() || options.parts.contains(&part);
    if wants(Part::Latency) {
        proof::sees_a_stall()?;
        latency::tables(&bench)?;
        trouble::tables(&bench)?;
    }
    if wants(Part::Memory) {
        memory::tables(&bench)?;
    }
    if wants(Part::Growth) {
        growth::tables(&bench, options.plots.as_deref())?;
    }
    if options.smoke {
        println!("smoke run: these are no figures");
    }
    Ok(())
}

/// As many descriptors as there may be, for us and for the servers: each holds a thousand connections.
fn raise_descriptor_limit() {
    let mut limit = rustix::process::getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If it cannot be had, what needs it is skipped.
    let _ = rustix::process::setrlimit(Resource::Nofile, limit);
}
