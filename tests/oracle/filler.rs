//! Fills structs as libxl itself would: memory from malloc, so that `libxl_T_dispose` frees it.
//!
//! In: a seed; fields, one after another, from `Described::fill`. Out: filled structs. Two streams of numbers decide:
//! one about shapes (how long an array is, which member a union has), one about values. A filler of other [`Values`]
//! gives a struct of the same shape.

use core::ffi::{CStr, c_char, c_int};

use xenopsd::xl::sys::{
    Functions, libxl_bitmap, libxl_cpuid_policy_list, libxl_defbool, libxl_hwcap, libxl_mac, libxl_ms_vm_genid,
    libxl_uuid,
};
use xenopsd::xl::{Managed, Xl};

use crate::described::Described;
use crate::random::Random;
use crate::texts;

/// What fields get.
enum Values {
    /// Any.
    Random(Random),
    /// Nothing: they stay as libxl initialised them.
    Initial,
    /// What is longest as text, where there is such a thing.
    Longest,
}

/// Fills one struct.
pub(crate) struct Filler<'x> {
    functions: &'x Functions,
    shapes: Random,
    values: Values,
    /// With values that libxl writes but cannot read back.
    wild: bool,
    /// Arrays around the current field.
    depth: usize,
}

impl<'x> Filler<'x> {
    /// Random values. Those of odd seeds are wild.
    pub(crate) fn random(xl: &'x Xl, seed: u64) -> Self {
        let values = Values::Random(Random::new(seed, 2));
        Self { functions: xl.functions(), shapes: Random::new(seed, 1), values, wild: seed % 2 == 1, depth: 0 }
    }

    /// The shape of the same seed's struct, without values.
    pub(crate) fn bare(xl: &'x Xl, seed: u64) -> Self {
        Self { values: Values::Initial, ..Self::random(xl, seed) }
    }

    /// The shape of the same seed's struct, each value as long as it can be.
    pub(crate) fn longest(xl: &'x Xl, seed: u64) -> Self {
        Self { values: Values::Longest, ..Self::random(xl, seed) }
    }

    /// For unions' initialisers.
    pub(crate) fn functions(&self) -> &'x Functions {
        self.functions
    }

    /// Sets a field that has no longest form, now and then not.
    fn unbounded<T>(&mut self, place: &mut T, value: impl FnOnce(&mut Random, bool) -> T) {
        if let Values::Random(random) = &mut self.values
            && !random.one_in(8)
        {
            *place = value(random, self.wild);
        }
    }

    /// Sets a field that has a longest form, now and then not.
    fn bounded<T>(&mut self, place: &mut T, longest: T, value: impl FnOnce(&mut Random, bool) -> T) {
        match self.values {
            Values::Longest => *place = longest,
            _ => self.unbounded(place, value),
        }
    }

    /// Which member a union has: a listed one, or none.
    pub(crate) fn key<T: Copy>(&mut self, listed: &[T], unlisted: T) -> T {
        let wild = self.wild && self.shapes.one_in(8);
        if wild { unlisted } else { *self.shapes.choose(listed) }
    }

    /// An array: none, empty, of one, of many.
    pub(crate) fn array<T>(&mut self, first: &mut *mut T, count: &mut c_int, fill: impl Fn(&mut Self, &mut T)) {
        let length = match self.shapes.below(16) {
            0..=2 => return,
            3..=4 => 0,
            5..=10 => 1,
            15 if self.depth == 0 => self.shapes.below(40),
            _ => 2 + self.shapes.below(2),
        };
        *count = c_int::try_from(length).expect("short");
        *first = allocate(length);
        self.depth += 1;
        for at in 0..length {
            // SAFETY: within what was just allocated; zeroes are a value of every C struct.
            fill(self, unsafe { &mut *first.add(at) });
        }
        self.depth -= 1;
    }

    /// A struct that is an array's element.
    pub(crate) fn element<T: Described>(&mut self, place: &mut T) {
        // SAFETY: memory for one; initialised, then filled.
        unsafe {
            <T as Managed>::init(self.functions, place);
            place.fill(self);
        }
    }

    pub(crate) fn boolean(&mut self, place: &mut bool) {
        self.bounded(place, false, |random, _| random.one_in(2));
    }

    pub(crate) fn integer<T: Integer>(&mut self, place: &mut T) {
        self.bounded(place, T::LONGEST, T::any);
    }

    pub(crate) fn enumeration<T: Copy>(&mut self, place: &mut T, listed: &[T], unlisted: T) {
        let any = |random: &mut Random, wild| if wild && random.one_in(8) { unlisted } else { *random.choose(listed) };
        self.bounded(place, listed[0], any);
    }

    /// An enumeration that is an array's element: libxl refuses a whole text for one that is unlisted.
    pub(crate) fn listed<T: Copy>(&mut self, place: &mut T, listed: &[T]) {
        *place = listed[0];
        self.unbounded(place, |random, _| *random.choose(listed));
    }

    pub(crate) fn string(&mut self, place: &mut *mut c_char) {
        self.unbounded(place, |random, _| string(&texts::any(random)));
    }

    pub(crate) fn defbool(&mut self, place: &mut libxl_defbool) {
        let default = libxl_defbool { val: 0 };
        let any = |random: &mut Random, _| libxl_defbool { val: *random.choose(&[0, 1, -1, c_int::MAX, c_int::MIN]) };
        self.bounded(place, default, any);
    }

    pub(crate) fn uuid(&mut self, place: &mut libxl_uuid) {
        self.unbounded(place, |random, _| libxl_uuid { uuid: bytes(random) });
    }

    pub(crate) fn mac(&mut self, place: &mut libxl_mac) {
        self.unbounded(place, |random, _| bytes(random));
    }

    pub(crate) fn ms_vm_genid(&mut self, place: &mut libxl_ms_vm_genid) {
        self.bounded(place, libxl_ms_vm_genid { bytes: [u8::MAX; 16] }, |random, _| libxl_ms_vm_genid {
            bytes: bytes(random),
        });
    }

    /// libxl writes and reads the first four words.
    pub(crate) fn hwcap(&mut self, place: &mut libxl_hwcap) {
        self.bounded(place, [u32::MAX; 8], |random, wild| {
            std::array::from_fn(|at| if at < 4 || wild { u32::any(random, wild) } else { 0 })
        });
    }

    /// None, empty, a few bytes, or as many as a large host needs.
    pub(crate) fn bitmap(&mut self, place: &mut libxl_bitmap) {
        self.unbounded(place, |random, _| {
            let size = if random.one_in(64) { 512 } else { random.below(6) };
            let map = allocate::<u8>(size);
            let sparse = random.one_in(2);
            for at in 0..size {
                let bits = if sparse && random.one_in(2) { 0 } else { bytes::<1>(random)[0] };
                // SAFETY: within what was just allocated.
                unsafe { map.add(at).write(bits) };
            }
            libxl_bitmap { size: u32::try_from(size).expect("small"), map }
        });
    }

    pub(crate) fn string_list(&mut self, place: &mut *mut *mut c_char) {
        self.unbounded(place, |random, _| {
            let length = random.below(4);
            strings(&(0..length).map(|_| string(&texts::any(random))).collect::<Vec<_>>())
        });
    }

    /// Some values are null, and keys may come twice. Its keys are members in JSON: they belong to the shape.
    pub(crate) fn key_value_list(&mut self, place: &mut *mut *mut c_char) {
        let random = &mut self.shapes;
        if random.one_in(4) {
            return;
        }
        let length = random.below(4);
        let pairs = (0..length).flat_map(|_| {
            let key = if random.one_in(3) { b"key".to_vec() } else { texts::any(random) };
            let value = if random.one_in(4) { std::ptr::null_mut() } else { string(&texts::any(random)) };
            [string(&key), value]
        });
        *place = strings(&pairs.collect::<Vec<_>>());
    }

    /// What `xl` makes of a configuration's `cpuid`, in both of its forms. (libxl loses memory when told a leaf twice.)
    pub(crate) fn cpuid_policy_list(&mut self, place: &mut libxl_cpuid_policy_list) {
        const WORDS: &[&CStr] = &[c"maxleaf=0xd", c"family=15", c"avx=0", c"x2apic=k", c"procpkg=3", c"rdcl-no=1"];
        const LEAVES: &[&CStr] = &[c"7,0:ebx=xxxxxxxx00000000xxxxxxxx1111kkss", c"0x80000001:edx=1,ecx=0"];
        let functions = self.functions;
        let word = functions.libxl_cpuid_parse_config.expect("every release has it");
        let leaf = functions.libxl_cpuid_parse_config_xend.expect("every release has it");
        self.unbounded(place, |random, _| {
            let mut list = std::ptr::null_mut();
            for (parse, texts) in [(word, WORDS), (leaf, LEAVES)] {
                for text in texts.iter().filter(|_| random.one_in(4)) {
                    // SAFETY: the table holds these very functions; the list is null or what they made of it.
                    unsafe { parse(&raw mut list, text.as_ptr()) };
                }
            }
            list
        });
    }
}

/// An integer of C.
pub(crate) trait Integer: Sized {
    /// The one with most digits.
    const LONGEST: Self;

    /// One of the extremes, a small one, or any.
    fn any(random: &mut Random, wild: bool) -> Self;
}

macro_rules! integers {
    ($($ty:ty: $longest:expr, $extremes:expr;)*) => {$(
        impl Integer for $ty {
            const LONGEST: Self = $longest;

            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::unnecessary_cast,
                    reason = "any bits will do")]
            fn any(random: &mut Random, _wild: bool) -> Self {
                match random.below(4) {
                    0 => *random.choose(&$extremes),
                    1 => random.below(100) as $ty,
                    _ => random.bits() as $ty,
                }
            }
        }
    )*};
}

integers! {
    u8: u8::MAX, [0, 1, 127, 128, 255];
    u16: u16::MAX, [0, 1, 32767, 32768, u16::MAX];
    u32: u32::MAX, [0, 1, 1 << 31, (1 << 31) - 1, u32::MAX];
    i32: i32::MIN, [0, 1, -1, i32::MIN, i32::MAX];
}

impl Integer for u64 {
    const LONGEST: Self = u64::MAX;

    /// libxl reads no number from 2^63 - 1 on.
    fn any(random: &mut Random, wild: bool) -> Self {
        const TAME: &[u64] = &[0, 1, 1 << 32, (1 << 53) + 1, (1 << 63) - 2];
        const WILD: &[u64] = &[(1 << 63) - 1, 1 << 63, u64::MAX - 1, u64::MAX];
        match random.below(4) {
            0 if wild => *random.choose(WILD),
            0 | 1 => *random.choose(TAME),
            _ if wild => random.bits(),
            _ => random.bits() >> 2,
        }
    }
}

fn bytes<const N: usize>(random: &mut Random) -> [u8; N] {
    std::array::from_fn(|_| random.bits().to_le_bytes()[0])
}

/// Zeroed memory from malloc for that many; not null even for none.
pub(crate) fn allocate<T>(count: usize) -> *mut T {
    // SAFETY: calloc has no conditions.
    let first = unsafe { libc::calloc(count.max(1), size_of::<T>()) };
    assert!(!first.is_null(), "out of memory");
    first.cast()
}

/// A C string of these bytes.
pub(crate) fn string(bytes: &[u8]) -> *mut c_char {
    let text = allocate::<u8>(bytes.len() + 1);
    // SAFETY: within what was just allocated; its last byte stays 0.
    unsafe { text.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    text.cast()
}

/// The list of these strings, with nulls behind them.
fn strings(texts: &[*mut c_char]) -> *mut *mut c_char {
    let list = allocate::<*mut c_char>(texts.len() + 2);
    // SAFETY: within what was just allocated.
    unsafe { list.copy_from_nonoverlapping(texts.as_ptr(), texts.len()) };
    list
}
