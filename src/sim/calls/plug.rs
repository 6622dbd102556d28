//! Devices that come and go while their domain lives.
//!
//! In: libxl's structs. Out: records, and the structs filled in as libxl fills them: numbers, defaults, backends. What
//! all kinds have in common is here; what each kind is, is in `plug_kinds`.

use core::ffi::{c_char, c_int};

use super::change::{anything, operations, refused, str_of};
use super::names::number;
use super::store::{domain_type, report_unlocked};
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::world::device::{Body, Device};
use crate::sim::world::domain::Text;
use crate::xl::sys::{
    ERROR_DEVICE_EXISTS, ERROR_DOMAIN_NOTFOUND, ERROR_FAIL, ERROR_INVAL, ERROR_LOCK_FAIL, libxl_device_disk,
    libxl_device_nic, libxl_device_p9, libxl_device_pvcallsif, libxl_device_usbctrl, libxl_device_vdispl,
    libxl_device_vfb, libxl_device_vkb, libxl_device_vsnd, libxl_device_vtpm, libxl_domain_type,
};

/// The domain that gets a device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    pub(super) domid: u32,
    pub(super) kind: libxl_domain_type,
    /// It lives already.
    pub(super) hotplug: bool,
}

/// A struct of libxl's that is one device.
pub(super) trait Pluggable {
    /// Its record's body.
    type Body: Body;
    /// libxl asks for the domain's type before it does anything else, and thus notices that there is none.
    const ASKS_TYPE: bool;

    /// The domain that provides it, by name and number.
    fn backend(&mut self) -> (*mut c_char, &mut u32);

    /// Its number among its kind; `None` for one that is to be chosen.
    ///
    /// # Safety
    /// The struct's strings are strings.
    unsafe fn number(&self) -> Option<i32>;

    /// Remembers the chosen number. A disk's is in its name.
    fn set_number(&mut self, number: i32);

    /// Fills in what libxl fills in.
    ///
    /// # Safety
    /// The struct's strings are strings.
    unsafe fn set_default(&mut self, context: &Context, owner: &Owner) -> Outcome;

    /// Its record's body.
    ///
    /// # Safety
    /// The struct's strings are strings.
    unsafe fn to_body(&self, context: &Context) -> Result<Self::Body, c_int>;
}

/// A string of the caller's as a record, nothing for null. One that does not fit is refused.
///
/// # Safety
/// Null or a string.
pub(super) unsafe fn text<const WORDS: usize>(context: &Context, from: *const c_char) -> Result<Text<WORDS>, c_int> {
    // SAFETY: the caller's promise.
    let given = if from.is_null() { Some("") } else { unsafe { str_of(from) } };
    let record = given.map(Text::new).filter(|record| Some(record.as_c_str().to_bytes()) == given.map(str::as_bytes));
    record.ok_or_else(|| {
        let most = WORDS * 8 - 1;
        context.report().say("text", format_args!("the simulated host keeps UTF-8 of at most {most} bytes here"));
        ERROR_FAIL
    })
}

/// Fills a device in and makes its record. `others` are those that the domain has.
///
/// # Safety
/// The struct's strings are strings.
pub(super) unsafe fn prepare<T: Pluggable>(
    context: &Context,
    owner: &Owner,
    wanted: &mut T,
    others: &[Device],
) -> Result<Device, c_int> {
    // SAFETY: the caller's promise.
    unsafe {
        wanted.set_default(context, owner)?;
        resolve_backend(context, wanted)?;
        let own = || others.iter().filter(|device| device.kind == T::Body::KIND).map(|device| device.devid);
        let number = wanted.number().unwrap_or_else(|| own().max().map_or(0, |last| last + 1));
        wanted.set_number(number);
        if own().any(|other| other == number) {
            let reason = format_args!("device already exists in xenstore");
            context.report().about(owner.domid).say("libxl__device_add_async", reason);
            return Err(ERROR_DEVICE_EXISTS);
        }
        let mut device = Device::new(number, &wanted.to_body(context)?);
        device.backend = *wanted.backend().1;
        device.configured = u32::from(!owner.hotplug);
        Ok(device)
    }
}

/// `libxl__resolve_domid`.
///
/// # Safety
/// The struct's strings are strings.
unsafe fn resolve_backend<T: Pluggable>(context: &Context, wanted: &mut T) -> Outcome {
    let (name, domid) = wanted.backend();
    if name.is_null() {
        return Ok(());
    }
    // SAFETY: the caller's promise.
    let name = unsafe { core::ffi::CStr::from_ptr(name) };
    let by_name = || context.world().names().find(|(_, theirs)| theirs.as_c_str() == name).map(|(domid, _)| domid);
    *domid = number(name).or_else(by_name).ok_or(ERROR_INVAL)?;
    Ok(())
}

/// Adds a device to a domain that lives.
///
/// # Safety
/// A device whose strings are strings.
unsafe fn add<T: Pluggable>(context: &Context, domid: u32, device: *mut T) -> Outcome {
    let held = context.lock()?;
    let Some(head) = context.world().head(domid) else {
        drop(held);
        if T::ASKS_TYPE {
            domain_type(context, domid);
            return Err(ERROR_FAIL);
        }
        report_unlocked(context, domid);
        return Err(ERROR_LOCK_FAIL);
    };
    let owner = Owner { domid, kind: head.kind, hotplug: true };
    let others: Vec<Device> = context.world().devices(domid).collect();
    // SAFETY: the caller's promise.
    let record = unsafe { prepare(context, &owner, &mut *device, &others)? };
    context.world().add_device(&held, domid, &record).map_err(|_| {
        refused(
            context,
            domid,
            libc::ENOSPC,
            "libxl__device_add_async",
            "no more devices on a simulated host",
            ERROR_FAIL,
        )
    })
}

/// Refuses a disk whose name is none.
///
/// # Safety
/// As of [`add`].
unsafe fn is_named<T: Pluggable>(context: &Context, domid: u32, device: *mut T) -> Outcome {
    // SAFETY: the caller's promise.
    match unsafe { (*device).number() } {
        Some(-1) => {
            let reason = "Invalid or unsupported virtual disk identifier";
            Err(refused(context, domid, 0, "libxl__device_from_disk", reason, ERROR_INVAL))
        }
        _ => Ok(()),
    }
}

/// Takes a device away. One that is not there is gone already; libxl finds that in order, too.
///
/// # Safety
/// As of [`add`].
unsafe fn remove<T: Pluggable>(context: &Context, domid: u32, device: *mut T) -> Outcome {
    let held = context.lock()?;
    if context.world().head(domid).is_none() {
        let reason = format!("unable to get info for domain {domid}");
        let function = "libxl__initiate_device_generic_remove";
        return Err(refused(context, domid, 0, function, &reason, ERROR_DOMAIN_NOTFOUND));
    }
    // SAFETY: the caller's promise.
    if let Some(number) = unsafe { (*device).number() } {
        let mut which = Device::none();
        (which.kind, which.devid) = (T::Body::KIND, number);
        context.world().set_device(&held, domid, &which, None);
    }
    Ok(())
}

anything!(unchecked_nic(u32, *mut libxl_device_nic));
anything!(unchecked_vtpm(u32, *mut libxl_device_vtpm));
anything!(unchecked_vkb(u32, *mut libxl_device_vkb));
anything!(unchecked_vfb(u32, *mut libxl_device_vfb));
anything!(unchecked_vdispl(u32, *mut libxl_device_vdispl));
anything!(unchecked_vsnd(u32, *mut libxl_device_vsnd));
anything!(unchecked_usbctrl(u32, *mut libxl_device_usbctrl));
anything!(unchecked_p9(u32, *mut libxl_device_p9));
anything!(unchecked_pvcallsif(u32, *mut libxl_device_pvcallsif));

operations! {
    /// As libxl's own. What is on the host under the path is not looked at.
    libxl_device_disk_add(domid: u32, disk: *mut libxl_device_disk) => is_named, add;
    /// As libxl's own; guests here let every device go.
    libxl_device_disk_remove(domid: u32, disk: *mut libxl_device_disk) => is_named, remove;
    /// As libxl's own.
    libxl_device_disk_destroy(domid: u32, disk: *mut libxl_device_disk) => is_named, remove;
    /// As libxl's own.
    #[cfg(libxl_have = "DISK_SAFE_REMOVE")]
    libxl_device_disk_safe_remove(domid: u32, disk: *mut libxl_device_disk) => is_named, remove;
    /// As libxl's own.
    libxl_device_nic_add(domid: u32, nic: *mut libxl_device_nic) => unchecked_nic, add;
    /// As libxl's own.
    libxl_device_nic_remove(domid: u32, nic: *mut libxl_device_nic) => unchecked_nic, remove;
    /// As libxl's own.
    libxl_device_nic_destroy(domid: u32, nic: *mut libxl_device_nic) => unchecked_nic, remove;
    /// As libxl's own.
    libxl_device_vtpm_add(domid: u32, vtpm: *mut libxl_device_vtpm) => unchecked_vtpm, add;
    /// As libxl's own.
    libxl_device_vtpm_remove(domid: u32, vtpm: *mut libxl_device_vtpm) => unchecked_vtpm, remove;
    /// As libxl's own.
    libxl_device_vtpm_destroy(domid: u32, vtpm: *mut libxl_device_vtpm) => unchecked_vtpm, remove;
    /// As libxl's own.
    libxl_device_vkb_add(domid: u32, vkb: *mut libxl_device_vkb) => unchecked_vkb, add;
    /// As libxl's own.
    libxl_device_vkb_remove(domid: u32, vkb: *mut libxl_device_vkb) => unchecked_vkb, remove;
    /// As libxl's own.
    libxl_device_vkb_destroy(domid: u32, vkb: *mut libxl_device_vkb) => unchecked_vkb, remove;
    /// As libxl's own.
    libxl_device_vfb_add(domid: u32, vfb: *mut libxl_device_vfb) => unchecked_vfb, add;
    /// As libxl's own.
    libxl_device_vfb_remove(domid: u32, vfb: *mut libxl_device_vfb) => unchecked_vfb, remove;
    /// As libxl's own.
    libxl_device_vfb_destroy(domid: u32, vfb: *mut libxl_device_vfb) => unchecked_vfb, remove;
    /// As libxl's own.
    libxl_device_vdispl_add(domid: u32, vdispl: *mut libxl_device_vdispl) => unchecked_vdispl, add;
    /// As libxl's own.
    libxl_device_vdispl_remove(domid: u32, vdispl: *mut libxl_device_vdispl) => unchecked_vdispl, remove;
    /// As libxl's own.
    libxl_device_vdispl_destroy(domid: u32, vdispl: *mut libxl_device_vdispl) => unchecked_vdispl, remove;
    /// As libxl's own.
    libxl_device_vsnd_add(domid: u32, vsnd: *mut libxl_device_vsnd) => unchecked_vsnd, add;
    /// As libxl's own.
    libxl_device_vsnd_remove(domid: u32, vsnd: *mut libxl_device_vsnd) => unchecked_vsnd, remove;
    /// As libxl's own.
    libxl_device_vsnd_destroy(domid: u32, vsnd: *mut libxl_device_vsnd) => unchecked_vsnd, remove;
    /// As libxl's own.
    libxl_device_usbctrl_add(domid: u32, usbctrl: *mut libxl_device_usbctrl) => unchecked_usbctrl, add;
    /// As libxl's own, with what is plugged in.
    libxl_device_usbctrl_remove(domid: u32, usbctrl: *mut libxl_device_usbctrl) => unchecked_usbctrl, remove;
    /// As libxl's own, likewise.
    libxl_device_usbctrl_destroy(domid: u32, usbctrl: *mut libxl_device_usbctrl) => unchecked_usbctrl, remove;
    /// As libxl's own: domains are created with these, and get no more of them.
    libxl_device_p9_remove(domid: u32, p9: *mut libxl_device_p9) => unchecked_p9, remove;
    /// As libxl's own.
    libxl_device_p9_destroy(domid: u32, p9: *mut libxl_device_p9) => unchecked_p9, remove;
    /// As libxl's own: likewise.
    libxl_device_pvcallsif_remove(domid: u32, pvcallsif: *mut libxl_device_pvcallsif) => unchecked_pvcallsif, remove;
    /// As libxl's own.
    libxl_device_pvcallsif_destroy(domid: u32, pvcallsif: *mut libxl_device_pvcallsif) => unchecked_pvcallsif, remove;
}
