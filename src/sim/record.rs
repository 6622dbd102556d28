//! What is known of a simulated domain: records of fixed size, without pointers, that any process can map.
//!
//! In and out: plain data. It knows neither libxl nor where the records lie.

use core::ffi::CStr;

use bytemuck::{Pod, Zeroable};

use super::clock::Meter;

/// Vcpus of one domain, at most.
pub(super) const VCPUS_MAX: usize = 16;

/// A string in a record: its bytes and at least one NUL, in whole words.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
pub(super) struct Text<const WORDS: usize>([u64; WORDS]);

/// The name of a domain or a cpupool.
pub(super) type Name = Text<16>;

impl<const WORDS: usize> Text<WORDS> {
    /// The text, cut at the last character that fits.
    pub(super) fn new(text: &str) -> Self {
        let mut words = [0; WORDS];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        let mut len = text.len().min(bytes.len() - 1);
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        Self(words)
    }

    /// As C wants it.
    pub(super) fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(bytemuck::cast_slice(&self.0)).unwrap_or_default()
    }
}

/// Everything about a domain but its devices.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(8))]
pub(super) struct Domain {
    /// What lists of domains show.
    pub(super) head: Head,
    /// Each vcpu; those past `head.vcpus` do not exist.
    pub(super) vcpus: [Vcpu; VCPUS_MAX],
    /// The name in xenstore; empty once that is gone.
    pub(super) name: Name,
}

/// What lists of domains show.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(8))]
pub(super) struct Head {
    /// The handle: a uuid, big-endian.
    pub(super) uuid: [u8; 16],
    /// The number.
    pub(super) domid: u32,
    /// The cpupool.
    pub(super) pool: u32,
    /// HVM, PV or PVH: a `libxl_domain_type`.
    pub(super) kind: i32,
    /// Bits of [`flag`].
    pub(super) flags: u32,
    /// A `libxl_shutdown_reason`; means something only with [`flag::SHUTDOWN`].
    pub(super) shutdown_reason: i32,
    /// Vcpus that exist.
    pub(super) vcpus: u32,
    /// Vcpus that are online.
    pub(super) online: u32,
    /// Nothing.
    pub(super) unused: u32,
    /// Memory it has.
    pub(super) memory_kb: u64,
    /// Memory it may have.
    pub(super) memory_max_kb: u64,
    /// CPU time of all vcpus together.
    pub(super) cpu_time: Meter,
}

/// Bits of `Head::flags`, as the hypervisor computes them.
pub(super) mod flag {
    /// A vcpu is on a CPU now.
    pub(in crate::sim) const RUNNING: u32 = 1;
    /// All vcpus wait for something.
    pub(in crate::sim) const BLOCKED: u32 = 2;
    /// Paused by the toolstack.
    pub(in crate::sim) const PAUSED: u32 = 4;
    /// It has shut down, for a reason.
    pub(in crate::sim) const SHUTDOWN: u32 = 8;
    /// It is being destroyed.
    pub(in crate::sim) const DYING: u32 = 16;
}

/// A vcpu.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(8))]
pub(super) struct Vcpu {
    /// CPU time.
    pub(super) cpu_time: Meter,
    /// CPUs that it may run on, a bit each.
    pub(super) hard: u64,
    /// CPUs that it prefers.
    pub(super) soft: u64,
    /// The CPU that it runs on, or did last.
    pub(super) cpu: u32,
    /// Bits of [`flag`]: running, blocked or neither.
    pub(super) flags: u32,
}
