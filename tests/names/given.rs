//! Requests that are given to a worker after names were looked for here, and what a name is.

use serde_json::{Value, json};
use xenopsd::api::{Lookup, Method};
use xenopsd::json::{PADDING, Writer};
use xenopsd::rpc::{Access, Office, Refused, Rpc, Task, Which};
use xenopsd::wire::{Descriptors, Scan, Scanner};
use xenopsd::xl::Xl;

/// An office that knows names, or believes so: what it is given to do by others.
#[derive(Default)]
struct Knowing {
    descriptors: Descriptors,
    given: Vec<String>,
}

impl Office for Knowing {
    fn runs_here(&self, _: &Method) -> bool {
        true
    }

    fn lookup(&self) -> Lookup {
        Lookup::Names
    }

    fn access(&self) -> Access {
        Access::Full
    }

    fn others_wait(&self) -> bool {
        false
    }

    fn descriptors(&mut self) -> &mut Descriptors {
        &mut self.descriptors
    }

    fn submit(&mut self, task: Task<'_>) -> Result<(), Refused<'static>> {
        self.given.push(std::str::from_utf8(task.document).unwrap().to_owned());
        Ok(())
    }

    fn list(&self, _: &mut Writer<'_>) {}

    fn abort(&mut self, _: Which<'_>) -> Result<(), Refused<'static>> {
        Err(Refused::NoOperation)
    }
}

/// By then libxl's function has been called here, with a string that was made C's where it stood.
#[test]
fn what_a_worker_gets_is_what_came() {
    let xl = Xl::open(xenopsd::sim::start(20, 7).unwrap()).unwrap();
    let (mut rpc, mut scanner, mut office) = (Rpc::new(xl), Scanner::default(), Knowing::default());
    let requests = [
        r#"{"jsonrpc":"2.0","id":"a","method":"name_to_domid","params":["nobody"]}"#,
        r#"{"jsonrpc":"2.0","id":"b","method":"name_to_domid","params":{"name":"no\u0062ody"}}"#,
        r#"{"jsonrpc":"2.0","id":"c","method":"domain_info","params":["nobody"]}"#,
        r#"{"jsonrpc":"2.0","id":"d","method":"domid_to_name","params":[4000]}"#,
    ];
    for request in requests {
        let mut bytes = [request.as_bytes(), &[0; PADDING]].concat();
        let Scan::Frame(_) = scanner.scan(&bytes[..request.len()]) else { panic!("no message") };
        let mut out = Vec::new();
        rpc.answer_one(&mut bytes, &scanner.elements()[0], &mut out, &mut office);
        assert_eq!(String::from_utf8(out).unwrap(), "");
        scanner.restart();
    }
    assert_eq!(office.given, requests);
}

/// As it is in a worker, where names are asked for.
#[test]
fn a_uuid_is_no_name_even_where_a_domain_is_called_so() {
    let xl = Xl::open(xenopsd::sim::start(20, 7).unwrap()).unwrap();
    let (mut rpc, mut scanner, mut office) = (Rpc::new(xl), Scanner::default(), Knowing::default());
    let mut result = |method: &str, params: Value| {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let mut bytes = [request.as_bytes(), &[0; PADDING]].concat();
        let Scan::Frame(_) = scanner.scan(&bytes[..request.len()]) else { panic!("no message") };
        let mut out = Vec::new();
        rpc.answer_one(&mut bytes, &scanner.elements()[0], &mut out, &mut office);
        scanner.restart();
        serde_json::from_slice::<Value>(&out).unwrap()["result"].clone()
    };
    let uuid = result("domain_info", json!([3]))["uuid"].clone();
    assert_eq!(result("domain_rename", json!([4, null, uuid])), json!({}));
    assert_eq!(result("domain_info", json!([uuid]))["domid"], 3);
}
