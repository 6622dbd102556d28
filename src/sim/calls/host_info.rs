//! What the hypervisor says of the machine and of itself.
//!
//! In: the machine's records. Out: libxl's structs. Memory adds up: what domains have, what the hypervisor keeps and
//! what is free are all there is.

use core::ffi::{CStr, c_char, c_int};

use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::World;
use crate::sim::world::machine::{
    CORES_PER_SOCKET, CPUS, Machine, NODES, NODES_POSSIBLE, PAGE_KB, THREADS_PER_CORE, core_of, node_of,
};
use crate::xl::sys::{
    LIBXL_SCHEDULER_CREDIT2, libxl_cputopology, libxl_ctx, libxl_numainfo, libxl_pcitopology, libxl_physinfo,
    libxl_version_info,
};

/// Words of CPUID, as Xen reports them: a processor of 2017.
const HW_CAP: [u32; 8] =
    [0xbfeb_fbff, 0x77fe_f3ff, 0x2c10_0800, 0x0000_0121, 0x0000_000f, 0xd19f_fffb, 0x0000_0008, 0x0000_0100];
/// Distance of a node to itself and to the other, as the firmware's table has it.
const DISTANCES: [u32; 2] = [10, 21];
/// Page frames below 4 GiB that are no memory.
const HOLE_PAGES: u64 = 0x4_0000;

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_get_physinfo(ctx: *mut libxl_ctx, info: *mut libxl_physinfo) -> c_int {
    // SAFETY: a context of ours.
    let world = unsafe { Context::of(ctx) }.world();
    let machine = world.machine();
    let total_pages = machine.memory_kb / PAGE_KB;
    let physinfo = libxl_physinfo {
        threads_per_core: THREADS_PER_CORE,
        cores_per_socket: CORES_PER_SOCKET,
        max_cpu_id: CPUS - 1,
        nr_cpus: CPUS,
        cpu_khz: 2_400_000,
        total_pages,
        free_pages: free_kb(world, &machine) / PAGE_KB,
        scrub_pages: 0,
        outstanding_pages: 0,
        sharing_freed_pages: 0,
        sharing_used_frames: 0,
        max_possible_mfn: total_pages + HOLE_PAGES,
        nr_nodes: NODES,
        hw_cap: HW_CAP,
        cap_hvm: true,
        cap_pv: true,
        cap_hvm_directio: true,
        cap_hap: true,
        cap_shadow: true,
        cap_iommu_hap_pt_share: true,
        #[cfg(libxl_have = "PHYSINFO_CAP_VMTRACE")]
        cap_vmtrace: false,
        #[cfg(libxl_have = "PHYSINFO_CAP_VPMU")]
        cap_vpmu: false,
        #[cfg(libxl_have = "PHYSINFO_CAP_GNTTAB")]
        cap_gnttab_v1: true,
        #[cfg(libxl_have = "PHYSINFO_CAP_GNTTAB")]
        cap_gnttab_v2: true,
        #[cfg(libxl_have = "PHYSINFO_ARCH_CAPABILITIES")]
        arch_capabilities: 0,
    };
    // SAFETY: the caller gives a place for it.
    unsafe { memory::give(info, physinfo) };
    0
}

/// What nobody has.
pub(super) fn free_kb(world: &World, machine: &Machine) -> u64 {
    let used_kb: u64 = world.heads().map(|head| head.memory_kb).sum();
    machine.memory_kb.saturating_sub(machine.reserved_kb + used_kb)
}

/// As libxl's own: in KiB.
pub(crate) unsafe extern "C" fn libxl_get_free_memory(ctx: *mut libxl_ctx, free: *mut u64) -> c_int {
    // SAFETY: a context of ours.
    let world = unsafe { Context::of(ctx) }.world();
    // SAFETY: the caller gives a place for it.
    unsafe { memory::give(free, free_kb(world, &world.machine())) };
    0
}

/// As libxl's own: each node has half of the memory, and half of what is free. Sizes are in bytes.
pub(crate) unsafe extern "C" fn libxl_get_numainfo(ctx: *mut libxl_ctx, count: *mut c_int) -> *mut libxl_numainfo {
    // SAFETY: a context of ours.
    let world = unsafe { Context::of(ctx) }.world();
    let machine = world.machine();
    let half_pages = |kb: u64, node: u32| (kb / PAGE_KB + u64::from(node == 0)) / u64::from(NODES) * PAGE_KB * 1024;
    let nodes = (0..NODES).map(|node| {
        let (dists, num_dists) = memory::array((0..NODES).map(|other| DISTANCES[usize::from(other != node)]));
        let free = half_pages(free_kb(world, &machine), node);
        libxl_numainfo { size: half_pages(machine.memory_kb, node), free, num_dists, dists }
    });
    // SAFETY: the caller gives a place for the count.
    unsafe { memory::give_array(count, memory::array(nodes)) }
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_get_cpu_topology(_: *mut libxl_ctx, count: *mut c_int) -> *mut libxl_cputopology {
    let cpus = (0..CPUS).map(|cpu| libxl_cputopology { core: core_of(cpu), socket: node_of(cpu), node: node_of(cpu) });
    // SAFETY: the caller gives a place for the count.
    unsafe { memory::give_array(count, memory::array(cpus)) }
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_get_pci_topology(
    ctx: *mut libxl_ctx,
    count: *mut c_int,
) -> *mut libxl_pcitopology {
    // SAFETY: a context of ours.
    let machine = unsafe { Context::of(ctx) }.world().machine();
    let present = machine.pci.iter().filter(|pci| pci.state != 0);
    let devices =
        present.map(|pci| libxl_pcitopology { seg: 0, bus: pci.bus, devfn: pci.devfn, node: pci.node.into() });
    // SAFETY: the caller gives a place for the count.
    unsafe { memory::give_array(count, memory::array(devices)) }
}

/// As libxl's own: how many CPUs there may be.
pub(crate) unsafe extern "C" fn libxl_get_max_cpus(_: *mut libxl_ctx) -> c_int {
    CPUS.cast_signed()
}

/// As libxl's own: how many CPUs there are.
pub(crate) unsafe extern "C" fn libxl_get_online_cpus(_: *mut libxl_ctx) -> c_int {
    CPUS.cast_signed()
}

/// As libxl's own: how many nodes there may be, which is far more than there are.
pub(crate) unsafe extern "C" fn libxl_get_max_nodes(_: *mut libxl_ctx) -> c_int {
    NODES_POSSIBLE.cast_signed()
}

/// As libxl's own: the scheduler that the hypervisor was booted with.
pub(crate) unsafe extern "C" fn libxl_get_scheduler(_: *mut libxl_ctx) -> c_int {
    LIBXL_SCHEDULER_CREDIT2.cast_signed()
}

/// As libxl's own: what is returned belongs to the context.
pub(crate) unsafe extern "C" fn libxl_get_version_info(ctx: *mut libxl_ctx) -> *const libxl_version_info {
    // SAFETY: a context of ours.
    unsafe { Context::of(ctx) }.version()
}

/// The hypervisor that is simulated, and that it is.
pub(crate) fn version_info() -> libxl_version_info {
    const fn text(text: &'static CStr) -> *mut c_char {
        text.as_ptr().cast_mut()
    }
    libxl_version_info {
        xen_version_major: 4,
        xen_version_minor: 17,
        xen_version_extra: text(c".7 (simulated)"),
        compiler: text(c"rustc"),
        compile_by: text(c"xenopsd"),
        compile_domain: text(c"localhost"),
        compile_date: text(c"Thu Jan  1 00:00:00 UTC 2026"),
        capabilities: text(c"xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 "),
        changeset: text(c""),
        virt_start: 0xffff_8000_0000_0000,
        pagesize: 4096,
        commandline: text(c"placeholder dom0_mem=4096M,max:4096M dom0_max_vcpus=4"),
        build_id: text(c"5151515151515151515151515151515151515151"),
    }
}
