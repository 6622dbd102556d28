//! Where a document that did not parse goes wrong.
//!
//! In: the document as it came. Out: the error reply, with place and reason. The parser of the hot path is fast because
//! it does not keep track of this; a slower one is asked only when something is wrong.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::envelope::To;
use super::reply::{self, Refused};
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
    match serde_json::from_slice::<Walked>(document) {
        Err(error) => (offset(document, error.line(), error.column()), without_place(&error.to_string())),
        Ok(Walked) => (document.len(), "the parser refuses it".to_owned()),
    }
}

/// Any value, looked at and not kept. What serde ignores it does not look at closely: it would miss halves of surrogate
/// pairs and numbers that are too large.
struct Walked;

impl<'de> Deserialize<'de> for Walked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Walked {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self, A::Error> {
        while elements.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

/// serde_json counts lines and columns from 1, and names the last byte that it took: column 0 is the newline before.
fn offset(document: &[u8], line: usize, column: usize) -> usize {
    let before: usize = document.split_inclusive(|&b| b == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    (before + column).saturating_sub(1)
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
        for (document, at) in [
            (r#"{"a":1,}"#, 7),
            (r#"{"a" 1}"#, 5),
            (r#"{"a":01}"#, 6),
            ("{\n\"a\": tru }", 10),
            (r#"{"a":"\x"}"#, 7),
            ("{\"a\":\"b\nc\"}", 7),
            (r#"{"a":"\ud83d","b":1}"#, 12),
            (r#"{"a":1e999,"b":1}"#, 9),
            (r#"{"a":[null,true,-1,1,1.5,"x",{"b":1},{"c":}]}"#, 42),
        ] {
            let (found, why) = fault(document.as_bytes());
            assert_eq!(found, at, "{document}: {why}");
            // The words are the library's, but for the place, which would be another one than ours.
            assert!(!why.is_empty() && !why.contains("column"), "{document}: {why}");
        }
        assert_eq!(fault(b"{\"a\":\"\xff\"}"), (6, "not UTF-8".to_owned()));
    }
}
