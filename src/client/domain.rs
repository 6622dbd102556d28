//! A domain as `list_domain` and `domain_info` describe it.

use serde::Deserialize;

/// The part of libxl's `libxl_dominfo` that a list of domains needs. Other members of the reply are ignored:
/// deserialise into a struct of your own for those.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DomainInfo {
    /// The number by which Xen knows the domain while it lives; 0 is the control domain.
    pub domid: u32,
    /// One of its VCPUs runs on a CPU now.
    pub running: bool,
    /// All its VCPUs wait for something to happen.
    pub blocked: bool,
    /// The toolstack, or its creator, has stopped it.
    pub paused: bool,
    /// It has stopped itself, or crashed; `shutdown_reason` says which.
    pub shutdown: bool,
    /// Xen is taking it down.
    pub dying: bool,
    /// `poweroff`, `reboot`, `suspend`, `crash`, `watchdog` or `soft_reset`; `unknown` while it is not shut down, and
    /// `None` for a reason that libxl does not name.
    pub shutdown_reason: Option<String>,
    /// Memory claimed for it and not given to it yet, in KiB.
    pub outstanding_memkb: u64,
    /// Memory that it has, in KiB.
    pub current_memkb: u64,
    /// CPU time that all its VCPUs have used, in nanoseconds.
    pub cpu_time: u64,
    /// VCPUs that are online.
    pub vcpu_online: u32,
}
