//! Long work that is aborted, or whose worker or daemon dies.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::process::{Child, Stdio};
use std::thread::{JoinHandle, spawn};

use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use crate::Host;
use crate::common::until;
use crate::common::xenops::{failed, outcome, printed, printed_json, text, xenops};

/// A host whose long work ends only when it is aborted.
fn slow() -> Host {
    Host::start(&["--sim-latency", "3600000"])
}

/// Starts a command; returns it and the number of the operation that it has begun.
fn begun(host: &Host, arguments: &[&str], method: &str) -> (Child, String) {
    let mut command = xenops(&host.socket());
    let child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut number = None;
    until("the operation runs", || {
        let operations = printed_json(&host.socket(), &["operations", "--json"]);
        // It runs from when it is taken; how it gets on is told a little later.
        let is_it = |one: &&Value| one["method"] == method && one["state"] == "running" && one["progress"].is_object();
        number = operations.as_array().unwrap().iter().find(is_it).map(|one| one["number"].to_string());
        number.is_some()
    });
    (child, number.unwrap())
}

/// A domain's file; what `create` calls is what is aborted, or dies.
fn create(host: &Host) -> String {
    host.file("web.json", crate::config("web").to_string())
}

#[test]
fn work_that_is_aborted_says_so_and_leaves_nothing() {
    let host = slow();
    let (child, number) = begun(&host, &["create", &create(&host)], "domain_create_new");
    let table = printed(&host.socket(), &["operations"]);
    let columns: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(columns[..4], [&number, "domain_create_new", "-", "running"]);
    assert_eq!(columns[6..], [&child.id().to_string(), "domain_create_new", "0/100"]);

    assert_eq!(printed(&host.socket(), &["abort", &number]), "");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(output.stdout)), (Some(1), String::new()));
    assert!(text(output.stderr).starts_with("xenops: ABORTED: libxl_domain_create_new (code -22)\n"));
    assert_eq!(host.state("web"), None);
    assert_eq!(printed_json(&host.socket(), &["operations", "--json"]), json!([]));
    assert_eq!(printed(&host.socket(), &["operations"]).lines().count(), 1);
}

#[test]
fn abort_takes_what_is_there_and_nothing_else() {
    let host = slow();
    let (child, number) = begun(&host, &["create", &create(&host)], "domain_create_new");
    let (code, said) = host.failed(&["abort", "77"]);
    assert!(code == 3 && said.starts_with("xenops: NO_SUCH_OPERATION: "), "{code}: {said}");
    assert_eq!(host.failed(&["abort", "web"]).0, 2);
    assert_eq!(printed_json(&host.socket(), &["abort", "--json", &number]), json!({}));
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(1));
}

#[test]
fn a_worker_that_dies_makes_the_outcome_unknown_and_not_refused() {
    let host = slow();
    let (child, _) = begun(&host, &["create", &create(&host)], "domain_create_new");
    for worker in host.daemon.workers() {
        // Some have nothing to do; others take their place.
        let _ = kill_process(worker, Signal::KILL);
    }
    let output = child.wait_with_output().unwrap();
    let said = text(output.stderr);
    assert!(output.status.code() == Some(5) && said.starts_with("xenops: OUTCOME_UNKNOWN: "), "{said}");
}

#[test]
fn who_does_not_wait_is_told_that_it_goes_on() {
    let host = slow();
    let said = "xenops: not done within 1 s: what was begun in xenopsd goes on, see xenops operations\n";
    let child = spawn({
        let (socket, file) = (host.socket(), create(&host));
        move || failed(&socket, &["--timeout", "1", "create", &file])
    });
    until("the operation has begun", || {
        let operations = printed_json(&host.socket(), &["operations", "--json"]);
        operations[0]["method"] == "domain_create_new"
    });
    assert_eq!(child.join().unwrap(), (5, said.to_owned()));
    let operations = printed_json(&host.socket(), &["operations", "--json"]);
    assert_eq!(operations[0]["method"], "domain_create_new", "it goes on");
    // One that is only about to run is ended when that is asked for a second time.
    until("it has ended", || {
        let operations = printed_json(&host.socket(), &["operations", "--json"]);
        operations.as_array().unwrap().iter().for_each(|one| {
            outcome(&host.socket(), &["abort", &one["number"].to_string()]);
        });
        operations == json!([])
    });
}

/// A socket for a make-believe daemon.
fn listening() -> (tempfile::TempDir, UnixListener) {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
    (folder, listener)
}

/// A make-believe daemon: answers one request after another, each with one of these, as long as they last. It returns
/// the requests.
fn answering(answers: Vec<Value>) -> (tempfile::TempDir, JoinHandle<Vec<Value>>) {
    let (folder, listener) = listening();
    (folder, spawn(move || answer(&listener, |at| answers.get(at).cloned())))
}

/// The same with what is done for the request of each number.
fn answer(listener: &UnixListener, mut answers: impl FnMut(usize) -> Option<Value>) -> Vec<Value> {
    let mut connection = BufReader::new(listener.accept().unwrap().0);
    let mut requests = Vec::new();
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).unwrap() == 0 {
            return requests;
        }
        let request: Value = serde_json::from_str(&line).unwrap();
        let answer = answers(requests.len());
        requests.push(request.clone());
        let Some(mut answer) = answer else { return requests };
        answer["jsonrpc"] = "2.0".into();
        answer["id"] = request["id"].clone();
        connection.get_mut().write_all(format!("{answer}\n").as_bytes()).unwrap();
    }
}

const UUID: &str = "8f1c22c4-0000-4000-8000-000000000005";

fn info(shutdown: bool, reason: &str) -> Value {
    json!({ "result": { "domid": 5, "uuid": UUID, "shutdown": shutdown, "dying": false, "shutdown_reason": reason } })
}

fn fails(function: &str) -> Value {
    let data = json!({ "libxl": "FAIL", "function": function, "log": ["why"] });
    json!({ "error": { "code": -3, "message": format!("FAIL: {function}"), "data": data } })
}

/// Another domain has its number.
fn other() -> Value {
    let mut other = info(false, "unknown");
    other["result"]["uuid"] = "11111111-0000-4000-8000-000000000005".into();
    other
}

/// Nobody has its number.
fn gone() -> Value {
    let mut gone = fails("libxl_domain_info");
    gone["error"]["data"]["libxl"] = "DOMAIN_NOTFOUND".into();
    gone
}

fn done() -> Value {
    json!({ "result": {} })
}

fn configuration() -> Value {
    json!({ "result": { "c_info": { "name": "web" } } })
}

fn methods(requests: &[Value]) -> Vec<&str> {
    requests.iter().map(|request| request["method"].as_str().unwrap()).collect()
}

#[test]
fn a_domain_that_stopped_for_a_save_that_failed_is_resumed() {
    let answers =
        vec![info(false, "unknown"), configuration(), fails("libxl_domain_suspend"), info(true, "suspend"), done()];
    let (folder, server) = answering(answers);
    let file = folder.path().join("saved");
    let (code, said) = failed(&folder.path().join("socket"), &["save", "web", file.to_str().unwrap()]);
    assert_eq!((code, said.as_str()), (1, "xenops: FAIL: libxl_domain_suspend (code -3)\nxenops: libxl: why\n"));
    let requests = server.join().unwrap();
    let expected = ["domain_info", "retrieve_domain_configuration", "domain_suspend", "domain_info", "domain_resume"];
    assert_eq!(methods(&requests), expected);
    assert_eq!(requests[4]["params"], json!({ "domid": 5, "domain_uuid": UUID, "suspend_cancel": 1 }));
    assert!(!file.exists());
}

#[test]
fn a_domain_that_cannot_be_resumed_is_told_of() {
    let failure = fails("libxl_domain_resume");
    let answers =
        vec![info(false, "unknown"), configuration(), fails("libxl_domain_suspend"), info(true, "suspend"), failure];
    let (folder, server) = answering(answers);
    let file = folder.path().join("saved");
    let (code, said) = failed(&folder.path().join("socket"), &["save", "web", file.to_str().unwrap()]);
    let expected = "\
xenops: FAIL: libxl_domain_suspend (code -3)
xenops: libxl: why
xenops: FAIL: libxl_domain_resume (code -3)
xenops: libxl: why
xenops: web is not saved, and may be suspended: try xenops call domain_resume '[5, 1]'
";
    assert_eq!((code, said.as_str()), (7, expected));
    assert_eq!(server.join().unwrap().len(), 5);
    assert!(!file.exists());
}

#[test]
fn a_save_whose_daemon_is_gone_leaves_the_file_that_may_still_be_written() {
    let (folder, server) = answering(vec![info(false, "unknown"), configuration()]);
    let file = folder.path().join("saved");
    let (code, said) = failed(&folder.path().join("socket"), &["save", "web", file.to_str().unwrap()]);
    let hint = format!("xenops: web may still be saved to {}: see xenops operations\n", file.display());
    assert!(
        code == 7 && said.starts_with("xenops: the connection to xenopsd was lost: ") && said.ends_with(&hint),
        "{said}"
    );
    assert_eq!(methods(&server.join().unwrap()).last(), Some(&"domain_suspend"));
    assert!(file.exists());
}

#[test]
fn a_save_whose_daemon_is_gone_says_what_is_written_beside_the_file_that_was_there() {
    let (folder, server) = answering(vec![info(false, "unknown"), configuration()]);
    let file = folder.path().join("saved");
    std::fs::write(&file, "precious").unwrap();
    let socket = folder.path().join("socket");
    let (code, said) = failed(&socket, &["save", "--force", "web", file.to_str().unwrap()]);
    let (_, hint) = said.split_once("xenops: web may still be saved to ").unwrap();
    let beside = hint.strip_suffix(": see xenops operations\n").unwrap();
    assert!(code == 7 && beside.starts_with(&format!("{}.", file.display())) && beside.ends_with(".part"), "{said}");
    assert!(std::fs::exists(beside).unwrap(), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    assert_eq!(server.join().unwrap().len(), 3);
}

#[test]
fn a_domain_that_was_let_run_on_while_it_was_saved_is_not_destroyed() {
    let (folder, server) = answering(vec![info(false, "unknown"), configuration(), done(), info(false, "unknown")]);
    let file = folder.path().join("saved");
    let (code, said) = failed(&folder.path().join("socket"), &["save", "web", file.to_str().unwrap()]);
    let expected = format!(
        "xenops: web was let run on meanwhile: {} is not its last state; the domain was not destroyed\n",
        file.display()
    );
    assert_eq!((code, said), (7, expected));
    assert_eq!(server.join().unwrap().len(), 4);
    assert!(file.exists());
}

#[test]
fn a_saved_domain_that_somebody_else_has_destroyed_is_saved() {
    let mut dying = info(true, "suspend");
    dying["result"]["dying"] = true.into();
    for gone in [gone(), other(), dying] {
        let (folder, server) = answering(vec![info(false, "unknown"), configuration(), done(), gone]);
        let file = folder.path().join("saved");
        printed(&folder.path().join("socket"), &["save", "web", file.to_str().unwrap()]);
        assert_eq!(server.join().unwrap().len(), 4);
        assert!(file.exists());
    }
}

/// The worker is gone, and its last words with it.
#[test]
fn a_file_that_may_be_complete_is_removed_only_when_its_domain_was_resumed() {
    let running = || info(false, "unknown");
    let suspended = || info(true, "suspend");
    let failure = fails("libxl_domain_resume");
    for (then, is_kept) in [
        (vec![suspended(), done()], false),
        (vec![suspended(), failure], true),
        (vec![running()], true),
        (vec![gone()], true),
    ] {
        let unknown = json!({ "error": { "code": -32008, "message": "OUTCOME_UNKNOWN: the worker ended" } });
        let begun = vec![running(), configuration(), unknown];
        let (folder, server) = answering([begun, then].concat());
        let file = folder.path().join("saved");
        let (code, said) = failed(&folder.path().join("socket"), &["save", "web", file.to_str().unwrap()]);
        let hint = format!("{} is kept and may be complete; if web is suspended, ", file.display());
        assert!(said.starts_with("xenops: OUTCOME_UNKNOWN: ") && said.contains(&hint) == is_kept, "{said}");
        assert_eq!((code, file.exists()), (if is_kept { 7 } else { 5 }, is_kept), "{said}");
        server.join().unwrap();
    }
}

#[test]
fn a_file_whose_place_cannot_be_taken_says_so_and_the_domain_goes_on() {
    for resumed in [done(), fails("libxl_domain_resume")] {
        let (folder, listener) = listening();
        let file = folder.path().join("saved");
        std::fs::write(&file, "precious").unwrap();
        let server = spawn({
            let file = file.clone();
            move || {
                let answers = [info(false, "unknown"), configuration(), done(), resumed];
                answer(&listener, |at| {
                    if at == 2 {
                        // By the time that it is saved, there is a folder of that name.
                        std::fs::remove_file(&file).unwrap();
                        std::fs::create_dir(&file).unwrap();
                    }
                    answers.get(at).cloned()
                })
            }
        });
        let socket = folder.path().join("socket");
        let (code, said) = failed(&socket, &["save", "--force", "web", file.to_str().unwrap()]);
        let why = format!("xenops: {}: Is a directory (os error 21)\n", file.display());
        let is_left =
            said.ends_with("web is not saved, and may be suspended: try xenops call domain_resume '[5, 1]'\n");
        assert!(said.starts_with(&why) && is_left == (code == 7) && [6, 7].contains(&code), "{code}: {said}");
        assert_eq!(methods(&server.join().unwrap()).last(), Some(&"domain_resume"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "the socket and the folder");
    }
}

/// A domain that has gone while it was waited for has stopped, also when another one has its number.
#[test]
fn waiting_ends_with_the_domain() {
    for end in [info(true, "poweroff"), info(true, "crash"), other(), gone()] {
        let (running, suspended) = (info(false, "unknown"), info(true, "suspend"));
        let (folder, server) = answering(vec![running.clone(), done(), running, suspended, end]);
        printed(&folder.path().join("socket"), &["shutdown", "--wait", "web"]);
        assert_eq!(server.join().unwrap().len(), 5);
    }
}

#[test]
fn a_domain_that_cannot_be_waited_for_hides_nothing_of_the_others() {
    let running = || info(false, "unknown");
    let answers = vec![running(), done(), running(), done(), fails("libxl_domain_info"), info(true, "poweroff")];
    let (folder, server) = answering(answers);
    let arguments = ["shutdown", "--wait", "--json", "web", "mail"];
    let (code, printed, said) = outcome(&folder.path().join("socket"), &arguments);
    assert_eq!((code, said.as_str()), (1, "xenops: web: FAIL: libxl_domain_info (code -3)\nxenops: web: libxl: why\n"));
    let outcomes: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(outcomes[0]["error"]["message"], "FAIL: libxl_domain_info");
    assert_eq!(outcomes[1], json!({ "domain": "mail", "result": {} }));
    assert_eq!(server.join().unwrap().len(), 6);
}

#[test]
fn only_the_domain_that_was_made_is_let_run() {
    let made = json!({ "result": 5 });
    let (folder, server) = answering(vec![made, done()]);
    let file = folder.path().join("web.json");
    std::fs::write(&file, json!({ "c_info": { "name": "web", "uuid": UUID } }).to_string()).unwrap();
    let printed = printed(&folder.path().join("socket"), &["create", file.to_str().unwrap()]);
    assert_eq!(printed, "web is domain 5\n");
    assert_eq!(server.join().unwrap()[1]["params"], json!({ "domid": 5, "domain_uuid": UUID }));
}

#[test]
fn without_a_connection_the_other_domains_are_not_tried() {
    let (folder, server) = answering(vec![done()]);
    let (code, printed, said) = outcome(&folder.path().join("socket"), &["pause", "--json", "1", "2", "3"]);
    assert_eq!(code, 4, "{said}");
    let outcomes: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(outcomes.as_array().unwrap().len(), 2, "{printed}");
    assert_eq!(outcomes[0], json!({ "domain": "1", "result": {} }));
    assert!(outcomes[1]["error"]["message"].as_str().unwrap().contains("lost"), "{printed}");
    assert_eq!(server.join().unwrap().len(), 2);
}
