//! Those who know the domains besides xenopsd: xl, xenstore, the hypervisor. One module for what each prints.

pub(crate) mod hypervisor;
pub(crate) mod xenstore;
pub(crate) mod xl;

/// A set of small numbers as xl and Xen write it: `0-2,5`. Nothing, or `none`, is the empty set.
pub(crate) fn numbers(text: &str) -> Vec<u32> {
    let parts = text.split(',').filter(|part| !part.is_empty() && *part != "none");
    parts
        .flat_map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.parse::<u32>().unwrap_or_else(|_| panic!("no number: {text:?}"));
            number(first)..=number(last)
        })
        .collect()
}

#[test]
fn ranges_and_single_numbers_make_a_set() {
    assert_eq!(numbers("0-2,5"), [0, 1, 2, 5]);
    assert!(numbers("none").is_empty());
    assert!(numbers("").is_empty());
}
