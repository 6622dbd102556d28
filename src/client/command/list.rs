//! `xenops list`: the domains, in the columns of `xl list`.

use std::fmt::Write;

use clap::Args;
use serde_json::{Map, Value, json};
use xenopsd::client::{Client, DomainInfo, Error};

use super::{Outcome, Session};

/// List the domains, in the columns of `xl list`
///
/// Mem is in MiB, Time(s) is CPU time. The six letters of State: running, blocked, paused, shut down, why it shut down
/// (r reboot, s suspend, c crash, w watchdog, S soft reset), dying. A domain whose name is gone from xenstore is
/// (null).
///
/// With --json, the result of list_domain, each domain with its name (a string, or null) as a first member.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops list
  xenops list --json | jq -r '.[] | select(.paused) | .name'")]
pub(crate) struct List;

impl List {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        let client = &mut session.client;
        Ok(if session.json { listed_as_json(client)? } else { listed_as_table(client)? })
    }
}

fn listed_as_table(client: &mut Client) -> Result<String, Error> {
    let domains: Vec<DomainInfo> = client.call("list_domain", &())?;
    let names = names(client, domains.iter().map(|domain| domain.domid))?;
    let mut table = HEADER.to_owned();
    for (domain, name) in domains.iter().zip(&names) {
        write_row(&mut table, name.as_deref(), domain);
    }
    Ok(table)
}

fn listed_as_json(client: &mut Client) -> Result<String, Error> {
    let mut domains: Vec<Map<String, Value>> = client.call("list_domain", &())?;
    let names = names(client, domains.iter().map(|domain| domain.get("domid").cloned()))?;
    for (domain, name) in domains.iter_mut().zip(names) {
        domain.shift_insert(0, "name".to_owned(), name.into());
    }
    Ok(super::json(&domains))
}

/// The name of each domain, `None` where libxl finds none: the domain is dying, or was gone before we asked.
pub(super) fn names(
    client: &mut Client,
    domids: impl Iterator<Item = impl Into<Value>>,
) -> Result<Vec<Option<String>>, Error> {
    let params: Vec<Value> = domids.map(|domid| json!({ "domid": domid.into() })).collect();
    let names = client.call_each("domid_to_name", &params)?.into_iter();
    names
        .map(|name| match name {
            Ok(name) => Ok(Some(name)),
            Err(Error::Libxl(_)) => Ok(None),
            Err(error) => Err(error),
        })
        .collect()
}

/// The header and the rows are xl's to the character (xl of Xen 4.17), so that what reads one can read the other.
const HEADER: &str = "Name                                        ID   Mem VCPUs\tState\tTime(s)\n";

fn write_row(table: &mut String, name: Option<&str>, domain: &DomainInfo) {
    let name = name.unwrap_or("(null)");
    let mem_mib = domain.current_memkb.wrapping_add(domain.outstanding_memkb) / 1024;
    // xl goes through C's `float`, whose 24 bits show in the decimals of a clock that has run for days.
    let seconds = f64::from(domain.cpu_time as f32) / 1e9;
    writeln!(
        table,
        "{name:<40} {:>5} {mem_mib:>5} {:>5}     {}  {seconds:>8.1}",
        domain.domid,
        domain.vcpu_online,
        state(domain),
    )
    .expect("a String takes everything");
}

/// The six letters, each a dash when it does not apply.
fn state(domain: &DomainInfo) -> String {
    let flag = |set, letter| if set { letter } else { '-' };
    String::from_iter([
        flag(domain.running, 'r'),
        flag(domain.blocked, 'b'),
        flag(domain.paused, 'p'),
        flag(domain.shutdown, 's'),
        shutdown_letter(domain),
        flag(domain.dying, 'd'),
    ])
}

fn shutdown_letter(domain: &DomainInfo) -> char {
    if !domain.shutdown {
        return '-';
    }
    match domain.shutdown_reason.as_deref() {
        Some("poweroff") => '-',
        Some("reboot") => 'r',
        Some("suspend") => 's',
        Some("crash") => 'c',
        Some("watchdog") => 'w',
        Some("soft_reset") => 'S',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain() -> DomainInfo {
        DomainInfo {
            domid: 0,
            running: false,
            blocked: false,
            paused: false,
            shutdown: false,
            dying: false,
            shutdown_reason: None,
            outstanding_memkb: 0,
            current_memkb: 0,
            cpu_time: 0,
            vcpu_online: 1,
        }
    }

    fn row(name: Option<&str>, domain: &DomainInfo) -> String {
        let mut table = String::new();
        write_row(&mut table, name, domain);
        table
    }

    /// What the expected rows say is what C's printf makes of xl's format and the same numbers.
    #[test]
    fn rows_are_xls_to_the_character() {
        let dom0 = DomainInfo {
            running: true,
            current_memkb: 4 << 20,
            vcpu_online: 2,
            cpu_time: 12_345_678_901_234,
            ..domain()
        };
        assert_eq!(
            row(Some("Domain-0"), &dom0),
            "Domain-0                                     0  4096     2     r-----   12345.7\n"
        );
        let nameless = DomainInfo {
            domid: 7,
            paused: true,
            shutdown: true,
            dying: true,
            shutdown_reason: Some("poweroff".to_owned()),
            current_memkb: 131_000,
            outstanding_memkb: 71,
            cpu_time: 250_000_000,
            ..domain()
        };
        assert_eq!(
            row(None, &nameless),
            "(null)                                       7   127     1     --ps-d       0.2\n"
        );
        let large = DomainInfo {
            domid: 32_751,
            shutdown: true,
            shutdown_reason: Some("crash".to_owned()),
            current_memkb: 104_857_600 << 10,
            vcpu_online: 128,
            cpu_time: 1_234_567_890_123_456_789,
            ..domain()
        };
        assert_eq!(
            row(Some("a-name-that-is-much-longer-than-forty-characters"), &large),
            "a-name-that-is-much-longer-than-forty-characters 32751 104857600   128     ---sc-  1234567939.6\n"
        );
    }

    #[test]
    fn the_reason_for_a_shutdown_is_one_letter() {
        let letter = |shutdown, reason: Option<&str>| {
            shutdown_letter(&DomainInfo { shutdown, shutdown_reason: reason.map(str::to_owned), ..domain() })
        };
        let reasons = ["poweroff", "reboot", "suspend", "crash", "watchdog", "soft_reset", "unknown"];
        assert_eq!(reasons.map(|reason| letter(true, Some(reason))), ['-', 'r', 's', 'c', 'w', 'S', '?']);
        assert_eq!(letter(true, None), '?');
        assert_eq!(letter(false, Some("crash")), '-');
    }

    #[test]
    fn each_letter_of_the_state_has_its_place() {
        assert_eq!(state(&DomainInfo { running: true, ..domain() }), "r-----");
        assert_eq!(state(&DomainInfo { blocked: true, ..domain() }), "-b----");
        assert_eq!(state(&DomainInfo { paused: true, ..domain() }), "--p---");
        assert_eq!(state(&DomainInfo { dying: true, ..domain() }), "-----d");
    }
}
