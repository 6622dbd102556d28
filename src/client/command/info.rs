//! `xenops info`: the host in the words of `xl info`, or one domain.

use std::fmt::{Display, Write};

use clap::Args;
use serde_json::{Map, Value, json};
use xenopsd::client::{Client, Error};

use super::domain::Domain;
use super::{Outcome, Session};

/// Show the host, or one domain
///
/// Without DOMAIN, the lines of `xl info` about Xen and the hardware; memory is in MiB. (xl info begins with the host's
/// name and kernel, which is not for Xen to tell: uname -a does.)
///
/// With --json, the results of get_physinfo, get_version_info, get_scheduler and get_freecpus, each under its name; of
/// a domain, the result of domain_info with its name as a first member.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops info
  xenops info --json | jq .get_physinfo.free_pages
  xenops info web
  xenops info web --json | jq -r .uuid")]
pub(crate) struct Info {
    /// A domain by name, number or uuid
    domain: Option<Domain>,
}

impl Info {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        let client = &mut session.client;
        let (value, table) = match &self.domain {
            None => {
                let host = host(client)?;
                let table = host_table(&host);
                (host, table)
            }
            Some(domain) => {
                let domain = described(client, domain)?;
                let table = domain_table(&domain);
                (domain.into(), table)
            }
        };
        Ok(if session.json { super::json(&value) } else { table })
    }
}

/// What the host is asked.
const METHODS: [&str; 4] = ["get_physinfo", "get_version_info", "get_scheduler", "get_freecpus"];

fn host(client: &mut Client) -> Result<Value, Error> {
    let results = METHODS.map(|method| Ok((method.to_owned(), client.call::<Value>(method, &())?)));
    results.into_iter().collect::<Result<Map<_, _>, _>>().map(Value::Object)
}

fn described(client: &mut Client, domain: &Domain) -> Result<Map<String, Value>, Error> {
    let mut info: Map<String, Value> = client.call("domain_info", &json!({ "domid": domain.param() }))?;
    let name = match client.call::<Value>("domid_to_name", &json!({ "domid": info.get("domid") })) {
        Ok(name) => name,
        // A domain that is dying has none.
        Err(Error::Libxl(_)) => Value::Null,
        Err(error) => return Err(error),
    };
    info.shift_insert(0, "name".to_owned(), name);
    Ok(info)
}

/// Rows of a name and what it stands for.
struct Rows(String);

impl Rows {
    fn add(&mut self, name: &str, value: impl Display) {
        writeln!(self.0, "{name:<23}: {value}").expect("a String takes everything");
    }
}

fn host_table(host: &Value) -> String {
    let [physinfo, version, scheduler, free_cpus] = METHODS.map(|method| &host[method]);
    let mut rows = Rows(String::new());
    for name in ["nr_cpus", "max_cpu_id", "nr_nodes", "cores_per_socket", "threads_per_core"] {
        rows.add(name, number(&physinfo[name]));
    }
    let khz = number(&physinfo["cpu_khz"]);
    rows.add("cpu_mhz", format_args!("{}.{:03}", khz / 1000, khz % 1000));
    let hw_caps: Vec<String> = words(&physinfo["hw_cap"]).map(|word| format!("{word:08x}")).collect();
    rows.add("hw_caps", hw_caps.join(":"));
    rows.add("virt_caps", capabilities(physinfo).join(" "));
    add_memory(&mut rows, physinfo, number(&version["pagesize"]));
    rows.add("free_cpus", words(free_cpus).count());
    let [major, minor, extra] =
        ["xen_version_major", "xen_version_minor", "xen_version_extra"].map(|name| &version[name]);
    rows.add("xen_major", number(major));
    rows.add("xen_minor", number(minor));
    rows.add("xen_extra", text(extra));
    rows.add("xen_version", format_args!("{}.{}{}", number(major), number(minor), text(extra)));
    rows.add("xen_caps", text(&version["capabilities"]));
    rows.add("xen_scheduler", text(scheduler));
    rows.add("xen_pagesize", number(&version["pagesize"]));
    rows.add("platform_params", format_args!("virt_start={:#x}", number(&version["virt_start"])));
    for (name, member) in [
        ("xen_changeset", "changeset"),
        ("xen_commandline", "commandline"),
        ("cc_compiler", "compiler"),
        ("cc_compile_by", "compile_by"),
        ("cc_compile_domain", "compile_domain"),
        ("cc_compile_date", "compile_date"),
        ("build_id", "build_id"),
    ] {
        rows.add(name, text(&version[member]));
    }
    rows.0
}

/// Pages in MiB.
fn add_memory(rows: &mut Rows, physinfo: &Value, page_bytes: u64) {
    let pages = |name| number(&physinfo[name]);
    let mib = |pages: u64| pages.saturating_mul(page_bytes) >> 20;
    rows.add("total_memory", mib(pages("total_pages")));
    rows.add("free_memory", mib(pages("free_pages").saturating_sub(pages("outstanding_pages"))));
    rows.add("sharing_freed_memory", mib(pages("sharing_freed_pages")));
    rows.add("sharing_used_memory", mib(pages("sharing_used_frames")));
    rows.add("outstanding_claims", mib(pages("outstanding_pages")));
}

fn capabilities(physinfo: &Value) -> Vec<&'static str> {
    let has = |member: &str| physinfo[member] == Value::Bool(true);
    let words = [
        ("pv", has("cap_pv")),
        ("hvm", has("cap_hvm")),
        ("hvm_directio", has("cap_hvm") && has("cap_hvm_directio")),
        ("pv_directio", has("cap_pv") && has("cap_hvm_directio")),
        ("hap", has("cap_hap")),
        ("shadow", has("cap_shadow")),
        ("iommu_hap_pt_share", has("cap_iommu_hap_pt_share")),
        ("vmtrace", has("cap_vmtrace")),
        ("vpmu", has("cap_vpmu")),
        ("gnttab-v1", has("cap_gnttab_v1")),
        ("gnttab-v2", has("cap_gnttab_v2")),
    ];
    words.into_iter().filter_map(|(word, has)| has.then_some(word)).collect()
}

fn domain_table(domain: &Map<String, Value>) -> String {
    let member = |name: &str| domain.get(name).unwrap_or(&Value::Null);
    let mut rows = Rows(String::new());
    rows.add("name", member("name").as_str().unwrap_or("(null)"));
    rows.add("domid", number(member("domid")));
    rows.add("uuid", text(member("uuid")));
    // Of a running domain, libxl tells no more.
    rows.add("type", if text(member("domain_type")) == "hvm" { "hvm or pvh" } else { text(member("domain_type")) });
    rows.add("state", states(domain).join(", "));
    rows.add("memory", format_args!("{} MiB", number(member("current_memkb")) / 1024));
    rows.add("max_memory", format_args!("{} MiB", number(member("max_memkb")) / 1024));
    rows.add(
        "vcpus",
        format_args!("{} of {} online", number(member("vcpu_online")), number(member("vcpu_max_id")) + 1),
    );
    rows.add("cpu_time", format_args!("{:.1} s", number(member("cpu_time")) as f64 / 1e9));
    rows.add("cpupool", number(member("cpupool")));
    rows.0
}

/// What state it is in, in words.
fn states(domain: &Map<String, Value>) -> Vec<String> {
    let is = |name: &str| domain.get(name) == Some(&Value::Bool(true));
    let mut states = Vec::new();
    for (name, word) in [("running", "running"), ("blocked", "blocked"), ("paused", "paused"), ("dying", "dying")] {
        states.extend(is(name).then(|| word.to_owned()));
    }
    if is("shutdown") {
        states.push(format!("shut down ({})", text(domain.get("shutdown_reason").unwrap_or(&Value::Null))));
    }
    if states.is_empty() { vec!["runnable".to_owned()] } else { states }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

/// A string; nothing where there is none, or where it is kept from whoever asks.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn words(value: &Value) -> impl Iterator<Item = u64> {
    value.as_array().into_iter().flatten().map(number)
}
