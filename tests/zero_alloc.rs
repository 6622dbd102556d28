//! The second pass of any request allocates nothing.
//!
//! In: requests of every kind, answered in this process on a simulated host, under an allocator that counts. What is
//! counted is Rust's allocator: libxl's own results come from `malloc`, and so do the simulator's. The one exception is
//! named where it is tested.
#![cfg(feature = "daemon")]
#![allow(unsafe_code, reason = "an allocator that counts")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bumpalo::Bump;
use common::params::{methods, params};
use serde_json::json;
use xenopsd::api::decode::{self, Decoder};
use xenopsd::json::{PADDING, Parser};
use xenopsd::rpc::{Inline, Progress, Rpc};
use xenopsd::sim;
use xenopsd::wire::{Scan, Scanner};
use xenopsd::xl::{Source, Xl};

/// What one thread asked the allocator for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counts {
    allocated: usize,
    reallocated: usize,
    freed: usize,
}

thread_local! {
    /// Each test has its thread, so tests do not count each other's.
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { allocated: 0, reallocated: 0, freed: 0 }) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(change: impl FnOnce(&mut Counts)) {
    let mut counts = COUNTS.get();
    change(&mut counts);
    COUNTS.set(counts);
}

// SAFETY: the system's allocator does it all; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(|counts| counts.allocated += 1);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(|counts| counts.allocated += 1);
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(|counts| counts.reallocated += 1);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(|counts| counts.freed += 1);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

/// What a connection and the loop are to a request, without a socket.
struct Host {
    rpc: Rpc,
    scanner: Scanner,
    input: Vec<u8>,
    output: Vec<u8>,
    others_wait: bool,
}

impl Host {
    fn start() -> Self {
        let host = sim::start(20, 7).unwrap();
        let rpc = Rpc::new(Xl::open(host).unwrap().reading_from(Source::Simulator));
        Self { rpc, scanner: Scanner::default(), input: Vec::new(), output: Vec::new(), others_wait: false }
    }

    /// Answers a message; what that took.
    fn answer(&mut self, message: &str) -> Counts {
        let Self { rpc, scanner, input, output, others_wait } = self;
        let office = || Inline { others_wait: *others_wait, ..Inline::default() };
        input.clear();
        input.extend_from_slice(message.as_bytes());
        input.resize(message.len() + PADDING, 0);
        output.clear();
        let before = COUNTS.get();
        let Scan::Frame(frame) = scanner.scan(&input[..message.len()]) else {
            panic!("no message: {message}");
        };
        if !frame.batch {
            rpc.answer_one(input, &scanner.elements()[0], output, &mut office());
        } else if let Some(mut batch) = rpc.begin_batch(input, &frame, output) {
            while rpc.answer_next(&mut batch, input, scanner.elements(), output, &mut office()) == Progress::More {}
        }
        scanner.restart();
        let after = COUNTS.get();
        Counts {
            allocated: after.allocated - before.allocated,
            reallocated: after.reallocated - before.reallocated,
            freed: after.freed - before.freed,
        }
    }

    fn reply(&self) -> &str {
        std::str::from_utf8(&self.output).unwrap().trim_end()
    }

    /// Two passes over all of them, in the same order; the second takes nothing.
    fn expect_second_pass_free<'m>(&mut self, messages: impl IntoIterator<Item = &'m str> + Clone) {
        for message in messages.clone() {
            self.answer(message);
        }
        let costs: Vec<_> = messages.into_iter().map(|message| (self.answer(message), message)).collect();
        let offenders: Vec<_> = costs.iter().filter(|(counts, _)| *counts != Counts::default()).collect();
        assert!(offenders.is_empty(), "{offenders:#?}");
    }
}

/// Requests, and how the reply to each begins: each is of the kind that it is here for.
const REQUESTS: &[(&str, &str)] = &[
    (r#"{"jsonrpc":"2.0","id":1,"method":"list_domain"}"#, r#"{"jsonrpc":"2.0","id":1,"result":[{"#),
    (r#"{"jsonrpc":"2.0","id":1,"method":"domain_info","params":[7]}"#, r#"{"jsonrpc":"2.0","id":1,"result":{"#),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"domain_info","params":{"domid":7}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"#,
    ),
    (r#"{"jsonrpc":"2.0","id":1,"method":"domid_to_name","params":[0]}"#, r#"{"jsonrpc":"2.0","id":1,"result":"Do"#),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"name_to_domid","params":["Domain-0"]}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":0"#,
    ),
    (r#"{"jsonrpc":"2.0","id":1,"method":"get_physinfo"}"#, r#"{"jsonrpc":"2.0","id":1,"result":{"#),
    (r#"{"jsonrpc":"2.0","id":1,"method":"list_vcpu","params":[7]}"#, r#"{"jsonrpc":"2.0","id":1,"result":[{"#),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"console_get_tty","params":[7,0,"pv"]}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":"/"#,
    ),
    // Samples of all domains.
    (r#"{"jsonrpc":"2.0","id":1,"method":"domain_stats"}"#, r#"{"jsonrpc":"2.0","id":1,"result":{"monotonic_ns":"#),
    (r#"{"id":1,"method":"Xenops.DomainStats","params":[{"Fields":["domid"]}]}"#, r#"{"id":1,"result":{"monotonic"#),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"domain_stats","params":[["disks"]]}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602"#,
    ),
    // Some fields, some domains: few, which are asked for one by one, and more.
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"list_domain","params":{"fields":["domid","cpu_time"]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":[{"domid":0,"cpu_time":"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"list_domain","params":{"domids":[7,5]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":[{"uuid":"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"list_domain","params":[["domid"],[30,29,28,27,26,25,24,23,22,21,9,8,7,6,5,4,3,2,1]]}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":[{"domid":1},{"domid":2},"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"get_physinfo","params":[["free_pages"]]}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"free_pages":"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"list_domain","params":{"fields":["domid","x"]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"list_domain","params":{"domids":[1,"x"]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602"#,
    ),
    // The other dialect, and Go's form of it.
    (r#"{"id":1,"method":"list_domain","params":[]}"#, r#"{"id":1,"result":[{"#),
    (r#"{"id":1,"method":"domain_info","params":[7]}"#, r#"{"id":1,"result":{"#),
    (r#"{"method":"Xenops.DomainInfo","params":[{"Domid":7}],"id":1}"#, r#"{"id":1,"result":{"#),
    (r#"{"method":"Xenops.ListDomain","params":[null],"id":1}"#, r#"{"id":1,"result":[{"#),
    // An id of every kind.
    (
        r#"{"jsonrpc":"2.0","id":"a string","method":"domid_to_name","params":[0]}"#,
        r#"{"jsonrpc":"2.0","id":"a string","result""#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"domid_to_name","params":[0]}"#,
        r#"{"jsonrpc":"2.0","id":123456789012345678901234567890,"result""#,
    ),
    (r#"{"id":{"a":[1,2]},"method":"domid_to_name","params":[0]}"#, r#"{"id":{"a":[1,2]},"result""#),
    // Escapes, in every place that may have them.
    (
        r#"{"jsonrpc":"2.0","id":"\u00e4\n","method":"name_to_domid","params":["Domain\u002d0"]}"#,
        r#"{"jsonrpc":"2.0","id":"\u00e4\n","result":0"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"m\u0065thod":"domid\u005fto_name","params":{"d\u006fmid":0}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":"Do"#,
    ),
    // Notifications: no reply.
    (r#"{"jsonrpc":"2.0","method":"list_domain"}"#, ""),
    (r#"{"id":null,"method":"list_domain","params":[]}"#, ""),
    // libxl's refusals: with a word in its log, without one, without a code.
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"domain_info","params":[99]}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-21"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"cpupool_info","params":[7]}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-3"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"domid_to_name","params":[99]}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-3"#,
    ),
    (r#"{"id":1,"method":"cpupool_info","params":[7]}"#, r#"{"id":1,"result":null,"error":"FAIL (-3)"#),
    // Ours.
    (r#"{"jsonrpc":"2.0","id":1,"method":"no_such\tmethod"}"#, r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601"#),
    (r#"{"id":1,"method":"no_such_method"}"#, r#"{"id":1,"result":null,"error":"METHOD_NOT_FOUND"#),
    (r#"{"jsonrpc":"2.0","id":1,"method":"domain_info"}"#, r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602"#),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"domain_info","params":[1,2]}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"domain_info","params":{"dom":1}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"domain_info","params":{"domid":1,"domid":1}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"domain_info","params":[true]}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"domain_info","params":[-1]}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"domain_info","params":5}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"console_get_tty","params":[7,0,"tty"]}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602"#,
    ),
    (
        r#"{"jsonrpc":"2.0","id":1,"method":"name_to_domid","params":["a\u0000b"]}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602"#,
    ),
    (r#"{"jsonrpc":"1.5","id":1,"method":"list_domain"}"#, r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32600"#),
    (r#"{"jsonrpc":"2.0","id":[1],"method":"list_domain"}"#, r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600"#),
    (r#"{"jsonrpc":"2.0","\u0069d":1,"method":"list_domain"}"#, r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600"#),
    (
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"list_domain"}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600"#,
    ),
    (r#"{"jsonrpc":"2.0","id":1}"#, r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32600"#),
    // Batches: of requests, of everything, of notifications only, with escapes, empty.
    (
        r#"[{"jsonrpc":"2.0","id":1,"method":"list_domain"},{"jsonrpc":"2.0","id":2,"method":"get_physinfo"}]"#,
        r#"[{"jsonrpc":"2.0","id":1,"result""#,
    ),
    (
        r#"[{"jsonrpc":"2.0","method":"list_domain"},5,{"jsonrpc":"2.0","id":2,"method":"x"},[]]"#,
        r#"[{"jsonrpc":"2.0","id":null,"error""#,
    ),
    (r#"[{"jsonrpc":"2.0","method":"list_domain"}]"#, ""),
    (
        r#"[{"jsonrpc":"2.0","id":"\u00e4","method":"name_to_domid","params":["Domain\u002d0"]}]"#,
        r#"[{"jsonrpc":"2.0","id":"\u00e4","result":0"#,
    ),
    ("[]", r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600"#),
];

#[test]
fn every_kind_of_request_is_free_the_second_time() {
    let mut host = Host::start();
    for (message, begin) in REQUESTS {
        host.answer(message);
        let reply = host.reply();
        assert!(reply.starts_with(begin) && reply.is_empty() == begin.is_empty(), "{message}\n{reply}");
    }
    host.expect_second_pass_free(REQUESTS.iter().map(|(message, _)| *message));
}

/// Each request comes twice in a turn: one result is kept, the other is what was kept.
#[test]
fn a_result_that_is_shared_is_free_the_second_time() {
    let mut host = Host::start();
    host.others_wait = true;
    let twice = || REQUESTS.iter().flat_map(|(message, _)| [*message; 2]);
    for message in twice() {
        host.answer(message);
    }
    host.rpc.begin_turn();
    let offenders: Vec<&str> = twice().filter(|message| host.answer(message) != Counts::default()).collect();
    assert!(offenders.is_empty(), "{offenders:#?}");
}

/// Generations are the ledger's, so the question is made from an answer.
#[test]
fn what_has_changed_since_is_free_the_second_time() {
    let mut host = Host::start();
    let question = |since: u64| {
        let params = json!([["name", "state", "cpu", "memory", "vcpus"], null, [7, 0, 3, 2], since]);
        json!({"jsonrpc": "2.0", "id": 1, "method": "domain_stats", "params": params}).to_string()
    };
    let mut since = 0;
    for pass in 0..10 {
        let counts = host.answer(&question(since));
        let sample: serde_json::Value = serde_json::from_str(host.reply()).unwrap();
        assert_eq!(sample["result"]["full"], pass == 0, "{sample}");
        since = sample["result"]["generation"].as_u64().unwrap();
        assert!(pass < 2 || counts == Counts::default(), "{pass}: {counts:?}");
    }
}

#[test]
fn a_full_batch_is_free_the_second_time() {
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"domid_to_name","params":[0]}"#;
    let batch = format!("[{}]", vec![request; xenopsd::limits::BATCH_LENGTH_MAX].join(","));
    let mut host = Host::start();
    // Longer documents cost the parser its buffers, on purpose.
    assert!(batch.len() < xenopsd::limits::PARSER_KEEP_BYTES);
    host.expect_second_pass_free([&*batch]);
    assert_eq!(host.reply().matches("result").count(), xenopsd::limits::BATCH_LENGTH_MAX);
}

#[test]
fn every_method_that_only_looks_is_free_the_second_time() {
    let message = |method: &xenopsd::api::Method| {
        json!({"jsonrpc": "2.0", "id": 1, "method": method.name, "params": params(method)}).to_string()
    };
    // Of these the simulated host, not the daemon, makes up texts.
    let makes_texts = |name: &str| name.ends_with("_getinfo") || name == "vcpu_sched_params_get";
    let messages: Vec<String> = methods().filter(|method| !makes_texts(method.name)).map(message).collect();
    let mut host = Host::start();
    host.expect_second_pass_free(messages.iter().map(String::as_str));
    let has_result = |message: &&String| {
        host.answer(message);
        host.reply().contains(r#""result":"#)
    };
    let answered = messages.iter().filter(has_result).count();
    assert!(answered * 4 > messages.len() * 3, "{answered} of {} have a result", messages.len());
}

/// A configuration with one of every kind of member, but a cpuid list: only libxl can make those, and it is told in a
/// text that is written for it.
const CONFIG: &str = r#"{"c_info":{"name":"web","type":"pvh","uuid":"01234567-89ab-cdef-0123-456789abcdef",
    "run_hotplug_scripts":"True","xsdata":{"a":"b"}},"b_info":{"max_vcpus":2,"avail_vcpus":[0,1],"nodemap":[0],
    "vcpu_hard_affinity":[[0],[1]],"extra":["a","b"],"type.hvm":{"ms_vm_genid":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15],
    "vnc":{"listen":null}}},"disks":[{"vdev":"xvda","format":"raw"}],"nics":[{"mac":"00:16:3e:01:23:45"}]}"#;

#[test]
fn a_domains_configuration_is_decoded_without_allocating() {
    let xl = Xl::open(sim::start(20, 7).unwrap()).unwrap();
    let (mut parser, mut arena) = (Parser::new(), Bump::new());
    let mut decode = |text: &str| {
        arena.reset();
        let mut bytes = [text.as_bytes(), &[0; PADDING]].concat();
        let before = COUNTS.get();
        let taken = parser.read(&mut bytes, text.len(), &arena, |message| {
            decode::domain_config(&Decoder::new(&xl, &arena), message.unwrap().root()).is_ok()
        });
        (taken, COUNTS.get() == before)
    };
    let refused = CONFIG.replace("raw", "row");
    decode(CONFIG);
    decode(&refused);
    assert_eq!(decode(CONFIG), (true, true));
    assert_eq!(decode(&refused), (false, true));
}

/// The exception: what is wrong with a document that is no JSON is found by `serde_json`, whose errors are boxed. What
/// that takes is given back, and the next request is free again. That anything is counted here shows that the counter
/// works.
#[test]
fn a_document_that_is_no_json_allocates_and_keeps_nothing() {
    let broken = r#"{"jsonrpc":"2.0","id":1,"method":}"#;
    let mut host = Host::start();
    host.answer(broken);
    let counts = host.answer(broken);
    assert!(host.reply().contains("-32700"), "{}", host.reply());
    assert!(counts.allocated > 0, "the exception is none any more: {counts:?}");
    assert_eq!(counts.allocated, counts.freed, "{counts:?}");
    let (request, _) = REQUESTS[0];
    host.answer(request);
    assert_eq!(host.answer(request), Counts::default());
}
