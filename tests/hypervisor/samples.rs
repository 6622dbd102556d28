//! `domain_stats` by both sources.
//!
//! In: the shipped binary on the make-believe hypervisor. Out: samples that are the same by both, and are what the list
//! of domains says; errors with libxl's words.

use serde_json::{Value, json};

use crate::common::Client;
use crate::{Both, LIST, ask_both, result, start};

/// The hypervisor's counters reach whoever asks for samples as they are; there is no xenstored, so there are no names.
/// Domains that have changed are none: here, time does not pass.
#[test]
fn both_sources_give_the_same_samples() {
    let both = Both::start(&["DOMAINS=250"]);
    let clients = &mut both.connect();
    let listed = result(&ask_both(clients, LIST));
    let samples = clients.each_mut().map(|client| {
        let first = stats(client, 0);
        let next = stats(client, first["generation"].as_u64().unwrap());
        assert_eq!((&first["full"], &next["full"], &next["domains"]), (&json!(true), &json!(false), &json!([])));
        assert_eq!((&next["gone"], &next["generation"]), (&json!([]), &first["generation"]));
        first["domains"].as_array().unwrap().clone()
    });
    assert_eq!(samples[0], samples[1]);
    assert_eq!(samples[0].len(), 250);
    for (sample, listed) in samples[0].iter().zip(&listed) {
        assert_eq!(sample["name"], Value::Null);
        let members = sample.as_object().unwrap().iter().filter(|(member, _)| *member != "name");
        assert_eq!(members.clone().count(), 18);
        members.for_each(|(member, value)| assert_eq!(*value, listed[member], "{member} of {listed}"));
    }
}

/// A sample of the domains since a generation. (This hypervisor tells nothing of the host.)
fn stats(client: &mut Client, since: u64) -> Value {
    let params = json!({"groups": ["name", "state", "cpu", "memory"], "since": since});
    let mut reply =
        client.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "domain_stats", "params": params}).to_string());
    assert_eq!(reply["result"]["names_known"], false, "{reply}");
    reply["result"].take()
}

/// What fails has libxl's words, whichever function it was.
#[test]
fn a_sample_that_cannot_be_had_is_an_error_of_libxls() {
    let daemon = start(&["DOMAINS=3", "REFUSES=3-1000"], &["--source", "hypercall"]);
    let mut client = daemon.connect();
    let mut ask = || client.ask(r#"{"jsonrpc":"2.0","id":1,"method":"domain_stats"}"#)["error"].take();
    let host = ask();
    assert_eq!((&host["data"]["function"], &host["data"]["libxl"]), (&json!("libxl_get_physinfo"), &json!("FAIL")));
    let list = ask();
    assert_eq!(list["message"], "FAIL: libxl_list_domain returned nothing");
    assert!(list["data"]["log"][0].as_str().unwrap().contains("getting domain info list"), "{list}");
}
