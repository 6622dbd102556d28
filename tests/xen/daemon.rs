//! The daemon as a process of a real dom0, and libxl's own errors as it passes them on.

use crate::evidence::Evidence;

#[test]
fn a_domain_that_is_gone_is_libxls_error() {
    let Some(evidence) = Evidence::collected() else { return };
    for (call, error) in [
        ("domain_info", "DOMAIN_NOTFOUND: libxl_domain_info (code -21)"),
        ("list_vcpu", "DOMAIN_NOTFOUND: libxl_list_vcpu (code -21)"),
        ("domid_to_name", "FAIL: libxl_domid_to_name returned nothing (code -3)"),
        ("name_to_domid", "INVAL: libxl_name_to_domid (code -6)"),
        ("domain_get_nodeaffinity", "FAIL: libxl_domain_get_nodeaffinity (code -3)"),
    ] {
        let (status, output, errors) = evidence.outcome(&format!("{call}.gone"));
        assert_eq!((status, output.as_str()), (1, ""), "{call}: {errors}");
        assert_eq!(errors.lines().next(), Some(format!("xenops: {error}").as_str()));
    }
}

#[test]
fn what_libxl_logs_comes_with_its_error() {
    let Some(evidence) = Evidence::collected() else { return };
    let (_, _, errors) = evidence.outcome("domain_get_nodeaffinity.gone");
    let logged = errors.lines().nth(1).unwrap_or_default();
    assert!(logged.starts_with("xenops: libxl: "), "{errors}");
    assert!(logged.ends_with(":libxl_domain_get_nodeaffinity: Domain 6:Getting node affinity"), "{errors}");
}

#[test]
fn a_second_daemon_leaves_the_socket_alone() {
    let Some(evidence) = Evidence::collected() else { return };
    let (status, _, errors) = evidence.outcome("second_daemon");
    assert_eq!(status, 1, "{errors}");
    assert!(errors.contains("/run/xenopsd/xenopsd.sock: another server is using this socket"), "{errors}");
}

#[test]
fn sigterm_ends_the_daemon_with_success_and_without_a_word() {
    let Some(evidence) = Evidence::collected() else { return };
    assert_eq!(evidence.read("xenopsd.status"), "0\n");
    assert_eq!(evidence.read("xenopsd.err"), "");
}
