//! Every enumeration, every value.

use std::ffi::CString;

use crate::described::{ENUMERATIONS, text_of};
use crate::json::Json;

#[test]
fn every_value_is_written_and_read_as_by_libxl() {
    let xl = crate::xl();
    for of in ENUMERATIONS {
        for &value in of.listed {
            let ours = str::from_utf8((of.encode)(value)).expect("a name is ASCII");
            let theirs = text_of(&(of.to_json)(&xl, value));
            assert_eq!(Json::parse(ours), Json::parse(&theirs), "{} {value}", of.name);
            let text = CString::new(ours).expect("no NUL");
            assert_eq!((of.from_json)(&xl, &text), (0, value), "{} {ours}", of.name);
        }
    }
}

#[test]
fn a_value_without_a_name_is_null_with_libxl_too_and_is_never_read() {
    let xl = crate::xl();
    for of in ENUMERATIONS {
        assert_eq!((of.encode)(of.unlisted), b"null", "{}", of.name);
        assert_eq!(text_of(&(of.to_json)(&xl, of.unlisted)).trim(), "null", "{}", of.name);
        let (code, _) = (of.from_json)(&xl, c"null");
        assert_ne!(code, 0, "{}", of.name);
    }
}
