//! One line of a table of latencies.
//!
//! In: runs of the generator against a server, round by round. Out: percentiles over all of them, in Markdown.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::contender::Contender;
use crate::generator::{Beside, Generator, Measured};

/// How many requests must have waited longer than a percentile that is printed; where fewer have, there is a dash.
const BEYOND_MIN: f64 = 10.0;

/// What a server showed at one rate.
pub(crate) struct Line {
    /// What sets it apart.
    label: String,
    server: &'static str,
    rate: f64,
    measured: Measured,
    cpu: Duration,
    wall: Duration,
}

impl Line {
    pub(crate) fn new(label: &str, contender: &Contender, rate: f64) -> Outcome<Self> {
        let (cpu, wall) = (Duration::ZERO, Duration::ZERO);
        Ok(Self { label: label.to_owned(), server: contender.name, rate, measured: Measured::new()?, cpu, wall })
    }

    /// One round more.
    pub(crate) fn measure(
        &mut self,
        contender: &Contender,
        generator: &mut Generator,
        (length, seed): (Duration, u64),
        beside: Beside<'_>,
    ) -> Outcome<()> {
        let (began, before) = (Instant::now(), contender.server.cpu_time()?);
        generator.open_loop((self.rate, length, seed), &mut self.measured, beside)?;
        self.cpu += contender.server.cpu_time()?.saturating_sub(before);
        self.wall += began.elapsed();
        Ok(())
    }

    pub(crate) fn print_head(label: &str) {
        println!("| {label} | server | requests/s | server busy | p50 | p90 | p99 | p99.9 | max | sent late, p99 |");
        println!("|---|---|---|---|---|---|---|---|---|---|");
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { label, server, rate, measured, cpu, wall } = self;
        let busy = 100.0 * cpu.as_secs_f64() / wall.as_secs_f64();
        write!(f, "| {label} | {server} | {rate:.0} | {busy:.0} % |")?;
        for quantile in [0.5, 0.9, 0.99, 0.999] {
            // Of fewer beyond it, each would move it much.
            match (1.0 - quantile) * measured.latency.len() as f64 >= BEYOND_MIN {
                true => write!(f, " {} |", Microseconds(measured.latency.value_at_quantile(quantile)))?,
                false => write!(f, " – |")?,
            }
        }
        let late = measured.lateness.value_at_quantile(0.99);
        write!(f, " {} | {} |", Microseconds(measured.latency.max()), Microseconds(late))
    }
}

/// A number of nanoseconds, in microseconds with three digits or so.
struct Microseconds(u64);

impl std::fmt::Display for Microseconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let microseconds = self.0 as f64 / 1e3;
        let decimals = if microseconds < 9.995 { 2 } else { usize::from(microseconds < 99.95) };
        write!(f, "{microseconds:.decimals$}")
    }
}
