//! What the tests look for in JSON.
//!
//! In: a value and a member's name. Out: what is there, as a Rust type; something else there fails the test.

use serde_json::Value;

/// Three moments in their order. xl rounds to tenths.
pub(crate) fn assert_between(before: f64, between: f64, after: f64) {
    assert!(before - 0.06 < between && between < after + 0.06, "{before} {between} {after}");
}

/// A time in nanoseconds, in seconds.
pub(crate) fn seconds(of: &Value, member: &str) -> f64 {
    number(of, member) as f64 / 1e9
}

pub(crate) fn elements(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().expect("a list").iter()
}

pub(crate) fn number(of: &Value, member: &str) -> u64 {
    of[member].as_u64().unwrap_or_else(|| panic!("{member} is no number: {of}"))
}
