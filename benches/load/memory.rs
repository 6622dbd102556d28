//! What memory a server takes: before load, under it, after it.
//!
//! In: /proc/PID/smaps_rollup, which the kernel counts page by page. Out: anonymous memory (what the server itself has
//! written) and all that is resident (with the library's pages, which every process that maps it shares).

use std::path::Path;
use std::time::Duration;

use crate::contender::Contender;
use crate::generator::Generator;
use crate::{Bench, Outcome};

/// Domains on the host, and clients, each with one request in flight all the time.
const SETTINGS: [(u32, u32); 4] = [(100, 1), (100, 64), (100, 1000), (1000, 64)];
/// Looks in the time of a watch. The first tenth is left out: memory that is needed is taken then.
const LOOKS: u32 = 40;
const WARM: usize = 4;
/// How long after the last client has gone memory is looked at again.
const REST: Duration = Duration::from_secs(1);
/// A call that a worker carries out.
const WORKER_CALL: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"list_vm\"}\n";

/// Kilobytes.
#[derive(Clone, Copy)]
struct Resident {
    anonymous: u64,
    all: u64,
}

impl Resident {
    fn of(pid: u32) -> Outcome<Self> {
        let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let kilobytes = |name: &str| -> Outcome<u64> {
            let line = rollup.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line in smaps_rollup")?;
            Ok(line.trim_start_matches(':').trim().trim_end_matches(" kB").parse()?)
        };
        Ok(Self { anonymous: kilobytes("Anonymous:")?, all: kilobytes("Rss:")? })
    }
}

impl std::fmt::Display for Resident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mebibytes = |kilobytes: u64| kilobytes as f64 / 1024.0;
        write!(f, "{:.1} ({:.1})", mebibytes(self.anonymous), mebibytes(self.all))
    }
}

pub(crate) fn tables(bench: &Bench) -> Outcome<()> {
    println!("\nResident memory in MiB, anonymous (in all); load is a list_domain in flight on each connection");
    println!("for {:?}, looked at {LOOKS} times; \"idle\" has answered one request:\n", bench.effort.watch);
    println!(
        "| domains | connections | server | idle | load, first | load, last | load, most | 1 s after | most, anonymous, to Go's |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut skipped = Vec::new();
    for &(domains, connections) in bench.effort.of(&SETTINGS, 2) {
        if let Some(reason) = bench.skipped(connections) {
            skipped.push(reason);
            continue;
        }
        bench.progress(&format!("memory, {domains} domains, {connections} connections"));
        let folder = tempfile::tempdir()?;
        bench.cpus.to_servers()?;
        let go = Contender::go(bench, folder.path(), domains)?.map(|go| watch(bench, &go, connections)).transpose()?;
        bench.cpus.to_servers()?;
        let ours = watch(bench, &Contender::xenopsd(bench, folder.path(), domains)?, connections)?;
        let ratio = go.as_ref().map(|go| ours.most() as f64 / go.most() as f64);
        let setting = format!("| {domains} | {connections} ");
        println!("{setting}{ours} {} |", ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")));
        go.into_iter().for_each(|go| println!("{setting}{go} |"));
    }
    skipped.iter().for_each(|reason| println!("\n{reason}"));
    workers(bench)
}

/// What was seen.
struct Watch {
    name: &'static str,
    idle: Resident,
    under_load: Vec<Resident>,
    after: Resident,
}

impl Watch {
    /// The most anonymous memory under load.
    fn most(&self) -> u64 {
        self.under_load.iter().map(|seen| seen.anonymous).max().unwrap_or(0)
    }
}

impl std::fmt::Display for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, idle, under_load, after } = self;
        let [first, .., last] = &under_load[..] else { return Err(std::fmt::Error) };
        let all = under_load.iter().map(|seen| seen.all).max().unwrap_or(0);
        let most = Resident { anonymous: self.most(), all };
        write!(f, "| {name} | {idle} | {first} | {last} | {most} | {after} |")
    }
}

/// Loads a server from the generator's CPU and looks at it meanwhile.
fn watch(bench: &Bench, contender: &Contender, connections: u32) -> Outcome<Watch> {
    bench.cpus.to_generator()?;
    let pid = contender.server.process.id();
    let idle = Resident::of(pid)?;
    let mut generator =
        Generator::new(&contender.path, usize::try_from(connections)?, &contender.request, contender.reply_bytes)?;
    let (mut under_load, mut due) = (Vec::new(), Duration::ZERO);
    generator.closed_loop(bench.effort.watch, &mut |now| {
        if now >= due {
            due += bench.effort.watch / LOOKS;
            under_load.push(Resident::of(pid)?);
        }
        Ok(())
    })?;
    drop(generator);
    std::thread::sleep(if bench.effort.smoke { Duration::ZERO } else { REST });
    under_load.drain(..WARM);
    Ok(Watch { name: contender.name, idle, under_load, after: Resident::of(pid)? })
}

/// xenopsd's other processes, which carry out what polls must not wait for.
fn workers(bench: &Bench) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    bench.cpus.to_servers()?;
    let contender = Contender::xenopsd(bench, folder.path(), 100)?;
    let mut generator = Generator::new(&contender.path, 8, WORKER_CALL, 1)?;
    generator.closed_loop(Duration::from_millis(50), &mut |_| Ok(()))?;
    drop(generator);
    let workers = children(contender.server.process.id())?;
    let seen = workers.iter().map(|&pid| Resident::of(pid)).collect::<Outcome<Vec<_>>>()?;
    let seen: Vec<_> = seen.iter().map(ToString::to_string).collect();
    println!("\nIts workers, apart, after 50 ms of calls on 8 connections: {}: {}.", seen.len(), seen.join(", "));
    Ok(())
}

/// The processes that it has started, by the kernel's table of all.
fn children(parent: u32) -> Outcome<Vec<u32>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // Others' processes may end at any time.
        let Ok(stat) = std::fs::read_to_string(Path::new("/proc").join(format!("{pid}/stat"))) else { continue };
        let after_name = stat.rsplit_once(") ").map_or("", |(_, after)| after);
        found.extend((after_name.split(' ').nth(1) == Some(parent.to_string().as_str())).then_some(pid));
    }
    Ok(found)
}
