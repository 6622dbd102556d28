//! Any JSON as any struct: we take it or refuse it, without harm. What we take, libxl takes, too; and what libxl makes
//! of the struct as we write it is the same struct, and so is libxl's deep copy of it.
//!
//! The first byte chooses the type, the rest is the text. How structs are described is `tests/oracle`'s.
#![no_main]
#![allow(dead_code, unused_imports, unused_macros, reason = "the oracle's tests use more of it")]

#[path = "../../tests/oracle/described.rs"]
mod described;
#[path = "../../tests/oracle/filler.rs"]
mod filler;
#[path = "../../tests/oracle/json.rs"]
mod json;
#[path = "../../tests/oracle/random.rs"]
mod random;
#[path = "../../tests/oracle/texts.rs"]
mod texts;

use described::{Described, copied, every_struct, ours, read_by_libxl, read_by_us};
use json::Json;
use libfuzzer_sys::fuzz_target;
use xenopsd::json::Parser;
use xenopsd::sim;
use xenopsd::xl::Xl;

/// What holds the readers of one type against each other.
type Judge = fn(&Xl, &str) -> Result<(), String>;

macro_rules! judges {
    ($judge:ident; $($name:ident $ty:ident,)*) => { &[$((stringify!($name), $judge::<xenopsd::xl::sys::$ty>)),*] };
}

const JUDGES: &[(&str, Judge)] = every_struct!(judges judge);

thread_local! {
    static XL: Xl = xl();
}

/// libxl on a simulated host: converters need no Xen.
fn xl() -> Xl {
    let host = sim::start(1, 0).expect("memory for one domain");
    Xl::open(host).expect("libxl is installed")
}

fuzz_target!(|input: &[u8]| {
    let [which, text @ ..] = input else { return };
    let Ok(text) = str::from_utf8(text) else { return };
    if !is_json(text) {
        return;
    }
    let (name, judge) = JUDGES[usize::from(*which) % JUDGES.len()];
    if let Err(why) = XL.with(|xl| judge(xl, text)) {
        panic!("{name}{why}");
    }
});

/// The parser takes it. (Text behind a NUL is none of it to libxl.)
fn is_json(text: &str) -> bool {
    let mut bytes = [text.as_bytes(), &[0; xenopsd::json::PADDING]].concat();
    !text.contains('\0') && Parser::new().read(&mut bytes, text.len(), &bumpalo::Bump::new(), |read| read.is_ok())
}

fn judge<T: Described>(xl: &Xl, text: &str) -> Result<(), String> {
    let Ok((written, copy)) =
        read_by_us::<T, _>(xl, text, |value| value.map(|v| (ours(xl, v), ours(xl, &*copied(xl, v)))))
    else {
        return Ok(());
    };
    if copy != written {
        return Err(format!(": libxl's copy is another:\n{written}\n{copy}"));
    }
    read_by_libxl::<T>(xl, text).map_err(|code| format!(": libxl refuses what we take: {code}"))?;
    let back = read_by_libxl::<T>(xl, &written).map_err(|code| format!(": libxl refuses what we write: {code}"))?;
    same(&Json::parse(&written), &Json::parse(&ours(xl, &*back)), "")
}

/// libxl's reader must make the same of our text, but for what it loses.
fn same(written: &Json, back: &Json, name: &str) -> Result<(), String> {
    let within = |place: String| move |why| format!(".{place}{why}");
    match (written, back) {
        (Json::Object(written), Json::Object(back)) if written.len() == back.len() => {
            written.iter().zip(back).try_for_each(|((key, one), (other_key, other))| {
                if key == other_key { same(one, other, key).map_err(within(key.clone())) } else { Err(key.clone()) }
            })
        }
        // The words of the host's capabilities behind the fourth.
        (Json::Array(written), Json::Array(back)) if name == "hw_cap" && written[..4] == back[..4] => Ok(()),
        (Json::Array(written), Json::Array(back)) if written.len() == back.len() => {
            let mut pairs = written.iter().zip(back).enumerate();
            pairs.try_for_each(|(at, (one, other))| same(one, other, "").map_err(within(at.to_string())))
        }
        // Numbers beyond a signed one.
        (Json::Number(number), Json::Number(_)) if *number >= i64::MAX.into() => Ok(()),
        _ if written == back => Ok(()),
        _ => Err(format!(": {written} came back as {back}")),
    }
}
