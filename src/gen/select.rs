//! What of a method's result a request may ask for.
//!
//! In: how a method's parameters are passed, and what it returns. Out: the struct whose fields may be chosen, where the
//! result is one such struct or a list of them and nothing else; and whether domains may be chosen from that list.
//! Nothing is emitted here.

use super::args::{Arg, Input, Read};
use super::emit_encode::names;
use super::model::{Field, Int, Model, Shape, Type};
use super::plan::Returned;

/// A struct whose fields may be chosen.
#[derive(Debug, Clone, Copy)]
pub struct Selectable<'m> {
    /// The struct.
    pub of: &'m str,
    /// Domains may be chosen, too: the result is a list, its elements have a `domid`, and no domain was asked for.
    pub by_domid: bool,
}

/// What may be chosen of a result, if anything.
pub fn selectable<'m>(model: &Model, args: &[Arg<'m>], returned: &Returned<'m>) -> Option<Selectable<'m>> {
    let mut results = returned_result(returned).into_iter().chain(args.iter().filter_map(arg_result));
    let (Some(Result::Struct { of, list }), None) = (results.next(), results.next()) else {
        return None;
    };
    let described = model.structs.get(of).filter(|of| !names(of).is_empty())?;
    let takes_domain = args.iter().any(|arg| matches!(arg, Arg::Input(Input { read: Read::Domain, .. })));
    Some(Selectable { of, by_domid: list && !takes_domain && described.fields.iter().any(is_domid) })
}

fn is_domid(field: &Field) -> bool {
    field.name == "domid" && matches!(field.shape, Shape::Value(Type::Int(Int::U32)))
}

/// One thing that a method gives.
enum Result<'m> {
    Struct { of: &'m str, list: bool },
    Other,
}

impl<'m> Result<'m> {
    fn new(ty: &'m Type, list: bool) -> Self {
        if let Type::Struct(of) = ty { Self::Struct { of, list } } else { Self::Other }
    }
}

fn returned_result<'m>(returned: &Returned<'m>) -> Option<Result<'m>> {
    match returned {
        Returned::Code => None,
        Returned::List(list) => Some(Result::new(list.element, true)),
        Returned::Borrowed(ty) => Some(Result::new(ty, false)),
        Returned::Text | Returned::Number | Returned::Truth | Returned::Enumeration(_) | Returned::AllOnesIsNone => {
            Some(Result::Other)
        }
    }
}

fn arg_result<'m>(arg: &Arg<'m>) -> Option<Result<'m>> {
    match arg {
        Arg::Input(Input { read: Read::Copied { ty, returned: true }, .. }) | Arg::Value { ty, .. } => {
            Some(Result::new(ty, false))
        }
        Arg::List { list, .. } => Some(Result::new(list.element, true)),
        Arg::Input(Input { read: Read::InOutInteger { .. }, .. })
        | Arg::Bytes { .. }
        | Arg::Scalar { redundant: false, .. }
        | Arg::Text { .. } => Some(Result::Other),
        Arg::Ctx
        | Arg::How
        | Arg::Null
        | Arg::Input(_)
        | Arg::Descriptor { .. }
        | Arg::Length { .. }
        | Arg::Scalar { redundant: true, .. }
        | Arg::Count { .. } => None,
    }
}
