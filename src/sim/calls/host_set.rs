//! What is asked of the hypervisor as a whole, and of the host around it.
//!
//! In: debug keys, parameters, readers of the hypervisor's console. Out: text on that console. Neither a file nor a log
//! of the real host is touched.

use core::ffi::{c_char, c_int};
use core::mem::size_of;
use std::ptr;

use super::change::{changes, operations, refused, str_of};
use super::store::domain_type;
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::console;
use crate::xl::sys::{
    ERROR_FAIL, ERROR_INVAL, ERROR_NOTFOUND, ERROR_PROTOCOL_ERROR_QMP, LIBXL_DOMAIN_TYPE_HVM, libxl_ctx,
    libxl_xen_console_reader,
};

changes! {
    /// As libxl's own: what each key asks for is on the console afterwards.
    libxl_send_debug_keys(keys: *mut c_char) => press;
    /// As libxl's own, for parameters that Xen lets be changed at run time; their values are not looked at.
    libxl_set_parameters(parameters: *mut c_char) => set_parameters;
    /// As libxl's own: numbers of domains are not given again soon in any case.
    libxl_clear_domid_history() => clear_history;
    /// The name that libxl would give the file. Unlike libxl, it makes no room for it: what is there stays there.
    libxl_create_logfile(name: *const c_char, path: *mut *mut c_char) => name_logfile;
}

operations! {
    /// As libxl's own, of a qemu that understands `info` and nothing else.
    libxl_qemu_monitor_command(domid: u32, command: *const c_char, output: *mut *mut c_char) => has_output, ask_qemu;
}

/// What Xen answers to a debug key.
const KEYS: [(u8, &str); 8] = [
    (b'*', "print all diagnostics"),
    (b'0', "dump Dom0 registers"),
    (b'd', "dump registers"),
    (b'h', "show this message"),
    (b'm', "memory info"),
    (b'q', "dump domain (and guest debug) info"),
    (b'r', "dump run queues"),
    (b't', "display multi-cpu clock info"),
];
/// Parameters in hypfs, below /params.
const PARAMETERS: [&str; 6] =
    ["ept", "pcid", "gnttab_max_frames", "gnttab_max_maptrack_frames", "guest_loglvl", "loglvl"];
/// Where libxl's log files are.
const LOG_DIRECTORY: &str = "/var/log/xen";

fn print(context: &Context, text: &str) -> Outcome {
    let held = context.lock()?;
    let mut console = context.world().console();
    console.write(text);
    context.world().set_console(&held, &console);
    Ok(())
}

/// # Safety
/// A string.
unsafe fn press(context: &Context, keys: *mut c_char) -> Outcome {
    // SAFETY: the caller's promise.
    let keys = unsafe { str_of(keys) }.ok_or(ERROR_INVAL)?;
    let mut text = String::new();
    for key in keys.bytes() {
        let answer = match key {
            b'h' => KEYS.map(|(key, what)| format!("(XEN)  key '{}' => {what}\n", key.escape_ascii())).concat(),
            b'q' => domains(context),
            b'm' => memory_info(context),
            _ => String::new(),
        };
        let known = KEYS.iter().find(|(known, _)| *known == key);
        let known = known.map_or(String::new(), |(_, what)| format!(" => {what}"));
        text += &format!("(XEN) '{}' pressed{known}\n{answer}", key.escape_ascii());
    }
    print(context, &text)
}

fn domains(context: &Context) -> String {
    let line = |head: crate::sim::world::domain::Head| {
        let pages = head.memory_kb / crate::sim::world::machine::PAGE_KB;
        format!("(XEN) General information for domain {}:\n(XEN)     nr_pages={pages}\n", head.domid)
    };
    context.world().heads().map(line).collect()
}

fn memory_info(context: &Context) -> String {
    let free_kb = super::host_info::free_kb(context.world(), &context.world().machine());
    format!("(XEN) Physical memory information:\n(XEN)     heap: {free_kb}kB free\n")
}

/// # Safety
/// A string.
unsafe fn set_parameters(context: &Context, parameters: *mut c_char) -> Outcome {
    // SAFETY: the caller's promise.
    let parameters = unsafe { str_of(parameters) }.ok_or(ERROR_INVAL)?;
    for parameter in parameters.split([' ', '\t']).filter(|word| !word.is_empty()) {
        let name = match parameter.split_once('=') {
            Some((name, _)) => Some(name),
            None => parameter.strip_prefix("no"),
        };
        if !name.is_some_and(|name| PARAMETERS.contains(&name)) {
            context.report().because(libc::ENOENT).say("libxl_set_parameters", format_args!("setting parameters"));
            return Err(ERROR_FAIL);
        }
    }
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "as all changes, it comes to something")]
fn clear_history(_: &Context) -> Outcome {
    Ok(())
}

/// # Safety
/// A string, and a place for one.
unsafe fn name_logfile(_: &Context, name: *const c_char, path: *mut *mut c_char) -> Outcome {
    // SAFETY: the caller's promise.
    let name = unsafe { str_of(name) }.ok_or(ERROR_INVAL)?;
    // SAFETY: likewise.
    unsafe { memory::give(path, memory::string(&format!("{LOG_DIRECTORY}/{name}.log"))) };
    Ok(())
}

fn has_output(_: &Context, _: u32, _: *const c_char, output: *mut *mut c_char) -> Outcome {
    if output.is_null() { Err(ERROR_INVAL) } else { Ok(()) }
}

/// # Safety
/// A string, and a place for one.
unsafe fn ask_qemu(context: &Context, domid: u32, command: *const c_char, output: *mut *mut c_char) -> Outcome {
    let refuse = |reason: &str, code| Err(refused(context, domid, libc::ENOENT, "qmp_ev_connect", reason, code));
    let Some(LIBXL_DOMAIN_TYPE_HVM) = domain_type(context, domid) else {
        return refuse("Failed to connect to QMP socket", ERROR_FAIL);
    };
    // SAFETY: the caller's promise.
    let answer = match unsafe { str_of(command) }.ok_or(ERROR_PROTOCOL_ERROR_QMP)? {
        "info version" => "7.0.0 (simulated)\r\n".to_owned(),
        "info status" => {
            let live = context.world().domain(domid).is_some_and(|domain| super::vital::is_live(&domain));
            format!("VM status: {}\r\n", if live { "running" } else { "paused" })
        }
        "info uuid" => {
            let uuid = context.world().head(domid).ok_or(ERROR_NOTFOUND)?.uuid;
            format!("{}\r\n", uuid.map(|byte| format!("{byte:02x}")).concat())
        }
        other => format!("unknown command: '{other}'\r\n"),
    };
    // SAFETY: likewise.
    unsafe { memory::give(output, memory::string(&answer.replace('\0', ""))) };
    Ok(())
}

/// What a caller holds while it reads the console.
#[repr(C)]
struct Reader {
    /// Bytes of the console that it has seen.
    seen: u64,
    clear: bool,
    /// What was read last, and a NUL.
    text: [u8; console::BYTES + 1],
}

/// As libxl's own: nothing is read yet.
pub(crate) unsafe extern "C" fn libxl_xen_console_read_start(
    _: *mut libxl_ctx,
    clear: c_int,
) -> *mut libxl_xen_console_reader {
    // SAFETY: zeroed memory, which is a valid reader; like libxl, it gives up without memory.
    unsafe {
        let reader = libc::calloc(1, size_of::<Reader>()).cast::<Reader>();
        if reader.is_null() {
            std::process::abort();
        }
        (*reader).clear = clear != 0;
        reader.cast()
    }
}

/// As libxl's own, whose lines are as much as there is to read.
pub(crate) unsafe extern "C" fn libxl_xen_console_read_line(
    ctx: *mut libxl_ctx,
    reader: *mut libxl_xen_console_reader,
    line: *mut *mut c_char,
) -> c_int {
    // SAFETY: a context of ours, and a reader of ours that nobody else uses meanwhile.
    let (context, reader) = unsafe { (Context::of(ctx), &mut *reader.cast::<Reader>()) };
    let Ok(held) = context.lock() else {
        return ERROR_FAIL;
    };
    let mut console = context.world().console();
    let (text, seen) = console.since(reader.seen);
    let mut count = 0;
    for (place, byte) in reader.text.iter_mut().zip(text) {
        *place = byte;
        count += 1;
    }
    reader.text[count] = 0;
    reader.seen = seen;
    if reader.clear {
        console.clear();
        context.world().set_console(&held, &console);
    }
    // SAFETY: the caller gives a place for it.
    unsafe { line.write(if count > 0 { reader.text.as_mut_ptr().cast() } else { ptr::null_mut() }) };
    (count > 0).into()
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_xen_console_read_finish(
    _: *mut libxl_ctx,
    reader: *mut libxl_xen_console_reader,
) {
    // SAFETY: from `libxl_xen_console_read_start`, and used no more.
    unsafe { libc::free(reader.cast()) };
}
