//! Which methods the cases of `tests/methods` exercise.
//!
//! In: those files, and the scenario for real Xen. Out: for a method, what its replies show. A request that was refused
//! before libxl was called shows nothing, and one that libxl answers with `ERROR_NI` shows only that there is a method.

use serde_json::Value;

use super::cases::cases;

/// The files, by name.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("domains", include_str!("../methods/domains.jsonl")),
    ("devices", include_str!("../methods/devices.jsonl")),
    ("host", include_str!("../methods/host.jsonl")),
    ("names", include_str!("../methods/names.jsonl")),
    ("refused", include_str!("../methods/refused.jsonl")),
];

/// Methods that take descriptors: `tests/methods.rs` itself calls them.
pub(crate) const WITH_DESCRIPTORS: &[&str] = &["domain_create_restore", "domain_remus_start", "domain_suspend"];

/// What the scenario for real Xen calls: by itself, and by the steps that the simulated host gets, too.
const SCENARIO: &str = concat!(include_str!("../xen/scenarios/reads"), include_str!("../xen/scenarios/disturbances"));
const STEPS: &str = concat!(include_str!("../scenario/reads.jsonl"), include_str!("../scenario/lives.jsonl"));

/// What was seen of a method on a simulated host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    /// Nothing that libxl said.
    Nothing,
    /// `ERROR_NI` at best.
    NotImplemented,
    /// A result, or an error for a reason.
    Answer,
}

/// What the written replies to a method's requests show.
pub(crate) fn on_simulated_host(method: &str) -> Seen {
    let requests = FILES.iter().flat_map(|(_, text)| cases(text)).flat_map(|case| {
        let pairs = case.requests.iter().zip(&case.replies);
        pairs.map(|(request, reply)| (method_of(request), seen(reply))).collect::<Vec<_>>()
    });
    requests.filter(|(name, _)| name == method).map(|(_, seen)| seen).max().unwrap_or(Seen::Nothing)
}

/// The method of a step, or the one that its command is for.
fn step(line: &str) -> Option<String> {
    let step: Value = serde_json::from_str(line).unwrap();
    let method = match step["command"][0].as_str() {
        Some("save") => Some("domain_suspend"),
        Some("restore") => Some("domain_create_restore"),
        _ => step["method"].as_str(),
    };
    method.map(str::to_owned)
}

fn method_of(request: &str) -> String {
    let request: Value = serde_json::from_str(request).unwrap();
    request["method"].as_str().unwrap().to_owned()
}

/// libxl's own codes begin at -1; ours are far below.
fn seen(reply: &str) -> Seen {
    let code = reply.split_once(r#""error":{"code":"#).map(|(_, rest)| rest.split(',').next().unwrap());
    match code.map(|code| code.parse::<i32>().unwrap()) {
        None => Seen::Answer,
        Some(-4) => Seen::NotImplemented,
        Some(code) if code < -32000 => Seen::Nothing,
        Some(_) => Seen::Answer,
    }
}

/// Is it called in the scenario for real Xen?
pub(crate) fn on_real_xen(method: &str) -> bool {
    let calls = SCENARIO.lines().filter_map(|line| line.trim_start().strip_prefix("call "));
    let mut called =
        calls.filter_map(|call| call.split(' ').nth(1)).map(str::to_owned).chain(STEPS.lines().filter_map(step));
    called.any(|called| called == method)
}
