//! The write-ahead log, and how it gets into the database: beside the writer, so that no write waits for it.
//!
//! 1. After each COMMIT, SQLite tells how many pages the log has. When [`ENOUGH`] of them are not in the database, the
//!    writer wakes the copier, a thread of its own.
//! 2. The copier brings them there, a passive checkpoint, while the writer goes on, and syncs the database. SQLite would
//!    leave that to whoever copies the last page of the log.
//! 3. Once all are there, SQLite begins the log anew with the next write. Writes that never pause never let it come to
//!    that. So when the log is [`LONG`], the copier goes on until [`LITTLE`] is left, and that the writer copies itself;
//!    and whatever is left when it is as long as it may be, [`LONGEST`].

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use super::connection;
use crate::error::OpenError;

/// So many pages, 4 MiB of them, are worth a sync of the database. The disk is busy meanwhile; with 200 of them it was so
/// too often.
const ENOUGH: u32 = 1_000;
/// So many are looked through for every page that is read.
const LONG: u32 = 4_000;
/// So many are copied and synced in a moment.
const LITTLE: u32 = 64;
/// 64 MiB.
const LONGEST: u32 = 16_000;

/// What the writer and the copier know of the log.
struct State {
    /// The database. It is closed after every connection: a process that closes a file gives up all of its locks on it.
    database: File,
    pages: AtomicU32,
    /// How many of them are in the database.
    copied: AtomicU32,
    asked: Mutex<Asked>,
    wake: Condvar,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    Copy,
    End,
}

/// The log as its writer sees it.
pub(super) struct Log {
    state: Arc<State>,
    copier: Option<JoinHandle<()>>,
    /// The writer copies no more itself before the log is that long.
    patient_until: u32,
}

impl Log {
    /// Starts the copier.
    pub(super) fn of(path: &Path) -> Result<Self, OpenError> {
        let database = File::open(path)
            .map_err(|error| OpenError::new(format!("cannot open {}: {error}", path.display())))?;
        let state = Arc::new(State {
            database,
            pages: AtomicU32::new(0),
            copied: AtomicU32::new(0),
            asked: Mutex::new(Asked::Nothing),
            wake: Condvar::new(),
        });
        let copier = Copier { path: path.to_owned(), state: Arc::clone(&state), connection: None };
        let copier = std::thread::Builder::new()
            .name("store-log".to_owned())
            .spawn(move || copier.run())
            .map_err(|error| OpenError::new(format!("cannot start a thread: {error}")))?;
        Ok(Self { state, copier: Some(copier), patient_until: 0 })
    }

    /// Follows what a connection writes, in place of the checkpoints that SQLite would make by itself.
    pub(super) fn follow(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let state = Arc::clone(&self.state);
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            state.pages.store(u32::try_from(pages).unwrap_or_default(), Ordering::Release);
            Ok(())
        }))
    }

    /// What follows a COMMIT.
    pub(super) fn written(&mut self, connection: &Connection) {
        let state = &*self.state;
        let pages = state.pages.load(Ordering::Acquire);
        let mut copied = state.copied.load(Ordering::Acquire);
        if pages < copied {
            // It was begun anew.
            (copied, self.patient_until) = (0, 0);
            state.copied.store(0, Ordering::Release);
        }
        let left = pages - copied;
        let is_due = pages >= LONGEST || pages >= LONG && left <= LITTLE;
        if is_due && pages >= self.patient_until {
            // Where somebody reads what is older, it goes on nevertheless.
            self.patient_until = pages.saturating_add(ENOUGH);
            copy(connection, state);
        } else if left >= if pages < LONG { ENOUGH } else { LITTLE } {
            state.ask(Asked::Copy);
        }
    }

    /// Waits until the copier has closed its files.
    pub(super) fn end(&mut self) {
        self.state.ask(Asked::End);
        if let Some(copier) = self.copier.take()
            && copier.join().is_err()
        {
            tracing::error!("the thread that copies the log had panicked");
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.end();
    }
}

impl State {
    fn ask(&self, asked: Asked) {
        let mut known = self.asked.lock();
        if *known != Asked::End {
            *known = asked;
        }
        self.wake.notify_one();
    }

    /// Syncs the database, so that nobody who has to has much to do.
    fn sync(&self) -> bool {
        let synced = self.database.sync_data();
        if let Err(error) = &synced {
            not_copied(error);
        }
        synced.is_ok()
    }

    /// Waits for something to do; `false` when that is to end.
    fn is_asked(&self) -> bool {
        let mut known = self.asked.lock();
        while *known == Asked::Nothing {
            self.wake.wait(&mut known);
        }
        let goes_on = *known == Asked::Copy;
        if goes_on {
            *known = Asked::Nothing;
        }
        goes_on
    }
}

/// The thread that copies.
struct Copier {
    path: PathBuf,
    state: Arc<State>,
    connection: Option<Connection>,
}

impl Copier {
    fn run(mut self) {
        while self.state.is_asked() {
            let opened = match self.connection.take() {
                Some(connection) => Ok(connection),
                None => connection::writer(&self.path),
            };
            match opened {
                Ok(connection) => {
                    let is_done = copy(&connection, &self.state) && self.state.sync();
                    // A connection may stay unusable after an I/O error.
                    self.connection = is_done.then_some(connection);
                }
                Err(error) => not_copied(&error),
            }
        }
    }
}

/// Copies what is committed; `false` when it could not be.
fn copy(connection: &Connection, state: &State) -> bool {
    let done =
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(2));
    match done {
        Ok(copied) => {
            // Negative when somebody else copies at this moment.
            if let Ok(copied) = u32::try_from(copied) {
                state.copied.store(copied, Ordering::Release);
            }
            true
        }
        Err(error) => {
            not_copied(&error);
            false
        }
    }
}

fn not_copied(error: &impl std::fmt::Display) {
    tracing::warn!(%error, "the write-ahead log was not copied into the database; it grows until it can be");
}
