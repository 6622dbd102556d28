//! `xenops shutdown` and `xenops reboot`: domains are asked to stop, and waited for if that is wanted.
//!
//! A domain stops by itself, when it likes to. What has shut down is still there until somebody destroys it, or creates
//! it anew: that is not done here.

use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use xenopsd::client::{Client, Error};

use super::domain::{Domain, each};
use super::{Meter, Outcome, Session};

/// Ask domains to shut down
///
/// A domain shuts down in its own time; --wait waits for it. What has shut down keeps its number and its memory until it
/// is destroyed: `xl` leaves a process behind that does so, for the domains that it has created; xenops does not.
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

/// Which domain it is, and whether it has stopped.
#[derive(Debug, Deserialize)]
struct State {
    domid: u32,
    uuid: String,
    shutdown: bool,
    dying: bool,
}

impl Stop {
    fn run(&self, session: &mut Session, method: &str, doing: &str) -> Outcome {
        let shows = session.shows_progress();
        // All are asked before the first one is waited for.
        let mut asked = Vec::new();
        let outcome = each(session, &self.domains, |client, domain| {
            let mut meter = Meter::new(format!("{doing} {domain}"), shows);
            let params = json!({ "domid": domain.param() });
            let state: State = client.call("domain_info", &params)?;
            let params = json!({ "domid": state.domid, "domain_uuid": state.uuid, "progress": true });
            let result: Value = client.operate(method, &params, &[], |progress| meter.show(progress))?;
            asked.push((domain, state));
            Ok(result)
        });
        if self.wait {
            for (domain, state) in asked {
                let mut meter = Meter::new(format!("{doing} {domain}"), shows);
                meter.say("waiting until it has shut down");
                wait(&mut session.client, &state)?;
            }
        }
        outcome
    }
}

/// Looks whether a domain has stopped: often enough for people, and seldom enough for the host.
const LOOK_EVERY: Duration = Duration::from_millis(100);

fn wait(client: &mut Client, of: &State) -> Result<(), Error> {
    loop {
        match client.call::<State>("domain_info", &json!({ "domid": of.domid })) {
            Ok(now) if now.uuid != of.uuid || now.shutdown || now.dying => return Ok(()),
            Ok(_) => sleep(LOOK_EVERY),
            Err(Error::Libxl(failure)) if failure.name == "DOMAIN_NOTFOUND" => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}
