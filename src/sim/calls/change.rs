//! What every function that changes the host begins with.
//!
//! In: a context, a domain's number, an edit. Out: the edit, made under the world's lock, or what libxl says when there
//! is no such domain. The macros make C functions of Rust ones that end with a code.

use core::ffi::{CStr, c_char, c_int};

use crate::sim::ao::Outcome;
use crate::sim::ctx::Context;
use crate::sim::world::domain::Domain;

/// Defines C functions that change something at once: `libxl_name(parameters) => rust_function`, which gets the context
/// and the same parameters.
macro_rules! changes {
    ($($(#[$about:meta])* $name:ident($($param:ident: $type:ty),* $(,)?) => $change:path;)*) => {$(
        $(#[$about])*
        pub(crate) unsafe extern "C" fn $name(ctx: *mut $crate::xl::sys::libxl_ctx, $($param: $type),*) -> c_int {
            // SAFETY: a context of ours; the caller's promises to libxl's own function are what the change asks for.
            let outcome = unsafe {
                let context = $crate::sim::ctx::Context::of(ctx);
                context.fault(&stringify!($name)["libxl_".len()..]).and_then(|()| $change(context, $($param),*))
            };
            $crate::sim::ao::code(outcome)
        }
    )*};
}

/// Defines C functions with an `ao_how` at the end: `libxl_name(parameters) => check, rust_function`, both of which get
/// the context and the same parameters; what the check refuses never begins.
macro_rules! operations {
    ($($(#[$about:meta])* $name:ident($($param:ident: $type:ty),* $(,)?) => $check:path, $change:path;)*) => {$(
        $(#[$about])*
        pub(crate) unsafe extern "C" fn $name(
            ctx: *mut $crate::xl::sys::libxl_ctx,
            $($param: $type,)*
            how: *const $crate::xl::sys::libxl_asyncop_how,
        ) -> c_int {
            // SAFETY: a context of ours; the caller's promises to libxl's own function, which hold until the operation
            // is done, are what check and change ask for.
            unsafe {
                let check = |context: &$crate::sim::ctx::Context| $check(context, $($param),*);
                let change = move |context: &$crate::sim::ctx::Context| $change(context, $($param),*);
                let about: Option<u32> = $crate::sim::calls::change::about!($(($param $param))*);
                let keep = |context: &_| $crate::sim::calls::change::keep(context, stringify!($name), about);
                $crate::sim::ao::begin_in_two(ctx, &stringify!($name)["libxl_".len()..], how, check, keep, change)
            }
        }
    )*};
}

/// The domain among parameters, which are named twice each: once to be compared, once to be used.
macro_rules! about {
    () => { None };
    ((domid $value:ident) $($rest:tt)*) => { Some($value) };
    ($other:tt $($rest:tt)*) => { $crate::sim::calls::change::about!($($rest)*) };
}

pub(super) use {about, changes, operations};

/// A domain that somebody begins to change does not go by itself while that takes its time, nor afterwards.
pub(super) fn keep(context: &Context, function: &str, about: Option<u32>) -> Outcome {
    if let Some(domid) = about.filter(|_| super::CHANGING.contains(&function)) {
        context.world().keep(&context.lock()?, domid);
    }
    Ok(())
}

/// A check that refuses nothing.
macro_rules! anything {
    ($name:ident($($type:ty),*)) => {
        fn $name(_: &$crate::sim::ctx::Context, $(_: $type),*) -> $crate::sim::ao::Outcome {
            Ok(())
        }
    };
}

pub(super) use anything;

/// Replaces a domain by what `edit` makes of it. `absent` reports that there is none, and gives the code.
pub(super) fn edit(
    context: &Context,
    domid: u32,
    absent: impl FnOnce() -> c_int,
    edit: impl FnOnce(&mut Domain) -> Outcome,
) -> Outcome {
    let held = context.lock()?;
    let Some(mut domain) = context.world().domain(domid) else {
        drop(held);
        return Err(absent());
    };
    edit(&mut domain)?;
    context.world().set_domain(&held, &domain);
    Ok(())
}

/// Reports what a function says when the hypervisor answers with an `errno`, and gives the code.
#[track_caller]
pub(super) fn refused(context: &Context, domid: u32, errno: c_int, function: &str, reason: &str, code: c_int) -> c_int {
    context.report().about(domid).because(errno).say(function, format_args!("{reason}"));
    code
}

/// A string of the caller's; `None` for null and for what is no UTF-8.
///
/// # Safety
/// Null or a string that lives as long as the reference.
pub(super) unsafe fn str_of<'s>(text: *const c_char) -> Option<&'s str> {
    // SAFETY: the caller's promise.
    if text.is_null() { None } else { unsafe { CStr::from_ptr(text) }.to_str().ok() }
}

/// An array of the caller's.
///
/// # Safety
/// As many values as `count` says, or null; they live as long as the slice, and nobody else touches them.
pub(super) unsafe fn slice_of<'s, T>(first: *mut T, count: c_int) -> &'s mut [T] {
    match usize::try_from(count) {
        // SAFETY: the caller's promise.
        Ok(count @ 1..) if !first.is_null() => unsafe { core::slice::from_raw_parts_mut(first, count) },
        _ => &mut [],
    }
}
