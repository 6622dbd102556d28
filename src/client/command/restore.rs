//! `xenops restore`: a domain from a file of `xenops save` or `xl save`.
//!
//! The file is opened here, with the rights of whoever calls, and passed to xenopsd behind its configuration.

use std::fs::File;
use std::io::stdin;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use xenopsd::client::save_file;

use super::create::{Config, begun};
use super::{Failure, Meter, Outcome, Session};

/// Create a domain from a file that xenops save or xl save has written, and let it run
///
/// It goes on where it stopped, under another number. Its disks must be as they were then.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops restore web.saved
  xenops restore --paused web.saved
  zstdcat web.saved.zst | xenops restore -")]
pub(crate) struct Restore {
    /// The file; - is standard input
    file: PathBuf,

    /// Leave it paused
    #[arg(long, short)]
    paused: bool,
}

impl Restore {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        let failure = |why: &dyn std::fmt::Display| Failure::file(self.file.display(), why);
        let mut file = open(&self.file).map_err(|error| failure(&error))?;
        let text = save_file::read(&mut file).map_err(|why| failure(&why))?;
        let config = Config::find(text.get()).map_err(|why| failure(&why))?;
        let mut meter = Meter::new(&format!("restoring {}", config.name), session.shows_progress());
        let params = json!({ "d_config": config.json, "params": { "stream_version": 2 }, "progress": true });
        let method = "domain_create_restore";
        let domid = session.client.operate(method, &params, &[file.as_fd()], |progress| meter.show(progress))?;
        drop(meter);
        begun(session, &config, domid, self.paused)
    }
}

/// Nothing is read ahead: what follows is read by others.
fn open(path: &Path) -> std::io::Result<File> {
    if path == Path::new("-") { Ok(stdin().as_fd().try_clone_to_owned()?.into()) } else { File::open(path) }
}
