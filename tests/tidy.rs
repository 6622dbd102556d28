//! The repository's rules that the compiler does not check.
//!
//! In: the sources, as text. Out: every place that breaks a rule, with its line. Text is all that is looked at, so a
//! rule is one that can be told from a line.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::path::{Path, PathBuf};

const LINES_MAX: usize = 400;
const COLUMNS_MAX: usize = 120;

/// Where unsafe code may be; each says at its top why. `src/gen` is not listed: it only writes such code.
const UNSAFE: &[&str] = &[
    "src/api/",
    "src/json/decimal.rs",
    "src/json/pen.rs",
    "src/json/tape.rs",
    "src/json/writer.rs",
    "src/sim/",
    "src/stats/encode.rs",
    "src/wire/block.rs",
    "src/wire/peer.rs",
    "src/xen/",
    "src/xl/",
    "tests/change/",
    "tests/inside.rs",
    "tests/oracle/",
    "tests/pending.rs",
    "tests/zero_alloc.rs",
    "benches/common/dominfo.rs",
    "benches/peers/src/libxl.rs",
    "benches/socket/rival.rs",
    "benches/encoders.rs",
    "benches/stages.rs",
    "examples/xenlight-sim.rs",
];

/// Where the command's own output is written: `println!` is what it is for.
const PRINTS: &[&str] = &["src/client/"];

/// A source file: its path from the repository's root, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Its lines, counted from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// The same, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().map(|(number, line)| (number, code_of(line)))
    }

    /// The same, up to the tests at the file's end.
    fn shipped_code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code().take_while(|(_, line)| *line != "#[cfg(test)]")
    }

    fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }

    /// A file of tests beside the code.
    fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs")
    }
}

/// A line without a comment at its end. (`//` in a string ends it, too: what is behind is not looked at.)
fn code_of(line: &str) -> &str {
    line.split_once("//").map_or(line, |(code, _)| code)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below these places, but generated ones.
fn sources(places: &[&str]) -> Vec<Source> {
    let mut files = Vec::new();
    for place in places {
        find(&root().join(place), &mut files);
    }
    assert!(!files.is_empty());
    let source = |file: PathBuf| Source {
        path: file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned(),
        text: std::fs::read_to_string(&file).unwrap(),
    };
    files.into_iter().map(source).collect()
}

fn find(place: &Path, files: &mut Vec<PathBuf>) {
    if place.is_file() {
        files.extend(place.extension().is_some_and(|end| end == "rs").then(|| place.to_owned()));
    } else if place.is_dir() && !["golden", "target"].iter().any(|name| place.ends_with(name)) {
        std::fs::read_dir(place).unwrap().for_each(|entry| find(&entry.unwrap().path(), files));
    }
}

fn all() -> Vec<Source> {
    // Fuzz targets are not part of a package made from the repository: then there are none to look at.
    sources(&["src", "tests", "benches", "examples", "fuzz", "build.rs"])
}

fn expect_none(what: &str, found: impl IntoIterator<Item = String>) {
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// The lines of `sources` that break a rule.
fn offences<'s, L: Iterator<Item = (usize, &'s str)>>(
    sources: &'s [Source],
    lines: impl Fn(&'s Source) -> L,
    breaks: impl Fn(&Source, &str) -> bool,
) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let broken = lines(source).filter(|(_, line)| breaks(source, line));
        found.extend(broken.map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim())));
    }
    found
}

/// Does the line have this word, not as part of a longer one?
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part))
}

#[test]
fn every_file_begins_with_what_it_is_about() {
    let bare = all().into_iter().filter(|source| !source.text.starts_with("//! ")).map(|source| source.path);
    expect_none("files that do not begin with //!", bare);
}

#[test]
fn files_can_be_read_in_one_go() {
    let long = all().into_iter().map(|source| (source.text.lines().count(), source.path));
    let long = long.filter(|(lines, _)| *lines > LINES_MAX).map(|(lines, path)| format!("{path}: {lines} lines"));
    expect_none("files that are too long", long);
}

/// Code is rustfmt's, which breaks every line that can be broken.
#[test]
fn comments_are_as_narrow_as_the_code() {
    let sources = all();
    let is_wide = |line: &str| line.trim_start().starts_with("//") && line.chars().count() > COLUMNS_MAX;
    expect_none("comments that are too wide", offences(&sources, Source::lines, |_, line| is_wide(line)));
}

#[test]
fn unsafe_code_is_where_it_is_expected() {
    let sources = all();
    let found = offences(&sources, Source::code, |source, line| {
        has_word(line, "unsafe") && !source.is_in(UNSAFE) && !source.is_in(&["src/gen/", "tests/tidy.rs"])
    });
    expect_none("unsafe code in other places", found);
    for place in UNSAFE {
        let used = sources.iter().any(|source| source.path.starts_with(place) && source.text.contains("unsafe {"));
        assert!(used, "{place} has no unsafe code any more");
    }
}

#[test]
fn nothing_is_left_from_writing() {
    let sources = sources(&["src", "build.rs"]);
    let found = offences(&sources, Source::shipped_code, |source, line| {
        let prints = line.contains("println!") && !source.is_in(PRINTS) && source.path != "build.rs";
        !source.is_test() && (prints || [".unwrap()", "todo!", "dbg!"].iter().any(|word| line.contains(word)))
    });
    expect_none("unwrap, todo, dbg or println", found);
}

/// Limits that no test names, and why not. (A test that says why it cannot reach one names it.)
const UNTESTED: &[(&str, &str)] = &[
    ("IN_BUF_BYTES_START", "memory; that a buffer grows is tested beside it"),
    ("OUT_BUF_BYTES_KEEP", "memory; tested beside the buffer"),
    ("ARENA_KEEP_BYTES", "memory; no reply depends on it"),
    ("WORKER_IN_BUF_BYTES_KEEP", "memory; no reply depends on it"),
    ("ACCEPT_RETRY", "a time; that waiting connections are accepted in the end is tested"),
    ("BIND_PATIENCE", "a time; that a killed daemon's successor starts is tested"),
    ("BIND_RETRY", "a time; likewise"),
    ("DRAIN_MAX", "a time; that it ends is tested"),
];

#[test]
fn every_limit_is_tested_or_says_why_not() {
    let limits = std::fs::read_to_string(root().join("src/limits.rs")).unwrap();
    let names = limits.lines().filter_map(|line| line.strip_prefix("pub const ")?.split_once(':'));
    let names: Vec<&str> = names.map(|(name, _)| name).collect();
    assert!(names.len() > 20, "{names:?}");
    let tests = sources(&["tests"]);
    let tests = tests.iter().filter(|source| source.path != "tests/tidy.rs");
    let tests: Vec<&Source> = tests.collect();
    let is_named = |name: &str| tests.iter().any(|source| has_word(&source.text, name));
    let is_excused = |name: &str| UNTESTED.iter().any(|(excused, _)| *excused == name);
    let forgotten = names.iter().filter(|name| !is_named(name) && !is_excused(name));
    expect_none("limits that no test names", forgotten.map(|name| (*name).to_owned()));
    let stale = UNTESTED.iter().filter(|(name, _)| is_named(name) || !names.contains(name));
    expect_none("excuses that are none", stale.map(|(name, why)| format!("{name}: {why}")));
}
