//! Any bytes from an xenstored, cut anywhere: the same messages, the same names, and never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xenopsd::xen::Names;
use xenopsd::xen::wire::{HEADER_BYTES, NO_TRANSACTION, PAYLOAD_BYTES_MAX, parse, write};

// The first byte says how many lengths of pieces follow; then come xenstored's bytes.
fuzz_target!(|input: &[u8]| {
    let Some((&count, rest)) = input.split_first() else { return };
    let (cuts, bytes) = rest.split_at(rest.len().min(usize::from(count % 16)));
    messages_are_what_they_say(bytes);
    // What xenstored says is heard as it comes: whether it comes in pieces makes no difference.
    let (mut whole, mut cut) = (asking(), asking());
    let heard = whole.hear(bytes);
    assert_eq!(heard.is_ok(), hear_cut(&mut cut, bytes, cuts), "cuts make a difference");
    if heard.is_ok() {
        assert_eq!((whole.are_settled(), whole.are_stale()), (cut.are_settled(), cut.are_stale()));
    }
    // Whatever it has said: who goes on with it is not brought down.
    whole.unsettle();
    whole.relist([(0, [0; 16]), (7, [7; 16])]);
    let _ = whole.hear(bytes);
});

/// Names that are waiting for answers about two domains.
fn asking() -> Names {
    let mut names = Names::default();
    names.begin();
    names.relist([(0, [0; 16]), (5, [1; 16])]);
    // Their watches fire, so their names are being read.
    for token in ["0", "5"] {
        let mut event = Vec::new();
        write(&mut event, 15, 0, NO_TRANSACTION, &["/path", token]);
        assert_eq!(names.hear(&event), Ok(event.len()));
    }
    names
}

/// Pieces have the lengths of `cuts`, plus 1; then all that is left.
fn hear_cut(names: &mut Names, bytes: &[u8], cuts: &[u8]) -> bool {
    let (mut input, mut received, mut cuts) = (Vec::new(), 0, cuts.iter());
    while received < bytes.len() {
        let next = cuts.next().map_or(bytes.len(), |&cut| bytes.len().min(received + usize::from(cut) + 1));
        input.extend_from_slice(&bytes[received..next]);
        received = next;
        match names.hear(&input) {
            Ok(heard) => drop(input.drain(..heard)),
            Err(_) => return false,
        }
    }
    true
}

fn messages_are_what_they_say(mut bytes: &[u8]) {
    while let Ok(Some((message, length))) = parse(bytes) {
        assert_eq!(length, HEADER_BYTES + message.payload.len());
        assert!(length <= bytes.len() && message.payload.len() <= PAYLOAD_BYTES_MAX);
        assert!((0..length).all(|less| matches!(parse(&bytes[..less]), Ok(None))), "one that is not complete is none");
        bytes = &bytes[length..];
    }
}
