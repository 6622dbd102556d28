//! The types that libxl's descriptions take as given, as JSON: what the generated encoders call.
//!
//! In: C values. Out: JSON, in libxl's own form. Those of bounded length write through a pen whose room the caller
//! made; the others through the writer. `docs` of each function say the form.

use core::ffi::{CStr, c_char, c_int};

use crate::json::{Pen, Writer};
use crate::xl::Xl;
use crate::xl::sys::{
    libxl_bitmap, libxl_cpuid_policy_list, libxl_defbool, libxl_hwcap, libxl_mac, libxl_ms_vm_genid, libxl_uuid,
};

/// `"True"`, `"False"` or `"<default>"`.
///
/// # Safety
/// The pen has room for 11 bytes.
#[inline]
pub(super) unsafe fn defbool(pen: &mut Pen<'_>, value: &libxl_defbool) {
    let text: &[u8] = match value.val {
        0 => b"\"<default>\"",
        1.. => b"\"True\"",
        _ => b"\"False\"",
    };
    // SAFETY: the caller's room; 11 is the longest.
    unsafe { pen.bytes(text) };
}

/// `"01234567-89ab-cdef-0123-456789abcdef"`
///
/// # Safety
/// The pen has room for 38 bytes.
#[inline]
pub(crate) unsafe fn uuid(pen: &mut Pen<'_>, value: &libxl_uuid) {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = value.uuid;
    // SAFETY: the caller's room: two quotes, four dashes, 32 digits.
    unsafe {
        pen.lit(b"\"");
        pen.hex(&[a, b, c, d]);
        pen.lit(b"-");
        pen.hex(&[e, f]);
        pen.lit(b"-");
        pen.hex(&[g, h]);
        pen.lit(b"-");
        pen.hex(&[i, j]);
        pen.lit(b"-");
        pen.hex(&[k, l, m, n, o, p]);
        pen.lit(b"\"");
    }
}

/// `"00:16:3e:01:23:45"`
///
/// # Safety
/// The pen has room for 19 bytes.
#[inline]
pub(super) unsafe fn mac(pen: &mut Pen<'_>, value: &libxl_mac) {
    // SAFETY: the caller's room: 12 digits, 5 colons, two quotes.
    unsafe {
        for (at, &byte) in value.iter().enumerate() {
            pen.lit(if at == 0 { b"\"" } else { b":" });
            pen.hex(&[byte]);
        }
        pen.lit(b"\"");
    }
}

/// All eight words as numbers. (libxl's own form has the first four only.)
///
/// # Safety
/// The pen has room for 98 bytes.
#[inline]
pub(super) unsafe fn hwcap(pen: &mut Pen<'_>, value: &libxl_hwcap) {
    // SAFETY: the caller's room: a bracket or comma and at most 10 digits a word, a bracket, and a word to spare.
    unsafe {
        for (at, &word) in value.iter().enumerate() {
            pen.lit(if at == 0 { b"[" } else { b"," });
            pen.u32(word);
        }
        pen.lit(b"]");
    }
}

/// The sixteen bytes as numbers.
///
/// # Safety
/// The pen has room for 74 bytes.
#[inline]
pub(super) unsafe fn ms_vm_genid(pen: &mut Pen<'_>, value: &libxl_ms_vm_genid) {
    // SAFETY: the caller's room: a bracket or comma and at most 3 digits a byte, a bracket, and a word to spare.
    unsafe {
        for (at, &byte) in value.bytes.iter().enumerate() {
            pen.lit(if at == 0 { b"[" } else { b"," });
            pen.u32(byte.into());
        }
        pen.lit(b"]");
    }
}

/// The numbers of the bits that are set, ascending.
///
/// # Safety
/// The map is null or has as many bytes as its size says.
pub(super) unsafe fn bitmap(w: &mut Writer<'_>, value: &libxl_bitmap) {
    w.raw(b"[");
    if !value.map.is_null() {
        // SAFETY: the caller's promise.
        let map = unsafe { std::slice::from_raw_parts(value.map, value.size as usize) };
        let bits = map
            .iter()
            .zip((0u32..).step_by(8))
            .flat_map(|(byte, first)| (0..8).filter(move |bit| byte & (1 << bit) != 0).map(move |bit| first + bit));
        for (at, bit) in bits.enumerate() {
            if at > 0 {
                w.raw(b",");
            }
            w.integer(bit.into());
        }
    }
    w.raw(b"]");
}

/// An array of strings; a null list is an empty one.
///
/// # Safety
/// The list is null or an array of strings that ends with null.
pub(super) unsafe fn string_list(w: &mut Writer<'_>, list: *mut *mut c_char) {
    w.raw(b"[");
    // SAFETY: the caller's promise.
    for (at, text) in unsafe { strings(list) }.enumerate() {
        if at > 0 {
            w.raw(b",");
        }
        w.text(text.to_bytes());
    }
    w.raw(b"]");
}

/// An object of strings, in the list's order. A key without a value has `null`.
///
/// # Safety
/// The list is null or an array of keys and values by turns that ends with a null key.
pub(super) unsafe fn key_value_list(w: &mut Writer<'_>, list: *mut *mut c_char) {
    w.raw(b"{");
    let mut at = list;
    // SAFETY: the caller's promise: behind each key there is a value, behind each value a key or the end.
    unsafe {
        while !at.is_null() && !(*at).is_null() {
            if at != list {
                w.raw(b",");
            }
            w.c_str(*at);
            w.raw(b":");
            w.c_str(*at.add(1));
            at = at.add(2);
        }
    }
    w.raw(b"}");
}

/// The strings of an array that ends with null.
///
/// # Safety
/// The list is null or such an array, and lives for `'l`.
unsafe fn strings<'l>(list: *mut *mut c_char) -> impl Iterator<Item = &'l CStr> {
    let mut at = list;
    std::iter::from_fn(move || {
        if at.is_null() {
            return None;
        }
        // SAFETY: the caller's promise; the iterator stops at the null.
        unsafe {
            let text = *at;
            if text.is_null() {
                at = std::ptr::null_mut();
                return None;
            }
            at = at.add(1);
            Some(CStr::from_ptr(text))
        }
    })
}

/// `{"cpuid":[…],"msr":[…]}`, as libxl itself writes it: the type is opaque.
///
/// # Safety
/// The list is null or one that libxl made.
pub(super) unsafe fn cpuid_policy_list(xl: &Xl, w: &mut Writer<'_>, list: libxl_cpuid_policy_list) {
    // SAFETY: the caller's promise.
    match unsafe { super::cpuid::json(xl, list) } {
        Some(json) => w.raw(json.as_bytes()),
        None => w.raw(b"{\"cpuid\":[],\"msr\":[]}"),
    }
}

/// An array of `count` elements, each written by `encode`; a null array is an empty one.
///
/// # Safety
/// `first` is null or points to `count` elements.
pub(super) unsafe fn array<T>(
    w: &mut Writer<'_>,
    first: *mut T,
    count: c_int,
    mut encode: impl FnMut(&mut Writer<'_>, &T),
) {
    let count = if first.is_null() { 0 } else { usize::try_from(count).unwrap_or(0) };
    w.raw(b"[");
    for at in 0..count {
        if at > 0 {
            w.raw(b",");
        }
        // SAFETY: the caller's promise.
        encode(w, unsafe { &*first.add(at) });
    }
    w.raw(b"]");
}
