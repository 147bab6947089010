//! The data folder: one process at a time works in it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A data folder that this process alone works in, until it is dropped.
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// Why a folder is not ours.
pub(crate) enum OpenFolderError {
    /// Another process works in it; holds its path.
    InUse(PathBuf),
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
        let lock = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(|error| failed("write in", error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenFolderError::InUse(path)),
            Err(TryLockError::Error(error)) => Err(failed("lock", error)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the root secret is kept.
    pub(crate) fn secret_path(&self) -> PathBuf {
        self.path.join("secret")
    }

    /// Where commands reach a running server.
    pub(crate) fn control_path(&self) -> PathBuf {
        control_path(&self.path)
    }

    /// Where the first start leaves account and key when nobody is at the terminal.
    pub(crate) fn first_run_path(&self) -> PathBuf {
        self.path.join("first-run.txt")
    }
}

/// The control socket of a data folder.
pub(crate) fn control_path(folder: &Path) -> PathBuf {
    folder.join("control.sock")
}

/// Makes a new file that only its owner can read, all of it on disk when this returns.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    use io::Write;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half a secret is worse than none.
        let _ = std::fs::remove_file(path);
        return Err(error);
    }
    sync_folder_of(path)
}

/// Makes a new or renamed file's name durable.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
