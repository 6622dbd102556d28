//! Domains saved to descriptors and restored from them.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::ptr::null;

use xenopsd::xl::sys::{
    ERROR_FAIL, ERROR_GUEST_TIMEDOUT, ERROR_NI, LIBXL_DOMAIN_TYPE_PV, LIBXL_DOMAIN_TYPE_PVH,
    LIBXL_SHUTDOWN_REASON_SUSPEND, libxl_domain_remus_info, libxl_domain_restore_params, libxl_domain_type,
};

use crate::call;
use crate::host::Host;

fn save(host: &Host, domid: u32) -> (i32, Vec<u8>) {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    let code = call!(host, libxl_domain_suspend, domid, theirs.as_raw_fd(), 0, null());
    drop(theirs);
    let mut bytes = Vec::new();
    ours.read_to_end(&mut bytes).unwrap();
    (code, bytes)
}

fn restore(host: &Host, name: &str, kind: libxl_domain_type, stream: &[u8]) -> Result<u32, i32> {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.write_all(stream).unwrap();
    drop(ours);
    let mut config = host.config(name, kind);
    let params = host.owned::<libxl_domain_restore_params>();
    let (mut domid, fd) = (0, theirs.as_raw_fd());
    let params = &raw const *params;
    let config = config.as_mut_ptr();
    match call!(host, libxl_domain_create_restore, config, &raw mut domid, fd, -1, params, null(), null()) {
        0 => Ok(domid),
        code => Err(code),
    }
}

#[test]
fn a_saved_domain_comes_back_paused() {
    let host = Host::open();
    let domid = host.run("saved");
    let (code, stream) = save(&host, domid);
    assert_eq!((code, &stream[..8]), (0, &b"LibxlFmt"[..]));
    assert_eq!(host.info(domid).unwrap().shutdown_reason, LIBXL_SHUTDOWN_REASON_SUSPEND, "it waits for its end");
    assert_eq!(call!(host, libxl_domain_destroy, domid, null()), 0);
    let again = restore(&host, "saved", LIBXL_DOMAIN_TYPE_PVH, &stream).unwrap();
    assert!(again > domid && host.info(again).unwrap().paused);
    assert_eq!(call!(host, libxl_domain_unpause, again, null()), 0);
}

#[test]
fn a_stream_that_is_none_is_refused() {
    let host = Host::open();
    let domid = host.run("streaming");
    let (_, stream) = save(&host, domid);
    for (what, stream, words) in [
        ("ident", [b"xl saved", &stream[8..]].concat(), "Invalid ident: expected 0x4c6962786c466d74"),
        ("version", [&stream[..8], &[0, 0, 0, 9], &stream[12..]].concat(), "Unexpected Version: expected 2, got 9"),
        ("a real one", [&stream[..16], &[1, 0, 0, 0, 0, 0, 0, 0], &stream[24..]].concat(), "none of a simulated"),
        ("its end", stream[..stream.len() - 1].to_vec(), "the stream ends early"),
        ("nothing", vec![], "the stream ends early"),
    ] {
        host.heard();
        assert_eq!(restore(&host, what, LIBXL_DOMAIN_TYPE_PVH, &stream), Err(ERROR_FAIL), "{what}");
        assert!(host.heard().contains(words), "{what}");
    }
    assert_eq!(restore(&host, "other kind", LIBXL_DOMAIN_TYPE_PV, &stream), Err(ERROR_FAIL));
    assert!(host.heard().contains("the stream is of a domain of another kind"));
}

#[test]
fn who_cannot_be_saved_says_so() {
    let host = Host::open();
    let domid = host.create("not-running");
    assert_eq!(save(&host, domid), (ERROR_GUEST_TIMEDOUT, vec![]));
    assert!(host.heard().contains("guest did not suspend, timed out"));
    assert_eq!(save(&host, 9999).0, ERROR_FAIL);
    let domid = host.run("reader-gone");
    let (ours, theirs) = UnixStream::pair().unwrap();
    drop(ours);
    assert_eq!(call!(host, libxl_domain_suspend, domid, theirs.as_raw_fd(), 0, null()), ERROR_FAIL);
    assert!(host.heard().contains("unable to write the save stream"));
    assert_eq!(call!(host, libxl_domain_resume, domid, 1, null()), 0, "as a toolstack does then");
}

#[test]
fn replication_ends_after_a_checkpoint() {
    let host = Host::open();
    let domid = host.run("replicated");
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut info = host.owned::<libxl_domain_remus_info>();
    let start = |info: *mut libxl_domain_remus_info| {
        call!(host, libxl_domain_remus_start, info, domid, theirs.as_raw_fd(), theirs.as_raw_fd(), null())
    };
    assert_eq!(start(info.as_mut_ptr()), ERROR_FAIL);
    assert!(host.heard().contains("Colo mode must be enabled/disabled"));
    unsafe { (*info.as_mut_ptr()).colo.val = -1 };
    assert_eq!(start(info.as_mut_ptr()), ERROR_FAIL);
    let mut ident = [0; 8];
    ours.read_exact(&mut ident).unwrap();
    assert_eq!(&ident, b"LibxlFmt");
    assert!(host.info(domid).unwrap().blocked, "it goes on");

    let mut params = host.owned::<libxl_domain_restore_params>();
    unsafe { (*params.as_mut_ptr()).checkpointed_stream = 1 };
    let mut config = host.config("backup", LIBXL_DOMAIN_TYPE_PVH);
    let (mut domid, fd, params, config) = (0, theirs.as_raw_fd(), &raw const *params, config.as_mut_ptr());
    let code = call!(host, libxl_domain_create_restore, config, &raw mut domid, fd, -1, params, null(), null());
    assert_eq!(code, ERROR_NI);
}
