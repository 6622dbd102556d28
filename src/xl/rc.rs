//! libxl's return codes, by name.
//!
//! In: the `int` that a function returned. Out: its name. Some functions leak libxc's -1 or a positive number; what
//! the headers do not name is `FAIL`, and the number stays visible beside it.

use super::sys::LIBXL_ERROR_NAMES;

/// libxl's generic failure, used where a code is wanted and libxl gave none.
pub const FAIL: i32 = -3;

/// The name of a code without its `ERROR_`, or `None` for a number that `libxl_error` does not list.
pub fn name(code: i32) -> Option<&'static str> {
    let position = LIBXL_ERROR_NAMES.binary_search_by_key(&code, |&(code, _)| code).ok()?;
    Some(LIBXL_ERROR_NAMES[position].1)
}
