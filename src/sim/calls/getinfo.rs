//! Where a device's two halves are in xenstore, and how they are connected.
//!
//! In: a device by its number. Out: libxl's `*info` structs. All devices here are connected; event channels and grant
//! references are numbers that follow from the device's.

use core::ffi::{c_char, c_int};

use super::devices::missing_node;
use super::fill::FromRecord;
use super::plug::Pluggable;
use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::device::{Body, Device, Vtpm};
use crate::xl::sys::{
    ERROR_FAIL, LIBXL_CHANNEL_CONNECTION_PTY, LIBXL_DISK_BACKEND_QDISK, LIBXL_USBCTRL_TYPE_DEVICEMODEL,
    LIBXL_USBCTRL_TYPE_QUSB, libxl_channelinfo, libxl_ctx, libxl_device_channel, libxl_device_disk, libxl_device_nic,
    libxl_device_usbctrl, libxl_device_vdispl, libxl_device_vkb, libxl_device_vsnd, libxl_device_vtpm, libxl_diskinfo,
    libxl_nicinfo, libxl_pcminfo, libxl_streaminfo, libxl_usbctrlinfo, libxl_uuid, libxl_vdisplinfo, libxl_vkbinfo,
    libxl_vsndinfo, libxl_vtpminfo,
};

/// XenbusStateConnected.
const CONNECTED: c_int = 4;

/// The connection of a device.
struct Connection {
    backend: *mut c_char,
    backend_id: u32,
    frontend: *mut c_char,
    evtch: c_int,
    rref: c_int,
}

impl Connection {
    fn of(domid: u32, device: &Device, (front, back): (&str, &str), devid: i32) -> Self {
        let (backend_id, first) = (device.backend, 8 + 2 * (device.devid & 0xff));
        let backend = format!("/local/domain/{backend_id}/backend/{back}/{domid}/{devid}");
        let frontend = format!("/local/domain/{domid}/device/{front}/{devid}");
        let (backend, frontend) = (memory::string(&backend), memory::string(&frontend));
        Self { backend, backend_id, frontend, evtch: first + 1, rref: first }
    }
}

/// The device of a domain that a struct of libxl's means.
///
/// # Safety
/// `ctx` is a context of ours, and the struct's strings are strings.
unsafe fn find<T: Pluggable>(ctx: *mut libxl_ctx, domid: u32, wanted: *const T) -> Option<(Device, T::Body)> {
    // SAFETY: the caller's promise.
    let (context, number) = unsafe { (Context::of(ctx), (*wanted).number()?) };
    let mut devices = context.world().devices(domid);
    let device = devices.find(|device| device.kind == T::Body::KIND && device.devid == number)?;
    Some((device, *device.body::<T::Body>()?))
}

macro_rules! infos {
    ($($function:ident($wanted:ident, $info:ident), |$found:ident| $names:expr, $offset:literal =>
       |$to:ident, $link:ident| $fill:expr;)*) => {$(
        /// As libxl's own: a device that is not there is a failure without words.
        pub(crate) unsafe extern "C" fn $function(
            ctx: *mut libxl_ctx,
            domid: u32,
            wanted: *const $wanted,
            info: *mut $info,
        ) -> c_int {
            // SAFETY: a context of ours, a device whose strings are strings, and a place for the answer.
            unsafe {
                let Some((device, $found)) = find(ctx, domid, wanted) else {
                    return ERROR_FAIL;
                };
                let devid = device.devid + $offset;
                let $link = Connection::of(domid, &device, $names, devid);
                let mut $to: $info = core::mem::zeroed();
                ($to.devid, $to.state, $to.frontend_id) = (device.devid, CONNECTED, domid);
                ($to.backend, $to.backend_id, $to.frontend) = ($link.backend, $link.backend_id, $link.frontend);
                $fill;
                info.write($to);
            }
            0
        }
    )*};
}

infos! {
    libxl_device_disk_getinfo(libxl_device_disk, libxl_diskinfo),
        |disk| ("vbd", if disk.backend == LIBXL_DISK_BACKEND_QDISK { "qdisk" } else { "vbd" }), 0 =>
        |to, link| (to.evtch, to.rref) = (link.evtch, link.rref);
    libxl_device_nic_getinfo(libxl_device_nic, libxl_nicinfo), |_nic| ("vif", "vif"), 0 =>
        |to, link| (to.evtch, to.rref_tx, to.rref_rx) = (link.evtch, link.rref, link.rref + 1);
    libxl_device_vtpm_getinfo(libxl_device_vtpm, libxl_vtpminfo), |vtpm| ("vtpm", "vtpm"), 0 =>
        |to, link| (to.evtch, to.rref, to.uuid) = (link.evtch, link.rref, libxl_uuid { uuid: vtpm.uuid });
    libxl_device_vkb_getinfo(libxl_device_vkb, libxl_vkbinfo), |_vkb| ("vkbd", "vkbd"), 0 =>
        |to, link| (to.evtch, to.rref) = (link.evtch, link.rref);
    libxl_device_vdispl_getinfo(libxl_device_vdispl, libxl_vdisplinfo), |display| ("vdispl", "vdispl"), 0 =>
        |to, link| to.be_alloc = display.backend_allocates != 0;
    libxl_device_vsnd_getinfo(libxl_device_vsnd, libxl_vsndinfo), |_sound| ("vsnd", "vsnd"), 0 =>
        |to, link| (to.pcms, to.num_vsnd_pcms) = memory::array([pcm(&link)]);
}

/// The one PCM device of a card, with a stream each way.
fn pcm(link: &Connection) -> libxl_pcminfo {
    let stream = |nth| libxl_streaminfo { req_evtch: link.evtch + nth, req_rref: link.rref + nth };
    let (streams, num_vsnd_streams) = memory::array([stream(0), stream(1)]);
    libxl_pcminfo { num_vsnd_streams, streams }
}

/// As libxl's own: the first console is not a channel, so their numbers in xenstore are one higher.
pub(crate) unsafe extern "C" fn libxl_device_channel_getinfo(
    ctx: *mut libxl_ctx,
    domid: u32,
    wanted: *const libxl_device_channel,
    info: *mut libxl_channelinfo,
) -> c_int {
    // SAFETY: a context of ours, a channel, and a place for the answer.
    unsafe {
        let Some((device, channel)) = find(ctx, domid, wanted) else {
            return ERROR_FAIL;
        };
        let link = Connection::of(domid, &device, ("console", "console"), device.devid + 1);
        let mut to: libxl_channelinfo = Context::of(ctx).initial();
        (to.devid, to.state, to.frontend_id) = (device.devid, CONNECTED, domid);
        (to.backend, to.backend_id, to.frontend) = (link.backend, link.backend_id, link.frontend);
        (to.evtch, to.rref, to.connection) = (link.evtch, link.rref, (*wanted).connection);
        if to.connection == LIBXL_CHANNEL_CONNECTION_PTY {
            let path = if channel.path.is_empty() { "/dev/pts/0" } else { "/NO-SUCH-PATH" };
            to.u.pty.path = memory::string(path);
        }
        info.write(to);
    }
    0
}

/// As libxl's own: an emulated controller has no frontend.
pub(crate) unsafe extern "C" fn libxl_device_usbctrl_getinfo(
    ctx: *mut libxl_ctx,
    domid: u32,
    wanted: *const libxl_device_usbctrl,
    info: *mut libxl_usbctrlinfo,
) -> c_int {
    // SAFETY: a context of ours, a controller, and a place for the answer.
    unsafe {
        let context = Context::of(ctx);
        let Some((device, controller)) = find(ctx, domid, wanted) else {
            missing_node(context, domid, "vusb", format_args!("{}/type", (*wanted).devid));
            return ERROR_FAIL;
        };
        let mut to: libxl_usbctrlinfo = context.initial();
        (to.type_, to.devid) = (controller.kind, device.devid);
        (to.version, to.ports, to.backend_id) = (controller.version, controller.count, device.backend);
        if controller.kind != LIBXL_USBCTRL_TYPE_DEVICEMODEL {
            let back = if controller.kind == LIBXL_USBCTRL_TYPE_QUSB { "qusb" } else { "vusb" };
            let link = Connection::of(domid, &device, ("vusb", back), device.devid);
            (to.backend, to.frontend, to.frontend_id) = (link.backend, link.frontend, domid);
            (to.state, to.evtch, to.ref_urb, to.ref_conn) = (CONNECTED, link.evtch, link.rref, link.rref);
        }
        info.write(to);
    }
    0
}

/// What `libxl_uuid_to_device_vtpm` returns for "not found": no code of libxl's.
const VTPM_NOT_FOUND: c_int = 1;

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_uuid_to_device_vtpm(
    ctx: *mut libxl_ctx,
    domid: u32,
    uuid: *mut libxl_uuid,
    vtpm: *mut libxl_device_vtpm,
) -> c_int {
    // SAFETY: a context of ours, a uuid, and a place for the answer.
    unsafe {
        let context = Context::of(ctx);
        let is_one = |device: &Device| device.body::<Vtpm>().is_some();
        let mut vtpms = context.world().devices(domid).filter(is_one).peekable();
        if vtpms.peek().is_none() {
            return ERROR_FAIL;
        }
        let found = vtpms.find(|device| device.body::<Vtpm>().is_some_and(|body| body.uuid == (*uuid).uuid));
        let value = found.and_then(|device| libxl_device_vtpm::from_record(context, &device));
        let code = if value.is_some() { 0 } else { VTPM_NOT_FOUND };
        memory::give(vtpm, value.unwrap_or_else(|| context.initial()));
        code
    }
}
