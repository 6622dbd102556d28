//! Cpuid policy lists, read from JSON. Their type is opaque, so libxl has to do it.
//!
//! In: `{"cpuid":[…],"msr":[…]}`, as libxl writes it. Out: a list that libxl made, owned by [`List`]. libxl's reader
//! takes nearly anything and others then read 32 or 64 bytes of each text, so everything is looked at first; what
//! libxl reads is written anew from that, not copied from the request.

use std::ffi::CString;
use std::fmt::Write as _;

use crate::error::{Fault, Refused};
use crate::json::{Members, Value};
use crate::xl::sys::{Functions, libxl_cpuid_policy_list, libxl_domain_build_info};
use crate::xl::{Owned, Xl};

/// A list that libxl allocated; freed when dropped.
#[derive(Debug)]
pub(super) struct List<'d> {
    functions: &'d Functions,
    list: libxl_cpuid_policy_list,
}

impl List<'_> {
    /// The list, for as long as `self` lives.
    pub(super) fn as_ptr(&self) -> libxl_cpuid_policy_list {
        self.list
    }
}

impl Drop for List<'_> {
    fn drop(&mut self) {
        // SAFETY: a list that libxl made, and nobody else's.
        unsafe { (self.functions.libxl_cpuid_dispose)(&raw mut self.list) };
    }
}

static KINDS: Members = Members { known: &["cpuid", "msr"], mistaken: &[] };
static LEAF: Members = Members { known: &["leaf", "subleaf", "eax", "ebx", "ecx", "edx"], mistaken: &[] };
static MSR: Members = Members { known: &["index", "policy"], mistaken: &[] };

/// What marks the end of a list in libxl's memory.
const END: u64 = u32::MAX as u64;

/// The list; `None` for an empty one.
pub(super) fn read<'m, 'd>(xl: &'d Xl, value: Value<'m>) -> Result<Option<List<'d>>, Refused<'m>> {
    let [mut cpuid, mut msr] = [const { String::new() }; 2];
    let mut lists = 0;
    value.each_member(&KINDS, |at, list| {
        lists += 1;
        match at {
            0 => entries_into(&mut cpuid, list, &LEAF),
            _ => entries_into(&mut msr, list, &MSR),
        }
    })?;
    if lists != KINDS.known.len() {
        return Err(value.refuse(Fault::Expected("an object with both cpuid and msr")));
    }
    if cpuid.is_empty() && msr.is_empty() {
        return Ok(None);
    }
    let text = format!("{{\"cpuid\":{{\"cpuid\":[{cpuid}],\"msr\":[{msr}]}}}}");
    made_by_libxl(xl, text).map(Some).ok_or_else(|| value.refuse(Fault::Rule("libxl cannot read it")))
}

/// Appends the entries of a list as JSON.
fn entries_into<'m>(text: &mut String, list: Value<'m>, of: &'static Members) -> Result<(), Refused<'m>> {
    let mut keys = Vec::with_capacity(list.array_len()?);
    list.each_element(|_, entry| {
        let key = entry_into(text, entry, of)?;
        if keys.contains(&key) {
            return Err(entry.refuse(Fault::Rule("the same as one before it")));
        }
        keys.push(key);
        Ok(())
    })
}

/// What tells one entry from another: leaf and subleaf, or index.
#[derive(Default, PartialEq, Eq)]
struct Key {
    main: Option<u64>,
    sub: Option<u64>,
}

/// Appends an entry as JSON.
fn entry_into<'m>(text: &mut String, entry: Value<'m>, of: &'static Members) -> Result<Key, Refused<'m>> {
    let mut key = Key::default();
    text.push_str(if text.is_empty() { "{" } else { ",{" });
    let mut before = "";
    entry.each_member(of, |at, value| {
        let name = of.known[at];
        let place = match name {
            "leaf" | "index" => Some(&mut key.main),
            "subleaf" => Some(&mut key.sub),
            _ => None,
        };
        // Writing to a string cannot fail.
        let _ = match place {
            Some(place) => write!(text, "{before}\"{name}\":{}", place.insert(value.unsigned(END - 1)?)),
            None => write!(text, "{before}\"{name}\":\"{}\"", bits(value, if name == "policy" { 64 } else { 32 })?),
        };
        before = ",";
        Ok(())
    })?;
    text.push('}');
    if key.main.is_none() {
        return Err(entry.refuse(Fault::Expected("a member that says which: leaf or index")));
    }
    Ok(key)
}

/// A text of one character a bit.
fn bits(value: Value<'_>, length: usize) -> Result<&str, Refused<'_>> {
    let text = value.str()?;
    if text.len() == length && text.bytes().all(|byte| b"01xks".contains(&byte)) {
        return Ok(text);
    }
    Err(value.refuse(Fault::Expected(match length {
        32 => "32 characters, each 0, 1, x, k or s",
        _ => "64 characters, each 0, 1, x, k or s",
    })))
}

/// The list that libxl reads as part of a whole `libxl_domain_build_info`.
fn made_by_libxl(xl: &Xl, text: String) -> Option<List<'_>> {
    let functions = xl.functions();
    let from_json = functions.libxl_domain_build_info_from_json?;
    let text = CString::new(text).ok()?;
    let mut info = Owned::<libxl_domain_build_info>::new(functions);
    let info_ptr = info.as_mut_ptr();
    // SAFETY: the table holds this very function; it fills an initialised struct that holds nothing yet. The list is
    // taken out of it, so that disposing of the struct leaves it.
    let list = unsafe {
        let code = from_json(xl.ctx(), info_ptr, text.as_ptr());
        let list = std::mem::replace(&mut (*info_ptr).cpuid, std::ptr::null_mut());
        (List { functions, list }, code)
    };
    (list.1 == 0 && !list.0.list.is_null()).then_some(list.0)
}
