//! Any bytes as a stream of requests: no panic, bounded memory, and every reply is valid JSON with an id or null.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use xenopsd::json::PADDING;
use xenopsd::limits::REPLY_BYTES_MAX;
use xenopsd::rpc::{Inline, Progress, Rpc};
use xenopsd::sim;
use xenopsd::wire::{Frame, Scan, Scanner};
use xenopsd::xl::Xl;

thread_local! {
    static RPC: RefCell<Rpc> = RefCell::new(start());
}

fn start() -> Rpc {
    let host = sim::start(12, 1).expect("memory for a small host");
    Rpc::new(Xl::open(host).expect("libxl is installed"))
}

fuzz_target!(|bytes: &[u8]| RPC.with_borrow_mut(|rpc| converse(rpc, bytes)));

fn converse(rpc: &mut Rpc, bytes: &[u8]) {
    let mut scanner = Scanner::default();
    let mut input = bytes.to_vec();
    input.resize(bytes.len() + PADDING, 0);
    let mut at = 0;
    while let Scan::Frame(frame) = scanner.scan(&input[at..bytes.len()]) {
        let mut out = Vec::new();
        answer(rpc, &scanner, &frame, &mut input[at..], &mut out);
        check(&out, frame.batch);
        at += frame.span.end;
        scanner.restart();
    }
    assert!(input[bytes.len()..].iter().all(|&byte| byte == 0), "bytes behind the stream were changed");
}

fn answer(rpc: &mut Rpc, scanner: &Scanner, frame: &Frame, input: &mut [u8], out: &mut Vec<u8>) {
    if frame.too_deep_at.is_some() {
        // The loop refuses these before they come here.
    } else if !frame.batch {
        rpc.answer_one(input, &scanner.elements()[0], out, &mut Inline::default());
    } else if let Some(mut batch) = rpc.begin_batch(input, frame, out) {
        while rpc.answer_next(&mut batch, input, scanner.elements(), out, &mut Inline::default()) == Progress::More {}
    }
}

fn check(out: &[u8], batch: bool) {
    if out.is_empty() {
        return;
    }
    assert!(out.len() <= REPLY_BYTES_MAX * if batch { 1000 } else { 1 });
    assert_eq!(out.last(), Some(&b'\n'));
    let reply: Value = serde_json::from_slice(out).expect("a reply is JSON");
    let replies = if let Value::Array(replies) = &reply { &replies[..] } else { std::slice::from_ref(&reply) };
    for reply in replies {
        assert!(reply.get("id").is_some(), "a reply without an id: {reply}");
        assert!(reply.get("result").is_some() || reply.get("error").is_some(), "a reply without content: {reply}");
    }
}
