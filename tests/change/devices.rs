//! Devices that come with a domain, later, and go.

use std::ptr::{null, null_mut};

use xenopsd::xl::List;
use xenopsd::xl::sys::{
    ERROR_DEVICE_EXISTS, ERROR_DOMAIN_NOTFOUND, ERROR_FAIL, ERROR_INVAL, ERROR_LOCK_FAIL, ERROR_NOTFOUND,
    LIBXL_CHANNEL_CONNECTION_PTY, LIBXL_CHANNEL_CONNECTION_SOCKET, LIBXL_DISK_BACKEND_PHY, LIBXL_DISK_BACKEND_QDISK,
    LIBXL_DISK_FORMAT_RAW, LIBXL_DOMAIN_TYPE_HVM, LIBXL_DOMAIN_TYPE_PVH, LIBXL_NIC_TYPE_VIF, LIBXL_NIC_TYPE_VIF_IOEMU,
    libxl_channelinfo, libxl_device_channel, libxl_device_disk, libxl_device_nic, libxl_device_p9, libxl_device_pci,
    libxl_device_pvcallsif, libxl_device_usbctrl, libxl_device_usbdev, libxl_device_vdispl, libxl_device_vfb,
    libxl_device_vkb, libxl_device_vsnd, libxl_device_vtpm, libxl_diskinfo, libxl_nicinfo, libxl_usbctrlinfo,
    libxl_vdisplinfo, libxl_vkbinfo, libxl_vsndinfo, libxl_vtpminfo,
};

use crate::call;
use crate::host::{Host, array, read, text};

fn disk(host: &Host, vdev: &str, path: &str) -> libxl_device_disk {
    let mut disk = host.initial::<libxl_device_disk>();
    (disk.vdev, disk.pdev_path) = (text(vdev), text(path));
    (disk.format, disk.readwrite) = (LIBXL_DISK_FORMAT_RAW, 1);
    disk
}

macro_rules! list {
    ($host:expr, $function:ident, $free:ident, $domid:expr) => {{
        let mut count = 0;
        let first = call!($host, $function, $domid, &raw mut count);
        unsafe { List::new(first, count, $host.xl.functions().$free) }
    }};
}

fn disks(host: &Host, domid: u32) -> List<'_, libxl_device_disk> {
    list!(host, libxl_device_disk_list, libxl_device_disk_list_free, domid)
}

fn nics(host: &Host, domid: u32) -> List<'_, libxl_device_nic> {
    list!(host, libxl_device_nic_list, libxl_device_nic_list_free, domid)
}

#[test]
fn a_domain_comes_with_its_devices() {
    let host = Host::open();
    let mut config = host.config("equipped", LIBXL_DOMAIN_TYPE_HVM);
    let inner = unsafe { &mut *config.as_mut_ptr() };
    let mut drive = disk(&host, "hdc", "/srv/a.iso");
    (drive.is_cdrom, drive.removable, drive.readwrite) = (1, 1, 0);
    (inner.disks, inner.num_disks) = array(vec![disk(&host, "xvda", "/dev/vg0/a"), drive]);
    (inner.nics, inner.num_nics) = array(vec![host.initial(), host.initial()]);
    (inner.vfbs, inner.num_vfbs) = array(vec![host.initial::<libxl_device_vfb>()]);
    (inner.p9s, inner.num_p9s) = array(vec![host.initial::<libxl_device_p9>()]);
    (inner.pvcallsifs, inner.num_pvcallsifs) = array(vec![host.initial::<libxl_device_pvcallsif>()]);
    let mut channels = vec![host.initial::<libxl_device_channel>(), host.initial::<libxl_device_channel>()];
    for (channel, connection) in
        channels.iter_mut().zip([LIBXL_CHANNEL_CONNECTION_SOCKET, LIBXL_CHANNEL_CONNECTION_PTY])
    {
        (channel.name, channel.connection) = (text("agent"), connection);
    }
    channels[0].u.socket.path = text("/run/agent");
    (inner.channels, inner.num_channels) = array(channels);
    let mut usbdev = host.initial::<libxl_device_usbdev>();
    (usbdev.u.hostdev.hostbus, usbdev.u.hostdev.hostaddr) = (3, 9);
    (inner.usbdevs, inner.num_usbdevs) = array(vec![usbdev]);
    let domid = host.try_create(&mut config).unwrap();

    let listed = disks(&host, domid);
    assert_eq!((read(listed[0].vdev), listed[0].backend), ("xvda".to_owned(), LIBXL_DISK_BACKEND_PHY));
    assert_eq!((listed[1].is_cdrom, listed[1].backend), (1, LIBXL_DISK_BACKEND_QDISK), "libxl's choice");
    let listed = nics(&host, domid);
    assert_eq!((listed[0].devid, listed[1].devid, listed[0].nictype), (0, 1, LIBXL_NIC_TYPE_VIF_IOEMU));
    assert_eq!((&listed[0].mac[..3], read(listed[0].bridge)), (&[0, 0x16, 0x3e][..], "xenbr0".to_owned()));
    let vkbs: List<'_, libxl_device_vkb> = list!(host, libxl_device_vkb_list, libxl_device_vkb_list_free, domid);
    assert_eq!(vkbs.len(), 1, "qemu's own");

    let again = host.configuration(domid);
    assert_eq!((again.num_disks, again.num_nics, again.num_vfbs, again.num_vkbs), (2, 2, 1, 0));
    assert_eq!((again.num_p9s, again.num_pvcallsifs, again.num_channels, again.num_usbdevs), (1, 1, 2, 1));
    let mac = unsafe { (*again.nics).mac };
    assert_eq!(mac, listed[0].mac, "the address that it was given is stored");
}

#[test]
fn disks_come_and_go() {
    let host = Host::open();
    let domid = host.create("disks");
    let mut device = disk(&host, "xvdb", "/dev/vg0/b");
    let add = |domid, device: &mut libxl_device_disk| call!(host, libxl_device_disk_add, domid, device, null());
    assert_eq!(add(domid, &mut device), 0);
    assert_eq!(device.backend, LIBXL_DISK_BACKEND_PHY, "filled in");
    assert_eq!(host.configuration(domid).num_disks, 1);
    host.heard();
    assert_eq!(add(domid, &mut disk(&host, "d1p0", "/dev/vg0/c")), ERROR_DEVICE_EXISTS, "another name of xvdb");
    assert!(host.heard().contains("device already exists in xenstore"));
    assert_eq!(add(domid, &mut disk(&host, "floppy", "")), ERROR_INVAL);
    assert_eq!(add(9999, &mut device), ERROR_FAIL);
    assert!(host.heard().contains("unable to get domain type for domid=9999"));

    let mut info = host.initial::<libxl_diskinfo>();
    assert_eq!(call!(host, libxl_device_disk_getinfo, domid, &raw const device, &raw mut info), 0);
    let number = 51728;
    assert_eq!(read(info.backend), format!("/local/domain/0/backend/vbd/{domid}/{number}"));
    assert_eq!(read(info.frontend), format!("/local/domain/{domid}/device/vbd/{number}"));
    assert_eq!((info.devid, info.state, info.frontend_id), (number, 4, domid));

    assert_eq!(call!(host, libxl_device_disk_remove, domid, &raw mut device, null()), 0);
    assert_eq!(disks(&host, domid).len(), 0);
    assert_eq!(host.configuration(domid).num_disks, 0);
    assert_eq!(call!(host, libxl_device_disk_getinfo, domid, &raw const device, &raw mut info), ERROR_FAIL);
    for remove in [host.xl.functions().libxl_device_disk_destroy, host.xl.functions().libxl_device_disk_safe_remove] {
        let mut remove = |domid| unsafe { remove.unwrap()(host.xl.ctx(), domid, &raw mut device, null()) };
        assert_eq!((remove(domid), remove(9999)), (0, ERROR_DOMAIN_NOTFOUND), "what is not there is gone");
    }
}

#[test]
fn a_domain_has_room_for_a_number_of_devices() {
    let host = Host::open();
    let domid = host.create("crowded");
    let mut added = 0;
    let refused = loop {
        let mut nic = host.initial::<libxl_device_nic>();
        match call!(host, libxl_device_nic_add, domid, &raw mut nic, null()) {
            0 => added += 1,
            code => break code,
        }
    };
    assert_eq!((added, refused), (24, ERROR_FAIL));
    assert!(host.heard().contains("no more devices on a simulated host"));
}

#[test]
fn media_are_exchanged() {
    let host = Host::open();
    let mut config = host.config("drive", LIBXL_DOMAIN_TYPE_HVM);
    let inner = unsafe { &mut *config.as_mut_ptr() };
    let mut drive = disk(&host, "hdc", "");
    (drive.is_cdrom, drive.removable) = (1, 1);
    (inner.disks, inner.num_disks) = array(vec![drive]);
    let domid = host.try_create(&mut config).unwrap();
    let medium = || read(disks(&host, domid)[0].pdev_path);
    let insert = |domid, vdev: &str, path: *mut std::ffi::c_char| {
        let mut medium = host.initial::<libxl_device_disk>();
        (medium.vdev, medium.pdev_path, medium.is_cdrom) = (text(vdev), path, 1);
        call!(host, libxl_cdrom_insert, domid, &raw mut medium, null())
    };
    assert_eq!((insert(domid, "hdc", text("/srv/b.iso")), medium()), (0, "/srv/b.iso".to_owned()));
    let config = host.configuration(domid);
    assert_eq!(read(unsafe { (*config.disks).pdev_path }), "/srv/b.iso");
    assert_eq!((insert(domid, "hdc", null_mut()), medium()), (0, String::new()));
    assert_eq!(insert(domid, "hdd", text("/srv/b.iso")), ERROR_FAIL);
    assert!(host.heard().contains("Virtual device not found"));
    assert_eq!(insert(host.create("no-drive"), "hdc", null_mut()), ERROR_INVAL);
    assert!(host.heard().contains("cdrom-insert requires an HVM domain"));
    assert_eq!(insert(9999, "hdc", null_mut()), ERROR_FAIL);
}

#[test]
fn network_interfaces_come_and_go() {
    let host = Host::open();
    let domid = host.create("nics");
    let mut nic = host.initial::<libxl_device_nic>();
    assert_eq!(call!(host, libxl_device_nic_add, domid, &raw mut nic, null()), 0);
    assert_eq!((nic.devid, nic.nictype, read(nic.model)), (0, LIBXL_NIC_TYPE_VIF, "rtl8139".to_owned()));
    assert_eq!(nics(&host, domid)[0].mac, nic.mac);
    let mut emulated = host.initial::<libxl_device_nic>();
    emulated.nictype = LIBXL_NIC_TYPE_VIF_IOEMU;
    assert_eq!(call!(host, libxl_device_nic_add, domid, &raw mut emulated, null()), ERROR_INVAL);
    assert!(host.heard().contains("trying to create PV or PVH guest with an emulated interface"));
    let mut info = host.initial::<libxl_nicinfo>();
    assert_eq!(call!(host, libxl_device_nic_getinfo, domid, &raw const nic, &raw mut info), 0);
    assert_eq!(read(info.frontend), format!("/local/domain/{domid}/device/vif/0"));
    assert_eq!(call!(host, libxl_device_nic_remove, domid, &raw mut nic, null()), 0);
    assert_eq!(nics(&host, domid).len(), 0);
    assert_eq!(call!(host, libxl_device_nic_destroy, domid, &raw mut nic, null()), 0);
}

/// The kinds that are all alike: added with a number, listed, asked for, removed, destroyed.
macro_rules! comes_and_goes {
    ($($test:ident: $device:ident, $info:ident, $add:ident, $getinfo:ident, $remove:ident, $destroy:ident,
       $list:ident, $free:ident;)*) => {$(
        #[test]
        fn $test() {
            let host = Host::open();
            let domid = host.create(stringify!($test));
            let count = || list!(host, $list, $free, domid).len();
            let (mut one, mut other) = (host.initial::<$device>(), host.initial::<$device>());
            assert_eq!(call!(host, $add, domid, &raw mut one, null()), 0);
            assert_eq!(call!(host, $add, domid, &raw mut other, null()), 0);
            assert_eq!((one.devid, other.devid, count()), (0, 1, 2));
            assert_eq!(call!(host, $add, domid, &raw mut other, null()), ERROR_DEVICE_EXISTS);
            let mut info = host.initial::<$info>();
            assert_eq!(call!(host, $getinfo, domid, &raw const other, &raw mut info), 0);
            assert_eq!(info.devid, 1);
            assert_eq!(call!(host, $remove, domid, &raw mut one, null()), 0);
            assert_eq!(call!(host, $destroy, domid, &raw mut other, null()), 0);
            assert_eq!(count(), 0);
            assert_ne!(call!(host, $getinfo, domid, &raw const other, &raw mut info), 0);
            assert_eq!(call!(host, $remove, 9999, &raw mut one, null()), ERROR_DOMAIN_NOTFOUND);
            assert!(matches!(call!(host, $add, 9999, &raw mut one, null()), ERROR_LOCK_FAIL | ERROR_FAIL));
        }
    )*};
}

comes_and_goes! {
    keyboards: libxl_device_vkb, libxl_vkbinfo, libxl_device_vkb_add, libxl_device_vkb_getinfo,
        libxl_device_vkb_remove, libxl_device_vkb_destroy, libxl_device_vkb_list, libxl_device_vkb_list_free;
    vtpms: libxl_device_vtpm, libxl_vtpminfo, libxl_device_vtpm_add, libxl_device_vtpm_getinfo,
        libxl_device_vtpm_remove, libxl_device_vtpm_destroy, libxl_device_vtpm_list, libxl_device_vtpm_list_free;
    displays: libxl_device_vdispl, libxl_vdisplinfo, libxl_device_vdispl_add, libxl_device_vdispl_getinfo,
        libxl_device_vdispl_remove, libxl_device_vdispl_destroy, libxl_device_vdispl_list,
        libxl_device_vdispl_list_free;
    sound_cards: libxl_device_vsnd, libxl_vsndinfo, libxl_device_vsnd_add, libxl_device_vsnd_getinfo,
        libxl_device_vsnd_remove, libxl_device_vsnd_destroy, libxl_device_vsnd_list, libxl_device_vsnd_list_free;
    usb_controllers: libxl_device_usbctrl, libxl_usbctrlinfo, libxl_device_usbctrl_add,
        libxl_device_usbctrl_getinfo, libxl_device_usbctrl_remove, libxl_device_usbctrl_destroy,
        libxl_device_usbctrl_list, libxl_device_usbctrl_list_free;
}

#[test]
fn what_comes_with_a_domain_only_can_go() {
    let host = Host::open();
    let mut config = host.config("leaving", LIBXL_DOMAIN_TYPE_PVH);
    let inner = unsafe { &mut *config.as_mut_ptr() };
    (inner.p9s, inner.num_p9s) = array(vec![host.initial::<libxl_device_p9>()]);
    (inner.pvcallsifs, inner.num_pvcallsifs) = array(vec![host.initial::<libxl_device_pvcallsif>()]);
    let mut channel = host.initial::<libxl_device_channel>();
    (channel.name, channel.connection) = (text("agent"), LIBXL_CHANNEL_CONNECTION_PTY);
    (inner.channels, inner.num_channels) = array(vec![channel]);
    let domid = host.try_create(&mut config).unwrap();
    let counts = || {
        let config = host.configuration(domid);
        (config.num_p9s, config.num_pvcallsifs, config.num_vfbs, config.num_channels)
    };
    assert_eq!(counts(), (1, 1, 0, 1));
    let mut vfb = host.initial::<libxl_device_vfb>();
    assert_eq!(call!(host, libxl_device_vfb_add, domid, &raw mut vfb, null()), 0);
    assert_eq!((read(vfb.vnc.listen), counts()), ("127.0.0.1".to_owned(), (1, 1, 1, 1)));
    assert_eq!(call!(host, libxl_device_vfb_remove, domid, &raw mut vfb, null()), 0);
    assert_eq!(call!(host, libxl_device_vfb_destroy, domid, &raw mut vfb, null()), 0);
    let (mut p9, mut calls) = (host.initial::<libxl_device_p9>(), host.initial::<libxl_device_pvcallsif>());
    (p9.devid, calls.devid) = (0, 0);
    assert_eq!(call!(host, libxl_device_p9_remove, domid, &raw mut p9, null()), 0);
    assert_eq!(call!(host, libxl_device_p9_destroy, domid, &raw mut p9, null()), 0);
    assert_eq!(call!(host, libxl_device_pvcallsif_remove, domid, &raw mut calls, null()), 0);
    assert_eq!(call!(host, libxl_device_pvcallsif_destroy, domid, &raw mut calls, null()), 0);
    assert_eq!(counts(), (0, 0, 0, 1));

    let mut wanted = host.initial::<libxl_device_channel>();
    (wanted.devid, wanted.connection) = (0, LIBXL_CHANNEL_CONNECTION_PTY);
    let mut info = host.initial::<libxl_channelinfo>();
    assert_eq!(call!(host, libxl_device_channel_getinfo, domid, &raw const wanted, &raw mut info), 0);
    assert_eq!(read(info.frontend), format!("/local/domain/{domid}/device/console/1"));
}

#[test]
fn a_vtpm_is_found_by_its_uuid() {
    let host = Host::open();
    let domid = host.create("trusted");
    let mut vtpm = host.initial::<libxl_device_vtpm>();
    let mut found = host.initial::<libxl_device_vtpm>();
    let find = |uuid: &mut _, found: &mut _| call!(host, libxl_uuid_to_device_vtpm, domid, uuid, found);
    assert_eq!(find(&mut vtpm.uuid, &mut found), ERROR_FAIL);
    assert_eq!(call!(host, libxl_device_vtpm_add, domid, &raw mut vtpm, null()), 0);
    assert_ne!(vtpm.uuid.uuid, [0; 16]);
    assert_eq!((find(&mut vtpm.uuid, &mut found), found.devid), (0, vtpm.devid));
    vtpm.uuid.uuid[0] ^= 1;
    assert_eq!(find(&mut vtpm.uuid, &mut found), 1, "no code of libxl's");
}

#[test]
fn usb_devices_find_a_port() {
    let host = Host::open();
    let domid = host.create("usb");
    let device = |bus, address| {
        let mut usbdev = host.initial::<libxl_device_usbdev>();
        (usbdev.u.hostdev.hostbus, usbdev.u.hostdev.hostaddr) = (bus, address);
        usbdev
    };
    let add = |usbdev: &mut libxl_device_usbdev| call!(host, libxl_device_usbdev_add, domid, usbdev, null());
    let mut one = device(5, 1);
    assert_eq!((add(&mut one), one.ctrl, one.port), (0, 0, 1), "a controller was made for it");
    let mut other = device(5, 2);
    assert_eq!((add(&mut other), other.ctrl, other.port), (0, 0, 2));
    host.heard();
    assert_eq!(add(&mut device(5, 2)), ERROR_INVAL);
    assert!(host.heard().contains("USB device already attached to a domain"));
    let mut same_port = device(5, 3);
    (same_port.ctrl, same_port.port) = (0, 2);
    assert_eq!(add(&mut same_port), ERROR_FAIL);
    assert!(host.heard().contains("The controller port isn't available"));
    let mut no_controller = device(5, 3);
    no_controller.ctrl = 7;
    assert_eq!(add(&mut no_controller), ERROR_NOTFOUND);
    let plugged: List<'_, libxl_device_usbdev> =
        list!(host, libxl_device_usbdev_list, libxl_device_usbdev_list_free, domid);
    assert_eq!(plugged.len(), 2);
    let remove = |usbdev: &mut libxl_device_usbdev| call!(host, libxl_device_usbdev_remove, domid, usbdev, null());
    assert_eq!((remove(&mut one), remove(&mut one)), (0, ERROR_FAIL));
    assert_eq!(host.configuration(domid).num_usbdevs, 1);
}

/// All in one test: the devices are the host's.
#[test]
fn pci_devices_are_given_and_taken() {
    let host = Host::open();
    let (domid, other) = (host.create("passthrough"), host.create("without"));
    let device = |bus, dev, func| {
        let mut pci = host.initial::<libxl_device_pci>();
        (pci.bus, pci.dev, pci.func) = (bus, dev, func);
        pci
    };
    let mut pci = device(0x02, 0, 0);
    let add = |domid, pci: &mut libxl_device_pci| call!(host, libxl_device_pci_add, domid, pci, null());
    assert_eq!(add(domid, &mut pci), ERROR_FAIL);
    assert!(host.heard().contains("PCI device 0:2:0.0 is not assignable"));
    pci.name = text("disk");
    assert_eq!(call!(host, libxl_device_pci_assignable_add, &raw mut pci, 1), 0);
    let count = |domid| {
        let pcis: List<'_, libxl_device_pci> = list!(host, libxl_device_pci_list, libxl_device_pci_list_free, domid);
        pcis.len()
    };
    let mut by_name = device(0, 0, 0);
    by_name.name = text("disk");
    assert_eq!((add(domid, &mut by_name), count(domid)), (0, 1));
    assert_eq!(add(other, &mut by_name), ERROR_FAIL);
    assert_eq!(call!(host, libxl_device_pci_assignable_remove, &raw mut pci, 1), ERROR_FAIL, "somebody has it");
    assert_eq!(call!(host, libxl_device_pci_remove, other, &raw mut pci, null()), ERROR_INVAL);
    assert!(host.heard().contains("PCI device not attached to this domain"));
    assert_eq!((call!(host, libxl_device_pci_remove, domid, &raw mut pci, null()), count(domid)), (0, 0));
    assert_eq!(add(domid, &mut pci), 0);
    assert_eq!(host.configuration(domid).num_pcidevs, 1);
    assert_eq!(call!(host, libxl_device_pci_destroy, domid, &raw mut pci, null()), 0);
    assert_eq!(add(other, &mut pci), 0);
    assert_eq!(call!(host, libxl_domain_destroy, other, null()), 0);
    assert_eq!(call!(host, libxl_device_pci_assignable_remove, &raw mut pci, 1), 0, "the domain has let it go");
    let mut missing = device(0x44, 0, 0);
    assert_eq!(call!(host, libxl_device_pci_assignable_add, &raw mut missing, 1), ERROR_FAIL);
    assert!(host.heard().contains("Couldn't lstat /sys/bus/pci/devices/0000:44:00.0"));

    let mut config = host.config("born-with", LIBXL_DOMAIN_TYPE_PVH);
    let inner = unsafe { &mut *config.as_mut_ptr() };
    (inner.pcidevs, inner.num_pcidevs) = array(vec![device(0x03, 0x10, 4)]);
    let domid = host.try_create(&mut config).unwrap();
    assert_eq!(count(domid), 1);
    let mut config = host.config("born-without", LIBXL_DOMAIN_TYPE_PVH);
    let inner = unsafe { &mut *config.as_mut_ptr() };
    (inner.pcidevs, inner.num_pcidevs) = array(vec![device(0x03, 0x10, 4)]);
    assert_eq!(host.try_create(&mut config), Err(ERROR_FAIL));
}
