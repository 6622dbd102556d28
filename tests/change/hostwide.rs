//! What is asked of the hypervisor and of the host around the domains.

use std::ptr::{null, null_mut};

use xenopsd::xl::sys::{ERROR_FAIL, LIBXL_DOMAIN_TYPE_HVM, LIBXL_PSR_CBM_TYPE_L3_CBM};

use crate::call;
use crate::host::{Host, bitmap, read, text};

#[test]
fn debug_keys_are_answered_on_the_console() {
    let host = Host::open();
    let reader = call!(host, libxl_xen_console_read_start, 0);
    let next = || {
        let mut line = null_mut();
        match call!(host, libxl_xen_console_read_line, reader, &raw mut line) {
            1 => Some(read(line)),
            0 => None,
            code => panic!("{code}"),
        }
    };
    while next().is_some() {}
    assert_eq!(call!(host, libxl_send_debug_keys, text("rq")), 0);
    let said = next().unwrap();
    assert!(said.contains("(XEN) 'r' pressed => dump run queues\n(XEN) 'q' pressed"), "{said}");
    assert!(said.contains("General information for domain 0"), "{said}");
    assert_eq!(next(), None);
    call!(host, libxl_xen_console_read_finish, reader);
}

#[test]
fn parameters_are_those_that_xen_lets_be_changed() {
    let host = Host::open();
    assert_eq!(call!(host, libxl_set_parameters, text("gnttab_max_frames=64 ept=no-ad")), 0);
    assert_eq!(call!(host, libxl_set_parameters, text("no_such_parameter=1")), ERROR_FAIL);
    assert!(host.heard().contains("setting parameters"));
    assert_eq!(call!(host, libxl_clear_domid_history), 0);
}

#[test]
fn a_log_file_gets_a_name_only() {
    let host = Host::open();
    let mut path = null_mut();
    assert_eq!(call!(host, libxl_create_logfile, c"qemu-dm-x".as_ptr(), &raw mut path), 0);
    assert_eq!(read(path), "/var/log/xen/qemu-dm-x.log");
    unsafe { libc::free(path.cast()) };
}

#[test]
fn the_device_model_of_hvm_guests_answers() {
    let host = Host::open();
    let domid = host.try_create(&mut host.config("emulated", LIBXL_DOMAIN_TYPE_HVM)).unwrap();
    let ask = |domid, command: &std::ffi::CStr| {
        let mut answer = null_mut();
        match call!(host, libxl_qemu_monitor_command, domid, command.as_ptr(), &raw mut answer, null()) {
            0 => Ok(read(answer)),
            code => Err(code),
        }
    };
    assert_eq!(ask(domid, c"info status").as_deref(), Ok("VM status: paused\r\n"));
    assert_eq!(ask(domid, c"quit").as_deref(), Ok("unknown command: 'quit'\r\n"));
    assert_eq!(ask(host.create("not-emulated"), c"info status"), Err(ERROR_FAIL));
}

#[test]
fn what_the_host_has_not_fails_as_it_does_there() {
    let host = Host::open();
    assert_eq!(call!(host, libxl_flask_setenforce, 1), -1);
    assert_eq!(call!(host, libxl_flask_loadpolicy, null_mut(), 0), -1);
    host.heard();
    assert_eq!(call!(host, libxl_psr_cmt_attach, 1), ERROR_FAIL);
    assert!(host.heard().contains("CMT is not supported in this system"));
    assert_eq!(call!(host, libxl_psr_cmt_detach, 9999), ERROR_FAIL);
    assert!(host.heard().contains("invalid domain ID"));
    let mut bytes = [1];
    let mut map = bitmap(&mut bytes);
    let (kind, map) = (LIBXL_PSR_CBM_TYPE_L3_CBM, &raw mut map);
    assert_eq!(call!(host, libxl_psr_set_val, 1, kind, map, 1), ERROR_FAIL);
    assert_eq!(call!(host, libxl_psr_cat_set_cbm, 1, kind, map, 1), ERROR_FAIL);
    assert!(host.heard().contains("L3 CAT: is not supported in this system"));
}
