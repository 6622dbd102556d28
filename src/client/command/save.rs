//! `xenops save`: a domain into a file that `xl restore` reads.
//!
//! The file is opened here, with the rights of whoever calls, and passed to xenopsd, which never sees its name. A
//! domain whose file is not complete goes on; one whose file is complete is destroyed.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, IsTerminal, Write, stdout};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use xenopsd::client::{Error, save_file};

use super::domain::{Domain, Identity};
use super::{Failure, Meter, Outcome, Session};

/// Save a domain to a file, and destroy it
///
/// The file is one that xl restore reads, too. It is made anew; with --force one that exists is written over. Nobody
/// but you can read it: it holds all of the domain's memory. When saving fails, the file is removed and the domain goes
/// on.
///
/// Saving that has begun goes on in xenopsd when you press Ctrl-C: the domain stays as it is then, suspended, and so
/// does the file. `xenops operations` shows whether it is still saved; `xenops abort` ends it; then `xenops call
/// domain_resume '["web", 1]'` lets the domain go on, or, if the file is complete, `xenops destroy web`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops save web web.saved
  xenops save --checkpoint --force web /srv/web.saved
  xenops save web - | zstd > web.saved.zst")]
pub(crate) struct Save {
    /// A domain by name, number or uuid
    domain: Domain,

    /// The file to write; - is standard output
    file: PathBuf,

    /// Let the domain go on afterwards
    #[arg(long, short)]
    checkpoint: bool,

    /// Keep the domain afterwards, paused
    #[arg(long, short)]
    paused: bool,

    /// Write over a file that exists
    #[arg(long, short)]
    force: bool,
}

impl Save {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        let domain = Identity::find(&mut session.client, &self.domain)?;
        let config: Value = session.client.call("retrieve_domain_configuration", &domain.params())?;
        let begin = save_file::begin(&config).map_err(|why| self.failure(why))?;
        let target = Target::open(&self.file, self.force).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => self.failure("it exists: --force writes over it"),
            _ => self.failure(error),
        })?;
        let saving = Saving { session, domain, name: name_of(&config), target: &target, path: &self.file };
        match self.write(saving, &begin) {
            Ok(output) => Ok(output),
            Err(Broken { why, is_over: true }) => {
                target.remove(&self.file);
                Err(why)
            }
            Err(Broken { why, .. }) => Err(why),
        }
    }

    fn write(&self, mut saving: Saving<'_>, begin: &[u8]) -> Result<String, Broken> {
        let nothing_done = |error| Broken { why: self.failure(error), is_over: true };
        saving.target.write(begin).map_err(nothing_done)?;
        if let Err(error) = saving.suspend() {
            return Err(saving.give_up(error));
        }
        if let Err(error) = saving.target.settle() {
            saving.resume().map_err(|error| saving.left_suspended(&error))?;
            return Err(nothing_done(error));
        }
        saving.finish(self.checkpoint, self.paused)?;
        let Saving { session, domain, name, .. } = saving;
        let file = self.file.display().to_string();
        Ok(match session.json {
            _ if file == "-" => String::new(),
            true => super::json(&json!({ "name": name, "domid": domain.domid, "file": file })),
            false => format!("{name} is saved in {file}\n"),
        })
    }

    fn failure(&self, why: impl std::fmt::Display) -> Failure {
        Failure::file(self.file.display(), why)
    }
}

/// It is not saved.
struct Broken {
    why: Failure,
    /// Nobody writes to the file any more, and it is of no use.
    is_over: bool,
}

/// A domain that is being saved.
struct Saving<'s> {
    session: &'s mut Session,
    domain: Identity,
    name: String,
    target: &'s Target,
    path: &'s Path,
}

impl Saving<'_> {
    fn suspend(&mut self) -> Result<(), Error> {
        let mut meter = Meter::new(format!("saving {}", self.name), self.session.shows_progress());
        let mut params = self.domain.params();
        params["flags"] = 0.into();
        params["progress"] = true.into();
        let target = [self.target.file.as_fd()];
        let done = self.session.client.operate("domain_suspend", &params, &target, |progress| meter.show(progress));
        done.map(|_: Value| ())
    }

    fn operate(&mut self, method: &str, params: &Value) -> Result<(), Error> {
        self.session.client.call(method, params).map(|_: Value| ())
    }

    /// Lets it go on where it stopped.
    fn resume(&mut self) -> Result<(), Error> {
        let mut params = self.domain.params();
        params["suspend_cancel"] = 1.into();
        self.operate("domain_resume", &params)
    }

    /// Saving has failed. Whether the domain has stopped for it depends on how far it came.
    fn give_up(&mut self, error: Error) -> Broken {
        if !matches!(error, Error::Libxl(_) | Error::Refused { .. }) {
            let Self { name, path, .. } = self;
            let what = format!("{name} may still be saved to {}: see xenops operations", path.display());
            return Broken { why: Failure::left(&error, what), is_over: false };
        }
        let resumed = match self.domain.is_suspended(&mut self.session.client) {
            Ok(true) => self.resume(),
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        match resumed {
            Ok(()) => Broken { why: error.into(), is_over: true },
            Err(also) => {
                let mut broken = self.left_suspended(&also);
                broken.why = broken.why.after(&error);
                Broken { is_over: true, ..broken }
            }
        }
    }

    fn left_suspended(&self, error: &Error) -> Broken {
        let Self { name, domain: Identity { domid, .. }, .. } = self;
        let what = format!("{name} is not saved, and may be suspended: try xenops call domain_resume '[{domid}, 1]'");
        Broken { why: Failure::left(error, what), is_over: true }
    }

    /// It is saved: what is to become of the domain?
    fn finish(&mut self, checkpoint: bool, paused: bool) -> Result<(), Broken> {
        let params = self.domain.params();
        let done = if !checkpoint && !paused {
            self.operate("domain_destroy", &params)
        } else {
            let first = if paused { self.operate("domain_pause", &params) } else { Ok(()) };
            first.and_then(|()| self.resume())
        };
        done.map_err(|error| {
            let (file, domid, name) = (self.path.display(), self.domain.domid, &self.name);
            let try_it = if checkpoint || paused {
                format!("xenops call domain_resume '[{domid}, 1]'")
            } else {
                format!("xenops destroy {domid}")
            };
            let what = format!("{name} is saved in {file}, and the domain is still suspended: try {try_it}");
            Broken { why: Failure::left(&error, what), is_over: false }
        })
    }
}

fn name_of(config: &Value) -> String {
    config.pointer("/c_info/name").and_then(Value::as_str).unwrap_or("(null)").to_owned()
}

/// Where a domain is saved to.
struct Target {
    file: File,
    /// A file that is removed when it is of no use: no device, no pipe.
    is_regular: bool,
}

impl Target {
    fn open(path: &Path, force: bool) -> std::io::Result<Self> {
        if path == Path::new("-") {
            if stdout().is_terminal() {
                return Err(std::io::Error::other("a saved domain is nothing for a terminal"));
            }
            let file = stdout().as_fd().try_clone_to_owned()?.into();
            return Ok(Self { file, is_regular: false });
        }
        let mut options = OpenOptions::new();
        options.write(true).mode(0o600);
        let file = if force { options.create(true).truncate(true) } else { options.create_new(true) }.open(path)?;
        let is_regular = file.metadata()?.is_file();
        Ok(Self { file, is_regular })
    }

    fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        (&self.file).write_all(bytes)
    }

    /// The domain is about to be destroyed: the file is all that is left of it.
    fn settle(&self) -> std::io::Result<()> {
        if self.is_regular { self.file.sync_all() } else { Ok(()) }
    }

    fn remove(&self, path: &Path) {
        if self.is_regular {
            // What cannot be removed is shorter than a saved domain, and says so when it is read.
            let _ = std::fs::remove_file(path);
        }
    }
}
