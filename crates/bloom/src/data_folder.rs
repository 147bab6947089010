//! The data folder: one process at a time works in it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::failure::Failure;

/// The folder in it that holds the bytes of images when nothing else is configured.
pub(crate) const FILES: &str = "files";
/// Where a server answered last, for what commands write into mails.
const ORIGIN: &str = "origin";
/// No origin is longer.
const MAX_ORIGIN: u64 = 512;
/// The permission of group and others to write.
const OTHERS_WRITE: u32 = 0o022;

/// A data folder that this process alone works in, until it is dropped.
pub(crate) struct DataFolder {
    path: PathBuf,
    /// Held as long as the process works here; says where it is to be reached.
    lock: File,
}

/// Why a folder is not ours.
pub(crate) enum OpenFolderError {
    /// Another process works in it.
    InUse {
        path: PathBuf,
        /// Where it answers, if it does.
        origin: Option<String>,
    },
    Failed(Failure),
}

impl DataFolder {
    /// Makes the folder if need be, for its owner alone, and takes its lock.
    pub(crate) fn open(path: PathBuf) -> Result<Self, OpenFolderError> {
        let failed = |what: &str, error: io::Error| {
            let path = path.display();
            OpenFolderError::Failed(Failure::machine(format!(
                "cannot {what} the data folder {path}: {error}"
            )))
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(|error| failed("make", error))?;
        let found = std::fs::metadata(&path).map_err(|error| failed("look at", error))?;
        // Who can write in it can put another secret or database there.
        if found.mode() & OTHERS_WRITE != 0 {
            let path = path.display();
            return Err(OpenFolderError::Failed(Failure::machine(format!(
                "others can write in the data folder {path}; close it to them with: chmod go-w {path}"
            ))));
        }
        let lock = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(path.join("lock"))
            .map_err(|error| failed("write in", error))?;
        match lock.try_lock() {
            Ok(()) => {
                // What another process said that has ended.
                lock.set_len(0).map_err(|error| failed("write in", error))?;
                Ok(Self { path, lock })
            }
            Err(TryLockError::WouldBlock) => {
                let origin = said(&lock);
                Err(OpenFolderError::InUse { path, origin })
            }
            Err(TryLockError::Error(error)) => Err(failed("lock", error)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Says where this process answers, for whoever finds the folder taken, and for commands after its end.
    pub(crate) fn say(&self, origin: &str) {
        let _ = (&self.lock).write_all(origin.as_bytes());
        let mut own = OpenOptions::new();
        own.create(true).write(true).truncate(true).mode(0o600);
        let _ =
            own.open(self.path.join(ORIGIN)).and_then(|mut file| file.write_all(origin.as_bytes()));
    }

    /// Where a server on this folder answered last, if one ever did.
    pub(crate) fn last_origin(&self) -> Option<String> {
        File::open(self.path.join(ORIGIN)).ok().and_then(|file| said(&file))
    }

    /// Where the root secret is kept.
    pub(crate) fn secret_path(&self) -> PathBuf {
        self.path.join("secret")
    }

    /// Where commands reach a running server.
    pub(crate) fn control_path(&self) -> PathBuf {
        control_path(&self.path)
    }

    /// Where the bytes of images lie when nothing else is configured.
    pub(crate) fn files_path(&self) -> PathBuf {
        self.path.join(FILES)
    }

    /// Where mails go when no mail server is named.
    pub(crate) fn outbox_path(&self) -> PathBuf {
        self.path.join("outbox")
    }

    /// Where the first start leaves account and key when nobody is at the terminal.
    pub(crate) fn first_run_path(&self) -> PathBuf {
        self.path.join("first-run.txt")
    }
}

/// What the process that holds a lock says of where it answers.
fn said(lock: &File) -> Option<String> {
    let mut origin = String::new();
    let read = lock.take(MAX_ORIGIN).read_to_string(&mut origin);
    read.is_ok_and(|length| length > 0).then_some(origin)
}

/// The control socket of a data folder.
pub(crate) fn control_path(folder: &Path) -> PathBuf {
    folder.join("control.sock")
}

/// Makes a new file that only its owner can read. Killed at any moment, it leaves the whole file or
/// none of that name.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let whole = write_beside(path, content)?;
    // Unlike a rename, a link never takes the place of another file.
    let linked = std::fs::hard_link(&whole, path);
    std::fs::remove_file(&whole)?;
    linked?;
    sync_folder_of(path)
}

/// The same, in place of a file that may be there.
pub(crate) fn replace_private(path: &Path, content: &[u8]) -> io::Result<()> {
    std::fs::rename(write_beside(path, content)?, path)?;
    sync_folder_of(path)
}

/// Writes the content, all of it on disk when this returns, under the name that is returned.
fn write_beside(path: &Path, content: &[u8]) -> io::Result<PathBuf> {
    let beside = path.with_extension("new");
    // One process works in the folder, so what is there was left by one that was killed.
    remove_if_there(&beside)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if let Err(error) = written {
        let _ = std::fs::remove_file(&beside);
        return Err(error);
    }
    Ok(beside)
}

/// Removes a file, unless there is none.
pub(crate) fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a new or renamed file's name durable.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_said_is_known_after_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let open = || DataFolder::open(folder.path().to_owned()).map_err(|_| "taken").unwrap();
        assert_eq!(open().last_origin(), None);
        open().say("http://localhost:4600");
        assert_eq!(open().last_origin().as_deref(), Some("http://localhost:4600"));
    }
}
