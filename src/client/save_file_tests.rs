//! Files of saved domains: what is written is read, and whatever else is read ends with a reason.

use proptest::prelude::*;
use serde_json::json;

use super::save_file::{CONFIG_BYTES_MAX, NoSavedDomain, begin, read};

fn config() -> serde_json::Value {
    json!({ "c_info": { "name": "web", "domid": 7 }, "b_info": { "max_memkb": u64::MAX, "type.pvh": {} } })
}

const TEXT: &str = r#"{"c_info":{"name":"web","domid":0},"b_info":{"max_memkb":18446744073709551615,"type.pvh":{}}}"#;

fn read_all(mut file: &[u8]) -> Result<(String, Vec<u8>), NoSavedDomain> {
    let config = read(&mut file)?;
    Ok((config.get().to_owned(), file.to_vec()))
}

/// The file with the number at `at` replaced.
fn with_number(at: usize, number: u32) -> Vec<u8> {
    let mut file = begin(&config()).unwrap();
    file[at..at + 4].copy_from_slice(&number.to_ne_bytes());
    file
}

/// Byte by byte, as xl's header has it; not made of the constants that are used to write it.
#[test]
fn a_file_begins_as_xl_has_it() {
    let length = u32::try_from(TEXT.len()).unwrap() + 1;
    let mut expected = b"Xen saved domain, xl format\n \0 \r".to_vec();
    for number in [0x0102_0304, 3, 0, length + 4, length] {
        expected.extend(u32::to_ne_bytes(number));
    }
    expected.extend(TEXT.bytes());
    expected.push(0);
    assert_eq!(begin(&config()).unwrap(), expected);
    assert_eq!(expected.len(), 48 + 4 + TEXT.len() + 1);
}

#[test]
fn the_configuration_is_read_and_the_stream_is_not() {
    let file = [&begin(&config()).unwrap()[..], b"LibxlFmt..."].concat();
    assert_eq!(read_all(&file).unwrap(), (TEXT.to_owned(), b"LibxlFmt...".to_vec()));
}

/// A later xl may add to what comes before the stream, and say with a flag that it need not be known.
#[test]
fn what_need_not_be_known_is_skipped() {
    let length = u32::try_from(TEXT.len()).unwrap() + 1;
    let mut file = with_number(44, length + 4 + 5);
    file[40..44].copy_from_slice(&0x80u32.to_ne_bytes());
    file.extend(b"extraLibxlFmt");
    assert_eq!(read_all(&file).unwrap(), (TEXT.to_owned(), b"LibxlFmt".to_vec()));
}

#[test]
fn what_is_no_saved_domain_says_why() {
    let file = begin(&config()).unwrap();
    let (length, end) = (u32::try_from(TEXT.len()).unwrap() + 1, file.len());
    let mut no_nul = file.clone();
    no_nul[end - 1] = b' ';
    let mut no_json = file.clone();
    no_json[60] = 0;
    for (file, why) in [
        (vec![], "it ends too early to hold a saved domain"),
        (file[..end - 1].to_vec(), "it ends too early to hold a saved domain"),
        (
            b"LibvirtQemudSave\x02\0\0\0 and more that fills the header".to_vec(),
            "this is no file of xl save or xenops save",
        ),
        (with_number(32, 0x0403_0201), "it was written on a host of another byte order"),
        (with_number(36, 0x8000_0007), "it needs a later release: flags 0x80000004 are unknown"),
        (with_number(36, 2), "its configuration is no JSON: use xl restore"),
        (with_number(36, 1), "it was saved by Xen 4.5 or before: use xl restore"),
        (with_number(44, 0), "it holds no configuration: use xl restore, which can be given one"),
        (with_number(44, 3), "it is damaged: its configuration is longer than it can be"),
        (with_number(44, length + 3), "it is damaged: its configuration is longer than it can be"),
        (with_number(48, length + 1), "it is damaged: its configuration is longer than it can be"),
        (with_number(48, u32::MAX), "it is damaged: its configuration is longer than it can be"),
        (with_number(48, 0), "it is damaged: its configuration does not end where it should"),
        (no_nul, "it is damaged: its configuration does not end where it should"),
        (
            no_json,
            "it is damaged: its configuration is no JSON: control character (\\u0000-\\u001F) found while parsing a string at line 1 column 8",
        ),
        (with_number(44, u32::MAX), "a configuration of 4294967295 bytes is too long: 1048576 may be"),
        (with_number(44, CONFIG_BYTES_MAX + 5), "a configuration of 1048581 bytes is too long: 1048576 may be"),
    ] {
        assert_eq!(read_all(&file).unwrap_err().to_string(), why);
    }
}

#[test]
fn the_longest_configuration_is_written_and_read_and_no_longer_one() {
    let of_length =
        |length: u32| json!({ "a": "x".repeat(usize::try_from(length).unwrap() - r#"{"a":""}"#.len() - 1) });
    let file = begin(&of_length(CONFIG_BYTES_MAX)).unwrap();
    assert!(read_all(&file).is_ok());
    let why = begin(&of_length(CONFIG_BYTES_MAX + 1)).unwrap_err().to_string();
    assert_eq!(why, "a configuration of 1048577 bytes is too long: 1048576 may be");
}

/// A reader that gives a byte at a time, as a pipe may.
struct Slow<'b>(&'b [u8]);

impl std::io::Read for Slow<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let count = to.len().min(1);
        self.0.read(&mut to[..count])
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(name in ".*", stream in any::<Vec<u8>>()) {
        let config = json!({ "c_info": { "name": name } });
        let file = [begin(&config).unwrap(), stream.clone()].concat();
        let (text, rest) = read_all(&file).unwrap();
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), config);
        prop_assert_eq!(rest, stream);
    }

    #[test]
    fn however_it_is_cut_it_is_too_short(length in 0..begin(&config()).unwrap().len()) {
        let file = &begin(&config()).unwrap()[..length];
        prop_assert!(matches!(read(&mut &file[..]), Err(NoSavedDomain::Truncated)));
        prop_assert!(matches!(read(&mut Slow(file)), Err(NoSavedDomain::Truncated)));
    }

    /// Whatever is wrong with a byte, the outcome is a configuration or a reason.
    #[test]
    fn a_damaged_file_is_read_or_refused(at in 0..begin(&config()).unwrap().len(), byte: u8, more in any::<Vec<u8>>()) {
        let mut file = [begin(&config()).unwrap(), more].concat();
        file[at] = byte;
        let outcome = read_all(&file).map_err(|why| why.to_string());
        let slow = read(&mut Slow(&file)).map(|config| config.get().to_owned()).map_err(|why| why.to_string());
        prop_assert_eq!(outcome.map(|(text, _)| text), slow);
    }

    #[test]
    fn any_bytes_behind_the_magic_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let file = [&begin(&config()).unwrap()[..32], &bytes].concat();
        let outcome = read_all(&file).map_err(|why| why.to_string());
        prop_assert_ne!(outcome.map(|(text, _)| text.is_empty()), Err(String::new()));
    }
}
