//! The steps of `tests/scenario` as lines for the shell in dom0.
//!
//! In: scenarios. Out: files, by name, for the scripts in `scenarios/` to source; what the functions in their lines do,
//! `scenarios/lib.sh` says.

use std::fs;

use xenopsd::api::{self, Class};

use crate::scenario::{self, ABORTS, LIVES, READS, Step};
use crate::stopped;

/// The reads: all; those that need no xenstored; some that do.
pub(crate) fn of_reads() -> Vec<(String, String)> {
    let steps = READS.steps();
    let lines = |command: &str, wanted: &dyn Fn(&Step) -> bool| {
        let line = |step: &Step| format!("{command}.{} {}\n", step.name, quoted(&step.words()[1..]));
        steps.iter().filter(|step| wanted(step)).map(line).collect::<String>()
    };
    let files = [
        ("steps", lines("call step", &|_| true)),
        ("steps.loop", lines("call stopped", &stopped::answers)),
        ("steps.blocked", lines("blocks blocked", &stopped::waits)),
    ];
    files.map(|(name, text)| (name.to_owned(), text)).into()
}

/// The lives, each step with its witnesses, and the files that it names.
pub(crate) fn of_lives() -> Vec<(String, String)> {
    let lines = [("steps", LIVES), ("steps.aborts", ABORTS)]
        .map(|(name, scenario)| (name.to_owned(), scenario.steps().iter().map(lines).collect()));
    let file = |path: std::path::PathBuf| {
        (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
    };
    scenario::play::json_files().map(file).chain(lines).collect()
}

fn lines(step: &Step) -> String {
    let Step { name, until, begin, ends, seen, .. } = step;
    let words = quoted(&step.words());
    let mut lines = if let Some(method) = begin {
        format!("begin {method} step.{name} {words}\n")
    } else {
        format!("step step.{name} {} {words}\n", quoted(&[until.clone().unwrap_or_default()]))
    };
    if *ends {
        lines.push_str("ended\n");
    }
    for (at, command) in seen.keys().enumerate() {
        lines.push_str(&format!("collect seen.{name}.{at} sh -c {}\n", quoted(std::slice::from_ref(command))));
    }
    if changes(step) {
        lines.push_str(&format!("witnesses {name}\n"));
    }
    lines
}

/// Is it done to change something, and over?
pub(crate) fn changes(step: &Step) -> bool {
    let class = step.method.as_ref().map(|method| api::find(method).expect("a method").class);
    step.error.is_none() && step.begin.is_none() && class != Some(Class::Read)
}

/// Words for the shell, where `$operation` is a variable.
fn quoted(words: &[String]) -> String {
    let word = |word: &String| match word.as_str() {
        "$operation" => "\"$operation\"".to_owned(),
        word => format!("'{}'", word.replace('\'', r"'\''")),
    };
    words.iter().map(word).collect::<Vec<_>>().join(" ")
}
