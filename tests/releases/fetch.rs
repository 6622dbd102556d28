//! The headers of a release, as Debian packs them.
//!
//! In: the path of a `libxen-dev` in Debian's archive, and its checksum. Out: the folder that it is unpacked in, where
//! it stays for the next time; or why it cannot be had. Nothing is installed. Which mirror is asked, apt knows.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A package of one release.
pub(crate) struct Package {
    /// The release.
    pub(crate) release: &'static str,
    /// Its path in Debian's archive.
    pub(crate) path: &'static str,
    /// Its SHA-256.
    pub(crate) sha256: &'static str,
}

/// apt's program that downloads one file, and holds it against its checksum.
const HELPER: &str = "/usr/lib/apt/apt-helper";

impl Package {
    /// The prefix under which this Xen's headers are, and the link to its library.
    pub(crate) fn prefix(&self) -> Result<PathBuf, String> {
        let folder = cache().join(format!("libxen-dev-{}-{}", self.release, &self.sha256[..12]));
        if !folder.is_dir() {
            std::fs::create_dir_all(cache()).map_err(|error| error.to_string())?;
            let work = tempfile::tempdir_in(cache()).map_err(|error| error.to_string())?;
            let tree = self.unpacked(work.path())?;
            std::fs::rename(tree, &folder).map_err(|error| error.to_string())?;
        }
        Ok(folder.join("usr"))
    }

    fn unpacked(&self, work: &Path) -> Result<PathBuf, String> {
        let (deb, tree) = (work.join("libxen-dev.deb"), work.join("tree"));
        let mirrors = run(Command::new("apt-get").args(["indextargets", "--format", "$(REPO_URI)"]))?;
        let mut why = "apt knows no mirror".to_owned();
        let found = mirrors.lines().any(|mirror| match self.download(mirror, &deb) {
            Ok(_) => true,
            Err(error) => {
                why = error;
                false
            }
        });
        if !found {
            return Err(why);
        }
        run(Command::new("dpkg-deb").arg("--extract").args([&deb, &tree]))?;
        Ok(tree)
    }

    fn download(&self, mirror: &str, deb: &Path) -> Result<String, String> {
        let (url, sum) = (format!("{mirror}{}", self.path), format!("SHA256:{}", self.sha256));
        // As root it would become the user _apt, who may not write here.
        let options = ["-o", "APT::Sandbox::User=root", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1"];
        run(Command::new(HELPER).args(options).arg("download-file").arg(url).arg(deb).arg(sum))
    }
}

/// Everything of these tests.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/releases")
}

/// What a program prints, or how it failed.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(format!("{program}: {}", text(&output.stderr))) }
}
