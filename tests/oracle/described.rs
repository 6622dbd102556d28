//! What `gen::emit_oracle` knows of each type, in the form that tests use.
//!
//! In: generated code. Out: [`Described`] for every struct, [`Enumeration`] for every enumeration, and the macro
//! `every_struct`. It judges nothing.

use core::ffi::{CStr, c_char, c_int};

use bumpalo::Bump;
use xenopsd::api::decode::Decoder;
use xenopsd::error::Refused;
use xenopsd::json::{Fields, PADDING, Parser, Value, Writer};
use xenopsd::rpc::Explained;
use xenopsd::xl::sys::{Functions, libxl_ctx};
use xenopsd::xl::{Managed, Owned, Text, Xl};

use crate::filler::Filler;

/// Our encoder of a struct.
pub(crate) type Encode<T> = unsafe fn(&Xl, &mut Writer<'_>, &T);
/// Our encoder of some fields of a struct.
pub(crate) type EncodeFields<T> = unsafe fn(&Xl, &mut Writer<'_>, &T, Fields);
/// Our decoder of a struct.
pub(crate) type Decode<T> = for<'m> fn(&Decoder<'m, '_>, Value<'m>) -> Result<&'m mut T, Refused<'m>>;
/// libxl's encoder of a struct.
pub(crate) type ToJson<T> = unsafe extern "C" fn(*mut libxl_ctx, *mut T) -> *mut c_char;
/// libxl's decoder of a struct.
pub(crate) type FromJson<T> = unsafe extern "C" fn(*mut libxl_ctx, *mut T, *const c_char) -> c_int;
/// libxl's deep copy of a struct.
pub(crate) type Copy<T> = unsafe extern "C" fn(*mut libxl_ctx, *mut T, *const T);

/// A struct that libxl describes.
pub(crate) trait Described: Managed {
    /// Its name without `libxl_`.
    const NAME: &'static str;
    /// The members that its union may have, as they are called in JSON.
    const MEMBERS: &'static [&'static str];
    /// Our encoder.
    const ENCODE: Encode<Self>;
    /// The names by which fields are asked for.
    const FIELDS: &'static [&'static str];
    /// Our encoder of those that are.
    const ENCODE_FIELDS: EncodeFields<Self>;
    /// Our decoder.
    const DECODE: Decode<Self>;

    /// Lets the filler fill every field, in order.
    ///
    /// # Safety
    /// The struct is freshly initialised.
    unsafe fn fill(&mut self, f: &mut Filler<'_>);

    /// libxl's encoder.
    fn to_json(functions: &Functions) -> Option<ToJson<Self>>;

    /// libxl's decoder.
    fn from_json(functions: &Functions) -> Option<FromJson<Self>>;

    /// libxl's deep copy.
    fn copy(functions: &Functions) -> Option<Copy<Self>>;
}

/// An enumeration that libxl describes.
pub(crate) struct Enumeration {
    /// Its name without `libxl_`.
    pub(crate) name: &'static str,
    /// Its values.
    pub(crate) listed: &'static [i64],
    /// A number that is none of them.
    pub(crate) unlisted: i64,
    /// Our encoder.
    pub(crate) encode: fn(i64) -> &'static [u8],
    /// libxl's encoder.
    pub(crate) to_json: fn(&Xl, i64) -> Text,
    /// libxl's decoder: its return code, and the value.
    pub(crate) from_json: fn(&Xl, &CStr) -> (c_int, i64),
}

/// A struct of this type, filled.
pub(crate) fn filled<'x, T: Described>(xl: &'x Xl, mut filler: Filler<'_>) -> Owned<'x, T> {
    let mut value = Owned::<T>::new(xl.functions());
    // SAFETY: initialised just now.
    unsafe { (*value.as_mut_ptr()).fill(&mut filler) };
    value
}

/// What we write.
pub(crate) fn ours<T: Described>(xl: &Xl, value: &T) -> String {
    ours_into(Vec::new(), xl, value)
}

/// What we write behind nothing, in this buffer.
pub(crate) fn ours_into<T: Described>(mut text: Vec<u8>, xl: &Xl, value: &T) -> String {
    // SAFETY: libxl or the filler made every pointer in it.
    unsafe { T::ENCODE(xl, &mut Writer::new(&mut text, usize::MAX), value) };
    String::from_utf8(text).expect("our text is UTF-8, whatever a string holds")
}

/// What we write of these fields.
pub(crate) fn ours_of<T: Described>(xl: &Xl, value: &T, fields: Fields) -> String {
    let mut text = Vec::new();
    // SAFETY: libxl or the filler made every pointer in it.
    unsafe { T::ENCODE_FIELDS(xl, &mut Writer::new(&mut text, usize::MAX), value, fields) };
    String::from_utf8(text).expect("our text is UTF-8, whatever a string holds")
}

/// What libxl writes. It passes on bytes that are not UTF-8; they are replaced here.
pub(crate) fn theirs<T: Described>(xl: &Xl, value: &T) -> String {
    let to_json = T::to_json(xl.functions()).expect("every release has it");
    // SAFETY: the table holds this very function; it only reads the struct, and gives a string away.
    let text = unsafe { Text::new(to_json(xl.ctx(), (&raw const *value).cast_mut())) };
    text_of(&text)
}

/// What libxl reads, or its return code.
pub(crate) fn read_by_libxl<'x, T: Described>(xl: &'x Xl, text: &str) -> Result<Owned<'x, T>, c_int> {
    let from_json = T::from_json(xl.functions()).expect("every release has it");
    let text = std::ffi::CString::new(text).expect("JSON holds no NUL");
    let mut value = Owned::<T>::new(xl.functions());
    // SAFETY: the table holds this very function; it fills a struct that holds nothing yet.
    let code = unsafe { from_json(xl.ctx(), value.as_mut_ptr(), text.as_ptr()) };
    if code == 0 { Ok(value) } else { Err(code) }
}

/// What we read, or our refusal in words. It is lent to `then`: it does not outlive its text.
pub(crate) fn read_by_us<T: Described, R>(xl: &Xl, text: &str, then: impl FnOnce(Result<&T, String>) -> R) -> R {
    let mut bytes = [text.as_bytes(), &[0; PADDING]].concat();
    let arena = Bump::new();
    Parser::new().read(&mut bytes, text.len(), &arena, |message| {
        let decoder = Decoder::new(xl, &arena);
        let value = T::DECODE(&decoder, message.expect("JSON").root());
        then(value.map(|value| &*value).map_err(|refused| Explained(refused).to_string()))
    })
}

/// A deep copy of libxl's making.
pub(crate) fn copied<'x, T: Described>(xl: &'x Xl, value: &T) -> Owned<'x, T> {
    let copy = T::copy(xl.functions()).expect("every release has it");
    let mut to = Owned::<T>::new(xl.functions());
    // SAFETY: the table holds this very function; it fills a struct that holds nothing yet.
    unsafe { copy(xl.ctx(), to.as_mut_ptr(), value) };
    to
}

/// A string of libxl's.
pub(crate) fn text_of(text: &Text) -> String {
    assert!(!text.is_null(), "libxl could not write it");
    // SAFETY: not null, so a string that lives as long as `text`.
    unsafe { CStr::from_ptr(text.as_ptr()) }.to_string_lossy().into_owned()
}

#[allow(
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    dead_code,
    unused_unsafe,
    reason = "generated: the reason of each unsafe block stands in the emitter; values of enumerations are cast"
)]
mod generated {
    use xenopsd::api::{decode, encode};
    use xenopsd::xl::Text;
    use xenopsd::xl::sys::*;

    use super::{Copy, Decode, Described, Encode, EncodeFields, Enumeration, FromJson, ToJson};
    use crate::filler::Filler;

    include!(concat!(env!("OUT_DIR"), "/oracle.rs"));
}

pub(crate) use generated::{DEPRECATED, ENUMERATIONS, every_struct};

/// Calls a function for every struct.
macro_rules! call {
    ($function:ident; $($name:ident $ty:ident,)*) => {
        $($function::<xenopsd::xl::sys::$ty>();)*
    };
}
pub(crate) use call;
