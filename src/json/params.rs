//! A request's params, matched against a method's parameter list.
//!
//! In: the `params` value (or none) and the parameters' names. Out: one slot a parameter, read by the generated code
//! with [`Args`]. It refuses what the method does not know; it does not know what the parameters mean.

use core::ffi::c_char;

use super::value::{Kind, Value};
use crate::error::{Fault, Place, Refusal, Refused};
use bumpalo::Bump;

/// How a parameter's name is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Letter by letter.
    Exact,
    /// As Go's clients write them: `Domid`, `ConsNum`, `cons_num` are all `cons_num`.
    Go,
}

/// The params of one request, not matched yet.
#[derive(Debug, Clone, Copy)]
pub struct Params<'m> {
    arena: &'m Bump,
    value: Option<Value<'m>>,
    names: Names,
}

impl<'m> Params<'m> {
    /// Params as they came; `None` when the request has none.
    pub fn new(arena: &'m Bump, value: Option<Value<'m>>, names: Names) -> Self {
        Self { arena, value, names }
    }

    /// Where what is decoded of this request lives.
    pub fn arena(&self) -> &'m Bump {
        self.arena
    }

    /// Appends bytes that are the same for equal params, and different for others.
    pub fn spell(&self, to: &mut Vec<u8>) {
        if let Some(value) = self.value {
            to.push(self.names as u8);
            value.spell(to);
        }
    }

    /// Finds each named parameter. Unknown and repeated ones are refused, missing ones only when they are read.
    #[inline]
    pub fn bind<const N: usize>(&self, names: &'static [&'static str; N]) -> Result<Args<'m, N>, Refused<'m>> {
        let mut args = Args { arena: self.arena, names, slots: [None; N] };
        if let Some(value) = self.value {
            args.fill(value, self.names)?;
        }
        Ok(args)
    }
}

impl<'m> Params<'m> {
    /// One parameter, whatever the others are: the first of that name, or at its place in `names`.
    pub fn find(&self, names: &[&str], name: &str) -> Option<Value<'m>> {
        let value = self.value?;
        match value.kind() {
            Kind::Array => value.elements().nth(names.iter().position(|known| *known == name)?),
            _ => value.members().find(|(found, _)| same(name, found, self.names)).map(|(_, value)| value),
        }
    }
}

/// A method's parameters, by their position in its list.
#[derive(Debug)]
pub struct Args<'m, const N: usize> {
    arena: &'m Bump,
    names: &'static [&'static str; N],
    slots: [Option<Value<'m>>; N],
}

impl<'m, const N: usize> Args<'m, N> {
    /// Apart, so that a request without params does not pay for what is done with some.
    #[inline(never)]
    fn fill(&mut self, value: Value<'m>, how: Names) -> Result<(), Refused<'m>> {
        match value.kind() {
            Kind::Null => Ok(()),
            Kind::Array => self.fill_positional(value),
            Kind::Object => self.fill_named(value, how),
            _ => Err(value.refuse(Fault::NotParams)),
        }
    }

    fn fill_positional(&mut self, array: Value<'m>) -> Result<(), Refused<'m>> {
        let found = array.elements().count();
        if found > N {
            return Err(array.refuse(Fault::TooMany { expected: N, found }));
        }
        for (slot, element) in self.slots.iter_mut().zip(array.elements()) {
            *slot = Some(element);
        }
        Ok(())
    }

    fn fill_named(&mut self, object: Value<'m>, how: Names) -> Result<(), Refused<'m>> {
        for (name, value) in object.members() {
            let refuse = |fault| value.refuse(fault).within(self.arena, Place::Member(name));
            let Some(at) = self.names.iter().position(|known| same(known, name, how)) else {
                return Err(refuse(Fault::Unknown { known: self.names }));
            };
            if self.slots[at].is_some() {
                return Err(refuse(Fault::Duplicate));
            }
            self.slots[at] = Some(value);
        }
        Ok(())
    }

    /// A refusal of that parameter.
    #[cold]
    pub fn refuse(&self, at: usize, fault: Fault<'m>) -> Refused<'m> {
        Refusal::new(self.arena, fault).within(self.arena, Place::Member(self.names[at]))
    }

    /// A refusal of what is in that parameter, seen from outside.
    #[cold]
    pub fn within(&self, at: usize, refused: Refused<'m>) -> Refused<'m> {
        refused.within(self.arena, Place::Member(self.names[at]))
    }

    /// What `read` makes of a parameter that must be there.
    pub fn read<T>(&self, at: usize, read: impl FnOnce(Value<'m>) -> Result<T, Refused<'m>>) -> Result<T, Refused<'m>> {
        match self.slots[at] {
            None => Err(self.refuse(at, Fault::Missing)),
            Some(value) => read(value).map_err(|refused| self.within(at, refused)),
        }
    }

    /// The parameter as it came, or `None` when it is absent or null.
    pub fn optional(&self, at: usize) -> Option<Value<'m>> {
        self.slots[at].filter(|value| value.kind() != Kind::Null)
    }

    /// A `uint8_t`.
    pub fn u8(&self, at: usize) -> Result<u8, Refused<'m>> {
        self.read(at, Value::u8)
    }

    /// A `uint16_t`.
    pub fn u16(&self, at: usize) -> Result<u16, Refused<'m>> {
        self.read(at, Value::u16)
    }

    /// A `uint32_t` or `unsigned int`.
    pub fn u32(&self, at: usize) -> Result<u32, Refused<'m>> {
        self.read(at, Value::u32)
    }

    /// A `uint64_t`.
    pub fn u64(&self, at: usize) -> Result<u64, Refused<'m>> {
        self.read(at, Value::u64)
    }

    /// An `int`.
    pub fn i32(&self, at: usize) -> Result<i32, Refused<'m>> {
        self.read(at, Value::i32)
    }

    /// An `unsigned int` that libxl takes within these bounds only, both inclusive.
    pub fn u32_within(&self, at: usize, min: i64, max: i64) -> Result<u32, Refused<'m>> {
        self.read(at, |value| Ok(u32::try_from(value.signed(min, max)?).unwrap_or(u32::MAX)))
    }

    /// An `int` that libxl takes within these bounds only, both inclusive.
    pub fn i32_within(&self, at: usize, min: i64, max: i64) -> Result<i32, Refused<'m>> {
        self.read(at, |value| Ok(i32::try_from(value.signed(min, max)?).unwrap_or(i32::MAX)))
    }

    /// An `int64_t`.
    pub fn i64(&self, at: usize) -> Result<i64, Refused<'m>> {
        self.read(at, Value::i64)
    }

    /// A `bool`.
    pub fn bool(&self, at: usize) -> Result<bool, Refused<'m>> {
        self.read(at, Value::bool)
    }

    /// A `bool` that need not be there, and is none of the method's affairs.
    pub fn check_bool(&self, at: usize) -> Result<(), Refused<'m>> {
        self.optional(at).map_or(Ok(()), |_| self.bool(at).map(drop))
    }

    /// A `char`: a string of one ASCII character.
    pub fn letter(&self, at: usize) -> Result<c_char, Refused<'m>> {
        self.read(at, |value| match *value.str()?.as_bytes() {
            [letter @ 1..=0x7f] => Ok(letter.cast_signed()),
            _ => Err(value.refuse(Fault::Expected("a string of one ASCII character"))),
        })
    }

    /// One at least of these two parameters is there.
    pub fn one_of(&self, first: usize, second: usize, why: &'static str) -> Result<(), Refused<'m>> {
        match self.optional(first).or_else(|| self.optional(second)) {
            Some(_) => Ok(()),
            None => Err(self.refuse(first, Fault::Rule(why))),
        }
    }

    /// An enumeration's C value, by its name.
    pub fn enumeration(&self, at: usize, names: &'static [(&'static str, i64)]) -> Result<i64, Refused<'m>> {
        self.read(at, |value| value.enumeration(names))
    }

    /// A C string in the input buffer, valid as long as the message.
    pub fn c_str(&self, at: usize) -> Result<*const c_char, Refused<'m>> {
        self.read(at, Value::c_str)
    }

    /// A C string that is not empty, for parameters where libxl takes "" for something else.
    pub fn c_str_filled(&self, at: usize) -> Result<*const c_char, Refused<'m>> {
        self.read(at, |value| match value.str()? {
            "" => Err(value.refuse(Fault::Empty)),
            _ => value.c_str(),
        })
    }
}

/// Does `found` name the parameter `known`?
fn same(known: &str, found: &str, how: Names) -> bool {
    match how {
        Names::Exact => known == found,
        Names::Go => {
            let folded = |c: &u8| *c != b'_';
            let known = known.bytes().filter(folded).map(|c| c.to_ascii_lowercase());
            let found = found.bytes().filter(folded).map(|c| c.to_ascii_lowercase());
            known.eq(found)
        }
    }
}
