//! Reads of libxl's that hand-written code makes.
//!
//! In: a number, or nothing. Out: what libxl gives, in types that free it, or why there is nothing. None of them waits
//! where the table's function does not.

use super::sys::{libxl_dominfo, libxl_physinfo, libxl_vcpuinfo};
use super::{List, Owned, Text, Xl, check, present};
use crate::error::Failure;

impl Xl {
    /// All domains.
    ///
    /// # Errors
    /// The function is missing, or gives nothing.
    pub fn list_domain(&self) -> Result<List<'_, libxl_dominfo>, Failure<'static>> {
        let list_domain = present(self.functions.libxl_list_domain)?;
        let mut count = -1;
        // SAFETY: the table holds this very function; the list is the caller's.
        let domains = unsafe {
            let first = list_domain(self.ctx(), &raw mut count);
            List::new(first, count, self.functions.libxl_dominfo_list_free)
        };
        if count < 0 { Err(Failure::NoValue) } else { Ok(domains) }
    }

    /// The vcpus of a domain, if it is there.
    pub fn list_vcpu(&self, domid: u32) -> Option<List<'_, libxl_vcpuinfo>> {
        let list_vcpu = self.functions.libxl_list_vcpu?;
        let (mut count, mut cpus) = (-1, 0);
        // SAFETY: the table holds this very function; the list is the caller's.
        let vcpus = unsafe {
            let first = list_vcpu(self.ctx(), domid, &raw mut count, &raw mut cpus);
            if first.is_null() {
                return None;
            }
            List::new(first, count, self.functions.libxl_vcpuinfo_list_free)
        };
        Some(vcpus)
    }

    /// The machine.
    ///
    /// # Errors
    /// libxl's own.
    pub fn physinfo(&self) -> Result<Owned<'_, libxl_physinfo>, Failure<'static>> {
        let get_physinfo = present(self.functions.libxl_get_physinfo)?;
        let mut info = Owned::<libxl_physinfo>::new(&self.functions);
        // SAFETY: the table holds this very function, and `info` is initialised.
        check(unsafe { get_physinfo(self.ctx(), info.as_mut_ptr()) })?;
        Ok(info)
    }

    /// A domain's name, if there is one.
    pub fn name_of(&self, domid: u32) -> Option<Text> {
        let domid_to_name = self.functions.libxl_domid_to_name?;
        // SAFETY: the table holds this very function; the string is the caller's.
        let name = unsafe { Text::new(domid_to_name(self.ctx(), domid)) };
        (!name.is_null()).then_some(name)
    }
}
