//! The `xenops` command as it ships, against the daemon as it ships; against a make-believe daemon for what a healthy
//! one does not do.
#![cfg(all(feature = "client", feature = "daemon"))]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::spawn;

use common::Daemon;
use common::xenops::{failed, json, printed, text, xenops};
use serde_json::Value;

#[test]
fn list_shows_what_the_methods_say() {
    let daemon = Daemon::simulating(10);
    let table = printed(&daemon.socket(), &["list"]);
    let mut rows = table.lines();
    assert_eq!(rows.next(), Some("Name                                        ID   Mem VCPUs\tState\tTime(s)"));

    let domains = json(&printed(&daemon.socket(), &["call", "list_domain"]));
    let domains = domains.as_array().unwrap();
    assert_eq!((domains.len(), rows.clone().count()), (10, 10));
    for (row, domain) in rows.zip(domains) {
        let params = format!("[{}]", domain["domid"]);
        let name = json(&printed(&daemon.socket(), &["call", "domid_to_name", &params]));
        let mem = domain["current_memkb"].as_u64().unwrap() / 1024;
        let columns: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(columns.len(), 6, "{row}");
        assert_eq!(columns[0], name.as_str().unwrap());
        assert_eq!(columns[1], domain["domid"].to_string());
        assert_eq!(columns[2], mem.to_string());
        assert_eq!(columns[3], domain["vcpu_online"].to_string());
        for (letter, flag) in columns[4].chars().zip(["running", "blocked", "paused", "shutdown"]) {
            assert_eq!(letter != '-', domain[flag] == Value::Bool(true), "{flag} of {row}");
        }
        // The clock went on between the two calls, but it does not go back. xl's column shows tenths of what a C float
        // holds: 24 bits.
        let seconds: f64 = columns[5].parse().unwrap();
        assert!(seconds <= domain["cpu_time"].as_f64().unwrap() / 1e9 * (1.0 + 1e-7) + 0.1, "{row}");
    }
}

#[test]
fn list_as_json_is_list_domain_with_names_in_front() {
    let daemon = Daemon::simulating(10);
    let named = json(&printed(&daemon.socket(), &["list", "--json"]));
    let plain = json(&printed(&daemon.socket(), &["call", "list_domain"]));
    let (named, plain) = (named.as_array().unwrap(), plain.as_array().unwrap());
    assert_eq!(named.len(), 10);
    assert_eq!(named[0]["name"], "Domain-0");
    for (named, plain) in named.iter().zip(plain) {
        let members = |domain: &Value| -> Vec<String> { domain.as_object().unwrap().keys().cloned().collect() };
        assert_eq!(members(named)[0], "name");
        assert_eq!(members(named)[1..], members(plain));
        assert_eq!(named["uuid"], plain["uuid"]);
    }
}

#[test]
fn more_domains_than_a_batch_may_hold_are_all_named() {
    let daemon = Daemon::simulating(1500);
    let table = printed(&daemon.socket(), &["list"]);
    assert_eq!(table.lines().count(), 1501);
    let domains = json(&printed(&daemon.socket(), &["call", "list_domain"]));
    let dying = domains.as_array().unwrap().iter().filter(|domain| domain["dying"] == Value::Bool(true)).count();
    assert!(dying > 0);
    // A domain that is being destroyed has lost its name, as on Xen.
    assert_eq!(table.matches("(null)").count(), dying, "{table}");
}

#[test]
fn exit_codes_tell_failures_apart() {
    let daemon = Daemon::simulating(2);
    let socket = daemon.socket();
    let missing = "xenops: DOMAIN_NOTFOUND: libxl_domain_info (code -21)\n";
    assert_eq!(failed(&socket, &["call", "domain_info", "[77]"]), (1, missing.to_owned()));
    let wrong = "xenops: INVALID_PARAMS: params.domid: out of range: 0 to 4294967295\n";
    assert_eq!(failed(&socket, &["call", "domain_info", "{\"domid\":-1}"]), (3, wrong.to_owned()));
    let unknown = "xenops: METHOD_NOT_FOUND: no such method: domain_inf\n";
    assert_eq!(failed(&socket, &["call", "domain_inf"]), (3, unknown.to_owned()));
    for usage in [&["call"][..], &["call", "domain_info", "5"], &["call", "domain_info", "{"], &["destroy"], &[]] {
        assert_eq!(failed(&socket, usage).0, 2, "{usage:?}");
    }
    drop(daemon);
    let gone = format!("xenops: there is no socket {}: is xenopsd running?\n", socket.display());
    assert_eq!(failed(&socket, &["list"]), (4, gone));
}

#[test]
fn the_socket_comes_from_the_environment_unless_it_is_given() {
    let daemon = Daemon::simulating(1);
    let nowhere = Path::new("/nowhere");
    let mut command = Command::new(env!("CARGO_BIN_EXE_xenops"));
    assert!(command.arg("list").env("XENOPS_SOCKET", daemon.socket()).output().unwrap().status.success());
    let given = xenops(&daemon.socket()).arg("list").env("XENOPS_SOCKET", nowhere).output().unwrap();
    assert!(given.status.success());
    assert_eq!(failed(nowhere, &["list"]).0, 4);
}

#[test]
fn output_that_cannot_be_written_fails_and_a_reader_who_left_does_not() {
    let daemon = Daemon::simulating(1);
    let full = xenops(&daemon.socket()).arg("list").stdout(File::create("/dev/full").unwrap()).output().unwrap();
    assert_eq!(full.status.code(), Some(1));
    assert_eq!(text(full.stderr), "xenops: cannot write the output: No space left on device (os error 28)\n");

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let left = xenops(&daemon.socket()).arg("list").stdout(writer).output().unwrap();
    assert_eq!((left.status.code(), text(left.stderr)), (Some(0), String::new()));
}

/// Runs `xenops ARGUMENTS` with a daemon that answers each line with one of these texts, then hangs up.
fn with_replies(arguments: &[&str], replies: &'static [&'static str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let command = xenops(&socket).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Not waited for: should the command not connect, its own exit code says so.
    spawn(move || {
        let mut connection = BufReader::new(listener.accept().unwrap().0);
        for reply in replies {
            connection.read_line(&mut String::new()).unwrap();
            connection.get_mut().write_all(reply.as_bytes()).unwrap();
        }
    });
    command.wait_with_output().unwrap()
}

const TWO_DOMAINS: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"result":[{"domid":0,"running":true,"blocked":false,"paused":false,"shutdown":false,"#,
    r#""dying":false,"shutdown_reason":"unknown","outstanding_memkb":0,"current_memkb":1024,"cpu_time":0,"vcpu_online":1},"#,
    r#"{"domid":5,"running":false,"blocked":false,"paused":false,"shutdown":true,"dying":true,"#,
    r#""shutdown_reason":"crash","outstanding_memkb":0,"current_memkb":4,"cpu_time":0,"vcpu_online":1}]}"#,
    "\n"
);

const ONE_NAME: &str = concat!(
    r#"[{"jsonrpc":"2.0","id":2,"result":"Domain-0"},"#,
    r#"{"jsonrpc":"2.0","id":3,"error":{"code":-3,"message":"FAIL: libxl_domid_to_name returned nothing","#,
    r#""data":{"libxl":"FAIL","function":"libxl_domid_to_name","log":[]}}}]"#,
    "\n"
);

#[test]
fn a_domain_whose_name_is_gone_is_listed() {
    let table = text(with_replies(&["list"], &[TWO_DOMAINS, ONE_NAME]).stdout);
    let last = "(null)                                       5     0     1     ---scd       0.0";
    assert_eq!(table.lines().last(), Some(last), "{table}");

    let domains = json(&text(with_replies(&["list", "--json"], &[TWO_DOMAINS, ONE_NAME]).stdout));
    assert_eq!((&domains[0]["name"], &domains[1]["name"]), (&"Domain-0".into(), &Value::Null));
}

const LOGGED: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"error":{"code":-5,"message":"INVAL: libxl_x","#,
    r#""data":{"libxl":"INVAL","function":"libxl_x","log":["first","second"]}}}"#,
    "\n"
);

#[test]
fn what_libxl_logged_follows_the_error() {
    let output = with_replies(&["call", "x"], &[LOGGED]);
    assert_eq!(output.status.code(), Some(1));
    let said = "xenops: INVAL: libxl_x (code -5)\nxenops: libxl: first\nxenops: libxl: second\n";
    assert_eq!(text(output.stderr), said);
}

#[test]
fn a_connection_that_is_lost_is_told_from_a_failure() {
    let output = with_replies(&["list"], &["{\"jsonrpc\":\"2.0\","]);
    assert_eq!(output.status.code(), Some(4));
    let said = "xenops: the connection to xenopsd was lost: closed in the middle of a reply\n";
    assert_eq!(text(output.stderr), said);
}

#[test]
fn a_server_that_does_not_answer_in_time_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    // One does not even accept; the other sends a byte now and then, but never a whole reply.
    let said = "xenops: no answer from xenopsd within 1 s: it may still carry out what was asked\n".to_owned();
    assert_eq!(failed(&socket, &["--timeout", "1", "list"]), (5, said.clone()));
    spawn(move || {
        drop(listener.accept().unwrap());
        let mut connection = listener.accept().unwrap().0;
        while connection.write_all(b" ").is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    });
    assert_eq!(failed(&socket, &["call", "x", "--timeout", "1"]), (5, said));
    assert_eq!(failed(&socket, &["--timeout", "soon", "list"]).0, 2);
}

#[test]
fn without_a_bound_an_answer_may_take_its_time() {
    let daemon = Daemon::simulating(1);
    assert_eq!(printed(&daemon.socket(), &["--timeout", "0", "call", "domid_to_name", "[0]"]), "\"Domain-0\"\n");
}
