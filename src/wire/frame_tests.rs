//! The scanner on its own: what it finds, and that cuts make no difference.

use proptest::prelude::*;

use super::*;

/// What one frame is, with texts instead of spans.
#[derive(Debug, PartialEq)]
struct Seen {
    text: String,
    batch: bool,
    elements: Vec<(String, Option<String>, bool)>,
}

/// Feeds `bytes` in pieces of the given lengths (the last one repeats) and collects the frames.
fn frames(bytes: &[u8], pieces: &[usize]) -> (Vec<Seen>, Option<usize>) {
    let mut scanner = Scanner::default();
    let (mut seen, mut consumed, mut received, mut piece) = (Vec::new(), 0, 0, 0);
    loop {
        match scanner.scan(&bytes[consumed..received]) {
            Scan::More if received == bytes.len() => return (seen, None),
            Scan::More => {
                let step = pieces[piece.min(pieces.len() - 1)].max(1);
                piece += 1;
                received = bytes.len().min(received + step);
            }
            Scan::Stray(at) => return (seen, Some(consumed + at)),
            Scan::Frame(frame) => {
                let here = &bytes[consumed..];
                let text = |span: Span| String::from_utf8_lossy(&here[span.start..span.end]).into_owned();
                let elements = scanner.elements().iter().map(|e| (text(e.span), e.id.map(text), e.escaped)).collect();
                seen.push(Seen { text: text(frame.span), batch: frame.batch, elements });
                consumed += frame.span.end;
                scanner.restart();
            }
        }
    }
}

fn whole(text: &str) -> Vec<Seen> {
    let (seen, stray) = frames(text.as_bytes(), &[text.len()]);
    assert_eq!(stray, None, "{text}");
    seen
}

fn ids(text: &str) -> Vec<Option<String>> {
    whole(text).into_iter().flat_map(|frame| frame.elements).map(|(_, id, _)| id).collect()
}

#[test]
fn newlines_are_only_white_space() {
    let seen = whole("{\"a\":1}{\"b\":\n2}\n\n [1]\r\n");
    let texts: Vec<&str> = seen.iter().map(|s| s.text.as_str()).collect();
    assert_eq!(texts, ["{\"a\":1}", "{\"b\":\n2}", "[1]"]);
}

#[test]
fn white_space_is_blank_between_frames_only() {
    let mut scanner = Scanner::default();
    assert_eq!(scanner.blank(b" \r\n\t{"), 4);
    assert_eq!(scanner.scan(b"{ "), Scan::More);
    assert_eq!(scanner.blank(b"{ "), 0);
    assert_eq!(scanner.blank(b" {"), 0, "it has looked at these already");
}

#[test]
fn the_id_is_its_raw_text() {
    for (text, id) in [
        (r#"{"id":1.50}"#, "1.50"),
        (r#"{"id" :  "a\"b" , "x":1}"#, r#""a\"b""#),
        (r#"{"x":{"id":7},"id":[1,{"id":2}] }"#, r#"[1,{"id":2}]"#),
        (r#"{"method":"id","id":18446744073709551616}"#, "18446744073709551616"),
        ("{\"id\"\n:\tnull\n}", "null"),
    ] {
        assert_eq!(ids(text), [Some(id.to_owned())], "{text}");
    }
}

#[test]
fn what_only_looks_like_an_id_is_none() {
    for text in [r#"{"x":"id"}"#, r#"{"x":{"id":1}}"#, r#"{"ID":1}"#, r#"{"\u0069d":1}"#, r#"{"x":["id",1]}"#, "{}"] {
        assert_eq!(ids(text), [None], "{text}");
    }
}

#[test]
fn a_batch_has_its_elements() {
    let seen = whole(r#" [ {"id":1} , 2,"three, [" ,[{"id":4}],{"id":"\n"} ] "#);
    let elements: Vec<(&str, Option<&str>, bool)> =
        seen[0].elements.iter().map(|(text, id, escaped)| (text.as_str(), id.as_deref(), *escaped)).collect();
    assert!(seen[0].batch);
    assert_eq!(
        elements,
        [
            (r#"{"id":1}"#, Some("1"), false),
            ("2", None, false),
            (r#""three, [""#, None, false),
            (r#"[{"id":4}]"#, None, false),
            (r#"{"id":"\n"}"#, Some(r#""\n""#), true),
        ]
    );
    assert_eq!(whole("[]")[0].elements, []);
}

#[test]
fn brackets_in_strings_count_for_nothing() {
    assert_eq!(whole(r#"{"a":"}]\"}{"}"#).len(), 1);
}

#[test]
fn a_stray_byte_is_found_where_it_is() {
    assert_eq!(frames(b"{} x{}", &[100]).1, Some(3));
    assert_eq!(frames(b"null", &[100]), (vec![], Some(0)));
    assert_eq!(frames(b"\xef\xbb\xbf{}", &[100]), (vec![], Some(0)));
}

#[test]
fn depth_is_counted_from_the_frame() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for (depth, deep) in [(DEPTH_MAX, None), (DEPTH_MAX + 1, Some(DEPTH_MAX))] {
        let text = nested(depth);
        let Scan::Frame(frame) = Scanner::default().scan(text.as_bytes()) else { panic!("no frame") };
        assert_eq!(frame.too_deep_at, deep);
    }
}

#[test]
fn a_batch_is_counted_beyond_what_is_kept() {
    let text = format!("[{}1]", "1,".repeat(BATCH_LENGTH_MAX));
    let mut scanner = Scanner::default();
    let Scan::Frame(frame) = scanner.scan(text.as_bytes()) else { panic!("no frame") };
    assert_eq!((frame.length, scanner.elements().len()), (BATCH_LENGTH_MAX + 1, BATCH_LENGTH_MAX));
}

proptest! {
    #[test]
    fn cuts_make_no_difference(
        text in r#"([{}\[\],: ]|"id"|"(\\"|\\\\|[a{\]])*"|[0-9]{1,3}|null|[\n]){0,40}"#,
        pieces in proptest::collection::vec(1usize..9, 1..20),
    ) {
        let bytes = text.as_bytes();
        prop_assert_eq!(frames(bytes, &pieces), frames(bytes, &[bytes.len().max(1)]));
    }

    #[test]
    fn any_bytes_end_in_frames_or_a_stray_byte(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (seen, stray) = frames(&bytes, &[7]);
        let total: usize = seen.iter().map(|s| s.batch as usize).sum();
        prop_assert!(total <= seen.len());
        prop_assert!(stray.is_none_or(|at| at < bytes.len()));
    }
}
