//! Params for every method that only looks.
//!
//! In: a method. Out: params that a simulated host of 20 domains, made up from seed 7, has an answer to.

use serde_json::{Value, json};

/// A value by a parameter's name: domain 7 has a stubdom, a disk, a network interface and a keyboard.
fn param(name: &str) -> Value {
    match name {
        "domid" | "domid_vm" | "guest_domid" => json!(7),
        "devid" | "cons_num" | "ctrl" | "poolid" | "node" | "socketid" | "scope" | "target" | "ssidref" => json!(0),
        "port" => json!(2),
        "lvl" => json!(3),
        "name" => json!("Domain-0"),
        "p" => json!("Pool-0"),
        "vdev" => json!("xvda"),
        "mac" => json!("00:16:3e:00:00:01"),
        "buf" => json!("system_u:system_r:domU_t"),
        "userdata_userid" => json!("xl"),
        "nodemap" | "cpumap" => json!([0]),
        "memory_kb" | "wait_secs" => json!(1),
        "disk" => json!({"vdev": "xvda"}),
        "uuid" => json!("01234567-89ab-cdef-0123-456789abcdef"),
        "config" => json!({"c_info": {"name": "new", "type": "pvh"}, "b_info": {"type.pvh": {}}}),
        "params" => json!({"vcpus": [{"vcpuid": 0}]}),
        "nic" | "channel" | "vtpm" | "vdispl" | "vsnd" | "vkb" | "usbctrl" => json!({"devid": 0}),
        _ => panic!("no value for a parameter named {name}"),
    }
}

/// The methods that only look.
pub(crate) fn methods() -> impl Iterator<Item = &'static xenopsd::api::Method> {
    xenopsd::api::all().iter().filter(|method| method.class == xenopsd::api::Class::Read)
}

/// Params by their names, for any of them.
pub(crate) fn params(method: &xenopsd::api::Method) -> Value {
    let own = match method.name {
        "console_get_tty" => json!({"type": "pv"}),
        "name_to_cpupoolid" => json!({"name": "Pool-0"}),
        "psr_cmt_get_sample" | "psr_cmt_type_supported" => json!({"type": "cache_occupancy"}),
        "psr_cat_get_cbm" | "psr_get_val" => json!({"type": "l3_cbm"}),
        "psr_get_hw_info" => json!({"type": "cat"}),
        "ctrlport_to_device_usbdev" | "devid_to_device_usbctrl" | "device_usbctrl_getinfo" => json!({"domid": 3}),
        "devid_to_device_vtpm" | "device_vtpm_getinfo" | "uuid_to_device_vtpm" => json!({"domid": 5}),
        "devid_to_device_vdispl" | "devid_to_device_vsnd" | "device_vdispl_getinfo" | "device_vsnd_getinfo" => {
            json!({"domid": 9})
        }
        "sched_credit_params_get" => json!({"poolid": 1}),
        _ => json!({}),
    };
    let value = |name: &&str| (name.to_string(), own.get(name).cloned().unwrap_or_else(|| param(name)));
    let optional = ["domain_uuid", "progress", "fields", "domids", "domid_for_logging"];
    let needed = |name: &&&str| !optional.contains(*name);
    method.params.iter().filter(needed).map(value).collect()
}
