//! Makes the bindings and the generated code from the installed headers of libxl.
//!
//! In: libxl.h, libxl_utils.h, libxl_event.h, and the name of the library that they belong to. Out: the files of
//! `src/gen`'s `Output`, in the build's output directory and nowhere else. The client alone needs none of this.

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

/// The headers that make up libxl's public interface. (`libxl_json.h` is not among them: it needs yajl's.)
#[cfg(feature = "daemon")]
const HEADERS: &str = "#include <libxl.h>\n#include <libxl_utils.h>\n#include <libxl_event.h>\n";

#[cfg(feature = "daemon")]
fn generate() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
    let bindings = bindgen::Builder::default()
        .header_contents("libxl-all.h", HEADERS)
        .allowlist_item("libxl_.*|LIBXL_.*|ERROR_.*|XTL_.*|xentoollog_.*|__va_list_tag")
        .prepend_enum_name(false)
        // Inline functions are to be listed, not called: bindgen gives them only as wrappers, which nobody compiles.
        .wrap_static_fns(true)
        .wrap_static_fns_path(directory.join("inline"))
        .generate_comments(false)
        .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()))
        .generate()
        .map_err(|error| format!("cannot read libxl's headers (Debian: libxen-dev, libclang-dev): {error}"))?;
    let output = generator::run(&bindings.to_string(), &soname()?, generator::facts::HINTS)?;
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
    ] {
        std::fs::write(directory.join(name), text)?;
    }
    Ok(())
}

/// The library that the headers belong to: what the link for compilers points to.
#[cfg(feature = "daemon")]
fn soname() -> Result<String, Box<dyn std::error::Error>> {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let found = std::process::Command::new(&compiler).arg("-print-file-name=libxenlight.so").output()?;
    let link = std::path::PathBuf::from(String::from_utf8(found.stdout)?.trim());
    let target = std::fs::read_link(&link).map_err(|error| {
        format!("cannot find which libxenlight the headers belong to ({}): {error}", link.display())
    })?;
    let name = target.file_name().and_then(|name| name.to_str()).ok_or("libxenlight.so points nowhere")?;
    println!("cargo::rerun-if-changed={}", link.display());
    Ok(name.to_owned())
}
