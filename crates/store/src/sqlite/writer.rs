//! The writer thread, and group commit.
//!
//! 1. Once a closure is due, it takes the one that has waited longest, begins a transaction and runs
//!    it. Patient ones are due a little later, so that they come together.
//! 2. It runs every other closure that waits, each in a savepoint of its own, until none waits or
//!    the group is large enough. Between two it lets other threads have the core. While it commits,
//!    the next group gathers.
//! 3. It commits, which syncs the disk once for all of them.
//! 4. It delivers the changes, then answers everyone.
//!
//! Every answer waits for the COMMIT, also an `Err`: what a closure saw may have been written by
//! another one of its group, and must not be told before it is true. When the transaction is lost,
//! none of the group is acknowledged and each gets the reason.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::connection;
use super::failure::meaning;
use crate::changes::Change;
use crate::error::Error;
use crate::job::Job;
use crate::queue::Queue;
use crate::shared::Shared;
use crate::stopwatch;
use crate::tx::{self, Reach, Tx};

/// The most closures in one group. Beyond it, the sync is already shared by enough.
const GROUP: usize = 256;

/// How long a group may go on taking in closures, which bounds how long its first one waits.
const GATHER: Duration = Duration::from_millis(4);

pub(super) struct Writer {
    path: PathBuf,
    connection: Option<Connection>,
    queue: Arc<Queue<Box<dyn Job>>>,
    shared: Arc<Shared>,
}

/// The closures that commit together.
struct Group {
    members: Vec<Box<dyn Job>>,
    changes: Vec<Change>,
    until: Instant,
}

impl Writer {
    pub(super) fn new(
        path: PathBuf,
        connection: Connection,
        queue: Arc<Queue<Box<dyn Job>>>,
        shared: Arc<Shared>,
    ) -> Self {
        Self { path, connection: Some(connection), queue, shared }
    }

    pub(super) fn run(mut self) {
        while let Some(first) = self.queue.pop() {
            self.commit_group(first);
        }
        self.checkpoint();
    }

    fn commit_group(&mut self, first: Box<dyn Job>) {
        let until = stopwatch::now() + GATHER;
        let mut group = Group { members: vec![first], changes: Vec::new(), until };
        let lost = self.attempt(&mut group).err();
        match &lost {
            None => self.shared.deliver(&group.changes),
            Some(cause) => {
                tracing::error!(%cause, members = group.members.len(), "a group of writes is lost");
                // A connection may stay unusable after an I/O error. A fresh one is cheap, and is
                // how the writer recovers once there is room again.
                self.connection = None;
            }
        }
        for member in group.members {
            member.answer(lost.as_ref());
        }
    }

    /// Steps 1 to 3. On an error nothing of the group is in the database.
    fn attempt(&mut self, group: &mut Group) -> Result<(), Error> {
        let unavailable = |error: rusqlite::Error| Error::Unavailable(error.to_string());
        if self.connection.is_none() {
            let opened = connection::writer(&self.path).map_err(|error| meaning(&error))?;
            self.connection = Some(opened);
        }
        let Some(connection) = &self.connection else {
            return Err(Error::Internal("the writer has no connection".to_owned()));
        };
        let committed = self.fill(connection, group).and_then(|()| {
            if connection.is_autocommit() {
                return Ok(());
            }
            self.shared.counters.commit();
            run(connection, "COMMIT")
        });
        committed.map_err(|error| {
            if !connection.is_autocommit() {
                // The connection is closed next, which rolls back when this cannot.
                drop(run(connection, "ROLLBACK"));
            }
            unavailable(error)
        })
    }

    /// Steps 1 and 2: leaves a transaction to commit, or none when nothing is to be kept.
    fn fill(&self, connection: &Connection, group: &mut Group) -> rusqlite::Result<()> {
        let mut kept = 0_usize;
        let mut next = group.members.pop();
        while let Some(mut member) = next.take() {
            let begun = begin(connection, kept);
            let keep = begun.is_ok() && self.run_member(connection, member.as_mut(), group);
            group.members.push(member);
            begun?;
            end(connection, kept, keep)?;
            kept += usize::from(keep);
            // On a busy core a request in memory goes before the next closure.
            std::thread::yield_now();
            if group.members.len() < GROUP && stopwatch::now() < group.until {
                next = self.queue.try_pop();
            }
        }
        Ok(())
    }

    fn run_member(&self, connection: &Connection, member: &mut dyn Job, group: &mut Group) -> bool {
        let lent = tx::Connection::Sqlite(connection);
        let mut tx = Tx::new(lent, Reach::Write, &self.shared.counters);
        let keep = member.run(&mut tx);
        if keep {
            group.changes.append(&mut tx.into_changes());
        }
        keep
    }

    /// Copies the log into the database, so that a stopped server leaves one whole file.
    fn checkpoint(&self) {
        let Some(connection) = &self.connection else { return };
        if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        {
            tracing::warn!(%error, "the write-ahead log stays beside the database; it is read at the next start");
        }
    }
}

/// The first closure that is kept owns the transaction and needs no savepoint: as long as it is
/// alone, rolling back all of it is rolling back its own.
fn begin(connection: &Connection, kept: usize) -> rusqlite::Result<()> {
    if kept > 0 {
        return run(connection, "SAVEPOINT member");
    }
    if connection.is_autocommit() { run(connection, "BEGIN IMMEDIATE") } else { Ok(()) }
}

/// Keeps or undoes what one closure did. An error means that the others' work is lost too.
fn end(connection: &Connection, kept: usize, keep: bool) -> rusqlite::Result<()> {
    if connection.is_autocommit() {
        // SQLite rolls the whole transaction back by itself on some I/O errors.
        return if kept == 0 && !keep { Ok(()) } else { Err(lost()) };
    }
    match (kept, keep) {
        (0, true) => Ok(()),
        (0, false) => run(connection, "ROLLBACK"),
        (_, true) => run(connection, "RELEASE member"),
        (_, false) => {
            run(connection, "ROLLBACK TO member")?;
            run(connection, "RELEASE member")
        }
    }
}

fn lost() -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK);
    rusqlite::Error::SqliteFailure(code, Some("the transaction was rolled back".to_owned()))
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
