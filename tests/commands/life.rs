//! Domains created, changed, stopped and destroyed.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::common::xenops::{json as parsed, outcome, printed_json, text, xenops};
use crate::{Host, config};

#[test]
fn a_domain_lives_from_its_file_to_its_end() {
    let host = Host::start(&[]);
    let file = host.file("web.json", config("web").to_string());
    assert_eq!(host.run(&["create", &file]), "web is domain 3\n");
    assert_eq!(host.state("web").as_deref(), Some("-b----"));
    assert_eq!(host.run(&["pause", "web"]), "");
    assert_eq!(host.state("web").as_deref(), Some("--p---"));
    assert_eq!(host.run(&["unpause", "3"]), "");
    assert_eq!(host.state("web").as_deref(), Some("-b----"));
    assert_eq!(host.run(&["rename", "web", "www"]), "");
    assert_eq!((host.state("web"), host.state("www").as_deref()), (None, Some("-b----")));
    let uuid = printed_json(&host.socket(), &["info", "--json", "www"])["uuid"].as_str().unwrap().to_owned();
    assert_eq!(host.run(&["shutdown", "--wait", &uuid]), "");
    assert_eq!(host.state("www").as_deref(), Some("---s--"));
    assert_eq!(host.run(&["destroy", &uuid]), "");
    assert_eq!(host.state("www"), None);
}

#[test]
fn a_domain_may_be_created_paused_and_from_standard_input() {
    let host = Host::start(&[]);
    let file = host.file("web.json", config("web").to_string());
    let created = printed_json(&host.socket(), &["create", "--json", "--paused", &file]);
    assert_eq!(created, json!({ "name": "web", "domid": 3, "paused": true }));
    assert_eq!(host.state("web").as_deref(), Some("--p---"));
    assert_eq!(host.run(&["unpause", "web"]), "");

    let mut command = xenops(&host.socket());
    command.args(["create", "-p", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(config("mail").to_string().as_bytes()).unwrap();
    assert_eq!(text(child.wait_with_output().unwrap().stdout), "mail is domain 4, paused\n");
    assert_eq!(host.state("mail").as_deref(), Some("--p---"));
}

/// `xl list -l` prints an array of a domain's number and its configuration; of one domain, xl of later releases prints
/// the element alone, and `xl -N create` the configuration.
#[test]
fn what_xl_lists_is_created_anew() {
    let host = Host::start(&[]);
    for (domid, made_up) in [(3, "1"), (4, "2")] {
        let config: Value =
            printed_json(&host.socket(), &["call", "retrieve_domain_configuration", &format!("[{made_up}]")]);
        let name = config["c_info"]["name"].as_str().unwrap().to_owned();
        let element = json!({ "domid": made_up.parse::<u32>().unwrap(), "config": config });
        let listed = if domid == 3 { json!([element]) } else { element };
        let file = host.file("listed.json", serde_json::to_string_pretty(&listed).unwrap());

        let (code, said) = host.failed(&["create", &file]);
        assert!(code == 1 && said.contains("already exists"), "{code}: {said}");
        host.run(&["destroy", &name]);
        assert_eq!(host.run(&["create", &file]), format!("{name} is domain {}\n", domid + domid - 2));
        let again = printed_json(&host.socket(), &["call", "retrieve_domain_configuration", &format!("[\"{name}\"]")]);
        assert_eq!(again["c_info"]["uuid"], config["c_info"]["uuid"]);
        assert_eq!(again["disks"][0]["pdev_path"], config["disks"][0]["pdev_path"]);
    }
}

#[test]
fn a_file_that_cannot_be_created_from_says_why_and_creates_nothing() {
    let host = Host::start(&[]);
    let before = host.run(&["list", "--json"]).matches("\"domid\"").count();
    let cfg = host.file("web.cfg", "name = 'web'\n");
    let long = host.file("long.json", vec![b' '; (1 << 20) + 1]);
    let two = host.file("two.json", "[{},{}]");
    let binary = host.file("binary", [0xff; 100]);
    for (file, why) in [
        ("/nowhere/web.json".to_owned(), "No such file or directory (os error 2)"),
        (host.path(""), "Is a directory (os error 21)"),
        (cfg, "no valid JSON: expected ident at line 1 column 2"),
        (long, "longer than 1 MiB, which is more than xenopsd takes"),
        (two, "2 domains, and one can be created at a time"),
        (binary, "stream did not contain valid UTF-8"),
    ] {
        assert_eq!(host.failed(&["create", &file]), (6, format!("xenops: {file}: {why}\n")));
    }
    let mut wrong = config("web");
    wrong["b_info"]["max_vcpu"] = json!(2);
    let wrong = host.file("wrong.json", wrong.to_string());
    let (code, said) = host.failed(&["create", &wrong]);
    assert!(code == 3 && said.contains("INVALID_PARAMS: params.d_config.b_info.max_vcpu: "), "{code}: {said}");
    assert_eq!(host.run(&["list", "--json"]).matches("\"domid\"").count(), before);
}

#[test]
fn a_domain_that_was_made_and_does_not_run_is_told_of() {
    let host = Host::start(&["--sim-fault", "domain_unpause=FAIL"]);
    let file = host.file("web.json", config("web").to_string());
    let (code, said) = host.failed(&["create", &file]);
    let hint = "xenops: web was made, as domain 3, and is paused: try xenops unpause 3, or xenops destroy 3\n";
    assert!(code == 7 && said.starts_with("xenops: FAIL: libxl_domain_unpause (code -3)\n"), "{code}: {said}");
    assert!(said.ends_with(hint), "{said}");
    assert_eq!(host.state("web").as_deref(), Some("--p---"));
}

#[test]
fn what_is_done_to_several_domains_is_done_to_all_that_are_there() {
    let host = Host::start(&[]);
    host.create("web");
    host.create("mail");
    let nobody = "xenops: nobody: DOMAIN_NOTFOUND: libxl_domain_pause (code -21)\n";
    assert_eq!(host.failed(&["pause", "web", "nobody", "mail"]), (1, nobody.to_owned()));
    assert_eq!([host.state("web"), host.state("mail")], [Some("--p---".to_owned()), Some("--p---".to_owned())]);

    let (code, printed, _) = outcome(&host.socket(), &["unpause", "--json", "web", "nobody"]);
    let error = json!({ "code": -21, "message": "DOMAIN_NOTFOUND: libxl_domain_unpause", "log": [] });
    let expected = json!([{ "domain": "web", "result": {} }, { "domain": "nobody", "error": error }]);
    assert_eq!((code, parsed(&printed)), (1, expected));
    assert_eq!(host.state("web").as_deref(), Some("-b----"));

    let (code, printed, said) = outcome(&host.socket(), &["destroy", "--json", "0", "web", "mail"]);
    assert_eq!(code, 3, "the first one's: {said}");
    let outcomes = parsed(&printed);
    assert_eq!((&outcomes[0]["error"]["code"], &outcomes[1]["result"]), (&json!(-32602), &json!({})));
    assert_eq!(
        [host.state("web"), host.state("mail"), host.state("Domain-0").map(|_| String::new())],
        [None, None, Some(String::new())]
    );
}

#[test]
fn a_name_that_is_taken_is_not_given_again() {
    let host = Host::start(&[]);
    host.create("web");
    host.create("mail");
    let (code, said) = host.failed(&["rename", "web", "mail"]);
    assert!(code == 1 && said.contains("libxl_domain_rename"), "{code}: {said}");
    assert!(host.state("web").is_some() && host.state("mail").is_some());
    assert_eq!(printed_json(&host.socket(), &["rename", "--json", "web", "www"]), json!({}));
    assert_eq!(host.failed(&["rename", "web", "w3"]).0, 1, "it has another name");
}

#[test]
fn a_domain_that_reboots_has_shut_down_to_be_created_anew() {
    let host = Host::start(&[]);
    host.create("web");
    host.create("mail");
    assert_eq!(host.run(&["reboot", "web"]), "");
    assert_eq!(host.run(&["reboot", "--wait", "mail"]), "");
    assert_eq!(host.state("mail").as_deref(), Some("---sr-"));
    let said = host.run(&["info", "mail"]);
    assert!(said.contains("state                  : shut down (reboot)\n"), "{said}");
}

/// A domain that does not listen: it is paused, as it was made.
#[test]
fn a_domain_that_cannot_be_asked_says_so() {
    let host = Host::start(&[]);
    let file = host.file("web.json", config("web").to_string());
    host.run(&["create", "--paused", &file]);
    for command in ["shutdown", "reboot"] {
        let (code, said) = host.failed(&[command, "--wait", "web"]);
        assert!(code == 1 && said.contains("xenops: web: TIMEDOUT: "), "{code}: {said}");
        assert_eq!(host.failed(&[command, "nobody"]).0, 1);
        let (code, printed, _) = outcome(&host.socket(), &[command, "--json", "nobody"]);
        assert_eq!((code, &parsed(&printed)[0]["error"]["code"]), (1, &json!(-21)));
    }
    assert_eq!(host.state("web").as_deref(), Some("--p---"));
}

#[test]
fn a_domain_is_waited_for_until_it_is_gone() {
    let host = Host::start(&[]);
    host.create("web");
    host.create("mail");
    let expected = json!([{ "domain": "web", "result": {} }, { "domain": "mail", "result": {} }]);
    assert_eq!(printed_json(&host.socket(), &["shutdown", "--wait", "--json", "web", "mail"]), expected);
    assert_eq!([host.state("web"), host.state("mail")], [Some("---s--".to_owned()), Some("---s--".to_owned())]);
}
