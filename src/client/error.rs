//! Why a call has no result.
//!
//! Four questions are told apart, because they have different answers: is the server there, did it take the request,
//! did libxl carry it out, and does the result have the shape that the caller expects.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// Why a call has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// There is no connection to be had.
    Connect {
        /// Where it was looked for.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The connection ended before the reply was complete: the method may or may not have been carried out.
    Lost(io::Error),
    /// The params do not serialise; nothing was sent.
    Params(serde_json::Error),
    /// xenopsd did not take the request; libxl was not called.
    Refused {
        /// JSON-RPC's code, or one of xenopsd's own.
        code: i32,
        /// What is wrong, such as `INVALID_PARAMS: params.domid: expected an integer`.
        message: String,
    },
    /// libxl was called and said no.
    Libxl(LibxlError),
    /// A reply that is no reply to this request, or whose result is not of the type asked for.
    Reply(serde_json::Error),
}

/// What libxl said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibxlError {
    /// Its return code, which is negative as a rule.
    pub code: i32,
    /// The code's name without `ERROR_`, such as `DOMAIN_NOTFOUND`; `FAIL` for a code that libxl does not name.
    pub name: String,
    /// The function that failed, such as `libxl_domain_info`.
    pub function: String,
    /// One line for people, made of name and function.
    pub message: String,
    /// What libxl logged as errors meanwhile, oldest first; nothing on the read-only socket.
    pub log: Vec<String>,
}

impl std::error::Error for LibxlError {}

impl fmt::Display for LibxlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {})", self.message, self.code)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connect { source, .. } | Self::Lost(source) => Some(source),
            Self::Params(source) | Self::Reply(source) => Some(source),
            Self::Libxl(source) => Some(source),
            Self::Refused { .. } => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { socket, source } => {
                let socket = socket.display();
                match source.kind() {
                    ErrorKind::NotFound => write!(f, "there is no socket {socket}: is xenopsd running?"),
                    ErrorKind::ConnectionRefused => write!(f, "nobody listens on {socket}: is xenopsd running?"),
                    ErrorKind::PermissionDenied => {
                        write!(f, "no permission to use {socket}: only root may, or whoever runs xenopsd")
                    }
                    _ => write!(f, "cannot connect to {socket}: {source}"),
                }
            }
            Self::Lost(source) => write!(f, "the connection to xenopsd was lost: {source}"),
            Self::Params(source) => write!(f, "the params cannot be written as JSON: {source}"),
            Self::Refused { message, .. } => f.write_str(message),
            Self::Libxl(failure) => failure.fmt(f),
            Self::Reply(source) => write!(f, "this is not the reply that was expected: {source}"),
        }
    }
}
