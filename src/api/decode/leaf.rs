//! Builtins of a fixed size, read from JSON.
//!
//! In: a value on the tape. Out: a C value, or a refusal of the whole value. The forms are those that `api::builtin`
//! writes; hexadecimal digits may be of either case. Nothing is allocated.

use core::ffi::c_char;

use crate::error::{Fault, Refused};
use crate::json::{Kind, Members, Value};
use crate::xl::sys::{libxl_defbool, libxl_hwcap, libxl_mac, libxl_ms_vm_genid, libxl_uuid};

/// An object without members.
pub(super) fn nothing(value: Value<'_>) -> Result<(), Refused<'_>> {
    static NONE: Members = Members { known: &[], mistaken: &[] };
    value.each_member(&NONE, |_, _| Ok(()))
}

/// A `char *` into the request's bytes; null for `null`.
pub(super) fn string(value: Value<'_>) -> Result<*mut c_char, Refused<'_>> {
    match value.kind() {
        Kind::Null => Ok(core::ptr::null_mut()),
        Kind::String => Ok(value.c_str()?.cast_mut()),
        _ => Err(value.refuse(Fault::Expected("a string or null"))),
    }
}

/// `"True"`, `"False"`, `"<default>"`, or JSON's own words.
pub(super) fn defbool(value: Value<'_>) -> Result<libxl_defbool, Refused<'_>> {
    const EXPECTED: Fault<'_> = Fault::Expected("\"True\", \"False\", \"<default>\", true, false or null");
    let val = match value.kind() {
        Kind::Null => 0,
        Kind::Bool => {
            if value.bool()? {
                1
            } else {
                -1
            }
        }
        Kind::String => match value.str()? {
            "<default>" => 0,
            "True" => 1,
            "False" => -1,
            _ => return Err(value.refuse(EXPECTED)),
        },
        _ => return Err(value.refuse(EXPECTED)),
    };
    Ok(libxl_defbool { val })
}

/// `"01234567-89ab-cdef-0123-456789abcdef"`
pub(super) fn uuid(value: Value<'_>) -> Result<libxl_uuid, Refused<'_>> {
    const EXPECTED: Fault<'_> = Fault::Expected("a uuid such as \"01234567-89ab-cdef-0123-456789abcdef\"");
    let text = value.str()?.as_bytes();
    let groups = [(0, 8), (9, 13), (14, 18), (19, 23), (24, 36)];
    let dashes = [8, 13, 18, 23];
    if text.len() != 36 || dashes.iter().any(|&at| text[at] != b'-') {
        return Err(value.refuse(EXPECTED));
    }
    let digits = groups.iter().flat_map(|&(from, to)| text[from..to].chunks_exact(2));
    bytes(digits).map(|uuid| libxl_uuid { uuid }).ok_or_else(|| value.refuse(EXPECTED))
}

/// `"00:16:3e:01:23:45"`
pub(super) fn mac(value: Value<'_>) -> Result<libxl_mac, Refused<'_>> {
    const EXPECTED: Fault<'_> = Fault::Expected("a MAC address such as \"00:16:3e:01:23:45\"");
    let text = value.str()?.as_bytes();
    if text.len() != 17 || text[2..].iter().step_by(3).any(|&byte| byte != b':') {
        return Err(value.refuse(EXPECTED));
    }
    bytes(text.chunks(3).map(|pair| &pair[..2])).ok_or_else(|| value.refuse(EXPECTED))
}

/// Bytes of two hexadecimal digits each.
fn bytes<'t, const N: usize>(mut pairs: impl Iterator<Item = &'t [u8]>) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for byte in &mut bytes {
        let &[high, low] = pairs.next()? else {
            return None;
        };
        *byte = (digit(high)? << 4) | digit(low)?;
    }
    Some(bytes)
}

fn digit(text: u8) -> Option<u8> {
    match text {
        b'0'..=b'9' => Some(text - b'0'),
        b'a'..=b'f' => Some(text - b'a' + 10),
        b'A'..=b'F' => Some(text - b'A' + 10),
        _ => None,
    }
}

/// Eight words, or the first four, which is what libxl writes.
pub(super) fn hwcap(value: Value<'_>) -> Result<libxl_hwcap, Refused<'_>> {
    let mut words = libxl_hwcap::default();
    if !matches!(value.array_len()?, 4 | 8) {
        return Err(value.refuse(Fault::Expected("four or eight integers")));
    }
    value.each_element(|at, word| {
        words[at] = word.u32()?;
        Ok(())
    })?;
    Ok(words)
}

/// Sixteen bytes.
pub(super) fn ms_vm_genid(value: Value<'_>) -> Result<libxl_ms_vm_genid, Refused<'_>> {
    let mut bytes = [0; 16];
    if value.array_len()? != bytes.len() {
        return Err(value.refuse(Fault::Expected("sixteen integers")));
    }
    value.each_element(|at, byte| {
        bytes[at] = byte.u8()?;
        Ok(())
    })?;
    Ok(libxl_ms_vm_genid { bytes })
}
