//! The commands of `xenops`.
//!
//! In: options, a connection. Out: the text to print. They print nothing themselves.

mod call;
mod list;

use std::io::IsTerminal;

use serde::Serialize;

pub(crate) use call::Call;
pub(crate) use list::List;

/// JSON as text that ends a line: indented for people, on one line for programs.
fn json(value: &impl Serialize) -> String {
    let text = if std::io::stdout().is_terminal() {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    text.expect("values that came from JSON go back to JSON") + "\n"
}
