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

/// Answers everything that is asked, with these names, until nothing is.
fn settle(names: &mut Names, store: &[(u16, &str)]) {
    loop {
        if names.are_stale() {
            names.relist(store.iter().map(|(domid, _)| *domid));
        }
        let asked = asked(names);
        if asked.is_empty() {
            return;
        }
        for (kind, request, strings) in asked {
            let value = store.iter().find(|(domid, _)| strings == format!("{}\0", node(*domid)));
            match (kind, value) {
                (XS_READ, Some((_, name))) if !name.is_empty() => {
                    hear(names, &message(XS_READ, request, name.as_bytes()));
                }
                (XS_READ, _) => hear(names, &message(XS_ERROR, request, b"ENOENT\0")),
                (XS_WATCH, _) => {
                    hear(names, &message(XS_WATCH, request, b"OK\0"));
                    hear(names, &fired(strings.split('\0').nth(1).unwrap()));
                }
                _ => hear(names, &message(kind, request, b"OK\0")),
            }
        }
    }
}

fn known(store: &[(u16, &str)]) -> Names {
    let mut names = Names::default();
    names.begin();
    settle(&mut names, store);
    assert!(names.are_settled());
    names
}

#[test]
fn names_are_known_both_ways_when_everything_is_answered() {
    let names = known(&[(0, "Domain-0"), (5, "web"), (9, ""), (7, "web")]);
    assert_eq!((names.name(0), names.name(5)), (Some(c"Domain-0"), Some(c"web")));
    assert_eq!((names.name(9), names.name(1), names.name(65541)), (None, None, None));
    assert_eq!((names.domid(c"Domain-0"), names.domid(c"web")), (Some(0), Some(5)), "the first of two");
    assert_eq!((names.domid(c""), names.domid(c"nobody")), (None, None));
}

#[test]
fn nothing_is_known_while_something_is_unanswered() {
    let mut names = known(&[(0, "Domain-0")]);
    names.unsettle();
    assert_eq!((names.name(0), names.domid(c"Domain-0")), (None, None));
    settle(&mut names, &[(0, "Domain-0")]);
    assert_eq!(names.name(0), Some(c"Domain-0"));
    hear(&mut names, &fired(COMINGS));
    assert_eq!(names.name(0), None, "who knows which domain that is now");
}

/// The order in which xenstored sends what a change of ours has fired and what we asked after it.
#[test]
fn names_are_past_a_change_when_they_are_settled_after_it() {
    let mut names = known(&[(5, "old")]);
    names.unsettle();
    assert_eq!(asked(&mut names), [(XS_GET_DOMAIN_PATH, PASSES, "0\0".to_owned())]);
    hear(&mut names, &fired("5"));
    hear(&mut names, &message(XS_GET_DOMAIN_PATH, PASSES, b"/local/domain/0\0"));
    assert_eq!(names.name(5), None, "it has not been read");
    settle(&mut names, &[(5, "new")]);
    assert_eq!((names.name(5), names.domid(c"new"), names.domid(c"old")), (Some(c"new"), Some(5), None));
}

/// While xenstored is silent, changes that do not need it may be many.
#[test]
fn many_changes_ask_for_two_signs() {
    let mut names = known(&[(5, "five")]);
    (0..1000).for_each(|_| names.unsettle());
    assert_eq!(asked(&mut names).len(), 1);
    hear(&mut names, &message(XS_GET_DOMAIN_PATH, PASSES, b"/local/domain/0\0"));
    assert!(!names.are_settled(), "the first sign came before the last change");
    settle(&mut names, &[(5, "five")]);
    assert_eq!(names.name(5), Some(c"five"));
}

#[test]
fn names_that_nobody_keeps_are_not_settled() {
    assert!(!Names::default().are_settled());
}

#[test]
fn what_is_not_taken_has_a_bound() {
    let mut names = known(&[(5, "five")]);
    let event = fired("5");
    let mut heard = 0;
    while !names.has_too_much_to_say() {
        assert!(names.output.len() <= XENSTORE_UNSENT_BYTES_MAX, "{heard}");
        heard += names.hear(&event).unwrap();
    }
    assert!(names.output.len() < XENSTORE_UNSENT_BYTES_MAX + 100, "{heard}");
}

#[test]
fn a_number_that_is_used_again_has_the_new_domains_name() {
    let mut names = known(&[(5, "first"), (6, "other")]);
    hear(&mut names, &fired(COMINGS));
    settle(&mut names, &[(6, "other")]);
    assert_eq!((names.name(5), names.domid(c"first")), (None, None));
    // Late words about it do no harm.
    hear(&mut names, &fired("5"));
    assert!(names.are_settled());
    hear(&mut names, &fired(COMINGS));
    settle(&mut names, &[(5, "second"), (6, "other")]);
    assert_eq!((names.name(5), names.domid(c"second")), (Some(c"second"), Some(5)));
}

#[test]
fn each_domain_is_watched_once_and_no_longer_than_it_is_there() {
    let mut names = known(&[(5, "five")]);
    hear(&mut names, &fired(COMINGS));
    names.relist([5, 6]);
    assert_eq!(asked(&mut names), [(XS_WATCH, OTHER, format!("{}\x006\0", node(6)))]);
    names.relist([6]);
    assert_eq!(asked(&mut names), [(XS_UNWATCH, OTHER, format!("{}\x005\0", node(5)))]);
}

#[test]
fn what_no_xenstored_says_is_refused() {
    for words in [
        message(XS_READ, READS, b"an answer without a question"),
        message(XS_WATCH_EVENT, 0, b"no token"),
        message(XS_WATCH_EVENT, 0, b"/path\0no number\0"),
        message(XS_WATCH_EVENT, 0, b"/path\0\xff\0"),
    ] {
        assert_eq!(known(&[(0, "Domain-0")]).hear(&words), Err(Malformed));
    }
    // A name may be any bytes: C sees those before the first NUL.
    let mut names = known(&[(0, "Domain-0")]);
    hear(&mut names, &fired("0"));
    hear(&mut names, &message(XS_READ, READS, b"\xff\xfe\0rest"));
    assert_eq!(names.name(0).map(CStr::to_bytes), Some(&b"\xff\xfe"[..]));
}

proptest! {
    /// Any bytes, in any pieces: never a panic, and what was asked stays in bounds.
    #[test]
    fn any_bytes_are_heard_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400), kinds in any::<u64>()) {
        let mut names = known(&[(0, "Domain-0"), (5, "web")]);
        let _ = names.hear(&bytes);
        let kind = [XS_READ, XS_ERROR, XS_WATCH_EVENT, XS_WATCH][(kinds % 4) as usize];
        let _ = names.hear(&message(kind, READS | 5, &bytes));
        prop_assert!(names.output.len() < 4096);
    }
}
