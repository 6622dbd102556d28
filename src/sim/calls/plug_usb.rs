//! USB devices in controllers.
//!
//! In: libxl's structs. Out: a controller's record with one port more or less in use. Every device of the host can be
//! assigned, by its bus and address; the simulator has no list of them.

use core::ffi::c_int;

use super::change::{anything, operations, refused};
use super::plug::Owner;
use super::store::domain_type;
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::world::device::{Device, UsbController};
use crate::xl::sys::{
    ERROR_FAIL, ERROR_INVAL, ERROR_NOTFOUND, LIBXL_DOMAIN_TYPE_HVM, LIBXL_USBCTRL_TYPE_DEVICEMODEL,
    LIBXL_USBCTRL_TYPE_QUSB, LIBXL_USBDEV_TYPE_HOSTDEV, libxl_device_usbdev,
};

operations! {
    /// As libxl's own: without a controller it gets one, without a port a free one.
    libxl_device_usbdev_add(domid: u32, usbdev: *mut libxl_device_usbdev) => unchecked, add;
    /// As libxl's own.
    libxl_device_usbdev_remove(domid: u32, usbdev: *mut libxl_device_usbdev) => unchecked, remove;
}

anything!(unchecked(u32, *mut libxl_device_usbdev));

fn fail(context: &Context, domid: u32, reason: &str, code: c_int) -> c_int {
    refused(context, domid, 0, "libxl__device_usbdev_add", reason, code)
}

/// The address on the host.
fn address(usbdev: &libxl_device_usbdev) -> [u8; 2] {
    // SAFETY: there is but one type.
    unsafe { [usbdev.u.hostdev.hostbus, usbdev.u.hostdev.hostaddr] }
}

/// # Safety
/// A device.
unsafe fn add(context: &Context, domid: u32, usbdev: *mut libxl_device_usbdev) -> Outcome {
    // SAFETY: the caller's promise.
    let usbdev = unsafe { &mut *usbdev };
    let held = context.lock()?;
    let Some(head) = context.world().head(domid) else {
        drop(held);
        domain_type(context, domid);
        return Err(ERROR_FAIL);
    };
    let all = context.world().heads().flat_map(|head| context.world().devices(head.domid));
    let mut taken = all.filter_map(|device| device.body::<UsbController>().copied());
    if taken.any(|controller| controller.ports.contains(&address(usbdev))) {
        return Err(fail(context, domid, "USB device already attached to a domain", ERROR_INVAL));
    }
    let owner = Owner { domid, kind: head.kind, hotplug: true };
    let mut devices: Vec<Device> = context.world().devices(domid).collect();
    let before = devices.len();
    let at = plug(context, &owner, usbdev, &mut devices)?;
    let room = |_| fail(context, domid, "no more devices on a simulated host", ERROR_FAIL);
    if at >= before {
        context.world().add_device(&held, domid, &devices[at]).map_err(room)?;
    } else {
        context.world().set_device(&held, domid, &devices[at], Some(&devices[at]));
    }
    Ok(())
}

/// Plugs devices of a configuration in.
pub(super) fn plug_configured(
    context: &Context,
    owner: &Owner,
    usbdevs: &mut [libxl_device_usbdev],
    devices: &mut Vec<Device>,
) -> Outcome {
    usbdevs.iter_mut().try_for_each(|usbdev| plug(context, owner, usbdev, devices).map(drop))
}

/// Plugs a device into one of the controllers among `devices`, or into a new one. The controller's place in the list.
fn plug(
    context: &Context,
    owner: &Owner,
    usbdev: &mut libxl_device_usbdev,
    devices: &mut Vec<Device>,
) -> Result<usize, c_int> {
    let (domid, address) = (owner.domid, address(usbdev));
    if usbdev.type_ == 0 {
        usbdev.type_ = LIBXL_USBDEV_TYPE_HOSTDEV;
    }
    if address[1] == 0 {
        return Err(fail(context, domid, "USB device is not assignable.", ERROR_FAIL));
    }
    if usbdev.ctrl == -1 && usbdev.port != 0 {
        return Err(fail(context, domid, "USB controller must be specified if you specify port", ERROR_INVAL));
    }
    let at = match usbdev.ctrl {
        -1 => Ok(with_a_free_port(devices).unwrap_or_else(|| add_controller(owner, devices))),
        devid => controller(devices, devid).ok_or_else(|| super::devices::missing_node(context, domid, "vusb", devid)),
    }?;
    let mut body = *devices[at].body::<UsbController>().ok_or(ERROR_FAIL)?;
    let port = match usbdev.port {
        0 => free_port(&body)
            .ok_or_else(|| fail(context, domid, "No available port under specified controller", ERROR_FAIL))?,
        port => usize::try_from(port - 1).unwrap_or(usize::MAX),
    };
    if port >= usize::try_from(body.count).unwrap_or(0) || body.ports[port] != [0; 2] {
        return Err(fail(context, domid, "The controller port isn't available", ERROR_FAIL));
    }
    body.ports[port] = address;
    usbdev.ctrl = devices[at].devid;
    usbdev.port = c_int::try_from(port + 1).unwrap_or(0);
    devices[at] = devices[at].with(&body);
    Ok(at)
}

fn controller(devices: &[Device], devid: i32) -> Option<usize> {
    devices.iter().position(|device| device.body::<UsbController>().is_some() && device.devid == devid)
}

fn free_port(controller: &UsbController) -> Option<usize> {
    let count = usize::try_from(controller.count).unwrap_or(0);
    controller.ports.iter().take(count).position(|address| *address == [0; 2])
}

fn with_a_free_port(devices: &[Device]) -> Option<usize> {
    devices.iter().position(|device| device.body().is_some_and(|body| free_port(body).is_some()))
}

fn add_controller(owner: &Owner, devices: &mut Vec<Device>) -> usize {
    let own = devices.iter().filter(|device| device.body::<UsbController>().is_some()).map(|device| device.devid);
    let devid = own.max().map_or(0, |last| last + 1);
    let emulated = owner.kind == LIBXL_DOMAIN_TYPE_HVM;
    let (kind, count) = if emulated { (LIBXL_USBCTRL_TYPE_DEVICEMODEL, 6) } else { (LIBXL_USBCTRL_TYPE_QUSB, 8) };
    devices.push(Device::new(devid, &UsbController { kind, version: 2, count, ..bytemuck::Zeroable::zeroed() }));
    devices.len() - 1
}

/// # Safety
/// A device.
unsafe fn remove(context: &Context, domid: u32, usbdev: *mut libxl_device_usbdev) -> Outcome {
    // SAFETY: the caller's promise.
    let (devid, port) = unsafe { ((*usbdev).ctrl, (*usbdev).port) };
    if devid < 0 || port < 1 {
        return Err(refused(context, domid, 0, "libxl__device_usbdev_remove", "Invalid USB device", ERROR_FAIL));
    }
    let held = context.lock()?;
    let devices: Vec<Device> = context.world().devices(domid).collect();
    let Some(at) = controller(&devices, devid) else {
        drop(held);
        return Err(super::devices::missing_node(context, domid, "vusb", devid));
    };
    let mut body = *devices[at].body::<UsbController>().ok_or(ERROR_FAIL)?;
    let used = body.ports.get_mut(usize::try_from(port - 1).unwrap_or(usize::MAX)).filter(|port| **port != [0; 2]);
    *used.ok_or(ERROR_FAIL)? = [0; 2];
    let changed = devices[at].with(&body);
    if context.world().set_device(&held, domid, &changed, Some(&changed)) { Ok(()) } else { Err(ERROR_NOTFOUND) }
}
