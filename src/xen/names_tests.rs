//! Names, told by a xenstored that is played here, word by word.

use proptest::prelude::*;

use super::*;

#[path = "reading_tests.rs"]
mod readings;

/// What xenstored sends: a reply or an event.
fn message(kind: u32, request: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    let mut bytes = [kind, request, 0, length].map(u32::to_ne_bytes).concat();
    bytes.extend_from_slice(payload);
    bytes
}

fn fired(token: &str) -> Vec<u8> {
    message(XS_WATCH_EVENT, 0, format!("/some/path\0{token}\0").as_bytes())
}

/// What has been asked since the last time: kind, number, strings.
fn asked(names: &mut Names) -> Vec<(u32, u32, String)> {
    let (mut at, mut asked) = (0, Vec::new());
    while let Some((message, length)) = wire::parse(&names.output[at..]).unwrap() {
        asked.push((message.kind, message.request, String::from_utf8(message.payload.to_vec()).unwrap()));
        at += length;
    }
    names.output.clear();
    asked
}

fn hear(names: &mut Names, bytes: &[u8]) {
    assert_eq!(names.hear(bytes), Ok(bytes.len()));
}

/// A domain: its number, its uuid by the hypervisor, what xenstore holds of its name and uuid.
#[derive(Debug, Clone, Copy)]
struct Held {
    domid: u16,
    listed: u8,
    name: &'static str,
    vm: Option<u8>,
}

/// As it is when libxl has made it: both know the same uuid.
const fn made(domid: u16, uuid: u8, name: &'static str) -> Held {
    Held { domid, listed: uuid, name, vm: Some(uuid) }
}

fn uuid_text(byte: u8) -> String {
    let digits = |bytes: usize| format!("{byte:02x}").repeat(bytes);
    [4, 2, 2, 2, 6].map(digits).join("-")
}

/// What xenstored says to a request, if all goes well.
fn answer(kind: u32, request: u32, strings: &str, store: &[Held]) -> Vec<Vec<u8>> {
    let path = strings.split('\0').next().unwrap();
    let held = |what| store.iter().find(|held| path == node(held.domid, what));
    let value = match kind {
        XS_READ => {
            let name = held("name").map(|held| held.name.to_owned()).filter(|name| !name.is_empty());
            let vm = held("vm").and_then(|held| held.vm).map(|uuid| format!("/vm/{}", uuid_text(uuid)));
            match name.or(vm) {
                Some(value) => value,
                None => return vec![message(XS_ERROR, request, b"ENOENT\0")],
            }
        }
        XS_TRANSACTION_START => "77\0".to_owned(),
        _ => "OK\0".to_owned(),
    };
    let answer = message(kind, request, value.as_bytes());
    if kind == XS_WATCH { vec![answer, fired(strings.split('\0').nth(1).unwrap())] } else { vec![answer] }
}

/// Answers everything that is asked, until nothing is.
fn settle(names: &mut Names, store: &[Held]) {
    loop {
        if names.are_stale() {
            names.relist(store.iter().map(|held| (held.domid, [held.listed; 16])));
        }
        let asked = asked(names);
        if asked.is_empty() {
            return;
        }
        for (kind, request, strings) in asked {
            answer(kind, request, &strings, store).iter().for_each(|answer| hear(names, answer));
        }
    }
}

fn known(store: &[Held]) -> Names {
    let mut names = Names::default();
    names.begin();
    settle(&mut names, store);
    assert!(names.are_settled());
    names
}

/// What a domain is called, and the byte that its uuid is made of.
fn name(names: &Names, domid: u32) -> Option<(&CStr, u8)> {
    names.called(domid).and_then(|called| Some((called.name.as_deref()?, called.uuid[0])))
}

fn domain(names: &Names, name: &CStr) -> Option<(u32, u8)> {
    names.domain(name).map(|(domid, uuid)| (domid, uuid[0]))
}

const DOM0: Held = Held { domid: 0, listed: 0, name: "Domain-0", vm: None };

#[test]
fn names_are_known_both_ways_when_everything_is_answered() {
    let names = known(&[DOM0, made(5, 1, "web"), made(9, 2, ""), made(7, 3, "web")]);
    assert_eq!((name(&names, 0), name(&names, 5)), (Some((c"Domain-0", 0)), Some((c"web", 1))));
    assert_eq!((name(&names, 9), name(&names, 1), name(&names, 65541)), (None, None, None));
    assert_eq!(domain(&names, c"Domain-0"), Some((0, 0)));
    assert_eq!(domain(&names, c"web"), Some((5, 1)), "the first of two");
    assert_eq!((domain(&names, c""), domain(&names, c"nobody")), (None, None));
}

#[test]
fn nothing_is_known_while_something_is_unanswered_or_unheard() {
    let mut names = known(&[DOM0]);
    names.unsettle();
    assert_eq!((name(&names, 0), domain(&names, c"Domain-0")), (None, None));
    settle(&mut names, &[DOM0]);
    assert_eq!(name(&names, 0), Some((c"Domain-0", 0)));
    names.unheard = true;
    assert_eq!(name(&names, 0), None);
    names.unheard = false;
    hear(&mut names, &fired(COMINGS));
    assert_eq!(name(&names, 0), None, "who knows which domain that is now");
}

fn settle_reading(names: &mut Names, domid: u32, name: &[u8]) {
    begin_reading(names, domid);
    asked(names);
    end_reading(names, domid, name);
}

fn begin_reading(names: &mut Names, domid: u32) {
    hear(names, &message(XS_TRANSACTION_START, asked::START | domid, b"1\0"));
    asked(names);
}

fn end_reading(names: &mut Names, domid: u32, name: &[u8]) {
    hear(names, &message(XS_READ, asked::NAME | domid, name));
    hear(names, &message(XS_ERROR, asked::VM | domid, b"ENOENT\0"));
    hear(names, &message(XS_TRANSACTION_END, asked::END | domid, b"OK\0"));
}

/// The order in which xenstored sends what a change of ours has fired and what we asked after it.
#[test]
fn names_are_past_a_change_when_they_are_settled_after_it() {
    let mut names = known(&[made(5, 1, "old")]);
    names.unsettle();
    assert_eq!(asked(&mut names), [(XS_GET_DOMAIN_PATH, asked::PASS, "0\0".to_owned())]);
    hear(&mut names, &fired("5"));
    hear(&mut names, &message(XS_GET_DOMAIN_PATH, asked::PASS, b"/local/domain/0\0"));
    assert_eq!(name(&names, 5), None, "it has not been read");
    settle(&mut names, &[made(5, 1, "new")]);
    assert_eq!(name(&names, 5), Some((c"new", 1)));
    assert_eq!((domain(&names, c"new"), domain(&names, c"old")), (Some((5, 1)), None));
}

/// While xenstored is silent, changes that do not need it may be many.
#[test]
fn many_changes_ask_for_two_signs() {
    let mut names = known(&[made(5, 1, "five")]);
    (0..1000).for_each(|_| names.unsettle());
    assert_eq!(asked(&mut names).len(), 1);
    hear(&mut names, &message(XS_GET_DOMAIN_PATH, asked::PASS, b"/local/domain/0\0"));
    assert!(!names.are_settled(), "the first sign came before the last change");
    settle(&mut names, &[made(5, 1, "five")]);
    assert_eq!(name(&names, 5), Some((c"five", 1)));
}

#[test]
fn names_that_nobody_keeps_are_not_settled() {
    assert!(!Names::default().are_settled());
}

/// Of a xenstored that answers nothing, and only talks, nothing is kept.
#[test]
fn what_is_not_taken_has_a_bound() {
    let store: Vec<Held> = (0..0x7ff0).map(|domid| made(domid, 1, "web")).collect();
    let mut names = Names::default();
    names.begin();
    names.relist(store.iter().map(|held| (held.domid, [1; 16])));
    assert!(!names.has_too_much_to_say(), "as many domains as Xen can have");
    (0..0x7ff0).for_each(|domid: u16| hear(&mut names, &fired(&domid.to_string())));
    (0..0x7ff0).for_each(|domid: u16| hear(&mut names, &fired(&domid.to_string())));
    assert!(names.output.len() < XENSTORE_UNSENT_BYTES_MAX, "{}", names.output.len());
    for _ in 0..2 {
        names.relist([]);
        names.relist(store.iter().map(|held| (held.domid, [1; 16])));
    }
    assert!(names.has_too_much_to_say());
}

#[test]
fn a_number_that_is_used_again_has_the_new_domains_name() {
    let mut names = known(&[made(5, 1, "first"), made(6, 2, "other")]);
    hear(&mut names, &fired(COMINGS));
    settle(&mut names, &[made(6, 2, "other")]);
    assert_eq!((name(&names, 5), domain(&names, c"first")), (None, None));
    // Late words about it do no harm.
    hear(&mut names, &fired("5"));
    assert!(names.are_settled());
    hear(&mut names, &fired(COMINGS));
    settle(&mut names, &[made(5, 3, "second"), made(6, 2, "other")]);
    assert_eq!((name(&names, 5), domain(&names, c"second")), (Some((c"second", 3)), Some((5, 3))));
}

/// Both while we were not told: there was never a list without a domain of that number.
#[test]
fn a_domain_in_anothers_place_is_not_mistaken_for_it() {
    let mut names = known(&[made(5, 1, "web")]);
    // Who asks for the new one's name by its uuid sees that this is not it.
    assert_eq!(name(&names, 5), Some((c"web", 1)));
    hear(&mut names, &fired(COMINGS));
    settle(&mut names, &[made(5, 2, "web")]);
    assert_eq!((name(&names, 5), domain(&names, c"web")), (Some((c"web", 2)), Some((5, 2))));
    // One whose uuid only the hypervisor tells is read again when that is another.
    let mut names = known(&[Held { vm: None, ..made(5, 1, "web") }]);
    hear(&mut names, &fired(COMINGS));
    names.relist([(5, [2; 16])]);
    assert_eq!(asked(&mut names), [(XS_TRANSACTION_START, asked::START | 5, "\0".to_owned())]);
    settle_reading(&mut names, 5, b"db");
    assert_eq!((name(&names, 5), domain(&names, c"web")), (Some((c"db", 2)), None));
}

/// `libxl_domain_preserve` gives a domain another uuid in xenstore alone.
#[test]
fn a_name_is_of_the_uuid_that_xenstore_gives_it() {
    let names = known(&[Held { listed: 1, ..made(5, 9, "kept") }]);
    assert_eq!((name(&names, 5), domain(&names, c"kept")), (Some((c"kept", 9)), Some((5, 9))));
}

/// A name that nobody watches could go stale; a watch too many could not.
#[test]
fn a_xenstored_that_sets_up_no_watch_is_of_no_use() {
    let mut names = known(&[DOM0]);
    hear(&mut names, &fired(COMINGS));
    names.relist([]);
    let unwatch = asked(&mut names).pop().unwrap();
    hear(&mut names, &message(XS_ERROR, unwatch.1, b"ENOENT\0"));
    assert!(names.are_settled());
    names.relist([(5, [1; 16])]);
    let watch = asked(&mut names).remove(0);
    assert_eq!(names.hear(&message(XS_ERROR, watch.1, b"E2BIG\0")), Err(Useless::Unwatched));
    let mut names = Names::default();
    names.begin();
    let watch = asked(&mut names).pop().unwrap();
    assert_eq!(names.hear(&message(XS_ERROR, watch.1, b"ENOMEM\0")), Err(Useless::Unwatched));
    assert_eq!(names.hear(&message(XS_READ, watch.1, b"OK\0")), Err(Useless::Malformed));
}

#[test]
fn each_domain_is_watched_once_and_no_longer_than_it_is_there() {
    let mut names = known(&[made(5, 1, "five")]);
    hear(&mut names, &fired(COMINGS));
    names.relist([(5, [1; 16]), (6, [2; 16])]);
    assert_eq!(asked(&mut names)[0], (XS_WATCH, asked::WATCH, format!("{}\x006\0", node(6, "name"))));
    names.relist([(6, [2; 16])]);
    assert_eq!(asked(&mut names), [(XS_UNWATCH, asked::UNWATCH, format!("{}\x005\0", node(5, "name")))]);
}

#[test]
fn what_no_xenstored_says_is_refused() {
    for words in [
        message(XS_READ, asked::NAME, b"an answer without a question"),
        message(XS_WATCH_EVENT, 0, b"no token"),
        message(XS_WATCH_EVENT, 0, b"/path\0no number\0"),
        message(XS_WATCH_EVENT, 0, b"/path\0\xff\0"),
    ] {
        assert_eq!(known(&[DOM0]).hear(&words), Err(Useless::Malformed));
    }
    for words in [
        message(XS_TRANSACTION_START, asked::START, b"no number\0"),
        message(XS_READ, asked::START, b"7\0"),
        message(XS_TRANSACTION_START, asked::START | 5, b"7\0"),
        message(XS_READ, 99 << 16, b"x"),
    ] {
        let mut names = known(&[DOM0]);
        hear(&mut names, &fired("0"));
        assert_eq!(names.hear(&words), Err(Useless::Malformed));
    }
    // A name may be any bytes: C sees those before the first NUL.
    let mut names = known(&[DOM0]);
    hear(&mut names, &fired("0"));
    settle_reading(&mut names, 0, b"\xff\xfe\0rest");
    assert_eq!(name(&names, 0).map(|(name, _)| name.to_bytes()), Some(&b"\xff\xfe"[..]));
}

/// What xenstored may say: mostly something that is an answer, or nearly one.
fn word() -> impl Strategy<Value = Vec<u8>> {
    let kinds = vec![XS_READ, XS_ERROR, XS_WATCH, XS_UNWATCH, XS_TRANSACTION_START, XS_TRANSACTION_END];
    let texts = vec!["OK\0", "ENOENT\0", "EAGAIN\0", "7\0", "web", ""];
    let answer = (prop::sample::select(kinds), 0_u32..9, 0_u32..4, prop::sample::select(texts));
    prop_oneof![
        2 => answer.prop_map(|(kind, asked, domid, text)| message(kind, asked << 16 | domid, text.as_bytes())),
        2 => prop::sample::select(vec!["0", "1", "2", "3", COMINGS]).prop_map(fired),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| message(XS_READ, asked::NAME, &bytes)),
    ]
}

/// What happens.
#[derive(Debug, Clone)]
enum Event {
    /// xenstored answers so many of the requests that it has, as it should, in these pieces.
    Answers(usize, usize),
    /// It says something else.
    Says(Vec<u8>),
    /// These domains are there, with such uuids.
    Relist(Vec<(u16, u8)>),
    /// A change has been made.
    Unsettle,
}

fn event() -> impl Strategy<Value = Event> {
    let domains = prop::collection::btree_map(0_u16..200, 0_u8..3, 0..100);
    prop_oneof![
        6 => (1_usize..100, 1_usize..50).prop_map(|(count, piece)| Event::Answers(count, piece)),
        1 => word().prop_map(Event::Says),
        2 => domains.prop_map(|domains| Event::Relist(domains.into_iter().collect())),
        1 => Just(Event::Unsettle),
    ]
}

proptest! {
    /// Whatever is said, in any pieces, and whatever happens meanwhile: never a panic, no more readings than there may
    /// be, and no more requests than what has happened accounts for. When all is answered as it should be, names are
    /// known.
    #[test]
    fn whatever_xenstored_says_is_heard_or_refused(events in prop::collection::vec(event(), 0..60)) {
        let mut names = Names::default();
        names.begin();
        let (mut owed, mut input, mut there) = (Vec::<(u32, u32, String)>::new(), Vec::new(), Vec::new());
        let mut is_sane = true;
        for event in events {
            let (mut said, mut piece) = (Vec::new(), usize::MAX);
            match event {
                Event::Answers(count, length) => {
                    piece = length;
                    for (kind, request, strings) in owed.drain(..count.min(owed.len())).collect::<Vec<_>>() {
                        answer(kind, request, &strings, &there).into_iter().for_each(|bytes| said.extend(bytes));
                    }
                }
                Event::Says(words) => {
                    is_sane &= words[..4] == XS_WATCH_EVENT.to_ne_bytes();
                    said = words;
                }
                Event::Relist(domains) => {
                    there = domains.iter().map(|&(domid, uuid)| made(domid, uuid, "web")).collect();
                    names.relist(domains.into_iter().map(|(domid, uuid)| (domid, [uuid; 16])));
                }
                Event::Unsettle => names.unsettle(),
            }
            for bytes in said.chunks(piece.min(said.len()).max(1)) {
                input.extend_from_slice(bytes);
                match names.hear(&input) {
                    Ok(heard) => drop(input.drain(..heard)),
                    // The connection is lost.
                    Err(_) => {
                        prop_assert!(!is_sane);
                        return Ok(());
                    }
                }
                prop_assert!(names.readings.len() <= XENSTORE_READS_MAX);
            }
            let asked = asked(&mut names);
            // Two watches and an end of one for each number, or three requests for each that is read.
            prop_assert!(asked.len() <= 2 + 3 * 200 + 4 * XENSTORE_READS_MAX, "{}", asked.len());
            owed.extend(asked);
            prop_assert!(!is_sane || names.unanswered == owed.len());
        }
        if is_sane {
            names.stale = true;
            for (kind, request, strings) in owed {
                answer(kind, request, &strings, &there).iter().for_each(|bytes| hear(&mut names, bytes));
            }
            settle(&mut names, &there);
            prop_assert!(names.are_settled());
            for held in there {
                prop_assert_eq!(name(&names, held.domid.into()), Some((c"web", held.listed)));
            }
        }
    }
}
