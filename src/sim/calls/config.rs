//! `libxl_retrieve_domain_configuration`: what a domain could be created from again.
//!
//! In: records, and what is stored with a domain that somebody created. Out: a `libxl_domain_config` in memory of
//! libxl's kind, which the caller disposes. Of a domain that was made up nothing is stored: then it is what a domain of
//! its kind would usually have been created with.

use core::ffi::{CStr, c_int};

use super::bitmaps::bitmap;
use super::change::{anything, operations};
use super::fill::{FromRecord, defbool, pci_device, usb_devices};
use super::sched::sched_params;
use super::store::report_unlocked;
use super::stored;
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::device::{Device, Disk, UsbController};
use crate::sim::world::domain::{Domain, NONE, flag};
use crate::xl::sys::{
    ERROR_FAIL, ERROR_LOCK_FAIL, LIBXL_BIOS_TYPE_SEABIOS, LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN,
    LIBXL_DISK_BACKEND_UNKNOWN, LIBXL_DOMAIN_TYPE_HVM, LIBXL_DOMAIN_TYPE_PV, LIBXL_VGA_INTERFACE_TYPE_CIRRUS,
    libxl_defbool, libxl_device_disk, libxl_device_nic, libxl_device_usbdev, libxl_domain_build_info,
    libxl_domain_config, libxl_uuid,
};

operations! {
    /// As libxl's own.
    libxl_retrieve_domain_configuration(domid: u32, config: *mut libxl_domain_config) => unchecked, retrieve;
}

anything!(unchecked(u32, *mut libxl_domain_config));

/// # Safety
/// An initialised configuration.
unsafe fn retrieve(context: &Context, domid: u32, config: *mut libxl_domain_config) -> Outcome {
    // SAFETY: the caller's promise.
    let config = unsafe { &mut *config };
    let Some(domain) = context.world().domain(domid) else {
        report_unlocked(context, domid);
        return Err(ERROR_LOCK_FAIL);
    };
    if domain.detail.name.is_empty() {
        let reason = format_args!("Fail to get domain configuration");
        context.report().about(domid).say("retrieve_domain_configuration_lock_acquired", reason);
        return Err(ERROR_FAIL);
    }
    let devices: memory::List<Device> = context.world().devices(domid).collect();
    if !stored::load(context, &domain, &devices, config)? {
        create_info(&domain, config);
        build_info(context, &domain, config);
        attach(context, &devices, config);
    }
    update(context, &domain, config);
    Ok(())
}

/// What libxl asks of the domain itself, whatever it was created from.
fn update(context: &Context, domain: &Domain, config: &mut libxl_domain_config) {
    let (head, info) = (&domain.head, &mut config.b_info);
    let online = |vcpu: &usize| domain.detail.vcpus[*vcpu].flags & flag::ONLINE != 0;
    let online = (0..head.vcpus as usize).filter(online).fold(0, |set, vcpu| set | 1 << vcpu);
    // SAFETY: from malloc, or null; replaced right away.
    unsafe { libc::free(info.avail_vcpus.map.cast()) };
    info.avail_vcpus = bitmap(online, head.vcpus);
    info.target_memkb = domain.detail.store.target_kb;
    info.max_memkb = domain.detail.store.static_max_kb;
    if let Some(params) = sched_params(context, head.domid) {
        info.sched_params = params;
    }
    let machine = context.world().machine();
    let pci = machine.pci.iter().filter(|pci| u32::try_from(pci.owner) == Ok(head.domid));
    (config.pcidevs, config.num_pcidevs) = memory::array(pci.map(|pci| pci_device(context, pci)));
}

fn create_info(domain: &Domain, config: &mut libxl_domain_config) {
    let info = &mut config.c_info;
    info.type_ = domain.head.kind;
    info.name = memory::text(domain.detail.name.as_c_str());
    info.uuid = libxl_uuid { uuid: domain.head.uuid };
    info.poolid = domain.head.pool;
    info.run_hotplug_scripts = defbool(true);
}

fn build_info(context: &Context, domain: &Domain, config: &mut libxl_domain_config) {
    let (head, info) = (&domain.head, &mut config.b_info);
    // SAFETY: an initialised struct whose type is set once, here.
    unsafe { (context.libxl().libxl_domain_build_info_init_type)(info, head.kind) };
    info.max_vcpus = head.vcpus.cast_signed();
    match head.kind {
        _ if head.domid == 0 => {}
        LIBXL_DOMAIN_TYPE_HVM => build_hvm(domain, info),
        kind => {
            info.kernel = memory::text(c"/boot/vmlinuz-guest");
            info.ramdisk = memory::text(c"/boot/initrd-guest.img");
            info.cmdline = memory::text(if kind == LIBXL_DOMAIN_TYPE_PV { PV_CMDLINE } else { PVH_CMDLINE });
        }
    }
}

const PV_CMDLINE: &CStr = c"root=/dev/xvda ro console=hvc0";
const PVH_CMDLINE: &CStr = c"root=/dev/xvda ro console=hvc0 quiet";

/// With a display that asks for a password, as a careful admin sets it up.
fn build_hvm(domain: &Domain, info: &mut libxl_domain_build_info) {
    info.device_model_version = LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN;
    info.device_model_stubdomain = defbool(domain.detail.store.stubdom != 0);
    info.acpi = defbool(true);
    info.apic = defbool(true);
    info.video_memkb = 8 << 10;
    // SAFETY: the union's member that the type names.
    let hvm = unsafe { &mut info.u.hvm };
    hvm.bios = LIBXL_BIOS_TYPE_SEABIOS;
    hvm.boot = memory::text(c"cd");
    hvm.vga.kind = LIBXL_VGA_INTERFACE_TYPE_CIRRUS;
    hvm.vnc.enable = defbool(true);
    hvm.vnc.listen = memory::text(c"127.0.0.1");
    hvm.vnc.passwd = memory::text(c"simulated");
    hvm.vnc.findunused = defbool(true);
    if domain.detail.store.serial != NONE {
        hvm.serial = memory::text(c"pty");
    }
}

/// A disk as it was asked for: without what libxl adds when it lists it, and with what only its configuration knows.
pub(super) fn disk(context: &Context, device: &Device) -> Option<libxl_device_disk> {
    let mut disk = libxl_device_disk::from_record(context, device)?;
    let record = device.body::<Disk>()?;
    disk.backend = LIBXL_DISK_BACKEND_UNKNOWN;
    #[cfg(libxl_have = "DEVICE_DISK_SPECIFICATION")]
    {
        disk.specification = crate::xl::sys::LIBXL_DISK_SPECIFICATION_UNKNOWN;
    }
    disk.colo_enable = libxl_defbool { val: 0 };
    disk.format = record.format;
    disk.direct_io_safe = record.direct_io_safe != 0;
    Some(disk)
}

/// The same of a network interface.
pub(super) fn nic(context: &Context, device: &Device) -> Option<libxl_device_nic> {
    let mut nic = libxl_device_nic::from_record(context, device)?;
    nic.mtu = 0;
    Some(nic)
}

/// The same of one that came later: what libxl adds to it is not stored. (A bridge that was named, though it is the
/// usual one, cannot be told from that.)
pub(super) fn added_nic(context: &Context, device: &Device) -> Option<libxl_device_nic> {
    let mut nic = nic(context, device)?;
    // SAFETY: from malloc, each with a NUL at its end; replaced right away.
    unsafe {
        if CStr::from_ptr(nic.bridge) == c"xenbr0" {
            libc::free(nic.bridge.cast());
            nic.bridge = core::ptr::null_mut();
        }
        libc::free(nic.script.cast());
    }
    nic.script = core::ptr::null_mut();
    Some(nic)
}

/// What is plugged into USB controllers.
pub(super) fn plugged<'d>(
    context: &'d Context,
    devices: &'d [Device],
) -> impl Iterator<Item = libxl_device_usbdev> + use<'d> {
    let controllers = devices.iter().filter_map(|device| Some((device, device.body::<UsbController>()?)));
    controllers.flat_map(|(device, controller)| usb_devices(context, device, controller))
}

/// The devices of a domain that nothing is stored of.
fn attach(context: &Context, devices: &[Device], config: &mut libxl_domain_config) {
    fn all<T: FromRecord>(context: &Context, devices: &[Device]) -> (*mut T, c_int) {
        // Nothing is stored, so what counts as configured is qemu's own.
        let shown = devices.iter().filter(|device| device.configured == 0);
        memory::array(shown.filter_map(|device| T::from_record(context, device)))
    }
    (config.disks, config.num_disks) = memory::array(devices.iter().filter_map(|device| disk(context, device)));
    (config.nics, config.num_nics) = memory::array(devices.iter().filter_map(|device| nic(context, device)));
    (config.vfbs, config.num_vfbs) = all(context, devices);
    (config.vkbs, config.num_vkbs) = all(context, devices);
    (config.channels, config.num_channels) = all(context, devices);
    (config.vtpms, config.num_vtpms) = all(context, devices);
    (config.usbctrls, config.num_usbctrls) = all(context, devices);
    (config.usbdevs, config.num_usbdevs) = memory::array(plugged(context, devices));
    (config.vdispls, config.num_vdispls) = all(context, devices);
    (config.vsnds, config.num_vsnds) = all(context, devices);
}
