//! Transactions that read a name: when one begins, what it is worth, and when it is made again.

use super::*;

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
    (0..2).for_each(|_| hear(&mut names, &message(XS_WATCH, asked::WATCH, b"OK\0")));
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
        (0..2).for_each(|_| hear(&mut names, &message(XS_WATCH, asked::WATCH, b"OK\0")));
        assert_eq!((name(&names, 5), domain(&names, c"first")), (None, None));
        assert!(!names.are_settled());
        settle(&mut names, &[Held { vm: None, ..made(5, 2, "second") }]);
        assert_eq!(name(&names, 5), Some((c"second", 2)));
    }
}

/// It is known to have none only when xenstored says that there is no such node.
#[test]
fn a_domain_without_a_name_is_another_than_one_whose_name_is_not_known() {
    let mut names = known(&[DOM0, made(9, 2, "")]);
    let nameless = Called { uuid: [2; 16], name: None };
    assert_eq!((names.called(9), names.called(1)), (Some(&nameless), None));
    hear(&mut names, &fired("9"));
    begin_reading(&mut names, 9);
    hear(&mut names, &message(XS_ERROR, asked::NAME | 9, b"EACCES\0"));
    hear(&mut names, &message(XS_ERROR, asked::VM | 9, b"ENOENT\0"));
    hear(&mut names, &message(XS_TRANSACTION_END, asked::END | 9, b"OK\0"));
    assert!(names.are_settled());
    assert_eq!(names.called(9), None);
    hear(&mut names, &fired("9"));
    hear(&mut names, &message(XS_ERROR, asked::START | 9, b"ENOSPC\0"));
    assert_eq!(names.called(9), None);
    asked(&mut names);
    hear(&mut names, &fired("9"));
    settle(&mut names, &[DOM0, made(9, 2, "")]);
    assert_eq!(names.called(9), Some(&nameless));
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
