//! What there is to ask for: the members of a domain, and groups of them.
//!
//! In: nothing. Out: names, in the order in which they are written, and the place of each. Names are libxl's where
//! libxl has the field.

use std::ops::Range;

use crate::json::Fields;

/// The members of a domain.
pub(super) const FIELDS: &[&str] = &[
    "domid",
    "uuid",
    "name",
    "domain_type",
    "running",
    "blocked",
    "paused",
    "shutdown",
    "dying",
    "shutdown_reason",
    "cpupool",
    "cpu_time",
    "vcpu_online",
    "vcpu_max_id",
    "current_memkb",
    "max_memkb",
    "outstanding_memkb",
    "shared_memkb",
    "paged_memkb",
    "vcpus",
];

/// Who a domain is.
pub(super) const IDENTITY: Range<usize> = 0..place::NAME;

/// Places of the members.
pub(super) mod place {
    pub(in crate::stats) const NAME: usize = 2;
    pub(in crate::stats) const DOMAIN_TYPE: usize = 3;
    pub(in crate::stats) const RUNNING: usize = 4;
    pub(in crate::stats) const BLOCKED: usize = 5;
    pub(in crate::stats) const PAUSED: usize = 6;
    pub(in crate::stats) const SHUTDOWN: usize = 7;
    pub(in crate::stats) const DYING: usize = 8;
    pub(in crate::stats) const SHUTDOWN_REASON: usize = 9;
    pub(in crate::stats) const CPUPOOL: usize = 10;
    pub(in crate::stats) const CPU_TIME: usize = 11;
    pub(in crate::stats) const VCPU_ONLINE: usize = 12;
    pub(in crate::stats) const VCPU_MAX_ID: usize = 13;
    pub(in crate::stats) const CURRENT_MEMKB: usize = 14;
    pub(in crate::stats) const MAX_MEMKB: usize = 15;
    pub(in crate::stats) const OUTSTANDING_MEMKB: usize = 16;
    pub(in crate::stats) const SHARED_MEMKB: usize = 17;
    pub(in crate::stats) const PAGED_MEMKB: usize = 18;
    pub(in crate::stats) const VCPUS: usize = 19;
    /// None of a domain: the totals of the host.
    pub(in crate::stats) const HOST: usize = 20;
}

/// A value of each member, in 64 bits, whatever that is.
pub(super) type Values = [u64; FIELDS.len()];

/// A set of members, for those who go through the values of many domains: all bits of each member that is in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mask(pub(super) Values);

impl From<Fields> for Mask {
    fn from(fields: Fields) -> Self {
        Self(std::array::from_fn(|at| if fields.contains(at) { u64::MAX } else { 0 }))
    }
}

/// The groups.
pub(super) const GROUPS: &[&str] = &["name", "state", "cpu", "memory", "vcpus", "host"];

/// The members of each.
const MEMBERS: [Range<usize>; 6] = [
    place::NAME..place::DOMAIN_TYPE,
    place::DOMAIN_TYPE..place::CPU_TIME,
    place::CPU_TIME..place::CURRENT_MEMKB,
    place::CURRENT_MEMKB..place::VCPUS,
    place::VCPUS..place::HOST,
    place::HOST..place::HOST + 1,
];

/// What the group at this place among the groups consists of.
pub(super) fn members(group: usize) -> Range<usize> {
    MEMBERS.get(group).cloned().unwrap_or_default()
}

/// What is told to those who ask for nothing in particular: all but the vcpus, which cost calls of their own.
pub(super) fn usual() -> impl Iterator<Item = usize> {
    (place::NAME..=place::HOST).filter(|&at| at != place::VCPUS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_is_in_one_group_and_has_its_place() {
        let all: Vec<usize> = (0..GROUPS.len()).flat_map(members).collect();
        assert_eq!(all, (place::NAME..=place::HOST).collect::<Vec<_>>());
        assert_eq!(MEMBERS.len(), GROUPS.len());
        assert_eq!(FIELDS.len(), place::HOST);
        for (name, at) in [("name", place::NAME), ("cpupool", place::CPUPOOL), ("vcpus", place::VCPUS)] {
            assert_eq!(FIELDS[at], name);
        }
    }
}
