//! Whatever a list was before, its text is what encoding all of it makes.

use proptest::prelude::*;

use super::*;
use crate::api::encode;
use crate::sim;
use crate::xl::sys::libxl_dominfo;

/// What encoding all of it makes.
fn plain(xl: &Xl, list: &[libxl_dominfo]) -> Vec<u8> {
    let mut text = b"[".to_vec();
    for (at, record) in list.iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        // SAFETY: the only pointer is null, or a string of the program's.
        unsafe { encode::dominfo(xl, &mut Writer::new(&mut text, usize::MAX), record) };
    }
    text.push(b']');
    text
}

/// Few values, so that records are often alike, and numbers of every length.
fn record() -> impl Strategy<Value = libxl_dominfo> {
    let number = prop_oneof![Just(0), Just(9), Just(10), 99_999_998..100_000_002_u64, any::<u64>()];
    (0..3_u8, number.clone(), number, any::<bool>(), 0..20_u8).prop_map(|(id, counter, memory, running, label)| {
        let mut record = dominfo();
        record.uuid.uuid[3] = id;
        record.domid = id.into();
        record.cpu_time = counter;
        record.current_memkb = if id == 0 { memory } else { 4096 };
        record.running = running;
        record.blocked = !running;
        if label == 0 {
            record.ssid_label = c"system_u:system_r:\"dom\"".as_ptr().cast_mut();
        }
        record
    })
}

fn dominfo() -> libxl_dominfo {
    // SAFETY: integers, booleans and a pointer, all of which may be zero.
    unsafe { std::mem::zeroed() }
}

fn xl() -> Xl {
    Xl::open(sim::start(1, 0).unwrap()).unwrap()
}

proptest! {
    #[test]
    fn a_list_that_is_kept_is_what_encoding_it_makes(
        lists in prop::collection::vec(prop::collection::vec(record(), 0..6), 1..12),
    ) {
        let (xl, mut kept) = (xl(), KeptList::default());
        for list in &lists {
            // SAFETY: as in `plain`.
            let is_kept = unsafe { kept.renew(&xl, list) };
            prop_assert!(is_kept);
            let text = plain(&xl, list);
            prop_assert_eq!(String::from_utf8_lossy(kept.text()), String::from_utf8_lossy(&text));
        }
    }
}

/// The same list with other counters of the same length.
fn counting(list: &[libxl_dominfo], by: u64) -> Vec<libxl_dominfo> {
    list.iter().map(|record| libxl_dominfo { cpu_time: record.cpu_time + by, ..*record }).collect()
}

#[test]
fn what_has_only_counted_stays_where_it_is() {
    let (xl, mut kept) = (xl(), KeptList::default());
    let first = vec![libxl_dominfo { cpu_time: 1_000_000_000_000, ..dominfo() }; 5];
    // SAFETY: as in `plain`.
    assert!(unsafe { kept.renew(&xl, &first) });
    let name = kept.text.iter().position(|&byte| byte == b'u').unwrap();
    kept.text[name] = b'U';
    for by in [0, 1, 1_000_000_000, 7] {
        let list = counting(&first, by);
        // SAFETY: as in `plain`.
        assert!(unsafe { kept.renew(&xl, &list) });
        assert_eq!(kept.text[name], b'U', "it was encoded");
        kept.text[name] = b'u';
        assert_eq!(kept.text, plain(&xl, &list));
        kept.text[name] = b'U';
    }
}

#[test]
fn memory_of_a_long_list_is_given_back_with_a_short_one() {
    let (xl, mut kept) = (xl(), KeptList::default());
    for length in [1000, 3] {
        // SAFETY: as in `plain`.
        assert!(unsafe { kept.renew(&xl, &vec![dominfo(); length]) });
    }
    assert!(kept.text.capacity() < 10_000, "{}", kept.text.capacity());
    assert!(kept.records.capacity() < 100, "{}", kept.records.capacity());
}

#[test]
fn a_list_longer_than_is_kept_leaves_nothing_behind() {
    let (xl, mut kept) = (xl(), KeptList::default());
    let list = vec![dominfo(); KEPT_TEXT_BYTES_MAX / 300];
    // SAFETY: as in `plain`.
    let mut renew =
        |list: &[libxl_dominfo]| (unsafe { kept.renew(&xl, list) }, kept.text.to_vec(), kept.text.capacity());
    assert_eq!(renew(&list), (false, Vec::new(), 0));
    // Nor is it tried again, before it is shorter.
    assert_eq!(renew(&list), (false, Vec::new(), 0));
    let (is_kept, text, _) = renew(&list[..5]);
    assert!(is_kept);
    assert_eq!(text, plain(&xl, &list[..5]));
    assert_eq!(renew(&list), (false, Vec::new(), 0));
    assert_eq!(kept.records.capacity(), 0);
}
