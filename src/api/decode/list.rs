//! Lists of strings, read from JSON.
//!
//! In: a value on the tape. Out: an array of C strings in the arena that ends with null; an empty list is null. The
//! strings are the request's bytes.

use core::ffi::c_char;

use super::{Decoder, leaf};
use crate::error::{Fault, Place, Refused};
use crate::json::Value;
use crate::xl::sys::{libxl_key_value_list, libxl_string_list};

/// An array of strings.
pub(super) fn string_list<'m>(d: &Decoder<'m, '_>, value: Value<'m>) -> Result<libxl_string_list, Refused<'m>> {
    let strings = room(d, value.array_len()?);
    value.each_element(|at, text| {
        // SAFETY: below the length.
        unsafe { strings.add(at).write(text.c_str()?.cast_mut()) };
        Ok(())
    })?;
    Ok(strings)
}

/// An object of strings and nulls, as keys and values by turns.
pub(super) fn key_value_list<'m>(d: &Decoder<'m, '_>, value: Value<'m>) -> Result<libxl_key_value_list, Refused<'m>> {
    let strings = room(d, value.object_len()? * 2);
    for (at, (key, of)) in value.members().enumerate() {
        let place = |refused: Refused<'m>| refused.within(d.arena, Place::Member(key));
        if value.members().take(at).any(|(before, _)| before == key) {
            return Err(place(of.refuse(Fault::Duplicate)));
        }
        // SAFETY: there are two places for each member.
        unsafe {
            strings.add(2 * at).write(value.c_str_of(key).map_err(place)?.cast_mut());
            strings.add(2 * at + 1).write(leaf::string(of).map_err(place)?);
        }
    }
    Ok(strings)
}

/// Room for that many strings and the null behind them; null for none.
fn room(d: &Decoder<'_, '_>, count: usize) -> *mut *mut c_char {
    if count == 0 { core::ptr::null_mut() } else { d.zeroed(count + 1) }
}
