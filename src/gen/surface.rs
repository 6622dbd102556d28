//! The list of what became of every public function, for people.
//!
//! In: the fates. Out: text, one line a function, in the order of the headers; a new release of libxl shows as a
//! difference. `tests/surface.txt` is the copy that is reviewed; the test adds how each method is tested.

use super::model::Function;
use super::plan::{Class, Fate, Place};
use super::table::{Row, by_hand, row};

/// The text.
pub fn text(fates: &[(&Function, Fate<'_>)]) -> String {
    let served = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Method(_) | Fate::ServedAs(..))).count();
    let next = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Next(_))).count();
    let mut text = format!(
        "# What became of every public function of libxl: {} functions, {served} served, {next} not yet, {} never.\n\
         # method CLASS PLACE WHO  |  part of METHOD: why  |  next: why not yet  |  never: why not\n",
        fates.len(),
        fates.len() - served - next,
    );
    for (function, fate) in fates {
        text.push_str(&format!("{:<44}{}\n", function.name, fate_text(fate)));
    }
    text
}

fn fate_text(fate: &Fate<'_>) -> String {
    match fate {
        Fate::Method(method) => row_text(&row(method)),
        Fate::ServedAs(name, why) => match by_hand().iter().find(|row| row.name == *name) {
            Some(row) => format!("{} part of {name}: {why}", row_text(row)),
            None => format!("part of {name}: {why}"),
        },
        Fate::Next(why) => format!("next: {why}"),
        Fate::Never(why) => format!("never: {why}"),
    }
}

/// A method that may take long has a process of its own.
fn row_text(row: &Row<'_>) -> String {
    let class = match row.class {
        Class::Read => "read",
        Class::Domain => "domain",
        Class::Host => "host",
    };
    let place = match (row.place, row.long) {
        (Place::Loop, _) => "loop",
        (Place::Names, _) => "names",
        (Place::Worker, false) => "worker",
        (Place::Worker, true) => "own",
    };
    let who = if row.read_only { "read-only" } else { "full" };
    format!("method {class:<7}{place:<7}{who}")
}
