//! Memory, vcpus, schedulers, cpupools.

use std::ptr::null;

use xenopsd::xl::sys::{
    ERROR_DOMAIN_NOTFOUND, ERROR_FAIL, ERROR_FEATURE_REMOVED, ERROR_INVAL, ERROR_LOCK_FAIL, ERROR_NOMEM,
    LIBXL_CPUPOOL_POOLID_ANY, LIBXL_DOMAIN_TYPE_PVH, LIBXL_SCHEDULER_CREDIT, LIBXL_SCHEDULER_CREDIT2,
    LIBXL_SCHEDULER_SEDF, libxl_bitmap, libxl_cpupoolinfo, libxl_domain_config, libxl_domain_sched_params,
    libxl_sched_credit_params, libxl_sched_credit2_params, libxl_uuid, libxl_vcpu_sched_params,
};

use crate::call;
use crate::host::{Host, bitmap};

#[test]
fn a_running_guest_balloons_to_its_target() {
    let host = Host::open();
    let domid = host.run("ballooning");
    let set = |domid, kb, relative, enforce| call!(host, libxl_set_memory_target, domid, kb, relative, enforce);
    let target = || {
        let mut kb = 0;
        assert_eq!(call!(host, libxl_get_memory_target, domid, &raw mut kb), 0);
        (kb, host.info(domid).unwrap().current_memkb)
    };
    assert_eq!(set(domid, 32 << 10, 0, 0), 0);
    assert_eq!(target(), (32 << 10, 32 << 10));
    assert_eq!(set(domid, -(8 << 10), 1, 1), 0);
    assert_eq!(target(), (24 << 10, 24 << 10));
    assert_eq!(host.info(domid).unwrap().max_memkb, (24 << 10) + 1024);
    assert_eq!(set(domid, 65 << 10, 0, 0), ERROR_INVAL);
    assert!(host.heard().contains("memory_dynamic_max must be less than or equal to memory_static_max"));
    assert_eq!(call!(host, libxl_domain_setmaxmem, domid, 8 << 10), 1, "less than the target: libxl's odd code");
    assert_eq!(call!(host, libxl_domain_setmaxmem, domid, 128 << 10), 0);
    assert_eq!(set(domid, 100 << 10, 0, 0), 0);
    assert_eq!(target(), (100 << 10, 100 << 10));
    assert_eq!(call!(host, libxl_wait_for_memory_target, domid, 5), 0);
    assert_eq!((set(9999, 0, 0, 0), call!(host, libxl_domain_setmaxmem, 9999, 0)), (ERROR_LOCK_FAIL, ERROR_LOCK_FAIL));
    assert_eq!(set(0, 64 << 10, 0, 0), ERROR_INVAL);
    assert!(host.heard().contains("for dom0 is below the minimum threshold"));

    assert_eq!(call!(host, libxl_domain_pause, domid, null()), 0);
    assert_eq!(set(domid, 32 << 10, 0, 0), 0);
    assert_eq!(target(), (32 << 10, 100 << 10), "it cannot while it is paused");
    assert_eq!(call!(host, libxl_wait_for_memory_target, domid, 1), ERROR_FAIL);
    assert_eq!(call!(host, libxl_domain_unpause, domid, null()), 0);
    assert_eq!(target(), (32 << 10, 32 << 10));
}

#[test]
fn memory_is_waited_for() {
    let host = Host::open();
    assert_eq!(call!(host, libxl_wait_for_free_memory, 0, 1024, 1), 0);
    assert_eq!(call!(host, libxl_wait_for_free_memory, 0, 1 << 50, 1), ERROR_NOMEM);
    let mut config = host.config("needing", LIBXL_DOMAIN_TYPE_PVH);
    let mut need_kb = 0;
    assert_eq!(call!(host, libxl_domain_need_memory, config.as_mut_ptr(), 1, &raw mut need_kb), 0);
    // Target, 2 MiB of extra memory, 1 MiB of paging memory for each vcpu and 4 KiB for each MiB, in steps of 2 MiB.
    assert_eq!(need_kb, (64 + 2 + 2 + 2) << 10);
    let config: *mut libxl_domain_config = config.as_mut_ptr();
    unsafe { (*config).c_info.type_ = 0 };
    assert_eq!(call!(host, libxl_domain_need_memory, config, 1, &raw mut need_kb), ERROR_INVAL);
}

#[test]
fn vcpus_go_on_and_offline() {
    let host = Host::open();
    let domid = host.run("plugging");
    let set = |domid, set: u8| {
        let mut bytes = [set];
        let mut map = bitmap(&mut bytes);
        call!(host, libxl_set_vcpuonline, domid, &raw mut map, null())
    };
    assert_eq!(set(domid, 0b11), 0);
    assert_eq!(host.info(domid).unwrap().vcpu_online, 2);
    assert!(host.vcpus(domid).iter().all(|vcpu| vcpu.online && vcpu.blocked));
    assert_eq!(set(domid, 0b10), 0);
    assert!(host.vcpus(domid).iter().all(|vcpu| vcpu.online), "the first vcpu stays");
    assert_eq!(set(domid, 0b01), 0);
    assert_eq!(host.info(domid).unwrap().vcpu_online, 1);
    assert_eq!(host.configuration(domid).b_info.avail_vcpus.size, 1);
    assert_eq!(set(domid, 0), ERROR_FAIL);
    assert!(host.heard().contains("Requested 0 VCPUs!"));
    assert_eq!(set(domid, 0b111), ERROR_FAIL);
    assert!(host.heard().contains("Requested 3 VCPUs, however maxcpus is 2!"));
    assert_eq!(set(9999, 1), ERROR_DOMAIN_NOTFOUND);
}

#[test]
fn vcpus_are_pinned_hard_and_soft() {
    let host = Host::open();
    let domid = host.run("pinned");
    let (mut low, mut high, mut none) = ([0xf0, 0], [0, 0x0f], [0, 0]);
    let (low, high, none) = (bitmap(&mut low), bitmap(&mut high), bitmap(&mut none));
    let pin = |vcpu, hard: *const libxl_bitmap, soft: *const libxl_bitmap| {
        call!(host, libxl_set_vcpuaffinity, domid, vcpu, hard, soft)
    };
    let maps = |vcpu: usize| unsafe {
        let vcpus = host.vcpus(domid);
        let word = |map: &libxl_bitmap| [*map.map, *map.map.add(1)];
        (word(&vcpus[vcpu].cpumap), word(&vcpus[vcpu].cpumap_soft), vcpus[vcpu].cpu)
    };
    assert_eq!(pin(1, &raw const low, &raw const high), 0);
    let (hard, soft, cpu) = maps(1);
    assert_eq!((hard, soft), ([0xf0, 0], [0, 0x0f]));
    assert!((4..8).contains(&cpu), "{cpu}");
    assert_eq!(maps(0).0, [0xff, 0xff]);
    assert_eq!(call!(host, libxl_set_vcpuaffinity_all, domid, 2, &raw const low, null()), 0);
    assert_eq!(maps(0).0, [0xf0, 0]);
    assert_eq!(call!(host, libxl_set_vcpuaffinity_all, domid, 3, &raw const low, null()), ERROR_FAIL);
    assert_eq!(call!(host, libxl_set_vcpuaffinity_force, domid, 0, &raw const high, null()), 0);
    assert_eq!(pin(0, null(), null()), ERROR_INVAL);
    host.heard();
    assert_eq!(pin(0, &raw const none, null()), ERROR_FAIL);
    assert_eq!(pin(2, &raw const low, null()), ERROR_FAIL);
    assert!(host.heard().contains("Setting vcpu affinity"));

    let mut nodes = [0b10u8, 0, 0, 0, 0, 0, 0, 0];
    let mut map = bitmap(&mut nodes);
    assert_eq!(call!(host, libxl_domain_set_nodeaffinity, domid, &raw mut map), 0);
    assert_eq!(maps(1).1, [0, 0xff]);
    assert_eq!(call!(host, libxl_domain_set_nodeaffinity, 9999, &raw mut map), ERROR_FAIL);
    assert!(host.heard().contains("Setting node affinity"));
}

#[test]
fn scheduler_parameters_of_domains() {
    let host = Host::open();
    let domid = host.create("scheduled");
    let mut params = host.initial::<libxl_domain_sched_params>();
    let set =
        |params: &libxl_domain_sched_params| call!(host, libxl_domain_sched_params_set, domid, &raw const *params);
    let get = || {
        let mut params = host.initial::<libxl_domain_sched_params>();
        assert_eq!(call!(host, libxl_domain_sched_params_get, domid, &raw mut params), 0);
        (params.weight, params.cap)
    };
    assert_eq!(get(), (256, 0));
    params.weight = 512;
    assert_eq!(set(&params), 0);
    params.weight = -1;
    params.cap = 150;
    assert_eq!(set(&params), 0);
    assert_eq!(get(), (512, 150), "the default is what is already there");
    params.cap = 201;
    assert_eq!(set(&params), ERROR_INVAL);
    assert!(host.heard().contains("valid range is from 0 to 200 for specified number of vcpus"));
    params.cap = -1;
    params.weight = 0;
    assert_eq!(set(&params), ERROR_INVAL);
    assert!(host.heard().contains("Cpu weight out of range"));
    params.weight = 1;
    params.sched = LIBXL_SCHEDULER_CREDIT;
    assert_eq!(set(&params), ERROR_FAIL, "not the pool's scheduler");
    params.sched = LIBXL_SCHEDULER_SEDF;
    assert_eq!(set(&params), ERROR_FEATURE_REMOVED);
    assert_eq!(get(), (512, 150));

    let mut vcpus = host.owned::<libxl_vcpu_sched_params>();
    host.heard();
    assert_eq!(call!(host, libxl_vcpu_sched_params_set, domid, vcpus.as_mut_ptr()), ERROR_INVAL);
    assert_eq!(call!(host, libxl_vcpu_sched_params_set_all, domid, vcpus.as_mut_ptr()), ERROR_INVAL);
    assert!(host.heard().contains("per-VCPU parameter setting not supported for this scheduler"));
    assert_eq!(call!(host, libxl_vcpu_sched_params_get, domid, vcpus.as_mut_ptr()), ERROR_INVAL);
    assert_eq!(vcpus.sched, LIBXL_SCHEDULER_CREDIT2);
}

#[test]
fn scheduler_parameters_of_pools() {
    let host = Host::open();
    let set = |poolid, tslice_ms, ratelimit_us, vcpu_migr_delay_us| {
        let mut params = libxl_sched_credit_params { tslice_ms, ratelimit_us, vcpu_migr_delay_us };
        call!(host, libxl_sched_credit_params_set, poolid, &raw mut params)
    };
    assert_eq!(set(1, 10, 500, 200), 0);
    let mut params = libxl_sched_credit_params { tslice_ms: 0, ratelimit_us: 0, vcpu_migr_delay_us: 0 };
    assert_eq!(call!(host, libxl_sched_credit_params_get, 1, &raw mut params), 0);
    assert_eq!((params.tslice_ms, params.ratelimit_us, params.vcpu_migr_delay_us), (10, 500, 200));
    for (tslice, ratelimit, delay, words) in [
        (0, 0, 0, "Time slice out of range, valid range is from 1 to 1000"),
        (10, 50, 0, "Ratelimit out of range, valid range is from 100 to 500000"),
        (10, 11_000, 0, "Ratelimit cannot be greater than timeslice"),
        (10, 0, 100_001, "vcpu migration delay should be >= 0 and <= 100000us"),
    ] {
        host.heard();
        assert_eq!(set(1, tslice, ratelimit, delay), ERROR_INVAL);
        assert!(host.heard().contains(words), "{words}");
    }
    assert_eq!(set(0, 10, 0, 0), ERROR_FAIL);
    assert!(host.heard().contains("Setting Credit scheduler parameters"));
    let mut params = libxl_sched_credit2_params { ratelimit_us: 700 };
    assert_eq!(call!(host, libxl_sched_credit2_params_set, 0, &raw mut params), 0);
    assert_eq!(call!(host, libxl_sched_credit2_params_get, 0, &raw mut params), 0);
    assert_eq!(params.ratelimit_us, 700);
    assert_eq!(call!(host, libxl_sched_credit2_params_set, 1, &raw mut params), ERROR_FAIL);
}

fn pool(host: &Host, poolid: u32) -> Option<(u64, u32, String)> {
    let mut info = host.owned::<libxl_cpupoolinfo>();
    if call!(host, libxl_cpupool_info, info.as_mut_ptr(), poolid) != 0 {
        return None;
    }
    let cpus = unsafe { u64::from(*info.cpumap.map) | u64::from(*info.cpumap.map.add(1)) << 8 };
    Some((cpus, info.n_dom, crate::host::read(info.pool_name)))
}

/// All in one test: CPUs that are free are everybody's.
#[test]
fn cpupools_come_change_and_go() {
    let host = Host::open();
    let mut poolid = LIBXL_CPUPOOL_POOLID_ANY;
    let mut uuid = libxl_uuid { uuid: [1; 16] };
    let create = |name: &std::ffi::CStr, set: [u8; 2], poolid: &mut u32, uuid: &mut libxl_uuid| {
        let mut set = set;
        call!(host, libxl_cpupool_create, name.as_ptr(), LIBXL_SCHEDULER_CREDIT2, bitmap(&mut set), uuid, poolid)
    };
    // The last CPU is free.
    assert_eq!(create(c"new", [0, 0x80], &mut poolid, &mut uuid), 0);
    assert_eq!((poolid, pool(&host, poolid)), (2, Some((0x8000, 0, "new".to_owned()))));
    let mut other = LIBXL_CPUPOOL_POOLID_ANY;
    assert_eq!(create(c"none", [0, 0x80], &mut other, &mut uuid), ERROR_FAIL);
    assert!(host.heard().contains("Error moving cpu to cpupool"));
    let mut same = 2;
    assert_eq!(create(c"same", [0, 0], &mut same, &mut uuid), ERROR_FAIL);
    assert!(host.heard().contains("Could not create cpupool"));
    assert_eq!(call!(host, libxl_cpupool_rename, c"better".as_ptr(), poolid), 0);
    assert_eq!(call!(host, libxl_cpupool_rename, c"better".as_ptr(), 7), ERROR_NOMEM);

    assert_eq!(call!(host, libxl_cpupool_cpuadd, poolid, 0), ERROR_FAIL);
    assert!(host.heard().contains("Error moving cpu 0 to cpupool"));
    assert_eq!(call!(host, libxl_cpupool_cpuremove, 1, 14), 0);
    assert_eq!(call!(host, libxl_cpupool_cpuadd, poolid, 14), 0);
    assert_eq!(pool(&host, poolid), Some((0xc000, 0, "better".to_owned())));
    let mut set = [0, 0x40];
    let map = bitmap(&mut set);
    assert_eq!(call!(host, libxl_cpupool_cpuremove_cpumap, poolid, &raw const map), 0);
    assert_eq!(call!(host, libxl_cpupool_cpuremove_cpumap, poolid, &raw const map), ERROR_FAIL);
    assert_eq!(call!(host, libxl_cpupool_cpuadd_cpumap, poolid, &raw const map), 0);
    let mut count = -1;
    assert_eq!(call!(host, libxl_cpupool_cpuremove_node, poolid, 1, &raw mut count), 0);
    assert_eq!((count, pool(&host, poolid).unwrap().0), (2, 0));
    let domid = host.run("moving");
    assert_eq!(call!(host, libxl_cpupool_movedomain, poolid, domid), ERROR_FAIL, "it has no CPU");
    assert_eq!(call!(host, libxl_cpupool_cpuadd_node, poolid, 1, &raw mut count), 0);
    assert_eq!((count, pool(&host, poolid).unwrap().0), (2, 0xc000));

    assert_eq!(call!(host, libxl_cpupool_movedomain, poolid, domid), 0);
    assert_eq!((host.info(domid).unwrap().cpupool, pool(&host, poolid).unwrap().1), (poolid, 1));
    assert!(host.vcpus(domid).iter().all(|vcpu| vcpu.cpu >= 14));
    assert_eq!(call!(host, libxl_cpupool_cpuremove, poolid, 15), 0);
    assert!(host.vcpus(domid).iter().all(|vcpu| vcpu.cpu == 14));
    assert_eq!(call!(host, libxl_cpupool_cpuremove, poolid, 14), ERROR_FAIL, "the last one");
    assert_eq!(call!(host, libxl_cpupool_destroy, poolid), ERROR_INVAL);
    assert_eq!(call!(host, libxl_cpupool_movedomain, poolid, 0), ERROR_FAIL);
    assert!(host.heard().contains("Error moving domain to cpupool"));
    assert_eq!(call!(host, libxl_domain_destroy, domid, null()), 0);
    assert_eq!(call!(host, libxl_cpupool_destroy, poolid), 0);
    assert_eq!(pool(&host, poolid), None);
    assert_eq!(call!(host, libxl_cpupool_destroy, 7), ERROR_NOMEM);
}
