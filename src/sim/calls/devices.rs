//! Lists of devices, and single ones by their number.
//!
//! In: records. Out: libxl's structs. A domain that there is not has no devices: libxl says so, too, and not that the
//! domain is unknown.

use core::ffi::{CStr, c_char, c_int};
use core::fmt::Display;

use super::fill::{FromRecord, disk_number, pci_device, usb_devices};
use super::vdev;
use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::device::{Body, Device, Disk, Nic, UsbController};
use crate::sim::world::domain::NONE;
use crate::sim::world::machine::Pci;
use crate::xl::sys::{
    ERROR_FAIL, ERROR_INVAL, ERROR_NOTFOUND, libxl_ctx, libxl_device_channel, libxl_device_disk, libxl_device_nic,
    libxl_device_pci, libxl_device_usbctrl, libxl_device_usbdev, libxl_device_vdispl, libxl_device_vkb,
    libxl_device_vsnd, libxl_device_vtpm,
};

/// What the vTPM functions return for "not found": no code of libxl's.
const VTPM_NOT_FOUND: c_int = 1;

/// All devices of one kind that a domain has.
///
/// # Safety
/// `ctx` is a context of ours, `count` a place for the count.
unsafe fn list<T: FromRecord>(ctx: *mut libxl_ctx, domid: u32, count: *mut c_int) -> *mut T {
    // SAFETY: the caller's promise.
    let context = unsafe { Context::of(ctx) };
    let devices = context.world().devices(domid).filter_map(|device| T::from_record(context, &device));
    // SAFETY: the caller's promise.
    unsafe { memory::give_array(count, memory::array(devices)) }
}

/// The one of a domain's devices of a kind that `is_it` recognises.
fn find<B: Body>(context: &Context, domid: u32, is_it: impl Fn(&Device, &B) -> bool) -> Option<Device> {
    context.world().devices(domid).find(|device| device.body().is_some_and(|body| is_it(device, body)))
}

/// The device of that number; `or_else` reports that there is none.
///
/// # Safety
/// `ctx` is a context of ours, `to` a place for the struct.
unsafe fn by_devid<T: FromRecord>(
    ctx: *mut libxl_ctx,
    domid: u32,
    devid: c_int,
    to: *mut T,
    or_else: impl FnOnce(&Context) -> c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    let context = unsafe { Context::of(ctx) };
    let found = find::<T::Body>(context, domid, |device, _| device.devid == devid);
    let value = found.and_then(|device| T::from_record(context, &device));
    let code = if value.is_some() { 0 } else { or_else(context) };
    // SAFETY: the caller's promise.
    unsafe { memory::give(to, value.unwrap_or_else(|| context.initial())) };
    code
}

macro_rules! lists {
    ($($function:ident -> $struct:ident)*) => {$(
        /// As libxl's own.
        pub(crate) unsafe extern "C" fn $function(
            ctx: *mut libxl_ctx,
            domid: u32,
            count: *mut c_int,
        ) -> *mut $struct {
            // SAFETY: the caller's promises are the same.
            unsafe { list(ctx, domid, count) }
        }
    )*};
}

lists! {
    libxl_device_disk_list -> libxl_device_disk
    libxl_device_nic_list -> libxl_device_nic
    libxl_device_vkb_list -> libxl_device_vkb
    libxl_device_channel_list -> libxl_device_channel
    libxl_device_usbctrl_list -> libxl_device_usbctrl
    libxl_device_vtpm_list -> libxl_device_vtpm
    libxl_device_vdispl_list -> libxl_device_vdispl
    libxl_device_vsnd_list -> libxl_device_vsnd
}

/// As libxl's own: what is plugged into the domain's controllers.
pub(crate) unsafe extern "C" fn libxl_device_usbdev_list(
    ctx: *mut libxl_ctx,
    domid: u32,
    count: *mut c_int,
) -> *mut libxl_device_usbdev {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    let mut plugged = memory::List::default();
    for device in context.world().devices(domid) {
        if let Some(controller) = device.body::<UsbController>() {
            plugged.extend(usb_devices(context, &device, controller));
        }
    }
    // SAFETY: the caller gives a place for the count.
    unsafe { memory::give_array(count, plugged.into_array()) }
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_device_pci_list(
    ctx: *mut libxl_ctx,
    domid: u32,
    count: *mut c_int,
) -> *mut libxl_device_pci {
    // SAFETY: the caller's promises are the same.
    unsafe { pci_list(ctx, count, |pci| u32::try_from(pci.owner) == Ok(domid)) }
}

/// As libxl's own: what pciback has and nobody else.
pub(crate) unsafe extern "C" fn libxl_device_pci_assignable_list(
    ctx: *mut libxl_ctx,
    count: *mut c_int,
) -> *mut libxl_device_pci {
    // SAFETY: the caller's promises are the same.
    unsafe { pci_list(ctx, count, |pci| pci.owner == NONE) }
}

/// Those of the assignable PCI devices that are `wanted`.
///
/// # Safety
/// `ctx` is a context of ours, `count` a place for the count.
unsafe fn pci_list(ctx: *mut libxl_ctx, count: *mut c_int, wanted: impl Fn(&Pci) -> bool) -> *mut libxl_device_pci {
    // SAFETY: the caller's promise.
    let context = unsafe { Context::of(ctx) };
    let machine = context.world().machine();
    let devices = machine.pci.iter().filter(|pci| pci.state == Pci::ASSIGNABLE && wanted(pci));
    // SAFETY: the caller's promise.
    unsafe { memory::give_array(count, memory::array(devices.map(|pci| pci_device(context, pci)))) }
}

/// What libxl says of a node that it must read and that is not there.
pub(super) fn missing_node(context: &Context, domid: u32, kind: &str, devid: impl Display) -> c_int {
    let reason = format_args!("xenstore read failed: `/libxl/{domid}/device/{kind}/{devid}'");
    context.report().because(libc::ENOENT).say("libxl__xs_read_mandatory", reason);
    ERROR_NOTFOUND
}

macro_rules! by_devid {
    ($($function:ident -> $struct:ident, else |$context:ident, $domid:ident, $devid:ident| $or_else:expr;)*) => {$(
        /// As libxl's own.
        pub(crate) unsafe extern "C" fn $function(
            ctx: *mut libxl_ctx,
            $domid: u32,
            $devid: c_int,
            device: *mut $struct,
        ) -> c_int {
            // SAFETY: the caller's promises are the same.
            unsafe { by_devid(ctx, $domid, $devid, device, |$context| $or_else) }
        }
    )*};
}

by_devid! {
    libxl_devid_to_device_nic -> libxl_device_nic,
        else |context, domid, devid| missing_node(context, domid, "vif", devid);
    libxl_devid_to_device_usbctrl -> libxl_device_usbctrl,
        else |context, domid, devid| missing_node(context, domid, "vusb", devid);
    libxl_devid_to_device_vdispl -> libxl_device_vdispl,
        else |context, domid, devid| missing_node(context, domid, "vdispl", devid);
    libxl_devid_to_device_vkb -> libxl_device_vkb, else |_context, domid, devid| ERROR_NOTFOUND;
    libxl_devid_to_device_vsnd -> libxl_device_vsnd, else |_context, domid, devid| ERROR_NOTFOUND;
    libxl_devid_to_device_vtpm -> libxl_device_vtpm, else |context, domid, devid| no_such_vtpm(context, domid);
}

/// A domain without any vTPM is one failure, one without this vTPM another.
fn no_such_vtpm(context: &Context, domid: u32) -> c_int {
    let any = find::<crate::sim::world::device::Vtpm>(context, domid, |_, _| true);
    if any.is_some() { VTPM_NOT_FOUND } else { ERROR_FAIL }
}

/// As libxl's own: a disk by any of its names.
pub(crate) unsafe extern "C" fn libxl_vdev_to_device_disk(
    ctx: *mut libxl_ctx,
    domid: u32,
    name: *const c_char,
    disk: *mut libxl_device_disk,
) -> c_int {
    // SAFETY: a context of ours, and a string of the caller's.
    let (context, name) = unsafe { (Context::of(ctx), CStr::from_ptr(name)) };
    let Some(number) = name.to_str().ok().and_then(vdev::number) else {
        return ERROR_INVAL;
    };
    let found = find(context, domid, |_, disk: &Disk| disk_number(disk) == Some(number));
    match found.and_then(|device| FromRecord::from_record(context, &device)) {
        Some(value) => {
            // SAFETY: the caller gives a place for it.
            unsafe { memory::give(disk, value) };
            0
        }
        None => {
            let reason = format_args!("disk /libxl/{domid}/device/vbd/{number} does not exist (no backend path");
            context.report().say("libxl__disk_from_xenstore", reason);
            ERROR_FAIL
        }
    }
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_mac_to_device_nic(
    ctx: *mut libxl_ctx,
    domid: u32,
    address: *const c_char,
    nic: *mut libxl_device_nic,
) -> c_int {
    // SAFETY: a context of ours, and a string of the caller's.
    let (context, address) = unsafe { (Context::of(ctx), CStr::from_ptr(address)) };
    let Some(wanted) = mac(address.to_bytes()) else {
        return ERROR_INVAL;
    };
    if find(context, domid, |_, _: &Nic| true).is_none() {
        return ERROR_FAIL;
    }
    let found = find(context, domid, |_, nic: &Nic| nic.mac == wanted);
    match found.and_then(|device| FromRecord::from_record(context, &device)) {
        Some(value) => {
            // SAFETY: the caller gives a place for it.
            unsafe { memory::give(nic, value) };
            0
        }
        None => ERROR_INVAL,
    }
}

/// Six pairs of digits with colons between. What follows one more colon is nobody's business, as in libxl.
fn mac(text: &[u8]) -> Option<[u8; 6]> {
    let mut address = [0; 6];
    let mut pairs = text.split(|&byte| byte == b':');
    for byte in &mut address {
        let pair = pairs.next().filter(|pair| pair.len() == 2)?;
        *byte = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(address)
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_ctrlport_to_device_usbdev(
    ctx: *mut libxl_ctx,
    domid: u32,
    devid: c_int,
    port: c_int,
    usbdev: *mut libxl_device_usbdev,
) -> c_int {
    // SAFETY: a context of ours.
    let context = unsafe { Context::of(ctx) };
    let controller = find(context, domid, |device, _: &UsbController| device.devid == devid);
    let plugged = controller.and_then(|device| {
        let controller = device.body::<UsbController>()?;
        usb_devices(context, &device, controller).find(|usbdev| usbdev.port == port)
    });
    match plugged {
        Some(value) => {
            // SAFETY: the caller gives a place for it.
            unsafe { memory::give(usbdev, value) };
            0
        }
        None => ERROR_FAIL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_six_pairs_of_digits() {
        assert_eq!(mac(b"00:16:3e:0a:FF:01"), Some([0, 0x16, 0x3e, 10, 255, 1]));
        assert_eq!(mac(b"00:16:3e:0a:ff:01:x"), Some([0, 0x16, 0x3e, 10, 255, 1]));
        for wrong in [&b""[..], b"00:16:3e:0a:ff", b"0:16:3e:0a:ff:01", b"00-16-3e-0a-ff-01", b"00:16:3e:0a:ff:01x"] {
            assert_eq!(mac(wrong), None, "{}", wrong.escape_ascii());
        }
    }
}
