//! Texts that are checked in.
//!
//! In: a file's path in this folder and the text that it should have. Out: nothing, or a failed test that shows the
//! difference. With `UPDATE=1` in the environment the file is written instead.

use std::path::PathBuf;

/// Compares, or updates.
pub(crate) fn assert_is(path: &str, text: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(path);
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        return std::fs::write(&file, text).expect("the file can be written");
    }
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    if known != text {
        let diff = similar::TextDiff::from_lines(known.as_str(), text);
        let shown = diff.unified_diff().context_radius(4).header(path, "what it is now").to_string();
        panic!("tests/{path} differs; if that is right, run the test with UPDATE=1\n{shown}");
    }
}
