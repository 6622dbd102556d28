//! Why a command has not done what it was asked to.
//!
//! In: what the client library, a file or several domains had to say. Out: lines for people, and the exit code, which
//! tells scripts apart what they may want to tell apart (clap's own is 2).

use std::fmt::Display;

use xenopsd::client::Error;

/// libxl was called and said no.
pub(crate) const EXIT_FAILED: u8 = 1;
/// xenopsd refused: nothing was done.
const EXIT_REFUSED: u8 = 3;
/// No connection to xenopsd.
const EXIT_NO_CONNECTION: u8 = 4;
/// It may or may not be done.
pub(crate) const EXIT_UNKNOWN: u8 = 5;
/// A file is not there, or not what it should be.
const EXIT_FILE: u8 = 6;
/// Something is done, and something is left to do.
const EXIT_LEFT: u8 = 7;

/// JSON-RPC's code for params that cannot be meant.
const INVALID_PARAMS: i32 = -32602;
/// xenopsd's code for a worker that ended before it had said what came of a call.
const OUTCOME_UNKNOWN: i32 = -32008;

/// Why a command has not done what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A call has no result.
    Call(Error),
    /// A file cannot be used; nothing was done.
    File(String),
    /// One step was done, a later one was not: why, what there is now, and what to do about it.
    Left(Vec<String>),
    /// It was not done to all of several domains.
    Several {
        /// What to print nevertheless.
        output: String,
        /// Which domains, as they were given, and why.
        errors: Vec<(String, Error)>,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl Failure {
    /// A file, and what is the matter with it.
    pub(super) fn file(file: impl Display, why: impl Display) -> Self {
        Self::File(format!("{file}: {why}"))
    }

    /// Why a later step was not done, what there is now, and what to do about it.
    pub(super) fn left(error: &Error, what: String) -> Self {
        let mut lines = lines_of("", error);
        lines.push(what);
        Self::Left(lines)
    }

    /// What xenopsd would refuse.
    pub(super) fn refused(why: &str) -> Self {
        Self::Call(Error::Refused { code: INVALID_PARAMS, message: format!("INVALID_PARAMS: {why}") })
    }

    /// The same, and what went wrong after it.
    pub(super) fn before(&self, also: &Error) -> Self {
        Self::Left([self.lines(), lines_of("", also)].concat())
    }

    /// The same, and what there is now.
    pub(super) fn and(&self, what: String) -> Self {
        Self::Left([self.lines(), vec![what]].concat())
    }

    /// What was done is to be printed all the same.
    pub(crate) fn output(&self) -> &str {
        match self {
            Self::Several { output, .. } => output,
            _ => "",
        }
    }

    /// What to say, line by line.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self {
            Self::Call(error) => lines_of("", error),
            Self::File(what) => vec![what.clone()],
            Self::Left(lines) => lines.clone(),
            Self::Several { errors, .. } => {
                errors.iter().flat_map(|(domain, error)| lines_of(&format!("{domain}: "), error)).collect()
            }
        }
    }

    /// The exit code; of several domains, the first one's.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Call(error) => exit_code_of(error),
            Self::File(_) => EXIT_FILE,
            Self::Left(_) => EXIT_LEFT,
            Self::Several { errors, .. } => errors.first().map_or(EXIT_FAILED, |(_, error)| exit_code_of(error)),
        }
    }
}

/// An error, and what libxl logged meanwhile.
fn lines_of(prefix: &str, error: &Error) -> Vec<String> {
    let mut lines = vec![format!("{prefix}{error}")];
    if let Error::Libxl(failure) = error {
        lines.extend(failure.log.iter().map(|line| format!("{prefix}libxl: {line}")));
    }
    lines
}

/// The worker ended before it had said what came of the call.
pub(super) fn is_outcome_unknown(error: &Error) -> bool {
    matches!(error, Error::Refused { code: OUTCOME_UNKNOWN, .. })
}

fn exit_code_of(error: &Error) -> u8 {
    match error {
        Error::Libxl(_) => EXIT_FAILED,
        _ if is_outcome_unknown(error) => EXIT_UNKNOWN,
        Error::Refused { .. } | Error::Params(_) => EXIT_REFUSED,
        _ => EXIT_NO_CONNECTION,
    }
}
