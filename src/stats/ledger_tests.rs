//! Clients that apply what they are told, held against the host itself; and how far back a ledger remembers.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::fields::{IDENTITY, place};
use super::*;
use crate::json::Fields;

/// The start of every ledger here, and what that is made of.
const START: u64 = 1_000_001;
const RANDOM: u64 = 1_000_000 << 13;
/// Numbers of domains: few, so that they are used again.
const DOMIDS: u32 = 6;
/// The name of each domain, at first: it is known that it is one, for 0 is none.
const FIRST_NAME: u64 = 4;
/// What each client wants besides who a domain is.
const WANTED: [&[usize]; 4] = [&[11], &[4, 5, 14], &[2, 3, 4, 5, 11, 14, 19], &[]];

/// What happens.
#[derive(Debug, Clone)]
enum Event {
    /// A domain comes, with this uuid; one that had the number goes.
    Come(u32, u8),
    /// A domain goes.
    Go(u32),
    /// A value of a domain changes, or not.
    Set(u32, usize, u64),
    /// A client asks, while names are known or not.
    Ask(usize, bool),
}

fn event() -> impl Strategy<Value = Event> {
    let fields = prop::sample::select(vec![2_usize, 3, 4, 5, 11, 14, 19]);
    prop_oneof![
        1 => (0..DOMIDS, 0_u8..3).prop_map(|(domid, uuid)| Event::Come(domid, uuid)),
        1 => (0..DOMIDS).prop_map(Event::Go),
        4 => (0..DOMIDS, fields, 0_u64..3).prop_map(|(domid, field, value)| Event::Set(domid, field, value)),
        4 => (0..WANTED.len(), any::<bool>()).prop_map(|(client, names)| Event::Ask(client, names)),
    ]
}

/// Domains by number.
#[derive(Debug, Clone, Default)]
struct Host(BTreeMap<u32, ([u8; 16], Values)>);

/// A client's table, and the generation that it is of.
#[derive(Debug, Clone, Default)]
struct Client {
    table: BTreeMap<u32, ([u8; 16], Vec<u64>)>,
    generation: u64,
}

fn wanted(client: usize) -> Mask {
    Fields::of(IDENTITY.chain(WANTED[client].iter().copied())).into()
}

fn shown(client: usize, values: &Values, names: bool) -> Vec<u64> {
    let value = |&field: &usize| if field == place::NAME && !names { 0 } else { values[field] };
    WANTED[client].iter().map(value).collect()
}

/// Asks, and does with the answer what the documentation says. Whom it was told of, and whether that was all.
fn ask(ledger: &mut Ledger, host: &Host, client: &mut Client, number: usize, names: bool) -> (Vec<u32>, bool) {
    ledger.meet(host.0.iter().map(|(&domid, &(uuid, _))| (domid, uuid)));
    let full = !ledger.knows(client.generation);
    if full {
        client.table.clear();
    } else {
        for (domid, uuid) in ledger.gone_since(client.generation) {
            if client.table.get(&domid).is_some_and(|known| known.0 == uuid) {
                client.table.remove(&domid);
            }
        }
    }
    let (mut told, mut noted) = (Vec::new(), wanted(number));
    noted.0[place::NAME] &= if names { u64::MAX } else { 0 };
    for (at, (&domid, (uuid, values))) in host.0.iter().enumerate() {
        ledger.note(at, &noted, values);
        if full || ledger.has_changed(at, &wanted(number), client.generation) {
            client.table.insert(domid, (*uuid, shown(number, values, names)));
            if WANTED[number].contains(&place::NAME) && !names {
                ledger.forget(at, place::NAME);
            }
            told.push(domid);
        }
    }
    let generation = ledger.settle();
    assert!(generation >= client.generation || full);
    client.generation = generation;
    (told, full)
}

fn happen(host: &mut Host, event: &Event) {
    match *event {
        Event::Come(domid, uuid) => {
            let mut values = [0; FIELDS.len()];
            values[place::NAME] = FIRST_NAME;
            host.0.insert(domid, ([uuid; 16], values));
        }
        Event::Go(domid) => drop(host.0.remove(&domid)),
        Event::Set(domid, field, value) => {
            if let Some((_, values)) = host.0.get_mut(&domid) {
                values[field] = value + if field == place::NAME { FIRST_NAME } else { 0 };
            }
        }
        Event::Ask(..) => {}
    }
}

proptest! {
    #[test]
    fn whoever_applies_what_they_are_told_has_what_there_is(events in prop::collection::vec(event(), 0..200)) {
        let (mut ledger, mut host) = (Ledger::new(RANDOM), Host::default());
        let mut clients = vec![Client::default(); WANTED.len()];
        for event in &events {
            happen(&mut host, event);
            if let Event::Ask(number, names) = *event {
                let (_, full) = ask(&mut ledger, &host, &mut clients[number], number, names);
                let shown = |values| shown(number, values, true);
                let mut table: BTreeMap<_, _> =
                    host.0.iter().map(|(&domid, (uuid, values))| (domid, (*uuid, shown(values)))).collect();
                if !names && let Some(name) = WANTED[number].iter().position(|&field| field == place::NAME) {
                    // An older one, or none.
                    table.iter_mut().for_each(|(domid, known)| known.1[name] = clients[number].table[domid].1[name]);
                }
                prop_assert_eq!(&clients[number].table, &table);
                // Another question at once: nothing has changed, and nothing is told.
                let again = ask(&mut ledger, &host, &mut clients[number], number, names);
                prop_assert_eq!(again, (Vec::new(), false), "after {} of {:?}", full, event);
            }
        }
    }

    /// Of a domain whose fields are as they were, nothing is told, as long as nobody else asks.
    #[test]
    fn one_client_is_told_of_changes_alone(events in prop::collection::vec(event(), 0..200)) {
        let (mut ledger, mut host, mut client) = (Ledger::new(RANDOM), Host::default(), Client::default());
        for event in &events {
            happen(&mut host, event);
            if let Event::Ask(..) = event {
                let before = client.table.clone();
                let (told, full) = ask(&mut ledger, &host, &mut client, 1, true);
                let same = told.iter().filter(|&domid| before.get(domid) == client.table.get(domid)).count();
                prop_assert!(full || same == 0, "{told:?} of {before:?}");
            }
        }
    }
}

fn who(domid: u32) -> Identity {
    (domid, [7; 16])
}

#[test]
fn a_generation_of_nobodys_is_not_known() {
    let mut ledger = Ledger::new(RANDOM);
    ledger.meet([who(1)]);
    let first = ledger.settle();
    assert_eq!(first, START + 1);
    for (since, known) in [(0, false), (START - 1, false), (START, true), (first, true), (first + 1, false)] {
        assert_eq!(ledger.knows(since), known, "{since}");
    }
    assert!(!ledger.knows(u64::MAX));
}

/// `STATS_GONE_MAX` domains at the bound, and one past it.
#[test]
fn who_has_gone_too_long_ago_is_forgotten_and_that_is_said() {
    let mut ledger = Ledger::new(RANDOM);
    let many = u32::try_from(STATS_GONE_MAX).unwrap();
    ledger.meet((0..=many).map(who));
    let all_there = ledger.settle();
    ledger.meet([who(0)]);
    let gone = ledger.settle();
    assert!(ledger.knows(all_there));
    assert_eq!(ledger.gone_since(all_there).count(), STATS_GONE_MAX);
    ledger.meet([]);
    let last = ledger.settle();
    assert!(!ledger.knows(all_there), "one has been forgotten");
    assert!(ledger.knows(gone) && ledger.knows(last));
    assert_eq!(ledger.gone_since(gone).collect::<Vec<_>>(), [who(0)]);
    assert_eq!(ledger.gone.len(), STATS_GONE_MAX);
}

/// More at once than are remembered: whoever had them all cannot be told of the rest.
#[test]
fn a_host_whose_domains_all_go_at_once_is_told_in_full() {
    let mut ledger = Ledger::new(RANDOM);
    ledger.meet((0..2 * u32::try_from(STATS_GONE_MAX).unwrap()).map(who));
    let all_there = ledger.settle();
    ledger.meet([]);
    assert!(!ledger.knows(all_there));
    let none = ledger.settle();
    assert!(ledger.knows(none));
}

/// A double holds whole numbers up to 2^53.
#[test]
fn generations_begin_where_a_double_can_count_them() {
    for (random, start) in [(0, 1), (u64::MAX, (1 << 51) - 1), (RANDOM, START)] {
        let mut ledger = Ledger::new(random);
        assert_eq!(ledger.settle(), start);
        assert!(ledger.knows(start) && !ledger.knows(0));
    }
}
