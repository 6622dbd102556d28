//! `xenops destroy`, `pause`, `unpause` and `rename`: one call each.

use clap::Args;
use serde_json::{Value, json};

use super::domain::{Domain, each};
use super::{Meter, Outcome, Session};

/// Destroy domains at once, as if their plug was pulled
///
/// `xenops shutdown` asks them to shut down instead. Waits until a domain's memory is free, but for
/// what another domain still maps: until that lets go, it stays, as one that is dying (d in `xenops list`).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops destroy web
  xenops destroy 5 6 7
  xenops list --json | jq -r '.[] | select(.shutdown_reason == \"poweroff\") | .uuid' | xargs -r xenops destroy")]
pub(crate) struct Destroy {
    /// Domains by name, number or uuid
    #[arg(value_name = "DOMAIN", required = true)]
    domains: Vec<Domain>,
}

impl Destroy {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        operate_each(session, &self.domains, "domain_destroy", "destroying")
    }
}

/// Pause domains: they keep their memory and get no CPU
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops pause web
  xenops pause web mail")]
pub(crate) struct Pause {
    /// Domains by name, number or uuid
    #[arg(value_name = "DOMAIN", required = true)]
    domains: Vec<Domain>,
}

impl Pause {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        call_each(session, &self.domains, "domain_pause")
    }
}

/// Let domains run that are paused, or that were created so
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops unpause web
  xenops create --paused web.json && xenops unpause web")]
pub(crate) struct Unpause {
    /// Domains by name, number or uuid
    #[arg(value_name = "DOMAIN", required = true)]
    domains: Vec<Domain>,
}

impl Unpause {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        call_each(session, &self.domains, "domain_unpause")
    }
}

/// Give a domain another name
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops rename web www
  xenops rename 5 www")]
pub(crate) struct Rename {
    /// A domain by name, number or uuid
    domain: Domain,

    /// Its new name
    #[arg(value_name = "NEW-NAME")]
    new_name: String,
}

impl Rename {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        let params = json!({ "domid": self.domain.param(), "old_name": null, "new_name": self.new_name });
        let result: Value = session.client.call("domain_rename", &params)?;
        Ok(if session.json { super::json(&result) } else { String::new() })
    }
}

/// Calls a method that is done soon.
fn call_each(session: &mut Session, domains: &[Domain], method: &str) -> Outcome {
    each(session, domains, |client, domain| client.call::<Value>(method, &json!({ "domid": domain.param() })))
}

/// Calls a method that may take long.
pub(super) fn operate_each(session: &mut Session, domains: &[Domain], method: &str, doing: &str) -> Outcome {
    let shows = session.shows_progress();
    each(session, domains, |client, domain| {
        let mut meter = Meter::new(&format!("{doing} {domain}"), shows);
        let params = json!({ "domid": domain.param(), "progress": true });
        client.operate::<Value>(method, &params, &[], |progress| meter.show(progress))
    })
}
