//! The embedded database: one writer thread, and readers that run where they are called.

mod backup;
pub(crate) mod connection;
pub(crate) mod failure;
mod readers;
pub(crate) mod statements;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use bloom_domain::time::Timestamp;
use parking_lot::Mutex;

use crate::error::{Error, OpenError};
use crate::job::{self, Job, Pace};
use crate::queue::{Queue, Refused};
use crate::shared::Shared;
use crate::tx::{Connection, Reach, Tx};
use readers::Readers;
use writer::Writer;

/// How many closures may wait for the writer. At 15,000 a second, a quarter of a second of work.
const QUEUE: usize = 4096;

/// An open SQLite database.
pub(crate) struct Sqlite {
    path: PathBuf,
    queue: Arc<Queue<Box<dyn Job>>>,
    readers: Readers,
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Sqlite {
    pub(crate) fn open(
        path: &Path,
        now: Timestamp,
        shared: &Arc<Shared>,
    ) -> Result<Self, OpenError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        connection::create(&path)?;
        connection::migrate(&path, now)?;
        let first =
            connection::writer(&path).map_err(|error| connection::refused(&path, &error))?;
        let queue = Arc::new(Queue::new(QUEUE));
        let writer = Writer::new(path.clone(), first, Arc::clone(&queue), Arc::clone(shared));
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| OpenError::new(format!("cannot start a thread: {error}")))?;
        let readers = Readers::new(path.clone());
        let (shared, writer) = (Arc::clone(shared), Mutex::new(Some(thread)));
        Ok(Self { path, queue, readers, shared, writer })
    }

    /// Hands a closure to the writer.
    pub(crate) fn push(&self, job: Box<dyn Job>, pace: Pace) -> Result<(), Refused> {
        self.queue.push(job, pace)
    }

    /// Runs the closure here and now, on a connection that nobody else uses meanwhile.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let connection = self.readers.take()?;
        let lent = Connection::Sqlite(&connection);
        let outcome = job::call(work, &mut Tx::new(lent, Reach::Read, &self.shared.counters));
        self.readers.put_back(connection);
        outcome
    }

    pub(crate) fn backup_to(&self, target: &Path) -> Result<(), Error> {
        backup::write(&self.path, target)
    }

    /// Serves what waits, copies the write-ahead log into the database, and closes every file.
    pub(crate) fn close(&self) {
        self.queue.close();
        self.readers.close();
        if let Some(thread) = self.writer.lock().take()
            // The last clone of a store may be dropped by a closure, on the writer itself.
            && thread.thread().id() != std::thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the writer thread had panicked");
        }
    }
}
