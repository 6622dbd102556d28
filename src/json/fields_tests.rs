//! Lists of names, and what is said of those that will not do.

use bumpalo::Bump;

use super::Fields;
use crate::error::{Fault, Place, Refusal};
use crate::json::{PADDING, Parser};

const KNOWN: &[&str] = &["uuid", "domid", "cpu_time"];

/// The places that a list asks for, or the element at fault and what is wrong with it.
fn read(list: &str) -> Result<Vec<usize>, (Option<usize>, String)> {
    let mut bytes = [list.as_bytes(), &[0; PADDING]].concat();
    Parser::new().read(&mut bytes, list.len(), &Bump::new(), |message| {
        let fields = Fields::read(message.unwrap().root(), KNOWN);
        fields.map(Iterator::collect).map_err(|Refusal { fault, path }| {
            let element = path.map(|step| match step.place {
                Place::Element(at) => at,
                Place::Member(name) => panic!("a member of a list: {name}"),
            });
            (element, format!("{fault:?}"))
        })
    })
}

#[test]
fn places_come_in_the_order_of_the_members() {
    assert_eq!(read(r#"["domid"]"#), Ok(vec![1]));
    assert_eq!(read(r#"["cpu_time","uuid"]"#), Ok(vec![0, 2]));
    assert_eq!(read(r#"["cpu_time","domid","uuid"]"#), Ok(vec![0, 1, 2]));
}

#[test]
fn the_name_at_fault_is_said() {
    let unknown = format!("{:?}", Fault::Unknown { known: KNOWN });
    for (list, element, fault) in [
        ("[]", None, "Empty"),
        ("{}", None, "Expected(\"an array of names\")"),
        (r#""domid""#, None, "Expected(\"an array of names\")"),
        (r#"["domid",1]"#, Some(1), "Expected(\"a string\")"),
        (r#"["domid",null]"#, Some(1), "Expected(\"a string\")"),
        (r#"["domid","uuid","domid"]"#, Some(2), "Duplicate"),
        (r#"["uuid","Domid"]"#, Some(1), &unknown),
        (r#"[""]"#, Some(0), &unknown),
    ] {
        assert_eq!(read(list), Err((element, fault.to_owned())), "{list}");
    }
}

#[test]
fn the_last_of_as_many_as_there_can_be_is_found() {
    let fields = Fields::of([127, 0, 64]);
    assert!(fields.contains(127) && !fields.contains(126));
    assert_eq!(fields.collect::<Vec<_>>(), [0, 64, 127]);
}
