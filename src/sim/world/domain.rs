//! What is known of a simulated domain: records of fixed size, without pointers, that any process can map.
//!
//! In and out: plain data. It knows neither libxl's structs nor where the records lie.

use core::ffi::CStr;

use bytemuck::{Pod, Zeroable};

use super::clock::Meter;

/// Vcpus of one domain, at most.
pub(crate) const VCPUS_MAX: usize = 16;
/// In place of a number that there is not.
pub(crate) const NONE: i32 = -1;

/// A string in a record: its bytes and at least one NUL, in whole words.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(transparent)]
pub(crate) struct Text<const WORDS: usize>([u64; WORDS]);

/// The name of a domain.
pub(crate) type Name = Text<16>;

impl<const WORDS: usize> Text<WORDS> {
    /// The text, cut at the last character that fits.
    pub(crate) fn new(text: &str) -> Self {
        let mut words = [0; WORDS];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        let mut len = text.len().min(bytes.len() - 1);
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        Self(words)
    }

    /// There is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.as_c_str().is_empty()
    }

    /// As C wants it.
    pub(crate) fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(bytemuck::cast_slice(&self.0)).unwrap_or_default()
    }
}

/// Everything about a domain but its devices.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Domain {
    /// What lists of domains show.
    pub(crate) head: Head,
    /// What is asked of single ones.
    pub(crate) detail: Detail,
}

/// What lists of domains show.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(8))]
pub(crate) struct Head {
    /// The handle: a uuid, big-endian.
    pub(crate) uuid: [u8; 16],
    /// The number.
    pub(crate) domid: u32,
    /// The cpupool.
    pub(crate) pool: u32,
    /// HVM, PV or PVH: a `libxl_domain_type`.
    pub(crate) kind: i32,
    /// Bits of [`flag`].
    pub(crate) flags: u32,
    /// A `libxl_shutdown_reason`; means something only with [`flag::SHUTDOWN`].
    pub(crate) shutdown_reason: i32,
    /// Vcpus that exist.
    pub(crate) vcpus: u32,
    /// Vcpus that are online.
    pub(crate) online: u32,
    /// The domain that it runs the device model of, or [`NONE`].
    pub(crate) device_model_of: i32,
    /// Memory it has.
    pub(crate) memory_kb: u64,
    /// Memory it may have.
    pub(crate) memory_max_kb: u64,
    /// CPU time of all vcpus together.
    pub(crate) cpu_time: Meter,
}

/// What is asked of single domains.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(8))]
pub(crate) struct Detail {
    /// Each vcpu; those past `Head::vcpus` do not exist.
    pub(crate) vcpus: [Vcpu; VCPUS_MAX],
    /// What the scheduler was told.
    pub(crate) share: Share,
    /// Its name in xenstore; empty when its part of xenstore is gone, and `store` with it.
    pub(crate) name: Name,
    /// What else xenstore says.
    pub(crate) store: Store,
    /// It has devices at no place from this one on.
    pub(crate) device_places: u64,
    /// How often it was paused and not unpaused.
    pub(crate) pauses: u32,
    /// 1 if nobody in it does what the toolstack asks for.
    pub(crate) deaf: u32,
}

/// Bits of the flags of domains and vcpus, as the hypervisor computes them.
pub(crate) mod flag {
    /// On a CPU now; of a domain, any vcpu.
    pub(crate) const RUNNING: u32 = 1;
    /// Waiting for something; of a domain, all vcpus.
    pub(crate) const BLOCKED: u32 = 2;
    /// Paused by the toolstack.
    pub(crate) const PAUSED: u32 = 4;
    /// It has shut down, for a reason.
    pub(crate) const SHUTDOWN: u32 = 8;
    /// It is being destroyed.
    pub(crate) const DYING: u32 = 16;
    /// Of a vcpu: it can run.
    pub(crate) const ONLINE: u32 = 32;
}

/// A vcpu.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(8))]
pub(crate) struct Vcpu {
    /// CPU time.
    pub(crate) cpu_time: Meter,
    /// CPUs that it may run on, a bit each.
    pub(crate) hard: u64,
    /// CPUs that it prefers.
    pub(crate) soft: u64,
    /// The CPU that it runs on, or did last.
    pub(crate) cpu: u32,
    /// Bits of [`flag`].
    pub(crate) flags: u32,
}

/// Parameters of the credit schedulers.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(8))]
pub(crate) struct Share {
    /// Against the others'.
    pub(crate) weight: u32,
    /// In percent of a CPU; 0 is none.
    pub(crate) cap: u32,
}

/// What xenstore says of a domain.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(8))]
pub(crate) struct Store {
    /// `memory/target`.
    pub(crate) target_kb: u64,
    /// `memory/static-max`.
    pub(crate) static_max_kb: u64,
    /// When it was created, in seconds since 1970; 0 for Domain-0, which nobody created.
    pub(crate) started_s: u32,
    /// The domain of its device model, or 0.
    pub(crate) stubdom: u32,
    /// The number in `/dev/pts` of its PV console, or [`NONE`].
    pub(crate) console: i32,
    /// The same of its serial port.
    pub(crate) serial: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(Text::<1>::new("short").as_c_str(), c"short");
        assert_eq!(Text::<1>::new("sechs-ä").as_c_str(), c"sechs-");
        assert_eq!(Text::<1>::new("").as_c_str(), c"");
    }
}
