//! A domain's record and devices, from libxl's configuration.
//!
//! In: a `libxl_domain_config`. Out: the same with libxl's defaults filled in, and what is made from it. No file that
//! it names is looked at; nothing boots.

use core::ffi::c_int;
use std::time::{SystemTime, UNIX_EPOCH};

use bytemuck::Zeroable;

use super::balloon::SLACK_KB;
use super::bitmaps::set_of;
use super::change::{refused, slice_of, str_of};
use super::fill::defbool;
use super::life::record;
use super::names::number;
use super::plug::{Owner, Pluggable, prepare};
use super::plug_usb::plug_configured;
use super::vital::{place, settle};
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::makeup::Random;
use crate::sim::world::device::{DEVICES_MAX, Device, Vkb};
use crate::sim::world::domain::{Detail, Domain, Head, NONE, Name, Share, Store, Text, VCPUS_MAX, Vcpu, flag};
use crate::sim::world::machine::{CPUS, cpus};
use crate::xl::sys::{
    ERROR_FAIL, ERROR_INVAL, LIBXL_DOMAIN_TYPE_HVM, LIBXL_DOMAIN_TYPE_PV, LIBXL_DOMAIN_TYPE_PVH, LIBXL_MEMKB_DEFAULT,
    LIBXL_VKB_BACKEND_QEMU, libxl_domain_config,
};

/// What stands for a size that the caller did not say.
const UNSET_KB: u64 = i64::cast_unsigned(LIBXL_MEMKB_DEFAULT as i64);
const MEMORY_KB: u64 = 32 << 10;
/// Of emulated graphics.
const VIDEO_KB: u64 = 8 << 10;
/// A domain's share of CPU time, unless somebody has said another.
pub(super) const WEIGHT: u32 = 256;

/// Bytes that nobody can foresee.
pub(super) fn random_bytes() -> [u8; 16] {
    let mut bytes = [0; 16];
    // SAFETY: as many bytes as it says. It cannot fail for so few.
    unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    bytes
}

/// A new uuid.
pub(super) fn random_uuid() -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, ..] = random_bytes();
    Random::new(u64::from_ne_bytes([a, b, c, d, e, f, g, h]), 0).uuid()
}

/// `libxl__domain_config_setdefault`, as far as the simulator can tell a difference.
///
/// # Safety
/// A configuration whose pointers are valid, in memory of libxl's kind.
pub(super) unsafe fn set_defaults(context: &Context, config: &mut libxl_domain_config) -> Outcome {
    let invalid = |function: &str, reason: core::fmt::Arguments<'_>| {
        context.report().say(function, reason);
        Err(ERROR_INVAL)
    };
    let (c_info, b_info) = (&mut config.c_info, &mut config.b_info);
    let kind = c_info.type_;
    if kind == 0 {
        return invalid("libxl__domain_create_info_setdefault", format_args!("domain type unspecified"));
    }
    if !matches!(kind, LIBXL_DOMAIN_TYPE_HVM | LIBXL_DOMAIN_TYPE_PV | LIBXL_DOMAIN_TYPE_PVH) || b_info.type_ != kind {
        return invalid("libxl__domain_build_info_setdefault", format_args!("invalid domain type"));
    }
    // SAFETY: the caller's promise.
    unsafe { choose_pool(context, config)? };
    let (c_info, b_info) = (&mut config.c_info, &mut config.b_info);
    if kind != LIBXL_DOMAIN_TYPE_PV && c_info.hap.val == 0 {
        c_info.hap = defbool(true);
    }
    if b_info.max_vcpus == 0 {
        b_info.max_vcpus = 1;
    }
    if b_info.avail_vcpus.size == 0 {
        b_info.avail_vcpus = super::bitmaps::bitmap(1, 1);
    }
    let or = |value: &mut u64, default| {
        if *value == UNSET_KB {
            *value = default;
        }
    };
    or(&mut b_info.max_memkb, MEMORY_KB);
    or(&mut b_info.target_memkb, b_info.max_memkb);
    or(&mut b_info.video_memkb, if kind == LIBXL_DOMAIN_TYPE_HVM { VIDEO_KB } else { 0 });
    #[cfg(libxl_have = "X86_MSR_RELAXED")]
    if b_info.arch_x86.msr_relaxed.val == 0 {
        b_info.arch_x86.msr_relaxed = defbool(false);
    }
    Ok(())
}

/// What libxl fills in besides when it is asked how much memory a domain needs. It keeps to that when it creates one in
/// the same context, which is not ours here.
pub(super) fn set_overhead(config: &mut libxl_domain_config) {
    (config.b_info.shadow_memkb, config.b_info.iommu_memkb) = overhead_kb(config);
}

/// Memory for shadows and for the IOMMU.
fn overhead_kb(config: &libxl_domain_config) -> (u64, u64) {
    let b_info = &config.b_info;
    let vcpus = u64::try_from(b_info.max_vcpus).unwrap_or(0);
    let maps = if b_info.type_ == LIBXL_DOMAIN_TYPE_PV { 0 } else { 1 + u64::from(config.c_info.hap.val <= 0) };
    let or = |value, default| if value == UNSET_KB { default } else { value };
    (or(b_info.shadow_memkb, 4 * (256 * vcpus + maps * (b_info.max_memkb / 1024))), or(b_info.iommu_memkb, 0))
}

/// # Safety
/// As of [`set_defaults`].
unsafe fn choose_pool(context: &Context, config: &mut libxl_domain_config) -> Outcome {
    let (machine, c_info) = (context.world().machine(), &mut config.c_info);
    if !c_info.pool_name.is_null() {
        // SAFETY: the caller's promise.
        let name = unsafe { core::ffi::CStr::from_ptr(c_info.pool_name) };
        let by_name = || machine.pools().find(|(_, pool)| pool.name.as_c_str() == name).map(|(number, _)| number);
        c_info.poolid = number(name).or_else(by_name).unwrap_or(u32::MAX);
    }
    if machine.pool(c_info.poolid).is_some() {
        return Ok(());
    }
    // SAFETY: likewise.
    let name = unsafe { str_of(c_info.pool_name) }.unwrap_or("(null)");
    let reason = format_args!("Illegal pool specified: {name}");
    context.report().say("libxl__domain_config_setdefault", reason);
    Err(ERROR_INVAL)
}

/// `libxl__domain_need_memory_calculate`.
pub(super) fn need_kb(config: &libxl_domain_config) -> u64 {
    let b_info = &config.b_info;
    let extra = if b_info.type_ == LIBXL_DOMAIN_TYPE_PV { 1024 } else { 2048 };
    let (shadow_kb, iommu_kb) = overhead_kb(config);
    let sum = [b_info.target_memkb, shadow_kb, iommu_kb, extra];
    sum.into_iter().fold(0, u64::saturating_add).div_ceil(2 << 10).saturating_mul(2 << 10)
}

/// What a domain of that number would be, paused. The configuration has its defaults.
///
/// # Safety
/// As of [`set_defaults`].
pub(super) unsafe fn domain(context: &Context, config: &libxl_domain_config, domid: u32) -> Result<Domain, c_int> {
    let (c_info, b_info) = (&config.c_info, &config.b_info);
    let cannot = |reason: String| refused(context, domid, 0, "libxl__domain_make", &reason, ERROR_FAIL);
    let vcpus = usize::try_from(b_info.max_vcpus).ok().filter(|vcpus| (1..=VCPUS_MAX).contains(vcpus));
    let vcpus = vcpus.ok_or_else(|| cannot(format!("no more than {VCPUS_MAX} vcpus on a simulated host")))?;
    // SAFETY: the caller's promise.
    let name = unsafe { str_of(c_info.name) }.and_then(record).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| cannot("New domain name not specified".to_owned()))?;
    let head = Head {
        uuid: c_info.uuid.uuid,
        domid,
        pool: c_info.poolid,
        kind: c_info.type_,
        vcpus: u32::try_from(vcpus).unwrap_or(1),
        device_model_of: NONE,
        memory_kb: b_info.target_memkb,
        memory_max_kb: b_info.target_memkb.saturating_add(SLACK_KB),
        ..Head::zeroed()
    };
    // SAFETY: the caller's promise.
    let mut domain = unsafe { Domain { head, detail: detail(config, domid, name) } };
    place(&mut domain, context.world().machine().pool(c_info.poolid).map_or(0, |pool| pool.cpus));
    settle(&mut domain);
    Ok(domain)
}

/// # Safety
/// As of [`set_defaults`].
unsafe fn detail(config: &libxl_domain_config, domid: u32, name: Name) -> Detail {
    let (b_info, tty) = (&config.b_info, domid.cast_signed());
    let is_hvm = b_info.type_ == LIBXL_DOMAIN_TYPE_HVM;
    // SAFETY: the union's member that the type names.
    let (serial, deaf) = unsafe {
        let hvm = &b_info.u.hvm;
        (is_hvm && (!hvm.serial.is_null() || !hvm.serial_list.is_null()), is_hvm && hvm.xen_platform_pci.val < 0)
    };
    let share = |value: c_int, default| u32::try_from(value).unwrap_or(default);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Detail {
        // SAFETY: the caller's promise.
        vcpus: unsafe { vcpus(config) },
        share: Share { weight: share(b_info.sched_params.weight, WEIGHT), cap: share(b_info.sched_params.cap, 0) },
        name,
        store: Store {
            target_kb: b_info.target_memkb,
            static_max_kb: b_info.max_memkb,
            started_s: u32::try_from(now).unwrap_or(u32::MAX),
            stubdom: 0,
            console: 2 * tty,
            serial: if serial { 2 * tty + 1 } else { NONE },
        },
        pauses: 1,
        deaf: deaf.into(),
        ..Detail::zeroed()
    }
}

/// # Safety
/// As of [`set_defaults`].
unsafe fn vcpus(config: &libxl_domain_config) -> [Vcpu; VCPUS_MAX] {
    let b_info = &config.b_info;
    let all = cpus(0..CPUS);
    // SAFETY: the caller's promise.
    let (online, hard, soft) = unsafe {
        let hard = &*slice_of(b_info.vcpu_hard_affinity, b_info.num_vcpu_hard_affinity);
        let soft = &*slice_of(b_info.vcpu_soft_affinity, b_info.num_vcpu_soft_affinity);
        (set_of(&raw const b_info.avail_vcpus), hard, soft)
    };
    // SAFETY: likewise.
    let pin = |map: Option<&_>| unsafe { map.map_or(0, |map| set_of(&raw const *map)) & all };
    core::array::from_fn(|vcpuid| {
        let (hard, soft) = (pin(hard.get(vcpuid)), pin(soft.get(vcpuid)));
        let flags = if online >> vcpuid & 1 == 1 { flag::ONLINE } else { 0 };
        let or_all = |set| if set == 0 { all } else { set };
        let exists = i32::try_from(vcpuid).is_ok_and(|vcpuid| vcpuid < b_info.max_vcpus);
        if exists { Vcpu { hard: or_all(hard), soft: or_all(soft), flags, ..Vcpu::zeroed() } } else { Vcpu::zeroed() }
    })
}

/// The records of its devices; the configuration gets their numbers and defaults.
///
/// # Safety
/// As of [`set_defaults`].
pub(super) unsafe fn devices(
    context: &Context,
    config: &mut libxl_domain_config,
    domid: u32,
) -> Result<Vec<Device>, c_int> {
    let owner = Owner { domid, kind: config.c_info.type_, hotplug: false };
    let mut devices = Vec::new();
    if owner.kind == LIBXL_DOMAIN_TYPE_HVM {
        // qemu's own, which no configuration names.
        let (unique_id, backend) = (Text::new(""), LIBXL_VKB_BACKEND_QEMU);
        let mut vkb = Device::new(0, &Vkb { unique_id, backend, absolute: 0, width: 0, height: 0 });
        vkb.configured = 1;
        devices.push(vkb);
    }
    // SAFETY: the caller's promise.
    unsafe {
        all(context, &owner, config.disks, config.num_disks, &mut devices)?;
        all(context, &owner, config.nics, config.num_nics, &mut devices)?;
        all(context, &owner, config.vfbs, config.num_vfbs, &mut devices)?;
        all(context, &owner, config.vkbs, config.num_vkbs, &mut devices)?;
        all(context, &owner, config.vtpms, config.num_vtpms, &mut devices)?;
        all(context, &owner, config.p9s, config.num_p9s, &mut devices)?;
        all(context, &owner, config.pvcallsifs, config.num_pvcallsifs, &mut devices)?;
        all(context, &owner, config.vdispls, config.num_vdispls, &mut devices)?;
        all(context, &owner, config.vsnds, config.num_vsnds, &mut devices)?;
        all(context, &owner, config.channels, config.num_channels, &mut devices)?;
        all(context, &owner, config.usbctrls, config.num_usbctrls, &mut devices)?;
        plug_configured(context, &owner, slice_of(config.usbdevs, config.num_usbdevs), &mut devices)?;
    }
    if devices.len() > DEVICES_MAX {
        let reason = format!("no more than {DEVICES_MAX} devices on a simulated host");
        return Err(refused(context, domid, libc::ENOSPC, "domcreate_attach_devices", &reason, ERROR_FAIL));
    }
    Ok(devices)
}

/// # Safety
/// As of [`set_defaults`]: an array of the configuration.
unsafe fn all<T: Pluggable>(
    context: &Context,
    owner: &Owner,
    first: *mut T,
    count: c_int,
    devices: &mut Vec<Device>,
) -> Outcome {
    // SAFETY: the caller's promise.
    for wanted in unsafe { slice_of(first, count) } {
        // SAFETY: likewise.
        let device = unsafe { prepare(context, owner, wanted, devices)? };
        devices.push(device);
    }
    Ok(())
}
