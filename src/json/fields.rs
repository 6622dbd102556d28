//! Which members of an object are asked for.
//!
//! In: a list of names, and those that there are. Out: [`Fields`], places among these, or a refusal that says which
//! name of the list is at fault. It does not know what the members are. The list is read once a request; whoever writes
//! the object goes by the places.

use super::params::Args;
use super::value::{Kind, Value};
use crate::error::{Fault, Refused};

/// Names that there can be.
const KNOWN_MAX: usize = 128;

/// A set of an object's members, by their places among all of them. It is never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fields(u128);

impl Fields {
    /// The members that a list of names asks for: in any order, one at least, none twice. Of `known` there are 128 at
    /// most.
    ///
    /// # Errors
    /// What is wrong with the list, or with which of its elements.
    #[inline(never)]
    pub fn read<'m>(list: Value<'m>, known: &'static [&'static str]) -> Result<Self, Refused<'m>> {
        debug_assert!(known.len() <= KNOWN_MAX, "{known:?}");
        if list.kind() != Kind::Array {
            return Err(list.refuse(Fault::Expected("an array of names")));
        }
        let mut fields = Self(0);
        list.each_element(|_, element| {
            let name = element.str()?;
            let Some(at) = known.iter().position(|known| *known == name) else {
                return Err(element.refuse(Fault::Unknown { known }));
            };
            if fields.contains(at) {
                return Err(element.refuse(Fault::Duplicate));
            }
            fields.0 |= 1 << at;
            Ok(())
        })?;
        if fields.0 == 0 { Err(list.refuse(Fault::Empty)) } else { Ok(fields) }
    }

    /// The members at these places.
    pub fn of(places: impl IntoIterator<Item = usize>) -> Self {
        Self(places.into_iter().fold(0, |set, at| set | 1 << at))
    }

    /// Is the member at that place asked for?
    #[inline]
    pub fn contains(self, at: usize) -> bool {
        self.0 & 1 << at != 0
    }
}

impl Iterator for Fields {
    type Item = usize;

    /// The next place: they come in the order of the members, not of the list.
    #[inline]
    fn next(&mut self) -> Option<usize> {
        let at = self.0.trailing_zeros() as usize;
        if at == KNOWN_MAX {
            return None;
        }
        self.0 &= self.0 - 1;
        Some(at)
    }
}

impl<'m, const N: usize> Args<'m, N> {
    /// What the parameter at `at` asks for, or `None` when it is absent or null.
    ///
    /// # Errors
    /// As of [`Fields::read`].
    #[inline]
    pub fn fields(&self, at: usize, known: &'static [&'static str]) -> Result<Option<Fields>, Refused<'m>> {
        match self.optional(at) {
            None => Ok(None),
            Some(list) => Fields::read(list, known).map(Some).map_err(|refused| self.within(at, refused)),
        }
    }
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
