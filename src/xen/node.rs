//! What xenstore keeps of a domain.
//!
//! In: a domain's number, and what its nodes hold. Out: paths of nodes, and the uuid that a value stands for.

/// A domain's uuid, as the hypervisor has it.
pub type Uuid = [u8; 16];

/// What xenstore keeps of a domain.
pub(super) fn node(domid: u16, what: &str) -> String {
    format!("/local/domain/{domid}/{what}")
}

/// The uuid that a domain's node `vm` names, such as `/vm/01234567-89ab-cdef-0123-456789abcdef`.
pub(super) fn uuid(vm: &[u8]) -> Option<Uuid> {
    let text = vm.strip_prefix(b"/vm/").filter(|text| text.len() == 36)?;
    let mut digits = text.iter().enumerate().filter(|(at, _)| ![8, 13, 18, 23].contains(at));
    let mut digit = || char::from(*digits.next()?.1).to_digit(16);
    let mut uuid = Uuid::default();
    for byte in &mut uuid {
        *byte = u8::try_from(digit()? << 4 | digit()?).ok()?;
    }
    [8, 13, 18, 23].iter().all(|&at| text[at] == b'-').then_some(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uuid_of_a_name_is_read_as_libxl_writes_it() {
        let good = "/vm/01234567-89ab-CDEF-0123-456789abcdef";
        let bytes = [1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        assert_eq!(uuid(good.as_bytes()), Some(bytes));
        for other in [
            "",
            "/vm/",
            &good[4..],
            &good[..39],
            &format!("{good}-1"),
            &good.replace('-', "0"),
            &good.replace('8', "x"),
        ] {
            assert_eq!(uuid(other.as_bytes()), None, "{other}");
        }
    }
}
