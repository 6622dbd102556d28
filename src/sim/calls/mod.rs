//! libxl's functions, on the simulated host.
//!
//! In: what C passes. Out: what libxl returns, down to its defaults, its codes and its log lines. [`overlay`] is the
//! list of what is simulated; everything else answers `ERROR_NI`.

mod absent;
mod balloon;
pub(super) mod bitmaps;
mod build;
mod cdrom;
mod change;
mod config;
mod create;
mod devices;
mod domains;
mod fill;
mod getinfo;
pub(super) mod host_info;
mod host_set;
mod life;
mod names;
mod plug;
mod plug_kinds;
mod plug_pci;
mod plug_usb;
mod pools;
mod pools_set;
mod sched;
mod sched_set;
mod store;
mod stored;
mod stream;
mod userdata;
mod vcpus;
pub(super) mod vdev;
mod vital;

use super::{ao, ctx};
use crate::xl::sys::Functions;

/// Stand-ins for every function that takes a context: they only fail. Made by `gen::emit_functions`.
#[allow(non_snake_case, clippy::all, reason = "names and forms are the headers'")]
mod unsimulated {
    use crate::xl::sys::*;

    include!(concat!(env!("OUT_DIR"), "/unsimulated.rs"));
}

macro_rules! simulated {
    (
        looks { $($module:ident { $($function:ident)* })* }
        changes { $($room:ident { $($(#[$when:meta])? $change:ident)* })* }
    ) => {
        /// Puts what is simulated into the table, and stand-ins in place of the rest.
        pub(super) fn overlay(functions: &mut Functions) {
            unsimulated::overlay(functions);
            $($(functions.$function = Some($module::$function);)*)*
            $($(
                $(#[$when])?
                {
                    functions.$change = Some($room::$change);
                }
            )*)*
        }

        /// The functions that change something: those that can be made to fail.
        pub(super) const CHANGING: &[&str] = &[$($($(#[$when])? stringify!($change)),*),*];

        /// All that are simulated.
        #[cfg(test)]
        const SIMULATED: &[&[&str]] = &[&[$($(stringify!($function)),*),*], CHANGING];
    };
}

simulated! {
    looks {
        ctx { libxl_ctx_alloc libxl_ctx_free }
        ao { libxl_osevent_beforepoll libxl_osevent_afterpoll libxl_ao_abort }
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
            libxl_console_get_tty libxl_primary_console_get_tty libxl_ms_vm_genid_generate
        }
        userdata { libxl_userdata_retrieve }
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
        getinfo {
            libxl_device_disk_getinfo libxl_device_nic_getinfo libxl_device_vtpm_getinfo libxl_device_vkb_getinfo
            libxl_device_vdispl_getinfo libxl_device_vsnd_getinfo libxl_device_channel_getinfo
            libxl_device_usbctrl_getinfo libxl_uuid_to_device_vtpm
        }
        host_set { libxl_xen_console_read_start libxl_xen_console_read_line libxl_xen_console_read_finish }
    }
    changes {
        life {
            libxl_domain_pause libxl_domain_unpause libxl_domain_shutdown libxl_domain_reboot libxl_domain_destroy
            libxl_domain_suspend_only libxl_domain_resume libxl_domain_rename libxl_domain_preserve
            libxl_domain_core_dump libxl_send_trigger libxl_send_sysrq
        }
        create {
            libxl_domain_create_new libxl_domain_create_restore libxl_domain_soft_reset libxl_domain_need_memory
        }
        stream { libxl_domain_suspend libxl_domain_remus_start }
        userdata { libxl_userdata_store libxl_userdata_unlink }
        balloon {
            libxl_domain_setmaxmem libxl_set_memory_target libxl_wait_for_free_memory libxl_wait_for_memory_target
        }
        vcpus {
            libxl_set_vcpuonline libxl_set_vcpuaffinity libxl_set_vcpuaffinity_force libxl_set_vcpuaffinity_all
            libxl_domain_set_nodeaffinity
        }
        sched_set {
            libxl_sched_credit_params_set libxl_sched_credit2_params_set libxl_domain_sched_params_set
            libxl_vcpu_sched_params_get libxl_vcpu_sched_params_set libxl_vcpu_sched_params_set_all
        }
        pools_set {
            libxl_cpupool_create libxl_cpupool_destroy libxl_cpupool_rename libxl_cpupool_cpuadd
            libxl_cpupool_cpuadd_node libxl_cpupool_cpuadd_cpumap libxl_cpupool_cpuremove
            libxl_cpupool_cpuremove_node libxl_cpupool_cpuremove_cpumap libxl_cpupool_movedomain
        }
        plug {
            libxl_device_disk_add libxl_device_disk_remove libxl_device_disk_destroy
            #[cfg(libxl_have = "DISK_SAFE_REMOVE")] libxl_device_disk_safe_remove
            libxl_device_nic_add libxl_device_nic_remove libxl_device_nic_destroy
            libxl_device_vtpm_add libxl_device_vtpm_remove libxl_device_vtpm_destroy
            libxl_device_vkb_add libxl_device_vkb_remove libxl_device_vkb_destroy
            libxl_device_vfb_add libxl_device_vfb_remove libxl_device_vfb_destroy
            libxl_device_vdispl_add libxl_device_vdispl_remove libxl_device_vdispl_destroy
            libxl_device_vsnd_add libxl_device_vsnd_remove libxl_device_vsnd_destroy
            libxl_device_usbctrl_add libxl_device_usbctrl_remove libxl_device_usbctrl_destroy
            libxl_device_p9_remove libxl_device_p9_destroy
            libxl_device_pvcallsif_remove libxl_device_pvcallsif_destroy
        }
        plug_usb { libxl_device_usbdev_add libxl_device_usbdev_remove }
        plug_pci {
            libxl_device_pci_add libxl_device_pci_remove libxl_device_pci_destroy
            libxl_device_pci_assignable_add libxl_device_pci_assignable_remove
        }
        cdrom { libxl_cdrom_insert }
        host_set {
            libxl_send_debug_keys libxl_set_parameters libxl_clear_domid_history libxl_create_logfile
            libxl_qemu_monitor_command
        }
        absent {
            libxl_flask_setenforce libxl_flask_loadpolicy libxl_psr_cmt_attach libxl_psr_cmt_detach
            libxl_psr_set_val libxl_psr_cat_set_cbm
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SIMULATED;

    /// What became of every function, made by `gen::surface`.
    const SURFACE: &str = include_str!(concat!(env!("OUT_DIR"), "/surface.txt"));

    /// Functions that may be methods, and are not simulated, each with its reason.
    const NOT_SIMULATED: [(&str, &str); 4] = [
        ("libxl_evenable_domain_death", "events are not simulated: whoever wants to know asks"),
        ("libxl_evdisable_domain_death", "likewise"),
        ("libxl_evenable_disk_eject", "likewise: no guest here ejects"),
        ("libxl_evdisable_disk_eject", "likewise"),
    ];

    #[test]
    fn every_function_that_may_be_a_method_is_simulated() {
        let simulated = |name: &str| SIMULATED.iter().any(|names| names.contains(&name));
        let excused = |name: &str| NOT_SIMULATED.iter().any(|(other, _)| *other == name);
        let lines = SURFACE.lines().filter(|line| !line.starts_with('#'));
        let fates = lines.filter_map(|line| line.split_once(' ')).filter(|(_, fate)| !fate.trim().starts_with("never"));
        let missing = Vec::from_iter(fates.map(|(name, _)| name).filter(|name| !simulated(name) && !excused(name)));
        assert_eq!(missing, [""; 0]);
        assert!(NOT_SIMULATED.iter().all(|(name, _)| !simulated(name) && SURFACE.contains(name)));
    }
}
