//! The library against a server that says what the test tells it to.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::thread::{JoinHandle, spawn};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// Takes one connection and reads one line for each of `replies`, which it answers with that text as it stands; then
/// hangs up. Ends with the lines that it read.
fn serve(replies: Vec<String>) -> (Client, JoinHandle<Vec<String>>) {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let server = spawn(move || {
        let mut connection = BufReader::new(listener.accept().unwrap().0);
        replies.into_iter().map(|reply| answer(&mut connection, &reply)).collect()
    });
    (Client::connect(socket).unwrap(), server)
}

fn answer(connection: &mut BufReader<UnixStream>, reply: &str) -> String {
    let mut line = String::new();
    connection.read_line(&mut line).unwrap();
    connection.get_mut().write_all(reply.as_bytes()).unwrap();
    line
}

/// The outcome of the first call, when this is the reply to it.
fn outcome<R: DeserializeOwned>(reply: &str) -> Result<R, Error> {
    let (mut client, server) = serve(vec![reply.to_owned()]);
    let outcome = client.call("some_method", &());
    server.join().unwrap();
    outcome
}

#[test]
fn a_request_is_one_line_and_ids_count_up() {
    let replies = (1..=3).map(|id| format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{id}}}"#) + "\n");
    let (mut client, server) = serve(replies.collect());
    assert_eq!(client.call::<u32>("list_domain", &()).unwrap(), 1);
    assert_eq!(client.call::<u32>("domain_info", &json!({ "domid": 5 })).unwrap(), 2);
    assert_eq!(client.call::<u32>("domain_info", &[5]).unwrap(), 3);
    assert_eq!(
        server.join().unwrap(),
        [
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"list_domain\"}\n",
            "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"domain_info\",\"params\":{\"domid\":5}}\n",
            "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"domain_info\",\"params\":[5]}\n",
        ]
    );
}

#[test]
fn a_domain_is_read_and_members_it_does_not_need_are_ignored() {
    let domain: DomainInfo = outcome(concat!(
        r#"{"jsonrpc":"2.0","id":1,"result":{"uuid":"8f1c22c4-0000-4000-8000-000000000005","domid":5,"ssidref":0,"#,
        r#""ssid_label":null,"running":false,"blocked":false,"paused":true,"shutdown":true,"dying":false,"#,
        r#""never_stop":false,"shutdown_reason":"crash","outstanding_memkb":1,"current_memkb":2,"shared_memkb":0,"#,
        r#""paged_memkb":0,"max_memkb":4,"cpu_time":18446744073709551615,"vcpu_max_id":0,"vcpu_online":3,"cpupool":0,"#,
        r#""gpaddr_bits":46,"domain_type":"pvh"}}"#,
        "\n"
    ))
    .unwrap();
    assert_eq!(
        domain,
        DomainInfo {
            domid: 5,
            running: false,
            blocked: false,
            paused: true,
            shutdown: true,
            dying: false,
            shutdown_reason: Some("crash".to_owned()),
            outstanding_memkb: 1,
            current_memkb: 2,
            cpu_time: u64::MAX,
            vcpu_online: 3,
        }
    );
}

#[test]
fn what_libxl_said_is_kept() {
    let failure = outcome::<Value>(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-21,\"message\":\"DOMAIN_NOTFOUND: libxl_domain_info\",\
         \"data\":{\"libxl\":\"DOMAIN_NOTFOUND\",\"function\":\"libxl_domain_info\",\"log\":[\"one\",\"two\"]}}}\n",
    );
    let Err(Error::Libxl(failure)) = failure else { panic!("{failure:?}") };
    assert_eq!(
        failure,
        LibxlError {
            code: -21,
            name: "DOMAIN_NOTFOUND".to_owned(),
            function: "libxl_domain_info".to_owned(),
            message: "DOMAIN_NOTFOUND: libxl_domain_info".to_owned(),
            log: vec!["one".to_owned(), "two".to_owned()],
        }
    );
    assert_eq!(failure.to_string(), "DOMAIN_NOTFOUND: libxl_domain_info (code -21)");
}

#[test]
fn a_code_that_libxl_does_not_name_is_kept() {
    let failure = outcome::<Value>(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-3,\"message\":\"FAIL: libxl_x\",\
         \"data\":{\"libxl\":\"FAIL\",\"function\":\"libxl_x\",\"rc\":22,\"log\":[]}}}\n",
    );
    assert!(matches!(&failure, Err(Error::Libxl(LibxlError { code: 22, .. }))), "{failure:?}");
}

#[test]
fn what_libxl_said_is_known_where_its_log_is_not() {
    let failure = outcome::<Value>(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-3,\"message\":\"FAIL: libxl_x\",\
         \"data\":{\"libxl\":\"FAIL\",\"function\":\"libxl_x\"}}}\n",
    );
    assert!(matches!(&failure, Err(Error::Libxl(LibxlError { code: -3, log, .. })) if log.is_empty()), "{failure:?}");
}

#[test]
fn descriptors_go_along_and_progress_is_heard_before_the_reply() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let server = spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let passed = receive(&stream);
        let progress = |done| {
            json!({ "jsonrpc": "2.0", "method": "progress",
                    "params": { "operation": 7, "id": 1, "what": "Frames", "done": done, "total": 10 } })
        };
        for message in [progress(0), progress(5), json!({ "jsonrpc": "2.0", "id": 1, "result": "saved" })] {
            stream.write_all(format!("{message}\n").as_bytes()).unwrap();
        }
        passed
    });
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let mut heard = Vec::new();
    let mut client = Client::connect(&socket).unwrap();
    let params = json!({ "domid": 5, "progress": true });
    let result: String = client.operate("save", &params, &[ours.as_fd()], |one| heard.push(one.clone())).unwrap();
    assert_eq!(result, "saved");
    let progress = |done| Progress { operation: 7, what: "Frames".to_owned(), done, total: 10 };
    assert_eq!(heard, [progress(0), progress(5)]);

    let passed = server.join().unwrap();
    assert_eq!(passed.len(), 1);
    File::from(passed.into_iter().next().unwrap()).write_all(b"x").unwrap();
    assert_eq!(theirs.read(&mut [0; 2]).unwrap(), 1, "it is a copy of ours");

    let too_many = client.operate::<Value>("save", &params, &[ours.as_fd(); 5], |_| ());
    assert!(matches!(&too_many, Err(Error::Lost(_))), "{too_many:?}");
}

/// The descriptors that come with a message.
fn receive(stream: &UnixStream) -> Vec<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = [0; 1000];
    let into = &mut [IoSliceMut::new(&mut bytes)];
    rustix::net::recvmsg(stream, into, &mut control, RecvFlags::empty()).unwrap();
    let passed = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    passed.flatten().collect()
}

#[test]
fn a_refusal_is_not_libxls() {
    let refused = outcome::<Value>(
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,\"message\":\"INVALID_PARAMS: params.domid: missing\"}}\n",
    );
    assert!(matches!(&refused, Err(Error::Refused { code: -32602, .. })), "{refused:?}");
    assert_eq!(refused.unwrap_err().to_string(), "INVALID_PARAMS: params.domid: missing");
}

#[test]
fn a_refusal_that_names_no_request_is_about_this_one() {
    let refused = outcome::<Value>(
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32003,\"message\":\"MESSAGE_TOO_LONG: …\"}}\n",
    );
    assert!(matches!(&refused, Err(Error::Refused { code: -32003, .. })), "{refused:?}");
}

#[test]
fn a_method_without_a_result_gives_unit() {
    outcome::<()>("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}\n").unwrap();
}

#[test]
fn what_is_no_reply_to_this_request_is_an_error() {
    for reply in [
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":1}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":1}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"no number\"}\n",
        "{}\n",
        "[]\n",
        "HTTP/1.1 400 Bad Request\n",
    ] {
        let outcome = outcome::<u32>(reply);
        assert!(matches!(outcome, Err(Error::Reply(_))), "{reply} gave {outcome:?}");
    }
}

#[test]
fn a_lost_connection_says_where_it_ended() {
    for (reply, text) in [
        ("", "the connection to xenopsd was lost: closed before it replied"),
        ("{\"jsonrpc\":", "the connection to xenopsd was lost: closed in the middle of a reply"),
    ] {
        let outcome = outcome::<u32>(reply);
        assert!(matches!(outcome, Err(Error::Lost(_))), "{reply} gave {outcome:?}");
        assert_eq!(outcome.unwrap_err().to_string(), text);
    }
}

#[test]
fn a_server_that_hangs_up_first_is_heard() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let mut client = Client::connect(&socket).unwrap();
    let (mut connection, _) = listener.accept().unwrap();
    connection
        .write_all(
            b"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32004,\"message\":\"SERVER_FULL: later\"}}\n",
        )
        .unwrap();
    drop(connection);
    let refused = client.call::<Value>("list_domain", &());
    assert!(matches!(&refused, Err(Error::Refused { code: -32004, .. })), "{refused:?}");
}

#[test]
fn a_missing_server_is_told_from_a_stopped_one_and_from_a_closed_door() {
    let folder = TempDir::new().unwrap();
    let socket = folder.path().join("socket");
    let missing = Client::connect(&socket).unwrap_err().to_string();
    assert_eq!(missing, format!("there is no socket {}: is xenopsd running?", socket.display()));

    drop(UnixListener::bind(&socket).unwrap());
    let stopped = Client::connect(&socket).unwrap_err().to_string();
    assert_eq!(stopped, format!("nobody listens on {}: is xenopsd running?", socket.display()));

    // Root, who may run this test, is never refused; so the error is made up.
    let closed = Error::Connect { socket: "/s".into(), source: ErrorKind::PermissionDenied.into() };
    assert_eq!(closed.to_string(), "no permission to use /s: only root may, or whoever runs xenopsd");
}

#[test]
fn params_that_are_no_json_are_not_sent() {
    let (mut client, server) = serve(vec!["{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":7}\n".to_owned()]);
    let no_json = BTreeMap::from([((1, 2), 3)]);
    assert!(matches!(client.call::<Value>("some_method", &no_json), Err(Error::Params(_))));
    assert_eq!(client.call::<u32>("some_method", &()).unwrap(), 7);
    assert_eq!(server.join().unwrap().len(), 1);
}

/// A batch's replies, last first: servers may answer in any order.
fn replies(ids: Range<u64>) -> String {
    let replies: Vec<String> = ids
        .rev()
        .map(|id| match id {
            3 => "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32602,\"message\":\"INVALID_PARAMS: …\"}}"
                .to_owned(),
            _ => format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{}}}", id * 10),
        })
        .collect();
    format!("[{}]\n", replies.join(","))
}

#[test]
fn many_calls_travel_in_batches_and_keep_their_order() {
    let params: Vec<Value> = (1..=1001).map(|domid| json!([domid])).collect();
    let (mut client, server) = serve(vec![replies(1..1001), replies(1001..1002)]);
    let outcomes: Vec<Result<u64, Error>> = client.call_each("some_method", &params).unwrap();

    for (n, outcome) in (1..).zip(&outcomes) {
        match outcome {
            Ok(result) => assert_eq!(*result, n * 10),
            Err(Error::Refused { .. }) => assert_eq!(n, 3),
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(outcomes.len(), 1001);
    let requests = server.join().unwrap();
    assert_eq!(serde_json::from_str::<Vec<Value>>(&requests[0]).unwrap().len(), 1000);
    assert_eq!(requests[1], "[{\"jsonrpc\":\"2.0\",\"id\":1001,\"method\":\"some_method\",\"params\":[1001]}]\n");
}

#[test]
fn no_calls_are_no_message() {
    let (mut client, server) = serve(Vec::new());
    assert!(client.call_each::<u32>("some_method", &[(); 0]).unwrap().is_empty());
    assert!(server.join().unwrap().is_empty());
}

#[test]
fn a_batch_with_a_reply_too_few_or_a_strange_one_is_an_error() {
    for reply in [replies(1..2), replies(1..4), replies(2..4), "{}\n".to_owned()] {
        let (mut client, _server) = serve(vec![reply]);
        let outcomes = client.call_each::<u32>("some_method", &[(), ()]);
        assert!(matches!(outcomes, Err(Error::Reply(_))), "{outcomes:?}");
    }
}

#[test]
fn a_batch_can_be_refused_as_a_whole() {
    let reply = "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"INVALID_REQUEST: …\"}}\n";
    let (mut client, _server) = serve(vec![reply.to_owned()]);
    let outcomes = client.call_each::<u32>("some_method", &[()]);
    assert!(matches!(outcomes, Err(Error::Refused { code: -32600, .. })), "{outcomes:?}");
}
