//! Which domains of a list are asked for.
//!
//! In: the parameter `domids`, an array of domains' numbers, and what there is of all domains. Out: what there is of
//! these, in the order of the whole list, which is that of the numbers. The answer is a list of what is there, so a
//! number that no domain has is left out, and one that comes twice is there once; none at all gives an empty list.
//! Names are not looked up: that may take long, once for each.

use core::ffi::c_int;

use super::Call;
use crate::error::{Outcome, Refused};
use crate::json::{Args, Value, Writer};
use crate::xl::sys::{ERROR_DOMAIN_NOTFOUND, libxl_ctx};
use crate::xl::{Managed, Owned, Xl, check};

/// So many domains are asked for one by one, more are looked up in the list of all.
///
/// How many the host has is not known before it is asked. Counted on the make-believe hypervisor (`tests/hypervisor`):
/// libxl takes 19 000 instructions for one domain, and for its list 610 000 and 15 000 for each domain that there is:
/// one by one is cheaper for 16 on any host, by 313 000 to 885 000 on one of 20 domains, to 14 600 000 on one of 1000.
/// By hypercall one domain takes 820 and a system call, the list 260 for each that there is and one system call: 16 are
/// cheaper on a host of 1000 (18 000 to 275 000), and cost some microseconds more on one that has few others. That is
/// all that can be lost by a wrong guess, and the reason not to go further.
const FEW: usize = 16;

/// The numbers in the parameter at `at`, in their order, each once; `None` when it is absent or null.
#[inline]
pub(crate) fn read<'m, const N: usize>(args: &Args<'m, N>, at: usize) -> Result<Option<&'m [u32]>, Refused<'m>> {
    if args.optional(at).is_none() {
        return Ok(None);
    }
    args.read(at, numbers).map(Some)
}

#[inline(never)]
fn numbers<'m>(list: Value<'m>) -> Result<&'m [u32], Refused<'m>> {
    let numbers = list.message().arena().alloc_slice_fill_copy(list.array_len()?, 0);
    list.each_element(|at, element| {
        numbers[at] = element.u32()?;
        Ok(())
    })?;
    numbers.sort_unstable();
    let mut kept = 0;
    for at in 0..numbers.len() {
        if kept == 0 || numbers[at] != numbers[kept - 1] {
            numbers[kept] = numbers[at];
            kept += 1;
        }
    }
    Ok(&numbers[..kept])
}

/// Is asking for each of them cheaper than going through the list of all?
pub(super) fn are_few(domids: &&[u32]) -> bool {
    domids.len() <= FEW
}

/// Writes what `ask` gives of each domain that there is.
///
/// # Safety
/// `ask` fills such a struct with what it knows of the domain of that number.
#[inline(never)]
pub(super) unsafe fn one_by_one<'m, T: Managed>(
    call: &mut Call<'m, '_, '_>,
    domids: &[u32],
    ask: unsafe extern "C" fn(*mut libxl_ctx, *mut T, u32) -> c_int,
    mut encode: impl FnMut(&Xl, &mut Writer<'_>, &T),
) -> Outcome<'m> {
    let mut before: &[u8] = b"[";
    for &domid in domids {
        let mut one = Owned::<T>::new(call.xl.functions());
        // SAFETY: the caller's promise, and `one` is initialised.
        match unsafe { ask(call.xl.ctx(), one.as_mut_ptr(), domid) } {
            ERROR_DOMAIN_NOTFOUND => continue,
            code => check(code)?,
        }
        call.writer.raw(std::mem::replace(&mut before, b","));
        encode(call.xl, call.writer, &one);
    }
    call.writer.raw(if before == b"[" { b"[]" } else { b"]" });
    Ok(())
}

/// The elements of a list that are of these domains, or all of them: they are brought to its beginning.
#[inline]
pub(super) fn only<'l, T>(list: &'l mut [T], domids: Option<&[u32]>, domid: impl Fn(&T) -> u32) -> &'l [T] {
    match domids {
        None => list,
        Some(domids) => bring_forward(list, domids, domid),
    }
}

#[inline(never)]
fn bring_forward<'l, T>(list: &'l mut [T], domids: &[u32], domid: impl Fn(&T) -> u32) -> &'l [T] {
    let mut kept = 0;
    for at in 0..list.len() {
        if domids.binary_search(&domid(&list[at])).is_ok() {
            list.swap(kept, at);
            kept += 1;
        }
    }
    &list[..kept]
}
