//! Names, told by a xenstored that is played here, word by word.

use proptest::prelude::*;

use super::*;

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
    names.called(domid).map(|called| (&*called.name, called.uuid[0]))
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

/// What is asked to read a name, and in which transaction.
#[test]
fn name_and_uuid_are_read_in_one_transaction() {
    let mut names = known(&[made(5, 1, "web")]);
    hear(&mut names, &fired("5"));
    assert_eq!(asked(&mut names), [(XS_TRANSACTION_START, asked::START | 5, "\0".to_owned())]);
    hear(&mut names, &message(XS_TRANSACTION_START, asked::START | 5, b"1234\0"));
    let words = |at: usize, bytes: &[u8]| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
    let (mut at, mut transactions) = (0, Vec::new());
    while let Some((_, length)) = wire::parse(&names.output[at..]).unwrap() {
        transactions.push(words(at + 8, &names.output));
        at += length;
    }
    assert_eq!(transactions, [1234; 3]);
    let in_it = [(XS_READ, node(5, "name")), (XS_READ, node(5, "vm")), (XS_TRANSACTION_END, "T".to_owned())];
    let all = asked(&mut names);
    assert_eq!(
        all.iter().map(|(kind, _, text)| (*kind, text.trim_end_matches('\0').to_owned())).collect::<Vec<_>>(),
        in_it
    );
}

/// So it is when others' changes come in between.
#[test]
fn a_transaction_that_others_have_disturbed_is_made_again_but_not_for_ever() {
    let mut names = known(&[made(5, 1, "web")]);
    hear(&mut names, &fired("5"));
    let mut tries = 0;
    while let Some((XS_TRANSACTION_START, ..)) = asked(&mut names).first() {
        tries += 1;
        hear(&mut names, &message(XS_TRANSACTION_START, asked::START | 5, b"1\0"));
        assert_eq!(asked(&mut names).len(), 3);
        hear(&mut names, &message(XS_READ, asked::NAME | 5, b"web"));
        hear(&mut names, &message(XS_ERROR, asked::VM | 5, b"ENOENT\0"));
        hear(&mut names, &message(XS_ERROR, asked::END | 5, b"EAGAIN\0"));
    }
    assert_eq!(tries, XENSTORE_READ_TRIES_MAX);
    assert!(names.are_settled());
    assert_eq!((name(&names, 5), domain(&names, c"web")), (None, None));
    hear(&mut names, &fired("5"));
    settle(&mut names, &[made(5, 1, "web")]);
    assert_eq!(name(&names, 5), Some((c"web", 1)));
}

#[test]
fn so_many_names_are_read_at_a_time() {
    let store: Vec<Held> = (0..1000).map(|domid| made(domid, 1, "web")).collect();
    let mut names = Names::default();
    names.begin();
    asked(&mut names);
    (0..2).for_each(|_| hear(&mut names, &message(XS_WATCH, asked::OTHER, b"OK\0")));
    names.relist(store.iter().map(|held| (held.domid, [1; 16])));
    let begun = asked(&mut names);
    assert_eq!(begun.len(), 1000 + XENSTORE_READS_MAX);
    assert!(begun[1000..].iter().all(|asked| asked.0 == XS_TRANSACTION_START));
    (0..1000).for_each(|domid: u16| hear(&mut names, &fired(&domid.to_string())));
    assert_eq!(asked(&mut names), []);
    // Each that ends makes room for one.
    hear(&mut names, &message(XS_ERROR, asked::START, b"ENOSPC\0"));
    assert_eq!(asked(&mut names), [(XS_TRANSACTION_START, asked::START | 64, "\0".to_owned())]);
}

/// What is read of a name that changes meanwhile is not good enough.
#[test]
fn a_name_that_changes_while_it_is_read_is_read_again() {
    let mut names = known(&[made(5, 1, "old")]);
    hear(&mut names, &fired("5"));
    asked(&mut names);
    begin_reading(&mut names, 5);
    hear(&mut names, &fired("5"));
    assert_eq!(asked(&mut names), [], "one at a time");
    end_reading(&mut names, 5, b"older");
    assert_eq!(name(&names, 5), None);
    settle(&mut names, &[made(5, 1, "new")]);
    assert_eq!((name(&names, 5), domain(&names, c"older")), (Some((c"new", 1)), None));
}

/// xenstored sends what a change has fired before it answers what was asked after that.
#[test]
fn what_is_heard_before_a_reading_begins_is_in_it() {
    let mut names = known(&[made(5, 1, "old")]);
    (0..3).for_each(|_| hear(&mut names, &fired("5")));
    assert_eq!(asked(&mut names).len(), 1);
    settle_reading(&mut names, 5, b"new");
    assert_eq!(name(&names, 5), Some((c"new", 1)), "and it is not read again");
}

/// Both are different messages.
#[test]
fn a_new_domains_name_is_not_known_between_its_watch_and_the_first_event() {
    let mut names = known(&[]);
    hear(&mut names, &fired(COMINGS));
    names.relist([(5, [1; 16])]);
    let asked = asked(&mut names);
    assert_eq!(asked.iter().map(|asked| asked.0).collect::<Vec<_>>(), [XS_WATCH, XS_TRANSACTION_START]);
    hear(&mut names, &message(XS_WATCH, asked[0].1, b"OK\0"));
    assert!(!names.are_settled(), "it is being read");
    settle_reading(&mut names, 5, b"web");
    assert_eq!(name(&names, 5), Some((c"web", 1)));
    hear(&mut names, &fired("5"));
    assert!(!names.are_settled(), "who knows what it was that happened");
    settle(&mut names, &[made(5, 1, "web")]);
    assert_eq!(name(&names, 5), Some((c"web", 1)));
}

/// What is being read of the domain that had the number is no name of the next.
#[test]
fn a_reading_is_of_no_use_when_its_domain_has_gone_meanwhile() {
    for begun in [false, true] {
        let mut names = known(&[Held { vm: None, ..made(5, 1, "first") }]);
        hear(&mut names, &fired("5"));
        if begun {
            begin_reading(&mut names, 5);
        }
        names.relist([]);
        names.relist([(5, [2; 16])]);
        if !begun {
            begin_reading(&mut names, 5);
        }
        asked(&mut names);
        end_reading(&mut names, 5, b"first");
        (0..2).for_each(|_| hear(&mut names, &message(XS_WATCH, asked::OTHER, b"OK\0")));
        assert_eq!((name(&names, 5), domain(&names, c"first")), (None, None));
        assert!(!names.are_settled());
        settle(&mut names, &[Held { vm: None, ..made(5, 2, "second") }]);
        assert_eq!(name(&names, 5), Some((c"second", 2)));
    }
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

#[test]
fn the_uuid_of_a_name_is_read_as_libxl_writes_it() {
    let good = "/vm/01234567-89ab-CDEF-0123-456789abcdef";
    let bytes = [1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
    assert_eq!(uuid(good.as_bytes()), Some(bytes));
    for other in
        ["", "/vm/", &good[4..], &good[..39], &format!("{good}-1"), &good.replace('-', "0"), &good.replace('8', "x")]
    {
        assert_eq!(uuid(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn each_domain_is_watched_once_and_no_longer_than_it_is_there() {
    let mut names = known(&[made(5, 1, "five")]);
    hear(&mut names, &fired(COMINGS));
    names.relist([(5, [1; 16]), (6, [2; 16])]);
    assert_eq!(asked(&mut names)[0], (XS_WATCH, asked::OTHER, format!("{}\x006\0", node(6, "name"))));
    names.relist([(6, [2; 16])]);
    assert_eq!(asked(&mut names), [(XS_UNWATCH, asked::OTHER, format!("{}\x005\0", node(5, "name")))]);
}

/// The transaction of a domain that goes meanwhile comes to its end all the same.
#[test]
fn no_transaction_is_left_open() {
    let mut names = known(&[made(5, 1, "five")]);
    hear(&mut names, &fired("5"));
    hear(&mut names, &fired(COMINGS));
    names.relist([]);
    asked(&mut names);
    hear(&mut names, &message(XS_TRANSACTION_START, asked::START | 5, b"1\0"));
    let last = asked(&mut names).pop().unwrap();
    assert_eq!(last, (XS_TRANSACTION_END, asked::END | 5, "T\0".to_owned()));
}

#[test]
fn what_no_xenstored_says_is_refused() {
    for words in [
        message(XS_READ, asked::NAME, b"an answer without a question"),
        message(XS_WATCH_EVENT, 0, b"no token"),
        message(XS_WATCH_EVENT, 0, b"/path\0no number\0"),
        message(XS_WATCH_EVENT, 0, b"/path\0\xff\0"),
    ] {
        assert_eq!(known(&[DOM0]).hear(&words), Err(Malformed));
    }
    for words in [
        message(XS_TRANSACTION_START, asked::START, b"no number\0"),
        message(XS_READ, asked::START, b"7\0"),
        message(XS_TRANSACTION_START, asked::START | 5, b"7\0"),
        message(XS_READ, 99 << 16, b"x"),
    ] {
        let mut names = known(&[DOM0]);
        hear(&mut names, &fired("0"));
        assert_eq!(names.hear(&words), Err(Malformed));
    }
    // A name may be any bytes: C sees those before the first NUL.
    let mut names = known(&[DOM0]);
    hear(&mut names, &fired("0"));
    settle_reading(&mut names, 0, b"\xff\xfe\0rest");
    assert_eq!(names.called(0).map(|called| called.name.to_bytes()), Some(&b"\xff\xfe"[..]));
}

proptest! {
    /// Any bytes, in any pieces: never a panic, and what was asked stays in bounds.
    #[test]
    fn any_bytes_are_heard_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400), kinds in any::<u64>()) {
        let mut names = known(&[DOM0, made(5, 1, "web")]);
        let _ = names.hear(&bytes);
        names.read(5);
        names.begin_reading();
        let kind = [XS_READ, XS_ERROR, XS_WATCH_EVENT, XS_TRANSACTION_START, XS_TRANSACTION_END][(kinds % 5) as usize];
        let request = ((kinds >> 8) % 8) as u32;
        let _ = names.hear(&message(kind, request << 16 | 5, &bytes));
        prop_assert!(names.output.len() < 4096);
    }
}
