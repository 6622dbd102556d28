//! Slots for things that come and go, with keys that cannot be mistaken.
//!
//! In: values. Out: keys made of a slot and its generation; a key of an earlier tenant finds nothing. The number of
//! slots is fixed. It knows nothing of what it holds.

/// Names one value for as long as it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Which slot.
    pub slot: u32,
    /// Which of its tenants, 24 bits.
    pub generation: u32,
}

/// Generations fit into a token of the event loop beside the slot.
const GENERATION_MASK: u32 = 0x00ff_ffff;

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    value: Option<T>,
}

/// At most a fixed number of values.
#[derive(Debug)]
pub struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

impl<T> Slab<T> {
    /// Room for `count` values.
    pub fn new(count: usize) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let slots = (0..count).map(|_| Slot { generation: 0, value: None }).collect();
        Self { slots, free: (0..count).rev().collect() }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every slot is taken.
    pub fn is_full(&self) -> bool {
        self.free.is_empty()
    }

    /// Puts in a value that is made for its key; `None` when there is no room or `make` gives none.
    pub fn insert_with(&mut self, make: impl FnOnce(Key) -> Option<T>) -> Option<Key> {
        let slot = *self.free.last()?;
        let entry = &mut self.slots[slot as usize];
        let key = Key { slot, generation: entry.generation };
        entry.value = Some(make(key)?);
        self.free.pop();
        Some(key)
    }

    /// The value of that key, if it is still there.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let entry = self.slots.get_mut(key.slot as usize)?;
        if entry.generation == key.generation { entry.value.as_mut() } else { None }
    }

    /// Takes the value out; its key will never find anything again.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let entry = self.slots.get_mut(key.slot as usize)?;
        if entry.generation != key.generation {
            return None;
        }
        let value = entry.value.take()?;
        entry.generation = (entry.generation + 1) & GENERATION_MASK;
        self.free.push(key.slot);
        Some(value)
    }

    /// All values.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|entry| entry.value.as_ref())
    }

    /// The key of the first value that is meant.
    pub fn find(&self, is_meant: impl Fn(&T) -> bool) -> Option<Key> {
        let meant = |entry: &Slot<T>| entry.value.as_ref().is_some_and(&is_meant);
        let slot = self.slots.iter().position(meant)?;
        Some(Key { slot: u32::try_from(slot).ok()?, generation: self.slots[slot].generation })
    }

    /// The keys of all values.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.slots
            .iter()
            .zip(0u32..)
            .filter(|(entry, _)| entry.value.is_some())
            .map(|(entry, slot)| Key { slot, generation: entry.generation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_key_finds_nothing() {
        let mut slab = Slab::new(1);
        let first = slab.insert_with(|_| Some('a')).unwrap();
        assert!(slab.is_full());
        assert_eq!(slab.remove(first), Some('a'));
        let second = slab.insert_with(|_| Some('b')).unwrap();
        assert_eq!((first.slot, second.slot), (0, 0));
        assert_eq!(slab.get_mut(first), None);
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.get_mut(second), Some(&mut 'b'));
    }

    #[test]
    fn a_full_slab_refuses_and_loses_nothing() {
        let mut slab = Slab::new(2);
        let keys: Vec<Key> = (0..2).filter_map(|n| slab.insert_with(|_| Some(n))).collect();
        assert_eq!(slab.insert_with(|_| Some(2)), None);
        assert_eq!(slab.len(), 2);
        assert_eq!(slab.keys().collect::<Vec<_>>(), keys);
    }

    #[test]
    fn a_value_that_could_not_be_made_takes_no_slot() {
        let mut slab: Slab<u8> = Slab::new(1);
        assert_eq!(slab.insert_with(|_| None), None);
        assert!(!slab.is_full());
    }
}
