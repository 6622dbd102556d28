//! `libxl_retrieve_domain_configuration`: what a domain could be created from again.
//!
//! In: records. Out: a `libxl_domain_config` in memory of libxl's kind, which the caller disposes. What the simulator
//! does not keep (it never booted anything) is what the domain of its kind would usually have been created with.

use core::ffi::{CStr, c_int};

use super::fill::{FromRecord, defbool, pci_device, usb_devices};
use super::sched::sched_params;
use super::store::report_unlocked;
use crate::sim::calls::bitmaps::bitmap;
use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::device::{Device, Disk, UsbController};
use crate::sim::world::domain::{Domain, NONE, flag};
use crate::xl::sys::{
    ERROR_FAIL, ERROR_LOCK_FAIL, ERROR_NI, LIBXL_BIOS_TYPE_SEABIOS, LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN,
    LIBXL_DISK_BACKEND_UNKNOWN, LIBXL_DISK_SPECIFICATION_UNKNOWN, LIBXL_DOMAIN_TYPE_HVM, LIBXL_DOMAIN_TYPE_PV,
    LIBXL_VGA_INTERFACE_TYPE_CIRRUS, libxl_asyncop_how, libxl_ctx, libxl_defbool, libxl_device_disk, libxl_device_nic,
    libxl_domain_build_info, libxl_domain_config, libxl_uuid,
};

/// As libxl's own. It is done when it returns, also if the caller wants to be called back.
pub(crate) unsafe extern "C" fn libxl_retrieve_domain_configuration(
    ctx: *mut libxl_ctx,
    domid: u32,
    config: *mut libxl_domain_config,
    how: *const libxl_asyncop_how,
) -> c_int {
    // SAFETY: a context of ours, and the caller's own config, initialised.
    let code = unsafe { retrieve(Context::of(ctx), domid, &mut *config) };
    // SAFETY: null or the caller's wish.
    let Some(how) = (unsafe { how.as_ref() }) else {
        return code;
    };
    // A null callback asks for an event, and there are none yet.
    let Some(callback) = how.callback else {
        return ERROR_NI;
    };
    // SAFETY: the caller's own function; libxl calls back during the call itself, too.
    unsafe { callback(ctx, code, how.u.for_callback) };
    0
}

fn retrieve(context: &Context, domid: u32, config: &mut libxl_domain_config) -> c_int {
    let Some(domain) = context.world().domain(domid) else {
        report_unlocked(context, domid);
        return ERROR_LOCK_FAIL;
    };
    if domain.detail.name.is_empty() {
        let reason = format_args!("Fail to get domain configuration");
        context.report().about(domid).say("retrieve_domain_configuration_lock_acquired", reason);
        return ERROR_FAIL;
    }
    create_info(&domain, config);
    build_info(context, &domain, config);
    let devices: memory::List<Device> = context.world().devices(domid).collect();
    attach(context, &devices, config);
    let machine = context.world().machine();
    let pci = machine.pci.iter().filter(|pci| u32::try_from(pci.owner) == Ok(domid));
    (config.pcidevs, config.num_pcidevs) = memory::array(pci.map(|pci| pci_device(context, pci)));
    0
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
    let online = |vcpu: &usize| domain.detail.vcpus[*vcpu].flags & flag::ONLINE != 0;
    let online = (0..head.vcpus as usize).filter(online).fold(0, |set, vcpu| set | 1 << vcpu);
    info.avail_vcpus = bitmap(online, head.vcpus);
    info.target_memkb = domain.detail.store.target_kb;
    info.max_memkb = domain.detail.store.static_max_kb;
    if let Some(params) = sched_params(context, head.domid) {
        info.sched_params = params;
    }
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

/// The devices: as they were asked for, so without what libxl adds when it lists them.
fn attach(context: &Context, devices: &[Device], config: &mut libxl_domain_config) {
    fn all<T: FromRecord>(context: &Context, devices: &[Device]) -> (*mut T, c_int) {
        memory::array(devices.iter().filter_map(|device| T::from_record(context, device)))
    }
    let disks = devices.iter().filter_map(|device| {
        let mut disk = libxl_device_disk::from_record(context, device)?;
        let record = device.body::<Disk>()?;
        disk.backend = LIBXL_DISK_BACKEND_UNKNOWN;
        disk.specification = LIBXL_DISK_SPECIFICATION_UNKNOWN;
        disk.colo_enable = libxl_defbool { val: 0 };
        disk.format = record.format;
        disk.direct_io_safe = record.direct_io_safe != 0;
        Some(disk)
    });
    let nics = devices.iter().filter_map(|device| {
        let mut nic = libxl_device_nic::from_record(context, device)?;
        nic.mtu = 0;
        Some(nic)
    });
    let plugged = devices.iter().filter_map(|device| Some((device, device.body::<UsbController>()?)));
    let plugged = plugged.flat_map(|(device, controller)| usb_devices(context, device, controller));
    (config.disks, config.num_disks) = memory::array(disks);
    (config.nics, config.num_nics) = memory::array(nics);
    (config.vkbs, config.num_vkbs) = all(context, devices);
    (config.channels, config.num_channels) = all(context, devices);
    (config.vtpms, config.num_vtpms) = all(context, devices);
    (config.usbctrls, config.num_usbctrls) = all(context, devices);
    (config.usbdevs, config.num_usbdevs) = memory::array(plugged);
    (config.vdispls, config.num_vdispls) = all(context, devices);
    (config.vsnds, config.num_vsnds) = all(context, devices);
}
