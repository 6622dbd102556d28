//! Where a document that did not parse goes wrong.
//!
//! In: the document as it came. Out: the error reply, with place and reason. The parser of the hot path is fast because
//! it does not keep track of this; a slower one is asked only when something is wrong.

use serde::de::IgnoredAny;

use super::reply::{self, Refused, To};
use crate::json::Writer;

/// Writes the reply for a document that is no JSON.
#[cold]
pub(super) fn reply(writer: &mut Writer<'_>, document: &[u8]) {
    let (at, why) = fault(document);
    reply::refused(writer, &To::NOBODY, &Refused::Parse { at, why: &why });
}

/// The place and the reason.
fn fault(document: &[u8]) -> (usize, String) {
    if let Err(error) = std::str::from_utf8(document) {
        return (error.valid_up_to(), "not UTF-8".to_owned());
    }
    match serde_json::from_slice::<IgnoredAny>(document) {
        Err(error) => (offset(document, error.line(), error.column()), without_place(&error.to_string())),
        Ok(IgnoredAny) => unlisted_fault(document),
    }
}

/// What only the fast parser refuses.
fn unlisted_fault(document: &[u8]) -> (usize, String) {
    (document.len(), "a number that is out of range, or an escape that is no character".to_owned())
}

/// serde_json counts lines and columns from 1, and names the byte after which it gave up.
fn offset(document: &[u8], line: usize, column: usize) -> usize {
    let before: usize = document.split_inclusive(|&b| b == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    before + column.saturating_sub(1)
}

/// The words without " at line 1 column 7".
fn without_place(words: &str) -> String {
    words.rfind(" at line ").map_or(words, |at| &words[..at]).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_the_first_wrong_byte() {
        for (document, at, why) in [
            (r#"{"a":1,}"#, 7, "trailing comma"),
            (r#"{"a" 1}"#, 5, "expected `:`"),
            (r#"{"a":01}"#, 6, "invalid number"),
            ("{\n\"a\": tru }", 9, "expected ident"),
            (r#"{"a":"\x"}"#, 7, "invalid escape"),
        ] {
            let (found, words) = fault(document.as_bytes());
            assert_eq!((found, words.as_str()), (at, why), "{document}");
        }
        assert_eq!(fault(b"{\"a\":\"\xff\"}").0, 6);
    }
}
