//! Encoders on the same domains: ours, serde_json on a Rust struct, and libxl's own `libxl_dominfo_to_json`.
//!
//! The Rust struct is filled from C each time, as a program that calls libxl has to; and, so that nobody says that
//! copying is what is measured, once before all. Ours writes every field: what is kept from poll to poll (see
//! `api/kept.rs`) is not in it. Before anything is measured, it is seen that all write the same; libxl leaves out what
//! has its default, which is less work.
//!
//! `cargo bench --bench encoders` prints a table of PERF.md in Markdown; with `-- --smoke` it only shows that all of it
//! runs. Encoders take turns, round by round; time is this thread's CPU time.
#![allow(unsafe_code, reason = "it calls libxl's functions and our encoders, which read C structs")]

#[path = "common/dominfo.rs"]
mod dominfo;
#[path = "common/series.rs"]
mod series;

use std::hint::black_box;
use std::time::Duration;

use dominfo::Dominfo;
use serde_json::Value;
use series::{Series, head};
use xenopsd::api::encode;
use xenopsd::json::Writer;
use xenopsd::limits::REPLY_BYTES_MAX;
use xenopsd::sim;
use xenopsd::xl::sys::libxl_dominfo;
use xenopsd::xl::{List, Text, Xl};

const DOMAINS: u32 = 1000;
const ROUNDS: usize = 9;
/// How long one does the same in a round, about.
const TURN: Duration = Duration::from_millis(30);

/// libxl on the simulated host. The first call of a process says how many domains it has.
fn xl() -> Xl {
    Xl::open(sim::start(DOMAINS, 1).expect("memory for the host")).expect("libxl is installed")
}

fn list_domain(xl: &Xl) -> List<'_, libxl_dominfo> {
    let functions = xl.functions();
    let list = functions.libxl_list_domain.expect("the simulator has it");
    let mut count = 0;
    // SAFETY: the function of that name and an open context; the array is ours to free.
    unsafe { List::new(list(xl.ctx(), &raw mut count), count, functions.libxl_dominfo_list_free) }
}

/// Something that is done so many times.
type Work<'w> = Box<dyn FnMut(u32) + 'w>;

fn work<'w>(mut once: impl FnMut() + 'w) -> Work<'w> {
    Box::new(move |times| {
        for _ in 0..times {
            once();
        }
    })
}

/// What this thread has used so far: others may be busy, too.
fn cpu_time() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    used.try_into().expect("a clock that does not go below zero")
}

/// Nanoseconds of CPU time that each takes, in turns.
fn in_turns<const N: usize>(rounds: usize, mut works: [Work<'_>; N]) -> [Series; N] {
    let took = |work: &mut Work<'_>, times: u32| {
        let start = cpu_time();
        work(times);
        cpu_time().saturating_sub(start)
    };
    let times: Vec<u32> = works
        .iter_mut()
        .map(|work| {
            let mut times = 1;
            while rounds > 1 && took(work, times) < TURN {
                times *= 2;
            }
            times
        })
        .collect();
    let mut series = [const { Series(Vec::new()) }; N];
    for _ in 0..rounds {
        for ((work, &times), series) in works.iter_mut().zip(&times).zip(&mut series) {
            series.0.push(took(work, times).as_secs_f64() * 1e9 / f64::from(times));
        }
    }
    series
}

/// What the encoders are called in the table.
const ENCODERS: [&str; 4] = [
    "ours, from C memory",
    "serde_json alone: `to_writer`, from Rust structs filled before",
    "serde_json as a server has to: `to_string`, Rust structs filled from C each time",
    "libxl's yajl: `libxl_dominfo_to_json`",
];

fn encoders(xl: &Xl, infos: &[libxl_dominfo], rounds: usize) -> [Series; 4] {
    let to_json = xl.functions().libxl_dominfo_to_json.expect("every release has it");
    let structs: Vec<Dominfo> = infos.iter().map(Dominfo::from).collect();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let encode = || {
        ours.clear();
        let mut writer = Writer::new(&mut ours, REPLY_BYTES_MAX);
        for info in black_box(infos) {
            // SAFETY: a struct that libxl filled.
            unsafe { encode::dominfo(xl, &mut writer, info) };
        }
    };
    let to_writer = || {
        theirs.clear();
        for info in black_box(&structs) {
            serde_json::to_writer(&mut theirs, info).expect("it can be written");
        }
    };
    let to_string = || {
        for info in black_box(infos) {
            black_box(serde_json::to_string(&Dominfo::from(info)).expect("it can be written"));
        }
    };
    let by_libxl = || {
        for info in black_box(infos) {
            // SAFETY: the function of that name; it only reads the struct, and gives a string away.
            black_box(unsafe { Text::new(to_json(xl.ctx(), (&raw const *info).cast_mut())) });
        }
    };
    let mut series = in_turns(rounds, [work(encode), work(to_writer), work(to_string), work(by_libxl)]);
    for took in series.iter_mut().flat_map(|series| &mut series.0) {
        *took /= infos.len() as f64;
    }
    series
}

/// What libxl leaves out.
fn is_default(value: &Value) -> bool {
    const NO_UUID: &str = "00000000-0000-0000-0000-000000000000";
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_u64() == Some(0),
        Value::String(text) => text == "unknown" || text == NO_UUID,
        _ => false,
    }
}

/// All write the same of each domain, but for what libxl leaves out.
fn see_that_they_agree(xl: &Xl, infos: &[libxl_dominfo]) {
    let to_json = xl.functions().libxl_dominfo_to_json.expect("every release has it");
    let value = |text: &[u8]| -> Value { serde_json::from_slice(text).expect("it is JSON") };
    for info in infos {
        let mut ours = Vec::new();
        // SAFETY: a struct that libxl filled.
        unsafe { encode::dominfo(xl, &mut Writer::new(&mut ours, REPLY_BYTES_MAX), info) };
        let ours = value(&ours);
        let dominfo = Dominfo::from(info);
        let mut theirs = Vec::new();
        serde_json::to_writer(&mut theirs, &dominfo).expect("it can be written");
        let string = serde_json::to_string(&dominfo).expect("it can be written");
        // SAFETY: the function of that name; it only reads the struct, and gives a string away.
        let by_libxl = unsafe { Text::new(to_json(xl.ctx(), (&raw const *info).cast_mut())) };
        assert_eq!(ours, value(&theirs));
        assert_eq!(ours, value(string.as_bytes()));
        let mut by_libxl = value(by_libxl.to_bytes().expect("libxl has memory"));
        for (name, default) in ours.as_object().into_iter().flatten().filter(|(_, value)| is_default(value)) {
            let fields = by_libxl.as_object_mut().expect("a struct is an object");
            fields.entry(name.as_str()).or_insert_with(|| default.clone());
        }
        assert_eq!(ours, by_libxl);
    }
}

fn compare_encoders(rounds: usize) {
    let xl = xl();
    let all = list_domain(&xl);
    see_that_they_agree(&xl, &all);
    println!(
        "Each domain is encoded anew: that the daemon keeps a list's text from poll to poll is not in it. All write the \
         same, but for fields with their default, which libxl leaves out.\n"
    );
    // Not Domain-0, which is not like the others.
    let one = encoders(&xl, &all[all.len() - 1..], rounds);
    let many = encoders(&xl, &all, rounds);
    println!(
        "{}",
        head(&[
            "encoder",
            "one domain, ns",
            "× ours (min to max)",
            "each of 1000 different, ns",
            "× ours (min to max)"
        ])
    );
    for (at, name) in ENCODERS.iter().enumerate() {
        print!("| {name} |");
        for series in [&one, &many] {
            let times = if at == 0 { String::new() } else { series[at].times(&series[0]).with_range() };
            print!(" {} | {times} |", series[at].median());
        }
        println!();
    }
}

fn main() {
    let rounds = if std::env::args().any(|arg| arg == "--smoke") { 1 } else { ROUNDS };
    eprintln!("encoders, in turns");
    compare_encoders(rounds);
    if rounds == 1 {
        println!("\nsmoke run: these are no figures");
    }
}
