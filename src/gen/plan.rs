//! What becomes of each function of libxl.
//!
//! In: the model and the hints. Out: a [`Fate`] for every public function: a method, with how each of its parameters
//! is passed and what its return value means, or the reason why it is none. Nothing is emitted here.

use super::hints::{Fact, Hints};
use super::model::{Builtin, Function, Int, Model, Type};

/// What became of a function.
#[derive(Debug)]
pub enum Fate<'m> {
    /// It is a method.
    Method(Method<'m>),
    /// It will be one; why not yet.
    Next(String),
    /// It will never be one; why.
    Never(String),
}

/// A function that clients may call.
#[derive(Debug)]
pub struct Method<'m> {
    /// The function.
    pub function: &'m Function,
    /// Its name on the wire.
    pub name: &'m str,
    /// It makes nothing but hypercalls.
    pub in_loop: bool,
    /// What is passed for each parameter, in C's order.
    pub args: Vec<Arg<'m>>,
    /// What its return value means.
    pub returned: Returned<'m>,
    /// Ask `domain_info` first whether the domain is there.
    pub after_domain_info: bool,
    /// The parameter that says what the elements' union is.
    pub key_from: Option<&'static str>,
}

/// What is passed for one parameter.
#[derive(Debug)]
pub enum Arg<'m> {
    /// The context.
    Ctx,
    /// A null pointer: no asynchronous completion is wanted, libxl waits.
    Null,
    /// A value from the request: an integer, a bool, an enumeration's name or a string that is not empty.
    Input {
        name: &'m str,
        ty: &'m Type,
        range: Option<(i64, i64)>,
        /// It becomes part of a path.
        file_name: bool,
    },
    /// The length of the string that another parameter is.
    Length { of: &'static str },
    /// Room for bytes that the caller frees; their count is the list's.
    Bytes { name: &'m str },
    /// Room for an integer or an enumeration's value.
    Scalar { name: &'m str, ty: &'m Type, redundant: bool },
    /// Room for a string that the caller frees.
    Text { name: &'m str },
    /// Room for a struct or a builtin that the caller disposes of, perhaps allocated by that function before.
    Value { name: &'m str, ty: &'m Type, allocate: Option<&'static str> },
    /// Room for an array that the caller frees.
    List { name: &'m str, list: List<'m> },
    /// Room for the array's count, an `int` or an `unsigned int`.
    Count { signed: bool },
}

/// An array that libxl allocates.
#[derive(Debug)]
pub struct List<'m> {
    /// What an element is.
    pub element: &'m Type,
    /// The function that frees all of it; without one, each element is disposed of and the array freed.
    pub free: Option<String>,
}

/// What a function's return value means.
#[derive(Debug)]
pub enum Returned<'m> {
    /// 0, or why not.
    Code,
    /// An array.
    List(List<'m>),
    /// A struct that belongs to the context.
    Borrowed(&'m Type),
    /// A string that the caller frees; null is a failure.
    Text,
    /// A number, or a negative code.
    Number,
    /// True or false.
    Truth,
    /// A value of the enumeration, or a negative code.
    Enumeration(&'static str),
    /// An unsigned number, or all ones for none.
    AllOnesIsNone,
}

/// Names of functions that only look. Those that match none of these change something.
const READS_PREFIX: &[&str] = &["list_", "get_", "is_", "retrieve_", "wait_for_"];
const READS_SUFFIX: &[&str] = &[
    "_list",
    "_info",
    "_getinfo",
    "_get",
    "_get_all",
    "_supported",
    "_enabled",
    "_attached",
    "_is_valid",
    "_getenforce",
    "_generate",
    "_retrieve",
    "_need_memory",
    "_get_start_time",
];
const READS_INFIX: &[&str] = &["_to_", "_get_", "_read_"];
/// Names of functions that run an event loop.
const PLUMBING_PREFIX: &[&str] = &["event_", "osevent_", "childproc_"];

/// Decides about every public function, in the order of the headers.
///
/// # Errors
/// A hint that nothing used.
pub fn fates<'m>(model: &'m Model, hints: &mut Hints) -> Result<Vec<(&'m Function, Fate<'m>)>, String> {
    let public = model.functions.iter().filter(|function| model.helped_type(&function.name).is_none());
    let fates = public.map(|function| (function, fate(model, hints, function))).collect();
    hints.check_all_used()?;
    Ok(fates)
}

/// The part of a function's name that is on the wire.
pub fn short(name: &str) -> &str {
    name.strip_prefix("libxl_").unwrap_or(name)
}

fn fate<'m>(model: &'m Model, hints: &mut Hints, function: &'m Function) -> Fate<'m> {
    let name = short(&function.name);
    if let Some(((), why)) = hints.find(name, |fact| (fact == Fact::Never).then_some(())) {
        return Fate::Never(why.to_owned());
    }
    if let Some(why) = never(function) {
        return Fate::Never(why.to_owned());
    }
    if let Some(((), why)) = hints.find(name, |fact| (fact == Fact::Next).then_some(())) {
        return Fate::Next(why.to_owned());
    }
    if !only_looks(name) {
        return Fate::Next("changes something".to_owned());
    }
    match method(model, hints, function) {
        Ok(method) => Fate::Method(method),
        Err(why) => Fate::Next(why),
    }
}

/// What the name or the first parameter says.
fn never(function: &Function) -> Option<&'static str> {
    let name = short(&function.name);
    let takes_ctx = function.params.first().is_some_and(|(_, ty)| is_ctx(ty));
    if function.inline {
        Some("an inline function of the header")
    } else if name.starts_with('_') {
        Some("an internal name that the header gives away")
    } else if name.rsplit_once("_0x").is_some_and(|(_, digits)| digits.chars().all(|c| c.is_ascii_hexdigit())) {
        Some("an alias for callers written against an earlier release")
    } else if name.ends_with("_list_free") {
        Some("frees what another function returned")
    } else if PLUMBING_PREFIX.iter().any(|prefix| name.starts_with(prefix)) {
        Some("plumbing of an event loop")
    } else if !takes_ctx {
        Some("no function of a host: it takes no context")
    } else {
        None
    }
}

fn only_looks(name: &str) -> bool {
    READS_PREFIX.iter().any(|prefix| name.starts_with(prefix))
        || READS_SUFFIX.iter().any(|suffix| name.ends_with(suffix))
        || READS_INFIX.iter().any(|infix| name.contains(infix))
}

/// Is this `libxl_ctx *`?
pub fn is_ctx(ty: &Type) -> bool {
    ty.pointee().is_some_and(|to| *to == Type::Other("libxl__ctx".to_owned()))
}

fn method<'m>(model: &'m Model, hints: &mut Hints, function: &'m Function) -> Result<Method<'m>, String> {
    let name = short(&function.name);
    let returned = returned(model, hints, function)?;
    let stores_array = |ty| array_pointer(ty).is_some() || is_bytes_pointer(ty);
    let counted = matches!(returned, Returned::List(_)) || function.params.iter().any(|(_, ty)| stores_array(ty));
    let mut args = Vec::new();
    for (param, ty) in &function.params {
        let count_wanted = counted && !args.iter().any(|arg| matches!(arg, Arg::Count { .. }));
        args.push(arg(model, hints, function, (param, ty), count_wanted)?);
    }
    Ok(Method {
        function,
        name,
        in_loop: hints.says(name, Fact::Loop),
        args,
        returned,
        after_domain_info: hints.says(name, Fact::AfterDomainInfo),
        key_from: hints
            .find(name, |fact| if let Fact::KeyFrom(param) = fact { Some(param) } else { None })
            .map(|f| f.0),
    })
}

fn returned<'m>(model: &'m Model, hints: &mut Hints, function: &'m Function) -> Result<Returned<'m>, String> {
    let meaning = |fact| match fact {
        Fact::Number => Some(Returned::Number),
        Fact::Truth => Some(Returned::Truth),
        Fact::Enumeration(name) => Some(Returned::Enumeration(name)),
        Fact::AllOnesIsNone => Some(Returned::AllOnesIsNone),
        _ => None,
    };
    if let Some((returned, _)) = hints.find(short(&function.name), meaning) {
        return Ok(returned);
    }
    match &function.returns {
        Type::Int(Int::I32) => Ok(Returned::Code),
        ty if ty.is_string() => Ok(Returned::Text),
        Type::Pointer { to, constant: true } => Ok(Returned::Borrowed(to)),
        Type::Pointer { to, constant: false } if matches!(**to, Type::Struct(_)) => {
            Ok(Returned::List(list(model, hints, function, to)?))
        }
        other => Err(format!("returns {other:?}")),
    }
}

fn list<'m>(model: &Model, hints: &mut Hints, function: &Function, element: &'m Type) -> Result<List<'m>, String> {
    let Type::Struct(name) = element else {
        return Err("an array of something that is no struct".to_owned());
    };
    if hints.says(short(&function.name), Fact::FreedByElement) {
        return Ok(List { element, free: None });
    }
    let free = [format!("{}_free", function.name), format!("{name}_list_free")];
    let free = free.into_iter().find(|free| model.function(free).is_some());
    Ok(List { element, free: Some(free.ok_or("an array that nothing frees")?) })
}

/// `T **`, where an array of `T` is stored.
fn array_pointer(ty: &Type) -> Option<&Type> {
    let element = ty.pointee()?.pointee()?;
    matches!(element, Type::Struct(_)).then_some(element)
}

fn arg<'m>(
    model: &'m Model,
    hints: &mut Hints,
    function: &'m Function,
    (name, ty): (&'m str, &'m Type),
    count_wanted: bool,
) -> Result<Arg<'m>, String> {
    let of = short(&function.name);
    if is_ctx(ty) {
        return Ok(Arg::Ctx);
    }
    if let Some(of_param) = length_of(hints, of, name) {
        return Ok(Arg::Length { of: of_param });
    }
    if is_bytes_pointer(ty) {
        return Ok(Arg::Bytes { name });
    }
    if let Some(element) = array_pointer(ty) {
        return Ok(Arg::List { name, list: list(model, hints, function, element)? });
    }
    match ty {
        Type::Int(_) | Type::Bool | Type::Enum(_) => {
            Ok(Arg::Input { name, ty, range: range(hints, of, name), file_name: false })
        }
        Type::Pointer { to, constant: true } => match &**to {
            Type::Char => Ok(Arg::Input {
                name,
                ty,
                range: None,
                file_name: hints.says_that(of, |fact| matches!(fact, Fact::FileName(param) if param == name)),
            }),
            Type::Other(how) if how.starts_with("libxl_async") => Ok(Arg::Null),
            _ => Err("takes a struct".to_owned()),
        },
        Type::Pointer { to, constant: false } => match &**to {
            Type::Char if hints.says_that(of, |fact| matches!(fact, Fact::ReadsText(param) if param == name)) => {
                Ok(Arg::Input { name, ty, range: None, file_name: false })
            }
            Type::Int(int) if count_wanted => Ok(Arg::Count { signed: *int == Int::I32 }),
            Type::Int(_) | Type::Enum(_) => Ok(Arg::Scalar {
                name,
                ty: to,
                redundant: hints.says_that(of, |fact| matches!(fact, Fact::Redundant(param) if param == name)),
            }),
            Type::Pointer { to, .. } if **to == Type::Char => Ok(Arg::Text { name }),
            Type::Struct(_) | Type::Builtin(Builtin::Bitmap | Builtin::MsVmGenid) => {
                Ok(Arg::Value { name, ty: to, allocate: allocate(hints, of, name) })
            }
            other => Err(format!("has a parameter of type {other:?} *")),
        },
        Type::Struct(_) | Type::Builtin(_) => Err("takes a struct".to_owned()),
        other => Err(format!("has a parameter of type {other:?}")),
    }
}

/// `uint8_t **`, where bytes are stored.
fn is_bytes_pointer(ty: &Type) -> bool {
    ty.pointee().and_then(Type::pointee) == Some(&Type::Int(Int::U8))
}

fn range(hints: &mut Hints, function: &str, param: &str) -> Option<(i64, i64)> {
    let range = |fact| match fact {
        Fact::Range(name, min, max) if name == param => Some((min, max)),
        _ => None,
    };
    hints.find(function, range).map(|(range, _)| range)
}

fn allocate(hints: &mut Hints, function: &str, param: &str) -> Option<&'static str> {
    let allocator = |fact| match fact {
        Fact::Allocated(name, allocator) if name == param => Some(allocator),
        _ => None,
    };
    hints.find(function, allocator).map(|(allocator, _)| allocator)
}

/// The parameter of whose string this one is the length.
fn length_of(hints: &mut Hints, function: &str, param: &str) -> Option<&'static str> {
    let of = |fact| match fact {
        Fact::LengthOf(name, of) if name == param => Some(of),
        _ => None,
    };
    hints.find(function, of).map(|(of, _)| of)
}
