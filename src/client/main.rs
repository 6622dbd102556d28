//! The `xenops` command: options, the call, what is printed, the exit code.

mod command;

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use clap::{Parser, Subcommand};
use command::{Failure, Outcome, Session};
use xenopsd::client::{Client, DEFAULT_SOCKET};

/// Create, watch, change, save and destroy the domains of a Xen host, through xenopsd.
#[derive(Debug, Parser)]
#[command(name = "xenops", version, after_help = AFTER_HELP)]
struct Options {
    /// Where xenopsd listens
    #[arg(long, global = true, value_name = "PATH", env = "XENOPS_SOCKET", default_value = DEFAULT_SOCKET)]
    socket: PathBuf,

    /// Give up when it has taken so long; 0 waits for ever [default: 30, and 0 for what may take long]
    #[arg(long, global = true, value_name = "SECONDS")]
    timeout: Option<u64>,

    /// Print JSON: indented on a terminal, else on one line
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(command::List),
    Info(command::Info),
    Vcpus(command::Vcpus),
    Devices(command::Devices),
    Pools(command::Pools),
    Create(command::Create),
    Pause(command::Pause),
    Unpause(command::Unpause),
    Rename(command::Rename),
    Save(command::Save),
    Restore(command::Restore),
    Shutdown(command::Shutdown),
    Reboot(command::Reboot),
    Destroy(command::Destroy),
    Operations(command::Operations),
    Abort(command::Abort),
    Call(command::Call),
}

const AFTER_HELP: &str = "\
A DOMAIN is given by its name, its number or its uuid. xenops COMMAND --help has more on each command.

Examples:
  xenops list
  xenops list --json | jq -r '.[] | select(.paused) | .name'
  xenops create web.json
  xenops shutdown --wait web
  xenops call device_disk_add '[\"web\", {\"vdev\": \"xvdb\", \"pdev_path\": \"/dev/vg/data\", \"format\": \"raw\"}]'

From another machine:
  ssh -N -L /tmp/xenops:/run/xenopsd/xenopsd.sock root@host &
  XENOPS_SOCKET=/tmp/xenops xenops list

Exit codes:
  0  done
  1  libxl was called and said no, or the output could not be written
  2  the command line makes no sense
  3  xenopsd refused the request: no such method, wrong params, busy; nothing was done
  4  no connection to xenopsd, or it was lost, or what came back is no reply
  5  not done in time, or xenopsd does not know what came of it: it may or may not be done, or still go on
  6  a file cannot be read or written, or is not what it should be; nothing was done
  7  begun but not finished: standard error says what is left, and what to do about it
Of several domains, the code is that of the first to which it was not done.";

/// How long to wait for what xenopsd answers soon, in seconds.
const TIMEOUT_S: u64 = 30;

impl Command {
    /// How long to wait unless it is said: not for ever where nothing takes long.
    fn timeout(&self) -> u64 {
        match self {
            Self::Create(_) | Self::Save(_) | Self::Restore(_) => 0,
            Self::Shutdown(_) | Self::Reboot(_) | Self::Destroy(_) => 0,
            _ => TIMEOUT_S,
        }
    }

    /// What is not there when it has taken too long, and what becomes of what was asked.
    fn late(&self) -> (&'static str, &'static str) {
        match self.timeout() {
            // Some of it may have been answered.
            0 => ("not done", "what was begun in xenopsd goes on, see xenops operations"),
            _ => ("no answer from xenopsd", "it may still carry out what was asked"),
        }
    }

    fn run(&self, session: &mut Session) -> Outcome {
        match self {
            Self::List(list) => list.run(session),
            Self::Info(info) => info.run(session),
            Self::Vcpus(vcpus) => vcpus.run(session),
            Self::Devices(devices) => devices.run(session),
            Self::Pools(pools) => pools.run(session),
            Self::Create(create) => create.run(session),
            Self::Pause(pause) => pause.run(session),
            Self::Unpause(unpause) => unpause.run(session),
            Self::Rename(rename) => rename.run(session),
            Self::Save(save) => save.run(session),
            Self::Restore(restore) => restore.run(session),
            Self::Shutdown(shutdown) => shutdown.run(session),
            Self::Reboot(reboot) => reboot.run(session),
            Self::Destroy(destroy) => destroy.run(session),
            Self::Operations(operations) => operations.run(session),
            Self::Abort(abort) => abort.run(session),
            Self::Call(call) => call.run(session),
        }
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let timeout = options.timeout.unwrap_or_else(|| options.command.timeout());
    let late = options.command.late();
    match run_within(timeout, move || run(&options)) {
        Some(Ok(output)) => print(&output),
        Some(Err(failure)) => fail(&failure),
        None => {
            complain(&format_args!("{} within {timeout} s: {}", late.0, late.1));
            ExitCode::from(command::EXIT_UNKNOWN)
        }
    }
}

/// What `run` returns, unless it takes longer than so many seconds (0: as long as it takes). It goes on in a thread
/// that ends with the process: so the bound holds for all of it, however slowly the bytes of an answer come.
fn run_within<T: Send + 'static>(seconds: u64, run: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    if seconds == 0 {
        return Some(run());
    }
    let (done, outcome) = mpsc::channel();
    // Nobody listens any more when it comes too late.
    std::thread::spawn(move || _ = done.send(run()));
    outcome.recv_timeout(Duration::from_secs(seconds)).ok()
}

fn run(options: &Options) -> Outcome {
    let client = Client::connect(&options.socket)?;
    options.command.run(&mut Session { client, json: options.json })
}

fn print(output: &str) -> ExitCode {
    match io::stdout().write_all(output.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has seen enough, as `head` does.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format_args!("cannot write the output: {error}"));
            ExitCode::from(command::EXIT_FAILED)
        }
    }
}

fn fail(failure: &Failure) -> ExitCode {
    // That it fails is what the exit code says, whoever reads the output.
    print(failure.output());
    for line in failure.lines() {
        complain(&line);
    }
    ExitCode::from(failure.exit_code())
}

fn complain(what: &dyn std::fmt::Display) {
    let mut stderr = io::stderr();
    // What gets on may still stand there.
    let clear = if stderr.is_terminal() { command::CLEAR } else { "" };
    // Whoever closed standard error does not want to know.
    let _ = writeln!(stderr, "{clear}xenops: {what}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_options_are_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn what_may_take_long_is_waited_for() {
        for (long, commands) in [
            (true, &["create f", "save d f", "restore f", "destroy d", "shutdown d", "reboot d"][..]),
            (false, &["list", "info", "vcpus", "devices d", "pools", "pause d", "unpause d", "rename d n", "call m"]),
            (false, &["operations", "abort 1"]),
        ] {
            for command in commands {
                let arguments = ["xenops"].into_iter().chain(command.split(' '));
                let options = Options::try_parse_from(arguments).expect(command);
                assert_eq!(options.command.timeout(), if long { 0 } else { 30 }, "{command}");
            }
        }
    }
}
