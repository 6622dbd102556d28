//! Other releases of Xen than the installed one: the generator on their headers, and the daemon that is made of them.
//!
//! In: the headers of 4.14, 4.17 and 4.20 as Debian packs them, fetched, unpacked, not installed. Out: what differs
//! from 4.17, in functions and on the wire, held against the lists here; and whether the compiler takes the daemon
//! without a warning, the layout of each struct checked against the headers. A release that cannot be had is skipped,
//! by name.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "../common/checked.rs"]
mod checked;
mod fetch;
#[allow(dead_code, reason = "compiled here as in build.rs, which uses all of it")]
#[path = "../../src/gen/mod.rs"]
mod generator;

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use fetch::{Package, cache, run};
use generator::Output;
use generator::headers::Headers;

/// The release that the others are compared with.
const BASE: Package = Package {
    release: "4.17",
    path: "pool/main/x/xen/libxen-dev_4.17.5+72-g01140da4e8-1_amd64.deb",
    sha256: "40a0e3e5a928a220eeba3c4d4fa574045b9d1ababd022a5b5166ecc57673fdee",
};

const OTHERS: [Package; 2] = [
    Package {
        release: "4.14",
        path: "pool/main/x/xen/libxen-dev_4.14.6-1_amd64.deb",
        sha256: "a288c6feefa1f041b7ad6f2ae55fdeb8d44f199875c5867dc41d1d70c4952f1d",
    },
    Package {
        release: "4.20",
        path: "pool/main/x/xen/libxen-dev_4.20.4+63-g7abfd2bce2-0+deb13u1_amd64.deb",
        sha256: "88916515c77fba70ee7b7407c73e167d62dc9c28a73063b80911998a33c3bc0e",
    },
];

/// What the build made of the headers that it found.
const SURFACE: &str = include_str!(concat!(env!("OUT_DIR"), "/surface.txt"));
const WIRE: &str = include_str!(concat!(env!("OUT_DIR"), "/wire.txt"));

/// Where the headers of a release are; without them, a word on standard error, past the capture of the test's output.
fn prefix(package: &Package, test: &str) -> Option<PathBuf> {
    let why = match package.prefix() {
        Ok(prefix) => return Some(prefix),
        Err(why) => why,
    };
    let _ = writeln!(std::io::stderr(), "skipped: {test}: Xen {} cannot be had: {why}", package.release);
    None
}

/// What the generator makes of a release.
fn generate(package: &Package, prefix: PathBuf) -> Output {
    let inline = prefix.with_file_name("inline");
    let headers = Headers::of(Some(prefix)).unwrap();
    let bindings = headers.bindgen(&inline).generate().unwrap();
    let soname = headers.soname().unwrap();
    assert_eq!(soname, format!("libxenlight.so.{}", package.release));
    generator::run(&bindings.to_string(), &soname, generator::facts::HINTS).unwrap()
}

/// Is this the release of the headers that this build is for?
fn is_built_for(package: &Package) -> bool {
    xenopsd::xl::SONAME.to_str().unwrap().ends_with(package.release)
}

/// What stands in one text and not in the other, in the order of both.
fn difference(of: &str, base: &str) -> String {
    let diff = similar::TextDiff::from_lines(base, of);
    let changes = diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal);
    changes.map(|change| format!("{}{}", change.tag(), change.value())).collect()
}

#[test]
fn what_another_release_has_or_lacks_is_what_was_reviewed() {
    let Some(base) = prefix(&BASE, "what_another_release_has_or_lacks_is_what_was_reviewed") else { return };
    let base = generate(&BASE, base);
    for package in &OTHERS {
        let Some(prefix) = prefix(package, "what_another_release_has_or_lacks_is_what_was_reviewed") else { continue };
        let (Package { release, .. }, output) = (package, generate(package, prefix));
        let text = format!(
            "# Xen {release}: + what it has and {base_release} has not, - the other way round.\n\n\
             # Functions, as in surface.txt\n{}\n# Methods, fields and values\n{}",
            difference(&output.surface, &base.surface),
            difference(&output.wire, &base.wire),
            base_release = BASE.release,
        );
        checked::assert_is(&format!("releases/{release}.txt"), &text);
    }
}

/// Debian's point releases and security updates do not change the interface, so all that is tested with the installed
/// headers is true of the unpacked ones.
#[test]
fn the_installed_headers_say_what_those_of_their_release_say() {
    for package in OTHERS.iter().chain([&BASE]).filter(|package| is_built_for(package)) {
        let Some(prefix) = prefix(package, "the_installed_headers_say_what_those_of_their_release_say") else { return };
        let output = generate(package, prefix);
        assert_eq!(difference(SURFACE, &output.surface), "");
        assert_eq!(difference(WIRE, &output.wire), "");
    }
}

/// The release that this build is for needs no check: this very build is one.
#[test]
fn the_daemon_compiles_for_every_release() {
    for package in OTHERS.iter().chain([&BASE]).filter(|package| !is_built_for(package)) {
        let Some(prefix) = prefix(package, "the_daemon_compiles_for_every_release") else { continue };
        let mut check = Command::new(env!("CARGO"));
        check.args(["check", "--quiet", "--locked", "--lib", "--bins", "--target-dir"]).arg(cache().join("check"));
        check.env("XENOPSD_XEN_PREFIX", prefix).env("RUSTFLAGS", "-D warnings");
        check.current_dir(env!("CARGO_MANIFEST_DIR"));
        run(&mut check).unwrap_or_else(|why| panic!("for Xen {}:\n{why}", package.release));
    }
}

#[test]
fn headers_that_are_not_there_are_named() {
    let error = Headers::of(Some("/no/such/place".into())).unwrap_err();
    assert_eq!(error, "there is no include/libxl.h in /no/such/place");
    let empty = tempfile::tempdir().unwrap();
    std::fs::create_dir(empty.path().join("include")).unwrap();
    std::fs::write(empty.path().join("include/libxl.h"), "").unwrap();
    let error = Headers::of(Some(empty.path().into())).unwrap().soname().unwrap_err();
    assert_eq!(error, format!("there is no libxenlight.so in {}/lib", empty.path().display()));
}
