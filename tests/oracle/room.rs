//! Encoders write into room that was made before, without checks: it must suffice, for any value and in any buffer.

use xenopsd::xl::Owned;

use crate::MEMORY;
use crate::described::{Described, call, every_struct, filled, ours, ours_into, theirs};
use crate::filler::Filler;
use crate::json::Json;
use crate::rules::agree;

/// Buffers up to this size, and each struct's own text, end everywhere in it. What is longer consists of structs that
/// are themselves among the tested.
const CAPACITY_MAX: usize = 8 << 10;

fn write_the_longest<T: Described>() {
    let xl = crate::xl();
    for seed in 0..50 {
        let value: Owned<'_, T> = filled(&xl, Filler::longest(&xl, seed));
        let bare: Owned<'_, T> = filled(&xl, Filler::bare(&xl, seed));
        let trees = [ours(&xl, &*value), theirs(&xl, &*value), ours(&xl, &*bare)].map(|text| Json::parse(&text));
        let [tree, written, bare] = &trees;
        agree(tree, written, Some(bare), "").unwrap_or_else(|why| panic!("{}{why}", T::NAME));
    }
}

/// A pen asserts that its text stays within its room.
#[test]
#[cfg_attr(not(debug_assertions), ignore = "only a debug build's pen watches its room")]
fn no_value_is_longer_than_the_room_that_is_made_for_it() {
    every_struct!(call write_the_longest);
}

/// Lets the room of every run of fields end where the buffer does.
fn write_at_every_capacity<T: Described>() {
    let xl = crate::xl();
    for seed in 0..4 {
        for filler in [Filler::longest(&xl, seed), Filler::bare(&xl, seed)] {
            let value: Owned<'_, T> = filled(&xl, filler);
            let text = ours(&xl, &*value);
            for capacity in 0..CAPACITY_MAX.min(text.len() + 64) {
                let again = ours_into(Vec::with_capacity(capacity), &xl, &*value);
                assert!(again == text, "{} in room for {capacity}: {again}", T::NAME);
            }
        }
    }
    assert_eq!(MEMORY.broken(), 0, "{}: something was written behind a buffer", T::NAME);
}

#[test]
fn nothing_is_written_behind_a_buffer_wherever_it_ends() {
    every_struct!(call write_at_every_capacity);
}
