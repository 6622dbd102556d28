//! `xenops create`: a domain from a file.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use xenopsd::client::Error;

use super::{Failure, Meter, Outcome, Session};

/// Create a domain from a file, and let it run
///
/// The file holds a configuration as JSON: libxl's `libxl_domain_config`, as `xenops call
/// retrieve_domain_configuration` shows it for a domain that exists; what is left out is as libxl would have it. It may
/// also be what `xl list -l DOMAIN` prints. A file for `xl create` is turned into it by `xl -N create FILE`.
///
/// Nobody creates the domain anew when it reboots, and nobody destroys it when it has shut down: see
/// `xenops reboot --help`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops create web.json
  xenops create --paused web.json
  xl -N create web.cfg | xenops create -
  xl list -l web > web.json && xenops destroy web && xenops create web.json

A file for a small domain (memory in KiB):
  {\"c_info\": {\"name\": \"web\", \"type\": \"pvh\"},
   \"b_info\": {\"type.pvh\": {}, \"kernel\": \"/boot/vmlinuz\", \"cmdline\": \"root=/dev/xvda\",
              \"max_vcpus\": 2, \"avail_vcpus\": [0, 1], \"max_memkb\": 524288, \"target_memkb\": 524288},
   \"disks\": [{\"vdev\": \"xvda\", \"pdev_path\": \"/dev/vg/web\", \"format\": \"raw\", \"readwrite\": 1}],
   \"nics\": [{\"devid\": 0, \"bridge\": \"xenbr0\"}]}")]
pub(crate) struct Create {
    /// The configuration; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Leave it paused
    #[arg(long, short)]
    paused: bool,
}

impl Create {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        let text = read(&self.file).map_err(|error| Failure::file(self.file.display(), error))?;
        let config = Config::find(&text).map_err(|why| Failure::file(self.file.display(), why))?;
        let mut meter = Meter::new(&format!("creating {}", config.name), session.shows_progress());
        let params = json!({ "d_config": config.json, "progress": true });
        let domid = session.client.operate("domain_create_new", &params, &[], |progress| meter.show(progress))?;
        drop(meter);
        begun(session, &config, domid, self.paused)
    }
}

/// A domain was made, and is paused: lets it run, unless it is to stay so, and says which one it is.
pub(super) fn begun(session: &mut Session, config: &Config<'_>, domid: u32, paused: bool) -> Outcome {
    let name = &config.name;
    if !paused {
        // If it says which one it is, no other one that has its number by then is let run.
        let params = match &config.uuid {
            Some(uuid) => json!({ "domid": domid, "domain_uuid": uuid }),
            None => json!({ "domid": domid }),
        };
        let unpaused: Result<Value, Error> = session.client.call("domain_unpause", &params);
        unpaused.map_err(|error| {
            let what = format!("{name} was made, as domain {domid}, and is paused");
            Failure::left(&error, format!("{what}: try xenops unpause {domid}, or xenops destroy {domid}"))
        })?;
    }
    Ok(match session.json {
        true => super::json(&json!({ "name": name, "domid": domid, "paused": paused })),
        false => format!("{name} is domain {domid}{}\n", if paused { ", paused" } else { "" }),
    })
}

/// xenopsd takes no longer message.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

fn read(path: &Path) -> std::io::Result<String> {
    let file: Box<dyn Read> = if path == Path::new("-") { Box::new(stdin()) } else { Box::new(File::open(path)?) };
    let mut text = String::new();
    let length = file.take(CONFIG_BYTES_MAX + 1).read_to_string(&mut text)?;
    if length as u64 > CONFIG_BYTES_MAX {
        return Err(std::io::Error::other("longer than 1 MiB, which is more than xenopsd takes"));
    }
    Ok(text)
}

/// A configuration as it stands in a file.
pub(super) struct Config<'t> {
    pub(super) name: String,
    /// The domain's own, if that was not left to xenopsd.
    uuid: Option<String>,
    pub(super) json: &'t RawValue,
}

/// A configuration, as far as it is looked at here: the rest is xenopsd's to judge.
#[derive(Deserialize)]
struct Known {
    c_info: CreateInfo,
}

#[derive(Deserialize)]
struct CreateInfo {
    name: String,
    uuid: Option<Value>,
}

/// An element of what `xl list -l` prints.
#[derive(Deserialize)]
struct Listed<'t> {
    #[serde(borrow)]
    config: Option<&'t RawValue>,
}

impl<'t> Config<'t> {
    /// Finds it in the text, or why there is none.
    pub(super) fn find(text: &'t str) -> Result<Self, String> {
        let no_json = |error: serde_json::Error| format!("no valid JSON: {error}");
        let mut json: &RawValue = serde_json::from_str(text).map_err(no_json)?;
        if json.get().starts_with('[') {
            let listed: Vec<&RawValue> = serde_json::from_str(json.get()).map_err(no_json)?;
            let [one] = listed[..] else {
                return Err(format!("{} domains, and one can be created at a time", listed.len()));
            };
            json = one;
        }
        if let Ok(Listed { config: Some(config) }) = serde_json::from_str(json.get()) {
            json = config;
        }
        let known: Result<Known, _> = serde_json::from_str(json.get());
        let no_config = |error| format!("no configuration of a domain: {error}");
        let CreateInfo { name, uuid } = known.map_err(no_config)?.c_info;
        let is_set = |uuid: &&str| uuid.bytes().any(|byte| !matches!(byte, b'0' | b'-'));
        let uuid = uuid.as_ref().and_then(Value::as_str).filter(is_set).map(str::to_owned);
        Ok(Self { name, uuid, json })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"c_info":{"name":"web","type":"pvh"},"b_info":{ "type.pvh":{} }}"#;

    fn found(text: &str) -> Result<(String, String), String> {
        Config::find(text).map(|config| (config.name, config.json.get().to_owned()))
    }

    #[test]
    fn a_configuration_is_found_bare_and_as_xl_lists_it() {
        let expected = Ok(("web".to_owned(), CONFIG.to_owned()));
        assert_eq!(found(CONFIG), expected);
        assert_eq!(found(&format!("\n {CONFIG}\n")), expected);
        assert_eq!(found(&format!("[{{\"domid\": 7, \"config\": {CONFIG}}}]\n")), expected);
        assert_eq!(found(&format!("{{\"config\": {CONFIG}, \"domid\": null}}")), expected);
        assert_eq!(found(&format!("[{CONFIG}]")), expected);
    }

    #[test]
    fn a_uuid_is_one_that_is_set() {
        let found = |uuid: &str| {
            let config = format!(r#"{{"c_info": {{"name": "web", "uuid": {uuid}}}}}"#);
            Config::find(&config).map(|config| config.uuid)
        };
        let uuid = "8f1c22c4-0000-4000-8000-000000000005";
        assert_eq!(found(&format!("\"{uuid}\"")), Ok(Some(uuid.to_owned())));
        for unset in ["null", "5", "\"00000000-0000-0000-0000-000000000000\""] {
            assert_eq!(found(unset), Ok(None), "{unset}");
        }
    }

    #[test]
    fn what_is_none_says_why() {
        for (text, why) in [
            ("", "no valid JSON: EOF while parsing a value at line 1 column 0"),
            ("name = 'web'", "no valid JSON: expected ident at line 1 column 2"),
            ("[]", "0 domains, and one can be created at a time"),
            ("[{}, {}]", "2 domains, and one can be created at a time"),
            ("5", "no configuration of a domain: invalid type: integer `5`, expected struct Known at line 1 column 1"),
            ("{}", "no configuration of a domain: missing field `c_info` at line 1 column 2"),
            (r#"{"c_info":{}}"#, "no configuration of a domain: missing field `name` at line 1 column 12"),
        ] {
            assert_eq!(found(text), Err(why.to_owned()), "{text}");
        }
    }
}
