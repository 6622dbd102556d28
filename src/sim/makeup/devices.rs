//! Devices of a domain, made up.
//!
//! In: the domain. Out: records. Every guest has a disk and a network interface; the rest is spread over them.

use super::Part;
use super::random::Random;
use crate::sim::calls::vdev;
use crate::sim::world::device::{
    Channel, DEVICES_MAX, Device, Disk, Display, Nic, PORTS, Sound, UsbController, Vkb, Vtpm,
};
use crate::sim::world::domain::{Domain, Text};
use crate::xl::sys::{
    LIBXL_DISK_BACKEND_PHY, LIBXL_DISK_BACKEND_QDISK, LIBXL_DISK_FORMAT_QCOW2, LIBXL_DISK_FORMAT_RAW,
    LIBXL_DOMAIN_TYPE_HVM, LIBXL_NIC_TYPE_VIF, LIBXL_NIC_TYPE_VIF_IOEMU, LIBXL_USBCTRL_TYPE_DEVICEMODEL,
    LIBXL_USBCTRL_TYPE_QUSB, LIBXL_VKB_BACKEND_LINUX, LIBXL_VKB_BACKEND_QEMU,
};

/// What a domain has.
pub(super) fn devices(domain: &Domain, part: Part, random: &mut Random) -> Vec<Device> {
    let mut devices = Vec::new();
    if !matches!(part, Part::Dom0 | Part::Stubdom | Part::Dying) {
        disks(domain, &mut devices);
        nics(domain, random, &mut devices);
        others(domain, random, &mut devices);
    }
    debug_assert!(devices.len() <= DEVICES_MAX);
    devices
}

fn disks(domain: &Domain, devices: &mut Vec<Device>) {
    let domid = domain.head.domid;
    let mut add = |vdev: &str, path: String, disk: Disk| {
        let devid = vdev::number(vdev).and_then(|number| i32::try_from(number).ok()).unwrap_or(0);
        devices.push(Device::new(devid, &Disk { path: Text::new(&path), vdev: Text::new(vdev), ..disk }));
    };
    let volume = Disk {
        backend: LIBXL_DISK_BACKEND_PHY,
        format: LIBXL_DISK_FORMAT_RAW,
        writable: 1,
        ..bytemuck::Zeroable::zeroed()
    };
    let image = Disk { backend: LIBXL_DISK_BACKEND_QDISK, format: LIBXL_DISK_FORMAT_QCOW2, ..volume };
    if domain.head.kind == LIBXL_DOMAIN_TYPE_HVM {
        add("xvda", format!("/var/lib/xen/images/{domid}-root.qcow2"), image);
        let drive = Disk { backend: LIBXL_DISK_BACKEND_QDISK, removable: 1, writable: 0, cdrom: 1, ..volume };
        let medium = if domid.is_multiple_of(2) { "/srv/iso/debian-12.iso" } else { "" };
        add("hdc", medium.to_owned(), drive);
    } else {
        add("xvda", format!("/dev/vg0/{domid}-root"), volume);
    }
    if domid.is_multiple_of(4) {
        add("xvdb", format!("/dev/vg0/{domid}-data"), volume);
    }
}

fn nics(domain: &Domain, random: &mut Random, devices: &mut Vec<Device>) {
    let emulated = domain.head.kind == LIBXL_DOMAIN_TYPE_HVM;
    let kind = if emulated { LIBXL_NIC_TYPE_VIF_IOEMU } else { LIBXL_NIC_TYPE_VIF };
    let bridges = if domain.head.domid % 5 == 3 { &["xenbr0", "storage0"][..] } else { &["xenbr0"] };
    for (devid, bridge) in (0..).zip(bridges) {
        let [a, b, c, ..] = random.next().to_be_bytes();
        let mac = [0x00, 0x16, 0x3e, a & 0x7f, b, c];
        let kind = u16::try_from(kind).unwrap_or(0);
        devices.push(Device::new(devid, &Nic { bridge: Text::new(bridge), mac, kind, mtu: 1500 }));
    }
}

/// What only some domains have, by kind and number.
fn others(domain: &Domain, random: &mut Random, devices: &mut Vec<Device>) {
    let domid = domain.head.domid;
    let emulated = domain.head.kind == LIBXL_DOMAIN_TYPE_HVM;
    if emulated {
        // qemu's own, which no configuration names.
        let mut own = Device::new(0, &vkb("", LIBXL_VKB_BACKEND_QEMU));
        own.configured = 1;
        devices.push(own);
    }
    if domid % 5 == 2 {
        let path = format!("/var/lib/xen/channel-{domid}");
        let channel = Channel { name: Text::new("org.qemu.guest_agent.0"), path: Text::new(&path) };
        devices.push(Device::new(0, &channel));
    }
    match domid % 16 {
        5 => devices.push(Device::new(0, &Vtpm { uuid: random.uuid() })),
        3 => devices.push(Device::new(0, &usb(domain))),
        9 => devices.extend([
            Device::new(0, &Display { backend_allocates: 1 }),
            Device::new(0, &Sound { name: Text::new("card"), rate: 48_000, channels: 2 }),
            Device::new(i32::from(emulated), &vkb("touch", LIBXL_VKB_BACKEND_LINUX)),
        ]),
        _ => {}
    }
}

fn vkb(unique_id: &str, backend: u32) -> Vkb {
    Vkb { unique_id: Text::new(unique_id), backend, absolute: 1, width: 1024, height: 768 }
}

/// A controller with something at its second port.
fn usb(domain: &Domain) -> UsbController {
    let emulated = domain.head.kind == LIBXL_DOMAIN_TYPE_HVM;
    let kind = if emulated { LIBXL_USBCTRL_TYPE_DEVICEMODEL } else { LIBXL_USBCTRL_TYPE_QUSB };
    let mut ports = [[0; 2]; PORTS];
    ports[1] = [1, 4];
    UsbController { kind, version: 2, count: 4, unused: 0, ports }
}
