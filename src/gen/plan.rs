//! What becomes of each function of libxl.
//!
//! In: the model and the hints. Out: a [`Fate`] for every public function: a method, with how each of its parameters
//! is passed (`args` decides that) and what its return value means, or the reason why it is none. Nothing is emitted
//! here.

use super::args::{Arg, Decider, Input, Read};
use super::hints::{Fact, Hints};
use super::model::{Function, Int, Model, Type};
use super::select::{Selectable, selectable};

/// What became of a function.
#[derive(Debug)]
pub enum Fate<'m> {
    /// It is a method.
    Method(Method<'m>),
    /// It is part of a method that is written by hand; why.
    ServedAs(&'static str, String),
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
    /// What it does to the host.
    pub class: Class,
    /// Where the call is made.
    pub place: Place,
    /// It may take long.
    pub long: bool,
    /// Whoever may only look may call it.
    pub read_only: bool,
    /// It refuses Domain-0.
    pub guest_only: bool,
    /// One at least of these two parameters must be there.
    pub one_of: Option<(&'static str, &'static str)>,
    /// What is passed for each parameter, in C's order.
    pub args: Vec<Arg<'m>>,
    /// What its return value means.
    pub returned: Returned<'m>,
    /// Ask `domain_info` first whether the domain is there.
    pub after_domain_info: bool,
    /// Look first for this device, whose number is in that parameter.
    pub after_lookup: Option<(&'static str, &'static str)>,
    /// The parameter that says what the elements' union is.
    pub key_from: Option<&'static str>,
    /// What a request may choose of the result.
    pub selectable: Option<Selectable<'m>>,
    /// The function by which each of few chosen domains is asked for, in place of the list.
    pub one_by_one: Option<&'static str>,
}

/// What a method does to the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It only looks.
    Read,
    /// It changes or makes a domain.
    Domain,
    /// It changes the host.
    Host,
}

/// Where a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the loop: it makes nothing but hypercalls.
    Loop,
    /// In the loop, if the names of domains that are known there do; else in a worker.
    Names,
    /// In a worker.
    Worker,
}

/// An array that libxl allocates.
#[derive(Debug)]
pub struct List<'m> {
    /// What an element is.
    pub element: &'m Type,
    /// The function that frees all of it; without one, each element is disposed of and the array freed. (Older releases
    /// lack some of these functions.)
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
    let other = |fact| if let Fact::ServedAs(method) = fact { Some(method) } else { None };
    if let Some((method, why)) = hints.find(name, other) {
        return Fate::ServedAs(method, why.to_owned());
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

/// Does a function of that name change nothing?
pub fn only_looks(name: &str) -> bool {
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
    let args = args(model, hints, function, matches!(returned, Returned::List(_)))?;
    let class = class(name, &args);
    Ok(Method {
        function,
        name,
        class,
        place: match (hints.says(name, Fact::Loop), hints.says(name, Fact::Names)) {
            (true, _) => Place::Loop,
            (false, true) => Place::Names,
            (false, false) => Place::Worker,
        },
        long: is_long(hints, function, class),
        read_only: hints.says(name, Fact::ReadOnly),
        guest_only: hints.says(name, Fact::GuestOnly),
        selectable: selectable(model, &args, &returned),
        one_of: hints.find(name, |fact| if let Fact::OneOf(a, b) = fact { Some((a, b)) } else { None }).map(|f| f.0),
        args,
        returned,
        after_domain_info: hints.says(name, Fact::AfterDomainInfo),
        after_lookup: hints
            .find(name, |fact| if let Fact::AfterLookup(device, param) = fact { Some((device, param)) } else { None })
            .map(|f| f.0),
        key_from: hints
            .find(name, |fact| if let Fact::KeyFrom(param) = fact { Some(param) } else { None })
            .map(|f| f.0),
        one_by_one: hints.find(name, |fact| if let Fact::OneByOne(one) = fact { Some(one) } else { None }).map(|f| f.0),
    })
}

fn args<'m>(
    model: &'m Model,
    hints: &mut Hints,
    function: &'m Function,
    returns_array: bool,
) -> Result<Vec<Arg<'m>>, String> {
    let stores_array = |ty: &Type| {
        let element = ty.pointee().and_then(Type::pointee);
        element.is_some_and(|ty| matches!(ty, Type::Struct(_) | Type::Int(Int::U8)))
    };
    let counted = returns_array || function.params.iter().any(|(_, ty)| stores_array(ty));
    let mut decider = Decider { model, hints, function, counted };
    let mut args = Vec::new();
    for (param, ty) in &function.params {
        let count_found = args.iter().any(|arg| matches!(arg, Arg::Count { .. }));
        args.push(decider.arg(param, ty, count_found)?);
    }
    Ok(args)
}

/// What changes something changes a domain if it is given one or makes one.
fn class(name: &str, args: &[Arg<'_>]) -> Class {
    let is_domain = |arg: &Arg<'_>| matches!(arg, Arg::Input(Input { read: Read::Domain, .. }));
    if only_looks(name) {
        Class::Read
    } else if args.iter().any(is_domain) || name.starts_with("domain_create_") {
        Class::Domain
    } else {
        Class::Host
    }
}

/// What can be asynchronous and changes something may take long.
fn is_long(hints: &mut Hints, function: &Function, class: Class) -> bool {
    let name = short(&function.name);
    let is_how = |ty: &Type| ty.pointee() == Some(&Type::Other("libxl_asyncop_how".to_owned()));
    let asynchronous = function.params.iter().any(|(_, ty)| is_how(ty)) && class != Class::Read;
    if asynchronous { !hints.says(name, Fact::Quick) } else { hints.says(name, Fact::Long) }
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
            Ok(Returned::List(list(model, function, to)?))
        }
        other => Err(format!("returns {other:?}")),
    }
}

/// An array of those elements that a function hands out.
pub fn list<'m>(model: &Model, function: &Function, element: &'m Type) -> Result<List<'m>, String> {
    let Type::Struct(name) = element else {
        return Err("an array of something that is no struct".to_owned());
    };
    let declared = |free: &String| model.function(free).is_some();
    let free = [format!("{}_free", function.name), format!("{name}_list_free")].into_iter().find(declared);
    if free.is_none() && !declared(&format!("{name}_dispose")) {
        return Err("an array that nothing frees".to_owned());
    }
    Ok(List { element, free })
}
