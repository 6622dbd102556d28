//! Who may do what: the read-only socket, what it leaves out, and the log of changes.
//!
//! In: the shipped binary on a simulated host, with both sockets. Out: nothing, or a failed test.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use common::{Client, Daemon, PING, command, is_root, params, raise_descriptors, until};
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};
use xenopsd::api::{self, Class};
use xenopsd::limits::{
    CONNECTIONS_KEPT_FOR_FULL, CONNECTIONS_MAX, OPERATIONS_PER_CONNECTION_MAX, OPERATIONS_WAITING_MAX,
};

const FORBIDDEN: i64 = -32006;

/// A daemon with both sockets.
struct Both {
    daemon: Daemon,
    folder: tempfile::TempDir,
}

impl Both {
    fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("read-only");
        let socket = ["--read-only-socket", path.to_str().unwrap()];
        Self { daemon: Daemon::start(&[options, &socket].concat()), folder }
    }

    fn simulating() -> Self {
        Self::start(&["--sim", "20", "--sim-seed", "7"])
    }

    fn read_only_socket(&self) -> PathBuf {
        self.folder.path().join("read-only")
    }

    fn connect_read_only(&self) -> Client {
        Client::new(UnixStream::connect(self.read_only_socket()).unwrap())
    }
}

fn request(id: impl Into<Value>, method: &str, params: &Value) -> String {
    let id: Value = id.into();
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

fn ask(client: &mut Client, method: &str, params: &Value) -> Value {
    client.ask(&request(1, method, params))
}

fn code(reply: &Value) -> i64 {
    reply["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {reply}"))
}

/// The socket's owner's rights, its group's, and others'.
fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_read_only_socket_is_its_groups_and_goes_with_the_daemon() {
    let both = Both::simulating();
    assert_eq!((mode(&both.read_only_socket()), mode(&both.daemon.socket())), (0o660, 0o600));
    both.connect_read_only().ping();
    let Both { daemon, folder } = both;
    let sockets = [folder.path().join("read-only"), daemon.socket()];
    daemon.signal(Signal::TERM);
    let (status, said) = daemon.wait();
    assert!(status.success(), "{status}: {said}");
    assert!(sockets.iter().all(|path| !path.exists()), "{sockets:?}");
}

#[test]
fn the_group_is_the_one_that_was_asked_for() {
    if !is_root("the_group_is_the_one_that_was_asked_for") {
        return;
    }
    let both = Both::start(&["--sim", "2", "--read-only-group", "12345"]);
    let path = both.read_only_socket();
    assert_eq!((std::fs::metadata(&path).unwrap().gid(), mode(&path)), (12345, 0o660));
    assert_ne!(std::fs::metadata(both.daemon.socket()).unwrap().gid(), 12345);
}

#[test]
fn two_daemons_cannot_share_the_read_only_socket() {
    let both = Both::simulating();
    let (path, folder) = (both.read_only_socket(), tempfile::tempdir().unwrap());
    let second = folder.path().join("full");
    for socket in [&second, &path] {
        let mut command = command();
        command.args(["--sim", "2", "--socket"]).arg(socket).arg("--read-only-socket").arg(&path);
        let output = command.stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        let expected = format!("{}: another server is using this socket", path.display());
        assert!(said.contains(&expected), "{said}");
    }
    assert!(!second.exists(), "the second daemon's own socket went with it");
    both.connect_read_only().ping();
}

#[test]
fn what_only_looks_is_answered_and_everything_else_forbidden() {
    let both = Both::simulating();
    let mut client = both.connect_read_only();
    let (mut open, mut shut) = (0, 0);
    for method in api::all() {
        if method.read_only {
            assert_eq!(method.class, Class::Read, "{}", method.name);
            let reply = ask(&mut client, method.name, &params::params(method));
            let said_by_libxl = reply["error"]["code"].as_i64().is_none_or(|code| code > -32000);
            assert!(said_by_libxl, "{}: {reply}", method.name);
            open += 1;
        } else {
            let reply = ask(&mut client, method.name, &json!([]));
            assert_eq!(code(&reply), FORBIDDEN, "{}: {reply}", method.name);
            shut += 1;
        }
    }
    assert!(open > 40 && shut > 100, "{open} methods are open, {shut} are shut");
    let not_one = ask(&mut client, "no_such_method", &json!([]));
    assert_eq!(code(&not_one), -32601, "unknown is something else than forbidden: {not_one}");
}

/// Go's names, batches, notifications: the same door.
#[test]
fn there_is_no_way_around() {
    let both = Both::simulating();
    let (mut client, mut full) = (both.connect_read_only(), both.daemon.connect());
    let go = client.ask(r#"{"id":1,"method":"Xenops.DomainPause","params":[{"domid":7}]}"#);
    assert!(go["error"].as_str().unwrap().starts_with("FORBIDDEN (-32006): domain_pause"), "{go}");
    let batch = format!("[{},{PING}]", request(1, "domain_pause", &json!([7])));
    let replies = client.ask(&batch);
    assert_eq!((code(&replies[0]), &replies[1]["result"]), (FORBIDDEN, &json!("credit2")));
    client.send(r#"{"jsonrpc":"2.0","method":"domain_pause","params":[7]}"#);
    client.ping();
    assert_eq!(ask(&mut full, "operation_list", &json!([]))["result"], json!([]), "nothing was begun");
    assert_eq!(ask(&mut full, "domain_info", &json!([7]))["result"]["paused"], false);
}

#[test]
fn operations_are_shown_to_everybody_and_aborted_from_the_full_socket_alone() {
    let both = Both::start(&["--sim", "20", "--sim-seed", "7", "--sim-latency", "3600000"]);
    let (mut client, mut full) = (both.connect_read_only(), both.daemon.connect());
    full.send(request("mine", "domain_suspend_only", &json!([1])));
    let list = |client: &mut Client| ask(client, "operation_list", &json!([]))["result"].clone();
    until("it runs", || list(&mut client)[0]["state"] == "running");
    assert_eq!(list(&mut client)[0]["method"], "domain_suspend_only");
    for name in ["operation_abort", "Xenops.OperationAbort"] {
        assert_eq!(code(&ask(&mut client, name, &json!([1]))), FORBIDDEN);
    }
    let mut other = both.daemon.connect();
    assert_eq!(ask(&mut other, "operation_abort", &json!([1]))["result"], json!({}));
    assert_eq!(code(&full.reply()), -22);
}

/// The hypervisor's command line may hold what is nobody's business.
#[test]
fn secrets_are_left_out() {
    let both = Both::simulating();
    let version = |client: &mut Client| ask(client, "get_version_info", &json!([]))["result"].clone();
    let (full, mut read_only) = (version(&mut both.daemon.connect()), version(&mut both.connect_read_only()));
    assert!(full["commandline"].as_str().is_some_and(|text| !text.is_empty()), "{full}");
    assert_eq!(read_only["commandline"], Value::Null);
    read_only["commandline"] = full["commandline"].clone();
    assert_eq!(read_only, full, "nothing else is");
    let alone = |client: &mut Client| ask(client, "get_version_info", &json!([["commandline"]]))["result"].clone();
    assert_eq!(alone(&mut both.daemon.connect()), json!({ "commandline": full["commandline"] }));
    assert_eq!(alone(&mut both.connect_read_only()), json!({ "commandline": null }));
}

/// libxl's log lines may name paths and other domains: in the loop, and from a worker.
#[test]
fn errors_carry_no_log() {
    let both = Both::simulating();
    let (mut client, mut full) = (both.connect_read_only(), both.daemon.connect());
    for (method, params) in
        [("domain_info", json!([999])), ("domid_to_name", json!([999])), ("domain_info", json!(["nobody"]))]
    {
        let mut with = ask(&mut full, method, &params);
        let without = ask(&mut client, method, &params);
        let log = with["error"]["data"].as_object_mut().unwrap().remove("log");
        assert!(log.is_some_and(|log| log.is_array()), "{method}: {with}");
        assert_eq!(with, without, "{method}: only the log is missing");
    }
}

/// Sees that a connection is turned away.
fn expect_full(mut client: Client) {
    assert_eq!(code(&client.reply()), -32004);
    client.expect_end();
}

#[test]
fn the_read_only_socket_cannot_fill_the_last_places() {
    raise_descriptors();
    let both = Both::start(&["--sim", "2"]);
    let connect = |count: usize, by: &dyn Fn() -> Client| {
        let mut clients: Vec<Client> = (0..count).map(|_| by()).collect();
        clients.iter_mut().for_each(Client::ping);
        clients
    };
    let mut read_only = connect(CONNECTIONS_MAX - CONNECTIONS_KEPT_FOR_FULL, &|| both.connect_read_only());
    expect_full(both.connect_read_only());
    let mut full = connect(CONNECTIONS_KEPT_FOR_FULL, &|| both.daemon.connect());
    expect_full(both.daemon.connect());
    // Who leaves the full socket makes room for others there, and not at the read-only one.
    full.pop();
    full[0].ping();
    expect_full(both.connect_read_only());
    both.daemon.connect().ping();
    full.clear();
    read_only.pop();
    read_only[0].ping();
    both.connect_read_only().ping();
}

#[test]
fn unknown_forbidden_and_busy_are_told_apart() {
    let both = Both::start(&["--sim", "10", "--sim-latency", "3600000"]);
    let mut read_only = both.connect_read_only();
    let mut clients = Vec::new();
    let waiting = |client: &mut Client| {
        let list = ask(client, "operation_list", &json!([]));
        list["result"].as_array().unwrap().iter().filter(|one| one["state"] == "waiting").count()
    };
    let suspend = request(1, "domain_suspend_only", &json!([1]));
    // One runs, and as many as may wait behind it.
    const { assert!(OPERATIONS_WAITING_MAX.is_multiple_of(OPERATIONS_PER_CONNECTION_MAX)) };
    for count in
        [1].into_iter().chain([OPERATIONS_PER_CONNECTION_MAX; OPERATIONS_WAITING_MAX / OPERATIONS_PER_CONNECTION_MAX])
    {
        let mut client = both.daemon.connect();
        client.send(suspend.repeat(count));
        clients.push(client);
        until("the first runs", || {
            ask(&mut read_only, "operation_list", &json!([]))["result"][0]["state"] == "running"
        });
    }
    until("as many wait as may", || waiting(&mut read_only) == OPERATIONS_WAITING_MAX);
    let refused = |client: &mut Client, method| code(&ask(client, method, &json!([3])));
    assert_eq!(refused(&mut read_only, "no_such_method"), -32601);
    assert_eq!(refused(&mut read_only, "domain_destroy"), FORBIDDEN);
    assert_eq!(refused(&mut read_only, "domid_to_name"), -32007);
    read_only.ping();
}

/// The log's lines about changes: `METHOD of domain N by uid U, pid P: OUTCOME, DURATION (operation N)`.
fn audit(said: &str) -> Vec<&str> {
    said.lines().filter(|line| line.contains(" by uid ")).map(|line| line.split_once("] ").unwrap().1).collect()
}

/// Is this the line, with a duration in its place?
fn is_line(line: &str, what: &str, outcome: &str, number: u32) -> bool {
    let (uid, pid) = (rustix::process::geteuid().as_raw(), std::process::id());
    let begin = format!("{what} by uid {uid}, pid {pid}: {outcome}, ");
    let duration = line.strip_prefix(&begin).and_then(|rest| rest.strip_suffix(&format!(" (operation {number})")));
    let is_number = |text: &str| text.trim_end_matches(char::is_alphabetic).parse::<f64>().is_ok();
    duration.is_some_and(|text| text.ends_with('s') && is_number(text.trim_end_matches(['s', 'm', 'n', 'µ'])))
}

#[test]
fn every_change_is_logged_with_who_and_what_came_of_it() {
    let both = Both::start(&["--sim", "20", "--sim-seed", "7", "--sim-fault", "domain_unpause=NOMEM"]);
    let mut client = both.daemon.connect();
    // A look by a worker is an operation, too, and leaves no line.
    assert!(ask(&mut client, "domid_to_name", &json!([7]))["result"].is_string());
    let name = ask(&mut client, "domid_to_name", &json!([7]))["result"].clone();
    assert_eq!(ask(&mut client, "domain_pause", &json!([7]))["result"], json!({}));
    assert_eq!(code(&ask(&mut client, "domain_unpause", &json!([7]))), -5);
    assert_eq!(code(&ask(&mut client, "domain_rename", &json!([7, null, 5]))), -32602);
    assert_eq!(ask(&mut client, "domain_pause", &json!([name]))["result"], json!({}));
    assert_eq!(code(&ask(&mut client, "domain_pause", &json!(["nobody"]))), -21);
    assert_eq!(ask(&mut client, "send_debug_keys", &json!(["h"]))["result"], json!({}));
    assert_eq!(code(&ask(&mut both.connect_read_only(), "domain_pause", &json!([7]))), FORBIDDEN);
    both.daemon.signal(Signal::TERM);
    let (_, said) = both.daemon.wait();
    let expected = [
        ("domain_pause of domain 7", "done", 3),
        ("domain_unpause of domain 7", "NOMEM (-5)", 4),
        ("domain_rename of domain 7", "refused (-32602)", 5),
        ("domain_pause of domain 7", "done", 6),
        (r#"domain_pause of domain "nobody""#, "DOMAIN_NOTFOUND (-21)", 7),
        ("send_debug_keys", "done", 8),
    ];
    let lines = audit(&said);
    assert_eq!(lines.len(), expected.len(), "{said}");
    for (line, (what, outcome, number)) in lines.iter().zip(expected) {
        assert!(is_line(line, what, outcome, number), "{line}, not {what}: {outcome}");
    }
}

#[test]
fn a_change_that_does_not_end_well_is_logged_too() {
    let both = Both::start(&["--sim", "20", "--sim-seed", "7", "--sim-latency", "3600000"]);
    let (mut client, mut other) = (both.daemon.connect(), both.daemon.connect());
    let suspend = |id: u32| request(id, "domain_suspend_only", &json!([1]));
    client.send([suspend(1), suspend(2)].concat());
    until("one runs, one waits", || {
        let list = ask(&mut other, "operation_list", &json!([]))["result"].clone();
        list[0]["state"] == "running" && list[1]["state"] == "waiting"
    });
    assert_eq!(ask(&mut other, "operation_abort", &json!([2]))["result"], json!({}));
    assert_eq!(code(&client.reply()), -32011);
    kill_process(both.daemon.workers()[0], Signal::KILL).unwrap();
    assert_eq!(code(&client.reply()), -32008);
    both.daemon.signal(Signal::TERM);
    let (_, said) = both.daemon.wait();
    let lines = audit(&said);
    assert_eq!(lines.len(), 2, "{said}");
    assert!(is_line(lines[0], "domain_suspend_only of domain 1", "not begun", 2), "{}", lines[0]);
    assert!(
        is_line(lines[1], "domain_suspend_only of domain 1", "outcome unknown: its process ended", 1),
        "{}",
        lines[1]
    );
}
