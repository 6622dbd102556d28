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
fn sigterm_ends_the_daemon_with_success() {
    let Some(evidence) = Evidence::collected() else { return };
    assert_eq!(evidence.read("xenopsd.status"), "0\n");
}

#[test]
fn the_daemon_says_who_changed_what_and_that_a_worker_was_killed() {
    let Some(evidence) = Evidence::collected() else { return };
    let said = evidence.read("xenopsd.err");
    let (audit, other): (Vec<_>, Vec<_>) = said.lines().partition(|line| line.starts_with("[INFO ] "));
    for (what, outcome) in [
        ("userdata_store of domain 1 by uid 0", "done"),
        ("domain_destroy of domain 0 by uid 0", "refused (-32602)"),
        (r#"domain_rename of domain "nobody" by uid 0"#, "DOMAIN_NOTFOUND (-21)"),
        ("domain_rename of domain 8 by uid 0", "outcome unknown: its process ended"),
    ] {
        let says = |line: &&str| line.contains(&format!(" {what}, pid ")) && line.contains(&format!(": {outcome}, "));
        assert!(audit.iter().any(says), "{what}, {outcome}: {said}");
    }
    let [killed] = other[..] else { panic!("{said}") };
    assert!(killed.starts_with("[WARN ] a worker ended before operation "), "{killed}");
}
