//! The servers that are compared, and how each is asked for all domains.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::client::{Load, Shape};
use crate::request::Question::ListDomain;
use crate::server::{Address, Below, Kind, Server};
use crate::{Bench, Outcome};

const XENOPSD: Kind = Kind::Xenopsd("");

/// A running server.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) server: Server,
    /// Where it listens.
    pub(crate) path: PathBuf,
    pub(crate) request: Vec<u8>,
    pub(crate) reply_bytes: usize,
}

impl Contender {
    fn start(kind: Kind, bench: &Bench, folder: &Path, domains: u32) -> Outcome<Option<Self>> {
        let server = Server::start(kind, &bench.programs, Below::SimulatedHost, domains, folder)?;
        server.map(|server| Self::new(kind, server, domains)).transpose()
    }

    fn new(kind: Kind, server: Server, domains: u32) -> Outcome<Self> {
        let shape = Shape { question: ListDomain, connections: 1, in_flight: 1 };
        let mut load = Load::new(&server.address, kind.protocol(), shape)?;
        let reply_bytes = match kind {
            Kind::Echo(_) => load.burst()?,
            _ => load.check(usize::try_from(domains)?)?,
        };
        let Address::Unix(path) = &server.address else { return Err("not on a Unix socket".into()) };
        let (path, request) = (path.clone(), kind.protocol().request(ListDomain, 0));
        Ok(Self { name: kind.name(), server, path, request, reply_bytes })
    }

    /// xenopsd on a host of so many domains.
    pub(crate) fn xenopsd(bench: &Bench, folder: &Path, domains: u32) -> Outcome<Self> {
        Self::start(XENOPSD, bench, folder, domains)?.ok_or_else(|| "no xenopsd".into())
    }

    /// The same on one where operations take so long. It says nothing: it would write a line for each operation.
    pub(crate) fn slow_xenopsd(folder: &Path, domains: u32, operation_ms: u32) -> Outcome<Self> {
        let path = folder.join(operation_ms.to_string());
        let mut command = Command::new(env!("CARGO_BIN_EXE_xenopsd"));
        command.args(["--sim", &domains.to_string(), "--sim-latency", &operation_ms.to_string()]);
        command.arg("--socket").arg(&path).stdin(Stdio::null()).stderr(Stdio::null());
        Self::new(XENOPSD, Server::by_path(command, &path)?, domains)
    }

    /// The Go server, if there is one.
    pub(crate) fn go(bench: &Bench, folder: &Path, domains: u32) -> Outcome<Option<Self>> {
        Self::start(Kind::Go, bench, folder, domains)
    }

    /// All of them; the floor is the first, with replies as long as xenopsd's.
    pub(crate) fn all(bench: &Bench, folder: &Path, domains: u32) -> Outcome<Vec<Self>> {
        let xenopsd = Self::xenopsd(bench, folder, domains)?;
        let floor = Self::start(Kind::Echo(xenopsd.reply_bytes), bench, folder, domains)?.ok_or("no echo")?;
        let serde = Self::start(Kind::Serde, bench, folder, domains)?.ok_or("no serde")?;
        let mut all = vec![floor, xenopsd, serde];
        all.extend(Self::go(bench, folder, domains)?);
        Ok(all)
    }
}
