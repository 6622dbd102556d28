//! `xenops shutdown` and `xenops reboot`: domains are asked to stop, and waited for if that is wanted.
//!
//! A domain stops by itself, when it likes to. What has shut down is still there until somebody destroys it, or creates
//! it anew: that is not done here.

use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use xenopsd::client::{Client, Error};

use super::domain::{Domain, Identity, outcome, try_each};
use super::{Meter, Outcome, Session};

/// Ask domains to shut down
///
/// A domain shuts down in its own time; --wait waits for it. What has shut down keeps its number and its memory until
/// it is destroyed: `xl` leaves a process behind that does so, for the domains that it has created; xenops does not.
///
/// A domain without PV drivers cannot be asked so (NOPARAVIRT); it may have a power button, which
/// `xenops call send_trigger '["web", "power", 0]'` presses.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops shutdown web
  xenops shutdown --wait web && xenops destroy web
  xenops shutdown --wait --timeout 120 web mail")]
pub(crate) struct Shutdown {
    #[command(flatten)]
    stop: Stop,
}

impl Shutdown {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        self.stop.run(session, "domain_shutdown", "shutting down")
    }
}

/// Ask domains to reboot
///
/// For Xen, a domain that reboots shuts down, and then somebody creates it anew. `xl` leaves a process behind that does
/// so, for the domains that it has created. What was created by xenops stays shut down (r in `xenops list`) until you
/// destroy it and create it again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops reboot web
  xenops reboot --wait web && xenops destroy web && xenops create web.json")]
pub(crate) struct Reboot {
    #[command(flatten)]
    stop: Stop,
}

impl Reboot {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        self.stop.run(session, "domain_reboot", "rebooting")
    }
}

#[derive(Debug, Args)]
struct Stop {
    /// Domains by name, number or uuid
    #[arg(value_name = "DOMAIN", required = true)]
    domains: Vec<Domain>,

    /// Wait until they have shut down, or are gone
    #[arg(long, short)]
    wait: bool,
}

impl Stop {
    fn run(&self, session: &mut Session, method: &str, doing: &str) -> Outcome {
        let shows = session.shows_progress();
        // All are asked before the first one is waited for.
        let mut results = try_each(session, &self.domains, |client, domain| {
            let mut meter = Meter::new(&format!("{doing} {domain}"), shows);
            let identity = Identity::find(client, domain)?;
            let mut params = identity.params();
            params["progress"] = true.into();
            let result: Value = client.operate(method, &params, &[], |progress| meter.show(progress))?;
            Ok((identity, result))
        });
        for (domain, result) in results.iter_mut().filter(|_| self.wait) {
            let Ok((identity, _)) = result else { continue };
            let mut meter = Meter::new(&format!("{doing} {domain}"), shows);
            meter.say("(waiting until it has; Ctrl-C ends the waiting)");
            if let Err(error) = wait(identity, &mut session.client) {
                *result = Err(error);
            }
        }
        let results = results.into_iter().map(|(domain, result)| (domain, result.map(|(_, result)| result)));
        outcome(session, results)
    }
}

/// Returns when it has stopped.
fn wait(identity: &Identity, client: &mut Client) -> Result<(), Error> {
    while !identity.has_stopped(client)? {
        sleep(LOOK_EVERY);
    }
    Ok(())
}

/// Looks whether a domain has stopped: often enough for people, and seldom enough for the host.
const LOOK_EVERY: Duration = Duration::from_millis(100);
