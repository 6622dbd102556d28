//! `xenops operations` and `xenops abort`: calls that wait or run, and asking that one end.

use std::fmt::Write;

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Outcome, Session};

/// List the calls that wait or run in xenopsd
///
/// Age is in seconds. UID and PID are those of whoever has called, who may be gone: what has begun goes on.
///
/// With --json, the result of operation_list.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops operations
  xenops operations --json | jq '.[] | select(.age_ms > 60000)'")]
pub(crate) struct Operations;

#[derive(Deserialize)]
struct Operation {
    number: u64,
    method: String,
    domid: Option<u32>,
    state: String,
    uid: u64,
    pid: u64,
    age_ms: u64,
    progress: Option<Progress>,
}

#[derive(Deserialize)]
struct Progress {
    what: String,
    done: u64,
    total: u64,
}

impl Operations {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        super::listed(session, "operation_list", table)
    }
}

fn table(operations: &[Operation]) -> String {
    let mut table = "Number Method                        Domain State      Age(s)   UID     PID Progress\n".to_owned();
    for operation in operations {
        let Operation { number, method, domid, state, uid, pid, age_ms, progress } = operation;
        let domid = domid.map_or_else(|| "-".to_owned(), |domid| domid.to_string());
        let progress = match progress {
            None => "-".to_owned(),
            Some(Progress { what, done, total }) => format!("{what} {done}/{total}"),
        };
        let age = age_ms / 1000;
        writeln!(table, "{number:>6} {method:<29} {domid:>6} {state:<8} {age:>8} {uid:>5} {pid:>7} {progress}")
            .expect("a String takes everything");
    }
    table
}

/// Ask that a call end soon which waits or runs in xenopsd
///
/// What waits will not be begun. What runs is asked to end, and may do so at once, later, or not at all: whoever called
/// is told, and `xenops operations` shows it until then.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops operations
  xenops abort 12")]
pub(crate) struct Abort {
    /// The operation's number
    number: u64,
}

impl Abort {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        let result: Value = session.client.call("operation_abort", &json!({ "number": self.number }))?;
        Ok(if session.json { super::json(&result) } else { String::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_a_row() {
        let operation = |method: &str, domid, state: &str, progress| Operation {
            number: 12,
            method: method.to_owned(),
            domid,
            state: state.to_owned(),
            uid: 0,
            pid: 4711,
            age_ms: 61_999,
            progress,
        };
        let progress = Some(Progress { what: "Frames".to_owned(), done: 5, total: 10 });
        let operations = [
            operation("domain_suspend", Some(5), "running", progress),
            operation("device_pci_assignable_remove", None, "waiting", None),
        ];
        let expected = "\
Number Method                        Domain State      Age(s)   UID     PID Progress
    12 domain_suspend                     5 running        61     0    4711 Frames 5/10
    12 device_pci_assignable_remove       - waiting        61     0    4711 -
";
        assert_eq!(table(&operations), expected);
    }
}
