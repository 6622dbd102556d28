//! Help that is worth reading.

use std::path::Path;

use crate::common::xenops::printed;

#[test]
fn every_command_has_help_with_examples() {
    let nowhere = Path::new("/nowhere");
    let help = printed(nowhere, &["--help"]);
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands: Vec<&str> = commands.lines().map_while(|line| line.split_whitespace().next()).collect();
    assert_eq!(commands.len(), 18, "{commands:?}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        let help = printed(nowhere, &[command, "--help"]);
        let (_, examples) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{command} has no examples"));
        assert!(examples.contains(&format!("xenops {command}")), "{command}: {examples}");
    }
}
