//! What became of every public function of libxl, as a list that people review.
//!
//! In: the list that the build made from the installed headers. Out: a difference to the one that is checked in, when a
//! new Xen or a new rule changes what is served.
#![cfg(feature = "daemon")]

#[path = "common/checked.rs"]
mod checked;

/// Made by `gen::surface`.
const SURFACE: &str = include_str!(concat!(env!("OUT_DIR"), "/surface.txt"));

/// Two lines of heading, then one line a function.
fn functions() -> Vec<(&'static str, &'static str)> {
    SURFACE.lines().skip(2).map(|line| line.split_once(' ').expect("a name and a fate")).collect()
}

fn count(fate: &str) -> usize {
    functions().iter().filter(|(_, what)| what.trim_start().starts_with(fate)).count()
}

#[test]
fn the_surface_is_the_one_that_was_reviewed() {
    checked::assert_is("surface.txt", SURFACE);
}

#[test]
fn the_heading_counts_right() {
    let counted = format!(
        "# What became of every public function of libxl: {} functions, {} methods, {} not yet, {} never.",
        functions().len(),
        count("method "),
        count("next: "),
        count("never: "),
    );
    assert_eq!(SURFACE.lines().next(), Some(counted.as_str()));
    assert_eq!(functions().len(), count("method ") + count("next: ") + count("never: "));
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
    let mut listed: Vec<_> = functions()
        .into_iter()
        .filter(|(_, fate)| fate.trim_start().starts_with("method "))
        .map(|(name, fate)| (name.trim_start_matches("libxl_"), fate.trim_start()))
        .collect();
    listed.sort_unstable();
    let place = |method: &xenopsd::api::Method| match method.place {
        xenopsd::api::Place::Loop => "method read loop",
        xenopsd::api::Place::Worker => "method read worker",
    };
    let served: Vec<_> = xenopsd::api::all().iter().map(|method| (method.name, place(method))).collect();
    assert_eq!(listed, served);
}
