//! Lists whose text is kept from poll to poll, so that only what has changed is written anew.
//!
//! In: the records of a list, always fresh from libxl. Out: its JSON, the same bytes that encoding all of it would
//! make. A record that is as it was costs a comparison; one of which only the counter has moved costs its digits, in
//! their old place; one that differs otherwise is encoded into its old place if it is as long as before. Where none of
//! this is possible, the rest of the list is encoded. Nothing is ever answered from memory: what is kept is how a
//! record is written, not what the host is like. (With FLASK on, each record has a label in memory of its own, so each
//! counts as different and is encoded.)

use super::encode::KeptLists;
use crate::json::{Writer, digits_of};
use crate::limits::KEPT_TEXT_BYTES_MAX;
use crate::xl::Xl;

/// What methods keep from call to call.
#[derive(Debug, Default)]
pub struct Keeper {
    /// Each renewed by the method that lists such structs.
    pub lists: KeptLists,
    /// Whose text is the result of the last call, if that is not in its writer.
    result: Option<Find>,
}

/// Finds a list's text.
pub type Find = fn(&KeptLists) -> &[u8];

impl Keeper {
    /// The result of the call that was made is this text.
    pub(super) fn give(&mut self, find: Find) {
        self.result = Some(find);
    }

    /// Where the result of the last call is, if it is not in its writer.
    pub fn take_result(&mut self) -> Option<Find> {
        self.result.take()
    }
}

/// A struct that lists of can be kept. Implemented by generated code.
pub trait Record: Copy {
    /// Both would be written alike but for their counters. Whatever a pointer points to counts as different.
    fn is_alike(&self, other: &Self) -> bool;

    /// The field that moves from poll to poll.
    fn counter(&self) -> u64;

    /// Writes all of it, and returns where in the writer's text the counter's digits begin.
    ///
    /// # Safety
    /// Every pointer in it is null or points to what its field says.
    unsafe fn encode(xl: &Xl, writer: &mut Writer<'_>, record: &Self) -> usize;
}

/// A list as it was written the last time.
#[derive(Debug)]
pub struct KeptList<T> {
    records: Vec<Kept<T>>,
    text: Vec<u8>,
    /// One record that may take another's place.
    scratch: Vec<u8>,
    /// A list of so many records was too long; 0 if none was.
    too_many: usize,
}

/// A record and where in the text it stands.
#[derive(Debug, Clone, Copy)]
struct Kept<T> {
    value: T,
    begin: usize,
    end: usize,
    counter: usize,
    digits: usize,
}

impl<T> Default for KeptList<T> {
    fn default() -> Self {
        Self { records: Vec::new(), text: Vec::new(), scratch: Vec::new(), too_many: 0 }
    }
}

impl<T: Record> KeptList<T> {
    /// The JSON of the list that was written last; nothing if there is none.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Makes the text that of `list`; false, and no text, if that is longer than is kept.
    ///
    /// # Safety
    /// As for [`Record::encode`], of each element.
    pub unsafe fn renew(&mut self, xl: &Xl, list: &[T]) -> bool {
        if self.too_many > 0 && list.len() >= self.too_many {
            return false;
        }
        // SAFETY: the caller's promise.
        let kept = unsafe { self.renew_in_place(xl, list) };
        if kept == list.len() && kept == self.records.len() && !self.text.is_empty() {
            return true;
        }
        // SAFETY: the caller's promise.
        if !unsafe { self.write_from(xl, list, kept) } {
            *self = Self { too_many: list.len(), ..Self::default() };
            return false;
        }
        self.too_many = 0;
        self.trim();
        true
    }

    /// Gives memory back when most of it was for a longer list.
    fn trim(&mut self) {
        if self.text.capacity() / 4 > self.text.len() {
            self.text.shrink_to_fit();
            self.records.shrink_to_fit();
        }
    }

    /// Brings the records that can stay in their places up to date; returns how many these are.
    ///
    /// # Safety
    /// As for [`KeptList::renew`].
    unsafe fn renew_in_place(&mut self, xl: &Xl, list: &[T]) -> usize {
        let Self { records, text, scratch, .. } = self;
        for (at, (kept, fresh)) in records.iter_mut().zip(list).enumerate() {
            if !kept.value.is_alike(fresh) {
                // SAFETY: the caller's promise.
                if !unsafe { kept.replace(xl, fresh, text, scratch) } {
                    return at;
                }
            } else if kept.value.counter() != fresh.counter() && !kept.count(fresh, text) {
                return at;
            }
        }
        records.len().min(list.len())
    }

    /// Writes the elements from the one at `first` on; those before it are in the text. False, half way, if that
    /// becomes too long.
    ///
    /// # Safety
    /// As for [`KeptList::renew`].
    unsafe fn write_from(&mut self, xl: &Xl, list: &[T], first: usize) -> bool {
        let Self { records, text, scratch, .. } = self;
        records.truncate(first);
        text.truncate(records.last().map_or(0, |last| last.end));
        let mut writer = Writer::new(text, usize::MAX);
        if first == 0 {
            writer.raw(b"[");
        }
        for fresh in &list[first..] {
            if writer.mark() > KEPT_TEXT_BYTES_MAX {
                return false;
            }
            if !records.is_empty() {
                writer.raw(b",");
            }
            let begin = writer.mark();
            // SAFETY: the caller's promise.
            let counter = unsafe { T::encode(xl, &mut writer, fresh) };
            let digits = digits_of(fresh.counter(), &mut [0; 20]);
            records.push(Kept { value: *fresh, begin, end: writer.mark(), counter, digits });
        }
        writer.raw(b"]");
        // Twice: an encoder makes room for the longest forms. So the next list finds enough.
        let longest = records.iter().map(|kept| kept.end - kept.begin).max();
        scratch.clear();
        scratch.reserve(2 * longest.unwrap_or(0));
        true
    }
}

impl<T: Record> Kept<T> {
    /// Writes another counter; false if it has more digits, or fewer.
    #[inline]
    fn count(&mut self, fresh: &T, text: &mut [u8]) -> bool {
        let mut digits = [0; 20];
        let length = digits_of(fresh.counter(), &mut digits);
        if length != self.digits {
            return false;
        }
        text[self.counter..][..length].copy_from_slice(&digits[..length]);
        self.value = *fresh;
        true
    }

    /// Writes another record; false if it is longer, or shorter.
    ///
    /// # Safety
    /// As for [`Record::encode`].
    unsafe fn replace(&mut self, xl: &Xl, fresh: &T, text: &mut [u8], scratch: &mut Vec<u8>) -> bool {
        scratch.clear();
        // SAFETY: the caller's promise.
        let counter = unsafe { T::encode(xl, &mut Writer::new(scratch, usize::MAX), fresh) };
        if scratch.len() != self.end - self.begin {
            return false;
        }
        text[self.begin..self.end].copy_from_slice(scratch);
        let digits = digits_of(fresh.counter(), &mut [0; 20]);
        *self = Self { value: *fresh, counter: self.begin + counter, digits, ..*self };
        true
    }
}

#[cfg(test)]
#[path = "kept_tests.rs"]
mod tests;
