//! Refused parameters, in words.
//!
//! In: a [`Refusal`]. Out: text such as `params.domid: expected an integer`, through `Display`. It decides nothing.

use std::fmt::{Display, Formatter, Result};

use crate::error::{Fault, Place, Refusal};

/// A refusal that can be shown.
#[derive(Debug)]
pub struct Explained<'r, 'm>(pub &'r Refusal<'m>);

/// Text of the client's that is repeated to it, at most.
const QUOTED_CHARS_MAX: usize = 64;

impl Display for Explained<'_, '_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("params")?;
        let mut step = self.0.path;
        while let Some(here) = step {
            match here.place {
                Place::Member(name) => write!(f, ".{name:.QUOTED_CHARS_MAX$}")?,
                Place::Element(at) => write!(f, "[{at}]")?,
            }
            step = here.inner;
        }
        f.write_str(": ")?;
        explain(&self.0.fault, f)
    }
}

fn explain(fault: &Fault<'_>, f: &mut Formatter<'_>) -> Result {
    match fault {
        Fault::NotParams => f.write_str("expected an array or an object"),
        Fault::TooMany { expected, found } => {
            write!(f, "{found} parameters, but the method takes {expected}")
        }
        Fault::Unknown { known: [] } => f.write_str("unknown: the method takes no parameters"),
        Fault::Unknown { known } => list(f, "unknown; there is", known.iter().copied()),
        Fault::Duplicate => f.write_str("occurs twice"),
        Fault::Missing => f.write_str("missing"),
        Fault::Expected(what) => write!(f, "expected {what}"),
        Fault::Range { min, max } => write!(f, "out of range: {min} to {max}"),
        Fault::Enumeration { names } => list(f, "unknown name; there is", names.iter().map(|(name, _)| *name)),
        Fault::InnerNul => f.write_str("a NUL inside a string"),
        Fault::Empty => f.write_str("must not be empty"),
        Fault::Rule(why) => f.write_str(why),
    }
}

fn list<'n>(f: &mut Formatter<'_>, what: &str, names: impl Iterator<Item = &'n str>) -> Result {
    f.write_str(what)?;
    for (at, name) in names.enumerate() {
        write!(f, "{}{name}", if at == 0 { " " } else { ", " })?;
    }
    Ok(())
}
