//! Every file below some paths, read once. Links are not followed, and what is no file is left alone.

use std::fs::{self, DirEntry, File, FileType, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use bloom_domain::api_keys::finder::Finder;
use rustix::fs::OFlags;

use super::report::{Finding, Place, Report, shown};

/// How much is read at once: large enough that reading dominates, small enough to stay in the cache.
const PIECE: usize = 256 * 1024;
/// How many files may wait for a reader.
const WAITING: usize = 1_024;
/// The folder or file that makes the folder around it a repository.
const DOT_GIT: &str = ".git";

/// Reads every file at or below these paths; gives the folders below them that are repositories.
pub(super) fn read(roots: &[PathBuf], report: &mut Report) -> Vec<PathBuf> {
    let (queue, waiting) = sync_channel(WAITING);
    let waiting = Mutex::new(waiting);
    let mut walk = Walk { queue, report: Report::default(), repositories: Vec::new() };
    thread::scope(|scope| {
        let readers: Vec<_> = (0..at_once()).map(|_| scope.spawn(|| read_all(&waiting))).collect();
        for root in roots {
            walk.begin(root);
        }
        let Walk { queue, report: walked, repositories } = walk;
        // The readers end when nothing more can come.
        drop(queue);
        report.add(walked);
        for reader in readers {
            match reader.join() {
                Ok(read) => report.add(read),
                Err(_) => report.problems.push("some files were not read: a defect".to_owned()),
            }
        }
        repositories
    })
}

/// How many readers: one for each core.
pub(super) fn at_once() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

struct Walk {
    queue: SyncSender<PathBuf>,
    report: Report,
    repositories: Vec<PathBuf>,
}

impl Walk {
    fn begin(&mut self, root: &Path) {
        let name = root.file_name().unwrap_or_default();
        self.report.read_name(name.as_bytes(), root);
        if !root.is_dir() {
            self.hand_over(root.to_owned());
            return;
        }
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            match fs::read_dir(&folder) {
                Ok(entries) => entries.for_each(|entry| self.enter(&folder, entry, &mut folders)),
                Err(error) => self.report.problems.extend(problem(&folder, &error)),
            }
        }
    }

    fn enter(&mut self, folder: &Path, entry: io::Result<DirEntry>, folders: &mut Vec<PathBuf>) {
        let read = entry.and_then(|entry| Ok((entry.file_type()?, entry)));
        let (kind, entry) = match read {
            Ok(read) => read,
            Err(error) => return self.report.problems.extend(problem(folder, &error)),
        };
        let (name, path) = (entry.file_name(), entry.path());
        self.report.read_name(name.as_bytes(), &path);
        if name == DOT_GIT {
            self.repositories.push(folder.to_owned());
        }
        if FileType::is_dir(&kind) {
            folders.push(path);
        } else if kind.is_file() {
            self.hand_over(path);
        }
    }

    fn hand_over(&self, path: PathBuf) {
        // It fails only when every reader has failed, which is told when they are joined.
        let _ = self.queue.send(path);
    }
}

fn read_all(waiting: &Mutex<Receiver<PathBuf>>) -> Report {
    let (mut report, mut buffer) = (Report::default(), vec![0; PIECE]);
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(path) = next else { return report };
        if let Err(error) = read_one(&path, &mut buffer, &mut report) {
            report.problems.extend(problem(&path, &error));
        }
    }
}

fn read_one(path: &Path, buffer: &mut [u8], report: &mut Report) -> io::Result<()> {
    let mut file = open(path)?;
    // What was a file when its folder was read may be a pipe now.
    if !file.metadata()?.is_file() {
        return Ok(());
    }
    let mut finder = Finder::new();
    loop {
        let length = match file.read(buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        report.bytes += length as u64;
        for found in finder.read(&buffer[..length]) {
            report.findings.push(Finding::new(Place::File(shown(path)), &found));
        }
    }
    report.files += 1;
    report.others += finder.others();
    Ok(())
}

/// Opens what was a file a moment ago: never a link, and never waiting for the other end of a pipe.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = flags.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// What could not be read, and why; nothing when it has gone meanwhile.
fn problem(path: &Path, error: &io::Error) -> Option<String> {
    let has_gone = error.kind() == ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    (!has_gone).then(|| format!("cannot read {}: {error}", shown(path)))
}
