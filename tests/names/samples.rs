//! Names in `domain_stats`, which is never given to a worker: they are told as far as they are known.

use serde_json::{Value, json};

use crate::common::{Client, until};
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

#[test]
fn a_name_that_is_not_known_is_no_news() {
    let (xenstored, _daemon, mut client) = known_on(5);
    let first = generation(&stats(&mut client, 0));
    xenstored.set(3, "other");
    let mut told = Value::Null;
    until("the change is heard", || {
        told = stats(&mut client, first);
        are_known(&mut client) && !names(&told).1.is_empty()
    });
    assert_eq!(names(&told), (true, vec![(3, json!("other"))]));
    let second = generation(&told);
    assert_eq!(names(&stats(&mut client, second)), (true, vec![]));

    xenstored.with(|held| held.is_silent = true);
    xenstored.set(4, "third");
    until("names are not known", || !are_known(&mut client));
    assert_eq!(names(&stats(&mut client, second)), (false, vec![]));
    let unknown = stats(&mut client, 0);
    assert_eq!(names(&unknown), (false, [0, 1, 3, 4, 6].map(|domid| (domid, Value::Null)).to_vec()));
    assert_eq!(generation(&unknown), second, "nothing has changed, as far as is known");
    xenstored.speak();
    until("names are known", || are_known(&mut client));
    assert_eq!(names(&stats(&mut client, second)), (true, vec![(4, json!("third"))]));
}
