//! What is measured beside the daemon, built when it is needed.
//!
//! In: sources of this repository, a C compiler, Go, and for the peers a registry or what is left of an earlier build.
//! Out: where each program is. One that cannot be had here is skipped by name, and the others are measured; one that
//! does not compile is an error.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;

/// Programs and libraries.
pub(crate) struct Programs {
    /// `benches/socket/rival.go`.
    pub(crate) go: Option<PathBuf>,
    /// `benches/peers`.
    pub(crate) peers: Option<PathBuf>,
    /// `examples/xenlight-sim.rs`: the simulated host in front of libxl.
    pub(crate) simulated: Option<PathBuf>,
    /// `tests/hypervisor/privcmd.c`: the make-believe hypervisor under libxl.
    pub(crate) hypervisor: Option<PathBuf>,
}

impl Programs {
    /// Builds them. Those for a smoke run need not be fast.
    pub(crate) fn build(is_smoke: bool) -> Outcome<Self> {
        Ok(Self {
            go: built("the Go server", go)?,
            peers: built("the servers of JSON-RPC libraries (a minute, the first time)", || peers(is_smoke))?,
            simulated: built("the simulated libxl", simulated)?,
            hypervisor: built("the make-believe hypervisor", hypervisor)?,
        })
    }
}

/// What builds a program, or what it is built of, cannot be had on this machine.
#[derive(Debug)]
struct Absent(String);

impl std::fmt::Display for Absent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Absent {}

/// Builds one of them, or says what is absent.
pub(crate) fn built(what: &str, build: impl FnOnce() -> Outcome<PathBuf>) -> Outcome<Option<PathBuf>> {
    eprintln!("building {what}");
    match build() {
        Ok(path) => Ok(Some(path)),
        Err(reason) if reason.is::<Absent>() => {
            println!("skipped: {what} ({reason})\n");
            Ok(None)
        }
        Err(reason) => Err(format!("{what}: {reason}").into()),
    }
}

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn built_here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn run(command: &mut Command) -> Outcome<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name}: {status}").into()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Absent(format!("there is no {name}")).into()),
        Err(error) => Err(format!("{name}: {error}").into()),
    }
}

/// The server in Go.
pub(crate) fn go() -> Outcome<PathBuf> {
    let program = built_here("go-rival");
    let mut go = Command::new("go");
    go.arg("build").arg("-o").arg(&program).arg(source("benches/socket/rival.go"));
    run(go.env("GOPROXY", "off").env("GOCACHE", built_here("go-cache")))?;
    Ok(program)
}

fn peers(is_smoke: bool) -> Outcome<PathBuf> {
    let target = built_here("peers");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--manifest-path"]).arg(source("benches/peers/Cargo.toml"));
    cargo.arg("--target-dir").arg(&target);
    if !is_smoke {
        cargo.arg("--release");
    }
    if let Err(error) = run(&mut cargo) {
        // Is it the sources of the libraries, or what is made of them?
        let mut fetch = Command::new(env!("CARGO"));
        fetch.args(["fetch", "--quiet", "--locked", "--manifest-path"]).arg(source("benches/peers/Cargo.toml"));
        return Err(match run(&mut fetch) {
            Ok(()) => error,
            Err(_) => Absent("the libraries cannot be fetched".to_owned()).into(),
        });
    }
    Ok(target.join(if is_smoke { "debug" } else { "release" }).join("xenopsd-peers"))
}

/// The simulated host, in the same profile and folder as this program.
pub(crate) fn simulated() -> Outcome<PathBuf> {
    let programs = std::env::current_exe()?;
    let target = programs.ancestors().nth(3).ok_or("no target folder")?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--release", "--example", "xenlight_sim", "--manifest-path"]);
    run(cargo.arg(source("Cargo.toml")).arg("--target-dir").arg(target))?;
    Ok(target.join("release/examples/libxenlight_sim.so"))
}

fn hypervisor() -> Outcome<PathBuf> {
    let library = built_here("make-believe-hypervisor-bench.so");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(source("tests/hypervisor/privcmd.c"));
    run(&mut cc)?;
    Ok(library)
}
