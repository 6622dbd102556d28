//! The list of what became of every public function, for people.
//!
//! In: the fates. Out: text, one line a function, in the order of the headers; a new release of libxl shows as a
//! difference. `tests/surface.txt` is the copy that is reviewed.

use super::model::Function;
use super::plan::{Fate, Method};

/// The text.
pub fn text(fates: &[(&Function, Fate<'_>)]) -> String {
    let methods: Vec<_> = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Method(_))).collect();
    let next = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Next(_))).count();
    let mut text = format!(
        "# What became of every public function of libxl: {} functions, {} methods, {next} not yet, {} never.\n\
         # method CLASS PLACE  |  next: why not yet  |  never: why not\n",
        fates.len(),
        methods.len(),
        fates.len() - methods.len() - next,
    );
    for (function, fate) in fates {
        text.push_str(&format!("{:<44}{}\n", function.name, fate_text(fate)));
    }
    text
}

fn fate_text(fate: &Fate<'_>) -> String {
    match fate {
        Fate::Method(method) => method_text(method),
        Fate::Next(why) => format!("next: {why}"),
        Fate::Never(why) => format!("never: {why}"),
    }
}

fn method_text(method: &Method<'_>) -> String {
    format!("method read {}", if method.in_loop { "loop" } else { "worker" })
}
