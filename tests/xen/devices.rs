//! What xenopsd says of devices, beside what xenstore holds and sysfs and xl show.
//!
//! The scenario had `xl` add them, or wrote the nodes that libxl would have written where that needs qemu.

use serde_json::{Value, json};

use crate::evidence::Evidence;
use crate::values::elements;
use crate::witness::{xenstore, xl};

/// The only device of a kind: the element of the list, and the same when it is asked for alone.
fn device(evidence: &Evidence, list: &str, alone: &[&str]) -> Value {
    let listed = evidence.result(list);
    assert_eq!(elements(&listed).count(), 1, "{list}: {listed}");
    for single in alone {
        assert_eq!(evidence.result(single), listed[0], "{single}");
    }
    listed[0].clone()
}

/// Members of a device, as text, are the values of the nodes of those names.
fn assert_nodes(evidence: &Evidence, device: &Value, path: &str, members: &[(&str, &str)]) {
    let nodes = xenstore::nodes(&evidence.text("xenstore"));
    for (member, node) in members {
        let value = match &device[*member] {
            Value::String(text) => text.clone(),
            Value::Bool(truth) => u8::from(*truth).to_string(),
            other => other.to_string(),
        };
        assert_eq!(Some(&value), nodes.get(&format!("{path}/{node}")), "{member} and {path}/{node}: {device}");
    }
}

/// The words of the row that xl prints for a domain's only device of a kind.
fn row(evidence: &Evidence, name: &str) -> Vec<String> {
    let mut rows = xl::table(&evidence.text(name));
    assert_eq!(rows.len(), 1, "{name}: {rows:?}");
    rows.remove(0)
}

#[test]
fn disks_are_those_of_xenstore_and_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let disk = device(evidence, "device_disk_list", &["vdev_to_device_disk"]);
    let members = [("pdev_path", "params"), ("vdev", "dev"), ("backend", "type"), ("removable", "removable")];
    assert_nodes(evidence, &disk, "/libxl/1/device/vbd/51712", &members);
    assert_nodes(
        evidence,
        &json!({"mode": if disk["readwrite"] == 1 { "w" } else { "r" }}),
        "/libxl/1/device/vbd/51712",
        &[("mode", "mode")],
    );
    assert_eq!(row(evidence, "xl_block.1")[1], disk["backend_domid"].to_string());
}

#[test]
fn network_interfaces_are_those_of_xenstore_and_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let nic = device(evidence, "device_nic_list", &["devid_to_device_nic", "mac_to_device_nic"]);
    let members =
        [("mac", "mac"), ("bridge", "bridge"), ("script", "script"), ("devid", "handle"), ("nictype", "type")];
    assert_nodes(evidence, &nic, "/libxl/1/device/vif/0", &members);
    let xl = row(evidence, "xl_network.1");
    assert_eq!(json!(xl[2]), nic["mac"]);
    assert_eq!(xl[..2], [nic["devid"].to_string(), nic["backend_domid"].to_string()]);
}

#[test]
fn keyboards_are_those_of_xenstore_and_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let vkb = device(evidence, "device_vkb_list", &["devid_to_device_vkb"]);
    let members = [
        ("unique_id", "unique-id"),
        ("feature_abs_pointer", "feature-abs-pointer"),
        ("width", "width"),
        ("height", "height"),
    ];
    assert_nodes(evidence, &vkb, "/local/domain/0/backend/vinput/9/0", &members);
    let xl = row(evidence, "xl_vkb.9");
    assert_eq!(
        (&xl[0], json!(xl[6]), json!(xl[7])),
        (&vkb["devid"].to_string(), vkb["unique_id"].clone(), vkb["backend_type"].clone())
    );
}

#[test]
fn vtpms_are_those_of_xenstore_and_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let vtpm = device(evidence, "device_vtpm_list", &["devid_to_device_vtpm", "uuid_to_device_vtpm"]);
    assert_nodes(evidence, &vtpm, "/local/domain/0/backend/vtpm/5/0", &[("uuid", "uuid"), ("devid", "handle")]);
    let xl = row(evidence, "xl_vtpm.5");
    assert_eq!((json!(xl[2]), &xl[1]), (vtpm["uuid"].clone(), &vtpm["backend_domid"].to_string()));
}

#[test]
fn usb_controllers_are_those_of_xenstore_and_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let controller = device(evidence, "device_usbctrl_list", &["devid_to_device_usbctrl"]);
    let members = [("type", "type"), ("version", "usb-ver"), ("ports", "num-ports")];
    assert_nodes(evidence, &controller, "/local/domain/0/backend/qusb/3/0", &members);
    let table = xl::table(&evidence.text("xl_usb.3"));
    let [devid, kind, backend, _state, version, ports] = &table[0][..] else { panic!("{table:?}") };
    let shown = json!([devid, kind, backend, version, ports]);
    let ours = ["devid", "type", "backend_domid", "version", "ports"].map(|member| match &controller[member] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    assert_eq!(shown, json!(ours));
}

#[test]
fn displays_are_those_of_xenstore_and_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let display = device(evidence, "device_vdispl_list", &["devid_to_device_vdispl"]);
    let shown = evidence.text("xl_vdispl.9");
    assert!(shown.starts_with(&format!("DevId: {}, BE: {},", display["devid"], display["backend_domid"])), "{shown}");
    assert_nodes(evidence, &display, "/local/domain/9/device/vdispl/0", &[("backend_domid", "backend-id")]);
}

#[test]
fn sound_cards_are_those_of_xenstore_and_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let card = device(evidence, "device_vsnd_list", &["devid_to_device_vsnd"]);
    let path = "/local/domain/9/device/vsnd/0";
    assert_nodes(
        evidence,
        &card,
        path,
        &[("short_name", "short-name"), ("long_name", "long-name"), ("backend_domid", "backend-id")],
    );
    assert_nodes(
        evidence,
        &card["params"],
        path,
        &[("channels_min", "channels-min"), ("channels_max", "channels-max")],
    );
    assert_nodes(evidence, &card["pcms"][0], &format!("{path}/0"), &[("name", "name")]);
    let stream = &card["pcms"][0]["streams"][0];
    assert_nodes(evidence, stream, &format!("{path}/0/0"), &[("unique_id", "unique-id"), ("type", "type")]);
    let shown = evidence.text("xl_vsnd.9");
    let [rate, format] = ["sample_rates", "sample_formats"].map(|member| card["params"][member][0].to_string());
    let wanted = format!("sample-rates: {rate}, sample-rates: {}", format.trim_matches('"'));
    assert!(shown.contains(&wanted), "{wanted}: {shown}");
}

#[test]
fn channels_are_those_of_xenstore_and_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let channel = device(evidence, "device_channel_list", &[]);
    let path = "/libxl/7/device/console/1";
    assert_nodes(evidence, &channel, path, &[("name", "name")]);
    assert_nodes(evidence, &channel["connection.socket"], path, &[("path", "path")]);
    assert_eq!(row(evidence, "xl_channel.7").last().unwrap(), "socket");
}

/// Where its two halves are. (What they tell each other, nobody has written: no guest here has a frontend.)
#[test]
fn what_is_known_of_a_device_is_what_xenstore_holds() {
    let Some(evidence) = Evidence::collected() else { return };
    for (step, path) in [
        ("device_disk_getinfo", "/libxl/1/device/vbd/51712"),
        ("device_nic_getinfo", "/libxl/1/device/vif/0"),
        ("device_vkb_getinfo", "/libxl/9/device/vkbd/0"),
        ("device_vtpm_getinfo", "/libxl/5/device/vtpm/0"),
        ("device_usbctrl_getinfo", "/libxl/3/device/vusb/0"),
        ("device_vdispl_getinfo", "/libxl/9/device/vdispl/0"),
        ("device_vsnd_getinfo", "/libxl/9/device/vsnd/0"),
        ("device_channel_getinfo", "/libxl/7/device/console/1"),
    ] {
        let info = evidence.result(step);
        let members = [("backend", "backend"), ("frontend", "frontend"), ("frontend_id", "frontend-id")];
        assert_nodes(evidence, &info, path, &members);
    }
}

#[test]
fn assignable_pci_devices_are_those_of_pciback_and_xl() {
    let Some(evidence) = Evidence::collected() else { return };
    let ours = evidence.result("device_pci_assignable_list");
    let address = |device: &Value| {
        let [domain, bus, slot, function] =
            ["domain", "bus", "dev", "func"].map(|member| device[member].as_u64().unwrap());
        format!("{domain:04x}:{bus:02x}:{slot:02x}.{function}")
    };
    let [one] = &elements(&ours).collect::<Vec<_>>()[..] else { panic!("{ours}") };
    let shown = evidence.text("xl_pci_assignable");
    assert_eq!(shown.split_whitespace().collect::<Vec<_>>(), [&address(one), one["name"].as_str().unwrap()]);
    let bound = evidence.text("sysfs_pciback");
    assert_eq!(bound.lines().filter(|name| name.contains(':')).collect::<Vec<_>>(), [address(one)]);
}
