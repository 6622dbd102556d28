//! `xenops vcpus`: virtual CPUs, in the columns of `xl vcpu-list`.

use std::fmt::Write;

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use xenopsd::client::{Client, Error};

use super::domain::Domain;
use super::list::names;
use super::{Outcome, Session};

/// List virtual CPUs, in the columns of `xl vcpu-list`
///
/// CPU is the one that it runs on, or ran on last. The three letters of State: running, blocked, paused (not online).
/// Affinity is where it may run, and where it had rather run.
///
/// With --json, an array of domains, each with `name`, `domid` and `vcpus`, the result of list_vcpu.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops vcpus
  xenops vcpus web mail
  xenops vcpus --json web | jq '.[].vcpus[] | select(.online) | .cpu'")]
pub(crate) struct Vcpus {
    /// Domains by name, number or uuid; all without any
    #[arg(value_name = "DOMAIN")]
    domains: Vec<Domain>,
}

impl Vcpus {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        let client = &mut session.client;
        let domids = if self.domains.is_empty() { all(client)? } else { these(client, &self.domains)? };
        let params: Vec<Value> = domids.iter().map(|domid| json!({ "domid": domid })).collect();
        let lists = client.call_each::<Value>("list_vcpu", &params)?;
        let names = names(client, domids.iter().copied())?;
        let mut domains = Vec::new();
        for ((domid, name), vcpus) in domids.into_iter().zip(names).zip(lists) {
            match vcpus {
                Ok(vcpus) => domains.push(json!({ "name": name, "domid": domid, "vcpus": vcpus })),
                // It was gone before we asked.
                Err(Error::Libxl(_)) if self.domains.is_empty() => {}
                Err(error) => return Err(error.into()),
            }
        }
        if session.json {
            return Ok(super::json(&domains));
        }
        let host: Host = client.call("get_physinfo", &())?;
        table(domains, host.nr_cpus).map_err(|error| Error::Reply(error).into())
    }
}

#[derive(Deserialize)]
struct Host {
    nr_cpus: u32,
}

#[derive(Deserialize)]
struct Known {
    domid: u32,
}

fn all(client: &mut Client) -> Result<Vec<u32>, Error> {
    let domains: Vec<Known> = client.call("list_domain", &())?;
    Ok(domains.into_iter().map(|domain| domain.domid).collect())
}

fn these(client: &mut Client, domains: &[Domain]) -> Result<Vec<u32>, Error> {
    let params: Vec<Value> = domains.iter().map(|domain| json!({ "domid": domain.param() })).collect();
    let found = client.call_each::<Known>("domain_info", &params)?;
    found.into_iter().map(|found| found.map(|domain| domain.domid)).collect()
}

#[derive(Deserialize)]
struct Vcpu {
    vcpuid: u32,
    cpu: u32,
    online: bool,
    blocked: bool,
    running: bool,
    vcpu_time: u64,
    cpumap: Vec<u32>,
    cpumap_soft: Vec<u32>,
}

#[derive(Deserialize)]
struct Listed {
    name: Option<String>,
    domid: u32,
    vcpus: Vec<Vcpu>,
}

/// The header and the rows are xl's to the character (xl of Xen 4.17).
const HEADER: &str = "Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)\n";

fn table(domains: Vec<Value>, cpus: u32) -> Result<String, serde_json::Error> {
    let mut table = HEADER.to_owned();
    for domain in domains {
        let Listed { name, domid, vcpus } = serde_json::from_value(domain)?;
        for vcpu in &vcpus {
            write_row(&mut table, name.as_deref().unwrap_or("(null)"), domid, vcpu, cpus);
        }
    }
    Ok(table)
}

fn write_row(table: &mut String, name: &str, domid: u32, vcpu: &Vcpu, cpus: u32) {
    let flag = |is, letter| if is { letter } else { '-' };
    let on = if vcpu.online {
        format!("{:>5}   {}{}-", vcpu.cpu, flag(vcpu.running, 'r'), flag(vcpu.blocked, 'b'))
    } else {
        "    -   --p".to_owned()
    };
    // As in `list`: xl goes through C's `float`.
    let seconds = f64::from(vcpu.vcpu_time as f32) / 1e9;
    let (hard, soft) = (ranges(&vcpu.cpumap, cpus), ranges(&vcpu.cpumap_soft, cpus));
    writeln!(table, "{name:<32} {domid:>5} {:>5}{on} {seconds:>9.1}  {hard} / {soft}", vcpu.vcpuid)
        .expect("a String takes everything");
}

/// CPUs in ascending order as `0-3,6`: `all` of the host's, or `none`.
fn ranges(set: &[u32], cpus: u32) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &cpu in set.iter().filter(|&&cpu| cpu < cpus) {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(cpu) => *last = cpu,
            _ => ranges.push((cpu, cpu)),
        }
    }
    match ranges[..] {
        [] => "none".to_owned(),
        [(0, last)] if last + 1 == cpus => "all".to_owned(),
        _ => {
            let texts = ranges.iter().map(|&(first, last)| match first == last {
                true => first.to_string(),
                false => format!("{first}-{last}"),
            });
            texts.collect::<Vec<_>>().join(",")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vcpu() -> Vcpu {
        let (cpumap, cpumap_soft) = (vec![0, 1, 2, 3], vec![0, 2, 3]);
        Vcpu { vcpuid: 3, cpu: 13, online: true, blocked: true, running: false, vcpu_time: 0, cpumap, cpumap_soft }
    }

    fn row(vcpu: &Vcpu) -> String {
        let mut table = String::new();
        write_row(&mut table, "web-03", 3, vcpu, 4);
        table
    }

    /// What the expected rows say is what xl of Xen 4.17 prints of the same numbers.
    #[test]
    fn rows_are_xls_to_the_character() {
        let blocked = Vcpu { vcpu_time: 276_713_600_000_000, ..vcpu() };
        assert_eq!(row(&blocked), "web-03                               3     3   13   -b-  276713.6  all / 0,2-3\n");
        let running = Vcpu { running: true, blocked: false, vcpu_time: 5_797_527_200_000_000, ..vcpu() };
        assert_eq!(row(&running), "web-03                               3     3   13   r-- 5797527.2  all / 0,2-3\n");
        let offline = Vcpu { online: false, ..vcpu() };
        assert_eq!(row(&offline), "web-03                               3     3    -   --p       0.0  all / 0,2-3\n");
    }

    #[test]
    fn cpus_are_ranges() {
        for (set, text) in [
            (&[][..], "none"),
            (&[0, 1, 2, 3, 4, 5, 6, 7], "all"),
            (&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "all"),
            (&[9, 10], "none"),
            (&[0, 1, 2], "0-2"),
            (&[1, 2, 3, 4, 5, 6, 7], "1-7"),
            (&[7], "7"),
            (&[0, 2, 4, 5], "0,2,4-5"),
        ] {
            assert_eq!(ranges(set, 8), text, "{set:?}");
        }
    }
}
