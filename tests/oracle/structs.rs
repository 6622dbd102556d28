//! Every struct, filled at random, one test a type.

use std::ops::Range;

use xenopsd::json::Fields;
use xenopsd::xl::{Owned, Xl};

use crate::described::{Described, call, every_struct, filled, ours, ours_of, read_by_libxl, theirs};
use crate::filler::Filler;
use crate::json::Json;
use crate::random::Random;
use crate::rules::{agree, readable, same, same_members};

/// The seeds of this run.
pub(crate) fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("XENOPSD_ORACLE_SEEDS") else {
        return 0..200;
    };
    let bounds = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    bounds.expect("XENOPSD_ORACLE_SEEDS is FROM..TO")
}

/// Holds structs of one type against libxl.
fn judge_all<T: Described>() {
    let xl = crate::xl();
    let mut unharmed = 0;
    for seed in seeds() {
        match judge::<T>(&xl, seed) {
            Ok(kept) => unharmed += u64::from(kept),
            Err(why) => panic!("{}{why}\n(XENOPSD_ORACLE_SEEDS={seed}..{})", T::NAME, seed + 1),
        }
    }
    // Even seeds have no value that libxl cannot read.
    let even = seeds().filter(|seed| seed % 2 == 0).count() as u64;
    assert!(unharmed >= even, "{}: {unharmed} of {even} even seeds came back whole", T::NAME);
}

/// Did the struct come back from libxl whole?
pub(crate) fn judge<T: Described>(xl: &Xl, seed: u64) -> Result<bool, String> {
    let value: Owned<'_, T> = filled(xl, Filler::random(xl, seed));
    let bare: Owned<'_, T> = filled(xl, Filler::bare(xl, seed));
    let (text, written) = (ours(xl, &*value), theirs(xl, &*value));
    let (tree, bare) = (Json::parse(&text), Json::parse(&ours(xl, &*bare)));
    let written = Json::parse(&written);
    agree(&tree, &written, Some(&bare), "")?;
    choose::<T>(xl, &value, &tree, &mut Random::new(seed, 3))?;
    same_members(&tree, &bare)?;

    let read: Owned<'_, T> = read_by_libxl(xl, &text).map_err(|code| format!(": libxl refuses our text: {code}"))?;
    let kept = same(&tree, &Json::parse(&ours(xl, &*read)), Some(&bare), "")?;
    let rewritten = Json::parse(&theirs(xl, &*read));
    if kept && readable(rewritten, "") != readable(written, "") {
        return Err(": libxl writes it otherwise after reading our text".to_owned());
    }
    Ok(kept)
}

/// Holds what we write of some fields against what we write of all of them.
fn choose<T: Described>(xl: &Xl, value: &T, all: &Json, random: &mut Random) -> Result<(), String> {
    let fields = Fields::of((0..T::FIELDS.len()).filter(|_| random.one_in(3)));
    let Json::Object(members) = all else {
        return Err(": no object".to_owned());
    };
    // A union's member is called KEY.MEMBER.
    let place = |name: &str| T::FIELDS.iter().position(|field| *field == name.split('.').next().unwrap_or_default());
    let mut chosen = members.clone();
    chosen.retain(|(name, _)| place(name).is_some_and(|at| fields.contains(at)));
    let (chosen, text) = (Json::Object(chosen), ours_of(xl, value, fields));
    if Json::parse(&text) != chosen {
        return Err(format!(
            ": of {:?} we write {text}, not {chosen}",
            fields.map(|at| T::FIELDS[at]).collect::<Vec<_>>()
        ));
    }
    match members.iter().find(|(name, _)| place(name).is_none()) {
        Some((name, _)) => Err(format!(".{name}: nothing asks for it")),
        None => Ok(()),
    }
}

/// Does every member of a struct's union come up?
fn fill_every_member<T: Described>() {
    let xl = crate::xl();
    let mut missing: Vec<&str> = T::MEMBERS.to_vec();
    for seed in 0..200 {
        let tree = Json::parse(&ours(&xl, &*filled::<T>(&xl, Filler::random(&xl, seed))));
        missing.retain(|member| tree.member(member).is_none());
    }
    assert!(missing.is_empty(), "{}: never filled: {missing:?}", T::NAME);
}

#[test]
fn every_member_of_every_union_is_among_them() {
    every_struct!(call fill_every_member);
}

/// A test for each struct, of its name.
macro_rules! test {
    ($judge:ident; $($name:ident $ty:ident,)*) => {$(
        #[test]
        fn $name() {
            $judge::<xenopsd::xl::sys::$ty>();
        }
    )*};
}

/// What we write is what libxl writes, and libxl reads it back.
mod are_written_and_read_as_by_libxl {
    use super::{every_struct, judge_all};

    every_struct!(test judge_all);
}
