//! When two texts say the same.
//!
//! In: trees of JSON. Out: nothing, or where they differ. All that we do otherwise than libxl is here, and nowhere
//! else.
//!
//! `bare` is what we write for a struct of the same shape as libxl initialised it: it tells what a default looks like.

use crate::described::DEPRECATED;
use crate::json::Json;

/// What libxl writes must be what we write, but for members at their default, which libxl leaves out. Order counts.
pub(crate) fn agree(ours: &Json, theirs: &Json, bare: Option<&Json>, name: &str) -> Result<(), String> {
    match (ours, theirs) {
        (Json::Object(ours), Json::Object(theirs)) => members_agree(ours, theirs, bare, name),
        (Json::Array(ours), Json::Array(theirs)) if ours.len() == theirs.len() => {
            let mut pairs = ours.iter().zip(theirs).enumerate();
            pairs.try_for_each(|(at, (ours, theirs))| agree(ours, theirs, element(bare, at), "").map_err(within(at)))
        }
        _ if ours == theirs || otherwise(name, ours, theirs) => Ok(()),
        _ => Err(format!(": we write {ours:?}, libxl writes {theirs:?}")),
    }
}

fn members_agree(
    ours: &[(String, Json)],
    theirs: &[(String, Json)],
    bare: Option<&Json>,
    name: &str,
) -> Result<(), String> {
    let mut theirs = theirs.iter().filter(|(key, _)| !is_deprecated(name, key)).peekable();
    for (key, value) in ours {
        let default = bare.and_then(|bare| bare.member(key));
        if let Some((_, written)) = theirs.next_if(|(written, _)| written == key) {
            agree(value, written, default, key).map_err(within(key))?;
        } else if default != Some(value) {
            return Err(format!(".{key}: libxl leaves out {value:?}, and the default is {default:?}"));
        }
    }
    theirs.next().map_or(Ok(()), |(key, value)| Err(format!(".{key}: we leave out {value:?}")))
}

/// Values that we write otherwise than libxl.
fn otherwise(name: &str, ours: &Json, theirs: &Json) -> bool {
    match (name, ours, theirs) {
        // All eight words of the host's capabilities: libxl stops after the fourth.
        ("hw_cap", Json::Array(ours), Json::Array(theirs)) => ours.len() == 8 && ours[..4] == theirs[..],
        // Unsigned, as it is declared: libxl's writer takes a signed number.
        ("for_user", Json::Number(ours), Json::Number(theirs)) => ours - theirs == 1 << 64,
        _ => false,
    }
}

/// Is `key` of the object `name` a field that libxl keeps for configurations of earlier releases? We never write it.
fn is_deprecated(name: &str, key: &str) -> bool {
    name.contains('.') && DEPRECATED.contains(&format!(".{name}.{key}").as_str())
}

/// Every field is written, also at its default: a struct and a bare one of its shape have the same members. The
/// elements of lists that are no arrays of C do not count.
pub(crate) fn same_members(tree: &Json, bare: &Json) -> Result<(), String> {
    match (tree, bare) {
        (Json::Object(tree), Json::Object(bare)) => {
            let names = |of: &[(String, Json)]| of.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
            if names(tree) != names(bare) {
                return Err(format!(": {:?}, and at their defaults {:?}", names(tree), names(bare)));
            }
            let mut pairs = tree.iter().zip(bare);
            pairs.try_for_each(|((key, one), (_, other))| same_members(one, other).map_err(within(key)))
        }
        (Json::Array(tree), Json::Array(bare)) if tree.len() == bare.len() => {
            tree.iter().zip(bare).try_for_each(|(one, other)| same_members(one, other))
        }
        _ => Ok(()),
    }
}

/// What libxl's reader made of `before` must be the same, but for what it cannot read. True: it lost nothing.
pub(crate) fn same(before: &Json, after: &Json, bare: Option<&Json>, name: &str) -> Result<bool, String> {
    match (before, after) {
        (Json::Object(before), Json::Object(after)) => members_same(before, after, bare),
        (Json::Array(before), Json::Array(after)) if name != "hw_cap" && before.len() == after.len() => {
            let pairs = before.iter().zip(after).enumerate();
            pairs.map(|(at, (before, after))| same(before, after, element(bare, at), "").map_err(within(at))).all()
        }
        _ if before == after => Ok(true),
        _ if lost(name, before, after, bare) => Ok(false),
        _ => Err(format!(": {before:?} came back as {after:?}")),
    }
}

fn members_same(before: &[(String, Json)], after: &[(String, Json)], bare: Option<&Json>) -> Result<bool, String> {
    let mut after = after.iter().peekable();
    let pairs = before.iter().map(|(key, value)| {
        // A union without a member comes back with the member that its type starts with, which is empty.
        let member = after.next_if(|(added, value)| added != key && added.contains('.') && is_empty(value));
        let (_, read) = after.next_if(|(read, _)| read == key).ok_or_else(|| format!(".{key}: did not come back"))?;
        let kept = same(value, read, bare.and_then(|bare| bare.member(key)), key).map_err(within(key))?;
        Ok(kept && member.is_none())
    });
    let kept = pairs.all()?;
    let member = after.next_if(|(added, value)| added.contains('.') && is_empty(value));
    match after.next() {
        Some((key, _)) => Err(format!(".{key}: came from nowhere")),
        None => Ok(kept && member.is_none()),
    }
}

fn is_empty(value: &Json) -> bool {
    *value == Json::Object(Vec::new())
}

/// Values that libxl's reader does not take from a text.
fn lost(name: &str, before: &Json, after: &Json, bare: Option<&Json>) -> bool {
    match (name, before, after) {
        // It reads the first four words.
        ("hw_cap", Json::Array(before), Json::Array(after)) => {
            before[..4] == after[..4] && after[4..].iter().all(|word| *word == Json::Number(0))
        }
        // It takes no number beyond a signed one, and the largest of these only while errno is not ERANGE.
        (_, Json::Number(number), _) => *number >= i64::MAX.into() && bare == Some(after),
        // A value of an enumeration that has no name is null, which it skips.
        (_, Json::Null, _) => bare == Some(after),
        _ => false,
    }
}

fn element(bare: Option<&Json>, at: usize) -> Option<&Json> {
    bare.and_then(|bare| bare.element(at))
}

/// Puts the place before what is wrong there.
fn within(place: impl std::fmt::Display) -> impl FnOnce(String) -> String {
    move |why| format!(".{place}{why}")
}

trait All {
    /// True if all are; the first error if there is one.
    fn all(self) -> Result<bool, String>;
}

impl<I: Iterator<Item = Result<bool, String>>> All for I {
    fn all(mut self) -> Result<bool, String> {
        self.try_fold(true, |all, one| Ok(one? && all))
    }
}

/// What libxl wrote, without what our text cannot tell it: deprecated fields, and values of enumerations without a
/// name, which are null.
pub(crate) fn readable(tree: Json, name: &str) -> Json {
    match tree {
        Json::Object(members) => {
            let kept = members.into_iter().filter(|(key, value)| !is_deprecated(name, key) && *value != Json::Null);
            Json::Object(kept.map(|(key, value)| (key.clone(), readable(value, &key))).collect())
        }
        Json::Array(elements) => Json::Array(elements.into_iter().map(|one| readable(one, "")).collect()),
        other => other,
    }
}
