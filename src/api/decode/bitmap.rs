//! Bitmaps, read from JSON.
//!
//! In: the numbers of the bits that are set, ascending. Out: a bitmap in the arena with room for them. libxl sizes a
//! bitmap by what it is for and copies so many bytes from it, whatever its size says; so a bitmap of the host's CPUs,
//! nodes or sockets is never smaller than libxl's own would be.

use core::ffi::c_int;

use super::Decoder;
use crate::error::{Fault, Refused};
use crate::json::{Kind, Value};
use crate::limits::BITMAP_BITS_MAX;
use crate::xl::Owned;
use crate::xl::sys::{libxl_bitmap, libxl_ctx};

/// How large a bitmap must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// As large as its bits need; without memory if there are none.
    Minimal,
    /// The same, and no bit from this one on may be set.
    Below(u64),
    /// At least what `libxl_cpu_bitmap_alloc` gives.
    Cpu,
    /// At least what `libxl_node_bitmap_alloc` gives.
    Node,
    /// At least what `libxl_socket_bitmap_alloc` gives.
    Socket,
}

/// A bitmap where none is one, too: a field that libxl takes for unset if it has no memory.
pub(super) fn unless_empty<'m>(d: &Decoder<'m, '_>, value: Value<'m>, size: Size) -> Result<libxl_bitmap, Refused<'m>> {
    let is_empty = value.elements().next().is_none();
    sized(d, value, if is_empty { Size::Minimal } else { size })
}

/// A bitmap of at least that size.
pub(super) fn sized<'m>(d: &Decoder<'m, '_>, value: Value<'m>, size: Size) -> Result<libxl_bitmap, Refused<'m>> {
    let bytes = highest(value, size)?.map_or(0, |bit| bit / 8 + 1).max(host_bytes(d, value, size)?);
    let map = d.zeroed::<u8>(bytes as usize);
    for bit in value.elements() {
        let bit = bit.u32()?;
        // SAFETY: below the highest bit, for which there is room.
        unsafe { *map.add(bit as usize / 8) |= 1 << (bit % 8) };
    }
    Ok(libxl_bitmap { size: bytes, map })
}

/// The highest bit, after a look at all of them. That they ascend bounds how many there can be.
fn highest(value: Value<'_>, size: Size) -> Result<Option<u32>, Refused<'_>> {
    let below = if let Size::Below(bits) = size { bits } else { BITMAP_BITS_MAX };
    let mut highest = None;
    if value.kind() != Kind::Array {
        return Err(value.refuse(Fault::Expected("an array")));
    }
    value.each_element(|_, element| {
        element.unsigned(below - 1)?;
        let bit = element.u32()?;
        if highest.is_some_and(|before| bit <= before) {
            return Err(element.refuse(Fault::Rule("not above the bit before it: each comes once, in ascending order")));
        }
        highest = Some(bit);
        Ok(())
    })?;
    Ok(highest)
}

/// The bytes that libxl's own bitmap for this has. It asks the hypervisor, so it is asked once a request.
fn host_bytes<'m>(d: &Decoder<'m, '_>, value: Value<'m>, size: Size) -> Result<u32, Refused<'m>> {
    let functions = d.functions();
    let (known, alloc) = match size {
        Size::Minimal | Size::Below(_) => return Ok(0),
        Size::Cpu => (&d.host_bytes[0], functions.libxl_cpu_bitmap_alloc),
        Size::Node => (&d.host_bytes[1], functions.libxl_node_bitmap_alloc),
        Size::Socket => (&d.host_bytes[2], functions.libxl_socket_bitmap_alloc),
    };
    if known.get().is_none() {
        known.set(alloc.and_then(|alloc| ask(d, alloc)));
    }
    known.get().ok_or_else(|| value.refuse(Fault::Rule("libxl does not tell how large such a bitmap is on this host")))
}

type Alloc = unsafe extern "C" fn(*mut libxl_ctx, *mut libxl_bitmap, c_int) -> c_int;

fn ask(d: &Decoder<'_, '_>, alloc: Alloc) -> Option<u32> {
    let mut bitmap = Owned::<libxl_bitmap>::new(d.functions());
    // SAFETY: a function of libxl's table that allocates into an initialised bitmap; 0 asks for the host's number.
    let code = unsafe { alloc(d.xl.ctx(), bitmap.as_mut_ptr(), 0) };
    (code == 0 && bitmap.size > 0).then_some(bitmap.size)
}
