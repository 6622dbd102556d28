//! Any bytes, cut anywhere: the scanner finds the same frames, and each is what it says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xenopsd::limits::{BATCH_LENGTH_MAX, DEPTH_MAX};
use xenopsd::wire::{Element, Frame, Scan, Scanner};

/// A frame with its place in the whole stream.
#[derive(Debug, PartialEq)]
struct Found {
    offset: usize,
    frame: Frame,
    elements: Vec<Element>,
}

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (cuts, bytes) = input;
    let whole = frames(&bytes, &[]);
    assert_eq!(whole, frames(&bytes, &cuts), "cuts make a difference");
    for found in &whole.0 {
        check(found, &bytes[found.offset..]);
    }
});

/// The frames, and where the byte is that begins none. Pieces have the lengths of `cuts`, plus 1; then all that is
/// left.
fn frames(bytes: &[u8], cuts: &[u8]) -> (Vec<Found>, Option<usize>) {
    let mut scanner = Scanner::default();
    let mut cuts = cuts.iter();
    let (mut found, mut offset, mut received) = (Vec::new(), 0, 0);
    loop {
        match scanner.scan(&bytes[offset..received]) {
            Scan::More if received == bytes.len() => return (found, None),
            Scan::More => received = cuts.next().map_or(bytes.len(), |&cut| bytes.len().min(received + usize::from(cut) + 1)),
            Scan::Stray(at) => return (found, Some(offset + at)),
            Scan::Frame(frame) => {
                found.push(Found { offset, frame, elements: scanner.elements().to_vec() });
                offset += frame.span.end;
                scanner.restart();
            }
        }
    }
}

/// A frame's parts lie inside it, and it says what it holds.
fn check(found: &Found, bytes: &[u8]) {
    let Found { frame, elements, .. } = found;
    assert!(frame.span.start < frame.span.end && frame.span.end <= bytes.len());
    assert_eq!(frame.batch, bytes[frame.span.start] == b'[');
    assert_eq!(elements.len(), frame.length.min(BATCH_LENGTH_MAX));
    for element in elements {
        assert!(frame.span.start <= element.span.start && element.span.end <= frame.span.end);
        let text = &bytes[element.span.start..element.span.end];
        // Outside of a string a backslash is no escape, and what it stands in is no JSON.
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
        assert!(!element.escaped || text.contains(&b'\\'));
        assert!(element.escaped || !is_json || !text.contains(&b'\\'));
        if let Some(id) = element.id {
            assert!(element.span.start < id.start && id.start <= id.end && id.end <= element.span.end);
        }
    }
    let text = &bytes[frame.span.start..frame.span.end];
    // What is JSON, and shallow enough for a parser that recurses, is exactly one value: no frame is too short or too
    // long.
    if frame.too_deep_at.is_none() && DEPTH_MAX < 100 {
        if let Ok(serde_json::Value::Array(array)) = serde_json::from_slice(text) {
            assert_eq!(array.len(), frame.length, "a batch's elements");
        }
    }
}
