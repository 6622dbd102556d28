//! What each stage costs, in memory: no socket, no kernel.
//!
//! `frame`, `parse` and `decode` are what a request goes through before its call, `encode` what a result does after it,
//! for one domain and for 1000 different ones. `whole` is all of it with the simulated `libxl_list_domain` in between,
//! and `call` is that function alone. How our encoder compares with others is the bench `encoders`.
//!
//! `whole` of `list_domain` is not what the daemon does, in two ways: the list, whose text is kept, is copied behind
//! the reply's head, where the daemon sends it from its place; and it is asked for again at once, so fewer counters
//! have moved than between two polls.
//!
//! `cargo bench --bench stages`; with a name behind `--`, only what contains it.
#![allow(unsafe_code, reason = "it calls a libxl function and our encoders, which read C structs")]

use std::hint::black_box;

use bumpalo::Bump;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use xenopsd::api::encode;
use xenopsd::json::{Fields, Names, PADDING, Params, Parser, Writer};
use xenopsd::limits::REPLY_BYTES_MAX;
use xenopsd::rpc::{Inline, Rpc};
use xenopsd::sim;
use xenopsd::wire::{Scan, Scanner};
use xenopsd::xl::sys::libxl_dominfo;
use xenopsd::xl::{List, Xl};

const LIST_DOMAIN: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"list_domain"}"#;
const DOMAIN_INFO: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"domain_info","params":{"domid":7}}"#;
const DOMAIN_STATS: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"domain_stats","params":[["state","cpu","memory"]]}"#;
const DOMAINS: [u32; 2] = [1, 1000];

/// A request with what the parser needs behind it.
fn padded(request: &[u8]) -> Vec<u8> {
    [request, &[0; PADDING]].concat()
}

/// libxl on the simulated host. The first call of a process says how many domains it has.
fn xl() -> Xl {
    Xl::open(sim::start(1000, 1).expect("memory for the host")).expect("libxl is installed")
}

fn list_domain(xl: &Xl) -> List<'_, libxl_dominfo> {
    let functions = xl.functions();
    let list = functions.libxl_list_domain.expect("the simulator has it");
    let mut count = 0;
    // SAFETY: the function of that name and an open context; the array is ours to free.
    unsafe { List::new(list(xl.ctx(), &raw mut count), count, functions.libxl_dominfo_list_free) }
}

fn request(c: &mut Criterion) {
    let mut group = c.benchmark_group("request");
    group.throughput(Throughput::Bytes(DOMAIN_INFO.len() as u64));
    let mut scanner = Scanner::default();
    group.bench_function("frame", |b| {
        b.iter(|| {
            let scan = scanner.scan(black_box(DOMAIN_INFO));
            scanner.restart();
            assert!(matches!(scan, Scan::Frame(_)));
        });
    });
    let (mut parser, mut bytes, arena) = (Parser::new(), padded(DOMAIN_INFO), Bump::new());
    group.bench_function("parse", |b| {
        b.iter(|| parser.read(black_box(&mut bytes), DOMAIN_INFO.len(), &arena, |message| assert!(message.is_ok())));
    });
    parser.read(&mut bytes, DOMAIN_INFO.len(), &arena, |message| {
        let root = message.expect("it is JSON").root();
        let (_, value) = root.members().find(|(name, _)| *name == "params").expect("it has params");
        group.bench_function("decode", |b| {
            b.iter(|| {
                let params = Params::new(&arena, Some(black_box(value)), Names::Exact);
                let args = params.bind(&["domid"]).expect("known names");
                args.u32(0).expect("a number")
            });
        });
    });
    group.finish();
}

fn encode(c: &mut Criterion) {
    let xl = xl();
    let all = list_domain(&xl);
    for count in DOMAINS {
        // Not Domain-0, which is not like the others.
        let infos = &all[all.len() - count as usize..];
        let mut out = Vec::new();
        let mut group = c.benchmark_group("encode");
        group.throughput(Throughput::Elements(count.into()));
        group.bench_function(BenchmarkId::new("ours", count), |b| {
            b.iter(|| {
                out.clear();
                let mut writer = Writer::new(&mut out, REPLY_BYTES_MAX);
                for info in black_box(infos) {
                    // SAFETY: a struct that libxl filled.
                    unsafe { encode::dominfo(&xl, &mut writer, info) };
                }
            });
        });
        let two =
            Fields::of(["domid", "cpu_time"].map(|name| {
                encode::DOMINFO_FIELDS.iter().position(|known| *known == name).expect("every release has it")
            }));
        group.bench_function(BenchmarkId::new("ours, two fields", count), |b| {
            b.iter(|| {
                out.clear();
                let mut writer = Writer::new(&mut out, REPLY_BYTES_MAX);
                for info in black_box(infos) {
                    // SAFETY: a struct that libxl filled.
                    unsafe { encode::dominfo_fields(&xl, &mut writer, info, two) };
                }
            });
        });
        group.finish();
    }
}

fn whole(c: &mut Criterion) {
    let mut group = c.benchmark_group("whole");
    for (name, request) in [
        ("domain_info", DOMAIN_INFO),
        ("list_domain of 1000", LIST_DOMAIN),
        ("domain_stats of 1000, without names", DOMAIN_STATS),
    ] {
        let (mut rpc, mut scanner, mut bytes, mut out) =
            (Rpc::new(xl()), Scanner::default(), padded(request), Vec::new());
        group.bench_function(name, |b| {
            b.iter(|| {
                out.clear();
                let scan = scanner.scan(black_box(&bytes[..request.len()]));
                assert!(matches!(scan, Scan::Frame(_)));
                rpc.answer_one(&mut bytes, &scanner.elements()[0], &mut out, &mut Inline::default());
                scanner.restart();
            });
        });
        assert!(out.starts_with(br#"{"jsonrpc":"2.0","id":1,"result":"#), "{}", String::from_utf8_lossy(&out));
    }
    let xl = xl();
    group.bench_function("call of list_domain alone", |b| b.iter(|| list_domain(&xl).len()));
    group.finish();
}

criterion_group!(stages, request, encode, whole);
criterion_main!(stages);
