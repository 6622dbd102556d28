//! `xenops save`: a domain into a file that `xl restore` reads.
//!
//! The file is opened here, with the rights of whoever calls, and passed to xenopsd, which never sees its name. A
//! domain whose file is not complete goes on; one whose file is complete is destroyed, unless somebody lets it run.

use std::os::fd::AsFd;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use xenopsd::client::{Error, save_file};

use super::domain::{Domain, Identity};
use super::failure::is_outcome_unknown;
use super::save_target::Target;
use super::{Failure, Meter, Outcome, Session};

/// Save a domain to a file, and destroy it
///
/// The file is one that xl restore reads, too. It is made anew. With --force, it takes the place of one that exists,
/// once it is complete: until then it is FILE.PID.part (PID is that of xenops). A device or a pipe is written as it is.
/// Nobody but you can read the file: it holds all of the domain's memory. When saving fails, the file is removed, what
/// was there before is there still, and the domain goes on.
///
/// Saving that has begun goes on in xenopsd when you press Ctrl-C, or when --timeout is over: the domain stays as it is
/// then, suspended, and so does the file, with --force as FILE.PID.part. `xenops operations` shows whether it is still
/// saved; `xenops abort` ends it; then `xenops call domain_resume '["web", 1]'` lets the domain go on, or, if the file
/// is complete, `xenops destroy web`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops save web web.saved
  xenops save --checkpoint --force web /srv/web.saved

Through a pipe, destroy the domain only when what is behind it has succeeded, too (as bash tells it):
  set -o pipefail
  xenops save --paused web - | zstd > web.saved.zst && xenops destroy web")]
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

    /// Replace a file that exists, once the domain is saved
    #[arg(long, short)]
    force: bool,
}

impl Save {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        let domain = Identity::find(&mut session.client, &self.domain)?;
        if domain.domid == 0 {
            // xenopsd would say so, too, but not before there is a file.
            return Err(Failure::refused("not a guest: done to Domain-0, this would take the host down"));
        }
        let config: Value = session.client.call("retrieve_domain_configuration", &domain.params())?;
        let begin = save_file::begin(&config).map_err(|why| self.failure(why))?;
        let target = Target::open(&self.file, self.force).map_err(|error| self.failure(error))?;
        let mut saving = Saving { session, domain, name: name_of(&config), target };
        match self.write(&mut saving, &begin) {
            Ok(()) => Ok(self.said(&saving)),
            Err(Broken { why, is_over }) => {
                if is_over {
                    saving.target.remove();
                }
                Err(why)
            }
        }
    }

    fn write(&self, saving: &mut Saving<'_>, begin: &[u8]) -> Result<(), Broken> {
        let nothing_done = |error| Broken { why: self.failure(error), is_over: true };
        saving.target.write(begin).map_err(nothing_done)?;
        if let Err(error) = saving.suspend() {
            return Err(saving.give_up(error));
        }
        if let Err(error) = saving.target.settle() {
            let broken = nothing_done(error);
            return Err(match saving.resume() {
                Ok(()) => broken,
                Err(also) => saving.left_suspended(&broken.why, &also),
            });
        }
        saving.finish(self.checkpoint, self.paused)
    }

    fn said(&self, Saving { session, domain, name, .. }: &Saving<'_>) -> String {
        let file = self.file.display().to_string();
        match session.json {
            _ if file == "-" => String::new(),
            true => super::json(&json!({ "name": name, "domid": domain.domid, "file": file })),
            false => format!("{name} is saved in {file}\n"),
        }
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
    target: Target,
}

impl Saving<'_> {
    fn suspend(&mut self) -> Result<(), Error> {
        let mut meter = Meter::new(&format!("saving {}", self.name), self.session.shows_progress());
        let mut params = self.domain.params();
        params["flags"] = 0.into();
        params["progress"] = true.into();
        let target = [self.target.as_fd()];
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
            let Self { name, target, .. } = self;
            let what = format!("{name} may still be saved to {}: see xenops operations", target.path().display());
            return Broken { why: Failure::left(&error, what), is_over: false };
        }
        let is_unknown = is_outcome_unknown(&error);
        let why = Failure::from(error);
        let resumed = match self.domain.is_suspended(&mut self.session.client) {
            Ok(Some(true)) => self.resume(),
            // It may stop yet, or be gone because somebody knew that it was saved.
            Ok(_) if is_unknown => return self.left_unknown(&why),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        match resumed {
            Ok(()) => Broken { why, is_over: true },
            Err(also) if is_unknown => self.left_unknown(&why.before(&also)),
            Err(also) => self.left_suspended(&why, &also),
        }
    }

    fn left_suspended(&self, why: &Failure, also: &Error) -> Broken {
        let Self { name, domain: Identity { domid, .. }, .. } = self;
        let what = format!("{name} is not saved, and may be suspended: try xenops call domain_resume '[{domid}, 1]'");
        Broken { why: why.before(also).and(what), is_over: true }
    }

    /// Nobody can tell here whether the file is all that there is of the domain.
    fn left_unknown(&self, why: &Failure) -> Broken {
        let Self { name, domain: Identity { domid, .. }, target, .. } = self;
        let (file, resume) = (target.path().display(), format!("xenops call domain_resume '[{domid}, 1]'"));
        let what = format!("{file} is kept and may be complete; if {name} is suspended, {resume} lets it go on");
        Broken { why: why.and(what), is_over: false }
    }

    /// It is saved: what is to become of the domain?
    fn finish(&mut self, checkpoint: bool, paused: bool) -> Result<(), Broken> {
        let params = self.domain.params();
        let done = if checkpoint || paused {
            let first = if paused { self.operate("domain_pause", &params) } else { Ok(()) };
            first.and_then(|()| self.resume())
        } else {
            match self.domain.is_suspended(&mut self.session.client) {
                Ok(Some(true)) => self.operate("domain_destroy", &params),
                Ok(Some(false)) => return Err(self.left_running()),
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            }
        };
        done.map_err(|error| {
            let (file, domid, name) = (self.target.path().display(), self.domain.domid, &self.name);
            let try_it = if checkpoint || paused {
                format!("xenops call domain_resume '[{domid}, 1]'")
            } else {
                format!("xenops destroy {domid}")
            };
            let what = format!("{name} is saved in {file}, and the domain is still suspended: try {try_it}");
            Broken { why: Failure::left(&error, what), is_over: false }
        })
    }

    /// Who has let it run wants it to: it is no copy any more.
    fn left_running(&self) -> Broken {
        let (file, name) = (self.target.path().display(), &self.name);
        let what =
            format!("{name} was let run on meanwhile: {file} is not its last state; the domain was not destroyed");
        Broken { why: Failure::Left(vec![what]), is_over: false }
    }
}

fn name_of(config: &Value) -> String {
    config.pointer("/c_info/name").and_then(Value::as_str).unwrap_or("(null)").to_owned()
}
