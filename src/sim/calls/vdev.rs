//! Names of virtual disks, as `libxl__device_disk_dev_number` understands them.
//!
//! In: `xvda`, `hdc1`, `sdb`, `d0p1` or a number. Out: the number that a disk is known by in xenstore; different names
//! may mean the same one.

/// What libxl numbers a virtual disk by, or `None` for what is no such name.
pub(crate) fn number(name: &str) -> Option<u32> {
    if let Some((disk, partition)) = xen(name) {
        return Some(match (disk, partition) {
            (..=15, ..=15) => 202 << 8 | disk << 4 | partition,
            _ => 1 << 28 | disk << 8 | partition,
        });
    }
    if let Some(plain) = plain(name) {
        return Some(plain);
    }
    if let Some((disk, partition)) = lettered(name, "hd", 3, 63) {
        return Some((if disk < 2 { 3 } else { 22 }) << 8 | (disk & 1) << 6 | partition);
    }
    let (disk, partition) = lettered(name, "sd", 15, 15)?;
    Some(8 << 8 | disk << 4 | partition)
}

/// `d<disk>p<partition>` or `xvd` and letters.
fn xen(name: &str) -> Option<(u32, u32)> {
    let numbered = || {
        let (disk, partition) = name.strip_prefix('d')?.split_once('p')?;
        let (disk, partition) = (disk.parse().ok()?, partition.parse().ok()?);
        (disk < 1 << 20 && partition < 256).then_some((disk, partition))
    };
    numbered().or_else(|| lettered(name, "xvd", (1 << 20) - 1, 255))
}

/// A number as C writes them: decimal, `0x` hexadecimal, `0` octal.
fn plain(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    u32::from_str_radix(digits, radix).ok().filter(|&number| i32::try_from(number).is_ok())
}

/// A prefix, letters (`a` is 0, `z` 25, `aa` 26) and perhaps the number of a partition.
fn lettered(name: &str, prefix: &str, disk_max: u32, partition_max: u32) -> Option<(u32, u32)> {
    let rest = name.strip_prefix(prefix)?;
    let letters = rest.bytes().take_while(u8::is_ascii_lowercase).count();
    let (letters, digits) = rest.split_at(letters);
    let step = |disk: u32, letter: u8| disk.checked_mul(26)?.checked_add(u32::from(letter - b'a') + 1);
    let disk = letters.bytes().try_fold(0, step)?.checked_sub(1).filter(|&disk| disk <= disk_max)?;
    let partition = match digits {
        "" => 0,
        _ if digits.starts_with('0') => return None,
        _ => digits.parse().ok().filter(|&partition| partition <= partition_max)?,
    };
    Some((disk, partition))
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn names_have_the_numbers_that_linux_and_xen_gave_them() {
        for (name, wanted) in [
            ("xvda", Some(51712)),
            ("d0p0", Some(51712)),
            ("51712", Some(51712)),
            ("0xca00", Some(51712)),
            ("xvdb1", Some(51729)),
            ("xvdq", Some(1 << 28 | 16 << 8)),
            ("xvdaa", Some(1 << 28 | 26 << 8)),
            ("hda", Some(768)),
            ("hdc", Some(5632)),
            ("hdd2", Some(5698)),
            ("sda", Some(2048)),
            ("sdp15", Some(2303)),
            ("sdq", None),
            ("hde", None),
            ("xvda01", None),
            ("xvd", None),
            ("floppy", None),
            ("", None),
        ] {
            assert_eq!(number(name), wanted, "{name}");
        }
    }
}
