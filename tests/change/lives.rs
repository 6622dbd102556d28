//! Domains from their creation to their end.

use std::ptr::{null, null_mut};

use xenopsd::xl::sys::{
    ERROR_DOMAIN_NOTFOUND, ERROR_FAIL, ERROR_INVAL, ERROR_LOCK_FAIL, ERROR_NI, ERROR_NOPARAVIRT, ERROR_TIMEDOUT,
    LIBXL_DOMAIN_TYPE_HVM, LIBXL_DOMAIN_TYPE_PV, LIBXL_DOMAIN_TYPE_PVH, LIBXL_SHUTDOWN_REASON_CRASH,
    LIBXL_SHUTDOWN_REASON_POWEROFF, LIBXL_SHUTDOWN_REASON_REBOOT, LIBXL_SHUTDOWN_REASON_SUSPEND, LIBXL_TRIGGER_NMI,
    LIBXL_TRIGGER_POWER,
};

use crate::call;
use crate::host::{Host, read, text};

#[test]
fn a_created_domain_is_what_it_was_created_from() {
    let host = Host::open();
    let mut config = host.config("made", LIBXL_DOMAIN_TYPE_PVH);
    unsafe {
        (*config.as_mut_ptr()).c_info.uuid.uuid = [7; 16];
        (*config.as_mut_ptr()).b_info.cmdline = text("root=/dev/xvda");
        (*config.as_mut_ptr()).b_info.sched_params.weight = 300;
    }
    let domid = host.try_create(&mut config).unwrap();
    assert!(domid >= crate::host::DOMAINS);
    let info = host.info(domid).unwrap();
    assert!(info.paused && !info.running && !info.blocked && !info.shutdown);
    assert_eq!((info.current_memkb, info.vcpu_max_id, info.vcpu_online), (64 << 10, 1, 1));
    assert_eq!(info.uuid.uuid, [7; 16]);
    assert_eq!(host.name(domid).as_deref(), Some("made"));
    assert!(call!(host, libxl_vm_get_start_time, domid) > 1_700_000_000);

    let again = host.configuration(domid);
    assert_eq!(read(again.c_info.name), "made");
    assert_eq!(read(again.b_info.kernel), "/boot/vmlinuz");
    assert_eq!(read(again.b_info.cmdline), "root=/dev/xvda");
    assert_eq!((again.b_info.max_vcpus, again.b_info.max_memkb), (2, 64 << 10));
    assert_eq!(again.b_info.sched_params.weight, 300);
    assert_eq!(again.c_info.uuid.uuid, info.uuid.uuid);
    assert_eq!(call!(host, libxl_domain_destroy, domid, null()), 0);
}

#[test]
fn numbers_ascend_and_are_not_given_again_at_once() {
    let host = Host::open();
    let first = host.create("first");
    assert_eq!(call!(host, libxl_domain_destroy, first, null()), 0);
    assert!(host.create("second") > first);
    let mut config = host.config("third", LIBXL_DOMAIN_TYPE_PVH);
    unsafe { (*config.as_mut_ptr()).c_info.domid = 5000 };
    assert_eq!(host.try_create(&mut config), Ok(5000));
    let mut config = host.config("fourth", LIBXL_DOMAIN_TYPE_PVH);
    unsafe { (*config.as_mut_ptr()).c_info.domid = 5000 };
    assert_eq!(host.try_create(&mut config), Err(ERROR_FAIL));
    assert!(host.heard().contains("domain creation fail"));
}

#[test]
fn what_cannot_be_created_fails_for_libxls_reasons_and_leaves_nothing() {
    let host = Host::open();
    host.create("taken");
    let free_kb = host.free_kb();
    let refuse = |what: &str, code: i32, words: &str, spoil: &dyn Fn(&mut xenopsd::xl::sys::libxl_domain_config)| {
        let mut config = host.config(what, LIBXL_DOMAIN_TYPE_PVH);
        spoil(unsafe { &mut *config.as_mut_ptr() });
        host.heard();
        assert_eq!(host.try_create(&mut config), Err(code), "{what}");
        let heard = host.heard();
        assert!(heard.contains(words), "{what}: {heard}");
    };
    let rename = |config: &mut xenopsd::xl::sys::libxl_domain_config, name: &str| unsafe {
        libc::free(config.c_info.name.cast());
        config.c_info.name = text(name);
    };
    let taken = "Domain with name \"taken\" already exists.";
    refuse("the name", ERROR_FAIL, taken, &|config| rename(config, "taken"));
    refuse("no type", ERROR_INVAL, "domain type unspecified", &|config| config.c_info.type_ = 0);
    refuse("a type", ERROR_INVAL, "invalid domain type", &|config| config.c_info.type_ = LIBXL_DOMAIN_TYPE_PV);
    refuse("the pool", ERROR_INVAL, "Illegal pool specified: nowhere", &|config| {
        config.c_info.pool_name = text("nowhere");
    });
    refuse("memory", ERROR_FAIL, "cannot (re-)build domain: -3", &|config| {
        (config.b_info.max_memkb, config.b_info.target_memkb) = (1 << 40, 1 << 40);
    });
    refuse("no kernel", ERROR_FAIL, "xc_dom_kernel_file failed", &|config| unsafe {
        libc::free(config.b_info.kernel.cast());
        config.b_info.kernel = null_mut();
    });
    refuse("vcpus", ERROR_FAIL, "cannot make domain: -3", &|config| config.b_info.max_vcpus = 17);
    // Other tests create domains meanwhile, but none of that size.
    assert!(free_kb.abs_diff(host.free_kb()) < 1 << 30);
    let mut domid = 0;
    for name in [c"no type", c"memory", c"no kernel", c"vcpus"] {
        assert_eq!(call!(host, libxl_name_to_domid, name.as_ptr(), &raw mut domid), ERROR_INVAL);
    }
}

#[test]
fn pauses_are_counted() {
    let host = Host::open();
    let domid = host.run("pausing");
    let paused = || host.info(domid).unwrap().paused;
    assert!(!paused() && host.info(domid).unwrap().blocked);
    assert_eq!(call!(host, libxl_domain_pause, domid, null()), 0);
    assert_eq!(call!(host, libxl_domain_pause, domid, null()), 0);
    let spent = host.info(domid).unwrap().cpu_time;
    assert_eq!(call!(host, libxl_domain_unpause, domid, null()), 0);
    assert!(paused());
    assert_eq!(host.info(domid).unwrap().cpu_time, spent, "a paused domain uses no CPU time");
    assert_eq!(call!(host, libxl_domain_unpause, domid, null()), 0);
    assert!(!paused());
    host.heard();
    assert_eq!(call!(host, libxl_domain_unpause, domid, null()), ERROR_FAIL);
    assert!(host.heard().contains("Unpausing domain"));
    assert_eq!(call!(host, libxl_domain_pause, 9999, null()), ERROR_FAIL);
    assert!(host.heard().contains("Pausing domain"));
    assert_eq!(call!(host, libxl_domain_pause, 0, null()), ERROR_FAIL, "the one that asks");
}

#[test]
fn a_guest_shuts_down_if_it_hears() {
    let host = Host::open();
    let domid = host.create("obedient");
    assert_eq!(call!(host, libxl_domain_shutdown, domid, null()), ERROR_TIMEDOUT);
    assert!(host.heard().contains("guest didn't acknowledge control request: -9"));
    assert_eq!(call!(host, libxl_domain_unpause, domid, null()), 0);
    assert_eq!(call!(host, libxl_domain_shutdown, domid, null()), 0);
    let info = host.info(domid).unwrap();
    assert!(info.shutdown && !info.running && !info.blocked);
    assert_eq!(info.shutdown_reason, LIBXL_SHUTDOWN_REASON_POWEROFF);

    let domid = host.run("rebooting");
    assert_eq!(call!(host, libxl_domain_reboot, domid, null()), 0);
    assert_eq!(host.info(domid).unwrap().shutdown_reason, LIBXL_SHUTDOWN_REASON_REBOOT);

    let mut config = host.config("deaf", LIBXL_DOMAIN_TYPE_HVM);
    unsafe { (*config.as_mut_ptr()).b_info.u.hvm.xen_platform_pci.val = -1 };
    let domid = host.try_create(&mut config).unwrap();
    assert_eq!(call!(host, libxl_domain_unpause, domid, null()), 0);
    assert_eq!(call!(host, libxl_domain_shutdown, domid, null()), ERROR_NOPARAVIRT);
    assert_eq!(call!(host, libxl_send_trigger, domid, LIBXL_TRIGGER_POWER, 0, null()), 0);
    assert_eq!(host.info(domid).unwrap().shutdown_reason, LIBXL_SHUTDOWN_REASON_POWEROFF);
    assert_eq!(call!(host, libxl_domain_shutdown, 9999, null()), ERROR_FAIL);
    assert!(host.heard().contains("unable to get domain type for domid=9999"));
}

#[test]
fn triggers_and_keys_reach_guests() {
    let host = Host::open();
    let domid = host.run("triggered");
    assert_eq!(call!(host, libxl_send_trigger, domid, LIBXL_TRIGGER_POWER, 0, null()), ERROR_FAIL, "PVH has no button");
    assert!(host.heard().contains("Send trigger 'power' failed"));
    assert_eq!(call!(host, libxl_send_trigger, domid, LIBXL_TRIGGER_NMI, 7, null()), ERROR_FAIL, "no such vcpu");
    assert_eq!(call!(host, libxl_send_trigger, domid, LIBXL_TRIGGER_NMI, 0, null()), 0);
    assert_eq!(host.info(domid).unwrap().shutdown_reason, LIBXL_SHUTDOWN_REASON_CRASH);

    let domid = host.run("keyed");
    let key = |key: u8| call!(host, libxl_send_sysrq, domid, i8::from_ne_bytes([key]));
    assert_eq!(key(b's'), 0);
    assert!(!host.info(domid).unwrap().shutdown);
    assert_eq!(key(b'c'), 0);
    assert_eq!(host.info(domid).unwrap().shutdown_reason, LIBXL_SHUTDOWN_REASON_CRASH);
    assert_eq!(call!(host, libxl_send_sysrq, 9999, 0), 0, "libxl does not look");
}

#[test]
fn a_suspended_domain_resumes() {
    let host = Host::open();
    let domid = host.run("suspending");
    assert_eq!(call!(host, libxl_domain_resume, domid, 1, null()), ERROR_FAIL);
    assert!(host.heard().contains("xc_domain_resume failed"));
    assert_eq!(call!(host, libxl_domain_suspend_only, domid, null()), 0);
    assert_eq!(host.info(domid).unwrap().shutdown_reason, LIBXL_SHUTDOWN_REASON_SUSPEND);
    assert_eq!(call!(host, libxl_domain_resume, domid, 1, null()), 0);
    let info = host.info(domid).unwrap();
    assert!(!info.shutdown && info.blocked);
}

#[test]
fn names_are_unique_and_stubdoms_follow() {
    let host = Host::open();
    let (one, other) = (host.create("one"), host.create("other"));
    let rename = |domid, old: Option<&std::ffi::CStr>, new: &std::ffi::CStr| {
        call!(host, libxl_domain_rename, domid, old.map_or(null(), std::ffi::CStr::as_ptr), new.as_ptr())
    };
    assert_eq!(rename(one, None, c"renamed"), 0);
    assert_eq!(host.name(one).as_deref(), Some("renamed"));
    assert_eq!(rename(other, None, c"renamed"), ERROR_INVAL);
    assert!(host.heard().contains("Domain with name \"renamed\" already exists."));
    assert_eq!(rename(one, Some(c"one"), c"again"), ERROR_FAIL);
    assert!(host.heard().contains("Allegedly named `one' is actually named `renamed' - racing ?"));
    assert_eq!(rename(9999, Some(c"one"), c"nobody"), ERROR_FAIL);
    assert_eq!(rename(9999, None, c"nobody"), ERROR_DOMAIN_NOTFOUND);
    assert_eq!(call!(host, libxl_domain_rename, one, null(), null()), ERROR_INVAL);
    assert_eq!(rename(7, None, c"with-stubdom"), 0);
    assert_eq!(host.name(8).as_deref(), Some("with-stubdom-dm"));

    let mut config = host.config("renamed", LIBXL_DOMAIN_TYPE_PVH);
    let (info, uuid) = unsafe { (&raw mut (*config.as_mut_ptr()).c_info, config.c_info.uuid) };
    assert_eq!(call!(host, libxl_domain_preserve, one, info, c"-1".as_ptr(), uuid), 0);
    assert_eq!(host.name(one).as_deref(), Some("renamed-1"));
}

#[test]
fn a_destroyed_domain_is_gone_with_all_it_had() {
    let host = Host::open();
    let domid = host.create("ending");
    assert_eq!(call!(host, libxl_domain_destroy, domid, null()), 0);
    assert_eq!(host.info(domid).unwrap_err(), ERROR_DOMAIN_NOTFOUND);
    assert_eq!(host.name(domid), None);
    host.heard();
    assert_eq!(call!(host, libxl_domain_destroy, domid, null()), ERROR_DOMAIN_NOTFOUND);
    assert!(host.heard().contains("Non-existant domain"));
    assert_eq!(call!(host, libxl_domain_destroy, 0, null()), ERROR_FAIL);
    assert!(host.info(0).is_ok());
}

#[test]
fn a_reset_domain_keeps_its_number() {
    let host = Host::open();
    let domid = host.run("resetting");
    let before = host.info(domid).unwrap();
    let mut config = host.config("resetting", LIBXL_DOMAIN_TYPE_PVH);
    unsafe { (*config.as_mut_ptr()).b_info.max_vcpus = 4 };
    assert_eq!(call!(host, libxl_domain_soft_reset, config.as_mut_ptr(), domid, null(), null()), 0);
    let after = host.info(domid).unwrap();
    assert_eq!((after.uuid.uuid, after.vcpu_max_id, after.paused), (before.uuid.uuid, 3, true));
    assert_eq!(call!(host, libxl_domain_soft_reset, config.as_mut_ptr(), 9999, null(), null()), ERROR_FAIL);
}

#[test]
fn no_core_is_dumped_anywhere() {
    let host = Host::open();
    let file = std::env::temp_dir().join("xenopsd-sim-core");
    let path = std::ffi::CString::new(file.to_str().unwrap()).unwrap();
    assert_eq!(call!(host, libxl_domain_core_dump, 1, path.as_ptr(), null()), ERROR_NI);
    assert_eq!(call!(host, libxl_domain_core_dump, 9999, path.as_ptr(), null()), ERROR_FAIL);
    assert!(!file.exists());
}

#[test]
fn userdata_stays_with_its_domain() {
    let host = Host::open();
    let domid = host.create("keeping");
    let retrieve = |domid| {
        let (mut data, mut length) = (null_mut::<u8>(), -1);
        match call!(host, libxl_userdata_retrieve, domid, c"xl".as_ptr(), &raw mut data, &raw mut length) {
            0 => unsafe {
                let bytes = Vec::from_iter((0..usize::try_from(length).unwrap()).map(|at| *data.add(at)));
                libc::free(data.cast());
                Ok(bytes)
            },
            code => Err(code),
        }
    };
    let store = |domid, data: &[u8]| {
        let length = i32::try_from(data.len()).unwrap();
        call!(host, libxl_userdata_store, domid, c"xl".as_ptr(), data.as_ptr(), length)
    };
    assert_eq!(retrieve(domid), Ok(vec![]));
    assert_eq!(store(domid, b"some \0 bytes"), 0);
    assert_eq!(retrieve(domid).as_deref(), Ok(&b"some \0 bytes"[..]));
    assert_eq!(store(domid, &vec![1; (32 << 10) + 1]), ERROR_FAIL);
    assert_eq!(call!(host, libxl_userdata_unlink, domid, c"xl".as_ptr()), 0);
    assert_eq!(retrieve(domid), Ok(vec![]));
    assert_eq!((store(9999, b"x"), retrieve(9999)), (ERROR_LOCK_FAIL, Err(ERROR_LOCK_FAIL)));
    assert!(host.heard().contains("unable to find domain info for domain 9999"));
}
