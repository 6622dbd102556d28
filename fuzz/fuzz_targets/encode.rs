//! Any struct: what we write of it is JSON, it agrees with what libxl writes, and libxl reads the same struct from it;
//! and what we write of some of its fields is the same less the others.
//!
//! The first byte chooses the type, the second whether values may be ones that libxl cannot read back (odd), and the
//! rest are the choices of the filler: lengths of arrays, members of unions, numbers, bytes of strings. How structs are
//! filled and judged is `tests/oracle`'s, which does it with random numbers.
#![no_main]
#![allow(unused, reason = "the oracle's tests use more of what is included here")]

#[path = "../../tests/oracle/described.rs"]
mod described;
#[path = "../../tests/oracle/filler.rs"]
mod filler;
#[path = "../../tests/oracle/json.rs"]
mod json;
#[path = "../../tests/oracle/rules.rs"]
mod rules;
#[path = "../../tests/oracle/structs.rs"]
mod structs;
#[path = "../../tests/oracle/texts.rs"]
mod texts;

use described::every_struct;
use libfuzzer_sys::fuzz_target;
use structs::judge;
use xenopsd::sim;
use xenopsd::xl::Xl;

/// The oracle's source of numbers, from the fuzzer's bytes. When they are used up, it gives zeroes, which leave fields
/// unset and arrays out.
mod random {
    use std::cell::RefCell;

    thread_local! {
        static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    /// What the next streams are made of.
    pub(crate) fn feed(bytes: &[u8]) {
        BYTES.with_borrow_mut(|kept| {
            kept.clear();
            kept.extend_from_slice(bytes);
        });
    }

    pub(crate) struct Random(std::vec::IntoIter<u8>);

    impl Random {
        /// The first stream (shapes) has the first quarter of the bytes, the other (values) has the rest.
        pub(crate) fn new(_seed: u64, stream: u64) -> Self {
            BYTES.with_borrow(|bytes| {
                let (shapes, values) = bytes.split_at(bytes.len() / 4);
                Self(if stream == 1 { shapes } else { values }.to_vec().into_iter())
            })
        }

        fn byte(&mut self) -> u8 {
            self.0.next().unwrap_or(0)
        }

        pub(crate) fn bits(&mut self) -> u64 {
            u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
        }

        pub(crate) fn below(&mut self, bound: usize) -> usize {
            let number = u16::from_le_bytes([self.byte(), if bound > 256 { self.byte() } else { 0 }]);
            usize::from(number) % bound
        }

        pub(crate) fn one_in(&mut self, times: usize) -> bool {
            self.below(times) == 0
        }

        pub(crate) fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
            &from[self.below(from.len())]
        }
    }
}

/// What judges a struct of one type; true if libxl has read all of it back.
type Judge = fn(&Xl, u64) -> Result<bool, String>;

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
    let [which, wild, bytes @ ..] = input else { return };
    let (name, judge) = JUDGES[usize::from(*which) % JUDGES.len()];
    random::feed(bytes);
    match XL.with(|xl| judge(xl, u64::from(*wild))) {
        Ok(whole) => assert!(whole || wild % 2 == 1, "{name}: libxl has not read all of it back"),
        Err(why) => panic!("{name}{why}"),
    }
});
