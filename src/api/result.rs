//! Results of methods that are no structs: what the generated methods call.
//!
//! In: what libxl returned. Out: JSON in the reply, or the failure that it stands for.

use super::kept::{Find, KeptList, Record};
use super::{Call, KeptLists, builtin};
use crate::error::{Failure, Outcome};
use crate::json::Writer;
use crate::xl::sys::{libxl_bitmap, libxl_ms_vm_genid};
use crate::xl::{Text, Xl};

/// `true` or `false`.
pub(super) fn truth(call: &mut Call<'_, '_, '_>, value: bool) {
    call.writer.raw(if value { b"true" } else { b"false" });
}

/// A string. None is a failure: for a name, there is no such thing.
pub(super) fn text<'m>(call: &mut Call<'m, '_, '_>, text: &Text) -> Outcome<'m> {
    if text.is_null() {
        return Err(Failure::NoValue);
    }
    // SAFETY: not null, so a string that lives as long as `text`.
    unsafe { call.writer.c_str(text.as_ptr()) };
    Ok(())
}

/// A bitmap, as the numbers of its bits.
///
/// # Safety
/// The map has as many bytes as its size says.
pub(super) unsafe fn bitmap(call: &mut Call<'_, '_, '_>, value: &libxl_bitmap) {
    // SAFETY: the caller's promise.
    unsafe { builtin::bitmap(call.writer, value) };
}

/// A generation id, as sixteen numbers.
///
/// # Safety
/// None: it is unsafe only because the generated code calls all of these alike.
pub(super) unsafe fn ms_vm_genid(call: &mut Call<'_, '_, '_>, value: &libxl_ms_vm_genid) {
    // SAFETY: 74 bytes are what it asks for.
    unsafe { builtin::ms_vm_genid(&mut call.writer.room(74), value) };
}

/// An array of structs.
pub(super) fn list<T>(call: &mut Call<'_, '_, '_>, elements: &[T], mut encode: impl FnMut(&Xl, &mut Writer<'_>, &T)) {
    call.writer.raw(b"[");
    for (at, element) in elements.iter().enumerate() {
        if at > 0 {
            call.writer.raw(b",");
        }
        encode(call.xl, call.writer, element);
    }
    call.writer.raw(b"]");
}

/// An array of structs whose lists are kept: the result is that text, not what is in the writer.
///
/// # Safety
/// Every pointer in every element is null or points to what its field says.
pub(super) unsafe fn kept_list<T: Record>(
    call: &mut Call<'_, '_, '_>,
    kept: fn(&mut KeptLists) -> &mut KeptList<T>,
    find: Find,
    elements: &[T],
) {
    // SAFETY: the caller's promise.
    if unsafe { kept(&mut call.kept.lists).renew(call.xl, elements) } {
        return call.kept.give(find);
    }
    list(call, elements, |xl, writer, element| {
        // SAFETY: the caller's promise.
        unsafe { T::encode(xl, writer, element) };
    });
}

/// Did a function that returns an array fail? Some leave the count as it was, -1. Others return an empty array in any
/// case: there, what libxl logged as an error meanwhile is the only sign.
pub(super) fn list_failed(call: &Call<'_, '_, '_>, is_null: bool, count: i32) -> bool {
    is_null && (count < 0 || !call.xl.log().is_empty())
}
