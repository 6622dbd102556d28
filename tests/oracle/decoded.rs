//! Requests, read by us and by libxl: both must make the same struct of them.
//!
//! In: a struct filled at random, written by our encoder. Out: nothing, or where the two readers differ. The text is
//! made a request first (`request` names all that we refuse and libxl takes), then members are left out and moved about
//! at random, so that defaults and orders are covered. What we make of it must survive libxl's own deep copy: that is
//! what a function gets that keeps or changes its argument.

use xenopsd::xl::{Owned, Xl};

use crate::described::{Described, call, copied, every_struct, filled, ours, read_by_libxl, read_by_us, theirs};
use crate::filler::Filler;
use crate::json::Json;
use crate::random::Random;
use crate::rules::same;
use crate::structs::seeds;

/// A tree of our encoder's as a request that we take. All that differs between the two is here.
fn request(tree: Json, name: &str) -> Json {
    match (name, tree) {
        // libxl ends the process, or writes where it should not, if a build is given this.
        ("cpumap", Json::Array(_)) => Json::Array(Vec::new()),
        // libxl's create refuses more virtual CPUs than that.
        ("avail_vcpus", Json::Array(bits)) => {
            Json::Array(bits.into_iter().filter(|bit| matches!(bit, Json::Number(0..1024))).collect())
        }
        // A list of keys and values may have a key twice in C; an object may not have a member twice.
        (_, Json::Object(members)) => {
            let mut kept: Vec<(String, Json)> = Vec::new();
            for (key, value) in members {
                if kept.iter().all(|(before, _)| *before != key) {
                    kept.push((key.clone(), request(value, &key)));
                }
            }
            Json::Object(kept)
        }
        (_, Json::Array(elements)) => Json::Array(elements.into_iter().map(|one| request(one, "")).collect()),
        (_, other) => other,
    }
}

/// The same with members left out and in another order. A cpuid list's entries need all of theirs.
fn varied(tree: Json, name: &str, random: &mut Random) -> Json {
    match tree {
        Json::Object(members) if name != "cpuid" => {
            let mut kept: Vec<_> = members.into_iter().filter(|_| !random.one_in(4)).collect();
            for at in (1..kept.len()).rev() {
                kept.swap(at, random.below(at + 1));
            }
            Json::Object(kept.into_iter().map(|(key, value)| (key.clone(), varied(value, &key, random))).collect())
        }
        Json::Array(elements) => Json::Array(elements.into_iter().map(|one| varied(one, "", random)).collect()),
        other => other,
    }
}

/// What we made of a text: as we write it, as libxl does, and as we write libxl's copy of it.
fn made_by_us<T: Described>(xl: &Xl, text: &str) -> Result<[String; 3], String> {
    read_by_us::<T, _>(xl, text, |value| {
        let value = value.map_err(|why| format!(": we refuse it: {why}\n{text}"))?;
        Ok([ours(xl, value), theirs(xl, value), ours(xl, &*copied(xl, value))])
    })
}

/// Is the struct the one that the text was written from?
fn come_back<T: Described>() {
    let xl = crate::xl();
    for seed in seeds() {
        let value: Owned<'_, T> = filled(&xl, Filler::random(&xl, seed));
        let tree = request(Json::parse(&ours(&xl, &*value)), "");
        let wild = seed % 2 == 1;
        let outcome = made_by_us::<T>(&xl, &tree.to_string()).and_then(|[text, _, copy]| {
            assert_eq!(text, copy, "{}: libxl's copy is another (seed {seed})", T::NAME);
            let back = Json::parse(&text);
            if wild { same(&tree, &back, None, "").map(drop) } else { equal(&tree, &back) }
        });
        match outcome {
            // A value of an enumeration that has no name: libxl skips it.
            Err(why) if wild && why.contains(": expected a string\n") => {}
            Err(why) => panic!("{}{why}\n(XENOPSD_ORACLE_SEEDS={seed}..{})", T::NAME, seed + 1),
            Ok(()) => {}
        }
    }
}

fn equal(before: &Json, after: &Json) -> Result<(), String> {
    if before == after { Ok(()) } else { Err(format!(": {before}\ncame back as\n{after}")) }
}

#[test]
fn every_struct_comes_back_from_what_we_write() {
    every_struct!(call come_back);
}

/// Holds what we read against what libxl reads.
fn judge_all<T: Described>() {
    let xl = crate::xl();
    // Even seeds have no value that libxl cannot read.
    for seed in seeds().filter(|seed| seed % 2 == 0) {
        let value: Owned<'_, T> = filled(&xl, Filler::random(&xl, seed));
        let tree = request(Json::parse(&ours(&xl, &*value)), "");
        for variation in 0..3 {
            let mut random = Random::new(seed, 3 + variation);
            let text =
                if variation == 0 { tree.to_string() } else { varied(tree.clone(), "", &mut random).to_string() };
            let outcome = judge::<T>(&xl, &text);
            outcome.unwrap_or_else(|why| panic!("{}{why}\n(XENOPSD_ORACLE_SEEDS={seed}..{})", T::NAME, seed + 1));
        }
    }
}

fn judge<T: Described>(xl: &Xl, text: &str) -> Result<(), String> {
    let read = read_by_libxl::<T>(xl, text).map_err(|code| format!(": libxl refuses it: {code}\n{text}"))?;
    let by_libxl = [ours(xl, &*read), theirs(xl, &*read)].map(|text| Json::parse(&text));
    let by_us = made_by_us::<T>(xl, text)?.map(|text| Json::parse(&text));
    // libxl's reader takes four words of eight.
    let four = |tree: &Json| four_words(tree.clone());
    equal(&four(&by_libxl[0]), &four(&by_us[0]))?;
    equal(&by_libxl[1], &by_us[1])
}

/// The host's capabilities as libxl knows them.
fn four_words(tree: Json) -> Json {
    let Json::Object(mut members) = tree else {
        return tree;
    };
    for (name, value) in &mut members {
        if let ("hw_cap", Json::Array(words)) = (name.as_str(), value) {
            words.truncate(4);
        }
    }
    Json::Object(members)
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

/// What we make of a request is what libxl makes of it.
mod are_read_as_by_libxl {
    use super::{every_struct, judge_all};

    every_struct!(test judge_all);
}
