//! What toolstacks store with domains: named bytes.
//!
//! In and out: bytes, under the lock, for readers too. A value is written where none is and then published by one
//! store, with a higher serial than what it replaces; of two values with one name, the one with the lower serial is
//! gone.

use core::sync::atomic::{AtomicU64, Ordering};

use super::Full;
use super::domain::Text;
use super::latch::Words;
use super::lock::Held;

/// Values, in all.
const VALUES_MAX: usize = 4096;
/// The length of a value, at most.
pub(super) const BYTES_MAX: usize = 32 << 10;
const WORDS: usize = BYTES_MAX / 8;

/// The values: keys lie densely, for they are searched.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Userdata {
    /// Keys past these were never used.
    used: AtomicU64,
    serial: AtomicU64,
    keys: [Key; VALUES_MAX],
    values: [[AtomicU64; WORDS]; VALUES_MAX],
}

#[derive(Debug)]
#[repr(C)]
struct Key {
    /// The serial in the upper half, the domain's number plus 1 in the lower; 0 if there is no value here.
    published: AtomicU64,
    length: AtomicU64,
    name: Words<Text<16>>,
}

impl Key {
    fn owner(&self) -> Option<u32> {
        let [a, b, c, d, ..] = self.published.load(Ordering::Acquire).to_le_bytes();
        u32::from_le_bytes([a, b, c, d]).checked_sub(1)
    }

    fn is(&self, domid: u32, name: &str) -> bool {
        self.owner() == Some(domid) && self.name.load().as_c_str().to_bytes() == name.as_bytes()
    }
}

impl Userdata {
    fn used(&self) -> usize {
        usize::try_from(self.used.load(Ordering::Relaxed)).unwrap_or(VALUES_MAX).min(VALUES_MAX)
    }

    /// The value of that name.
    pub(super) fn get(&self, _held: &Held<'_>, domid: u32, name: &str) -> Option<Vec<u8>> {
        let mine = (0..self.used()).filter(|&at| self.keys[at].is(domid, name));
        let at = mine.max_by_key(|&at| self.keys[at].published.load(Ordering::Relaxed))?;
        let length = usize::try_from(self.keys[at].length.load(Ordering::Relaxed)).unwrap_or(0).min(BYTES_MAX);
        let words = self.values[at][..length.div_ceil(8)].iter();
        let mut bytes: Vec<u8> = words.flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes()).collect();
        bytes.truncate(length);
        Some(bytes)
    }

    /// Stores a value in place of what has the name.
    pub(super) fn store(&self, held: &Held<'_>, domid: u32, name: &str, data: &[u8]) -> Result<(), Full> {
        let short_name = Text::new(name);
        if data.len() > BYTES_MAX || short_name.as_c_str().to_bytes() != name.as_bytes() {
            return Err(Full);
        }
        let is_free = |at: &usize| *at >= self.used() || self.keys[*at].owner().is_none();
        let at = (0..VALUES_MAX).find(is_free).ok_or(Full)?;
        for (word, bytes) in self.values[at].iter().zip(data.chunks(8)) {
            let mut whole = [0; 8];
            whole[..bytes.len()].copy_from_slice(bytes);
            word.store(u64::from_le_bytes(whole), Ordering::Relaxed);
        }
        let (key, serial) = (&self.keys[at], self.serial.fetch_add(1, Ordering::Relaxed) + 1);
        key.length.store(data.len() as u64, Ordering::Relaxed);
        key.name.store(&short_name);
        self.used.fetch_max(at as u64 + 1, Ordering::Relaxed);
        key.published.store(serial << 32 | (u64::from(domid) + 1), Ordering::Release);
        self.remove_at(held, |other, key| other != at && key.is(domid, name));
        Ok(())
    }

    /// Forgets every value whose domain and name are `unwanted`.
    pub(super) fn remove(&self, held: &Held<'_>, unwanted: impl Fn(u32, &str) -> bool) {
        self.remove_at(held, |_, key| {
            let name = key.name.load();
            key.owner().is_some_and(|domid| unwanted(domid, name.as_c_str().to_str().unwrap_or_default()))
        });
    }

    fn remove_at(&self, _held: &Held<'_>, unwanted: impl Fn(usize, &Key) -> bool) {
        for (at, key) in self.keys[..self.used()].iter().enumerate() {
            if unwanted(at, key) {
                key.published.store(0, Ordering::Release);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::domain::Head;
    use super::super::{Domain, World};
    use super::*;
    use bytemuck::Zeroable;

    #[test]
    fn a_value_replaces_the_one_of_the_same_name_and_goes_with_its_domain() {
        let world = World::new(0).unwrap();
        let held = world.lock().unwrap();
        let domain =
            |domid| Domain { head: Head { domid, ..Head::zeroed() }, detail: super::super::domain::Detail::zeroed() };
        for domid in [3, 4] {
            world.add_domain(&held, &domain(domid), &[]);
            world.store_userdata(&held, domid, "xl", b"first").unwrap();
            world.store_userdata(&held, domid, "xl", &vec![7; BYTES_MAX]).unwrap();
        }
        assert_eq!(world.userdata(&held, 3, "xl").unwrap(), vec![7; BYTES_MAX]);
        assert_eq!(world.userdata(&held, 3, "other"), None);
        assert_eq!(world.store_userdata(&held, 3, "xl", &vec![7; BYTES_MAX + 1]), Err(Full));
        assert_eq!(world.store_userdata(&held, 3, &"x".repeat(128), b""), Err(Full));
        world.remove_domain(&held, 3);
        world.add_domain(&held, &domain(3), &[]);
        assert_eq!(world.userdata(&held, 3, "xl"), None);
        world.unlink_userdata(&held, 4, "xl");
        assert_eq!(world.userdata(&held, 4, "xl"), None);
    }

    #[test]
    fn no_more_values_than_there_is_room_for() {
        let world = World::new(0).unwrap();
        let held = world.lock().unwrap();
        for at in 0..VALUES_MAX {
            world.store_userdata(&held, 3, &at.to_string(), b"x").unwrap();
        }
        assert_eq!(world.store_userdata(&held, 3, "more", b"x"), Err(Full));
        world.unlink_userdata(&held, 3, "17");
        world.store_userdata(&held, 3, "more", b"x").unwrap();
    }
}
