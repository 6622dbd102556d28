//! Where we and libxl differ, each difference shown once on the smallest struct that has it.
//!
//! These tests fail when a release of libxl no longer differs: then `rules` has a line too many.

use xenopsd::xl::sys::*;
use xenopsd::xl::{Managed, Owned, Xl};

use crate::described::{Described, ours, read_by_libxl, theirs};
use crate::filler::{allocate, string};
use crate::json::Json;

fn with<'x, T: Managed>(xl: &'x Xl, set: impl FnOnce(&mut T)) -> Owned<'x, T> {
    let mut value = Owned::<T>::new(xl.functions());
    // SAFETY: initialised, and what `set` puts into it comes from malloc.
    set(unsafe { &mut *value.as_mut_ptr() });
    value
}

/// A member as we write it, and as libxl does.
fn member<T: Described>(xl: &Xl, value: &T, name: &str) -> (Option<Json>, Option<Json>) {
    let (ours, theirs) = (Json::parse(&ours(xl, value)), Json::parse(&theirs(xl, value)));
    (ours.member(name).cloned(), theirs.member(name).cloned())
}

fn number(value: impl Into<i128>) -> Option<Json> {
    Some(Json::Number(value.into()))
}

fn numbers(values: &[u32]) -> Option<Json> {
    Some(Json::Array(values.iter().map(|&value| Json::Number(value.into())).collect()))
}

#[test]
fn of_the_hosts_capabilities_libxl_writes_and_reads_four_words_and_we_write_eight() {
    let xl = crate::xl();
    let info = with(&xl, |info: &mut libxl_physinfo| info.hw_cap = [1, 2, 3, 4, 5, 6, 7, u32::MAX]);
    let (ours_, theirs) = member(&xl, &*info, "hw_cap");
    assert_eq!(ours_, numbers(&[1, 2, 3, 4, 5, 6, 7, u32::MAX]));
    assert_eq!(theirs, numbers(&[1, 2, 3, 4]));
    let read = read_by_libxl::<libxl_physinfo>(&xl, &ours(&xl, &*info)).expect("libxl reads it");
    assert_eq!(read.hw_cap, [1, 2, 3, 4, 0, 0, 0, 0]);
}

#[test]
fn an_events_user_word_is_signed_with_libxl_and_unsigned_with_us() {
    let xl = crate::xl();
    let event = with(&xl, |event: &mut libxl_event| event.for_user = u64::MAX);
    assert_eq!(member(&xl, &*event, "for_user"), (number(u64::MAX), number(-1)));
}

#[test]
fn libxl_reads_no_number_beyond_a_signed_one() {
    let xl = crate::xl();
    for (time, read) in [((1 << 63) - 2, (1 << 63) - 2), (1 << 63, 0), (u64::MAX, 0)] {
        let info = with(&xl, |info: &mut libxl_dominfo| info.cpu_time = time);
        assert_eq!(member(&xl, &*info, "cpu_time"), (number(time), number(time)));
        let back = read_by_libxl::<libxl_dominfo>(&xl, &ours(&xl, &*info)).expect("libxl reads it");
        assert_eq!(back.cpu_time, read);
    }
}

#[test]
fn a_value_of_an_enumeration_without_a_name_is_null_and_libxl_reads_the_default() {
    let xl = crate::xl();
    let info = with(&xl, |info: &mut libxl_dominfo| info.shutdown_reason = 200);
    assert_eq!(member(&xl, &*info, "shutdown_reason"), (Some(Json::Null), Some(Json::Null)));
    let read = read_by_libxl::<libxl_dominfo>(&xl, &ours(&xl, &*info)).expect("libxl reads it");
    assert_eq!(read.shutdown_reason, LIBXL_SHUTDOWN_REASON_UNKNOWN);
}

#[test]
fn in_an_array_it_makes_libxl_refuse_the_whole_text() {
    let xl = crate::xl();
    let params = with(&xl, |params: &mut libxl_vsnd_params| {
        params.sample_formats = allocate(1);
        params.num_sample_formats = 1;
        // SAFETY: memory for one.
        unsafe { params.sample_formats.write(4711) };
    });
    let nulls = Some(Json::Array(vec![Json::Null]));
    assert_eq!(member(&xl, &*params, "sample_formats"), (nulls.clone(), nulls));
    let refused = read_by_libxl::<libxl_vsnd_params>(&xl, &ours(&xl, &*params));
    assert_eq!(refused.err(), Some(ERROR_FAIL));
}

#[test]
fn a_union_whose_key_has_no_name_writes_no_member() {
    let xl = crate::xl();
    let channel = with(&xl, |channel: &mut libxl_device_channel| channel.connection = 4711);
    assert!(!ours(&xl, &*channel).contains("connection"), "{}", ours(&xl, &*channel));
    assert!(!theirs(&xl, &*channel).contains("connection"), "{}", theirs(&xl, &*channel));
}

#[test]
fn a_member_of_a_union_that_holds_nothing_is_an_empty_object() {
    let xl = crate::xl();
    let channel = with(&xl, |channel: &mut libxl_device_channel| channel.connection = LIBXL_CHANNEL_CONNECTION_PTY);
    let empty = Some(Json::Object(Vec::new()));
    assert_eq!(member(&xl, &*channel, "connection.pty"), (empty.clone(), empty));
}

#[test]
fn a_bitmap_says_which_bits_are_set_and_not_how_many_it_has() {
    let xl = crate::xl();
    let pool = with(&xl, |pool: &mut libxl_cpupoolinfo| {
        pool.cpumap = libxl_bitmap { size: 64, map: allocate(64) };
        // SAFETY: memory for 64.
        unsafe { pool.cpumap.map.write(0b1001) };
    });
    assert_eq!(member(&xl, &*pool, "cpumap"), (numbers(&[0, 3]), numbers(&[0, 3])));
    let read = read_by_libxl::<libxl_cpupoolinfo>(&xl, &ours(&xl, &*pool)).expect("libxl reads it");
    assert_eq!(read.cpumap.size, 1);
}

#[test]
fn an_empty_bitmap_is_an_empty_array_whether_it_has_memory_or_not() {
    let xl = crate::xl();
    let with_memory = with(&xl, |pool: &mut libxl_cpupoolinfo| {
        pool.cpumap = libxl_bitmap { size: 8, map: allocate(8) };
    });
    let without = with(&xl, |_: &mut libxl_cpupoolinfo| {});
    for pool in [with_memory, without] {
        assert_eq!(member(&xl, &*pool, "cpumap"), (numbers(&[]), None));
    }
}

#[test]
fn deprecated_fields_are_written_by_libxl_alone() {
    let xl = crate::xl();
    let mut info = Owned::<libxl_domain_build_info>::new(xl.functions());
    // SAFETY: libxl's initialiser for the union, then a field of the member that it made.
    unsafe {
        (xl.functions().libxl_domain_build_info_init_type)(info.as_mut_ptr(), LIBXL_DOMAIN_TYPE_PV);
        (*info.as_mut_ptr()).u.pv.kernel = string(b"/boot/vmlinuz");
    }
    let (ours, theirs) = member(&xl, &*info, "type.pv");
    assert_eq!(ours.expect("a member").member("kernel"), None);
    assert_eq!(theirs.expect("a member").member("kernel"), Some(&Json::Text("/boot/vmlinuz".to_owned())));
}

#[test]
fn a_cpuid_list_is_written_as_by_libxl_and_an_empty_one_has_its_two_empty_arrays() {
    let xl = crate::xl();
    let empty = with(&xl, |_: &mut libxl_domain_build_info| {});
    assert!(ours(&xl, &*empty).contains("\"cpuid\":{\"cpuid\":[],\"msr\":[]}"));
    let parse = xl.functions().libxl_cpuid_parse_config.expect("every release has it");
    let info = with(&xl, |info: &mut libxl_domain_build_info| {
        for text in [c"avx=0", c"rdcl-no=1"] {
            // SAFETY: the table holds this very function; the list is what it made of it.
            assert_eq!(unsafe { parse(&raw mut info.cpuid, text.as_ptr()) }, 0);
        }
    });
    let (ours, theirs) = member(&xl, &*info, "cpuid");
    assert_eq!(ours, theirs);
    for kind in ["cpuid", "msr"] {
        let list = ours.as_ref().and_then(|list| list.member(kind));
        assert!(list.and_then(|list| list.element(0)).is_some(), "{kind}: {list:?}");
    }
}
