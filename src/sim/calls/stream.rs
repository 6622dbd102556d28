//! A saved domain as bytes.
//!
//! In: a descriptor. Out: a stream that begins as libxl's (ident, version, options) and goes on with one record of our
//! own, which only the simulator reads: there is no memory in it. A real stream is refused for its records.

use core::ffi::c_int;
use std::fs::File;
use std::io::{Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, FromRawFd};

use bytemuck::{Pod, Zeroable};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::change::{operations, refused};
use super::life::suspend;
use super::store::domain_type;
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::world::domain::{Domain, flag};
use crate::xl::sys::{ERROR_FAIL, libxl_domain_remus_info};

/// The beginning of every stream of libxl's since 4.6.
const IDENT: u64 = u64::from_be_bytes(*b"LibxlFmt");
const VERSION: u32 = 2;
/// The last record of a stream.
const END: u32 = 0;
/// Our record. libxl refuses what it does not know and nobody marked as optional.
const SAVED: u32 = u32::from_be_bytes(*b"\0Sim");

operations! {
    /// As libxl's own: afterwards the domain is suspended, and waits to be resumed or destroyed. It never stops before
    /// that, however live the saving is.
    libxl_domain_suspend(domid: u32, fd: c_int, flags: c_int) => has_type, save;
    /// One checkpoint, after which nobody answers: it ends as libxl's does when the backup has died.
    libxl_domain_remus_start(
        info: *mut libxl_domain_remus_info, domid: u32, fd: c_int, back: c_int,
    ) => is_possible, replicate;
}

/// What a stream says of a domain.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Saved {
    /// A `libxl_domain_type`.
    pub(super) kind: i32,
    /// Vcpus that exist.
    pub(super) vcpus: u32,
    /// Those that are online, a bit each.
    pub(super) online: u64,
}

impl Saved {
    fn of(domain: &Domain) -> Self {
        let is_online = |at: &usize| domain.detail.vcpus[*at].flags & flag::ONLINE != 0;
        let online = (0..domain.head.vcpus as usize).filter(is_online).fold(0, |set, vcpu| set | 1 << vcpu);
        Self { kind: domain.head.kind, vcpus: domain.head.vcpus, online }
    }
}

fn has_type(context: &Context, domid: u32, _fd: c_int, _flags: c_int) -> Outcome {
    domain_type(context, domid).map(drop).ok_or(ERROR_FAIL)
}

fn save(context: &Context, domid: u32, fd: c_int, _flags: c_int) -> Outcome {
    suspend(context, domid)?;
    let domain = context.world().domain(domid).ok_or(ERROR_FAIL)?;
    write(context, domid, fd, &Saved::of(&domain), true)
}

/// The caller's open file, which stays open.
fn file(fd: c_int) -> ManuallyDrop<File> {
    // SAFETY: open until the operation is done, by the caller's promise to libxl; never closed here.
    ManuallyDrop::new(unsafe { File::from_raw_fd(fd) })
}

/// Does something with a file whose reads and writes wait, as libxl lets them.
fn waiting<T>(file: &File, action: impl FnOnce(&File) -> std::io::Result<T>) -> std::io::Result<T> {
    let flags = fcntl_getfl(file.as_fd())?;
    fcntl_setfl(file.as_fd(), flags - OFlags::NONBLOCK)?;
    let done = action(file);
    fcntl_setfl(file.as_fd(), flags)?;
    done
}

fn write(context: &Context, domid: u32, fd: c_int, saved: &Saved, is_last: bool) -> Outcome {
    let mut bytes = IDENT.to_be_bytes().to_vec();
    bytes.extend([VERSION.to_be_bytes(), 0u32.to_be_bytes()].concat());
    let length = u32::try_from(size_of::<Saved>()).unwrap_or(0);
    bytes.extend([SAVED.to_ne_bytes(), length.to_ne_bytes()].concat());
    bytes.extend(bytemuck::bytes_of(saved));
    if is_last {
        bytes.extend([END.to_ne_bytes(), 0u32.to_ne_bytes()].concat());
    }
    waiting(&file(fd), |mut file| file.write_all(&bytes)).map_err(|error| {
        let errno = error.raw_os_error().unwrap_or(0);
        refused(context, domid, errno, "libxl__xc_domain_save_done", "unable to write the save stream", ERROR_FAIL)
    })
}

/// Reads a stream.
pub(super) fn read(context: &Context, fd: c_int) -> Result<Saved, c_int> {
    let read = waiting(&file(fd), |file| {
        let (mut header, mut record, mut body) = ([0; 16], [0; 8], Saved::zeroed());
        let mut file = file;
        file.read_exact(&mut header)?;
        let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = header;
        let (ident, version) = (u64::from_be_bytes([a, b, c, d, e, f, g, h]), u32::from_be_bytes([i, j, k, l]));
        if (ident, version) != (IDENT, VERSION) {
            return Ok(Err((ident, version)));
        }
        file.read_exact(&mut record)?;
        let [a, b, c, d, e, f, g, h] = record;
        let length = u32::from_ne_bytes([e, f, g, h]) as usize;
        if u32::from_ne_bytes([a, b, c, d]) != SAVED || length != size_of::<Saved>() {
            return Err(std::io::Error::from_raw_os_error(libc::EPROTO));
        }
        file.read_exact(bytemuck::bytes_of_mut(&mut body))?;
        file.read_exact(&mut record)?;
        Ok(Ok(body))
    });
    let report = context.report();
    match read {
        Ok(Ok(saved)) => return Ok(saved),
        Ok(Err((ident, version))) if ident == IDENT => {
            let reason = format_args!("Unexpected Version: expected {VERSION}, got {version}");
            report.say("stream_header_done", reason);
        }
        Ok(Err((ident, _))) => {
            let reason = format_args!("Invalid ident: expected 0x{IDENT:016x}, got 0x{ident:016x}");
            report.say("stream_header_done", reason);
        }
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(0);
            let reason = format_args!("the stream ends early, or is none of a simulated domain");
            report.because(errno).say("stream_continue", reason);
        }
    }
    Err(ERROR_FAIL)
}

/// # Safety
/// What is to be done.
unsafe fn is_possible(
    context: &Context,
    info: *mut libxl_domain_remus_info,
    domid: u32,
    _fd: c_int,
    _back: c_int,
) -> Outcome {
    domain_type(context, domid).ok_or(ERROR_FAIL)?;
    // SAFETY: the caller's promise.
    let info = unsafe { &mut *info };
    let (unset, is) = (info.colo.val == 0, |value: crate::xl::sys::libxl_defbool, default: bool| match value.val {
        0 => default,
        set => set > 0,
    });
    let colo = is(info.colo, false);
    let unsafe_mode = is(info.blackhole, false) || !is(info.netbuf, true) || !is(info.diskbuf, true);
    let reason = if unset {
        "Colo mode must be enabled/disabled"
    } else if colo && is(info.compression, !colo) {
        "Cannot use memory checkpoint compression in COLO mode"
    } else if !is(info.allow_unsafe, false) && unsafe_mode {
        "Unsafe mode must be enabled to replicate to /dev/null,disable network buffering and disk replication"
    } else {
        return Ok(());
    };
    Err(refused(context, domid, 0, "libxl_domain_remus_start", reason, ERROR_FAIL))
}

fn replicate(context: &Context, _info: *mut libxl_domain_remus_info, domid: u32, fd: c_int, _back: c_int) -> Outcome {
    let domain = context.world().domain(domid).ok_or(ERROR_FAIL)?;
    write(context, domid, fd, &Saved::of(&domain), false)?;
    Err(refused(context, domid, 0, "remus_failover_cb", "nobody answers to a checkpoint here", ERROR_FAIL))
}
