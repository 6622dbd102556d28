//! Names in `domain_stats`, which is never given to a worker: they are told as far as they are known.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::common::{Client, until};
use crate::xenstored::node;
use crate::{are_known, ask, known_on};

fn stats(client: &mut Client, since: u64) -> Value {
    ask(client, "domain_stats", &json!([["name"], null, null, since]))["result"].take()
}

/// Whether names are known, and each domain that is told with its name.
fn names(sample: &Value) -> (bool, Vec<(u64, Value)>) {
    let domains = sample["domains"].as_array().unwrap();
    let names = domains.iter().map(|domain| (domain["domid"].as_u64().unwrap(), domain["name"].clone())).collect();
    (sample["names_known"].as_bool().unwrap(), names)
}

fn generation(sample: &Value) -> u64 {
    sample["generation"].as_u64().unwrap()
}

#[test]
fn samples_tell_names_and_ask_xenstored_nothing() {
    let (xenstored, _daemon, mut client) = known_on(5);
    let asked = xenstored.with(|held| held.asked);
    let expected = [(0, json!("Domain-0")), (1, json!("web")), (3, json!("db")), (4, json!("web")), (6, Value::Null)];
    for _ in 0..20 {
        assert_eq!(names(&stats(&mut client, 0)), (true, expected.to_vec()));
    }
    assert_eq!(xenstored.with(|held| held.asked), asked);
}

/// A client's table, kept as README.md says.
#[derive(Default)]
struct Follower {
    names: BTreeMap<u64, Value>,
    generation: u64,
}

impl Follower {
    /// Asks what has changed: whether names are known, and what was told.
    fn follow(&mut self, client: &mut Client) -> (bool, Vec<(u64, Value)>) {
        let sample = stats(client, self.generation);
        if sample["full"] == true {
            self.names.clear();
        }
        let told = names(&sample);
        self.names.extend(told.1.iter().cloned());
        self.generation = generation(&sample);
        told
    }
}

/// Whoever was told of a domain without its name is told again, also when the name is what it was.
#[test]
fn a_name_that_was_not_known_is_told_once_it_is() {
    let (xenstored, _daemon, mut client) = known_on(5);
    let (mut first, mut second) = (Follower::default(), Follower::default());
    first.follow(&mut client);
    let before = first.generation;
    xenstored.set(3, "other");
    let mut told = Vec::new();
    until("the change is told", || {
        told.extend(first.follow(&mut client).1);
        first.names[&3] == "other"
    });
    assert_eq!(told, [(3, json!("other"))], "and nothing else");
    assert!(first.generation > before);

    xenstored.with(|held| held.is_silent = true);
    xenstored.set(4, "third");
    until("names are not known", || !are_known(&mut client));
    let still = first.generation;
    assert_eq!(first.follow(&mut client), (false, vec![]));
    let unknown = [0, 1, 3, 4, 6].map(|domid| (domid, Value::Null)).to_vec();
    assert_eq!(second.follow(&mut client), (false, unknown));
    assert_eq!((first.generation, second.generation), (still, still), "nothing has changed, as far as is known");
    assert_eq!(second.follow(&mut client), (false, vec![]));
    xenstored.speak();
    until("names are known", || are_known(&mut client));
    let all = [(0, json!("Domain-0")), (1, json!("web")), (3, json!("other")), (4, json!("third")), (6, Value::Null)];
    for follower in [&mut second, &mut first] {
        assert!(follower.follow(&mut client).0);
        assert_eq!(follower.names, BTreeMap::from(all.clone()));
        assert_eq!(follower.follow(&mut client), (true, vec![]));
    }
}

/// Hypervisor and xenstore say different uuids: what it is called, nobody knows, nor that it has no name.
#[test]
fn a_domain_that_may_be_another_has_no_name_that_is_known() {
    let (xenstored, _daemon, mut client) = known_on(5);
    let mut follower = Follower::default();
    assert!(follower.follow(&mut client).0);
    let uuid = ask(&mut client, "domain_info", &json!([3]))["result"]["uuid"].as_str().unwrap().to_owned();
    for (vm, expected) in [("01234567-89ab-cdef-0123-456789abcdef", Value::Null), (&uuid, json!("db"))] {
        let asked = xenstored.with(|held| {
            held.nodes.insert(node(3, "vm"), format!("/vm/{vm}"));
            held.asked
        });
        xenstored.set(3, "db");
        until("it is read", || xenstored.with(|held| held.asked) == asked + 4 && are_known(&mut client));
        let full =
            [(0, json!("Domain-0")), (1, json!("web")), (3, expected.clone()), (4, json!("web")), (6, Value::Null)];
        assert_eq!(names(&stats(&mut client, 0)), (expected != Value::Null, full.to_vec()));
        // Whoever has its name is not told anything; but that it is known again, for somebody was told that it is not.
        let told = if expected == Value::Null { vec![] } else { vec![(3, expected.clone())] };
        assert_eq!(follower.follow(&mut client), (expected != Value::Null, told));
        assert_eq!(follower.names[&3], "db");
    }
}
