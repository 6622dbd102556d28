//! Bounds that no simulated host reaches, and what is said of a libxl that lacks a function.
//!
//! In: requests, answered in this process by a libxl some of whose functions are ours. Out: proof of what happens at
//! the bound and one past it.
#![cfg(feature = "daemon")]
#![allow(unsafe_code, reason = "functions with libxl's interface")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::cell::Cell;
use std::ptr;

use serde_json::Value;
use xenopsd::json::PADDING;
use xenopsd::limits::{LOG_LINE_BYTES_MAX, LOG_LINES_MAX, REPLY_BYTES_MAX};
use xenopsd::rpc::{Inline, Progress, Rpc};
use xenopsd::wire::{Scan, Scanner};
use xenopsd::xl::Xl;
use xenopsd::xl::sys::{
    ERROR_FAIL, ERROR_INVAL, Functions, XTL_ERROR, XTL_WARN, libxl_ctx, libxl_dominfo, xentoollog_level,
    xentoollog_logger,
};

thread_local! {
    /// What the context of this thread's test was made with.
    static LOGGER: Cell<*mut xentoollog_logger> = const { Cell::new(ptr::null_mut()) };
}

unsafe extern "C" fn ctx_alloc(
    ctx: *mut *mut libxl_ctx,
    _version: c_int,
    _flags: c_uint,
    logger: *mut xentoollog_logger,
) -> c_int {
    LOGGER.set(logger);
    // SAFETY: the caller's place for a context; nobody looks into this one.
    unsafe { *ctx = ptr::dangling_mut::<libxl_ctx>() };
    0
}

/// A name of as many bytes as the number says.
unsafe extern "C" fn domid_to_name(_ctx: *mut libxl_ctx, domid: u32) -> *mut c_char {
    let bytes = domid as usize;
    // SAFETY: room for the bytes and the NUL behind them; the caller frees it.
    unsafe {
        let name = libc::malloc(bytes + 1).cast::<c_char>();
        name.cast::<u8>().write_bytes(b'x', bytes);
        name.add(bytes).write(0);
        name
    }
}

/// Fails, and logs as many lines as the number says.
unsafe extern "C" fn domain_info(_ctx: *mut libxl_ctx, _info: *mut libxl_dominfo, domid: u32) -> c_int {
    for line in 1..=domid {
        log(XTL_ERROR, &std::ffi::CString::new(format!("line {line}")).unwrap());
        log(XTL_WARN, c"no error");
    }
    ERROR_FAIL
}

/// Fails, and logs the name.
unsafe extern "C" fn name_to_domid(_ctx: *mut libxl_ctx, name: *const c_char, _domid: *mut u32) -> c_int {
    // SAFETY: a string of the caller's.
    log(XTL_ERROR, unsafe { CStr::from_ptr(name) });
    ERROR_INVAL
}

/// As libxl does it: through libxentoollog, which alone can call a function that takes a `va_list`.
fn log(level: xentoollog_level, line: &CStr) {
    type Log = unsafe extern "C" fn(*mut xentoollog_logger, xentoollog_level, c_int, *const c_char, *const c_char, ...);
    // SAFETY: the library is there, since libxl is linked to it; the signature is that of its header.
    unsafe {
        let library = libc::dlopen(c"libxentoollog.so.1".as_ptr(), libc::RTLD_NOW);
        let symbol = libc::dlsym(library, c"xtl_log".as_ptr());
        assert!(!symbol.is_null());
        let log = std::mem::transmute::<*mut c_void, Log>(symbol);
        log(LOGGER.get(), level, -1, c"test".as_ptr(), c"%s".as_ptr(), line.as_ptr());
    }
}

fn rpc() -> Rpc {
    let overlay = |functions: &mut Functions| {
        functions.libxl_ctx_alloc = Some(ctx_alloc);
        functions.libxl_domid_to_name = Some(domid_to_name);
        functions.libxl_domain_info = Some(domain_info);
        functions.libxl_name_to_domid = Some(name_to_domid);
        functions.libxl_get_scheduler = None;
    };
    Rpc::new(Xl::open(overlay).unwrap())
}

/// The reply to one message, put behind what `out` holds.
fn answer(rpc: &mut Rpc, message: &str, out: &mut Vec<u8>) {
    let mut bytes = message.as_bytes().to_vec();
    bytes.resize(message.len() + PADDING, 0);
    let mut scanner = Scanner::default();
    let Scan::Frame(frame) = scanner.scan(message.as_bytes()) else { panic!("no message: {message}") };
    if !frame.batch {
        rpc.answer_one(&mut bytes, &scanner.elements()[0], out, &mut Inline::default());
        return;
    }
    let mut batch = rpc.begin_batch(&mut bytes, &frame, out).unwrap();
    while rpc.answer_next(&mut batch, &mut bytes, scanner.elements(), out, &mut Inline::default()) == Progress::More {}
}

fn ask(rpc: &mut Rpc, message: &str) -> Value {
    let mut out = Vec::new();
    answer(rpc, message, &mut out);
    serde_json::from_slice(&out).unwrap()
}

fn name_of(bytes: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"domid_to_name","params":[{bytes}]}}"#)
}

#[test]
fn the_longest_reply() {
    let mut rpc = rpc();
    let around = r#"{"jsonrpc":"2.0","id":1,"result":""}"#.len();
    // The bound is the reply's, whatever the buffer holds before it and however much room it has.
    for (held, room) in [(0, 0), (1000, 0), (0, 2 * REPLY_BYTES_MAX), (1000, 2 * REPLY_BYTES_MAX)] {
        let mut out = vec![b' '; held];
        out.reserve(room);
        answer(&mut rpc, &name_of(REPLY_BYTES_MAX - around), &mut out);
        assert_eq!(out.len(), held + REPLY_BYTES_MAX + 1, "and a newline");
        assert!(out.ends_with(b"xxx\"}\n"));

        out.truncate(held);
        answer(&mut rpc, &name_of(REPLY_BYTES_MAX - around + 1), &mut out);
        let refused = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{{\"code\":-32002,\"message\":\
             \"REPLY_TOO_LONG: the reply is longer than {REPLY_BYTES_MAX} bytes: ask for less\"}}}}\n"
        );
        assert_eq!(String::from_utf8(out.split_off(held)).unwrap(), refused);
        assert_eq!(out, vec![b' '; held], "what was there before is not touched");
    }
}

#[test]
fn one_reply_of_a_batch_that_is_too_long_leaves_the_others() {
    let (long, short) = (name_of(REPLY_BYTES_MAX), name_of(3));
    let notification = long.replace(r#""id":1,"#, "");
    let replies = ask(&mut rpc(), &format!("[{short},{notification},{long},{short}]"));
    let replies = replies.as_array().unwrap();
    assert_eq!(replies.len(), 3);
    assert_eq!(replies[0]["result"], "xxx");
    assert_eq!(replies[1]["error"]["code"], -32002);
    assert_eq!(replies[2]["result"], "xxx");
}

#[test]
fn an_error_has_the_last_lines_of_the_log() {
    let mut rpc = rpc();
    let mut log_of = |lines: usize| {
        let reply = ask(&mut rpc, &format!(r#"{{"jsonrpc":"2.0","id":1,"method":"domain_info","params":[{lines}]}}"#));
        assert_eq!(reply["error"]["data"]["libxl"], "FAIL");
        reply["error"]["data"]["log"].clone()
    };
    let lines =
        |from: usize, to: usize| Value::from((from..=to).map(|line| format!("line {line}")).collect::<Vec<_>>());
    assert_eq!(log_of(LOG_LINES_MAX), lines(1, LOG_LINES_MAX));
    assert_eq!(log_of(LOG_LINES_MAX + 1), lines(2, LOG_LINES_MAX + 1));
    assert_eq!(log_of(0), lines(1, 0), "those of an earlier call are forgotten");
}

#[test]
fn a_line_of_the_log_is_cut() {
    let mut rpc = rpc();
    let mut log_of = |bytes: usize| {
        let name = "n".repeat(bytes);
        let reply =
            ask(&mut rpc, &format!(r#"{{"jsonrpc":"2.0","id":1,"method":"name_to_domid","params":["{name}"]}}"#));
        reply["error"]["data"]["log"][0].as_str().unwrap().len()
    };
    // One byte is the NUL's.
    assert_eq!(log_of(LOG_LINE_BYTES_MAX - 1), LOG_LINE_BYTES_MAX - 1);
    assert_eq!(log_of(LOG_LINE_BYTES_MAX), LOG_LINE_BYTES_MAX - 1);
}

#[test]
fn a_function_that_this_libxl_lacks_is_named() {
    let reply = ask(&mut rpc(), r#"{"jsonrpc":"2.0","id":1,"method":"get_scheduler"}"#);
    assert_eq!(reply["error"]["code"], -32001);
    assert_eq!(reply["error"]["message"], "NOT_IN_THIS_LIBXL: the libxl of this host has no libxl_get_scheduler");
}
