//! Makes the bindings and the generated code from the headers of libxl.
//!
//! In: libxl.h, libxl_utils.h, libxl_event.h, the hypervisor's sysctl.h, and the name of the library that they belong
//! to: those that the compiler finds, or, where `XENOPSD_XEN_PREFIX` is set, those of the Xen that is installed or
//! unpacked under that folder. Out: the files of `src/gen`'s `Output` and `xen.rs`, the types of the hypercalls that we
//! make ourselves, in the build's output directory and nowhere else; and `cfg(libxl_have = "X")` for
//! every `LIBXL_HAVE_X` of the headers, by which hand-written code knows what not every release has. The client alone
//! needs none of this.

#[cfg(feature = "daemon")]
#[path = "src/gen/mod.rs"]
mod generator;

#[cfg(not(feature = "daemon"))]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}

#[cfg(feature = "daemon")]
fn main() {
    // What this script is made of, `src/gen` too, makes cargo run it again without being told.
    if let Err(reason) = generate() {
        println!("cargo::error={reason}");
        std::process::exit(1);
    }
}

/// Where another Xen is than the one that the compiler finds: a prefix, as of `configure`.
#[cfg(feature = "daemon")]
const PREFIX: &str = "XENOPSD_XEN_PREFIX";

#[cfg(feature = "daemon")]
fn generate() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-env-changed={PREFIX}");
    println!("cargo::rustc-check-cfg=cfg(libxl_have, values(any()))");
    let directory = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
    let headers = generator::headers::Headers::of(std::env::var_os(PREFIX).map(Into::into))?;
    let bindings = headers
        .bindgen(&directory.join("inline"))
        .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()))
        .parse_callbacks(Box::new(Features))
        .generate()
        .map_err(|error| format!("cannot read libxl's headers (Debian: libxen-dev, libclang-dev): {error}"))?;
    let hypercalls = headers
        .hypercalls()
        .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()))
        .generate()
        .map_err(|error| format!("cannot read the hypervisor's headers (Debian: libxen-dev): {error}"))?;
    println!("cargo::rerun-if-changed={}", headers.link()?.display());
    let output = generator::run(&bindings.to_string(), &headers.soname()?, generator::facts::HINTS)?;
    for (name, text) in [
        ("types.rs", output.types),
        ("functions.rs", output.functions),
        ("encode.rs", output.encode),
        ("decode.rs", output.decode),
        ("methods.rs", output.methods),
        ("unsimulated.rs", output.unsimulated),
        ("oracle.rs", output.oracle),
        ("exports.rs", output.exports),
        ("surface.txt", output.surface),
        ("wire.txt", output.wire),
        ("xen.rs", hypercalls.to_string()),
    ] {
        std::fs::write(directory.join(name), text)?;
    }
    Ok(())
}

/// Hears of every macro of the headers.
#[cfg(feature = "daemon")]
#[derive(Debug)]
struct Features;

#[cfg(feature = "daemon")]
impl bindgen::callbacks::ParseCallbacks for Features {
    fn will_parse_macro(&self, name: &str) -> bindgen::callbacks::MacroParsingBehavior {
        if let Some(feature) = name.strip_prefix("LIBXL_HAVE_") {
            println!("cargo::rustc-cfg=libxl_have=\"{feature}\"");
        }
        bindgen::callbacks::MacroParsingBehavior::Default
    }
}
