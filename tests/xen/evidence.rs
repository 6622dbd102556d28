//! One run of each scenario in a real dom0, and what it left.
//!
//! In: the scripts of this folder, the shipped binaries, and the steps of `tests/scenario`. Out: [`Evidence`], by name,
//! as the scenario collected it. The first test that asks makes the run, the others look at what came of it. Judges
//! nothing.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Once, OnceLock};
use std::{env, fs, io, thread};

use serde_json::Value;

use crate::{crowd, scenario, steps};

/// A scenario, and what became of it.
struct Run {
    scenario: &'static str,
    /// The files that lie beside it, by name.
    files: fn() -> Vec<(String, String)>,
    evidence: OnceLock<Result<Evidence, String>>,
}

impl Run {
    const fn new(scenario: &'static str, files: fn() -> Vec<(String, String)>) -> Self {
        Self { scenario, files, evidence: OnceLock::new() }
    }

    fn evidence(&self) -> &Result<Evidence, String> {
        self.evidence.get_or_init(|| play(self.scenario, self.files))
    }
}

static READS: Run = Run::new("reads", steps::of_reads);
static LIVES: Run = Run::new("lives", steps::of_lives);
static CROWD: Run = Run::new("crowd", Vec::new);

/// Plays what all tests together will ask for, two at a time: an emulated machine keeps one processor busy. When only
/// some tests are run, only what they ask for is played.
fn play_ahead() {
    static BEGUN: Once = Once::new();
    if env::args().len() == 1 {
        BEGUN.call_once(|| drop(thread::spawn(|| [&LIVES, &READS].map(|run| run.evidence().is_ok()))));
    }
}

/// The folder that the scenario filled.
#[derive(Debug)]
pub(crate) struct Evidence(PathBuf);

impl Evidence {
    /// The evidence of the reads, of this run of the tests; `None`, and a word of it, where it is to be skipped.
    ///
    /// # Panics
    /// If there is none, with what the scripts said.
    pub(crate) fn collected() -> Option<&'static Self> {
        Self::of(&READS)
    }

    /// The same of domains' lives.
    ///
    /// # Panics
    /// Likewise.
    pub(crate) fn of_lives() -> Option<&'static Self> {
        Self::of(&LIVES)
    }

    /// The same of a crowd of domains, and of a daemon that is killed.
    ///
    /// # Panics
    /// Likewise.
    pub(crate) fn of_crowd() -> Option<&'static Self> {
        Self::of(&CROWD)
    }

    fn of(run: &'static Run) -> Option<&'static Self> {
        if env::var_os("XENOPSD_SKIP_XEN").is_some_and(|value| value == "1") {
            let test = thread::current().name().unwrap_or("a test").to_owned();
            // Past the capture of the test's output: who skips shall see what.
            let _ = writeln!(io::stderr(), "skipped: {test} needs real Xen, and XENOPSD_SKIP_XEN=1 is set");
            return None;
        }
        play_ahead();
        match run.evidence() {
            Ok(evidence) => Some(evidence),
            Err(why) => panic!("no evidence from real Xen (XENOPSD_SKIP_XEN=1 skips these tests):\n{why}"),
        }
    }

    /// What a command that succeeded printed.
    pub(crate) fn text(&self, name: &str) -> String {
        let (status, output, errors) = self.outcome(name);
        assert_eq!(status, 0, "{name}: {errors}");
        output
    }

    /// The JSON that a command that succeeded printed.
    pub(crate) fn json(&self, name: &str) -> Value {
        let text = self.text(name);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}: {text}"))
    }

    /// What xenopsd replied to a call.
    pub(crate) fn reply(&self, name: &str) -> Value {
        let (status, output, errors) = self.outcome(name);
        scenario::reply(status == 0, &output, &errors)
    }

    /// The result of a step of the scenario that both hosts play.
    pub(crate) fn result(&self, step: &str) -> Value {
        self.json(&format!("step.{step}"))
    }

    /// The exit status, standard output and standard error of a command.
    pub(crate) fn outcome(&self, name: &str) -> (u32, String, String) {
        let status = self.read(&format!("{name}.status")).trim().parse().expect("a number");
        (status, self.read(&format!("{name}.out")), self.read(&format!("{name}.err")))
    }

    /// A file that the scenario left.
    pub(crate) fn read(&self, file: &str) -> String {
        let path = self.0.join(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// Takes the time that QEMU takes, a minute or two, and half a minute more when the snapshot is to be made first.
fn play(scenario: &str, files: fn() -> Vec<(String, String)>) -> Result<Evidence, String> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/xen");
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("xen-{scenario}"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("xen-{scenario}-files"));
    lay_out(&folder, files()).map_err(|error| format!("{}: {error}", folder.display()))?;
    let output = Command::new(scripts.join("run.sh"))
        .arg(scenario)
        .arg(folder)
        .arg(&dir)
        .args([env!("CARGO_BIN_EXE_xenopsd"), env!("CARGO_BIN_EXE_xenops")])
        .args((scenario == "crowd").then(crowd::program))
        .output()
        .map_err(|error| format!("run.sh: {error}"))?;
    if output.status.success() {
        Ok(Evidence(dir.join("evidence")))
    } else {
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(format!("run.sh: {}\n{errors}(see also {})", output.status, dir.join("console.log").display()))
    }
}

fn lay_out(folder: &Path, files: Vec<(String, String)>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    files.into_iter().try_for_each(|(name, text)| fs::write(folder.join(name), text))
}
