//! Requests and replies of JSON-RPC 2.0 as text.
//!
//! In: ids, names, params, the line that came back. Out: the text of a request; a result or an [`Error`], or how an
//! operation gets on. It does not know the connection.

use std::ops::Range;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, Value, to_raw_value};

use super::error::{Error, LibxlError};

#[derive(Serialize)]
struct Request<'a> {
    jsonrpc: &'static str,
    id: u64,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Reply<'a> {
    /// Null when xenopsd could not tell which request it is about.
    id: Option<u64>,
    /// `None` for null too, which is what a method without a result gives.
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Failure>,
}

/// The member `error` of a reply.
#[derive(Deserialize)]
struct Failure {
    code: i32,
    message: String,
    #[serde(default)]
    data: Value,
}

/// What `data` holds when libxl said no.
#[derive(Deserialize)]
struct LibxlData {
    libxl: String,
    function: String,
    /// The code that was returned, where it is none of libxl's.
    rc: Option<i32>,
    /// Nothing on the read-only socket.
    #[serde(default)]
    log: Vec<String>,
}

/// How an operation gets on, as xenopsd tells who asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Progress {
    /// The operation's number, which `operation_list` shows and `operation_abort` takes.
    pub operation: u64,
    /// What libxl is at.
    pub what: String,
    /// How much of it is done.
    pub done: u64,
    /// How much there is to do, in the same unit, which is libxl's and differs; 0 when libxl does not say.
    pub total: u64,
}

/// A message that is no reply.
#[derive(Deserialize)]
struct Notification {
    method: String,
    params: Progress,
}

/// Appends a request. JSON-RPC has no null params: they are left out.
pub(super) fn write_request(to: &mut Vec<u8>, id: u64, method: &str, params: &impl Serialize) -> Result<(), Error> {
    let params = to_raw_value(params).map_err(Error::Params)?;
    let params = Some(&*params).filter(|params| params.get() != "null");
    serde_json::to_writer(to, &Request { jsonrpc: "2.0", id, method, params }).map_err(Error::Params)
}

/// Reads the reply to request `id`.
pub(super) fn read_reply<R: DeserializeOwned>(text: &[u8], id: u64) -> Result<R, Error> {
    let reply: Reply<'_> = serde_json::from_slice(text).map_err(Error::Reply)?;
    match (reply.id, &reply.error) {
        (Some(of), _) if of == id => reply.outcome(),
        (None, Some(_)) => reply.outcome(),
        _ => Err(of_another_request()),
    }
}

/// Reads a message that may be about how an operation gets on; `None` when it is about something else.
pub(super) fn read_progress(text: &[u8]) -> Option<Progress> {
    let notification: Notification = serde_json::from_slice(text).ok()?;
    (notification.method == "progress").then_some(notification.params)
}

/// Reads the replies to a batch, which may come in any order, and returns their outcomes in the order of `ids`.
pub(super) fn read_batch<R: DeserializeOwned>(text: &[u8], ids: Range<u64>) -> Result<Vec<Result<R, Error>>, Error> {
    if !text.starts_with(b"[") {
        // The batch was refused as a whole, with one error that is about no request.
        let reply: Reply<'_> = serde_json::from_slice(text).map_err(Error::Reply)?;
        return Err(reply.error.map_or_else(of_another_request, Error::from));
    }
    let mut replies: Vec<Reply<'_>> = serde_json::from_slice(text).map_err(Error::Reply)?;
    replies.sort_by_key(|reply| reply.id);
    if !replies.iter().map(|reply| reply.id).eq(ids.map(Some)) {
        return Err(of_another_request());
    }
    Ok(replies.into_iter().map(Reply::outcome).collect())
}

fn of_another_request() -> Error {
    Error::Reply(serde_json::Error::custom("it answers another request"))
}

impl Reply<'_> {
    fn outcome<R: DeserializeOwned>(self) -> Result<R, Error> {
        match self.error {
            Some(failure) => Err(failure.into()),
            None => serde_json::from_str(self.result.map_or("null", RawValue::get)).map_err(Error::Reply),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let Failure { code, message, data } = failure;
        match serde_json::from_value(data) {
            Ok(LibxlData { libxl: name, function, rc, log }) => {
                Self::Libxl(LibxlError { code: rc.unwrap_or(code), name, function, message, log })
            }
            Err(_) => Self::Refused { code, message },
        }
    }
}
