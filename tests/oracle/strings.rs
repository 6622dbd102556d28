//! Strings, one by one. `libxl_device_dtdev` is a struct of one string.

use xenopsd::xl::sys::libxl_device_dtdev;
use xenopsd::xl::{Owned, Xl};

use crate::described::{ours, read_by_libxl, theirs};
use crate::filler::string;
use crate::json::Json;
use crate::texts::PIECES;

fn holding<'x>(xl: &'x Xl, bytes: &[u8]) -> Owned<'x, libxl_device_dtdev> {
    let mut value = Owned::<libxl_device_dtdev>::new(xl.functions());
    // SAFETY: an initialised struct, which frees the string with the rest.
    unsafe { (*value.as_mut_ptr()).path = string(bytes) };
    value
}

/// What a reader of our text sees, after libxl has agreed and has read it back.
fn seen(xl: &Xl, bytes: &[u8]) -> String {
    let value = holding(xl, bytes);
    let text = ours(xl, &*value);
    let tree = Json::parse(&text);
    assert_eq!(tree, Json::parse(&theirs(xl, &*value)), "{bytes:?}");
    let read = read_by_libxl::<libxl_device_dtdev>(xl, &text).expect("valid JSON");
    assert_eq!(ours(xl, &*read), text, "{bytes:?}");
    match tree.member("path") {
        Some(Json::Text(path)) => path.clone(),
        other => panic!("{bytes:?} became {other:?}"),
    }
}

#[test]
fn every_byte_is_written_as_libxl_writes_it() {
    let xl = crate::xl();
    for byte in 1..=0x7f_u8 {
        assert_eq!(seen(&xl, &[byte]).as_bytes(), [byte]);
    }
    for byte in 0x80..=0xff_u8 {
        assert_eq!(seen(&xl, &[byte]), "\u{fffd}");
    }
}

#[test]
fn every_character_comes_back() {
    let xl = crate::xl();
    let all: Vec<char> = ('\u{1}'..=char::MAX).collect();
    for some in all.chunks(10_000) {
        let text: String = some.iter().collect();
        assert_eq!(seen(&xl, text.as_bytes()), text);
    }
}

#[test]
fn what_is_not_utf_8_becomes_replacement_characters() {
    let xl = crate::xl();
    let cases: &[(&[u8], &str)] = &[
        (b"\xc3", "\u{fffd}"),
        (b"\xc3(", "\u{fffd}("),
        (b"a\x80b", "a\u{fffd}b"),
        (b"\xe2\x82", "\u{fffd}"),
        (b"\xe2\x82\"", "\u{fffd}\""),
        (b"\xc0\xaf", "\u{fffd}\u{fffd}"),
        (b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
        (b"\xf0\x9f\x98\n\xff", "\u{fffd}\n\u{fffd}"),
        (b"\xf4\x90\x80\x80", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
    ];
    for (bytes, text) in cases {
        assert_eq!(seen(&xl, bytes), *text, "{bytes:?}");
    }
}

#[test]
fn any_two_pieces_side_by_side_are_written_as_libxl_writes_them() {
    let xl = crate::xl();
    for first in PIECES {
        for second in PIECES {
            seen(&xl, &[first, second, b".".as_slice()].concat());
        }
    }
}

#[test]
fn a_long_string_is_written_whole() {
    let xl = crate::xl();
    let plain = vec![b'x'; 1 << 20];
    assert_eq!(seen(&xl, &plain).as_bytes(), plain);
    let escaped = b"\"\x01\xc3\xa9".repeat(1 << 18);
    assert_eq!(seen(&xl, &escaped).as_bytes(), escaped);
}

#[test]
fn an_empty_string_is_empty_and_none_is_null() {
    let xl = crate::xl();
    assert_eq!(seen(&xl, b""), "");
    let none = Owned::<libxl_device_dtdev>::new(xl.functions());
    assert_eq!(ours(&xl, &*none), "{\"path\":null}");
    assert_eq!(Json::parse(&theirs(&xl, &*none)), Json::Object(Vec::new()));
    let read = read_by_libxl::<libxl_device_dtdev>(&xl, "{\"path\":null}").expect("valid JSON");
    assert!(read.path.is_null());
}
