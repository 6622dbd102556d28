//! Where `xenops save` saves a domain to.
//!
//! In: a path, whether what is there may be written over. Out: an open file, which is complete and stays when it is
//! settled, or is of no use and goes. It never touches a file that exists before a whole domain can take its place: the
//! domain is saved beside it until then. Devices, pipes and standard output are written as they are.

use std::fs::{self, File, OpenOptions};
use std::io::{Error, ErrorKind, IsTerminal, Result, Write, stdout};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// As many symbolic links as the system follows.
const LINKS_MAX: usize = 40;

/// Where a domain is saved to.
pub(super) struct Target {
    file: File,
    /// The path that is written to: not its own name, for one that will take the place of another file.
    path: PathBuf,
    /// A file that was made here.
    made: Option<Made>,
}

/// A file that nobody has but us, which is removed when it is of no use.
struct Made {
    /// The folder that its name is in.
    folder: File,
    /// The file whose place it takes.
    replaces: Option<PathBuf>,
}

impl Target {
    /// Makes the file anew, or, if `force` says so, begins one that takes the place of what is there.
    pub(super) fn open(path: &Path, force: bool) -> Result<Self> {
        if path == Path::new("-") {
            if stdout().is_terminal() {
                return Err(Error::other("a saved domain is nothing for a terminal"));
            }
            let file = stdout().as_fd().try_clone_to_owned()?.into();
            return Ok(Self { file, path: path.to_owned(), made: None });
        }
        match Self::make(path.to_owned(), None) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if force {
                    Self::over(path)
                } else {
                    Err(Error::other("it exists: --force writes over it"))
                }
            }
            made => made,
        }
    }

    /// What is there is a file, or what a domain can be written to as it is.
    fn over(path: &Path) -> Result<Self> {
        let path = resolve(path)?;
        let is_file = match fs::metadata(&path) {
            Ok(metadata) => metadata.is_file(),
            // The link is there, and leads to nothing yet.
            Err(error) if error.kind() == ErrorKind::NotFound => true,
            Err(error) => return Err(error),
        };
        if !is_file {
            return Ok(Self { file: OpenOptions::new().write(true).open(&path)?, path, made: None });
        }
        let beside = beside(&path);
        Self::make(beside.clone(), Some(path)).map_err(|error| match error.kind() {
            // A domain may still be saved to it.
            ErrorKind::AlreadyExists => Error::other(format!("{} is in the way", beside.display())),
            _ => error,
        })
    }

    fn make(path: PathBuf, replaces: Option<PathBuf>) -> Result<Self> {
        let folder = File::open(folder_of(&path))?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { file, path, made: Some(Made { folder, replaces }) })
    }

    /// Where it is for now.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes)
    }

    /// The domain is about to be destroyed: the file is all that is left of it, and has its name from now on.
    pub(super) fn settle(&mut self) -> Result<()> {
        sync(&self.file)?;
        let Some(Made { folder, replaces }) = &mut self.made else { return Ok(()) };
        if let Some(path) = replaces.take() {
            fs::rename(&self.path, &path)?;
            self.path = path;
        }
        sync(folder)
    }

    /// It is of no use: whatever was there before is there still.
    pub(super) fn remove(self) {
        if self.made.is_some() {
            // What cannot be removed is no complete domain, and says so when it is read.
            let _ = fs::remove_file(self.path);
        }
    }
}

impl AsFd for Target {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Waits until it is written, where there is such a thing: not on a pipe, for one.
fn sync(file: &File) -> Result<()> {
    match file.sync_all() {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => Ok(()),
        synced => synced,
    }
}

/// Follows symbolic links to the file's own name, so that it is the file whose place is taken and not the link.
fn resolve(path: &Path) -> Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        let folder = folder_of(&path).canonicalize()?;
        if folder.starts_with("/proc") {
            return Err(Error::other("it stands for what a process has open: - is standard output"));
        }
        path = folder.join(path.file_name().ok_or(ErrorKind::IsADirectory)?);
        match fs::read_link(&path) {
            Ok(to) => path = folder.join(to),
            Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::NotFound) => return Ok(path),
            Err(error) => return Err(error),
        }
    }
    Err(Error::other("too many symbolic links"))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) => Path::new("."),
        None => path,
    }
}

/// A name of our own in the same folder.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    name.into()
}
