//! The method table, as plain data.
//!
//! In: the fates. Out: one [`Row`] a method, by name: what dispatch has to know of it. Methods that are written by hand
//! have their rows here.

use super::args::Arg;
use super::emit_input::{domain, names};
use super::model::Function;
use super::plan::{Class, Fate, Method, Place};

/// What is known of a method without calling it.
#[derive(Debug, Clone)]
pub struct Row<'m> {
    /// Its name on the wire.
    pub name: &'m str,
    /// The module that it is in, if it is written by hand.
    pub module: Option<&'static str>,
    /// Its parameters' names.
    pub params: Vec<&'m str>,
    /// What it does to the host.
    pub class: Class,
    /// Where the call is made.
    pub place: Place,
    /// It may take long.
    pub long: bool,
    /// How many descriptors it takes, at most.
    pub descriptors: usize,
    /// Which parameter is the domain.
    pub domain: Option<usize>,
    /// Whoever may only look may call it.
    pub read_only: bool,
}

/// The rows of the methods that are written by hand.
pub fn by_hand() -> [Row<'static>; 1] {
    [Row {
        name: "xen_console_read",
        module: Some("console"),
        params: vec!["clear"],
        class: Class::Host,
        place: Place::Worker,
        long: false,
        descriptors: 0,
        domain: None,
        read_only: false,
    }]
}

/// All rows, by name.
pub fn rows<'m>(fates: &[(&'m Function, Fate<'m>)]) -> Vec<Row<'m>> {
    let served =
        |row: &Row<'_>| fates.iter().any(|(_, fate)| matches!(fate, Fate::ServedAs(name, _) if *name == row.name));
    let mut rows: Vec<_> = by_hand().into_iter().filter(served).collect();
    rows.extend(methods(fates).map(row));
    rows.sort_by_key(|row| row.name);
    rows
}

/// The methods that are generated.
pub fn methods<'a, 'm>(fates: &'a [(&'m Function, Fate<'m>)]) -> impl Iterator<Item = &'a Method<'m>> {
    fates.iter().filter_map(|(_, fate)| if let Fate::Method(method) = fate { Some(method) } else { None })
}

/// The row of a method that is generated.
pub fn row<'m>(method: &Method<'m>) -> Row<'m> {
    Row {
        name: method.name,
        module: None,
        params: names(method),
        class: method.class,
        place: method.place,
        long: method.long,
        descriptors: method.args.iter().filter(|arg| matches!(arg, Arg::Descriptor { .. })).count(),
        domain: domain(method),
        read_only: method.read_only,
    }
}
