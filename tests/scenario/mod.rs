//! A scenario that every kind of host goes through: calls, one a line of a file, and how the replies must agree.
//!
//! In: a file of `tests/scenario`, JSON lines, each a [`Step`]; the replies of hosts. Out: the simulator's replies, and
//! the places where those of two hosts disagree, less those that the file lists with a reason. It knows no host but the
//! simulated one (`play`): real Xen is the business of `tests/xen`, which plays the same files.

mod form;
pub(crate) mod play;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use form::form;

pub(crate) use play::on_simulator;

/// The reads, and the simulated host that they are played on: domains 1, 3, 4, 5 and 9 are PV, as all are on the real
/// one.
pub(crate) const READS: Scenario =
    Scenario { steps: include_str!("reads.jsonl"), simulator: &["--sim", "20", "--sim-seed", "28"] };
/// Domains' lives, on hosts with no domain but Domain-0: so their numbers agree.
pub(crate) const LIVES: Scenario = Scenario { steps: include_str!("lives.jsonl"), simulator: &["--sim", "1"] };
/// A save that is called off: of a guest that hears nothing, or on a host where everything takes time.
pub(crate) const ABORTS: Scenario =
    Scenario { steps: include_str!("aborts.jsonl"), simulator: &["--sim", "1", "--sim-latency", "1000"] };

/// A file of steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    steps: &'static str,
    /// What the simulated host is begun with.
    simulator: &'static [&'static str],
}

/// One call, or one command.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// Its own name: the method's or the command's, or that and a dot and a word.
    pub(crate) name: String,
    /// What is called with `params`, by `xenops call`.
    #[serde(default)]
    pub(crate) method: Option<String>,
    #[serde(default)]
    pub(crate) params: Option<Value>,
    /// Instead of a method: the words of another command of `xenops`. `$operation` is the number of the operation that
    /// was begun.
    #[serde(default)]
    pub(crate) command: Vec<String>,
    /// It is done again and again until this is in what it prints.
    #[serde(default)]
    pub(crate) until: Option<String>,
    /// It goes on while the next steps are played, up to the one that waits for it. They begin when an operation of
    /// this method runs.
    #[serde(default)]
    pub(crate) begin: Option<String>,
    /// When this step is over, the one that was begun is waited for.
    #[serde(default)]
    pub(crate) ends: bool,
    /// On real Xen, commands that are run behind it, and words that a line of what they print has in this order; null
    /// if they fail.
    #[serde(default)]
    pub(crate) seen: BTreeMap<String, Option<String>>,
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

impl Scenario {
    /// Its steps.
    pub(crate) fn steps(self) -> Vec<Step> {
        steps(self.steps)
    }
}

fn steps(file: &str) -> Vec<Step> {
    let step = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let steps: Vec<Step> = file.lines().map(step).collect();
    let mut names = BTreeSet::new();
    for step in &steps {
        let Step { name, method, command, mask, differs, .. } = step;
        assert!(names.insert(name), "there are two steps named {name}");
        assert!(method.is_some() == command.is_empty(), "{name}: a method or a command");
        assert_eq!(name.split('.').next(), Some(step.what()), "a step is named after what it does");
        assert!(mask.iter().chain(differs).all(|place| !place.why.is_empty()), "{name}: an exception needs a reason");
    }
    steps
}

/// A reply, from what `xenops` printed, and whether it was done.
pub(crate) fn reply(done: bool, output: &str, errors: &str) -> Value {
    if done {
        let text = || json!(output.lines().collect::<Vec<_>>());
        return json!({"result": serde_json::from_str(output).unwrap_or_else(|_| text())});
    }
    let mut lines = errors.lines().map(|line| line.strip_prefix("xenops: ").unwrap_or(line));
    json!({"error": lines.next(), "log": lines.map(logged).collect::<Vec<_>>()})
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
    /// The method, or the command's first word.
    pub(crate) fn what(&self) -> &str {
        self.method.as_ref().or_else(|| self.command.first()).map_or("", String::as_str)
    }

    /// The words behind `xenops`.
    pub(crate) fn words(&self) -> Vec<String> {
        let call = self.method.iter().flat_map(|method| ["call".to_owned(), method.clone()]);
        call.chain(self.params.as_ref().map(Value::to_string)).chain(self.command.iter().cloned()).collect()
    }

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
    assert_eq!(reply(false, "", printed), wanted);
}
