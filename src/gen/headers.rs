//! Which headers are read, and how: libxl's and the hypervisor's, of the installed Xen or of another one, by bindgen.
//!
//! In: where that other Xen is, if there is one. Out: bindgen set up to read its headers, and the name of the library
//! that they belong to, which no header says. It reads nothing itself but one link.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The headers that make up libxl's public interface. (`libxl_json.h` is not among them: it needs yajl's.)
const HEADERS: &str = "#include <libxl.h>\n#include <libxl_utils.h>\n#include <libxl_event.h>\n";
/// The headers of the hypercalls that the daemon makes itself, and of xenstore's wire.
const XEN_HEADERS: &str = "#include <stdint.h>\n#define __XEN_TOOLS__ 1\n#include <xen/xen.h>\n\
    #include <xen/sysctl.h>\n#include <xen/xsm/flask_op.h>\n#include <xen/io/xs_wire.h>\n";
/// What is wanted of them: two requests, what one of them fills, their numbers, and xenstore's.
const XEN_TYPES: &str = "xen_sysctl|xen_domctl_getdomaininfo|xen_flask_op|xsd_sockmsg_type";
const XEN_NUMBERS: &str = "__HYPERVISOR_(sysctl|xsm_op)|XEN_SYSCTL_(INTERFACE_VERSION|getdomaininfolist)|\
    XEN_DOMINF_.*|XEN_FLASK_INTERFACE_VERSION|FLASK_SID_TO_CONTEXT|XENSTORE_PAYLOAD_MAX";
/// The library without its release: what a program is linked with.
const LINK: &str = "libxenlight.so";

/// The headers of one Xen.
#[derive(Debug)]
pub struct Headers {
    prefix: Option<PathBuf>,
}

impl Headers {
    /// Those of the Xen under `prefix`, which has `include/libxl.h` and, in `lib` or in one of its folders,
    /// `libxenlight.so`. Without a prefix, those that the compiler finds.
    ///
    /// # Errors
    /// There are none.
    pub fn of(prefix: Option<PathBuf>) -> Result<Self, String> {
        let missing = |prefix: &&PathBuf| !prefix.join("include/libxl.h").is_file();
        match prefix.as_ref().filter(missing) {
            Some(prefix) => Err(format!("there is no include/libxl.h in {}", prefix.display())),
            None => Ok(Self { prefix }),
        }
    }

    /// bindgen, told what to read. `inline` is a file that it writes and nobody needs.
    pub fn bindgen(&self, inline: &Path) -> bindgen::Builder {
        self.builder("libxl-all.h", HEADERS)
            .allowlist_item("libxl_.*|LIBXL_.*|ERROR_.*|XTL_.*|xentoollog_.*|__va_list_tag")
            // Inline functions are to be listed, not called: bindgen gives them as wrappers, which nobody compiles.
            .wrap_static_fns(true)
            .wrap_static_fns_path(inline)
    }

    /// The same, for what lies below libxl.
    pub fn hypercalls(&self) -> bindgen::Builder {
        self.builder("xen-all.h", XEN_HEADERS).allowlist_type(XEN_TYPES).allowlist_var(XEN_NUMBERS)
    }

    fn builder(&self, name: &str, headers: &str) -> bindgen::Builder {
        let include = self.prefix.iter().map(|prefix| format!("-I{}", prefix.join("include").display()));
        let builder = bindgen::Builder::default().header_contents(name, headers).clang_args(include);
        builder.prepend_enum_name(false).generate_comments(false)
    }

    /// The link for compilers to the library that the headers belong to.
    ///
    /// # Errors
    /// There is none, or no compiler to ask.
    pub fn link(&self) -> Result<PathBuf, String> {
        let Some(prefix) = &self.prefix else {
            return installed();
        };
        let lib = prefix.join("lib");
        let folders = std::fs::read_dir(&lib).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut links = std::iter::once(lib.clone()).chain(folders).map(|folder| folder.join(LINK));
        links.find(|link| link.is_symlink()).ok_or_else(|| format!("there is no {LINK} in {}", lib.display()))
    }

    /// The name of the library that the headers belong to: what that link points to.
    ///
    /// # Errors
    /// There is no link, or it points nowhere.
    pub fn soname(&self) -> Result<String, String> {
        let link = self.link()?;
        let target = std::fs::read_link(&link).map_err(|error| {
            format!("cannot find which libxenlight the headers belong to ({}): {error}", link.display())
        })?;
        let name = target.file_name().and_then(|name| name.to_str());
        name.map(str::to_owned).ok_or_else(|| format!("{} points nowhere", link.display()))
    }
}

/// The link that the compiler finds.
fn installed() -> Result<PathBuf, String> {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let found = Command::new(&compiler).arg(format!("-print-file-name={LINK}")).output();
    let found = found.map_err(|error| format!("cannot ask {compiler} for {LINK}: {error}"))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&found.stdout).trim()))
}
