//! Rules about parameters that libxl does not check, or checks by ending the process.
//!
//! In: a value on the tape, or a struct that was made of it. Out: nothing, or a refusal that says where and why. Which
//! rule is for which parameter stands in `gen::facts`.

use core::ffi::c_char;

use crate::error::{Fault, Place, Refused};
use crate::json::Value;
use crate::xl::sys::{
    LIBXL_CHECKPOINTED_STREAM_COLO, LIBXL_DOMAIN_TYPE_HVM, LIBXL_DOMAIN_TYPE_PV, LIBXL_DOMAIN_TYPE_PVH,
    libxl_device_disk, libxl_domain_config, libxl_domain_create_info, libxl_domain_restore_params,
};

/// What the rules return.
type Checked<'m> = Result<(), Refused<'m>>;

/// One part of a path.
pub(super) fn file_name(value: Value<'_>) -> Checked<'_> {
    if value.str()?.contains('/') { refuse(value, "must not contain /") } else { Ok(()) }
}

/// A path from the root.
pub(super) fn absolute_path(value: Value<'_>) -> Checked<'_> {
    if value.str()?.starts_with('/') { Ok(()) } else { refuse(value, "must be an absolute path") }
}

/// The name of userdata of a client's own. libxl deletes files by patterns, so it must not be one.
pub(super) fn userdata_id(value: Value<'_>) -> Checked<'_> {
    match value.str()? {
        "libxl-json" => refuse(value, "libxl's own: see retrieve_domain_configuration"),
        "domain-userdata-lock" => refuse(value, "libxl's own"),
        id if id.contains(['/', '*', '?', '[', '\\']) => refuse(value, "must not contain /, *, ?, [ or \\"),
        _ => Ok(()),
    }
}

/// Words with one space between them, each `NAME=VALUE` or `noNAME`.
pub(super) fn xen_parameters(value: Value<'_>) -> Checked<'_> {
    let is_one = |word: &str| word.starts_with("no") || word.split_once('=').is_some_and(|(name, _)| !name.is_empty());
    if value.str()?.split(' ').all(|word| is_one(word) && !word.contains(char::is_whitespace)) {
        return Ok(());
    }
    refuse(value, "must be words, one space between them, each with = in it or with no before it")
}

/// A disk says which one it is.
pub(super) fn disk<'m>(value: Value<'m>, disk: &libxl_device_disk) -> Checked<'m> {
    filled(value, disk.vdev, "vdev")
}

/// What is preserved has a name.
pub(super) fn create_info<'m>(value: Value<'m>, info: &libxl_domain_create_info) -> Checked<'m> {
    filled(value, info.name, "name")
}

/// A domain has a name and a type, both parts of the configuration mean the same type, and its disks are known. If it
/// has no uuid, it gets one: libxl would leave it without, and two such domains have the same place in xenstore.
pub(super) fn domain_config<'m>(value: Value<'m>, config: &mut libxl_domain_config) -> Checked<'m> {
    let within = |place| move |refused: Refused<'m>| refused.within(value.message().arena(), place);
    create_info(value, &config.c_info).map_err(within(Place::Member("c_info")))?;
    let types = [LIBXL_DOMAIN_TYPE_HVM, LIBXL_DOMAIN_TYPE_PV, LIBXL_DOMAIN_TYPE_PVH];
    if !types.contains(&config.c_info.type_) {
        return refuse(value, "its type must be hvm, pv or pvh").map_err(within(Place::Member("c_info")));
    }
    if config.b_info.type_ != config.c_info.type_ {
        return refuse(value, "must be for c_info's type").map_err(within(Place::Member("b_info")));
    }
    let count = if config.disks.is_null() { 0 } else { usize::try_from(config.num_disks).unwrap_or(0) };
    for at in 0..count {
        // SAFETY: an array of that many, decoded just now.
        let checked = disk(value, unsafe { &*config.disks.add(at) });
        checked.map_err(within(Place::Element(at))).map_err(within(Place::Member("disks")))?;
    }
    if config.c_info.uuid.uuid == [0; 16] {
        config.c_info.uuid.uuid = random_uuid();
    }
    Ok(())
}

/// A uuid of version 4.
fn random_uuid() -> [u8; 16] {
    let mut uuid = [0; 16];
    // SAFETY: as many bytes as it says; it cannot fail for so few.
    unsafe { libc::getrandom(uuid.as_mut_ptr().cast(), uuid.len(), 0) };
    uuid[6] = uuid[6] & 0x0f | 0x40;
    uuid[8] = uuid[8] & 0x3f | 0x80;
    uuid
}

/// The stream is one that libxl reads without the help of a script, and COLO knows which proxy it has.
pub(super) fn restore_params<'m>(value: Value<'m>, params: &libxl_domain_restore_params) -> Checked<'m> {
    let refuse =
        |member, why| Err(value.refuse(Fault::Rule(why)).within(value.message().arena(), Place::Member(member)));
    if params.stream_version != 2 {
        return refuse("stream_version", "must be 2: there is no converter for streams of Xen 4.5 and before");
    }
    let is_colo = u32::try_from(params.checkpointed_stream) == Ok(LIBXL_CHECKPOINTED_STREAM_COLO);
    if is_colo && params.userspace_colo_proxy.val == 0 {
        return refuse("userspace_colo_proxy", "must be true or false for COLO");
    }
    Ok(())
}

/// A string that is there, and is not empty.
fn filled<'m>(value: Value<'m>, text: *const c_char, member: &'static str) -> Checked<'m> {
    // SAFETY: null, or a string in the input buffer, decoded just now.
    let fault = match unsafe { text.as_ref() } {
        None => Fault::Missing,
        Some(0) => Fault::Empty,
        Some(_) => return Ok(()),
    };
    Err(value.refuse(fault).within(value.message().arena(), Place::Member(member)))
}

fn refuse<'m>(value: Value<'m>, why: &'static str) -> Checked<'m> {
    Err(value.refuse(Fault::Rule(why)))
}
