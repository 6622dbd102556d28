//! Documents parsed where they lie, and their strings made C strings there: what Miri is to watch.

use super::*;
use crate::json::Kind;
use crate::limits::{IN_BUF_BYTES_START, MESSAGE_BYTES_MAX};
use crate::mem::InBuf;

/// Makes a C string of every string in the value that stands for itself, names of members aside: offset and text.
fn terminate_all(value: Value<'_>, base: usize, found: &mut Vec<(usize, String)>) {
    match value.kind() {
        Kind::String => {
            let (text, c_str) = (value.str().unwrap().to_owned(), value.c_str().unwrap());
            found.push((c_str.addr() - base, text));
        }
        Kind::Array => value.elements().for_each(|element| terminate_all(element, base, found)),
        Kind::Object => value.members().for_each(|(_, member)| terminate_all(member, base, found)),
        _ => {}
    }
}

/// The strings of a document in the input buffer, with another message behind it; each must be whole at the end, and
/// so must what is behind.
fn c_strings(parser: &mut Parser, document: &str) -> Vec<String> {
    const NEXT: &[u8] = b"{\"id\":1}";
    let mut input = InBuf::new(IN_BUF_BYTES_START, MESSAGE_BYTES_MAX);
    let bytes = [document.as_bytes(), NEXT].concat();
    input.spare()[..bytes.len()].copy_from_slice(&bytes);
    input.advance(bytes.len());

    let (arena, mut found, memory) = (Bump::new(), Vec::new(), input.unread_padded());
    let base = memory.as_ptr().addr();
    parser.read(memory, document.len(), &arena, |message| terminate_all(message.unwrap().root(), base, &mut found));
    for (offset, text) in &found {
        assert_eq!(memory[*offset..][..=text.len()], [text.as_bytes(), b"\0"].concat(), "{document}");
    }
    assert_eq!(memory[document.len()..][..NEXT.len()], *NEXT, "{document}");
    found.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn every_string_can_be_a_c_string_and_harms_no_other() {
    let mut parser = Parser::new();
    for (document, strings) in [
        (r#"["a","bc","",""]"#, &["a", "bc", "", ""][..]),
        (r#"{"method":"m","params":{"name":"x","more":[{"y":"z"},"w"]}}"#, &["m", "x", "z", "w"]),
        (r#"["\"","\\","\n\t","\u0041\u00e9\ud83d\ude00","plain"]"#, &["\"", "\\", "\n\t", "Aé😀", "plain"]),
        (r#"{"k":["\u0041"],"l":"\\\\"}"#, &["A", "\\\\"]),
        (
            r#"["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n","b"]"#,
            &["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", "b"],
        ),
        (r#"["ä","日本語",1,null,-1.5,true]"#, &["ä", "日本語"]),
    ] {
        // Twice: the second time with memory that the first has used.
        assert_eq!(c_strings(&mut parser, document), strings, "{document}");
        assert_eq!(c_strings(&mut parser, document), strings, "{document}");
    }
}

#[test]
fn a_document_that_is_no_json_leaves_the_parser_as_good_as_new() {
    let mut parser = Parser::new();
    for wrong in [r#"{"a":"#, r#"["\x"]"#, r#"["a" "b"]"#, "{]"] {
        let mut memory = [wrong.as_bytes(), &[0; PADDING]].concat();
        parser.read(&mut memory, wrong.len(), &Bump::new(), |message| assert_eq!(message.err(), Some(ParseError)));
        assert_eq!(c_strings(&mut parser, r#"["a"]"#), ["a"], "{wrong}");
    }
}
