//! What can go wrong with a request, as values that cost nothing until somebody writes them out.
//!
//! In: what a stage found. Out: a [`Refusal`] (the request itself is at fault) or a [`Failure`] (any reason a
//! call has no result). It formats nothing: `rpc::reply` turns these into the text a client reads. A refusal
//! lives in the request's arena and borrows from the request, so an error reply allocates nothing either.

use bumpalo::Bump;

/// A refusal in the arena of its request: one pointer wide, so that `Result` stays cheap on the good path.
pub type Refused<'m> = &'m Refusal<'m>;

/// Why a request was not carried out, and which part of it is to blame.
#[derive(Debug, Clone, Copy)]
pub struct Refusal<'m> {
    /// What is wrong with the value at `path`.
    pub fault: Fault<'m>,
    /// Where it stands, outermost step first.
    pub path: Option<&'m Step<'m>>,
}

/// One step from `params` towards the value that is at fault.
#[derive(Debug, Clone, Copy)]
pub struct Step<'m> {
    /// The member or element entered.
    pub place: Place<'m>,
    /// The steps that follow.
    pub inner: Option<&'m Step<'m>>,
}

/// A member of an object or an element of an array.
#[derive(Debug, Clone, Copy)]
pub enum Place<'m> {
    /// A member, by its name.
    Member(&'m str),
    /// An element, counted from 0.
    Element(usize),
}

/// What is wrong with one value of a request's params.
#[derive(Debug, Clone, Copy)]
pub enum Fault<'m> {
    /// `params` is neither an array nor an object.
    NotParams,
    /// More positional parameters than the method has.
    TooMany {
        /// How many the method takes.
        expected: usize,
        /// How many came.
        found: usize,
    },
    /// A member that the method or type does not have; `known` are those it has.
    Unknown {
        /// The names that would have been understood.
        known: &'static [&'static str],
    },
    /// The same member twice.
    Duplicate,
    /// A parameter that must be there and is not.
    Missing,
    /// A value of the wrong JSON type; the text says what was expected.
    Expected(&'static str),
    /// An integer outside its C type or the documented range, both ends inclusive.
    Range {
        /// The smallest value that would do.
        min: i64,
        /// The largest.
        max: u64,
    },
    /// A string that is none of the enumeration's names.
    Enumeration {
        /// The names that would have done, with their C values.
        names: &'static [(&'static str, i64)],
    },
    /// A string with a NUL inside, which C would cut short.
    InnerNul,
    /// An empty string where libxl would take it for something else.
    Empty,
    /// A rule of ours that protects libxl or the host; the text is the whole reason.
    Rule(&'m str),
}

impl<'m> Refusal<'m> {
    /// Puts a refusal without a path into the request's arena.
    #[cold]
    pub fn new(arena: &'m Bump, fault: Fault<'m>) -> Refused<'m> {
        arena.alloc(Refusal { fault, path: None })
    }

    /// The same refusal, seen from one level further out.
    #[cold]
    pub fn within(&self, arena: &'m Bump, place: Place<'m>) -> Refused<'m> {
        let step = arena.alloc(Step { place, inner: self.path });
        arena.alloc(Refusal { fault: self.fault, path: Some(step) })
    }
}

/// Why a method has no result.
#[derive(Debug, Clone, Copy)]
pub enum Failure<'m> {
    /// The params were refused; libxl was not called.
    Refused(Refused<'m>),
    /// libxl was called and said no. The code is its own, as it came (see [`crate::xl::rc`]).
    Libxl(i32),
    /// libxl returned no value where it has no code to say why.
    NoValue,
    /// The libxl that is loaded does not have this function.
    Absent,
    /// A domain is named by a string: whoever must not ask xenstore leaves the call to somebody who may.
    Elsewhere,
    /// A domain is named by a string, and xenstored, which knows names, does not answer.
    NamesUnavailable,
    /// The method takes a descriptor, and none came with the request.
    NoDescriptor,
}

impl<'m> From<Refused<'m>> for Failure<'m> {
    fn from(refused: Refused<'m>) -> Self {
        Self::Refused(refused)
    }
}

/// What a method's generated code returns; the result itself has gone to the writer.
pub type Outcome<'m> = Result<(), Failure<'m>>;
