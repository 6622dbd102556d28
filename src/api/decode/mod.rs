//! JSON as C values: one function a type, strict, with the path of whatever is wrong.
//!
//! In: a value on the tape. Out: a C struct in the request's arena, as `libxl_T_from_json` would have filled it, or a
//! refusal. Strings point into the request's bytes, arrays into the arena; what the value does not say is as
//! `libxl_T_init` left it. The form is the encoders', which is libxl's own; `null` is taken where libxl writes it: for
//! a string, for a value of a list of keys and values, and for an enumeration whose initial value has no name; and for
//! a defbool.
//!
//! What is decoded is never disposed: it belongs to the arena. Where libxl changes, keeps or frees what it is given, it
//! gets a copy from `libxl_T_copy`. The one exception are cpuid lists, whose type only libxl knows: they are libxl's
//! memory, and the [`Decoder`] frees them when it is dropped. So it must outlive the call.

mod bitmap;
mod cpuid;
mod leaf;
mod list;

use core::alloc::Layout;
use core::ffi::c_int;
use std::cell::{Cell, RefCell};

use bumpalo::Bump;

pub use bitmap::Size;
pub use generated::*;

use super::Call;
use crate::error::{Fault, Refused};
use crate::json::Value;
use crate::xl::sys::{
    Functions, libxl_bitmap, libxl_cpuid_policy_list, libxl_defbool, libxl_hwcap, libxl_key_value_list, libxl_mac,
    libxl_ms_vm_genid, libxl_string_list, libxl_uuid,
};
use crate::xl::{Managed, Xl};

/// One function a struct, and one an enumeration. Made by `gen::emit_decode`.
#[allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::redundant_closure_for_method_calls,
    unused_unsafe,
    unused_variables,
    reason = "generated: the reason of each unsafe block stands in the emitter; values of enumerations are cast"
)]
mod generated {
    use super::{Decoder, Size, bitmap, leaf, list, refuse_if};
    use crate::error::Refused;
    use crate::json::{Members, Value};
    use crate::xl::sys::*;

    include!(concat!(env!("OUT_DIR"), "/decode.rs"));
}

/// What decoding needs, and what it made that is not the arena's.
#[derive(Debug)]
pub struct Decoder<'m, 'd> {
    xl: &'d Xl,
    arena: &'m Bump,
    /// The bytes of the host's bitmaps of CPUs, nodes and sockets, once they have been asked for.
    host_bytes: [Cell<Option<u32>>; 3],
    cpuid_lists: RefCell<Vec<cpuid::List<'d>>>,
}

impl<'m, 'd> Decoder<'m, 'd> {
    /// A decoder whose structs are in `arena`.
    pub fn new(xl: &'d Xl, arena: &'m Bump) -> Self {
        Self { xl, arena, host_bytes: Default::default(), cpuid_lists: RefCell::default() }
    }

    /// A decoder of a request's params.
    pub fn of(call: &Call<'m, 'd, '_>) -> Self {
        Self::new(call.xl, call.params.arena())
    }

    fn functions(&self) -> &'d Functions {
        self.xl.functions()
    }

    /// A new value in the arena.
    fn initialised<T: Managed>(&self) -> &'m mut T {
        // SAFETY: zeroes are a value of every C struct.
        let place = self.arena.alloc_with(|| unsafe { core::mem::zeroed::<T>() });
        self.initialise(place);
        place
    }

    /// Makes a value what libxl says that one is at first.
    fn initialise<T: Managed>(&self, place: &mut T) {
        // SAFETY: memory for one.
        unsafe { T::init(self.functions(), place) };
    }

    /// An array of structs, each initialised, then read by `read`: its first element and its count.
    fn structs<T: Managed>(
        &self,
        value: Value<'m>,
        read: fn(&Self, Value<'m>, &mut T) -> Result<(), Refused<'m>>,
    ) -> Result<(*mut T, c_int), Refused<'m>> {
        self.array(value, |value, place| {
            self.initialise(place);
            read(self, value, place)
        })
    }

    /// An array of what `read` makes of each element: its first element and its count.
    fn values<T>(
        &self,
        value: Value<'m>,
        read: impl Fn(Value<'m>) -> Result<T, Refused<'m>>,
    ) -> Result<(*mut T, c_int), Refused<'m>> {
        self.array(value, |value, place| {
            *place = read(value)?;
            Ok(())
        })
    }

    /// An array of C, each element read by `read` into zeroed memory. An empty one is null: libxl may let one grow
    /// that has no memory yet.
    fn array<T>(
        &self,
        value: Value<'m>,
        read: impl Fn(Value<'m>, &mut T) -> Result<(), Refused<'m>>,
    ) -> Result<(*mut T, c_int), Refused<'m>> {
        let first = self.zeroed::<T>(value.array_len()?);
        let mut count = 0;
        value.each_element(|at, element| {
            count += 1;
            // SAFETY: below the length; zeroes are a value of every type that is an array's element in C.
            read(element, unsafe { &mut *first.add(at) })
        })?;
        Ok((first, count))
    }

    /// Zeroed memory for that many; null for none.
    fn zeroed<T>(&self, count: usize) -> *mut T {
        if count == 0 {
            return core::ptr::null_mut();
        }
        let layout = Layout::array::<T>(count).expect("lists are short");
        let first = self.arena.alloc_layout(layout).cast::<T>().as_ptr();
        // SAFETY: memory for so many, allocated just now.
        unsafe { first.write_bytes(0, count) };
        first
    }

    /// A list that libxl made; this decoder frees it.
    fn cpuid_policy_list(&self, value: Value<'m>) -> Result<libxl_cpuid_policy_list, Refused<'m>> {
        let Some(list) = cpuid::read(self.xl, value)? else {
            return Ok(core::ptr::null_mut());
        };
        let pointer = list.as_ptr();
        self.cpuid_lists.borrow_mut().push(list);
        Ok(pointer)
    }
}

/// Refuses a value for a reason that is seen only beside others.
fn refuse_if<'m>(is_wrong: bool, value: Value<'m>, why: &'static str) -> Result<(), Refused<'m>> {
    if is_wrong { Err(value.refuse(Fault::Rule(why))) } else { Ok(()) }
}

/// A bitmap of at least that size.
pub fn bitmap<'m>(d: &Decoder<'m, '_>, value: Value<'m>, size: Size) -> Result<&'m mut libxl_bitmap, Refused<'m>> {
    Ok(d.arena.alloc(bitmap::sized(d, value, size)?))
}

/// The types that libxl's descriptions take as given, as values in the arena.
macro_rules! builtins {
    ($($doc:literal $name:ident $ty:ident: $read:expr;)*) => {$(
        #[doc = $doc]
        pub fn $name<'m>(d: &Decoder<'m, '_>, value: Value<'m>) -> Result<&'m mut $ty, Refused<'m>> {
            let read: fn(&Decoder<'m, '_>, Value<'m>) -> Result<$ty, Refused<'m>> = $read;
            Ok(d.arena.alloc(read(d, value)?))
        }
    )*};
}

builtins! {
    "`\"True\"`, `\"False\"`, `\"<default>\"`, `true`, `false` or `null`." defbool libxl_defbool: |_, v| leaf::defbool(v);
    "`\"01234567-89ab-cdef-0123-456789abcdef\"`" uuid libxl_uuid: |_, v| leaf::uuid(v);
    "`\"00:16:3e:01:23:45\"`" mac libxl_mac: |_, v| leaf::mac(v);
    "Four or eight words." hwcap libxl_hwcap: |_, v| leaf::hwcap(v);
    "Sixteen bytes." ms_vm_genid libxl_ms_vm_genid: |_, v| leaf::ms_vm_genid(v);
    "An array of strings." string_list libxl_string_list: list::string_list;
    "An object of strings and nulls." key_value_list libxl_key_value_list: list::key_value_list;
    "What libxl writes for one." cpuid_policy_list libxl_cpuid_policy_list: |d, v| d.cpuid_policy_list(v);
}
