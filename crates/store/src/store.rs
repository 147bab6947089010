//! The store as the service layer sees it.

use std::path::Path;
use std::sync::Arc;

use bloom_domain::time::Timestamp;
use tokio::sync::oneshot;

use crate::changes::Change;
use crate::database::Database;
use crate::error::{Error, OpenError};
use crate::job::{self, Job, Pace, Patience};
use crate::postgresql::{Postgres, Request};
use crate::queue::Refused;
use crate::shared::Shared;
use crate::sqlite::Sqlite;
use crate::statement::statements;
use crate::tx::{Reach, Tx};

statements! {
    /// Asks for nothing: whether the database answers.
    PING = "SELECT CAST(1 AS BIGINT)";
}

/// An open database. Clones are the same store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    shared: Arc<Shared>,
}

enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

type Answer<T> = oneshot::Receiver<Result<T, Error>>;

impl Store {
    /// Connects and brings the schema up to date. `now` stamps the history of migrations.
    ///
    /// Blocks, so it belongs before the server starts. The error is one line for the operator.
    pub fn open(database: &Database, now: Timestamp) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared::default());
        let engine = match database {
            Database::Sqlite { path } => Engine::Sqlite(Sqlite::open(path, now, &shared)?),
            Database::Postgres { url } => Engine::Postgres(Postgres::open(url, now, &shared)?),
        };
        Ok(Self { inner: Arc::new(Inner { engine, shared }) })
    }

    /// Runs a closure that only reads.
    ///
    /// On SQLite it runs inline, on the calling thread: a point read costs less than waking another
    /// thread. So scans belong on a blocking thread, with [`Store::read_blocking`]. On PostgreSQL
    /// it runs on the pool.
    ///
    /// There is no transaction around it on either database: each statement sees what was committed
    /// when it began, and two statements may see different states. That is what a point read needs,
    /// and on PostgreSQL it saves two of three round trips. What must agree belongs in one
    /// statement, or in a [`Store::write`].
    pub async fn read<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    {
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => sqlite.read(work),
            Engine::Postgres(_) => received(self.submit(Reach::Read, Pace::Prompt, work)?.await),
        }
    }

    /// Runs a closure in a transaction, and answers once it is on disk.
    ///
    /// `Ok` commits, `Err` and a panic roll back. The closure runs even when the caller stops
    /// waiting: from the first poll of this future on, dropping it only drops the answer.
    ///
    /// [`Error::Unavailable`] means that nothing was written, with one exception: when the
    /// connection to PostgreSQL breaks during the COMMIT, whether it was is not known.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    {
        received(self.submit(Reach::Write, Pace::Prompt, work)?.await)
    }

    /// [`Store::write`] for one that can wait a little to share its COMMIT. On SQLite it is run as
    /// [`Patience`] says, so at once when nobody wrote lately, or as soon as another write takes it
    /// along, or enough others wait. All that [`Store::write`] promises holds: the answer comes once
    /// it is on disk.
    ///
    /// A durable COMMIT costs the same for one write and for many, and on a busy core requests wait
    /// meanwhile. PostgreSQL, whose COMMIT is another machine's work, writes at once.
    pub async fn write_patiently<T, F>(&self, patience: Patience, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    {
        received(self.submit(Reach::Write, Pace::Patient(patience), work)?.await)
    }

    /// [`Store::read`] for threads that may block: the command line, scans. Never call it from
    /// asynchronous code.
    pub fn read_blocking<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    {
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => sqlite.read(work),
            Engine::Postgres(_) => {
                received(self.submit(Reach::Read, Pace::Prompt, work)?.blocking_recv())
            }
        }
    }

    /// [`Store::write`] for threads that may block. Never call it from asynchronous code.
    pub fn write_blocking<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    {
        received(self.submit(Reach::Write, Pace::Prompt, work)?.blocking_recv())
    }

    /// Calls `listener` for every committed [`Change`]: for one of this node after its COMMIT and
    /// before its caller is answered, so that a revocation holds when the call returns; for one of
    /// another node as soon as it is heard. It runs on the thread that commits, so it must be quick
    /// and must not call the store. Meant to be called once, at wiring.
    pub fn on_change(&self, listener: impl Fn(&Change) + Send + Sync + 'static) {
        self.inner.shared.listen(Arc::new(listener));
    }

    /// Whether the changes of every other writer arrive. While it is false, nothing cached may be
    /// believed: another node may have revoked it. Cheap enough to ask on each request.
    ///
    /// It turns false within a second of the last moment for which the server vouched. SQLite has
    /// no other writers, so there it is always true.
    #[must_use]
    pub fn hears_other_writers(&self) -> bool {
        match &self.inner.engine {
            Engine::Sqlite(_) => true,
            Engine::Postgres(postgres) => postgres.hears_other_writers(),
        }
    }

    /// Whether no other process writes into this database, as with SQLite.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        matches!(self.inner.engine, Engine::Sqlite(_))
    }

    /// Statements run since the store was opened, so that a test can show that a warm key costs
    /// none.
    #[must_use]
    pub fn statements_executed(&self) -> u64 {
        self.inner.shared.counters.statements()
    }

    /// COMMITs since the store was opened. On SQLite many writes share one.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.inner.shared.counters.commits()
    }

    /// Whether the database answers: on SQLite the writer begins a transaction, on PostgreSQL the
    /// server answers a question. Cheap; for `/healthz`.
    pub async fn check(&self) -> Result<(), Error> {
        let ping = |tx: &mut Tx<'_>| tx.query_opt(&PING, &[]).map(drop);
        match &self.inner.engine {
            Engine::Sqlite(_) => self.write(ping).await,
            Engine::Postgres(_) => self.read(ping).await,
        }
    }

    /// Writes a verified copy of an SQLite database to `target`, which must not exist, while the
    /// store is in use. Blocks for as long as the copying takes.
    pub fn backup_to(&self, target: &Path) -> Result<(), Error> {
        match &self.inner.engine {
            Engine::Sqlite(sqlite) => sqlite.backup_to(target),
            Engine::Postgres(_) => {
                Err(Error::Unsupported("a PostgreSQL database is backed up with pg_dump"))
            }
        }
    }

    /// Ends the store for every clone: what waits is still served, what comes later is refused, and
    /// every connection is closed. Blocks until that is done. Dropping the last clone does the same.
    pub fn close(self) {
        self.inner.close();
    }

    fn submit<T, F>(&self, reach: Reach, pace: Pace, work: F) -> Result<Answer<T>, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    {
        let (job, answer) = job::pending(work);
        match self.inner.push(reach, pace, job) {
            Ok(()) => Ok(answer),
            Err(Refused::Closed) => Err(Error::closed()),
            Err(Refused::Full) => Err(Error::Unavailable("too much work waits".to_owned())),
        }
    }
}

fn received<T>(answer: Result<Result<T, Error>, oneshot::error::RecvError>) -> Result<T, Error> {
    answer.unwrap_or_else(|_| Err(Error::closed()))
}

impl Inner {
    fn push(&self, reach: Reach, pace: Pace, job: Box<dyn Job>) -> Result<(), Refused> {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.push(job, pace),
            Engine::Postgres(postgres) => postgres.push(Request { job, reach }),
        }
    }

    fn close(&self) {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.close(),
            Engine::Postgres(postgres) => postgres.close(),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}
