//! How the server's CPU time per request grows: with domains, and with connections.
//!
//! Client and server share one CPU, so that a round trip costs the same wherever the kernel puts things; servers take
//! turns, round by round, and of the rounds the median counts.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Instant;

use crate::client::{are_as_long, connect_unix};
use crate::contender::Contender;
use crate::plot::{Curve, Plot};
use crate::{Bench, Outcome};

/// The list of the last is longer than lists that are kept.
const DOMAINS: [u32; 10] = [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 20_000];
const CONNECTIONS: [u32; 7] = [1, 3, 10, 30, 100, 300, 1000];
/// Servers that are connected to at once.
const CONTENDERS: u32 = 4;
/// Points of a smoke run.
const FEW: usize = 3;

/// Who asks when.
#[derive(Clone, Copy)]
enum Order {
    /// One at a time, each in its turn.
    InTurn,
    /// All, and only then they read.
    AtOnce,
}

pub(crate) fn tables(bench: &Bench, folder: Option<&Path>) -> Outcome<()> {
    bench.cpus.to_servers()?;
    let rounds = bench.effort.rounds;
    println!("\nCPU time of the server in µs per list_domain, median of {rounds} rounds; × is the ratio to echo.");
    let connections = bench.effort.of(&CONNECTIONS, FEW);
    let all = [
        Growth {
            name: "domains",
            title: "list_domain, one client",
            x_title: "domains",
            points: points(bench, bench.effort.of(&DOMAINS, FEW), |domains| (domains, 1, Order::InTurn))?,
        },
        Growth {
            name: "connections-in-turn",
            title: "list_domain of one domain, clients that ask one after the other",
            x_title: "connections",
            points: points(bench, connections, |connections| (1, connections, Order::InTurn))?,
        },
        Growth {
            name: "connections-at-once",
            title: "list_domain of one domain, clients that ask at the same time",
            x_title: "connections",
            points: points(bench, connections, |connections| (1, connections, Order::AtOnce))?,
        },
    ];
    for growth in &all {
        growth.print();
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder)?;
            std::fs::write(folder.join(growth.name).with_extension("svg"), growth.plot().to_string())?;
        }
    }
    Ok(())
}

/// A table and a plot.
struct Growth {
    name: &'static str,
    title: &'static str,
    x_title: &'static str,
    points: Vec<Point>,
}

/// What was measured at one place of the axis.
struct Point {
    x: f64,
    reply_bytes: usize,
    /// Microseconds by server, the floor first.
    spent: Vec<(&'static str, f64)>,
}

impl Growth {
    fn print(&self) {
        let servers = self.points.first().map_or(&[][..], |point| &point.spent);
        println!("\n{}:\n", self.title);
        print!("| {} | reply bytes | echo µs |", self.x_title);
        servers[1..].iter().for_each(|(name, _)| print!(" {name} µs | × |"));
        println!("\n|---|---|---|{}", "---|---|".repeat(servers.len() - 1));
        for Point { x, reply_bytes, spent } in &self.points {
            let floor = spent[0].1;
            print!("| {x} | {reply_bytes} | {floor:.2} |");
            spent[1..].iter().for_each(|(_, spent)| print!(" {spent:.2} | {:.2} |", spent / floor));
            println!();
        }
    }

    fn plot(&self) -> Plot {
        let mut curves: Vec<Curve> = Vec::new();
        for Point { x, spent, .. } in &self.points {
            for (at, &(name, y)) in spent.iter().enumerate() {
                if curves.len() == at {
                    curves.push(Curve { name, points: Vec::new() });
                }
                curves[at].points.push((*x, y));
            }
        }
        Plot { title: self.title, x_title: self.x_title, y_title: "server CPU time per request, µs", curves }
    }
}

/// Measures at each place of an axis, where `setting` says how many domains and connections there are.
fn points(bench: &Bench, axis: &[u32], setting: impl Fn(u32) -> (u32, u32, Order)) -> Outcome<Vec<Point>> {
    let settings = axis.iter().map(|&x| (x, setting(x)));
    let settings = settings.filter(|(_, (_, connections, _))| match bench.skipped(CONTENDERS * connections) {
        Some(reason) => {
            println!("\n{reason}");
            false
        }
        None => true,
    });
    settings.map(|(x, setting)| point(bench, x, setting)).collect()
}

fn point(bench: &Bench, x: u32, (domains, connections, order): (u32, u32, Order)) -> Outcome<Point> {
    bench.progress(&format!("growth, {domains} domains, {connections} connections"));
    let connections = usize::try_from(connections)?;
    let folder = tempfile::tempdir()?;
    let contenders = Contender::all(bench, folder.path(), domains)?;
    let mut crowds = contenders.iter().map(|server| Crowd::new(server, connections)).collect::<Outcome<Vec<_>>>()?;
    let mut spent = vec![Vec::new(); contenders.len()];
    for _ in 0..bench.effort.rounds {
        for ((Contender { server, .. }, crowd), spent) in contenders.iter().zip(&mut crowds).zip(&mut spent) {
            crowd.ask(order)?;
            let (began, before, mut requests) = (Instant::now(), server.cpu_time()?, 0);
            while began.elapsed() < bench.effort.slice {
                crowd.ask(order)?;
                requests += connections;
            }
            spent.push((server.cpu_time()?.saturating_sub(before)).as_secs_f64() * 1e6 / requests as f64);
        }
    }
    let median = |spent: &mut Vec<f64>| {
        spent.sort_by(f64::total_cmp);
        spent[spent.len() / 2]
    };
    let spent = contenders.iter().zip(&mut spent).map(|(contender, spent)| (contender.name, median(spent)));
    Ok(Point { x: f64::from(x), reply_bytes: contenders[0].reply_bytes, spent: spent.collect() })
}

/// Clients that wait for their replies.
struct Crowd {
    sockets: Vec<UnixStream>,
    request: Vec<u8>,
    reply_bytes: usize,
    buffer: Vec<u8>,
}

impl Crowd {
    fn new(contender: &Contender, connections: usize) -> Outcome<Self> {
        let sockets = (0..connections).map(|_| connect_unix(&contender.path)).collect::<Outcome<_>>()?;
        let Contender { request, reply_bytes, .. } = contender;
        Ok(Self { sockets, request: request.clone(), reply_bytes: *reply_bytes, buffer: vec![0; 1 << 20] })
    }

    /// Each asks once and is answered.
    fn ask(&mut self, order: Order) -> Outcome<()> {
        let (all, mut bytes) = (0..self.sockets.len(), 0);
        match order {
            Order::InTurn => {
                for at in all {
                    self.send(at)?;
                    bytes += self.receive(at)?;
                }
            }
            Order::AtOnce => {
                all.clone().try_for_each(|at| self.send(at))?;
                for at in all {
                    bytes += self.receive(at)?;
                }
            }
        }
        are_as_long(bytes, self.reply_bytes * self.sockets.len())
    }

    fn send(&mut self, at: usize) -> Outcome<()> {
        Ok(self.sockets[at].write_all(&self.request)?)
    }

    /// Reads one reply, which ends with its only newline; how long it is.
    fn receive(&mut self, at: usize) -> Outcome<usize> {
        let mut bytes = 0;
        loop {
            let count = self.sockets[at].read(&mut self.buffer)?;
            if count == 0 {
                return Err("the server hung up".into());
            }
            bytes += count;
            if self.buffer[count - 1] == b'\n' {
                return Ok(bytes);
            }
        }
    }
}
