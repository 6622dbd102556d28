//! One run of the scenario `reads` in a real dom0, and what it left.
//!
//! In: the scripts of this folder, the shipped binaries, and the steps of `tests/scenario`. Out: [`Evidence`], by name,
//! as the scenario collected it. The first test that asks makes the run, the others look at what came of it. Judges
//! nothing.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs, io, thread};

use serde_json::Value;

use crate::scenario::{self, READS, Step};
use crate::stopped;

/// The folder that the scenario filled.
#[derive(Debug)]
pub(crate) struct Evidence(PathBuf);

impl Evidence {
    /// The evidence of this run of the tests; `None`, and a word of it, where it is to be skipped.
    ///
    /// # Panics
    /// If there is none, with what the scripts said.
    pub(crate) fn collected() -> Option<&'static Self> {
        static RUN: OnceLock<Result<Evidence, String>> = OnceLock::new();
        if env::var_os("XENOPSD_SKIP_XEN").is_some_and(|value| value == "1") {
            let test = thread::current().name().unwrap_or("a test").to_owned();
            // Past the capture of the test's output: who skips shall see what.
            let _ = writeln!(io::stderr(), "skipped: {test} needs real Xen, and XENOPSD_SKIP_XEN=1 is set");
            return None;
        }
        match RUN.get_or_init(run) {
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
        let (_, output, errors) = self.outcome(name);
        scenario::reply(&output, &errors)
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
fn run() -> Result<Evidence, String> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/xen");
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("xen-reads");
    let steps = write_steps().map_err(|error| format!("the steps: {error}"))?;
    let output = Command::new(scripts.join("run.sh"))
        .arg("reads")
        .arg(steps)
        .arg(&dir)
        .args([env!("CARGO_BIN_EXE_xenopsd"), env!("CARGO_BIN_EXE_xenops")])
        .output()
        .map_err(|error| format!("run.sh: {error}"))?;
    if output.status.success() {
        Ok(Evidence(dir.join("evidence")))
    } else {
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(format!("run.sh: {}\n{errors}(see also {})", output.status, dir.join("console.log").display()))
    }
}

/// Writes the steps as lines for the shell in dom0: all; those that need no xenstored; some that do.
fn write_steps() -> io::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("xen-steps");
    fs::create_dir_all(&folder)?;
    let steps = scenario::steps(READS);
    let lines = |command: &str, wanted: &dyn Fn(&Step) -> bool| {
        let params = |step: &Step| step.params.as_ref().map_or_else(String::new, |params| format!("'{params}'"));
        let line = |step: &Step| format!("{command}.{} {} {}\n", step.name, step.method, params(step));
        steps.iter().filter(|step| wanted(step)).map(line).collect::<String>()
    };
    fs::write(folder.join("steps"), lines("call step", &|_| true))?;
    fs::write(folder.join("steps.loop"), lines("call stopped", &|step| stopped::answers(step)))?;
    fs::write(folder.join("steps.blocked"), lines("blocks blocked", &|step| stopped::waits(step)))?;
    Ok(folder)
}
