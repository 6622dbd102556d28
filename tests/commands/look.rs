//! What is only looked at.

use serde_json::{Value, json};

use crate::Host;
use crate::common::Daemon;
use crate::common::xenops::{failed, printed, printed_json};

/// The host that has something of each kind.
fn large() -> Daemon {
    Daemon::start(&["--sim", "20", "--sim-seed", "7"])
}

#[test]
fn info_shows_the_host_in_the_lines_of_xl() {
    let daemon = large();
    let table = printed(&daemon.socket(), &["info"]);
    let expected = "\
nr_cpus                : 16
max_cpu_id             : 15
nr_nodes               : 2
cores_per_socket       : 4
threads_per_core       : 2
cpu_mhz                : 2400.000
hw_caps                : bfebfbff:77fef3ff:2c100800:00000121:0000000f:d19ffffb:00000008:00000100
virt_caps              : pv hvm hvm_directio pv_directio hap shadow iommu_hap_pt_share gnttab-v1 gnttab-v2
total_memory           : 65536
";
    assert!(table.starts_with(expected), "{table}");
    let lines: Vec<&str> = table.lines().skip(10).collect();
    assert_eq!(
        lines[3..9],
        [
            "free_cpus              : 1",
            "xen_major              : 4",
            "xen_minor              : 17",
            "xen_extra              : .7 (simulated)",
            "xen_version            : 4.17.7 (simulated)",
            "xen_caps               : xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ",
        ]
    );
    assert_eq!(
        lines[9..12],
        [
            "xen_scheduler          : credit2",
            "xen_pagesize           : 4096",
            "platform_params        : virt_start=0xffff800000000000",
        ]
    );
    let host = printed_json(&daemon.socket(), &["info", "--json"]);
    for method in ["get_physinfo", "get_version_info", "get_scheduler", "get_freecpus"] {
        assert_eq!(host[method], printed_json(&daemon.socket(), &["call", method]), "{method}");
    }
}

#[test]
fn info_shows_a_domain() {
    let host = Host::start(&[]);
    let domid = host.create("web").to_string();
    let by_name = printed_json(&host.socket(), &["info", "--json", "web"]);
    assert_eq!(by_name.as_object().unwrap().keys().next().unwrap(), "name");
    let uuid = by_name["uuid"].as_str().unwrap();
    let table = host.run(&["info", uuid]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[..2], ["name                   : web", &format!("domid                  : {domid}")]);
    assert_eq!(lines[2], format!("uuid                   : {uuid}"));
    assert_eq!(
        lines[3..8],
        [
            "type                   : hvm or pvh",
            "state                  : blocked",
            "memory                 : 64 MiB",
            "max_memory             : 65 MiB",
            "vcpus                  : 1 of 1 online",
        ]
    );
    host.run(&["pause", "web"]);
    assert!(host.run(&["info", &domid]).contains("state                  : paused\n"));
    let nobody = "xenops: DOMAIN_NOTFOUND: libxl_domain_info (code -21)\n";
    assert_eq!(host.failed(&["info", "nobody"]), (1, nobody.to_owned()));
    assert_eq!(host.failed(&["info", ""]).0, 2);
}

#[test]
fn vcpus_are_listed_in_the_columns_of_xl() {
    let daemon = large();
    let of_two = printed_json(&daemon.socket(), &["vcpus", "--json", "app-07", "2"]);
    assert_eq!(
        (&of_two[0]["name"], &of_two[0]["domid"], &of_two[1]["domid"]),
        (&json!("app-07"), &json!(7), &json!(2))
    );
    let vcpus = printed_json(&daemon.socket(), &["call", "list_vcpu", "[7]"]);
    let still = |vcpus: &Value| -> Vec<Value> {
        let vcpus = vcpus.as_array().unwrap().iter();
        vcpus.map(|vcpu| json!([vcpu["vcpuid"], vcpu["cpu"], vcpu["cpumap"], vcpu["cpumap_soft"]])).collect()
    };
    assert_eq!(still(&of_two[0]["vcpus"]), still(&vcpus));
    let table = printed(&daemon.socket(), &["vcpus", "2"]);
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows[0], "Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)");
    assert_eq!(rows.len(), 5);
    assert!(
        rows[4].starts_with("web-02                               2     3    -   --p ")
            && rows[4].ends_with("  0-7 / all")
    );

    let all = printed_json(&daemon.socket(), &["vcpus", "--json"]);
    let vcpus: usize = all.as_array().unwrap().iter().map(|domain| domain["vcpus"].as_array().unwrap().len()).sum();
    assert_eq!(all.as_array().unwrap().len(), 20);
    assert_eq!(printed(&daemon.socket(), &["vcpus"]).lines().count(), vcpus + 1);
    assert_eq!(failed(&daemon.socket(), &["vcpus", "app-07", "nobody"]).0, 1);
}

#[test]
fn devices_of_all_kinds_are_rows() {
    let daemon = large();
    let table = printed(&daemon.socket(), &["devices", "app-07"]);
    let expected = "\
Kind     Device        Backend  Description
disk     xvda                0  /var/lib/xen/images/7-root.qcow2, qdisk, read-write
disk     hdc                 0  qdisk, cdrom, read-only
nic      0                   0  00:16:3e:55:d5:e4, xenbr0, vif_ioemu
vkb      0                   0  qemu
pci      0000:82:00.0        -  gpu
pci      0000:82:00.1        -  gpu-audio
channel  0                   0  org.qemu.guest_agent.0
";
    assert_eq!(table, expected);
    let devices = printed_json(&daemon.socket(), &["devices", "--json", "7"]);
    for (kind, devices) in devices.as_object().unwrap() {
        assert_eq!(*devices, printed_json(&daemon.socket(), &["call", &format!("device_{kind}_list"), "[7]"]));
    }
    assert_eq!(failed(&daemon.socket(), &["devices", "nobody"]).0, 1);

    printed(
        &daemon.socket(),
        &["call", "device_disk_add", r#"["app-07", {"vdev": "xvdb", "pdev_path": "/dev/b", "format": "raw"}]"#],
    );
    let table = printed(&daemon.socket(), &["devices", "app-07"]);
    assert!(table.contains("disk     xvdb                0  /dev/b, phy, read-only\n"), "{table}");
    for (domain, row) in [
        ("3", "usbdev   0.2                 -  host device 1.4\n"),
        ("5", "vtpm     0                   0  052c3258-babf-4393-bc08-01a1145595a3\n"),
        ("9", "vsnd     0                   0  card, Simulated sound card\n"),
    ] {
        let table = printed(&daemon.socket(), &["devices", domain]);
        assert!(table.contains(row), "{table}");
    }
}

#[test]
fn pools_are_listed_in_the_columns_of_xl() {
    let daemon = large();
    let expected = "\
Name               CPUs   Sched     Active   Domain count
Pool-0              12   credit2       y         16
batch                3    credit       y          4
";
    assert_eq!(printed(&daemon.socket(), &["pools"]), expected);
    let pools = printed_json(&daemon.socket(), &["pools", "--json"]);
    assert_eq!(pools, printed_json(&daemon.socket(), &["call", "list_cpupool"]));
    printed(&daemon.socket(), &["call", "cpupool_rename", r#"["night", 1]"#]);
    assert!(printed(&daemon.socket(), &["pools"]).contains("\nnight                3    credit       y          4\n"));
    assert_eq!(failed(&daemon.socket(), &["pools", "night"]).0, 2);
}

#[test]
fn the_read_only_socket_is_enough_to_look_around() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("look");
    let _daemon = Daemon::start(&["--sim", "20", "--sim-seed", "7", "--read-only-socket", socket.to_str().unwrap()]);
    for arguments in
        [&["list"][..], &["info"], &["info", "7"], &["vcpus"], &["vcpus", "7"], &["pools"], &["operations"]]
    {
        printed(&socket, arguments);
        let json: Value = printed_json(&socket, &[arguments, &["--json"]].concat());
        assert!(json.is_array() || json.is_object());
    }
    let file = folder.path().join("web.json");
    std::fs::write(&file, crate::config("web").to_string()).unwrap();
    let (file, saved) = (file.to_str().unwrap(), folder.path().join("saved"));
    for arguments in [
        &["devices", "7"][..],
        &["create", file],
        &["pause", "7"],
        &["destroy", "7"],
        &["abort", "1"],
        &["save", "7", saved.to_str().unwrap()],
    ] {
        let (code, said) = failed(&socket, arguments);
        assert!(code == 3 && said.contains("FORBIDDEN: "), "{arguments:?}: {code}: {said}");
    }
    assert!(!saved.exists());
}
