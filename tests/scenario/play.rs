//! A scenario on the simulated host.
//!
//! In: its steps. Out: a reply for each. They are played in their order, by the shipped command, in a folder of their
//! own with the JSON files of this one.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use std::{fs, thread};

use serde_json::Value;

use super::{Scenario, Step, Transcript, reply};
use crate::common::Daemon;

/// How often a step is done until it prints what it is to print, a tenth of a second apart.
const TRIES_MAX: usize = 600;
/// Stands in a command for the number of the operation that was begun.
const OPERATION: &str = "$operation";

/// What the simulated host replies.
pub(crate) fn on_simulator(scenario: Scenario) -> Transcript {
    let (daemon, folder) = (Daemon::start(scenario.simulator), tempfile::tempdir().unwrap());
    let mut player = Player { daemon, folder, operation: None };
    for file in json_files() {
        fs::copy(&file, player.folder.path().join(file.file_name().unwrap())).unwrap();
    }
    let mut transcript = Transcript::new();
    let mut begun = None;
    for step in scenario.steps() {
        if let Some(method) = &step.begin {
            let running = player.command(&step.words()).spawn().unwrap();
            player.operation = Some(player.number_of(method));
            begun = Some((step, running));
            continue;
        }
        transcript.insert(step.name.clone(), player.play(&step));
        if let Some((step, running)) = begun.take_if(|_| step.ends) {
            transcript.insert(step.name, said(&running.wait_with_output().unwrap()).0);
        }
    }
    assert!(begun.is_none(), "nobody waits for {begun:?}");
    transcript
}

/// The files that steps name.
pub(crate) fn json_files() -> impl Iterator<Item = PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenario");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "json"))
}

struct Player {
    daemon: Daemon,
    folder: tempfile::TempDir,
    /// The number of the operation that was begun.
    operation: Option<String>,
}

impl Player {
    fn command(&self, words: &[String]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xenops"));
        command.current_dir(self.folder.path()).arg("--socket").arg(self.daemon.socket()).args(words);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn play(&self, step: &Step) -> Value {
        let mut words = step.words();
        for word in words.iter_mut().filter(|word| *word == OPERATION) {
            *word = self.operation.clone().expect("an operation that was begun");
        }
        for _ in 0..TRIES_MAX {
            let (reply, output) = said(&self.command(&words).output().unwrap());
            if step.until.as_ref().is_none_or(|until| output.contains(until)) {
                return reply;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("{} never says {:?}", step.name, step.until)
    }

    /// The number of the operation of this method that runs, as soon as one does.
    fn number_of(&self, method: &str) -> String {
        for _ in 0..TRIES_MAX {
            let (list, _) = said(&self.command(&["call", "operation_list"].map(str::to_owned)).output().unwrap());
            let wanted = |operation: &&Value| operation["method"] == method && operation["state"] == "running";
            if let Some(operation) = list["result"].as_array().unwrap().iter().find(wanted) {
                return operation["number"].to_string();
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("no {method} runs")
    }
}

/// A reply, and the text that was printed.
fn said(Output { status, stdout, stderr }: &Output) -> (Value, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (reply(status.success(), &text(stdout), &text(stderr)), text(stdout))
}
