//! The `xenops` command: options, the call, what is printed, the exit code.

mod command;

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use clap::{Parser, Subcommand};
use xenopsd::client::{Client, DEFAULT_SOCKET, Error};

/// Ask xenopsd about the domains of a Xen host, or call any function of libxl through it.
#[derive(Debug, Parser)]
#[command(name = "xenops", version, after_help = AFTER_HELP)]
struct Options {
    /// Where xenopsd listens
    #[arg(long, global = true, value_name = "PATH", env = "XENOPS_SOCKET", default_value = DEFAULT_SOCKET)]
    socket: PathBuf,

    /// Give up when it has taken so long; 0 waits for ever
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 30)]
    timeout: u64,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(command::List),
    Call(command::Call),
}

const AFTER_HELP: &str = "\
Examples:
  xenops list
  xenops list --json | jq -r '.[] | select(.paused) | .name'
  xenops call get_version_info
  xenops call domain_info '{\"domid\": 5}'
  xenops call domain_pause '[\"web\"]'
  xenops call device_disk_add '[\"web\", {\"vdev\": \"xvdb\", \"pdev_path\": \"/dev/vg/data\", \"format\": \"raw\"}]'

From another machine:
  ssh -N -L /tmp/xenops:/run/xenopsd/xenopsd.sock root@host &
  XENOPS_SOCKET=/tmp/xenops xenops list

Exit codes:
  0  done
  1  libxl was called and said no, or the output could not be written
  2  the command line makes no sense
  3  xenopsd refused the request: no such method, wrong params
  4  no connection to xenopsd, or it was lost, or what came back is no reply
  5  xenopsd did not answer in time: what was asked may or may not be done";

/// The failures that a script may want to tell apart; clap's own is 2.
const EXIT_FAILED: u8 = 1;
const EXIT_REFUSED: u8 = 3;
const EXIT_NO_CONNECTION: u8 = 4;
const EXIT_TIMEOUT: u8 = 5;

fn main() -> ExitCode {
    let options = Options::parse();
    let timeout = options.timeout;
    match run_within(timeout, move || run(&options)) {
        Some(Ok(output)) => print(&output),
        Some(Err(error)) => fail(&error),
        None => {
            complain(&format_args!("no answer from xenopsd within {timeout} s: it may still carry out what was asked"));
            ExitCode::from(EXIT_TIMEOUT)
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

fn run(options: &Options) -> Result<String, Error> {
    let mut client = Client::connect(&options.socket)?;
    match &options.command {
        Command::List(list) => list.run(&mut client),
        Command::Call(call) => call.run(&mut client),
    }
}

fn print(output: &str) -> ExitCode {
    match io::stdout().write_all(output.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has seen enough, as `head` does.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format_args!("cannot write the output: {error}"));
            ExitCode::from(EXIT_FAILED)
        }
    }
}

fn fail(error: &Error) -> ExitCode {
    complain(error);
    ExitCode::from(match error {
        Error::Libxl(failure) => {
            for line in &failure.log {
                complain(&format_args!("libxl: {line}"));
            }
            EXIT_FAILED
        }
        Error::Refused { .. } | Error::Params(_) => EXIT_REFUSED,
        _ => EXIT_NO_CONNECTION,
    })
}

fn complain(what: &dyn std::fmt::Display) {
    // Whoever closed standard error does not want to know.
    let _ = writeln!(io::stderr(), "xenops: {what}");
}
