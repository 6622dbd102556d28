//! Names of a crowd: asked for all the time while fifty domains are created, and while they are destroyed.
//!
//! Who creates and destroys looks right after each reply; somebody else asks all along. It is judged here whether
//! anybody was told a name that was not, or was told none that was, past a reply.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use xenopsd::client::{Client, DEFAULT_SOCKET};

use crate::crowd::{self, Span, span_since};
use crate::evidence::Evidence;
use crate::values::elements;

/// Where it is written down.
const BOOK: &str = "/evidence/crowd_names.json";

/// A question for the name of a domain, and the answer; none is an error.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    span: Span,
    domid: u64,
    name: Option<String>,
}

/// A creation or a destruction, and what was said of the domain right after the reply.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Changed {
    pub(crate) span: Span,
    domid: u64,
    name: Option<String>,
    /// By its name.
    number: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Book {
    destructions: Vec<Changed>,
    asked: Vec<Asked>,
}

impl Changed {
    /// Looks, on connections of its own.
    pub(crate) fn look(span: Span, domid: u64, name: &str) -> Self {
        let mut client = Client::connect(DEFAULT_SOCKET).unwrap();
        let number = client.call("name_to_domid", &json!([name])).ok();
        let name = Client::connect(DEFAULT_SOCKET).unwrap().call("domid_to_name", &json!([domid])).ok();
        Self { span, domid, name, number }
    }
}

/// Asks for the names of the domain that was listed last, and of one after the other, until it is over.
pub(crate) fn ask(start: Instant, is_over: &AtomicBool) -> Vec<Asked> {
    let (mut client, mut all) = (Client::connect(DEFAULT_SOCKET).unwrap(), Vec::new());
    for turn in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let domains: Value = client.call("list_domain", &json!([])).unwrap();
        let domids: Vec<u64> = elements(&domains).filter_map(|domain| domain["domid"].as_u64()).collect();
        for domid in [domids[domids.len() - 1], domids[turn % domids.len()]] {
            let begin = start.elapsed();
            let name = client.call("domid_to_name", &json!([domid])).ok();
            all.push(Asked { span: span_since(start, begin), domid, name });
        }
        thread::sleep(Duration::from_millis(30));
    }
    all
}

/// Not a test: what is run in dom0.
#[test]
#[ignore = "scenarios/crowd runs it in dom0"]
fn destroys_in_dom0() {
    assert!(Path::new("/evidence").is_dir(), "this is not the dom0 of the emulated machine");
    let crowd: crowd::Book = serde_json::from_str(&fs::read_to_string(crowd::BOOK).unwrap()).unwrap();
    let (start, is_over) = (Instant::now(), AtomicBool::new(false));
    let book = thread::scope(|scope| {
        let asker = scope.spawn(|| ask(start, &is_over));
        let destroy = |(number, created): (usize, &Changed)| {
            let (name, begin) = (format!("crowd-{number}"), start.elapsed());
            let done: Value = Client::connect(DEFAULT_SOCKET).unwrap().call("domain_destroy", &json!([name])).unwrap();
            assert_eq!(done, json!({}));
            Changed::look(span_since(start, begin), created.domid, &name)
        };
        let destructions = crowd.creations.iter().enumerate().map(destroy).collect();
        is_over.store(true, Ordering::Relaxed);
        Book { destructions, asked: asker.join().unwrap() }
    });
    fs::write(BOOK, serde_json::to_string(&book).unwrap()).unwrap();
}

fn books(evidence: &Evidence) -> (crowd::Book, Book) {
    let read = |name: &str| evidence.read(name);
    (serde_json::from_str(&read("crowd.json")).unwrap(), serde_json::from_str(&read("crowd_names.json")).unwrap())
}

#[test]
fn each_reply_is_followed_by_names_that_are_past_it() {
    let Some(evidence) = Evidence::of_crowd() else { return };
    let (created, destroyed) = books(evidence);
    assert_eq!((created.creations.len(), destroyed.destructions.len()), (crowd::DOMAINS, crowd::DOMAINS));
    for (number, creation) in created.creations.iter().enumerate() {
        assert_eq!(creation.name, Some(format!("crowd-{number}")));
        assert_eq!(creation.number, Some(creation.domid));
    }
    for destruction in &destroyed.destructions {
        assert_eq!((&destruction.name, destruction.number), (&None, None), "{destruction:?}");
    }
}

#[test]
fn names_of_a_crowd_are_right_throughout() {
    let Some(evidence) = Evidence::of_crowd() else { return };
    let (created, destroyed) = books(evidence);
    let number = |domid| created.creations.iter().position(|creation| creation.domid == domid);
    let mut names = 0;
    for Asked { span: [begin, end], domid, name } in created.asked.iter().filter(|asked| asked.domid != 0) {
        let Some(number) = number(*domid) else { panic!("{domid} is none of the crowd") };
        let is_there = *begin >= created.creations[number].span[1];
        let right = Some(format!("crowd-{number}"));
        assert!(*name == right || (name.is_none() && !is_there), "{domid} at {begin} to {end}: {name:?}");
        names += usize::from(is_there);
    }
    assert!(names > crowd::DOMAINS, "{names}");
    let mut gone = 0;
    for Asked { span: [begin, end], domid, name } in destroyed.asked.iter().filter(|asked| asked.domid != 0) {
        let Some(number) = number(*domid) else { panic!("{domid} is none of the crowd") };
        let [destroyed_from, destroyed_at] = destroyed.destructions[number].span;
        let right = Some(format!("crowd-{number}"));
        let (is_there, is_gone) = (*end <= destroyed_from, *begin >= destroyed_at);
        assert!((*name == right && !is_gone) || (name.is_none() && !is_there), "{domid} at {begin} to {end}: {name:?}");
        gone += usize::from(name.is_none());
    }
    assert!(destroyed.asked.len() > crowd::DOMAINS, "{} asked, {gone} gone", destroyed.asked.len());
}
