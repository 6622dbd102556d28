//! `xenops devices`: all devices of a domain, a row each.

use std::fmt::Write;

use clap::Args;
use serde_json::{Map, Value};
use xenopsd::client::{Client, Error};

use super::domain::{Domain, Identity};
use super::{Outcome, Session};

/// List the devices of a domain
///
/// Kind is what libxl calls it: `xenops call device_KIND_list` has the details. Backend is the number of the domain
/// that serves the device.
///
/// With --json, an object: for each kind, the result of device_KIND_list.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops devices web
  xenops devices --json web | jq -r '.disk[].pdev_path'
  xenops call device_nic_add '[\"web\", {\"bridge\": \"xenbr1\"}]'
  xenops call device_disk_remove '[\"web\", {\"vdev\": \"xvdb\", \"backend\": \"phy\"}]'")]
pub(crate) struct Devices {
    /// A domain by name, number or uuid
    domain: Domain,
}

/// A kind of device: which it is of its kind, and what there is to say of it.
struct Kind {
    name: &'static str,
    which: fn(&Value) -> String,
    what: fn(&Value) -> Vec<String>,
}

const KINDS: [Kind; 10] = [
    Kind { name: "disk", which: |disk| text(&disk["vdev"]), what: disk },
    Kind { name: "nic", which: devid, what: |nic| texts(nic, &["mac", "bridge", "ip", "model", "nictype"]) },
    Kind { name: "vkb", which: devid, what: |vkb| texts(vkb, &["backend_type", "unique_id"]) },
    Kind { name: "vtpm", which: devid, what: |vtpm| texts(vtpm, &["uuid"]) },
    Kind { name: "usbctrl", which: devid, what: usb_controller },
    Kind { name: "usbdev", which: usb_device, what: usb_host_device },
    Kind { name: "pci", which: pci, what: |pci| texts(pci, &["name"]) },
    Kind { name: "channel", which: devid, what: |channel| texts(channel, &["name"]) },
    Kind { name: "vdispl", which: devid, what: |_| Vec::new() },
    Kind { name: "vsnd", which: devid, what: |vsnd| texts(vsnd, &["short_name", "long_name"]) },
];

impl Devices {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        let devices = find(&mut session.client, &self.domain)?;
        Ok(if session.json { super::json(&devices) } else { table(&devices) })
    }
}

fn find(client: &mut Client, domain: &Domain) -> Result<Map<String, Value>, Error> {
    let identity = Identity::find(client, domain)?;
    let list = |kind: &Kind| {
        let devices = client.call(&format!("device_{}_list", kind.name), &identity.params())?;
        Ok((kind.name.to_owned(), devices))
    };
    KINDS.iter().map(list).collect()
}

fn table(devices: &Map<String, Value>) -> String {
    let mut table = "Kind     Device        Backend  Description\n".to_owned();
    for Kind { name, which, what } in &KINDS {
        for device in devices.get(*name).and_then(Value::as_array).into_iter().flatten() {
            let (which, what) = (which(device), what(device).join(", "));
            let backend = device["backend_domid"].as_u64().map_or_else(|| "-".to_owned(), |domid| domid.to_string());
            let row = format!("{name:<8} {which:<13} {backend:>7}  {what}");
            writeln!(table, "{}", row.trim_end()).expect("a String takes everything");
        }
    }
    table
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The members that are there.
fn texts(device: &Value, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| text(&device[name])).filter(|text| !text.is_empty()).collect()
}

fn devid(device: &Value) -> String {
    device["devid"].to_string()
}

fn disk(disk: &Value) -> Vec<String> {
    let is = |name: &str| disk[name].as_i64().is_some_and(|number| number != 0);
    let mut words = texts(disk, &["pdev_path", "backend"]);
    words.extend(is("is_cdrom").then(|| "cdrom".to_owned()));
    words.push(if is("readwrite") { "read-write" } else { "read-only" }.to_owned());
    words
}

fn usb_controller(controller: &Value) -> Vec<String> {
    let (version, ports) = (&controller["version"], &controller["ports"]);
    [texts(controller, &["type"]), vec![format!("USB {version}"), format!("{ports} ports")]].concat()
}

/// Controller and port.
fn usb_device(device: &Value) -> String {
    format!("{}.{}", device["ctrl"], device["port"])
}

/// Bus and device of the host.
fn usb_host_device(device: &Value) -> Vec<String> {
    let host = &device["type.hostdev"];
    vec![format!("host device {}.{}", host["hostbus"], host["hostaddr"])]
}

/// As lspci has it.
fn pci(device: &Value) -> String {
    let number = |name: &str| device[name].as_u64().unwrap_or_default();
    format!("{:04x}:{:02x}:{:02x}.{:x}", number("domain"), number("bus"), number("dev"), number("func"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_device_is_a_row() {
        let devices = json!({
            "disk": [
                { "backend_domid": 0, "vdev": "xvda", "pdev_path": "/dev/vg/web", "backend": "phy", "readwrite": 1 },
                { "backend_domid": 3, "vdev": "hdc", "pdev_path": "", "backend": "qdisk", "readwrite": 0, "is_cdrom": 1 },
            ],
            "nic": [{ "backend_domid": 0, "devid": 1, "mac": "00:16:3e:00:00:01", "bridge": "xenbr0", "ip": null }],
            "usbdev": [{ "ctrl": 0, "port": 2, "type.hostdev": { "hostbus": 1, "hostaddr": 4 } }],
            "pci": [{ "func": 1, "dev": 0, "bus": 130, "domain": 0, "name": null }],
        });
        let expected = "\
Kind     Device        Backend  Description
disk     xvda                0  /dev/vg/web, phy, read-write
disk     hdc                 3  qdisk, cdrom, read-only
nic      1                   0  00:16:3e:00:00:01, xenbr0
usbdev   0.2                 -  host device 1.4
pci      0000:82:00.1        -
";
        assert_eq!(table(devices.as_object().unwrap()), expected);
    }
}
