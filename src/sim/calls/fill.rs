//! Devices as libxl's structs.
//!
//! In: records. Out: structs, filled as libxl fills them from xenstore. That is less than what a device was made from:
//! what libxl does not read there stays at its default.

use super::vdev;
use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::device::{
    Body, Channel, Device, Disk, Display, Framebuffer, Nic, Pvcalls, Share9p, Sound, UsbController, Vkb, Vtpm,
};
use crate::sim::world::machine::Pci;
use crate::xl::Managed;
use crate::xl::sys::{
    LIBXL_CHANNEL_CONNECTION_PTY, LIBXL_CHANNEL_CONNECTION_SOCKET, LIBXL_USBDEV_TYPE_HOSTDEV,
    LIBXL_VSND_PCM_FORMAT_S16_LE, LIBXL_VSND_STREAM_TYPE_C, LIBXL_VSND_STREAM_TYPE_P, libxl_defbool,
    libxl_device_channel, libxl_device_disk, libxl_device_nic, libxl_device_p9, libxl_device_pci,
    libxl_device_pvcallsif, libxl_device_usbctrl, libxl_device_usbdev, libxl_device_vdispl, libxl_device_vfb,
    libxl_device_vkb, libxl_device_vsnd, libxl_device_vtpm, libxl_uuid, libxl_vsnd_params, libxl_vsnd_pcm,
    libxl_vsnd_stream, libxl_vsnd_stream_type,
};

/// A device as libxl's struct.
pub(crate) trait FromRecord: Managed {
    /// The body of its record.
    type Body: Body;

    /// Fills an initialised struct.
    fn fill(&mut self, context: &Context, device: &Device, body: &Self::Body);

    /// A new struct; `None` if the record is of another kind.
    fn from_record(context: &Context, device: &Device) -> Option<Self> {
        let body = device.body::<Self::Body>()?;
        let mut value: Self = context.initial();
        value.fill(context, device, body);
        Some(value)
    }
}

/// The domain that provides a device.
fn backend(device: &Device) -> u32 {
    device.backend
}

/// A defbool that is set.
pub(crate) fn defbool(value: bool) -> libxl_defbool {
    libxl_defbool { val: if value { 1 } else { -1 } }
}

impl FromRecord for libxl_device_disk {
    type Body = Disk;

    fn fill(&mut self, _: &Context, device: &Device, disk: &Disk) {
        self.backend_domid = backend(device);
        self.pdev_path = memory::text(disk.path.as_c_str());
        self.vdev = memory::text(disk.vdev.as_c_str());
        self.backend = disk.backend;
        #[cfg(libxl_have = "DEVICE_DISK_SPECIFICATION")]
        {
            self.specification = crate::xl::sys::LIBXL_DISK_SPECIFICATION_XEN;
        }
        self.removable = disk.removable.into();
        self.readwrite = disk.writable.into();
        self.is_cdrom = disk.cdrom.into();
        self.colo_enable = defbool(false);
    }
}

/// The number of a disk, from its name.
pub(crate) fn disk_number(disk: &Disk) -> Option<u32> {
    vdev::number(disk.vdev.as_c_str().to_str().ok()?)
}

impl FromRecord for libxl_device_nic {
    type Body = Nic;

    fn fill(&mut self, _: &Context, device: &Device, nic: &Nic) {
        self.backend_domid = backend(device);
        self.devid = device.devid;
        self.mtu = i32::try_from(nic.mtu).unwrap_or(i32::MAX);
        self.mac = nic.mac;
        self.bridge = memory::text(nic.bridge.as_c_str());
        self.script = memory::text(c"/etc/xen/scripts/vif-bridge");
        self.nictype = nic.kind.into();
    }
}

impl FromRecord for libxl_device_vkb {
    type Body = Vkb;

    fn fill(&mut self, _: &Context, device: &Device, vkb: &Vkb) {
        self.backend_domid = backend(device);
        self.devid = device.devid;
        self.backend_type = vkb.backend;
        if !vkb.unique_id.is_empty() {
            self.unique_id = memory::text(vkb.unique_id.as_c_str());
        }
        self.feature_abs_pointer = vkb.absolute != 0;
        (self.width, self.height) = (vkb.width, vkb.height);
    }
}

impl FromRecord for libxl_device_channel {
    type Body = Channel;

    /// libxl reads no backend, and numbers channels anew in each list.
    fn fill(&mut self, _: &Context, device: &Device, channel: &Channel) {
        self.devid = device.devid;
        self.name = memory::text(channel.name.as_c_str());
        if channel.path.is_empty() {
            self.connection = LIBXL_CHANNEL_CONNECTION_PTY;
            return;
        }
        self.connection = LIBXL_CHANNEL_CONNECTION_SOCKET;
        self.u.socket.path = memory::text(channel.path.as_c_str());
    }
}

impl FromRecord for libxl_device_usbctrl {
    type Body = UsbController;

    fn fill(&mut self, _: &Context, device: &Device, controller: &UsbController) {
        self.backend_domid = backend(device);
        self.devid = device.devid;
        self.type_ = controller.kind;
        self.version = controller.version;
        self.ports = controller.count;
    }
}

/// What is plugged into a controller.
pub(crate) fn usb_devices(
    context: &Context,
    device: &Device,
    controller: &UsbController,
) -> impl Iterator<Item = libxl_device_usbdev> {
    let devid = device.devid;
    let ports = (1..).zip(controller.ports).filter(|(_, address)| *address != [0; 2]);
    ports.map(move |(port, [bus, address])| {
        let mut usbdev: libxl_device_usbdev = context.initial();
        usbdev.ctrl = devid;
        usbdev.port = port;
        usbdev.type_ = LIBXL_USBDEV_TYPE_HOSTDEV;
        usbdev.u.hostdev.hostbus = bus;
        usbdev.u.hostdev.hostaddr = address;
        usbdev
    })
}

impl FromRecord for libxl_device_vtpm {
    type Body = Vtpm;

    fn fill(&mut self, _: &Context, device: &Device, vtpm: &Vtpm) {
        self.backend_domid = backend(device);
        self.devid = device.devid;
        self.uuid = libxl_uuid { uuid: vtpm.uuid };
    }
}

impl FromRecord for libxl_device_vdispl {
    type Body = Display;

    /// libxl reads nothing else.
    fn fill(&mut self, _: &Context, device: &Device, _: &Display) {
        self.backend_domid = backend(device);
        self.devid = device.devid;
    }
}

impl FromRecord for libxl_device_vsnd {
    type Body = Sound;

    /// A card with one PCM device and a stream each way.
    fn fill(&mut self, context: &Context, device: &Device, sound: &Sound) {
        self.backend_domid = backend(device);
        self.devid = device.devid;
        self.short_name = memory::text(sound.name.as_c_str());
        self.long_name = memory::text(c"Simulated sound card");
        sample_params(&mut self.params, sound);
        let mut pcm: libxl_vsnd_pcm = context.initial();
        pcm.name = memory::text(c"general");
        let streams = [(LIBXL_VSND_STREAM_TYPE_P, "playback"), (LIBXL_VSND_STREAM_TYPE_C, "capture")];
        (pcm.streams, pcm.num_vsnd_streams) =
            memory::array(streams.map(|(direction, id)| stream(context, sound, direction, id)));
        (self.pcms, self.num_vsnd_pcms) = memory::array([pcm]);
    }
}

fn sample_params(params: &mut libxl_vsnd_params, sound: &Sound) {
    (params.sample_rates, params.num_sample_rates) = memory::array([sound.rate]);
    (params.sample_formats, params.num_sample_formats) = memory::array([LIBXL_VSND_PCM_FORMAT_S16_LE]);
    (params.channels_min, params.channels_max) = (1, sound.channels);
}

fn stream(context: &Context, sound: &Sound, direction: libxl_vsnd_stream_type, id: &str) -> libxl_vsnd_stream {
    let mut stream: libxl_vsnd_stream = context.initial();
    stream.unique_id = memory::string(id);
    stream.type_ = direction;
    sample_params(&mut stream.params, sound);
    stream
}

impl FromRecord for libxl_device_vfb {
    type Body = Framebuffer;

    fn fill(&mut self, _: &Context, device: &Device, framebuffer: &Framebuffer) {
        self.backend_domid = backend(device);
        self.devid = device.devid;
        let serves = !framebuffer.listen.is_empty();
        (self.vnc.enable, self.vnc.findunused) = (defbool(serves), defbool(serves));
        (self.sdl.enable, self.sdl.opengl) = (defbool(false), defbool(false));
        self.vnc.display = i32::try_from(framebuffer.display).unwrap_or(0);
        for (place, text) in
            [(&mut self.vnc.listen, &framebuffer.listen), (&mut self.vnc.passwd, &framebuffer.password)]
        {
            if !text.is_empty() {
                *place = memory::text(text.as_c_str());
            }
        }
    }
}

impl FromRecord for libxl_device_p9 {
    type Body = Share9p;

    fn fill(&mut self, _: &Context, device: &Device, share: &Share9p) {
        self.backend_domid = backend(device);
        self.devid = device.devid;
        self.tag = memory::text(share.tag.as_c_str());
        self.path = memory::text(share.path.as_c_str());
    }
}

impl FromRecord for libxl_device_pvcallsif {
    type Body = Pvcalls;

    fn fill(&mut self, _: &Context, device: &Device, _: &Pvcalls) {
        self.backend_domid = backend(device);
        self.devid = device.devid;
    }
}

/// A PCI device that belongs to pciback.
pub(crate) fn pci_device(context: &Context, pci: &Pci) -> libxl_device_pci {
    let mut device: libxl_device_pci = context.initial();
    device.bus = pci.bus;
    (device.dev, device.func) = (pci.devfn >> 3, pci.devfn & 7);
    #[cfg(libxl_have = "DEVICE_PCI_NAME")]
    if !pci.name.is_empty() {
        device.name = memory::text(pci.name.as_c_str());
    }
    device
}
