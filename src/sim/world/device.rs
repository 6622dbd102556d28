//! Devices of a simulated domain, as records: a head of the same form, and a body for each kind.
//!
//! In and out: plain data. What libxl makes of it is in `devices`.

use bytemuck::{Pod, Zeroable};

use super::domain::Text;

/// Devices of one domain, at most, all kinds together.
pub(crate) const DEVICES_MAX: usize = 24;
/// Ports of a simulated USB controller, at most.
pub(crate) const PORTS: usize = 16;

const BODY_WORDS: usize = 30;

/// A device, or a place for one.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(8))]
pub(crate) struct Device {
    /// [`Body::KIND`]; 0 where there is none.
    pub(crate) kind: u32,
    /// Its number among those of its kind.
    pub(crate) devid: i32,
    /// The domain that provides it.
    pub(crate) backend: u32,
    /// 1 if the domain was created with it: its stored configuration says more of it.
    pub(crate) configured: u32,
    body: [u64; BODY_WORDS],
}

/// What a device of one kind has.
pub(crate) trait Body: Pod {
    /// Its number in `Device::kind`.
    const KIND: u32;
}

impl Device {
    /// A device that Domain-0 provides.
    pub(crate) fn new<B: Body>(devid: i32, of: &B) -> Self {
        let mut body = [0; BODY_WORDS];
        bytemuck::bytes_of_mut(&mut body)[..size_of::<B>()].copy_from_slice(bytemuck::bytes_of(of));
        Self { kind: B::KIND, devid, backend: 0, configured: 0, body }
    }

    /// The same device, changed.
    pub(crate) fn with<B: Body>(&self, body: &B) -> Self {
        Self { backend: self.backend, configured: self.configured, ..Self::new(self.devid, body) }
    }

    /// What lies in a free place.
    pub(crate) fn none() -> Self {
        Self::zeroed()
    }

    /// Its body, if it is of that kind.
    pub(crate) fn body<B: Body>(&self) -> Option<&B> {
        (self.kind == B::KIND).then(|| bytemuck::from_bytes(&bytemuck::bytes_of(&self.body)[..size_of::<B>()]))
    }
}

macro_rules! bodies {
    ($($(#[$about:meta])* $kind:literal $name:ident { $($(#[$what:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, Pod, Zeroable)]
        #[repr(C, align(8))]
        pub(crate) struct $name { $($(#[$what])* pub(crate) $field: $type,)* }

        impl Body for $name {
            const KIND: u32 = $kind;
        }

        const _: () = assert!(size_of::<$name>() <= BODY_WORDS * 8);
    )*};
}

bodies! {
    /// A block device.
    1 Disk {
        /// What it is on the host; empty for an empty drive.
        path: Text<16>,
        /// What it is in the guest.
        vdev: Text<2>,
        /// A `libxl_disk_backend`.
        backend: u32,
        /// A `libxl_disk_format`.
        format: u32,
        /// 1 if the medium can be changed.
        removable: u16,
        /// 1 if it can be written.
        writable: u16,
        /// 1 if it is a CD drive.
        cdrom: u16,
        /// 1 if qemu may bypass the host's cache.
        direct_io_safe: u16,
    }
    /// A network interface.
    2 Nic {
        /// The bridge it is on.
        bridge: Text<2>,
        /// The address.
        mac: [u8; 6],
        /// A `libxl_nic_type`.
        kind: u16,
        /// The longest packet.
        mtu: u64,
    }
    /// A keyboard and pointer.
    3 Vkb {
        /// Name for the backend, or nothing.
        unique_id: Text<4>,
        /// A `libxl_vkb_backend`.
        backend: u32,
        /// 1 if it reports absolute positions.
        absolute: u32,
        /// Of the area that positions are in.
        width: u32,
        /// Likewise.
        height: u32,
    }
    /// A channel: a console with a name.
    4 Channel {
        /// The name that the guest finds it by.
        name: Text<8>,
        /// The socket on the host; empty if the channel is a terminal.
        path: Text<16>,
    }
    /// A USB controller, and what is plugged in.
    5 UsbController {
        /// A `libxl_usbctrl_type`.
        kind: u32,
        /// Of USB: 1, 2 or 3.
        version: i32,
        /// How many ports it has.
        count: i32,
        /// Nothing.
        unused: i32,
        /// Bus and address on the host of the device at each port; 0 for none.
        ports: [[u8; 2]; PORTS],
    }
    /// A trusted platform module.
    6 Vtpm {
        /// Its identity.
        uuid: [u8; 16],
    }
    /// A display.
    7 Display {
        /// 1 if the backend allocates buffers.
        backend_allocates: u64,
    }
    /// A sound card with one PCM device and a stream each way.
    8 Sound {
        /// The name.
        name: Text<4>,
        /// The rate of samples.
        rate: u32,
        /// Channels, at most.
        channels: u32,
    }
    /// A framebuffer.
    9 Framebuffer {
        /// The address that its VNC server listens on; empty without one.
        listen: Text<4>,
        /// The password that the server asks for, or nothing.
        password: Text<4>,
        /// The number of the display.
        display: i64,
    }
    /// A shared directory.
    10 Share9p {
        /// Its name in the guest.
        tag: Text<4>,
        /// The directory on the host.
        path: Text<16>,
    }
    /// A carrier of socket calls.
    11 Pvcalls {
        /// Nothing more is known of it.
        unused: u64,
    }
}
