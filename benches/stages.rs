//! What each stage costs, in memory: no socket, no kernel.
//!
//! The first table has what a request goes through before its call, all that it goes through with the simulated call in
//! between, and that call alone; the second compares encoders on the same domains: ours, serde_json on a Rust struct
//! (filled from C each time, as a program that calls libxl has to; and, so that nobody says that copying is what is
//! measured, on structs filled before), and libxl's own `libxl_dominfo_to_json`.
//!
//! `cargo bench --bench stages` prints the tables of PERF.md in Markdown; with `-- --smoke` it only shows that
//! everything runs. Encoders take turns, round by round; time is this thread's CPU time.
#![allow(unsafe_code, reason = "it calls libxl's functions and our encoders, which read C structs")]

#[path = "common/dominfo.rs"]
mod dominfo;
#[path = "common/series.rs"]
mod series;

use std::hint::black_box;
use std::time::Duration;

use bumpalo::Bump;
use dominfo::Dominfo;
use series::{Series, head};
use xenopsd::api::encode;
use xenopsd::json::{Names, PADDING, Params, Parser, Writer};
use xenopsd::limits::REPLY_BYTES_MAX;
use xenopsd::rpc::{Inline, Rpc};
use xenopsd::sim;
use xenopsd::wire::{Scan, Scanner};
use xenopsd::xl::sys::libxl_dominfo;
use xenopsd::xl::{List, Text, Xl};

const LIST_DOMAIN: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"list_domain"}"#;
const DOMAIN_INFO: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"domain_info","params":{"domid":7}}"#;
const DOMAINS: u32 = 1000;
const ROUNDS: usize = 9;
/// How long one does the same in a round, about.
const TURN: Duration = Duration::from_millis(30);

/// A request with what the parser needs behind it.
fn padded(request: &[u8]) -> Vec<u8> {
    [request, &[0; PADDING]].concat()
}

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

fn row(stage: &str, [series]: &[Series; 1]) {
    println!("| {stage} | {} |", series.with_range());
}

fn request(rounds: usize) {
    let mut scanner = Scanner::default();
    let frame = || {
        let scan = scanner.scan(black_box(DOMAIN_INFO));
        scanner.restart();
        assert!(matches!(scan, Scan::Frame(_)));
    };
    row(&format!("find the frame ({} bytes)", DOMAIN_INFO.len()), &in_turns(rounds, [work(frame)]));
    let (mut parser, mut bytes, arena) = (Parser::new(), padded(DOMAIN_INFO), Bump::new());
    let parse = || parser.read(black_box(&mut bytes), DOMAIN_INFO.len(), &arena, |message| assert!(message.is_ok()));
    row("parse it onto the tape", &in_turns(rounds, [work(parse)]));
    parser.read(&mut bytes, DOMAIN_INFO.len(), &arena, |message| {
        let root = message.expect("it is JSON").root();
        let (_, value) = root.members().find(|(name, _)| *name == "params").expect("it has params");
        let decode = || {
            let params = Params::new(&arena, Some(black_box(value)), Names::Exact);
            let args = params.bind(&["domid"]).expect("known names");
            black_box(args.u32(0).expect("a number"));
        };
        row("decode its one parameter", &in_turns(rounds, [work(decode)]));
    });
}

fn whole(rounds: usize) {
    for (name, request) in [("`domain_info`", DOMAIN_INFO), ("`list_domain` of 1000", LIST_DOMAIN)] {
        let (mut rpc, mut scanner, mut bytes, mut out) =
            (Rpc::new(xl()), Scanner::default(), padded(request), Vec::new());
        let answer = || {
            out.clear();
            let scan = scanner.scan(black_box(&bytes[..request.len()]));
            assert!(matches!(scan, Scan::Frame(_)));
            rpc.answer_one(&mut bytes, &scanner.elements()[0], &mut out, &mut Inline::default());
            scanner.restart();
        };
        row(&format!("all of {name}, without a socket"), &in_turns(rounds, [work(answer)]));
        assert!(out.starts_with(br#"{"jsonrpc":"2.0","id":1,"result":"#), "{}", String::from_utf8_lossy(&out));
    }
    let xl = xl();
    let call = || {
        black_box(list_domain(&xl).len());
    };
    row("the simulated `libxl_list_domain` of 1000, and libxl's free", &in_turns(rounds, [work(call)]));
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

fn compare_encoders(rounds: usize) {
    let xl = xl();
    let all = list_domain(&xl);
    // Not Domain-0, which is not like the others.
    let one = encoders(&xl, &all[all.len() - 1..], rounds);
    let many = encoders(&xl, &all, rounds);
    println!(
        "\n{}",
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
    eprintln!("stages, in memory");
    println!("{}", head(&["stage", "ns of CPU time (min to max)"]));
    request(rounds);
    whole(rounds);
    eprintln!("encoders, in turns");
    compare_encoders(rounds);
    if rounds == 1 {
        println!("\nsmoke run: these are no figures");
    }
}
