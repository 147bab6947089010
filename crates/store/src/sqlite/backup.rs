//! A copy of the database while it is in use.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::connection;
use super::failure::meaning;
use crate::error::Error;

/// Writes a verified copy to `target`, which must not exist.
///
/// The copy is made beside the target and takes its name only when it is whole and on disk, so a
/// file with that name is a good backup, or an empty file when the machine died in between.
pub(crate) fn write(source: &Path, target: &Path) -> Result<(), Error> {
    let target = std::path::absolute(target).unwrap_or_else(|_| target.to_path_buf());
    let partial = beside(&target);
    // Takes the name, so that nothing is ever overwritten.
    make(&target)?;
    let written = make(&partial).and_then(|()| {
        let written = copy(source, &partial).and_then(|()| settle(&partial, &target));
        if written.is_err() {
            drop(std::fs::remove_file(&partial));
        }
        written
    });
    if written.is_err() {
        drop(std::fs::remove_file(&target));
    }
    written
}

fn beside(target: &Path) -> PathBuf {
    let mut name = OsString::from(target.as_os_str());
    name.push(".partial");
    PathBuf::from(name)
}

fn make(path: &Path) -> Result<(), Error> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map(drop).map_err(|error| failed(path, &error))
}

/// One step copies every page inside one read transaction: a single moment of the database, and
/// no writer waits for it.
fn copy(source: &Path, partial: &Path) -> Result<(), Error> {
    let fault = |error: rusqlite::Error| meaning(&error);
    let source = connection::reader(source).map_err(fault)?;
    let mut copy = Connection::open(partial).map_err(fault)?;
    let backup = Backup::new(&source, &mut copy).map_err(fault)?;
    if backup.step(-1).map_err(fault)? != StepResult::Done {
        return Err(Error::Unavailable("the database was busy during the backup".to_owned()));
    }
    drop(backup);
    // One file that can be moved about, instead of one that grows a log when it is looked at.
    let verdict: String = copy
        .query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))
        .and_then(|()| copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)))
        .map_err(fault)?;
    if verdict != "ok" {
        return Err(Error::Corrupt(format!("the copy is damaged: {verdict}")));
    }
    Ok(())
}

fn settle(partial: &Path, target: &Path) -> Result<(), Error> {
    let sync = |path: &Path| File::open(path).and_then(|file| file.sync_all());
    let folder = target.parent().unwrap_or(Path::new("/"));
    sync(partial)
        .and_then(|()| std::fs::rename(partial, target))
        .and_then(|()| sync(folder))
        .map_err(|error| failed(target, &error))
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::Unavailable(format!("cannot write the backup {}: {error}", path.display()))
}
