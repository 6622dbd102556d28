//! The generator on a header that fits on a page, with its output checked in: what the generated code looks like.
//!
//! In: `golden/small.h`, written for this in libxl's own style, with one of everything. Out: a difference in the
//! generated text, to be read in review; and the errors that stop a build.
#![cfg(feature = "daemon")]

#[path = "common/checked.rs"]
mod checked;
#[allow(dead_code, reason = "compiled here as in build.rs, which uses all of it")]
#[path = "../src/gen/mod.rs"]
mod generator;

use generator::hints::{Fact, Hint};
use generator::{Output, run};

const fn hint(function: &'static [&'static str], fact: Fact, why: &'static str) -> Hint {
    Hint { functions: function, fact, why }
}

const HEADER: &str = include_str!("golden/small.h");

const HINTS: &[Hint] = &[
    hint(&["list_animal", "animal_info"], Fact::Loop, "makes nothing but hypercalls"),
    hint(&["list_animal"], Fact::ReadOnly, "everybody may look"),
    hint(&["list_animal"], Fact::OneByOne("animal_info"), "one stable, not all of them"),
    hint(&["get_animal_count"], Fact::Number, "the int is the count"),
    hint(&["animal_is_valid"], Fact::Truth, "the int is true or false"),
    hint(&["get_food"], Fact::Enumeration("libxl_food"), "the int is the food"),
    hint(&["animal_get_start_time"], Fact::AllOnesIsNone, "the int is seconds"),
    hint(&["get_cages"], Fact::Allocated("map", "libxl_cage_bitmap_alloc"), "copied into"),
    hint(&["animal_info"], Fact::GoneOnFailure("animal_r"), "its name is freed and stays in it"),
    hint(&["get_level"], Fact::Range("level", 2, 3), "asserted"),
    hint(&["animal_get"], Fact::InOut("animal"), "it says which one"),
    hint(&["domain_create_animal"], Fact::Optional("spare_fd"), "-1 stands for none"),
    hint(&["animal_wash"], Fact::Synchronous, "writes through a pointer that is gone"),
    hint(&["animal_destroy"], Fact::GuestOnly, "the keeper is needed"),
    hint(&["animal_destroy"], Fact::Quick, "it is over at once"),
    hint(&["animal_rename"], Fact::Optional("old_name"), "null stands for any name"),
    hint(&["animal_rename"], Fact::Checked("new_name", "file_name"), "it becomes part of a path"),
    hint(&["animal_paint"], Fact::LengthOf("datalen", "data"), "the number of bytes"),
    hint(&["set_spots"], Fact::Optional("cpumap_front"), "null leaves it as it is"),
    hint(&["set_spots"], Fact::Optional("cpumap_back"), "null leaves it as it is"),
    hint(&["set_spots"], Fact::OneOf("cpumap_front", "cpumap_back"), "there would be nothing to set"),
    hint(&["zoo_create"], Fact::InOut("zooid"), "it is read before it is written"),
    hint(&["zoo_create"], Fact::Default("zooid", 7), "any"),
    hint(&["xen_console_read_start"], Fact::ServedAs("xen_console_read"), "a reader is no value"),
    hint(&["animal_feed"], Fact::Next, "not before there is food"),
    hint(&["cage_bitmap_alloc"], Fact::Never, "a helper on local memory"),
    hint(&["animal_exec"], Fact::Never, "replaces the calling process"),
];

/// bindgen as `build.rs` runs it, on this header.
fn bindings(header: &str) -> String {
    bindgen::Builder::default()
        .header_contents("small.h", header)
        .allowlist_item("libxl_.*|LIBXL_.*|ERROR_.*")
        .prepend_enum_name(false)
        .wrap_static_fns(true)
        .wrap_static_fns_path(std::env::temp_dir().join("xenopsd-golden-inline"))
        .generate_comments(false)
        .generate()
        .expect("the header is C")
        .to_string()
}

fn generate(header: &str, hints: &'static [Hint]) -> Result<Output, String> {
    run(&bindings(header), "libxenlight.so.0.1", hints)
}

/// The header with another field in `libxl_animal`, or another function behind it.
fn with(field: &str, function: &str) -> Result<Output, String> {
    let header = HEADER.replace("/* another field */", field).replace("/* another function */", function);
    assert_ne!(header, HEADER, "the header has no place for it");
    generate(&header, HINTS)
}

#[test]
fn the_generated_text_is_the_one_that_was_reviewed() {
    let output = generate(HEADER, HINTS).expect("everything in the header is covered");
    checked::assert_is("golden/encode.rs", &output.encode);
    checked::assert_is("golden/decode.rs", &output.decode);
    checked::assert_is("golden/functions.rs", &output.functions);
    checked::assert_is("golden/methods.rs", &output.methods);
    checked::assert_is("golden/unsimulated.rs", &output.unsimulated);
    checked::assert_is("golden/oracle.rs", &output.oracle);
    checked::assert_is("golden/surface.txt", &output.surface);
}

#[test]
fn the_same_header_gives_the_same_text() {
    let text = || format!("{:?}", generate(HEADER, HINTS));
    assert_eq!(text(), text());
}

#[test]
fn a_hint_that_nothing_uses_is_an_error() {
    const ONE_TOO_MANY: &[Hint] = &[hint(&["list_unicorn"], Fact::Loop, "there is no such function")];
    let error = run(&bindings("struct libxl_nothing;"), "libxenlight.so.0.1", ONE_TOO_MANY).unwrap_err();
    assert_eq!(error, "hints that nothing uses: list_unicorn Loop");
}

#[test]
fn a_hint_about_a_field_that_is_not_there_is_an_error() {
    let function = "typedef struct libxl_domain_build_info { int max_vcpus; } libxl_domain_build_info;
        void libxl_domain_build_info_init(libxl_domain_build_info *p);
        char *libxl_domain_build_info_to_json(libxl_ctx *ctx, libxl_domain_build_info *p);";
    let error = with("", function).unwrap_err();
    let expected = "a hint about a field that is not there: domain_build_info.vcpu_hard_affinity ";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn a_construct_that_no_rule_covers_is_an_error() {
    for (field, error) in [
        ("int *legs;", "libxl_animal.legs: a pointer without a count before it"),
        ("libxl_asyncop_how ghost;", "libxl_animal.ghost: a field of type libxl_asyncop_how"),
        ("double weight;", "libxl_animal.weight: a field of type f64"),
        ("union { struct { int a; } cat; } v;", "libxl_animal.v: libxl_animal__bindgen_ty_1 is no enumeration"),
    ] {
        assert_eq!(with(field, "").unwrap_err(), error, "{field}");
    }
}

/// A function is never dropped in silence: what cannot be a method is listed with the reason.
#[test]
fn a_function_that_no_rule_covers_is_listed() {
    for (function, fate) in [
        ("int libxl_get_weight(libxl_ctx *ctx, double *weight);", "next: has a parameter of type Other(\"f64\") *"),
        (
            "int libxl_get_pair(libxl_ctx *ctx, libxl_animal pair);",
            "next: has a parameter of type Struct(\"libxl_animal\")",
        ),
        ("double libxl_get_age(libxl_ctx *ctx);", "next: returns Other(\"f64\")"),
        ("libxl_void *libxl_list_void(libxl_ctx *ctx, int *nb);", "next: an array that nothing frees"),
        (
            "int libxl_set_weight(libxl_ctx *ctx, const double *weight);",
            "next: has a parameter of type const Other(\"f64\") *",
        ),
        ("int libxl_set_map(libxl_ctx *ctx, const libxl_bitmap *map);", "next: has a bitmap of something: map"),
        (
            "int libxl_animal_add_0x040100(libxl_ctx *ctx);",
            "never: an alias for callers written against an earlier release",
        ),
    ] {
        let output = with("", function).expect("it is no error");
        let name = function.split('(').next().and_then(|head| head.rsplit([' ', '*']).next()).expect("a name");
        let line = output.surface.lines().find(|line| line.split(' ').next() == Some(name)).expect("it is listed");
        assert!(line.ends_with(&format!(" {fate}")), "{line}\nexpected: {fate}");
    }
}
