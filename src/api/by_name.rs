//! Names of methods to methods, in a few dozen instructions.
//!
//! In: a name from a request. Out: where its method stands in the table, if there is one. The table is made at build
//! time (`gen::by_name`) so that no two names have the same place: a name is compared once.

use super::hash::{bucket, hash, place};

/// A perfect hash table of names.
#[derive(Debug)]
pub(super) struct ByName {
    pub(super) displacements: &'static [u16],
    /// A name and where its method stands; places that no name has hold the empty one.
    pub(super) places: &'static [(&'static str, u16)],
}

impl ByName {
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let hash = hash(name.as_bytes());
        let displacement = self.displacements[bucket(hash, self.displacements.len())];
        let (known, at) = self.places[place(hash, displacement, self.places.len())];
        (known == name && !name.is_empty()).then_some(at.into())
    }
}

#[cfg(test)]
mod tests {
    use crate::api::{all, find};

    #[test]
    fn every_method_is_found_by_its_own_name_and_nothing_by_another() {
        for method in all() {
            assert_eq!(find(method.name).map(|found| found.name), Some(method.name));
            assert!(find(&method.name.to_uppercase()).is_none());
            assert!(find(&format!("{}x", method.name)).is_none());
            assert!(find(&method.name[1..]).is_none());
        }
        assert!(find("").is_none());
    }
}
