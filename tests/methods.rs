//! Every method, called over the socket of the shipped binary on a simulated host: `methods/*.jsonl`, byte for byte
//! (`common/cases.rs` says how to read them).
//!
//! In: those files. Out: nothing, or a failed test that shows the case and the replies. That no method is forgotten is
//! seen by `tests/surface.rs`, from the same files. Methods that take descriptors are called in this process.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::fs::File;
use std::io::Seek;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;

use bumpalo::Bump;
use common::exercised::FILES;
use common::{Daemon, cases};
use serde_json::json;
use xenopsd::api::{self, Call, Keeper, Lookup};
use xenopsd::json::{Names, PADDING, Params, Parser, Writer};
use xenopsd::limits::REPLY_BYTES_MAX;
use xenopsd::sim;
use xenopsd::wire::Descriptors;
use xenopsd::xl::Xl;

/// The host that the files are about: domain 7 has a stubdom, a disk, a network interface and a keyboard.
fn run(file: &str) {
    let (name, text) = FILES.iter().find(|(name, _)| *name == file).unwrap();
    cases::run_in_turn(&Daemon::start(&["--sim", "20", "--sim-seed", "7"]), name, text);
}

#[test]
fn domains() {
    run("domains");
}

#[test]
fn devices() {
    run("devices");
}

#[test]
fn host() {
    run("host");
}

#[test]
fn names() {
    run("names");
}

#[test]
fn what_crashes_libxl_or_takes_the_host_down_is_refused() {
    run("refused");
}

/// A method called in this process, with descriptors: the result or the failure as text.
fn call(xl: &Xl, method: &str, params: &serde_json::Value, passed: Vec<OwnedFd>) -> String {
    let mut bytes = params.to_string().into_bytes();
    let len = bytes.len();
    bytes.resize(len + PADDING, 0);
    let (arena, mut out, mut descriptors) = (Bump::new(), Vec::new(), Descriptors::default());
    passed.into_iter().for_each(|descriptor| descriptors.push(descriptor));
    let failure = Parser::new().read(&mut bytes, len, &arena, |message| {
        let params = Params::new(&arena, Some(message.unwrap().root()), Names::Exact);
        let mut writer = Writer::new(&mut out, REPLY_BYTES_MAX);
        let (lookup, descriptors) = (Lookup::Ask, &mut descriptors);
        let mut call = Call { xl, params, descriptors, lookup, kept: &mut Keeper::default(), writer: &mut writer };
        let outcome = (api::find(method).unwrap().call)(&mut call);
        outcome.err().map(|failure| format!("{failure:?}"))
    });
    assert!(descriptors.take().is_none(), "{method} has left a descriptor");
    failure.unwrap_or_else(|| String::from_utf8(out).unwrap())
}

/// The three methods that take descriptors: each in its place, open while the call lasts and no longer.
#[test]
fn descriptors_are_taken_in_order_and_closed_afterwards() {
    let xl = Xl::open(sim::start(20, 7).unwrap()).unwrap();
    let saved = tempfile::tempfile().unwrap();
    let copy = || OwnedFd::from(saved.try_clone().unwrap());

    assert_eq!(call(&xl, "domain_suspend", &json!([7, 0]), vec![]), "NoDescriptor");
    assert_eq!(call(&xl, "domain_suspend", &json!([7, 0]), vec![copy()]), "{}");
    let stream_bytes = saved.metadata().unwrap().len();
    assert!(stream_bytes > 16, "{stream_bytes} bytes were written");

    let config = json!({"c_info": {"type": "hvm", "name": "again"}, "b_info": {"type.hvm": {}, "max_vcpus": 4}});
    let params = json!({"d_config": config, "params": {"stream_version": 2}});
    assert_eq!(call(&xl, "domain_create_restore", &params, vec![]), "NoDescriptor");
    (&saved).rewind().unwrap();
    // The second is the way back, which nothing is written to.
    let restored = call(&xl, "domain_create_restore", &params, vec![copy(), pipe()]);
    assert!(restored.parse::<u32>().is_ok(), "{restored}");
    let ended_early = call(&xl, "domain_create_restore", &params, vec![copy()]);
    assert_eq!(ended_early, "Libxl(-3)", "the stream has been read to its end");

    // It ends when the backup is gone.
    assert_eq!(call(&xl, "domain_remus_start", &json!([{}, 8]), vec![pipe()]), "NoDescriptor");
    let remus = call(&xl, "domain_remus_start", &json!([{}, 8]), vec![copy(), pipe()]);
    assert!(remus.starts_with("Libxl("), "{remus}");

    let open = |file: &File| rustix::fs::fstat(file).unwrap().st_ino;
    let mine = std::fs::read_dir("/proc/self/fd").unwrap().filter(|entry| {
        let path = entry.as_ref().unwrap().path();
        std::fs::metadata(path).is_ok_and(|file| file.ino() == open(&saved))
    });
    assert_eq!(mine.count(), 1, "copies of the file are still open");
}

fn pipe() -> OwnedFd {
    std::io::pipe().unwrap().0.into()
}
