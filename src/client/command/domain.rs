//! Domains as people name them, and doing the same to several.
//!
//! In: names, numbers, uuids. Out: params, which xenopsd finds the domain by; what became of each.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Value, json};
use xenopsd::client::{Client, Error};

use super::{Failure, Outcome, Session};

/// A domain by its number, name or uuid.
#[derive(Debug, Clone)]
pub(crate) struct Domain(String);

impl FromStr for Domain {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() { Err("a domain's name is not empty") } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Domain {
    /// The parameter `domid`. What is a number is no name, as for `xl`.
    pub(super) fn param(&self) -> Value {
        match self.0.parse::<u64>() {
            Ok(number) if self.0.bytes().all(|byte| byte.is_ascii_digit()) => number.into(),
            _ => self.0.as_str().into(),
        }
    }
}

/// Which domain it is, so that what follows is done to no other one that has its number by then.
#[derive(Debug, Deserialize)]
pub(super) struct Identity {
    pub(super) domid: u32,
    uuid: String,
}

/// Whether it has stopped, and why.
#[derive(Debug, Deserialize)]
struct State {
    uuid: String,
    shutdown: bool,
    dying: bool,
    shutdown_reason: Option<String>,
}

impl Identity {
    pub(super) fn find(client: &mut Client, domain: &Domain) -> Result<Self, Error> {
        client.call("domain_info", &json!({ "domid": domain.param() }))
    }

    /// Params of a call that is about it.
    pub(super) fn params(&self) -> Value {
        json!({ "domid": self.domid, "domain_uuid": self.uuid })
    }

    /// Its state, if it is still there.
    fn state(&self, client: &mut Client) -> Result<Option<State>, Error> {
        match client.call::<State>("domain_info", &json!({ "domid": self.domid })) {
            Ok(state) => Ok((state.uuid == self.uuid).then_some(state)),
            Err(Error::Libxl(failure)) if failure.name == "DOMAIN_NOTFOUND" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// It runs no more, nor will: one that is suspended may be let run on.
    pub(super) fn has_stopped(&self, client: &mut Client) -> Result<bool, Error> {
        Ok(self.state(client)?.is_none_or(|state| state.dying || (state.shutdown && !state.is_suspended())))
    }

    /// It has stopped to be saved, and waits. `None` if it is gone, or going.
    pub(super) fn is_suspended(&self, client: &mut Client) -> Result<Option<bool>, Error> {
        Ok(self.state(client)?.filter(|state| !state.dying).map(|state| state.is_suspended()))
    }
}

impl State {
    fn is_suspended(&self) -> bool {
        self.shutdown && self.shutdown_reason.as_deref() == Some("suspend")
    }
}

/// What became of a domain.
type Each<'d, T> = (&'d Domain, Result<T, Error>);

/// Does something to each of these domains, whatever becomes of the others. Prints nothing when all went well, or as
/// JSON what became of each.
pub(super) fn each<'d>(
    session: &mut Session,
    domains: &'d [Domain],
    action: impl FnMut(&mut Client, &'d Domain) -> Result<Value, Error>,
) -> Outcome {
    let results = try_each(session, domains, action);
    outcome(session, results)
}

/// Does something to each of these domains. Without a connection, those that follow have no chance.
pub(super) fn try_each<'d, T>(
    session: &mut Session,
    domains: &'d [Domain],
    mut action: impl FnMut(&mut Client, &'d Domain) -> Result<T, Error>,
) -> Vec<Each<'d, T>> {
    let mut results = Vec::new();
    for domain in domains {
        let result = action(&mut session.client, domain);
        let is_over = matches!(&result, Err(error) if !matches!(error, Error::Libxl(_) | Error::Refused { .. }));
        results.push((domain, result));
        if is_over {
            break;
        }
    }
    results
}

/// What became of all of them.
pub(super) fn outcome<'d>(session: &Session, results: impl IntoIterator<Item = Each<'d, Value>>) -> Outcome {
    let (mut shown, mut errors) = (Vec::new(), Vec::new());
    for (domain, result) in results {
        let name = domain.to_string();
        match result {
            Ok(result) => shown.push(json!({ "domain": name, "result": result })),
            Err(error) => {
                shown.push(json!({ "domain": name, "error": described(&error) }));
                errors.push((name, error));
            }
        }
    }
    let output = if session.json { super::json(&shown) } else { String::new() };
    if errors.is_empty() { Ok(output) } else { Err(Failure::Several { output, errors }) }
}

/// An error as JSON: as JSON-RPC has it, where it came that way.
fn described(error: &Error) -> Value {
    let message = error.to_string();
    match error {
        Error::Libxl(failure) => json!({ "code": failure.code, "message": failure.message, "log": failure.log }),
        Error::Refused { code, .. } => json!({ "code": code, "message": message }),
        _ => json!({ "code": null, "message": message }),
    }
}
