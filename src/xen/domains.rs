//! What the hypervisor says of its domains, and what libxl makes of that.
//!
//! In: a domain's number, or none for all of them. Out: `libxl_dominfo`, filled as `libxl__xcinfo2xlinfo` does it. The
//! hypervisor writes to memory that is kept; when it does not hold all domains, it becomes twice as large, and the
//! hypervisor is asked again: a list is what one hypercall saw.

use core::ffi::c_char;
use std::io;
use std::ptr::{NonNull, null_mut};

use super::calls::{Calls, Unusable};
use super::labels::Labels;
use super::sys::{
    __HYPERVISOR_sysctl, XEN_DOMINF_blocked, XEN_DOMINF_dying, XEN_DOMINF_hvm_guest, XEN_DOMINF_paused,
    XEN_DOMINF_running, XEN_DOMINF_shutdown, XEN_DOMINF_shutdownmask, XEN_DOMINF_shutdownshift, XEN_DOMINF_xs_domain,
    XEN_SYSCTL_INTERFACE_VERSION, XEN_SYSCTL_getdomaininfolist, xen_domctl_getdomaininfo, xen_sysctl,
};
use crate::xl::sys::{
    LIBXL_DOMAIN_TYPE_HVM, LIBXL_DOMAIN_TYPE_PV, LIBXL_SHUTDOWN_REASON_UNKNOWN, libxl_dominfo, libxl_uuid,
};

/// Domains that there is memory for at the start.
const ROOM_START: u32 = 64;
/// No domain has a number from here on (`DOMID_FIRST_RESERVED`), so there are no more of them.
const DOMIDS: u32 = 0x7ff0;
/// libxl counts in KiB, the hypervisor in pages.
const PAGE_KIB: u64 = 4;

/// Asks the hypervisor for domains.
#[derive(Debug)]
pub struct Domains {
    calls: Calls,
    request: NonNull<xen_sysctl>,
    infos: NonNull<xen_domctl_getdomaininfo>,
    /// How many of them there is memory for.
    room: u32,
    labels: Option<Labels>,
}

impl Domains {
    /// Opens a way to the hypervisor and tries it.
    ///
    /// # Errors
    /// There is no libxencall, no Xen, no right to use it, or the hypervisor is of another release.
    pub fn open() -> Result<Self, Unusable> {
        let calls = Calls::open()?;
        let memory = || Unusable::Door(io::ErrorKind::OutOfMemory.into());
        let request = calls.alloc(1).ok_or_else(memory)?;
        let infos = calls.alloc(ROOM_START as usize).ok_or_else(memory)?;
        let mut domains = Self { calls, request, infos, room: ROOM_START, labels: None };
        let all = domains.ask_for_all().map_err(Unusable::Refused)?;
        let ssidref = all.first().map(|first| first.ssidref);
        domains.labels = ssidref.and_then(|ssidref| Labels::of(&domains.calls, ssidref));
        Ok(domains)
    }

    /// Puts all domains, by number, in place of what is in the list.
    pub(super) fn list(&mut self, list: &mut Vec<libxl_dominfo>) -> io::Result<()> {
        list.clear();
        let count = self.ask_for_all()?.len();
        let infos = self.infos(count).iter();
        match &self.labels {
            // The usual case, without a question for each domain.
            None => list.extend(infos.map(|info| dominfo(info, null_mut()))),
            Some(labels) => list.extend(infos.map(|info| dominfo(info, labels.label(&self.calls, info.ssidref)))),
        }
        Ok(())
    }

    /// Do domains have labels, which somebody has to free?
    pub(super) fn have_labels(&self) -> bool {
        self.labels.is_some()
    }

    /// The domain of this number, if there is one.
    pub(super) fn find(&mut self, domid: u32) -> io::Result<Option<libxl_dominfo>> {
        let Ok(first) = u16::try_from(domid) else {
            return Ok(None);
        };
        let count = self.ask(first, 1)?;
        let found = self.infos(count).first().filter(|info| info.domain == first);
        Ok(found.map(|info| dominfo(info, self.label(info))))
    }

    fn ask_for_all(&mut self) -> io::Result<&[xen_domctl_getdomaininfo]> {
        loop {
            let count = self.ask(0, self.room)?;
            if count < self.room as usize || self.room >= DOMIDS {
                return Ok(self.infos(count));
            }
            self.grow()?;
        }
    }

    /// Has the hypervisor write down at most so many domains, beginning with the one of this number or the next that
    /// there is; how many it has written down.
    fn ask(&mut self, first: u16, most: u32) -> io::Result<usize> {
        let request = self.request.as_ptr();
        debug_assert!(most <= self.room);
        // SAFETY: the memory is ours alone and holds such a request, all of whose fields may have any value; there is
        // memory for `room` domains.
        let count = unsafe {
            (*request).cmd = XEN_SYSCTL_getdomaininfolist;
            (*request).interface_version = XEN_SYSCTL_INTERFACE_VERSION;
            let list = &raw mut (*request).u.getdomaininfolist;
            (*list).first_domain = first;
            (*list).max_domains = most;
            (*list).buffer.p = self.infos.as_ptr();
            self.calls.call(__HYPERVISOR_sysctl, self.request)?;
            (*list).num_domains
        };
        Ok(count.min(most) as usize)
    }

    /// What the hypervisor has written down.
    fn infos(&self, count: usize) -> &[xen_domctl_getdomaininfo] {
        debug_assert!(count <= self.room as usize);
        // SAFETY: there is memory for `room` of them, zeroed when it was made: any bytes are such a struct. The
        // hypervisor writes to it only in `ask`, which borrows all of this.
        unsafe { std::slice::from_raw_parts(self.infos.as_ptr(), count) }
    }

    fn grow(&mut self) -> io::Result<()> {
        let room = (self.room * 2).min(DOMIDS);
        let infos = self.calls.alloc(room as usize).ok_or(io::ErrorKind::OutOfMemory)?;
        let old = std::mem::replace(&mut self.infos, infos);
        self.room = room;
        // SAFETY: it came from there, and nothing refers to it any more.
        unsafe { self.calls.free(old) };
        Ok(())
    }

    fn label(&self, info: &xen_domctl_getdomaininfo) -> *mut c_char {
        self.labels.as_ref().map_or(null_mut(), |labels| labels.label(&self.calls, info.ssidref))
    }
}

/// `libxl__xcinfo2xlinfo`. A PVH domain is an HVM one to the hypervisor.
fn dominfo(info: &xen_domctl_getdomaininfo, ssid_label: *mut c_char) -> libxl_dominfo {
    let is = |flag| info.flags & flag != 0;
    let shutdown_reason = if is(XEN_DOMINF_shutdown) {
        (info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask).cast_signed()
    } else {
        LIBXL_SHUTDOWN_REASON_UNKNOWN
    };
    libxl_dominfo {
        uuid: libxl_uuid { uuid: info.handle },
        domid: info.domain.into(),
        ssidref: info.ssidref,
        ssid_label,
        running: is(XEN_DOMINF_running),
        blocked: is(XEN_DOMINF_blocked),
        paused: is(XEN_DOMINF_paused),
        shutdown: is(XEN_DOMINF_shutdown),
        dying: is(XEN_DOMINF_dying),
        never_stop: is(XEN_DOMINF_xs_domain),
        shutdown_reason,
        outstanding_memkb: info.outstanding_pages.wrapping_mul(PAGE_KIB),
        current_memkb: info.tot_pages.wrapping_mul(PAGE_KIB),
        shared_memkb: info.shr_pages.wrapping_mul(PAGE_KIB),
        paged_memkb: info.paged_pages.wrapping_mul(PAGE_KIB),
        max_memkb: info.max_pages.wrapping_mul(PAGE_KIB),
        cpu_time: info.cpu_time,
        vcpu_max_id: info.max_vcpu_id,
        vcpu_online: info.nr_online_vcpus,
        cpupool: info.cpupool,
        #[cfg(libxl_have = "DOMINFO_GPADDR_BITS")]
        gpaddr_bits: info.gpaddr_bits,
        domain_type: if is(XEN_DOMINF_hvm_guest) { LIBXL_DOMAIN_TYPE_HVM } else { LIBXL_DOMAIN_TYPE_PV },
    }
}
