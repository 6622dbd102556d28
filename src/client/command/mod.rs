//! The commands of `xenops`.
//!
//! In: options, a session. Out: the text to print, or a [`Failure`]. They print nothing themselves, but for how long
//! work gets on.

mod call;
mod create;
mod devices;
mod domain;
mod failure;
mod info;
mod life;
mod list;
mod operations;
mod pools;
mod progress;
mod restore;
mod save;
mod save_target;
mod stop;
mod vcpus;

use std::io::IsTerminal;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use xenopsd::client::{Client, Error};

pub(crate) use call::Call;
pub(crate) use create::Create;
pub(crate) use devices::Devices;
pub(crate) use failure::{EXIT_FAILED, EXIT_UNKNOWN, Failure};
pub(crate) use info::Info;
pub(crate) use life::{Destroy, Pause, Rename, Unpause};
pub(crate) use list::List;
pub(crate) use operations::{Abort, Operations};
pub(crate) use pools::Pools;
pub(crate) use progress::CLEAR;
pub(crate) use restore::Restore;
pub(crate) use save::Save;
pub(crate) use stop::{Reboot, Shutdown};
pub(crate) use vcpus::Vcpus;

use progress::Meter;

/// What a command works with.
#[derive(Debug)]
pub(crate) struct Session {
    /// The connection.
    pub(crate) client: Client,
    /// Print JSON.
    pub(crate) json: bool,
}

impl Session {
    /// Somebody watches who wants to see how long work gets on.
    fn shows_progress(&self) -> bool {
        !self.json && std::io::stderr().is_terminal()
    }
}

/// What a command comes to.
pub(crate) type Outcome = Result<String, Failure>;

/// What a method lists: its result as it is with --json, else as a table.
fn listed<T: DeserializeOwned>(session: &mut Session, method: &str, table: impl FnOnce(&[T]) -> String) -> Outcome {
    let result: Value = session.client.call(method, &())?;
    if session.json {
        return Ok(json(&result));
    }
    let rows: Vec<T> = serde_json::from_value(result).map_err(Error::Reply)?;
    Ok(table(&rows))
}

/// JSON as text that ends a line: indented for people, on one line for programs.
fn json(value: &impl Serialize) -> String {
    let text = if std::io::stdout().is_terminal() {
        serde_json::to_string_pretty(value)
    } else {
        serde_json::to_string(value)
    };
    text.expect("values that came from JSON go back to JSON") + "\n"
}
