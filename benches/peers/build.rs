//! libxl's types and the few functions that the servers call, from the installed headers.
//!
//! In: `libxl.h` and `xentoollog.h`. Out: `libxl.rs` in `OUT_DIR`, and both libraries linked.

use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-lib=xenlight");
    println!("cargo:rustc-link-lib=xentoollog");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join("libxl.rs");
    bindgen::Builder::default()
        .header_contents("all.h", "#include <libxl.h>\n#include <xentoollog.h>\n")
        .allowlist_function("libxl_ctx_alloc|libxl_list_domain|libxl_dominfo_list_free|xtl_createlogger_stdiostream")
        .allowlist_function(
            "libxl_domain_info|libxl_dominfo_(init|dispose)|libxl_(shutdown_reason|domain_type)_to_string",
        )
        .allowlist_var("LIBXL_VERSION|stderr")
        .derive_default(false)
        .generate()
        .expect("libxen-dev and libclang-dev are installed")
        .write_to_file(out)
        .expect("OUT_DIR can be written");
}
