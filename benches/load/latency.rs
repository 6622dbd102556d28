//! How long a request waits, at parts of what each server can do, beyond that, and at a rate that all can do.

use crate::contender::Contender;
use crate::generator::Generator;
use crate::line::Line;
use crate::{Bench, Outcome};

/// Domains on the host.
const DOMAINS: [u32; 2] = [1, 100];
/// Clients, each of which asks when it likes.
pub(crate) const CONNECTIONS: usize = 32;
/// Parts of its capacity at which each server is asked. The last is more than it can do.
const LOADS: [f64; 4] = [0.25, 0.5, 0.75, 1.5];
/// The part of the smallest capacity at which all are asked.
const SAME: f64 = 0.75;

/// A server and who asks it.
pub(crate) struct Subject {
    pub(crate) contender: Contender,
    pub(crate) generator: Generator,
    /// Requests a second that it can do, as this generator asks.
    pub(crate) capacity: f64,
    /// How much of its CPU it needed for that.
    busy: f64,
}

impl Subject {
    /// Connects to a running server. To be called on the generator's CPU.
    pub(crate) fn new(contender: Contender) -> Outcome<Self> {
        let Contender { path, request, reply_bytes, .. } = &contender;
        let generator = Generator::new(path, CONNECTIONS, request, *reply_bytes)?;
        Ok(Self { contender, generator, capacity: 0.0, busy: 0.0 })
    }
}

/// Finds out what each can do: the median of the rounds, taken in turns.
pub(crate) fn find_capacities(bench: &Bench, subjects: &mut [Subject]) -> Outcome<()> {
    let length = bench.effort.run / 2;
    let mut rates = vec![Vec::new(); subjects.len()];
    for _ in 0..bench.effort.runs {
        for (Subject { contender, generator, busy, .. }, rates) in subjects.iter_mut().zip(&mut rates) {
            let before = contender.server.cpu_time()?;
            rates.push(generator.closed_loop(length, &mut |_| Ok(()))?);
            let spent = contender.server.cpu_time()?.saturating_sub(before);
            *busy += spent.as_secs_f64() / (length.as_secs_f64() * bench.effort.runs as f64);
        }
    }
    for (subject, rates) in subjects.iter_mut().zip(&mut rates) {
        rates.sort_by(f64::total_cmp);
        subject.capacity = rates[rates.len() / 2];
    }
    Ok(())
}

pub(crate) fn tables(bench: &Bench) -> Outcome<()> {
    println!("Latency in µs of list_domain on {CONNECTIONS} connections, from due to answered, by a random schedule");
    println!("(Poisson, same seeds for all), {} rounds of {:?} in turns.", bench.effort.runs, bench.effort.run);
    match bench.cpus.are_two() {
        true => println!("The server has one CPU, the generator, which spins, another."),
        false => println!("There is only one CPU for servers and generator: these are no figures."),
    }
    bench.effort.of(&DOMAINS, 1).iter().try_for_each(|&domains| table(bench, domains))
}

fn table(bench: &Bench, domains: u32) -> Outcome<()> {
    bench.progress(&format!("latency, {domains} domains: capacities"));
    let folder = tempfile::tempdir()?;
    bench.cpus.to_servers()?;
    let contenders = Contender::all(bench, folder.path(), domains)?;
    bench.cpus.to_generator()?;
    let mut subjects = contenders.into_iter().map(Subject::new).collect::<Outcome<Vec<_>>>()?;
    find_capacities(bench, &mut subjects)?;
    let reply_bytes = subjects[0].contender.reply_bytes;
    println!("\n{domains} domains, {reply_bytes} bytes a reply. Capacity, one request in flight on each connection:\n");
    println!("| server | requests/s | server busy |\n|---|---|---|");
    for Subject { contender, capacity, busy, .. } in &subjects {
        println!("| {} | {capacity:.0} | {:.0} % |", contender.name, 100.0 * busy);
    }

    let same = SAME * subjects.iter().map(|subject| subject.capacity).fold(f64::INFINITY, f64::min);
    let mut lines = Vec::new();
    for load in LOADS {
        let label = format!("{:.0} %", 100.0 * load);
        lines
            .push(subjects.iter().map(|s| Line::new(&label, &s.contender, load * s.capacity)).collect::<Outcome<_>>()?);
    }
    lines.push(subjects.iter().map(|s| Line::new("the same", &s.contender, same)).collect::<Outcome<Vec<_>>>()?);
    for round in 0..bench.effort.runs {
        bench.progress(&format!("latency, {domains} domains: round {} of {}", round + 1, bench.effort.runs));
        for lines in &mut lines {
            for (line, Subject { contender, generator, .. }) in lines.iter_mut().zip(&mut subjects) {
                line.measure(contender, generator, (bench.effort.run, round), &mut |_| Ok(()))?;
            }
        }
    }
    println!();
    Line::print_head("load");
    lines.iter().flatten().for_each(|line| println!("{line}"));
    Ok(())
}
