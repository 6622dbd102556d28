//! Each kind of device, as what libxl makes of its struct.
//!
//! In: a struct. Out: its defaults, in memory of libxl's kind where they are strings, and the body of its record.

use core::ffi::{c_char, c_int};

use super::change::{refused, str_of};
use super::fill::defbool;
use super::plug::{Owner, Pluggable, text};
use super::vdev;
use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::device::{
    Channel, Disk, Display, Framebuffer, Nic, PORTS, Pvcalls, Share9p, Sound, UsbController, Vkb, Vtpm,
};
use crate::sim::world::domain::Text;
use crate::xl::sys::{
    ERROR_FAIL, ERROR_INVAL, LIBXL_CHANNEL_CONNECTION_PTY, LIBXL_CHANNEL_CONNECTION_SOCKET, LIBXL_DISK_BACKEND_PHY,
    LIBXL_DISK_BACKEND_QDISK, LIBXL_DISK_BACKEND_UNKNOWN, LIBXL_DISK_FORMAT_RAW, LIBXL_DOMAIN_TYPE_HVM,
    LIBXL_NIC_TYPE_VIF, LIBXL_NIC_TYPE_VIF_IOEMU, LIBXL_USBCTRL_TYPE_AUTO, LIBXL_USBCTRL_TYPE_DEVICEMODEL,
    LIBXL_USBCTRL_TYPE_QUSB, LIBXL_VKB_BACKEND_QEMU, LIBXL_VKB_BACKEND_UNKNOWN, libxl_defbool, libxl_device_channel,
    libxl_device_disk, libxl_device_nic, libxl_device_p9, libxl_device_pvcallsif, libxl_device_usbctrl,
    libxl_device_vdispl, libxl_device_vfb, libxl_device_vkb, libxl_device_vsnd, libxl_device_vtpm,
};

/// The parts that are the same but for the kinds that have no number of their own.
macro_rules! common {
    ($body:ty, asks_type: $asks:literal) => {
        type Body = $body;
        const ASKS_TYPE: bool = $asks;

        fn backend(&mut self) -> (*mut c_char, &mut u32) {
            (self.backend_domname, &mut self.backend_domid)
        }

        unsafe fn number(&self) -> Option<i32> {
            (self.devid != -1).then_some(self.devid)
        }

        fn set_number(&mut self, number: i32) {
            self.devid = number;
        }
    };
}

/// Sets a defbool that nobody has set.
fn default(to: &mut libxl_defbool, value: bool) {
    if to.val == 0 {
        *to = defbool(value);
    }
}

fn is_true(value: libxl_defbool) -> bool {
    value.val > 0
}

impl Pluggable for libxl_device_disk {
    type Body = Disk;
    const ASKS_TYPE: bool = true;

    fn backend(&mut self) -> (*mut c_char, &mut u32) {
        (self.backend_domname, &mut self.backend_domid)
    }

    /// -1 for a name that is none.
    unsafe fn number(&self) -> Option<i32> {
        // SAFETY: the caller's promise.
        let number = unsafe { str_of(self.vdev) }.and_then(vdev::number);
        Some(number.and_then(|number| i32::try_from(number).ok()).unwrap_or(-1))
    }

    fn set_number(&mut self, _: i32) {}

    unsafe fn set_default(&mut self, context: &Context, owner: &Owner) -> Outcome {
        // SAFETY: the caller's promise.
        let (number, path) = unsafe { (self.number(), str_of(self.pdev_path).unwrap_or_default()) };
        if number == Some(-1) {
            let reason = "Invalid or unsupported virtual disk identifier";
            return Err(refused(context, owner.domid, 0, "device_disk_add", reason, ERROR_INVAL));
        }
        default(&mut self.discard_enable, self.readwrite != 0);
        default(&mut self.colo_enable, false);
        default(&mut self.colo_restore_enable, false);
        #[cfg(libxl_have = "DISK_TRUSTED")]
        default(&mut self.trusted, true);
        #[cfg(libxl_have = "DEVICE_DISK_SPECIFICATION")]
        if self.specification == crate::xl::sys::LIBXL_DISK_SPECIFICATION_UNKNOWN {
            self.specification = crate::xl::sys::LIBXL_DISK_SPECIFICATION_XEN;
        }
        if self.is_cdrom != 0 && owner.kind == LIBXL_DOMAIN_TYPE_HVM {
            if !matches!(self.backend, LIBXL_DISK_BACKEND_QDISK | LIBXL_DISK_BACKEND_UNKNOWN) {
                let reason = "Backend for CD devices on HVM guests must be Qdisk";
                return Err(refused(context, owner.domid, 0, "libxl__device_disk_setdefault", reason, ERROR_FAIL));
            }
            self.backend = LIBXL_DISK_BACKEND_QDISK;
        }
        if self.backend == LIBXL_DISK_BACKEND_UNKNOWN {
            let is_block_device = self.format == LIBXL_DISK_FORMAT_RAW && path.starts_with("/dev/");
            self.backend = if is_block_device { LIBXL_DISK_BACKEND_PHY } else { LIBXL_DISK_BACKEND_QDISK };
        }
        Ok(())
    }

    unsafe fn to_body(&self, context: &Context) -> Result<Disk, c_int> {
        // SAFETY: the caller's promise.
        let (path, vdev) = unsafe { (text(context, self.pdev_path)?, text(context, self.vdev)?) };
        let (backend, format) = (self.backend, self.format);
        let is = |value: c_int| u16::from(value != 0);
        let direct_io_safe = self.direct_io_safe.into();
        let (removable, writable, cdrom) = (is(self.removable), is(self.readwrite), is(self.is_cdrom));
        Ok(Disk { path, vdev, backend, format, removable, writable, cdrom, direct_io_safe })
    }
}

impl Pluggable for libxl_device_nic {
    common!(Nic, asks_type: true);

    unsafe fn set_default(&mut self, context: &Context, owner: &Owner) -> Outcome {
        if self.mtu == 0 {
            self.mtu = 1500;
        }
        if self.mac == [0; 6] {
            let [a, b, c, ..] = super::build::random_bytes();
            self.mac = [0x00, 0x16, 0x3e, a & 0x7f, b, c];
        }
        for (place, value) in [
            (&mut self.model, c"rtl8139"),
            (&mut self.bridge, c"xenbr0"),
            (&mut self.script, c"/etc/xen/scripts/vif-bridge"),
        ] {
            if place.is_null() {
                *place = memory::text(value);
            }
        }
        if owner.kind != LIBXL_DOMAIN_TYPE_HVM {
            if self.nictype == LIBXL_NIC_TYPE_VIF_IOEMU {
                let reason = "trying to create PV or PVH guest with an emulated interface";
                return Err(refused(context, owner.domid, 0, "libxl__device_nic_setdefault", reason, ERROR_INVAL));
            }
            self.nictype = LIBXL_NIC_TYPE_VIF;
        } else if self.nictype == 0 {
            self.nictype = if owner.hotplug { LIBXL_NIC_TYPE_VIF } else { LIBXL_NIC_TYPE_VIF_IOEMU };
        }
        #[cfg(libxl_have = "NIC_TRUSTED")]
        default(&mut self.trusted, true);
        Ok(())
    }

    unsafe fn to_body(&self, context: &Context) -> Result<Nic, c_int> {
        // SAFETY: the caller's promise.
        let bridge = unsafe { text(context, self.bridge)? };
        let (kind, mtu) = (u16::try_from(self.nictype).unwrap_or(0), u64::try_from(self.mtu).unwrap_or(0));
        Ok(Nic { bridge, mac: self.mac, kind, mtu })
    }
}

impl Pluggable for libxl_device_vkb {
    common!(Vkb, asks_type: false);

    unsafe fn set_default(&mut self, _: &Context, _: &Owner) -> Outcome {
        if self.backend_type == LIBXL_VKB_BACKEND_UNKNOWN {
            self.backend_type = LIBXL_VKB_BACKEND_QEMU;
        }
        Ok(())
    }

    unsafe fn to_body(&self, context: &Context) -> Result<Vkb, c_int> {
        // SAFETY: the caller's promise.
        let unique_id = unsafe { text(context, self.unique_id)? };
        let (width, height, absolute) = (self.width, self.height, self.feature_abs_pointer.into());
        Ok(Vkb { unique_id, backend: self.backend_type, absolute, width, height })
    }
}

impl Pluggable for libxl_device_vtpm {
    common!(Vtpm, asks_type: false);

    unsafe fn set_default(&mut self, _: &Context, _: &Owner) -> Outcome {
        if self.uuid.uuid == [0; 16] {
            self.uuid.uuid = super::build::random_uuid();
        }
        Ok(())
    }

    unsafe fn to_body(&self, _: &Context) -> Result<Vtpm, c_int> {
        Ok(Vtpm { uuid: self.uuid.uuid })
    }
}

impl Pluggable for libxl_device_vdispl {
    common!(Display, asks_type: false);

    unsafe fn set_default(&mut self, _: &Context, _: &Owner) -> Outcome {
        Ok(())
    }

    unsafe fn to_body(&self, _: &Context) -> Result<Display, c_int> {
        Ok(Display { backend_allocates: self.be_alloc.into() })
    }
}

impl Pluggable for libxl_device_vsnd {
    common!(Sound, asks_type: false);

    unsafe fn set_default(&mut self, _: &Context, _: &Owner) -> Outcome {
        Ok(())
    }

    unsafe fn to_body(&self, context: &Context) -> Result<Sound, c_int> {
        let given = (self.params.num_sample_rates > 0).then_some(self.params.sample_rates);
        // SAFETY: the caller's promise; as many rates as the count says.
        let (name, rate) = unsafe { (text(context, self.short_name)?, given.map_or(48_000, |first| *first)) };
        Ok(Sound { name, rate, channels: self.params.channels_max })
    }
}

impl Pluggable for libxl_device_vfb {
    common!(Framebuffer, asks_type: false);

    unsafe fn set_default(&mut self, _: &Context, _: &Owner) -> Outcome {
        default(&mut self.vnc.enable, true);
        let serves = is_true(self.vnc.enable);
        if serves && self.vnc.listen.is_null() {
            self.vnc.listen = memory::text(c"127.0.0.1");
        }
        default(&mut self.vnc.findunused, serves);
        default(&mut self.sdl.enable, false);
        default(&mut self.sdl.opengl, false);
        Ok(())
    }

    unsafe fn to_body(&self, context: &Context) -> Result<Framebuffer, c_int> {
        if !is_true(self.vnc.enable) {
            return Ok(Framebuffer { listen: Text::new(""), password: Text::new(""), display: 0 });
        }
        // SAFETY: the caller's promise.
        let (listen, password) = unsafe { (text(context, self.vnc.listen)?, text(context, self.vnc.passwd)?) };
        Ok(Framebuffer { listen, password, display: self.vnc.display.into() })
    }
}

impl Pluggable for libxl_device_p9 {
    common!(Share9p, asks_type: false);

    unsafe fn set_default(&mut self, _: &Context, _: &Owner) -> Outcome {
        Ok(())
    }

    unsafe fn to_body(&self, context: &Context) -> Result<Share9p, c_int> {
        // SAFETY: the caller's promise.
        unsafe { Ok(Share9p { tag: text(context, self.tag)?, path: text(context, self.path)? }) }
    }
}

impl Pluggable for libxl_device_pvcallsif {
    common!(Pvcalls, asks_type: false);

    unsafe fn set_default(&mut self, _: &Context, _: &Owner) -> Outcome {
        Ok(())
    }

    unsafe fn to_body(&self, _: &Context) -> Result<Pvcalls, c_int> {
        Ok(Pvcalls { unused: 0 })
    }
}

impl Pluggable for libxl_device_channel {
    common!(Channel, asks_type: false);

    unsafe fn set_default(&mut self, context: &Context, owner: &Owner) -> Outcome {
        let devid = self.devid;
        // SAFETY: the union's member that the connection names.
        let has_path = unsafe { !self.u.socket.path.is_null() };
        let reason = match self.connection {
            LIBXL_CHANNEL_CONNECTION_PTY => return Ok(()),
            LIBXL_CHANNEL_CONNECTION_SOCKET if has_path => return Ok(()),
            LIBXL_CHANNEL_CONNECTION_SOCKET => format!("channel {devid} has no path"),
            _ => format!("channel {devid} has no defined connection; to where should it be connected?"),
        };
        context.report().about(owner.domid).say("libxl__init_console_from_channel", format_args!("{reason}"));
        Err(ERROR_INVAL)
    }

    unsafe fn to_body(&self, context: &Context) -> Result<Channel, c_int> {
        let is_socket = self.connection == LIBXL_CHANNEL_CONNECTION_SOCKET;
        // SAFETY: the caller's promise, and the union's member that the connection names.
        unsafe {
            let path = if is_socket { text(context, self.u.socket.path)? } else { Text::new("") };
            Ok(Channel { name: text(context, self.name)?, path })
        }
    }
}

impl Pluggable for libxl_device_usbctrl {
    common!(UsbController, asks_type: true);

    unsafe fn set_default(&mut self, context: &Context, owner: &Owner) -> Outcome {
        let emulated = owner.kind == LIBXL_DOMAIN_TYPE_HVM;
        if self.type_ == LIBXL_USBCTRL_TYPE_AUTO {
            self.type_ = if emulated { LIBXL_USBCTRL_TYPE_DEVICEMODEL } else { LIBXL_USBCTRL_TYPE_QUSB };
        }
        if self.version == 0 {
            self.version = 2;
        }
        let is_emulated = self.type_ == LIBXL_USBCTRL_TYPE_DEVICEMODEL;
        let most = c_int::try_from(PORTS - 1).unwrap_or(0);
        let (ports, reason) = match (is_emulated, self.version, self.ports) {
            (false, ..1 | 3.., _) => (0, "USB version for paravirtualized devices must be 1 or 2".to_owned()),
            (false, _, ports) => (if ports == 0 { 8 } else { ports }, port_limit(most)),
            (true, 1, ports) => {
                (fixed(ports, 2), "Number of ports for USB controller of version 1 is always 2".to_owned())
            }
            (true, 2, ports) => {
                (fixed(ports, 6), "Number of ports for USB controller of version 2 is always 6".to_owned())
            }
            (true, 3, ports) => (if ports == 0 { 8 } else { ports }, port_limit(most)),
            (true, ..) => (0, "Illegal USB version".to_owned()),
        };
        if !(1..=most).contains(&ports) {
            context.report().say("libxl__device_usbctrl_setdefault", format_args!("{reason}"));
            return Err(ERROR_INVAL);
        }
        self.ports = ports;
        Ok(())
    }

    unsafe fn to_body(&self, _: &Context) -> Result<UsbController, c_int> {
        let (kind, version, count) = (self.type_, self.version, self.ports);
        Ok(UsbController { kind, version, count, unused: 0, ports: [[0; 2]; PORTS] })
    }
}

/// libxl's limit is 31 for some controllers; a record has room for 15.
fn port_limit(most: c_int) -> String {
    format!("Number of ports for USB controller is limited to {most}")
}

/// The number of ports that a controller always has, or 0 for a wish that it has others.
fn fixed(asked: c_int, ports: c_int) -> c_int {
    if asked == 0 || asked == ports { ports } else { 0 }
}
