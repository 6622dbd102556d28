//! What a reply looks like, whatever its values: the form by which the replies of two hosts are compared.
//!
//! In: JSON that xenopsd made. Out: for each place in it, the kinds of value that stand there. Which strings are words
//! of which enumeration, and which lists are bitmaps, is read from the encoders that the build generated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::Value;

/// The kinds of value by place. A place is written `[].c_info.name`; the whole reply is the empty place.
pub(crate) type Form = BTreeMap<String, BTreeSet<String>>;

/// The form of a value. All elements of a list stand at one place, `[]`, which may hold several kinds.
pub(crate) fn form(value: &Value) -> Form {
    let mut form = Form::new();
    note(value, "", "", &mut form);
    for kinds in form.values_mut().filter(|kinds| kinds.len() > 1) {
        kinds.remove(EMPTY);
    }
    form
}

/// A list that says nothing about its elements.
const EMPTY: &str = "empty list";

fn note(value: &Value, place: &str, field: &str, form: &mut Form) {
    let kind = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "truth".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(text) => text_kind(text, field),
        Value::Array(elements) => list_kind(elements, field).to_owned(),
        Value::Object(members) => format!("object {}", members.keys().cloned().collect::<Vec<_>>().join(" ")),
    };
    form.entry(place.to_owned()).or_default().insert(kind);
    match value {
        Value::Array(elements) => {
            elements.iter().for_each(|element| note(element, &format!("{place}[]"), field, form));
        }
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            let dot = if place.is_empty() { "" } else { "." };
            note(member, &format!("{place}{dot}{name}"), name, form);
        }),
        _ => {}
    }
}

/// The kind of a string, of those that its field can have.
fn text_kind(text: &str, field: &str) -> String {
    let hex = |separator, lengths: &[usize]| {
        let parts = text.split(separator).map(|part| (part.len(), part.bytes().all(|byte| byte.is_ascii_hexdigit())));
        parts.eq(lengths.iter().map(|&length| (length, true)))
    };
    let fits = |encoder: &str| match encoder {
        "uuid" => hex('-', &[8, 4, 4, 4, 12]),
        "mac" => hex(':', &[2; 6]),
        "defbool" => ["True", "False", "<default>"].contains(&text),
        _ => WORDS.get(encoder).is_some_and(|words| words.contains(text)),
    };
    let fitting: Vec<&str> = encoders(field).filter(|encoder| fits(encoder)).collect();
    if fitting.is_empty() { "text".to_owned() } else { fitting.join(" or ") }
}

/// The kind of a list: a bitmap is ascending numbers.
fn list_kind(elements: &[Value], field: &str) -> &'static str {
    let numbers: Option<Vec<u64>> = elements.iter().map(Value::as_u64).collect();
    let ascends = numbers.is_some_and(|numbers| numbers.is_sorted_by(|one, next| one < next));
    match elements {
        [] => EMPTY,
        _ if ascends && encoders(field).any(|encoder| encoder == "bitmap") => "bitmap",
        _ => "list",
    }
}

fn encoders(field: &str) -> impl Iterator<Item = &'static str> {
    ENCODERS.get(field).into_iter().flatten().copied()
}

/// Made by `gen::emit_encode`.
const ENCODE: &str = include_str!(concat!(env!("OUT_DIR"), "/encode.rs"));

/// The words of each enumeration, by the function that encodes it.
static WORDS: LazyLock<BTreeMap<&str, BTreeSet<&str>>> = LazyLock::new(|| {
    let functions = ENCODE.split("\npub fn ").skip(1).filter_map(|text| text.split_once("(value: "));
    let word = |line: &'static str| line.split_once(r#"b"\""#)?.1.split_once(r#"\"""#);
    let words = |body: &'static str| body.split("\n}\n").next().unwrap_or(body).lines().filter_map(word);
    functions.map(|(name, body)| (name, words(body).map(|(word, _)| word).collect())).collect()
});

/// The functions that encode enumerations and libxl's own types, by the fields that they are called for.
static ENCODERS: LazyLock<BTreeMap<&str, BTreeSet<&str>>> = LazyLock::new(|| {
    let call = |line: &'static str| {
        let line = line.trim();
        let call = line.strip_prefix("pen.name(").unwrap_or(line);
        let (function, argument) = call.split_once('(')?;
        let (_, field) = argument.split_once("v.")?;
        let field = field.trim_end_matches([')', ';']).rsplit('.').next()?;
        let is_known = ["uuid", "mac", "defbool", "bitmap"].contains(&function) || WORDS.contains_key(function);
        is_known.then_some((field.trim_end_matches('_'), function))
    };
    let mut encoders: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (field, function) in ENCODE.lines().filter_map(call) {
        encoders.entry(field).or_default().insert(function);
    }
    encoders
});

#[test]
fn the_form_tells_words_bitmaps_and_the_order_of_members() {
    let one = serde_json::json!([
        {"uuid": "01234567-89ab-cdef-0123-456789abcdef", "shutdown_reason": "crash", "cpumap": [0, 2], "name": "crash"},
        {"uuid": "nobody", "shutdown_reason": null, "cpumap": [], "name": "idle"},
    ]);
    let form = form(&one);
    let at = |place: &str| form[place].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(at("[].uuid"), ["text", "uuid"]);
    assert_eq!(at("[].shutdown_reason"), ["null", "shutdown_reason"]);
    assert_eq!(at("[].cpumap"), ["bitmap"]);
    assert_eq!(at("[].name"), ["text"]);
    assert_eq!(at("[]"), ["object uuid shutdown_reason cpumap name"]);
}
