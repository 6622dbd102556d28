//! One value of a request, on the tape.
//!
//! In: a place on the tape of a [`Message`]. Out: numbers, strings, C strings, members, elements, or a refusal that
//! says what was expected. It converts; it does not know what a value is for. Reading never panics: a value can
//! only be made for a node that is there.

use core::ffi::c_char;

use simd_json::{Node, StaticNode};

use super::tape::Message;
use crate::error::{Fault, Place, Refusal, Refused};
use crate::limits;

/// A value on a message's tape.
#[derive(Debug, Clone, Copy)]
pub struct Value<'m> {
    pub(super) message: &'m Message<'m>,
    pub(super) at: usize,
}

/// The members that an object may have.
#[derive(Debug)]
pub struct Members {
    /// Their names, at most 128.
    pub known: &'static [&'static str],
    /// Names that are none of them but may be taken for one, each with what to say of it.
    pub mistaken: &'static [(&'static str, &'static str)],
}

impl Members {
    /// The place of a name among them. They mostly come in order, so `next` is tried first.
    fn find(&self, name: &str, next: usize) -> Result<usize, Fault<'static>> {
        if self.known.get(next).is_some_and(|known| *known == name) {
            return Ok(next);
        }
        if let Some(at) = self.known.iter().position(|known| *known == name) {
            return Ok(at);
        }
        match self.mistaken.iter().find(|(mistaken, _)| *mistaken == name) {
            Some((_, why)) => Err(Fault::Rule(why)),
            None if self.known.is_empty() => Err(Fault::Rule("unknown: this object has no members")),
            None => Err(Fault::Unknown { known: self.known }),
        }
    }
}

/// What sort of JSON value stands somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number, of any form.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl<'m> Value<'m> {
    fn node(self) -> Node<'m> {
        self.message.nodes()[self.at]
    }

    /// The message this value belongs to.
    pub fn message(self) -> &'m Message<'m> {
        self.message
    }

    /// What sort of value it is.
    pub fn kind(self) -> Kind {
        match self.node() {
            Node::String(_) => Kind::String,
            Node::Object { .. } => Kind::Object,
            Node::Array { .. } => Kind::Array,
            Node::Static(StaticNode::Null) => Kind::Null,
            Node::Static(StaticNode::Bool(_)) => Kind::Bool,
            Node::Static(_) => Kind::Number,
        }
    }

    /// A refusal of this value, to be given its place by whoever knows it.
    #[cold]
    pub fn refuse(self, fault: Fault<'m>) -> Refused<'m> {
        Refusal::new(self.message.arena(), fault)
    }

    /// A string, as it stands in the input buffer.
    pub fn str(self) -> Result<&'m str, Refused<'m>> {
        match self.node() {
            Node::String(text) => Ok(text),
            _ => Err(self.refuse(Fault::Expected("a string"))),
        }
    }

    /// A string as C wants it: the NUL is written over the byte behind it in the input buffer, nothing is copied.
    pub fn c_str(self) -> Result<*const c_char, Refused<'m>> {
        self.c_str_of(self.str()?)
    }

    /// The same for the name of a member of this object.
    pub fn c_str_of(self, text: &'m str) -> Result<*const c_char, Refused<'m>> {
        if text.as_bytes().contains(&0) {
            return Err(self.refuse(Fault::InnerNul));
        }
        Ok(self.message.terminate(text))
    }

    /// `true` or `false`.
    pub fn bool(self) -> Result<bool, Refused<'m>> {
        match self.node() {
            Node::Static(StaticNode::Bool(value)) => Ok(value),
            _ => Err(self.refuse(Fault::Expected("true or false"))),
        }
    }

    /// An integer from `min` to `max`. `1.0` and `1e3` are no integers; what does not fit is out of range.
    pub fn signed(self, min: i64, max: i64) -> Result<i64, Refused<'m>> {
        let range = Fault::Range { min, max: max.unsigned_abs() };
        match self.node() {
            Node::Static(StaticNode::I64(value)) if (min..=max).contains(&value) => Ok(value),
            Node::Static(StaticNode::U64(value)) => match i64::try_from(value) {
                Ok(value) if (min..=max).contains(&value) => Ok(value),
                _ => Err(self.refuse(range)),
            },
            Node::Static(StaticNode::I64(_)) => Err(self.refuse(range)),
            _ if self.is_beyond_64_bits() => Err(self.refuse(range)),
            _ => Err(self.refuse(Fault::Expected("an integer"))),
        }
    }

    /// An integer from 0 to `max`.
    pub fn unsigned(self, max: u64) -> Result<u64, Refused<'m>> {
        let range = Fault::Range { min: 0, max };
        match self.node() {
            Node::Static(StaticNode::U64(value)) if value <= max => Ok(value),
            Node::Static(StaticNode::I64(value)) => match u64::try_from(value) {
                Ok(value) if value <= max => Ok(value),
                _ => Err(self.refuse(range)),
            },
            Node::Static(StaticNode::U64(_)) => Err(self.refuse(range)),
            _ if self.is_beyond_64_bits() => Err(self.refuse(range)),
            _ => Err(self.refuse(Fault::Expected("an integer"))),
        }
    }

    /// A `uint8_t`.
    pub fn u8(self) -> Result<u8, Refused<'m>> {
        Ok(u8::try_from(self.unsigned(u8::MAX.into())?).unwrap_or(u8::MAX))
    }

    /// A `uint16_t`.
    pub fn u16(self) -> Result<u16, Refused<'m>> {
        Ok(u16::try_from(self.unsigned(u16::MAX.into())?).unwrap_or(u16::MAX))
    }

    /// A `uint32_t` or `unsigned int`.
    pub fn u32(self) -> Result<u32, Refused<'m>> {
        Ok(u32::try_from(self.unsigned(u32::MAX.into())?).unwrap_or(u32::MAX))
    }

    /// A `uint64_t`.
    pub fn u64(self) -> Result<u64, Refused<'m>> {
        self.unsigned(u64::MAX)
    }

    /// An `int`.
    pub fn i32(self) -> Result<i32, Refused<'m>> {
        Ok(i32::try_from(self.signed(i32::MIN.into(), i32::MAX.into())?).unwrap_or(i32::MAX))
    }

    /// An `int64_t`.
    pub fn i64(self) -> Result<i64, Refused<'m>> {
        self.signed(i64::MIN, i64::MAX)
    }

    /// The parser makes a float of an integer that 64 bits do not hold. (So does it of `1e30`, which is as far out.)
    fn is_beyond_64_bits(self) -> bool {
        const BEYOND: f64 = 18_446_744_073_709_551_616.0;
        const BELOW: f64 = -9_223_372_036_854_775_808.0;
        matches!(self.node(), Node::Static(StaticNode::F64(value)) if value >= BEYOND || value <= BELOW)
    }

    /// One of an enumeration's names, exactly as libxl writes them.
    pub fn enumeration(self, names: &'static [(&'static str, i64)]) -> Result<i64, Refused<'m>> {
        let text = self.str()?;
        match names.iter().find(|(name, _)| *name == text) {
            Some((_, value)) => Ok(*value),
            None => Err(self.refuse(Fault::Enumeration { names })),
        }
    }

    /// One of an enumeration's names; or `null` where `initial`, the value that is there already, has no name: that is
    /// how libxl writes such a value.
    pub fn enumeration_or(self, initial: i64, names: &'static [(&'static str, i64)]) -> Result<i64, Refused<'m>> {
        let unnamed = names.iter().all(|(_, value)| *value != initial);
        if unnamed && self.kind() == Kind::Null { Ok(initial) } else { self.enumeration(names) }
    }

    /// Reads each member of an object with `read`, which is told its place in the list of those there are. What is
    /// not in the list is refused, and so is what comes twice.
    pub fn each_member(
        self,
        of: &'static Members,
        mut read: impl FnMut(usize, Value<'m>) -> Result<(), Refused<'m>>,
    ) -> Result<(), Refused<'m>> {
        if self.kind() != Kind::Object {
            return Err(self.refuse(Fault::Expected("an object")));
        }
        let (mut seen, mut next) = (0_u128, 0);
        for (name, value) in self.members() {
            let place = |refused: Refused<'m>| refused.within(self.message.arena(), Place::Member(name));
            let at = of.find(name, next).map_err(|fault| place(value.refuse(fault)))?;
            let bit = 1 << at;
            if seen & bit != 0 {
                return Err(place(value.refuse(Fault::Duplicate)));
            }
            read(at, value).map_err(place)?;
            (seen, next) = (seen | bit, at + 1);
        }
        Ok(())
    }

    /// Reads each element of an array with `read`, which is told how many came before it.
    pub fn each_element(
        self,
        mut read: impl FnMut(usize, Value<'m>) -> Result<(), Refused<'m>>,
    ) -> Result<(), Refused<'m>> {
        for (at, element) in self.elements().enumerate() {
            let place = |refused: Refused<'m>| refused.within(self.message.arena(), Place::Element(at));
            read(at, element).map_err(place)?;
        }
        Ok(())
    }

    /// The number of an array's elements. More than [`limits::ELEMENTS_MAX`] are refused.
    pub fn array_len(self) -> Result<usize, Refused<'m>> {
        match self.node() {
            Node::Array { len, .. } => self.bounded(len),
            _ => Err(self.refuse(Fault::Expected("an array"))),
        }
    }

    /// The number of an object's members. More than [`limits::ELEMENTS_MAX`] are refused.
    pub fn object_len(self) -> Result<usize, Refused<'m>> {
        match self.node() {
            Node::Object { len, .. } => self.bounded(len),
            _ => Err(self.refuse(Fault::Expected("an object"))),
        }
    }

    fn bounded(self, len: usize) -> Result<usize, Refused<'m>> {
        const TOO_MANY: &str = "more than 1024 in one list";
        const _: () = assert!(limits::ELEMENTS_MAX == 1024, "the text says so");
        if len > limits::ELEMENTS_MAX { Err(self.refuse(Fault::Rule(TOO_MANY))) } else { Ok(len) }
    }

    /// The elements of an array; nothing for any other value.
    pub fn elements(self) -> impl Iterator<Item = Value<'m>> {
        let len = match self.node() {
            Node::Array { len, .. } => len,
            _ => 0,
        };
        let mut at = self.at + 1;
        (0..len).map(move |_| {
            let element = Value { message: self.message, at };
            at = element.end();
            element
        })
    }

    /// The members of an object in the order they came; nothing for any other value.
    pub fn members(self) -> impl Iterator<Item = (&'m str, Value<'m>)> {
        let len = match self.node() {
            Node::Object { len, .. } => len,
            _ => 0,
        };
        let mut at = self.at + 1;
        (0..len).map(move |_| {
            let Node::String(name) = self.message.nodes()[at] else {
                unreachable!("a member's name is a string on every tape");
            };
            let value = Value { message: self.message, at: at + 1 };
            at = value.end();
            (name, value)
        })
    }

    /// Appends bytes that are the same for equal values, and different for others.
    pub(super) fn spell(self, to: &mut Vec<u8>) {
        for node in &self.message.nodes()[self.at..self.end()] {
            let (kind, bits) = match *node {
                Node::String(text) => (b's', text.len() as u64),
                Node::Object { len, .. } => (b'o', len as u64),
                Node::Array { len, .. } => (b'a', len as u64),
                Node::Static(StaticNode::I64(number)) => (b'i', number.cast_unsigned()),
                Node::Static(StaticNode::U64(number)) => (b'u', number),
                Node::Static(StaticNode::F64(number)) => (b'f', number.to_bits()),
                Node::Static(StaticNode::Bool(is)) => (b'b', is.into()),
                Node::Static(StaticNode::Null) => (b'n', 0),
            };
            to.push(kind);
            to.extend_from_slice(&bits.to_le_bytes());
            if let Node::String(text) = node {
                to.extend_from_slice(text.as_bytes());
            }
        }
    }

    /// The place of the next value behind this one, with all that is in it.
    fn end(self) -> usize {
        match self.node() {
            Node::Array { count, .. } | Node::Object { count, .. } => self.at + 1 + count,
            _ => self.at + 1,
        }
    }
}
