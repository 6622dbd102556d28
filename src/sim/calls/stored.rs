//! The configuration that libxl stores with a domain it creates.
//!
//! In and out: a `libxl_domain_config`, as the JSON text that the real library makes of it and reads. It stays
//! as it was stored; what was plugged in since is added, and what was taken away left out, when it is asked for.

use core::ffi::{CStr, c_int};
use std::ffi::CString;

use super::change::slice_of;
use super::config::{added_nic, disk, plugged};
use super::fill::FromRecord;
use super::plug::Pluggable;
use super::userdata::CONFIGURATION;
use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::device::{Body, Device, Disk};
use crate::sim::world::domain::Domain;
use crate::xl::Managed;
use crate::xl::sys::{ERROR_FAIL, libxl_ctx, libxl_device_disk, libxl_domain_config};

/// The text of a configuration.
///
/// # Safety
/// A configuration whose pointers are valid.
pub(super) unsafe fn to_json(context: &Context, config: &mut libxl_domain_config) -> Result<Vec<u8>, c_int> {
    let convert = context.libxl().libxl_domain_config_to_json.ok_or(ERROR_FAIL)?;
    // SAFETY: the caller's promise; the real function only handles types, and returns null or memory from malloc.
    unsafe {
        let text = convert(as_ctx(context), config);
        if text.is_null() {
            return Err(ERROR_FAIL);
        }
        let copy = CStr::from_ptr(text).to_bytes().to_vec();
        libc::free(text.cast());
        Ok(copy)
    }
}

/// The text that is stored: of the configuration as it was given, with the little that libxl adds of what it has filled
/// in since.
///
/// # Safety
/// As of [`to_json`].
pub(super) unsafe fn to_store(context: &Context, given: &[u8], filled: &libxl_domain_config) -> Result<Vec<u8>, c_int> {
    let mut stored: libxl_domain_config = context.initial();
    let convert = context.libxl().libxl_domain_config_from_json.ok_or(ERROR_FAIL)?;
    let text = CString::new(given).map_err(|_| ERROR_FAIL)?;
    // SAFETY: the real function only handles types; what it replaces was just initialised, and is disposed once. The
    // arrays of both are as long as their counts say.
    unsafe {
        let converted = convert(as_ctx(context), &raw mut stored, text.as_ptr());
        stored.c_info.uuid = filled.c_info.uuid;
        stored.b_info.video_memkb = filled.b_info.video_memkb;
        #[cfg(libxl_have = "X86_MSR_RELAXED")]
        {
            stored.b_info.arch_x86.msr_relaxed = filled.b_info.arch_x86.msr_relaxed;
        }
        for (to, from) in slice_of(stored.nics, stored.num_nics).iter_mut().zip(slice_of(filled.nics, filled.num_nics))
        {
            (to.mac, to.nictype) = (from.mac, from.nictype);
        }
        for (to, from) in
            slice_of(stored.vtpms, stored.num_vtpms).iter_mut().zip(slice_of(filled.vtpms, filled.num_vtpms))
        {
            to.uuid = from.uuid;
        }
        number((stored.nics, stored.num_nics), filled.nics);
        number((stored.vfbs, stored.num_vfbs), filled.vfbs);
        number((stored.vkbs, stored.num_vkbs), filled.vkbs);
        number((stored.vtpms, stored.num_vtpms), filled.vtpms);
        number((stored.p9s, stored.num_p9s), filled.p9s);
        number((stored.pvcallsifs, stored.num_pvcallsifs), filled.pvcallsifs);
        number((stored.vdispls, stored.num_vdispls), filled.vdispls);
        number((stored.vsnds, stored.num_vsnds), filled.vsnds);
        number((stored.usbctrls, stored.num_usbctrls), filled.usbctrls);
        number((stored.channels, stored.num_channels), filled.channels);
        let json = if converted == 0 { to_json(context, &mut stored) } else { Err(ERROR_FAIL) };
        libxl_domain_config::dispose(context.libxl(), &raw mut stored);
        json
    }
}

/// Gives devices the numbers of those that were made of them.
///
/// # Safety
/// Two arrays, the second at least as long as the first.
unsafe fn number<T: Pluggable>((to, count): (*mut T, c_int), from: *mut T) {
    // SAFETY: the caller's promise.
    unsafe {
        for (to, from) in slice_of(to, count).iter_mut().zip(slice_of(from, count)) {
            if let Some(number) = from.number() {
                to.set_number(number);
            }
        }
    }
}

fn as_ctx(context: &Context) -> *mut libxl_ctx {
    (&raw const *context).cast_mut().cast()
}

/// Fills an initialised configuration with what is stored of a domain, and the devices that it has. Whether anything is
/// stored.
pub(super) fn load(
    context: &Context,
    domain: &Domain,
    devices: &[Device],
    config: &mut libxl_domain_config,
) -> Result<bool, c_int> {
    let held = context.lock()?;
    let Some(text) = context.world().userdata(&held, domain.head.domid, CONFIGURATION) else {
        return Ok(false);
    };
    drop(held);
    let convert = context.libxl().libxl_domain_config_from_json.ok_or(ERROR_FAIL)?;
    let text = CString::new(text).map_err(|_| ERROR_FAIL)?;
    // SAFETY: the real function only handles types; what it replaces was just initialised.
    if unsafe { convert(as_ctx(context), config, text.as_ptr()) } != 0 {
        return Err(ERROR_FAIL);
    }
    // SAFETY: from malloc, or null; replaced right away.
    unsafe { libc::free(config.c_info.name.cast()) };
    config.c_info.name = memory::text(domain.detail.name.as_c_str());
    config.c_info.uuid.uuid = domain.head.uuid;
    config.c_info.poolid = domain.head.pool;
    update_devices(context, devices, config);
    Ok(true)
}

fn update_devices(context: &Context, devices: &[Device], config: &mut libxl_domain_config) {
    fn plain<T: FromRecord>(context: &Context, device: &Device) -> Option<T> {
        T::from_record(context, device)
    }
    // SAFETY: arrays that the real library has just made, with their counts.
    unsafe {
        merge(context, devices, &mut config.disks, &mut config.num_disks, disk);
        merge(context, devices, &mut config.nics, &mut config.num_nics, added_nic);
        merge(context, devices, &mut config.vfbs, &mut config.num_vfbs, plain);
        merge(context, devices, &mut config.vkbs, &mut config.num_vkbs, plain);
        merge(context, devices, &mut config.vtpms, &mut config.num_vtpms, plain);
        merge(context, devices, &mut config.p9s, &mut config.num_p9s, plain);
        merge(context, devices, &mut config.pvcallsifs, &mut config.num_pvcallsifs, plain);
        merge(context, devices, &mut config.vdispls, &mut config.num_vdispls, plain);
        merge(context, devices, &mut config.vsnds, &mut config.num_vsnds, plain);
        merge(context, devices, &mut config.usbctrls, &mut config.num_usbctrls, plain);
        merge(context, devices, &mut config.channels, &mut config.num_channels, plain);
        // What is said of these elsewhere is all that there is.
        drop_all(context, &mut config.usbdevs, &mut config.num_usbdevs);
        drop_all(context, &mut config.pcidevs, &mut config.num_pcidevs);
        change_media(devices, slice_of(config.disks, config.num_disks));
    }
    (config.usbdevs, config.num_usbdevs) = memory::array(plugged(context, devices));
}

/// Leaves out what is not there any more, and adds what came later.
///
/// # Safety
/// An array of the real library's, with its count.
unsafe fn merge<T: Pluggable + Managed>(
    context: &Context,
    devices: &[Device],
    first: &mut *mut T,
    count: &mut c_int,
    from_record: impl Fn(&Context, &Device) -> Option<T>,
) {
    let own = || devices.iter().filter(|device| device.kind == <T as Pluggable>::Body::KIND);
    let mut merged = memory::List::default();
    for at in 0..usize::try_from(*count).unwrap_or(0) {
        // SAFETY: within the array, by the caller's promise; each element is moved or disposed once.
        unsafe {
            let stored = first.add(at);
            let number = (*stored).number();
            if own().any(|device| device.configured != 0 && Some(device.devid) == number) {
                merged.extend([stored.read()]);
            } else {
                T::dispose(context.libxl(), stored);
            }
        }
    }
    merged.extend(own().filter(|device| device.configured == 0).filter_map(|device| from_record(context, device)));
    // SAFETY: the elements were moved out or disposed.
    unsafe { libc::free((*first).cast()) };
    (*first, *count) = merged.into_array();
}

/// # Safety
/// As of [`merge`].
unsafe fn drop_all<T: Managed>(context: &Context, first: &mut *mut T, count: &mut c_int) {
    for at in 0..usize::try_from(*count).unwrap_or(0) {
        // SAFETY: within the array, by the caller's promise.
        unsafe { T::dispose(context.libxl(), first.add(at)) };
    }
    // SAFETY: likewise.
    unsafe { libc::free((*first).cast()) };
    (*first, *count) = (core::ptr::null_mut(), 0);
}

/// Drives have the media that were put in last.
fn change_media(devices: &[Device], disks: &mut [libxl_device_disk]) {
    for drive in disks.iter_mut().filter(|disk| disk.is_cdrom != 0) {
        // SAFETY: its strings are strings, or null.
        let number = unsafe { drive.number() };
        let record = devices.iter().filter(|device| Some(device.devid) == number).find_map(Device::body::<Disk>);
        if let Some(record) = record {
            // SAFETY: from malloc, or null; replaced right away.
            unsafe { libc::free(drive.pdev_path.cast()) };
            drive.pdev_path = memory::text(record.path.as_c_str());
            drive.format = record.format;
        }
    }
}
