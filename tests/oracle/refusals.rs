//! What we refuse, each with the whole text of the refusal, and what libxl makes of the same.
//!
//! libxl's reader is lenient: it skips what it does not know, and what is of another type. A typing error in a
//! domain's configuration is lost there without a word. The tests say of most cases that libxl takes it (`lenient`)
//! or that it refuses it, too (`strict`), so that a line that no longer holds shows.

use xenopsd::limits::{BITMAP_BITS_MAX, ELEMENTS_MAX};
use xenopsd::xl::sys::*;

use crate::described::{Described, ours, read_by_libxl, read_by_us};
use crate::json::Json;

/// Our refusal in words.
fn refusal<T: Described>(text: &str) -> String {
    read_by_us::<T, _>(&crate::xl(), text, |value| value.map(drop).expect_err(text))
}

/// We refuse it so; libxl takes it.
#[track_caller]
fn lenient<T: Described>(text: &str, error: &str) {
    assert_eq!(refusal::<T>(text), error);
    assert!(read_by_libxl::<T>(&crate::xl(), text).is_ok(), "libxl no longer takes {text}");
}

/// We refuse it so; libxl refuses it, too.
#[track_caller]
fn strict<T: Described>(text: &str, error: &str) {
    assert_eq!(refusal::<T>(text), error);
    assert!(read_by_libxl::<T>(&crate::xl(), text).is_err(), "libxl takes {text}");
}

/// We refuse it so; libxl must not see it.
#[track_caller]
fn deadly<T: Described>(text: &str, error: &str) {
    assert_eq!(refusal::<T>(text), error);
}

/// We read it, and write this member then.
#[track_caller]
fn taken<T: Described>(text: &str, name: &str, value: &str) {
    let xl = crate::xl();
    let written = read_by_us::<T, _>(&xl, text, |read| read.map(|read| ours(&xl, read))).expect(text);
    assert_eq!(Json::parse(&written).member(name), Some(&Json::parse(value)), "{written}");
}

#[test]
fn members_are_known_and_come_once() {
    lenient::<libxl_device_dtdev>(r#"{"Path":"a"}"#, "params.Path: unknown; there is path");
    lenient::<libxl_device_dtdev>(r#"{"path":"a","path":"b"}"#, "params.path: occurs twice");
    lenient::<libxl_ioport_range>(r#"{"first":1,"nummer":2}"#, "params.nummer: unknown; there is first, number");
    lenient::<libxl_device_dtdev>("[]", "params: expected an object");
    lenient::<libxl_domain_build_info>(
        r#"{"arch_arm":{"gic":"v2"}}"#,
        "params.arch_arm.gic: unknown; there is gic_version, vuart",
    );
    lenient::<libxl_domain_config>(r#"{"c_info":"pv"}"#, "params.c_info: expected an object");
}

#[test]
fn the_path_leads_to_the_fault_from_outside_in() {
    lenient::<libxl_domain_config>(
        r#"{"disks":[{"vdev":"xvda"},{"vdev":7}]}"#,
        "params.disks[1].vdev: expected a string or null",
    );
    lenient::<libxl_domain_config>(
        r#"{"vsnds":[{"pcms":[{"streams":[{},{},{"params":{"channels_min":"2"}}]}]}]}"#,
        "params.vsnds[0].pcms[0].streams[2].params.channels_min: expected an integer",
    );
    lenient::<libxl_domain_config>(
        r#"{"b_info":{"type.hvm":{"vnc":{"enable":1}}}}"#,
        "params.b_info.type.hvm.vnc.enable: expected \"True\", \"False\", \"<default>\", true, false or null",
    );
}

#[test]
fn integers_are_whole_and_fit() {
    strict::<libxl_device_pci>(r#"{"func":256}"#, "params.func: out of range: 0 to 255");
    strict::<libxl_device_pci>(r#"{"func":-1}"#, "params.func: out of range: 0 to 255");
    strict::<libxl_device_vtpm>(
        r#"{"backend_domid":4294967296}"#,
        "params.backend_domid: out of range: 0 to 4294967295",
    );
    strict::<libxl_device_nic>(r#"{"devid":2147483648}"#, "params.devid: out of range: -2147483648 to 2147483647");
    for number in ["1e3", "1.0", "\"1\"", "null", "true", "[1]", "{}"] {
        lenient::<libxl_device_pci>(&format!("{{\"dev\":{number}}}"), "params.dev: expected an integer");
    }
    // libxl's reader loses what lies above a signed number, without a word; we take it.
    taken::<libxl_vnode_info>(r#"{"memkb":18446744073709551614}"#, "memkb", "18446744073709551614");
    lenient::<libxl_vnode_info>(
        r#"{"memkb":18446744073709551616}"#,
        "params.memkb: out of range: 0 to 18446744073709551615",
    );
    strict::<libxl_vnode_info>(r#"{"memkb":-1}"#, "params.memkb: out of range: 0 to 18446744073709551615");
}

#[test]
fn booleans_are_true_or_false() {
    for word in ["1", "\"true\"", "null"] {
        let text = format!("{{\"msitranslate\":{word}}}");
        lenient::<libxl_device_pci>(&text, "params.msitranslate: expected true or false");
    }
}

#[test]
fn strings_are_strings_without_a_nul() {
    for value in ["1", "false", "[]", "{}"] {
        let text = format!("{{\"path\":{value}}}");
        lenient::<libxl_device_dtdev>(&text, "params.path: expected a string or null");
    }
    // libxl cuts it there.
    lenient::<libxl_device_dtdev>(r#"{"path":"/dev/\u0000x"}"#, "params.path: a NUL inside a string");
    taken::<libxl_device_dtdev>(r#"{"path":null}"#, "path", "null");
}

#[test]
fn names_are_spelled_as_libxl_spells_them() {
    let there_is = "unknown name; there is unknown, phy, tap, qdisk, standalone";
    lenient::<libxl_device_disk>(r#"{"backend":"PHY"}"#, &format!("params.backend: {there_is}"));
    strict::<libxl_device_disk>(r#"{"backend":"phys"}"#, &format!("params.backend: {there_is}"));
    lenient::<libxl_device_disk>(r#"{"backend":1}"#, "params.backend: expected a string");
    lenient::<libxl_device_disk>(r#"{"backend":null}"#, "params.backend: expected a string");
    // Only where the value that is there at first has no name: so it is written.
    taken::<libxl_vsnd_stream>(r#"{"type":null}"#, "type", "null");
    strict::<libxl_vsnd_params>(r#"{"sample_formats":[null]}"#, "params.sample_formats[0]: expected a string");
}

#[test]
fn a_defbool_is_one_of_three_words() {
    let expected = "expected \"True\", \"False\", \"<default>\", true, false or null";
    for word in ["\"Truely\"", "\"False?\"", "\"<default> \"", "0"] {
        let text = format!("{{\"discard_enable\":{word}}}");
        lenient::<libxl_device_disk>(&text, &format!("params.discard_enable: {expected}"));
    }
    for word in ["\"true\"", "\"\""] {
        let text = format!("{{\"discard_enable\":{word}}}");
        strict::<libxl_device_disk>(&text, &format!("params.discard_enable: {expected}"));
    }
    for (word, value) in [("true", "True"), ("false", "False"), ("null", "<default>")] {
        let (text, value) = (format!("{{\"discard_enable\":{word}}}"), format!("\"{value}\""));
        taken::<libxl_device_disk>(&text, "discard_enable", &value);
    }
}

#[test]
fn uuids_and_mac_addresses_are_whole() {
    let uuid = "params.uuid: expected a uuid such as \"01234567-89ab-cdef-0123-456789abcdef\"";
    for text in [
        "",
        "01234567-89ab-cdef-0123-456789abcde",
        "0123456789abcdef0123456789abcdef0123",
        "01234567-89ab-cdef-0123-456789abcdeg",
    ] {
        strict::<libxl_device_vtpm>(&format!("{{\"uuid\":\"{text}\"}}"), uuid);
    }
    lenient::<libxl_device_vtpm>(r#"{"uuid":null}"#, "params.uuid: expected a string");
    let upper = r#"{"uuid":"01234567-89AB-CDEF-0123-456789ABCDEF"}"#;
    taken::<libxl_device_vtpm>(upper, "uuid", "\"01234567-89ab-cdef-0123-456789abcdef\"");

    let mac = "params.mac: expected a MAC address such as \"00:16:3e:01:23:45\"";
    lenient::<libxl_device_nic>(r#"{"mac":"00:16:3e:01:23:45:67"}"#, mac);
    for text in ["", "00:16:3e:01:23:45 or so", "00:16:3e:01:23", "00-16-3e-01-23-45", "00:16:3e:01:23:4g"] {
        assert_eq!(refusal::<libxl_device_nic>(&format!("{{\"mac\":\"{text}\"}}")), mac);
    }
}

#[test]
fn the_bits_of_a_bitmap_ascend() {
    let order = "not above the bit before it: each comes once, in ascending order";
    lenient::<libxl_cpupoolinfo>(r#"{"cpumap":[9,1]}"#, &format!("params.cpumap[1]: {order}"));
    lenient::<libxl_cpupoolinfo>(r#"{"cpumap":[1,3,3]}"#, &format!("params.cpumap[2]: {order}"));
    lenient::<libxl_cpupoolinfo>(r#"{"cpumap":[-5,1]}"#, "params.cpumap[0]: out of range: 0 to 16383");
    assert_eq!(refusal::<libxl_cpupoolinfo>(r#"{"cpumap":["1"]}"#), "params.cpumap[0]: expected an integer");
    lenient::<libxl_cpupoolinfo>(r#"{"cpumap":"1"}"#, "params.cpumap: expected an array");
    let at = |bit: u64| format!("{{\"cpumap\":[{bit}]}}");
    taken::<libxl_cpupoolinfo>(&at(BITMAP_BITS_MAX - 1), "cpumap", "[16383]");
    lenient::<libxl_cpupoolinfo>(&at(BITMAP_BITS_MAX), "params.cpumap[0]: out of range: 0 to 16383");
    taken::<libxl_domain_build_info>(r#"{"avail_vcpus":[1023]}"#, "avail_vcpus", "[1023]");
    lenient::<libxl_domain_build_info>(r#"{"avail_vcpus":[0,1024]}"#, "params.avail_vcpus[1]: out of range: 0 to 1023");
}

/// libxl copies as many bytes from a bitmap as the host's own has.
#[test]
fn bitmaps_of_the_host_have_its_size() {
    let text = r#"{"nodemap":[0],"vcpu_hard_affinity":[[],[1]],"vcpu_soft_affinity":[[999]],"avail_vcpus":[0]}"#;
    let xl = crate::xl();
    let smallest = |alloc: Option<unsafe extern "C" fn(_, *mut libxl_bitmap, _) -> _>| {
        let mut bitmap = xenopsd::xl::Owned::<libxl_bitmap>::new(xl.functions());
        // SAFETY: the table holds this very function, which allocates into an empty bitmap.
        assert_eq!(unsafe { alloc.expect("every release has it")(xl.ctx(), bitmap.as_mut_ptr(), 0) }, 0);
        bitmap.size
    };
    let (cpus, nodes) =
        (smallest(xl.functions().libxl_cpu_bitmap_alloc), smallest(xl.functions().libxl_node_bitmap_alloc));
    assert!(cpus > 1 && nodes > 1, "this host is too small to tell");
    read_by_us::<libxl_domain_build_info, _>(&xl, text, |info| {
        let info = info.expect(text);
        // SAFETY: two elements, and one.
        let sizes = unsafe {
            [
                (*info.vcpu_hard_affinity).size,
                (*info.vcpu_hard_affinity.add(1)).size,
                (*info.vcpu_soft_affinity).size,
                info.nodemap.size,
                info.avail_vcpus.size,
            ]
        };
        assert_eq!(sizes, [cpus, cpus, 125.max(cpus), nodes, 1]);
    });
    // What libxl takes for unset must stay so.
    read_by_us::<libxl_domain_build_info, _>(&xl, r#"{"nodemap":[]}"#, |info| {
        assert!(info.expect("it is taken").nodemap.map.is_null());
    });
}

#[test]
fn lists_have_a_bound() {
    let list = |count: usize| format!("{{\"irqs\":[{}]}}", vec!["5"; count].join(","));
    let pairs = |count: usize| {
        let pairs: Vec<_> = (0..count).map(|at| format!("\"{at}\":null")).collect();
        format!("{{\"xsdata\":{{{}}}}}", pairs.join(","))
    };
    assert!(read_by_us::<libxl_domain_build_info, _>(&crate::xl(), &list(ELEMENTS_MAX), |read| read.is_ok()));
    lenient::<libxl_domain_build_info>(&list(ELEMENTS_MAX + 1), "params.irqs: more than 1024 in one list");
    assert!(read_by_us::<libxl_domain_create_info, _>(&crate::xl(), &pairs(ELEMENTS_MAX), |read| read.is_ok()));
    lenient::<libxl_domain_create_info>(&pairs(ELEMENTS_MAX + 1), "params.xsdata: more than 1024 in one list");
    lenient::<libxl_domain_build_info>(r#"{"irqs":5}"#, "params.irqs: expected an array");
    taken::<libxl_domain_build_info>(r#"{"irqs":[]}"#, "irqs", "[]");
}

#[test]
fn lists_of_strings_hold_strings() {
    assert_eq!(
        refusal::<libxl_domain_build_info>(r#"{"bootloader_args":["a",null]}"#),
        "params.bootloader_args[1]: expected a string"
    );
    assert_eq!(
        refusal::<libxl_domain_build_info>(r#"{"extra":["a","\u0000"]}"#),
        "params.extra[1]: a NUL inside a string"
    );
    lenient::<libxl_domain_build_info>(r#"{"extra":"a"}"#, "params.extra: expected an array");
    assert_eq!(
        refusal::<libxl_domain_create_info>(r#"{"xsdata":{"a":1}}"#),
        "params.xsdata.a: expected a string or null"
    );
    lenient::<libxl_domain_create_info>(r#"{"xsdata":{"a":"","a":""}}"#, "params.xsdata.a: occurs twice");
    lenient::<libxl_domain_create_info>(r#"{"xsdata":{"a\u0000":""}}"#, "params.xsdata.a\0: a NUL inside a string");
    lenient::<libxl_domain_create_info>(r#"{"xsdata":[]}"#, "params.xsdata: expected an object");
}

#[test]
fn arrays_of_a_fixed_length_have_it() {
    let genid = |count: usize| format!("{{\"type.hvm\":{{\"ms_vm_genid\":[{}]}}}}", vec!["7"; count].join(","));
    for count in [0, 15, 17] {
        let error = "params.type.hvm.ms_vm_genid: expected sixteen integers";
        assert_eq!(refusal::<libxl_domain_build_info>(&genid(count)), error);
    }
    let error = "params.hw_cap: expected four or eight integers";
    assert_eq!(refusal::<libxl_physinfo>(r#"{"hw_cap":[1,2,3]}"#), error);
    taken::<libxl_physinfo>(r#"{"hw_cap":[1,2,3,4]}"#, "hw_cap", "[1,2,3,4,0,0,0,0]");
}

#[test]
fn a_union_has_one_member() {
    let one = "only one may be given of type.invalid, type.hvm, type.pv, type.pvh";
    // libxl asserts that its initialiser is called once.
    deadly::<libxl_domain_build_info>(r#"{"type.hvm":{},"type.pv":{}}"#, &format!("params.type.pv: {one}"));
    lenient::<libxl_domain_build_info>(r#"{"type.hvm":{},"type.hvm":{}}"#, "params.type.hvm: occurs twice");
    let told = "told by the name of another member: type.invalid, type.hvm, type.pv, type.pvh";
    lenient::<libxl_domain_build_info>(r#"{"type":"hvm"}"#, &format!("params.type: {told}"));
    lenient::<libxl_domain_build_info>(r#"{"type.hvm":{},"type":"hvm"}"#, &format!("params.type: {told}"));
    lenient::<libxl_domain_build_info>(r#"{"u":{}}"#, &refusal::<libxl_domain_build_info>(r#"{"u":{}}"#));
    lenient::<libxl_device_channel>(
        r#"{"connection.pty":{"path":"x"}}"#,
        "params.connection.pty.path: unknown: this object has no members",
    );
    lenient::<libxl_device_channel>(r#"{"connection.socket":"x"}"#, "params.connection.socket: expected an object");
}

#[test]
fn deprecated_fields_stay_at_their_default() {
    for (kind, field, value, default) in [
        ("hvm", "apic", "true", "null"),
        ("hvm", "timer_mode", "\"one_missed_tick_pending\"", "\"unknown\""),
        ("hvm", "nested_hvm", "\"False\"", "\"<default>\""),
        ("pv", "kernel", "\"/boot/vmlinuz\"", "null"),
        ("pv", "bootloader", "\"pygrub\"", "null"),
        ("pv", "bootloader_args", "[\"-q\"]", "[]"),
        ("pv", "cmdline", "\"\"", "null"),
        ("pv", "ramdisk", "\"/boot/initrd\"", "null"),
    ] {
        let text = |value: &str| format!("{{\"type.{kind}\":{{\"{field}\":{value}}}}}");
        let error = format!("params.type.{kind}.{field}: deprecated; use {field} one level further out");
        assert_eq!(refusal::<libxl_domain_build_info>(&text(value)), error);
        read_by_us::<libxl_domain_build_info, _>(&crate::xl(), &text(default), |read| {
            read.map(drop).expect("its default is taken");
        });
    }
}

/// libxl asserts that it has the host's size, and what it makes of it is freed twice.
#[test]
fn the_old_affinity_of_a_build_stays_empty() {
    let error = "params.cpumap: must be empty; use vcpu_hard_affinity";
    lenient::<libxl_domain_build_info>(r#"{"cpumap":[0]}"#, error);
    taken::<libxl_domain_build_info>(r#"{"cpumap":[]}"#, "cpumap", "[]");
}

#[test]
fn cpuid_lists_are_read_with_care() {
    const BITS: &str = "xxxxxxxxxxxxxxxxxxxxxxxx0101kksx";
    let with = |list: &str| format!("{{\"cpuid\":{}}}", list.replace("BITS", BITS));
    let whole = with(
        r#"{"cpuid":[{"leaf":7,"subleaf":0,"ebx":"BITS"},{"leaf":7,"subleaf":1,"eax":"BITS"},{"leaf":1,"ecx":"BITS"}],"msr":[{"index":266,"policy":"BITSBITS"}]}"#,
    );
    let written = Json::parse(&whole);
    let value = written.member("cpuid").expect("it is there").to_string();
    taken::<libxl_domain_build_info>(&whole, "cpuid", &value);
    let empty = r#"{"cpuid":[],"msr":[]}"#;
    taken::<libxl_domain_build_info>(&with(empty), "cpuid", empty);
    for half in ["{}", r#"{"cpuid":[]}"#, r#"{"msr":[]}"#] {
        strict::<libxl_domain_build_info>(&with(half), "params.cpuid: expected an object with both cpuid and msr");
    }

    let (leaf, msr) = ("params.cpuid.cpuid[0]", "params.cpuid.msr[0]");
    let bits = "expected 32 characters, each 0, 1, x, k or s";
    for (list, error) in [
        // libxl writes 32 bytes of what may be shorter.
        (r#"{"cpuid":[{"leaf":1,"eax":"x"}]}"#, format!("{leaf}.eax: {bits}")),
        (r#"{"cpuid":[{"leaf":1,"eax":"BITSx"}]}"#, format!("{leaf}.eax: {bits}")),
        (r#"{"cpuid":[{"leaf":1,"eax":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx2"}]}"#, format!("{leaf}.eax: {bits}")),
        (
            r#"{"msr":[{"index":1,"policy":"BITS"}]}"#,
            format!("{msr}.policy: expected 64 characters, each 0, 1, x, k or s"),
        ),
        (r#"{"cpuid":[{"eax":"BITS"}]}"#, format!("{leaf}: expected a member that says which: leaf or index")),
        // All ones mark the end of a list.
        (r#"{"cpuid":[{"leaf":4294967295}]}"#, format!("{leaf}.leaf: out of range: 0 to 4294967294")),
        (r#"{"cpuid":[{"leaf":1},{"leaf":1}]}"#, "params.cpuid.cpuid[1]: the same as one before it".to_owned()),
        (
            r#"{"cpuid":[{"leaf":1,"efx":""}]}"#,
            format!("{leaf}.efx: unknown; there is leaf, subleaf, eax, ebx, ecx, edx"),
        ),
        (r#"{"msr":{}}"#, "params.cpuid.msr: expected an array".to_owned()),
        (r#"[]"#, "params.cpuid: expected an object".to_owned()),
    ] {
        deadly::<libxl_domain_build_info>(&with(list), &error);
    }
}
