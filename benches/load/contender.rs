//! The servers that are compared, and how each is asked for all domains.

use std::path::Path;

use crate::client::{self, Load};
use crate::server::Server;
use crate::{Bench, Outcome, echo, rival};

/// A running server.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) server: Server,
    pub(crate) request: &'static [u8],
    pub(crate) reply_bytes: usize,
}

impl Contender {
    fn new(name: &'static str, server: Server, request: &'static [u8]) -> Outcome<Self> {
        let reply_bytes = Load::new(&server.socket, 1, 1, request)?.reply_bytes()?;
        Ok(Self { name, server, request, reply_bytes })
    }

    /// xenopsd on a host of so many domains.
    pub(crate) fn xenopsd(folder: &Path, domains: u32) -> Outcome<Self> {
        Self::of_xenopsd(Server::xenopsd(&folder.join("xenopsd"), domains)?)
    }

    /// xenopsd, started otherwise.
    pub(crate) fn of_xenopsd(server: Server) -> Outcome<Self> {
        Self::new("xenopsd", server, client::REQUEST)
    }

    /// The Go server, if there is one.
    pub(crate) fn go(bench: &Bench, folder: &Path, domains: u32) -> Outcome<Option<Self>> {
        let Some(program) = &bench.go else { return Ok(None) };
        let server = Server::go(program, &folder.join("go"), domains)?;
        Self::new("Go", server, client::GO_REQUEST).map(Some)
    }

    /// All of them; the floor is the first, with replies as long as xenopsd's.
    pub(crate) fn all(bench: &Bench, folder: &Path, domains: u32) -> Outcome<Vec<Self>> {
        let xenopsd = Self::xenopsd(folder, domains)?;
        let role = |role, name, number: String| {
            Self::new(name, Server::role(role, &folder.join(name), &number)?, client::REQUEST)
        };
        let mut all = vec![role(echo::ROLE, "echo", xenopsd.reply_bytes.to_string())?, xenopsd];
        all.push(role(rival::ROLE, "serde", domains.to_string())?);
        all.extend(Self::go(bench, folder, domains)?);
        Ok(all)
    }
}
