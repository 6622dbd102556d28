//! The `xenopsd` command: options, libxl or the simulated host, the socket, the loop, the exit code.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use log::{error, info, warn};
use xenopsd::daemon::{Daemon, Doors, StopSignals};
use xenopsd::limits::{
    CONNECTIONS_MAX, OPERATIONS_LONG_MAX, SIM_CHURN_MAX, SIM_DOMAINS_MAX, WORKERS_DEFAULT, WORKERS_MAX,
};
use xenopsd::rpc::Rpc;
use xenopsd::sim::{self, Conduct, Fault};
use xenopsd::wire::Listener;
use xenopsd::worker::{Launch, THIS_PROGRAM};
use xenopsd::xen::{self, Domains, KnownNames};
use xenopsd::xl::sys::Functions;
use xenopsd::xl::{Source, Xl};

/// Serve libxl, Xen's toolstack library, over JSON-RPC on a Unix socket.
///
/// Every function of libxl that can be called remotely is a method; `xenops call METHOD` calls one, and so does any
/// JSON-RPC client, 1.0 or 2.0. Runs in dom0 as root, or anywhere with --sim.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Options {
    /// Listen on this socket. Only the user that runs xenopsd can connect to it
    #[arg(long, value_name = "PATH", default_value = DEFAULT_SOCKET)]
    socket: PathBuf,

    /// Listen on this socket, too, for methods that only look; secrets are left out. Its group can connect to it
    #[arg(long, value_name = "PATH")]
    read_only_socket: Option<PathBuf>,

    /// The group, by name or number, that can connect to the read-only socket
    #[arg(long, value_name = "GROUP", requires = "read_only_socket", value_parser = group)]
    read_only_group: Option<u32>,

    /// Serve a simulated host with this many domains, Domain-0 included, instead of the real one
    #[arg(long, value_name = "DOMAINS", num_args = 0..=1, default_missing_value = "10", value_parser = domains)]
    sim: Option<u32>,

    /// Make the simulated host up from this number: the same number, the same host
    #[arg(long, value_name = "SEED", requires = "sim", default_value_t = 1)]
    sim_seed: u64,

    /// Let operations of the simulated host (create, destroy, save, plug in and so on) take so many milliseconds
    #[arg(long, value_name = "MS", requires = "sim", default_value_t = 0)]
    sim_latency: u64,

    /// Let a function of the simulated host fail, always or sometimes: domain_create_new=FAIL, domain_pause=-9:0.1
    #[arg(long, value_name = "METHOD=CODE[:PROBABILITY]", requires = "sim")]
    sim_fault: Vec<Fault>,

    /// Let domains of the simulated host come and go by themselves: so many times a second one appears, begins to die,
    /// or is gone. There are never many more than --sim says, and those that a client has touched stay
    #[arg(long, value_name = "RATE", requires = "sim", value_parser = rate)]
    sim_churn: Option<f64>,

    /// Keep the simulated host in this file, where the next xenopsd finds it as this one leaves it; what --sim and
    /// --sim-seed say counts for a new one. Best on a tmpfs (/dev/shm); good until the machine is booted again
    #[arg(long, value_name = "FILE", requires = "sim")]
    sim_world: Option<PathBuf>,

    /// Read domains (list_domain, domain_info, domain_stats) by hypercalls of our own, or through libxl, which says the
    /// same and takes far longer
    #[arg(long, value_enum, value_name = "SOURCE", default_value_t, conflicts_with = "sim")]
    source: Wanted,

    /// Share this many processes among short calls that must not hold up others. Long ones have a process each
    #[arg(long, value_name = "NUMBER", default_value_t = WORKERS_DEFAULT, value_parser = workers)]
    workers: usize,

    /// Carry out calls for the xenopsd that is at the other end of standard input
    #[arg(long, hide = true)]
    worker: bool,

    /// Say more: connections, reasons. Once for info, twice for debug
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
}

/// Where domains are to be read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Wanted {
    /// The hypervisor, if it is of the release that this xenopsd was built for, else libxl.
    #[default]
    Auto,
    /// The hypervisor, or not at all.
    Hypercall,
    /// libxl.
    Libxl,
}

const DEFAULT_SOCKET: &str = "/run/xenopsd/xenopsd.sock";
const EXIT_CODES: &str = "Exit codes: 0 stopped by SIGTERM or SIGINT, 1 failure, 2 usage, 69 no usable libxl, or no such source, on this host.";
/// sysexits' EX_UNAVAILABLE: what this program serves is not there.
const EXIT_UNAVAILABLE: u8 = 69;
/// Descriptors that are not connections: epoll, listener, lock, signals, libxl's own; and workers.
const DESCRIPTORS_SPARE: u64 = 64 + (WORKERS_MAX + OPERATIONS_LONG_MAX) as u64;

fn main() -> ExitCode {
    let options = Options::parse();
    let level = [log::LevelFilter::Warn, log::LevelFilter::Info, log::LevelFilter::Debug];
    env_logger::Builder::new()
        .filter_level(level[usize::from(options.verbose).min(2)])
        .filter_module(xenopsd::worker::AUDIT, log::LevelFilter::Info)
        .format_target(false)
        .init();
    if options.worker {
        return match xenopsd::worker::serve() {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => fail(&reason, EXIT_UNAVAILABLE),
        };
    }
    let names = KnownNames::default();
    let opened = match options.sim {
        Some(domains) => simulate(&options, domains).map_err(|reason| (reason, 1)).and_then(open_simulated),
        None => open_xl(options.source, &names).map_err(|reason| (reason, EXIT_UNAVAILABLE)),
    };
    let xl = match opened {
        Ok(xl) => xl,
        Err((reason, code)) => return fail(&*reason, code),
    };
    match serve(&options, xl, names) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => fail(&*reason, 1),
    }
}

type Reason = Box<dyn std::error::Error>;

fn fail(reason: &dyn std::error::Error, code: u8) -> ExitCode {
    error!("{reason}");
    ExitCode::from(code)
}

/// Puts a simulated host in libxl's place.
type Overlay = Box<dyn FnOnce(&mut Functions)>;

fn simulate(options: &Options, domains: u32) -> Result<Overlay, Reason> {
    let latency = Duration::from_millis(options.sim_latency);
    let conduct = Conduct { latency, faults: options.sim_fault.clone() };
    let Some(file) = &options.sim_world else {
        return Ok(Box::new(sim::start_with(domains, options.sim_seed, &conduct)?));
    };
    match sim::start_in(file, domains, options.sim_seed, &conduct) {
        Ok(overlay) => Ok(Box::new(overlay)),
        Err(error) => Err(format!("{}: {error}", file.display()).into()),
    }
}

fn open_simulated(overlay: Overlay) -> Result<Xl, (Reason, u8)> {
    let xl = Xl::open(overlay).map_err(|reason| (reason.into(), EXIT_UNAVAILABLE))?;
    Ok(xl.reading_from(Source::Simulator))
}

fn open_xl(source: Wanted, names: &KnownNames) -> Result<Xl, Reason> {
    let names = names.clone().overlay();
    if source == Wanted::Libxl {
        return Ok(Xl::open(names)?);
    }
    match Domains::open() {
        Ok(domains) => {
            let domains = domains.overlay();
            let xl = Xl::open(|functions| {
                domains(functions);
                names(functions);
            })?;
            Ok(xl.reading_from(Source::Hypercall))
        }
        Err(why) if source == Wanted::Hypercall => Err(why.into()),
        Err(why) => {
            let xl = Xl::open(names)?;
            warn!("domains are read through libxl: {why}");
            Ok(xl.reading_from(Source::Libxl(Some(why.to_string()))))
        }
    }
}

fn serve(options: &Options, xl: Xl, names: KnownNames) -> Result<(), Reason> {
    raise_descriptor_limit();
    if options.socket.as_os_str() == DEFAULT_SOCKET {
        std::fs::create_dir_all("/run/xenopsd")?;
    }
    let signals = StopSignals::catch()?;
    let listener = Listener::bind(&options.socket)?;
    info!("listening on {}", options.socket.display());
    let mut doors = Doors::full(listener);
    if let Some(path) = &options.read_only_socket {
        let listener = Listener::bind(path)?;
        listener.let_in(options.read_only_group)?;
        info!("listening on {} for methods that only look", path.display());
        doors = doors.and_read_only(listener);
    }
    let sim = options.sim.map(|_| sim::memory().try_clone_to_owned()).transpose()?;
    let launch = Launch { program: THIS_PROGRAM.into(), workers: options.workers, sim, verbose: options.verbose };
    let mut daemon = Daemon::new(Rpc::new(xl), doors, signals, launch)?;
    if options.sim.is_none() {
        daemon = daemon.with_names(names, xen::xenstored_socket())?;
    }
    options.sim_churn.map_or(Ok(()), sim::churn)?;
    daemon.run()?;
    Ok(())
}

/// As many descriptors as there may be connections, if the hard limit allows.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let wanted = CONNECTIONS_MAX as u64 + DESCRIPTORS_SPARE;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|now| now < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |most| most.min(wanted)));
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            log::warn!("cannot raise the limit of open files: {error}");
        }
    }
}

/// A group's number.
fn group(text: &str) -> Result<u32, String> {
    let by_name = || uzers::get_group_by_name(text).map(|group| group.gid());
    text.parse().ok().or_else(by_name).ok_or_else(|| "no such group".to_owned())
}

/// The number of workers.
fn workers(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=WORKERS_MAX).contains(&count) => Ok(count),
        _ => Err(format!("a number from 1 to {WORKERS_MAX}")),
    }
}

/// The number of domains of a simulated host.
fn domains(text: &str) -> Result<u32, String> {
    let most = u32::try_from(SIM_DOMAINS_MAX).unwrap_or(u32::MAX);
    match text.parse() {
        Ok(count) if (1..=most).contains(&count) => Ok(count),
        _ => Err(format!("a number from 1 to {most}")),
    }
}

/// How often domains of a simulated host come and go.
fn rate(text: &str) -> Result<f64, String> {
    let most = f64::from(SIM_CHURN_MAX);
    let rate = text.parse().ok().filter(|&rate: &f64| rate > 0.0 && rate <= most);
    rate.ok_or_else(|| format!("a number above 0, at most {most}"))
}
