//! The README's walk through a domain's life, played.
//!
//! In: the section's lines: those that begin with `$` are commands, those that follow are what is printed. Out:
//! nothing, or the command that prints something else. Where the README shows no output, none is looked at; what is
//! another each time (a uuid, a MAC address, seconds of CPU) may be any.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use crate::common::Daemon;
use crate::common::xenops::text;

/// The commands of a section, each with the output that is shown.
fn commands(section: &str) -> Vec<(&str, String)> {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once(&format!("\n## {section}\n")).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in section.lines().filter_map(|line| line.strip_prefix("    ")) {
        match line.strip_prefix("$ ") {
            Some(command) => commands.push((command, String::new())),
            None => writeln!(commands.last_mut().unwrap().1, "{line}").unwrap(),
        }
    }
    commands
}

/// The same for any uuid, any MAC address and any time to a tenth of a second.
fn masked(output: &str) -> String {
    let is_any = |word: &str| {
        let made_of = |with: char| word.contains(with) && word.chars().all(|c| c == with || c.is_ascii_hexdigit());
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_seconds =
            word.split_once('.').is_some_and(|(s, tenth)| is_number(s) && is_number(tenth) && tenth.len() == 1);
        is_seconds || (word.len() == 36 && made_of('-')) || (word.len() == 17 && made_of(':'))
    };
    output.split_inclusive([' ', ',', '\n']).fold(String::new(), |masked, part| {
        let word = part.trim_end_matches([' ', ',', '\n']);
        masked + if is_any(word) { "…" } else { word } + &part[word.len()..]
    })
}

#[test]
fn the_life_of_a_domain_is_as_the_readme_tells() {
    let daemon = Daemon::start(&["--sim", "4"]);
    let folder = tempfile::tempdir().unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_xenops")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let mut played = 0;
    for (command, shown) in commands("A domain's whole life") {
        if let Some(file) = command.strip_prefix("cat ") {
            std::fs::write(folder.path().join(file), shown).unwrap();
            continue;
        }
        // There is no xl here.
        if command.starts_with("xl ") {
            continue;
        }
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec 2>&1; {command}")]).current_dir(folder.path());
        let output = shell.env("PATH", &path).env("XENOPS_SOCKET", daemon.socket()).output().unwrap();
        let printed = text(output.stdout);
        if shown.is_empty() {
            assert!(output.status.success(), "{command}: {printed}");
        } else {
            assert_eq!(masked(&printed), masked(&shown), "{command}");
        }
        played += 1;
    }
    assert!(played > 12, "{played}");
}
