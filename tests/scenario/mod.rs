//! A scenario that every kind of host goes through: calls, one a line of a file, and how the replies must agree.
//!
//! In: a file of `tests/scenario`, JSON lines, each a [`Step`]; the replies of hosts. Out: the simulator's replies, and
//! the places where those of two hosts disagree, less those that the file lists with a reason. It knows no host but the
//! simulated one: real Xen is the business of `tests/xen`, which plays the same files.

mod form;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::common::Daemon;
use form::form;

/// The simulated host that a scenario runs on: domains 1, 3, 4, 5 and 9 are PV, as all are on the real one.
const SIMULATOR: [&str; 4] = ["--sim", "20", "--sim-seed", "28"];

/// The reads.
pub(crate) const READS: &str = include_str!("reads.jsonl");

/// One call.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// Its own name: the method's, or that and a dot and a word.
    pub(crate) name: String,
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) params: Option<Value>,
    /// The error that it ends with, by libxl's name. Without: it has a result.
    #[serde(default)]
    pub(crate) error: Option<String>,
    /// How results must agree. Errors and what libxl logs with them always agree word for word.
    #[serde(default)]
    pub(crate) agree: Agree,
    /// Places whose values need not agree though others must: volatile, or the host's own. Their forms must.
    #[serde(default)]
    pub(crate) mask: Vec<Place>,
    /// Places where the hosts differ.
    #[serde(default)]
    pub(crate) differs: Vec<Place>,
}

/// How far two hosts' results must agree.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Agree {
    /// The same members in the same order, values of the same kind: hosts are not alike.
    #[default]
    Forms,
    /// The same values.
    Values,
}

/// A place in a reply, such as `result[].cpu_time`, and why it is an exception.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    pub(crate) at: String,
    pub(crate) why: String,
}

/// Replies by the steps' names: an object with `result`, or with `error` and `log`.
pub(crate) type Transcript = BTreeMap<String, Value>;

/// The steps of a scenario's file.
pub(crate) fn steps(file: &str) -> Vec<Step> {
    let step = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let steps: Vec<Step> = file.lines().map(step).collect();
    let mut names = BTreeSet::new();
    for Step { name, method, mask, differs, .. } in &steps {
        assert!(names.insert(name), "there are two steps named {name}");
        assert_eq!(name.split('.').next(), Some(method.as_str()), "a step is named after its method");
        assert!(mask.iter().chain(differs).all(|place| !place.why.is_empty()), "{name}: an exception needs a reason");
    }
    steps
}

/// What the simulated host replies.
pub(crate) fn on_simulator(steps: &[Step]) -> Transcript {
    let daemon = Daemon::start(&SIMULATOR);
    let reply = |step: &Step| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xenops"));
        command.arg("--socket").arg(daemon.socket()).arg("call").arg(&step.method);
        command.args(step.params.as_ref().map(Value::to_string));
        let Output { stdout, stderr, .. } = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (step.name.clone(), reply(&text(stdout), &text(stderr)))
    };
    steps.iter().map(reply).collect()
}

/// A reply, from what `xenops call` printed.
pub(crate) fn reply(output: &str, errors: &str) -> Value {
    let mut lines = errors.lines().map(|line| line.strip_prefix("xenops: ").unwrap_or(line));
    match lines.next() {
        None => json!({"result": serde_json::from_str::<Value>(output).unwrap()}),
        Some(error) => json!({"error": error, "log": lines.map(logged).collect::<Vec<_>>()}),
    }
}

/// A line of libxl's log without the place in its sources.
fn logged(line: &str) -> &str {
    let is_place = |part: &str| part.ends_with(".c") || part.ends_with(".rs");
    match line.strip_prefix("libxl: ").unwrap_or(line).splitn(3, ':').collect::<Vec<_>>()[..] {
        [file, _line, rest] if is_place(file) => rest,
        _ => line,
    }
}

impl Step {
    /// The name of libxl's error in a reply, if it is one.
    pub(crate) fn error_of(reply: &Value) -> Option<&str> {
        reply.get("error")?.as_str()?.split(':').next()
    }

    /// What is wrong with the replies of two hosts, or with the exceptions that this step makes for them.
    pub(crate) fn complaints(&self, one: &Value, other: &Value) -> Vec<String> {
        let differences = form_differences(one, other);
        let values = self.value_differences(one, other);
        let is_masked = |at: &str| self.mask.iter().any(|place| is_within(at, &place.at));
        let values = values.into_iter().filter(|(at, _)| !differences.contains_key(at) && !is_masked(at));
        let differences: BTreeMap<String, String> = values.chain(differences.clone()).collect();

        let is_listed = |at: &str| self.differs.iter().any(|place| place.at == at);
        let complained = differences.iter().filter(|(at, _)| !is_listed(at));
        let complained = complained.map(|(at, what)| format!("{}: at {at:?}: {what}", self.name));

        let places: Vec<String> = form(one).into_keys().collect();
        let unused = self.differs.iter().filter(|place| !differences.contains_key(&place.at));
        let unmasked = self.mask.iter().filter(|place| !places.iter().any(|at| is_within(at, &place.at)));
        let unneeded = unused.chain(unmasked).map(|place| format!("{}: no exception at {:?}", self.name, place.at));
        complained.chain(unneeded).collect()
    }

    fn value_differences(&self, one: &Value, other: &Value) -> BTreeMap<String, String> {
        let members: &[&str] =
            if self.agree == Agree::Values { &["result", "error", "log"] } else { &["error", "log"] };
        let mut differences = BTreeMap::new();
        for member in members {
            if let (Some(one), Some(other)) = (one.get(member), other.get(member)) {
                compare(one, other, member, &mut differences);
            }
        }
        differences
    }
}

/// Is the place this one, or in it?
fn is_within(place: &str, outer: &str) -> bool {
    place.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Places that both have, with values of different kinds. (A place that only one has lies below such a place.)
fn form_differences(one: &Value, other: &Value) -> BTreeMap<String, String> {
    let mut others = form(other);
    let both = form(one).into_iter().filter_map(|(at, kinds)| Some((kinds, others.remove(&at)?, at)));
    both.filter(|(one, other, _)| one != other).map(|(one, other, at)| (at, format!("{one:?} / {other:?}"))).collect()
}

/// Notes where two values differ.
fn compare(one: &Value, other: &Value, place: &str, differences: &mut BTreeMap<String, String>) {
    let keys = |members: &Map<String, Value>| members.keys().cloned().collect::<Vec<_>>();
    match (one, other) {
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let place = format!("{place}[]");
            one.iter().zip(other).for_each(|(one, other)| compare(one, other, &place, differences));
        }
        (Value::Object(one), Value::Object(other)) if keys(one) == keys(other) => {
            let inner = |name| format!("{place}.{name}");
            one.iter().for_each(|(name, member)| compare(member, &other[name], &inner(name), differences));
        }
        _ if one == other => {}
        _ => {
            differences.insert(place.to_owned(), format!("{one} / {other}"));
        }
    }
}

#[test]
fn a_difference_is_a_complaint_unless_it_is_listed_and_an_exception_must_be_needed() {
    let step = |more: &str| steps(&format!(r#"{{"name": "a", "method": "a"{more}}}"#)).remove(0);
    let complaints = |more: &str| {
        let one = json!({"result": {"n": 1, "list": [{"x": 1}]}});
        let other = json!({"result": {"n": 2, "list": []}});
        step(more).complaints(&one, &other)
    };
    let at = |found: &[String], places: &[&str]| {
        assert_eq!(found.len(), places.len(), "{found:?}");
        assert!(found.iter().zip(places).all(|(found, place)| found.contains(&format!("at {place:?}"))), "{found:?}");
    };
    let listed = r#", "differs": [{"at": "result.list", "why": "so"}]"#;
    at(&complaints(""), &["result.list"]);
    at(&complaints(listed), &[]);
    at(&complaints(&format!(r#"{listed}, "agree": "values""#)), &["result.n"]);
    let masked = format!(r#"{listed}, "agree": "values", "mask": [{{"at": "result.n", "why": "so"}}]"#);
    at(&complaints(&masked), &[]);
    at(&complaints(&masked.replace("result.n", "result.m")), &["result.n", "result.m"]);
    at(&complaints(&listed.replace("result.list", "result.n")), &["result.list", "result.n"]);

    let failed = |text: &str| json!({"error": text, "log": []});
    at(&step("").complaints(&failed("FAIL: x"), &failed("INVAL: x")), &["error"]);
    at(&step("").complaints(&failed("FAIL: x"), &json!({"result": 1})), &[""]);
}

#[test]
fn a_line_of_the_log_is_what_was_said_and_by_whom() {
    let printed = "xenops: FAIL: libxl_x (code -3)\nxenops: libxl: libxl_numa.c:12:libxl_x: Domain 1:No: such\n";
    let wanted = json!({"error": "FAIL: libxl_x (code -3)", "log": ["libxl_x: Domain 1:No: such"]});
    assert_eq!(reply("", printed), wanted);
}
