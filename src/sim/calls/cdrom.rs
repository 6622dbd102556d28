//! Media of CD drives.
//!
//! In: a disk whose name is a drive's. Out: the drive with another medium, or none.

use core::ffi::c_int;

use super::change::{anything, operations, refused};
use super::fill::disk_number;
use super::plug::{Owner, Pluggable, text};
use super::store::{domain_type, store};
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::device::{Device, Disk};
use crate::xl::sys::{ERROR_FAIL, ERROR_INVAL, LIBXL_DISK_FORMAT_EMPTY, LIBXL_DOMAIN_TYPE_HVM, libxl_device_disk};

operations! {
    /// As libxl's own: no path is no medium. What is on the host under the path is not looked at.
    libxl_cdrom_insert(domid: u32, disk: *mut libxl_device_disk) => unchecked, insert;
}

anything!(unchecked(u32, *mut libxl_device_disk));

/// # Safety
/// A disk whose strings are strings.
unsafe fn insert(context: &Context, domid: u32, disk: *mut libxl_device_disk) -> Outcome {
    // SAFETY: the caller's promise.
    let disk = unsafe { &mut *disk };
    let fail = |reason: &str, code: c_int| refused(context, domid, 0, "libxl_cdrom_insert", reason, code);
    match domain_type(context, domid) {
        None => return Err(ERROR_FAIL),
        Some(LIBXL_DOMAIN_TYPE_HVM) => {}
        Some(_) => return Err(fail("cdrom-insert requires an HVM domain", ERROR_INVAL)),
    }
    if store(context, domid).is_some_and(|(_, store)| store.stubdom != 0) {
        return Err(fail("cdrom-insert doesn't work for stub domains", ERROR_INVAL));
    }
    let held = context.lock()?;
    // SAFETY: the caller's promise.
    let number = unsafe { disk.number() };
    let is_it = |device: &Device| {
        device.body::<Disk>().is_some_and(|body| {
            body.cdrom != 0 && disk_number(body).and_then(|number| i32::try_from(number).ok()) == number
        })
    };
    let Some(drive) = context.world().devices(domid).find(is_it) else {
        return Err(fail("Virtual device not found", ERROR_FAIL));
    };
    let mut body = *drive.body::<Disk>().ok_or(ERROR_FAIL)?;
    disk.backend = body.backend;
    let owner = Owner { domid, kind: LIBXL_DOMAIN_TYPE_HVM, hotplug: true };
    // SAFETY: the caller's promise.
    unsafe { disk.set_default(context, &owner)? };
    if disk.pdev_path.is_null() {
        disk.pdev_path = memory::text(c"");
        disk.format = LIBXL_DISK_FORMAT_EMPTY;
    }
    // SAFETY: likewise.
    body.path = unsafe { text(context, disk.pdev_path)? };
    body.format = disk.format;
    let changed = drive.with(&body);
    context.world().set_device(&held, domid, &drive, Some(&changed));
    Ok(())
}
