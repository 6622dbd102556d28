//! libxl's functions, on the simulated host.
//!
//! In: what C passes. Out: what libxl returns, down to its defaults, its codes and its log lines. [`overlay`] is the
//! list of what is simulated; everything else answers `ERROR_NI`.

mod absent;
pub(super) mod bitmaps;
mod config;
mod devices;
mod domains;
mod fill;
pub(super) mod host_info;
mod names;
mod pools;
mod sched;
mod store;
mod vdev;

use super::ctx;
use crate::xl::sys::Functions;

/// Stand-ins for every function that takes a context: they only fail. Made by `gen::emit_functions`.
#[allow(non_snake_case, clippy::all, reason = "names and forms are the headers'")]
mod unsimulated {
    use crate::xl::sys::*;

    include!(concat!(env!("OUT_DIR"), "/unsimulated.rs"));
}

macro_rules! lay_over {
    ($functions:ident: $($module:ident { $($function:ident)* })*) => {
        $($($functions.$function = Some($module::$function);)*)*
    };
}

/// Puts what is simulated into the table, and stand-ins in place of the rest.
pub(super) fn overlay(functions: &mut Functions) {
    unsimulated::overlay(functions);
    lay_over! { functions:
        ctx { libxl_ctx_alloc libxl_ctx_free }
        domains {
            libxl_list_domain libxl_domain_info libxl_list_vm libxl_list_vcpu libxl_domain_get_nodeaffinity
        }
        names { libxl_domid_to_name libxl_name_to_domid libxl_domain_qualifier_to_domid }
        pools {
            libxl_list_cpupool libxl_cpupool_info libxl_get_freecpus libxl_cpupoolid_to_name libxl_cpupoolid_is_valid
            libxl_name_to_cpupoolid libxl_cpupool_qualifier_to_cpupoolid
        }
        host_info {
            libxl_get_physinfo libxl_get_free_memory libxl_get_numainfo libxl_get_cpu_topology libxl_get_pci_topology
            libxl_get_max_cpus libxl_get_online_cpus libxl_get_max_nodes libxl_get_scheduler libxl_get_version_info
        }
        sched {
            libxl_sched_credit_params_get libxl_sched_credit2_params_get libxl_domain_sched_params_get
            libxl_vcpu_sched_params_get_all
        }
        store {
            libxl_get_memory_target libxl_vm_get_start_time libxl_get_stubdom_id libxl_is_stubdom
            libxl_console_get_tty libxl_primary_console_get_tty libxl_userdata_retrieve libxl_ms_vm_genid_generate
        }
        devices {
            libxl_device_disk_list libxl_device_nic_list libxl_device_vkb_list libxl_device_channel_list
            libxl_device_usbctrl_list libxl_device_usbdev_list libxl_device_vtpm_list libxl_device_vdispl_list
            libxl_device_vsnd_list libxl_device_pci_list libxl_device_pci_assignable_list
            libxl_devid_to_device_nic libxl_devid_to_device_usbctrl libxl_devid_to_device_vdispl
            libxl_devid_to_device_vkb libxl_devid_to_device_vsnd libxl_devid_to_device_vtpm
            libxl_vdev_to_device_disk libxl_mac_to_device_nic libxl_ctrlport_to_device_usbdev
        }
        config { libxl_retrieve_domain_configuration }
        absent {
            libxl_flask_getenforce libxl_flask_sid_to_context libxl_flask_context_to_sid
            libxl_psr_cmt_enabled libxl_psr_cmt_domain_attached libxl_psr_cmt_type_supported
            libxl_psr_cmt_get_total_rmid libxl_psr_cmt_get_l3_cache_size libxl_psr_cmt_get_sample
            libxl_psr_cmt_get_cache_occupancy libxl_psr_get_val libxl_psr_cat_get_cbm libxl_psr_get_hw_info
            libxl_psr_cat_get_info libxl_psr_cat_get_l3_info
        }
        bitmaps {
            libxl_bitmap_alloc libxl_bitmap_copy_alloc libxl_bitmap_or libxl_bitmap_and libxl_bitmap_to_hex_string
            libxl_cpu_bitmap_alloc libxl_node_bitmap_alloc libxl_socket_bitmap_alloc libxl_get_online_socketmap
            libxl_nodemap_to_cpumap libxl_node_to_cpumap libxl_cpumap_to_nodemap libxl_string_copy
        }
    }
}
