//! PCI devices, given to domains and to pciback.
//!
//! In: libxl's structs: an address, or the name that a device was made assignable under. Out: a changed machine. No
//! device of the real host is touched.

use core::ffi::{CStr, c_char, c_int};

use super::change::{anything, changes, operations, refused, str_of};
use super::plug::text;
use super::store::{domain_type, report_unlocked};
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::world::domain::{NONE, Text};
use crate::sim::world::machine::{Machine, Pci};
use crate::xl::sys::{
    ERROR_FAIL, ERROR_INVAL, ERROR_LOCK_FAIL, ERROR_NOTFOUND, LIBXL_DOMAIN_TYPE_HVM, libxl_device_pci,
};

/// The longest name of a device.
const NAME_BYTES_MAX: usize = 64;

operations! {
    /// As libxl's own: only what pciback has and nobody else.
    libxl_device_pci_add(domid: u32, pci: *mut libxl_device_pci) => unchecked, add;
    /// As libxl's own.
    libxl_device_pci_remove(domid: u32, pci: *mut libxl_device_pci) => unchecked, remove;
    /// As libxl's own.
    libxl_device_pci_destroy(domid: u32, pci: *mut libxl_device_pci) => unchecked, remove;
}

anything!(unchecked(u32, *mut libxl_device_pci));

changes! {
    /// As libxl's own: pciback takes a device over.
    libxl_device_pci_assignable_add(pci: *mut libxl_device_pci, rebind: c_int) => make_assignable;
    /// As libxl's own: pciback gives a device back.
    libxl_device_pci_assignable_remove(pci: *mut libxl_device_pci, rebind: c_int) => give_back;
}

/// As libxl writes it in messages.
fn bdf(pci: &libxl_device_pci) -> String {
    format!("{:04x}:{:02x}:{:02x}.{:01x}", pci.domain, pci.bus, pci.dev, pci.func)
}

/// The name that the caller gives a device, or null.
#[cfg(libxl_have = "DEVICE_PCI_NAME")]
fn name_of(pci: &libxl_device_pci) -> *const c_char {
    pci.name
}

/// Devices have no names in this release.
#[cfg(not(libxl_have = "DEVICE_PCI_NAME"))]
fn name_of(_: &libxl_device_pci) -> *const c_char {
    core::ptr::null()
}

/// The record of a device, by its name if it has one, else by its address. The name gives the address.
///
/// # Safety
/// Its name is null or a string.
unsafe fn find<'m>(machine: &'m mut Machine, pci: &mut libxl_device_pci) -> Result<Option<&'m mut Pci>, c_int> {
    let name = name_of(pci);
    if !name.is_null() {
        // SAFETY: the caller's promise.
        let name = unsafe { CStr::from_ptr(name) };
        let is_it = |record: &&mut Pci| record.state == Pci::ASSIGNABLE && record.name.as_c_str() == name;
        let record = machine.pci.iter_mut().find(is_it).ok_or(ERROR_NOTFOUND)?;
        (pci.domain, pci.bus, pci.dev, pci.func) = (0, record.bus, record.devfn >> 3, record.devfn & 7);
        return Ok(Some(record));
    }
    Ok(at_address(machine, pci))
}

/// The record of the device at this address.
fn at_address<'m>(machine: &'m mut Machine, pci: &libxl_device_pci) -> Option<&'m mut Pci> {
    let devfn = pci.dev << 3 | pci.func & 7;
    let is_it =
        |record: &&mut Pci| record.state != 0 && pci.domain == 0 && (record.bus, record.devfn) == (pci.bus, devfn);
    machine.pci.iter_mut().find(is_it)
}

/// Gives a device to a domain, in a machine that nobody else sees yet.
///
/// # Safety
/// Its name is null or a string.
pub(super) unsafe fn assign(
    context: &Context,
    machine: &mut Machine,
    domid: u32,
    pci: &mut libxl_device_pci,
) -> Outcome {
    // SAFETY: the caller's promise.
    let record = unsafe { find(machine, pci)? };
    let fail = |reason: String| Err(refused(context, domid, 0, "libxl__device_pci_add", &reason, ERROR_FAIL));
    match record {
        Some(record) if record.state == Pci::OWN && pci.seize => record.owner = domid.cast_signed(),
        Some(record) if record.state == Pci::ASSIGNABLE && record.owner == NONE => record.owner = domid.cast_signed(),
        Some(record) if record.owner != NONE && is_hvm(context, domid) => {
            let address = format!("{:04x}:{:02x}:{:02x}.{}", pci.domain, pci.bus, pci.dev, pci.func);
            return fail(format!("PCI device {address} already assigned to a different guest?"));
        }
        _ => {
            let address = format!("{:x}:{:x}:{:x}.{:x}", pci.domain, pci.bus, pci.dev, pci.func);
            return fail(format!("PCI device {address} is not assignable"));
        }
    }
    // SAFETY: likewise.
    if let Some(record) = unsafe { find(machine, pci)? } {
        record.state = Pci::ASSIGNABLE;
    }
    Ok(())
}

fn is_hvm(context: &Context, domid: u32) -> bool {
    context.world().head(domid).is_some_and(|head| head.kind == LIBXL_DOMAIN_TYPE_HVM)
}

/// # Safety
/// A device.
unsafe fn add(context: &Context, domid: u32, pci: *mut libxl_device_pci) -> Outcome {
    let held = context.lock()?;
    if context.world().head(domid).is_none() {
        drop(held);
        domain_type(context, domid);
        report_unlocked(context, domid);
        return Err(ERROR_LOCK_FAIL);
    }
    let mut machine = context.world().machine();
    // SAFETY: the caller's promise.
    unsafe { assign(context, &mut machine, domid, &mut *pci)? };
    context.world().set_machine(&held, &machine);
    Ok(())
}

/// # Safety
/// A device.
unsafe fn remove(context: &Context, domid: u32, pci: *mut libxl_device_pci) -> Outcome {
    let held = context.lock()?;
    let mut machine = context.world().machine();
    // SAFETY: the caller's promise.
    let record = unsafe { find(&mut machine, &mut *pci)? };
    let Some(record) = record.filter(|record| u32::try_from(record.owner) == Ok(domid)) else {
        let reason = "PCI device not attached to this domain";
        return Err(refused(context, domid, 0, "do_pci_remove", reason, ERROR_INVAL));
    };
    record.owner = NONE;
    context.world().set_machine(&held, &machine);
    Ok(())
}

/// # Safety
/// A device.
unsafe fn make_assignable(context: &Context, pci: *mut libxl_device_pci, _rebind: c_int) -> Outcome {
    // SAFETY: the caller's promise.
    let (pci, name) = unsafe { (&*pci, str_of(name_of(&*pci)).unwrap_or_default()) };
    let function = "libxl__device_pci_assignable_add";
    let fail = |errno: c_int, reason: &str| {
        context.report().because(errno).say(function, format_args!("{reason}"));
        Err(ERROR_FAIL)
    };
    if name.len() > NAME_BYTES_MAX {
        return fail(0, "Name too long");
    }
    if !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return fail(0, "Names may only include printable characters");
    }
    // SAFETY: the caller's promise.
    let name: Text<4> = unsafe { text(context, name_of(pci))? };
    let held = context.lock()?;
    let mut machine = context.world().machine();
    // The name is what it gets.
    let Some(record) = at_address(&mut machine, pci) else {
        return fail(libc::ENOENT, &format!("Couldn't lstat /sys/bus/pci/devices/{}", bdf(pci)));
    };
    record.state = Pci::ASSIGNABLE;
    record.name = name;
    context.world().set_machine(&held, &machine);
    Ok(())
}

/// # Safety
/// A device.
unsafe fn give_back(context: &Context, pci: *mut libxl_device_pci, _rebind: c_int) -> Outcome {
    // SAFETY: the caller's promise.
    let pci = unsafe { &mut *pci };
    let held = context.lock()?;
    let mut machine = context.world().machine();
    // SAFETY: the caller's promise.
    let record = unsafe { find(&mut machine, pci)? };
    let Some(record) = record.filter(|record| record.state == Pci::ASSIGNABLE && record.owner == NONE) else {
        let reason = format_args!("failed to de-quarantine {}", bdf(pci));
        context.report().say("libxl__device_pci_assignable_remove", reason);
        return Err(ERROR_FAIL);
    };
    record.state = Pci::OWN;
    record.name = Text::new("");
    context.world().set_machine(&held, &machine);
    Ok(())
}
