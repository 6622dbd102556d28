//! What became of every public function of libxl, as a list that people review.
//!
//! In: the list that the build made from the installed headers, and what `tests/methods` shows of each method. Out: a
//! difference to the list that is checked in, when a new Xen, a new rule or another test changes it; and every method
//! that no test exercises.
#![cfg(feature = "daemon")]

#[path = "common/checked.rs"]
mod checked;
mod common;

use std::collections::BTreeSet;

use common::exercised::{self, Seen};
use xenopsd::api::{self, Class, Method, Place};

/// Made by `gen::surface`.
const SURFACE: &str = include_str!(concat!(env!("OUT_DIR"), "/surface.txt"));

const KEY: &str = "# method CLASS PLACE WHO TESTS  |  part of METHOD: why  |  next: why not yet  |  never: why not\n\
    # PLACE: loop, a worker, or a process of its own. WHO: on both sockets (read-only) or only on the full one.\n\
    # TESTS: sim and xen show a result, or an error for a reason; NI shows that the simulated host has no such function.\n";

/// Two lines of heading, then one line a function.
fn functions() -> Vec<(&'static str, &'static str)> {
    let lines = SURFACE.lines().skip(2).map(|line| line.split_once(' ').expect("a name and a fate"));
    lines.map(|(name, fate)| (name, fate.trim_start())).collect()
}

/// The method that a line is about, if it is about one of libxl's.
fn method((function, fate): (&str, &str)) -> Option<&'static Method> {
    let served_as = fate.split_once("part of ").and_then(|(_, rest)| rest.split(':').next());
    let method = served_as.unwrap_or_else(|| function.trim_start_matches("libxl_"));
    fate.starts_with("method ").then(|| api::find(method).unwrap_or_else(|| panic!("no method {method}")))
}

/// How a method is tested.
fn tests(method: &Method) -> String {
    let sim = match exercised::on_simulated_host(method.name) {
        Seen::Answer => "sim",
        Seen::NotImplemented => "NI",
        Seen::Nothing if exercised::WITH_DESCRIPTORS.contains(&method.name) => "sim",
        Seen::Nothing => panic!("no case in tests/methods shows what {} does", method.name),
    };
    if exercised::on_real_xen(method.name) { format!("{sim} xen") } else { sim.to_owned() }
}

#[test]
fn the_surface_is_the_one_that_was_reviewed() {
    let mut text = format!("{}\n{KEY}", SURFACE.lines().next().unwrap());
    for (function, fate) in functions() {
        let fate = match method((function, fate)) {
            None => fate.to_owned(),
            Some(method) => {
                let (columns, why) = fate.split_once(" part of ").unwrap_or((fate, ""));
                let why = if why.is_empty() { String::new() } else { format!(" part of {why}") };
                format!("{columns:<31} {:<8}{why}", tests(method))
            }
        };
        text.push_str(format!("{function:<44}{fate}").trim_end());
        text.push('\n');
    }
    checked::assert_is("surface.txt", &text);
}

#[test]
fn the_heading_counts_right() {
    let count =
        |fates: &[&str]| functions().iter().filter(|(_, what)| fates.iter().any(|fate| what.starts_with(fate))).count();
    let (served, next, never) = (count(&["method ", "part of "]), count(&["next: "]), count(&["never: "]));
    let counted = format!(
        "# What became of every public function of libxl: {} functions, {served} served, {next} not yet, {never} never.",
        functions().len(),
    );
    assert_eq!(SURFACE.lines().next(), Some(counted.as_str()));
    assert_eq!(functions().len(), served + next + never);
}

#[test]
fn each_function_is_there_once() {
    let mut names: Vec<_> = functions().iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(names.iter().all(|name| name.starts_with("libxl_")), "{names:?}");
}

#[test]
fn the_methods_of_the_list_are_those_of_the_table() {
    let listed: BTreeSet<&str> = functions().into_iter().filter_map(method).map(|method| method.name).collect();
    let served: BTreeSet<&str> = api::all().iter().map(|method| method.name).collect();
    assert_eq!(listed, served);
    for (function, fate) in functions() {
        let Some(method) = method((function, fate)) else { continue };
        let class = match method.class {
            Class::Read => "read",
            Class::Domain => "domain",
            Class::Host => "host",
        };
        let place = match (method.place, method.long) {
            (Place::Loop, _) => "loop",
            (Place::Names, _) => "names",
            (Place::Worker, false) => "worker",
            (Place::Worker, true) => "own",
        };
        let who = if method.read_only { "read-only" } else { "full" };
        let columns: Vec<&str> = fate.split_whitespace().take(4).collect();
        assert_eq!(columns, ["method", class, place, who], "{function}");
    }
}

/// What dispatch relies on.
#[test]
fn the_table_is_consistent() {
    for method in api::all() {
        let name = method.name;
        let has = |param: &str| method.params.contains(&param);
        assert_eq!(has("progress"), method.long, "{name}");
        assert_eq!(has("domain_uuid"), method.domain.is_some(), "{name}");
        // What is ours comes last, in this order, so that what is appended moves nothing that clients pass by position.
        let ours = ["domain_uuid", "progress", "fields", "domids"].into_iter().filter(|ours| has(ours));
        let ours: Vec<&str> = ours.collect();
        assert!(method.params.ends_with(&ours), "{name}: {:?}", method.params);
        assert!(method.domain.is_none_or(|at| usize::from(at) < method.params.len()), "{name}");
        assert!(!method.read_only || method.class == Class::Read, "{name}");
        assert!(method.place == Place::Worker || method.class == Class::Read && !method.long, "{name}");
        let with_descriptors = exercised::WITH_DESCRIPTORS.contains(&name);
        assert_eq!(with_descriptors, method.descriptors > 0, "{name}");
    }
}
