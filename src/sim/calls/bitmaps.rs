//! libxl's bitmaps: what allocates them by the host's size, and what translates between CPUs, nodes and sockets.
//!
//! In and out: `libxl_bitmap`. Inside the simulator, a set of CPUs or nodes is a `u64`.

use core::ffi::{CStr, c_char, c_int};
use core::ptr::null_mut;

use crate::sim::ctx::Context;
use crate::sim::memory;
use crate::sim::world::machine::{CPUS, NODES, NODES_POSSIBLE, node_of, nodes_of};
use crate::xl::sys::{ERROR_INVAL, libxl_bitmap, libxl_ctx};

/// A new bitmap with room for `bits`.
pub(crate) fn bitmap(set: u64, bits: u32) -> libxl_bitmap {
    let set = if bits < 64 { set & ((1 << bits) - 1) } else { set };
    let rest = (bits.div_ceil(8) as usize).saturating_sub(8);
    let bytes = set.to_le_bytes().into_iter().chain(core::iter::repeat_n(0, rest));
    let (map, size) = memory::array(bytes.take(bits.div_ceil(8) as usize));
    libxl_bitmap { size: size.cast_unsigned(), map }
}

/// Sets a bitmap's bits to those of `set` that it has room for.
///
/// # Safety
/// `to` is a bitmap whose map has as many bytes as its size says.
pub(crate) unsafe fn overwrite(to: *mut libxl_bitmap, set: u64) {
    // SAFETY: the caller's promise; every byte is within the map.
    unsafe {
        let libxl_bitmap { size, map } = *to;
        let bytes = set.to_le_bytes().into_iter().chain(core::iter::repeat(0));
        (0..size as usize).zip(bytes).for_each(|(at, byte)| map.add(at).write(byte));
    }
}

/// The first 64 bits of a bitmap: more CPUs or nodes there are not.
///
/// # Safety
/// As of [`overwrite`].
pub(super) unsafe fn set_of(bitmap: *const libxl_bitmap) -> u64 {
    let mut set = [0; 8];
    // SAFETY: the caller's promise.
    let bytes = unsafe { bytes_of(bitmap) };
    set.iter_mut().zip(bytes).for_each(|(bits, byte)| *bits = *byte);
    u64::from_le_bytes(set)
}

/// # Safety
/// As of [`overwrite`]; nobody writes to the map while the slice lives.
unsafe fn bytes_of<'b>(bitmap: *const libxl_bitmap) -> &'b [u8] {
    // SAFETY: the caller's promise.
    unsafe {
        if (*bitmap).map.is_null() {
            return &[];
        }
        core::slice::from_raw_parts((*bitmap).map, (*bitmap).size as usize)
    }
}

/// What a map is for.
struct Purpose {
    function: &'static str,
    what: &'static str,
    /// The host's own number.
    own: u32,
}

/// `libxl_cpu_bitmap_alloc` and its kin: 0 asks for the host's own number.
///
/// # Safety
/// `to` is a place for a bitmap, `ctx` a context of ours.
unsafe fn allocate(ctx: *mut libxl_ctx, to: *mut libxl_bitmap, asked: c_int, purpose: &Purpose) -> c_int {
    let &Purpose { function, what, own } = purpose;
    let Ok(bits) = u32::try_from(asked) else {
        // SAFETY: the caller's promise.
        let report = unsafe { Context::of(ctx) }.report();
        report.say(function, format_args!("invalid number of {what} provided"));
        return ERROR_INVAL;
    };
    // SAFETY: the caller's promise.
    unsafe { to.write(bitmap(0, if bits == 0 { own } else { bits })) };
    0
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_cpu_bitmap_alloc(
    ctx: *mut libxl_ctx,
    cpumap: *mut libxl_bitmap,
    cpus: c_int,
) -> c_int {
    let purpose = Purpose { function: "libxl_cpu_bitmap_alloc", what: "cpus", own: CPUS };
    // SAFETY: the caller's promises are the same.
    unsafe { allocate(ctx, cpumap, cpus, &purpose) }
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_node_bitmap_alloc(
    ctx: *mut libxl_ctx,
    nodemap: *mut libxl_bitmap,
    nodes: c_int,
) -> c_int {
    let purpose = Purpose { function: "libxl_node_bitmap_alloc", what: "nodes", own: NODES_POSSIBLE };
    // SAFETY: the caller's promises are the same.
    unsafe { allocate(ctx, nodemap, nodes, &purpose) }
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_socket_bitmap_alloc(
    ctx: *mut libxl_ctx,
    socketmap: *mut libxl_bitmap,
    sockets: c_int,
) -> c_int {
    let purpose = Purpose { function: "libxl_socket_bitmap_alloc", what: "sockets", own: NODES };
    // SAFETY: the caller's promises are the same.
    unsafe { allocate(ctx, socketmap, sockets, &purpose) }
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_bitmap_alloc(_: *mut libxl_ctx, to: *mut libxl_bitmap, bits: c_int) -> c_int {
    // SAFETY: the caller gives a place for a bitmap.
    unsafe { to.write(bitmap(0, u32::try_from(bits).unwrap_or(0))) };
    0
}

/// As libxl's own.
pub(crate) unsafe extern "C" fn libxl_bitmap_copy_alloc(
    _: *mut libxl_ctx,
    to: *mut libxl_bitmap,
    from: *const libxl_bitmap,
) {
    // SAFETY: the caller gives a place for a bitmap, and a bitmap.
    unsafe { to.write(new(bytes_of(from).iter().copied())) };
}

/// As libxl's own: the result is as long as the longer map.
pub(crate) unsafe extern "C" fn libxl_bitmap_or(
    _: *mut libxl_ctx,
    to: *mut libxl_bitmap,
    one: *const libxl_bitmap,
    other: *const libxl_bitmap,
) -> c_int {
    // SAFETY: the caller gives a place for a bitmap, and two bitmaps.
    unsafe {
        let (one, other) = (bytes_of(one), bytes_of(other));
        let byte = |map: &[u8], at| map.get(at).copied().unwrap_or(0);
        to.write(new((0..one.len().max(other.len())).map(|at| byte(one, at) | byte(other, at))));
    }
    0
}

/// As libxl's own: the result is as long as the shorter map.
pub(crate) unsafe extern "C" fn libxl_bitmap_and(
    _: *mut libxl_ctx,
    to: *mut libxl_bitmap,
    one: *const libxl_bitmap,
    other: *const libxl_bitmap,
) -> c_int {
    // SAFETY: the caller gives a place for a bitmap, and two bitmaps.
    unsafe {
        let (one, other) = (bytes_of(one), bytes_of(other));
        to.write(new(one.iter().zip(other).map(|(one, other)| *one & *other)));
    }
    0
}

fn new(bytes: impl Iterator<Item = u8>) -> libxl_bitmap {
    let (map, size) = memory::array(bytes);
    libxl_bitmap { size: size.cast_unsigned(), map }
}

/// As libxl's own: `0x` and the bytes, the last one first.
pub(crate) unsafe extern "C" fn libxl_bitmap_to_hex_string(
    _: *mut libxl_ctx,
    bitmap: *const libxl_bitmap,
) -> *mut c_char {
    let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
    // SAFETY: the caller gives a bitmap.
    let bytes = unsafe { bytes_of(bitmap) }.iter().rev();
    let digits = bytes.flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    memory::array(b"0x".iter().copied().chain(digits).chain([0])).0.cast()
}

/// As libxl's own: null stays null.
pub(crate) unsafe extern "C" fn libxl_string_copy(_: *mut libxl_ctx, to: *mut *mut c_char, from: *const *mut c_char) {
    // SAFETY: the caller gives a place for a string, and a string or null.
    unsafe {
        let from = *from;
        to.write(if from.is_null() { null_mut() } else { memory::text(CStr::from_ptr(from)) });
    }
}

/// As libxl's own, into a map that was allocated for all sockets.
pub(crate) unsafe extern "C" fn libxl_get_online_socketmap(_: *mut libxl_ctx, socketmap: *mut libxl_bitmap) -> c_int {
    // SAFETY: the caller gives a bitmap.
    unsafe { overwrite(socketmap, nodes_of(!0)) };
    0
}

/// As libxl's own, into a map that was allocated for all CPUs.
pub(crate) unsafe extern "C" fn libxl_nodemap_to_cpumap(
    _: *mut libxl_ctx,
    nodemap: *const libxl_bitmap,
    cpumap: *mut libxl_bitmap,
) -> c_int {
    // SAFETY: the caller gives two bitmaps.
    unsafe { overwrite(cpumap, cpus_of(set_of(nodemap))) };
    0
}

/// As libxl's own: a node that there is not has no CPUs.
pub(crate) unsafe extern "C" fn libxl_node_to_cpumap(
    _: *mut libxl_ctx,
    node: c_int,
    cpumap: *mut libxl_bitmap,
) -> c_int {
    let nodes = u32::try_from(node).ok().and_then(|node| 1u64.checked_shl(node)).unwrap_or(0);
    // SAFETY: the caller gives a bitmap.
    unsafe { overwrite(cpumap, cpus_of(nodes)) };
    0
}

/// As libxl's own, into a map that was allocated for all nodes.
pub(crate) unsafe extern "C" fn libxl_cpumap_to_nodemap(
    _: *mut libxl_ctx,
    cpumap: *const libxl_bitmap,
    nodemap: *mut libxl_bitmap,
) -> c_int {
    // SAFETY: the caller gives two bitmaps.
    unsafe { overwrite(nodemap, nodes_of(set_of(cpumap))) };
    0
}

fn cpus_of(nodes: u64) -> u64 {
    (0..CPUS).filter(|&cpu| nodes >> node_of(cpu) & 1 == 1).fold(0, |cpus, cpu| cpus | 1 << cpu)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bitmap_has_whole_bytes_and_no_bits_past_its_end() {
        for (set, bits, bytes) in
            [(!0, 12, &[0xff, 0x0f][..]), (5, 64, &[5, 0, 0, 0, 0, 0, 0, 0]), (1, 72, &[1, 0, 0, 0, 0, 0, 0, 0, 0])]
        {
            let mut map = bitmap(set, bits);
            // SAFETY: a bitmap of ours, freed once.
            unsafe {
                assert_eq!(bytes_of(&raw mut map), bytes);
                libc::free(map.map.cast());
            }
        }
    }

    #[test]
    fn nodes_have_the_cpus_that_have_them() {
        assert_eq!((cpus_of(1), cpus_of(2), cpus_of(4)), (0x00ff, 0xff00, 0));
        assert_eq!(nodes_of(cpus_of(2)), 2);
    }
}
