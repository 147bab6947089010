//! The threads that run closures on connections.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use super::connect::Connector;
use super::hang_up::join;
use super::sessions::Sessions;
use super::{Request, Session};
use crate::error::{Error, OpenError};
use crate::job::Job;
use crate::queue::Queue;
use crate::shared::Shared;
use crate::tx::{Connection, Reach, Tx};

/// Threads, and so connections at most, per node. PostgreSQL allows 100 connections by default, so
/// ten nodes fit.
const THREADS: usize = 8;

/// How many closures may wait for a connection.
const QUEUE: usize = 4096;

/// How long the end of the store waits for what is under way, when the server does not answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The pause after a connection failed; it doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Pool {
    queue: Arc<Queue<Request>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What each thread of the pool has.
#[derive(Clone)]
struct Worker {
    connector: Arc<Connector>,
    sessions: Arc<Sessions>,
    origin: Arc<str>,
    queue: Arc<Queue<Request>>,
    shared: Arc<Shared>,
    pause: Duration,
}

impl Pool {
    pub(super) fn start(
        connector: &Arc<Connector>,
        origin: &Arc<str>,
        shared: &Arc<Shared>,
    ) -> Result<Self, OpenError> {
        let queue = Arc::new(Queue::new(QUEUE));
        let worker = Worker {
            connector: Arc::clone(connector),
            sessions: Arc::new(Sessions::new()),
            origin: Arc::clone(origin),
            queue: Arc::clone(&queue),
            shared: Arc::clone(shared),
            pause: FIRST_PAUSE,
        };
        let pool = Self { queue, threads: Mutex::default() };
        for number in 0..THREADS {
            let worker = worker.clone();
            let thread = std::thread::Builder::new()
                .name(format!("store-pg-{number}"))
                .spawn(move || worker.run())
                .map_err(|error| OpenError::new(format!("cannot start a thread: {error}")))?;
            pool.threads.lock().push(thread);
        }
        Ok(pool)
    }

    pub(super) fn queue(&self) -> &Queue<Request> {
        &self.queue
    }

    pub(super) fn close(&self) {
        self.queue.close();
        for thread in std::mem::take(&mut *self.threads.lock()) {
            join(thread, PATIENCE);
        }
    }
}

impl Worker {
    fn run(mut self) {
        while let Some(Request { job, reach }) = self.queue.pop() {
            match self.sessions.ready(&self.connector, reach) {
                Ok(mut session) => {
                    self.pause = FIRST_PAUSE;
                    if self.serve(&mut session, reach, job) {
                        self.sessions.put_back(session);
                    } else {
                        self.sessions.lost(session);
                    }
                }
                Err(cause) => {
                    job.answer(Some(&cause));
                    self.rest(&cause);
                }
            }
        }
        self.sessions.close();
    }

    /// Runs one closure and answers it. False when the connection is of no more use.
    fn serve(&self, session: &mut Session, reach: Reach, mut job: Box<dyn Job>) -> bool {
        let lent = Connection::Postgres(session);
        let mut tx = Tx::new(lent, reach, &self.shared.counters);
        let keep = job.run(&mut tx);
        let changes = tx.into_changes();
        let ended = match (reach, keep) {
            (Reach::Read, _) => Ok(()),
            (Reach::Write, true) => {
                self.shared.counters.commit();
                let committed = session.commit(&self.origin, &changes);
                // Also when the COMMIT failed: if the connection broke, the server may have
                // committed, and forgetting too much is the safe side.
                self.shared.deliver(&changes);
                committed
            }
            (Reach::Write, false) => session.rollback(),
        };
        // A closure that failed has its own answer; losing its ROLLBACK changes nothing about it.
        job.answer(ended.as_ref().err().filter(|_| keep));
        ended.is_ok() && !session.is_closed()
    }

    /// Without a connection this thread takes nothing from the queue for a while, so that it does
    /// not fail what the others could serve. When none has a connection, nobody waits in vain.
    fn rest(&mut self, cause: &Error) {
        tracing::warn!(%cause, "no connection");
        if self.sessions.none_alive() {
            while let Some(request) = self.queue.try_pop() {
                request.job.answer(Some(cause));
            }
        }
        if !self.queue.is_closed() {
            std::thread::sleep(self.pause);
            self.pause = (self.pause * 2).min(LAST_PAUSE);
        }
    }
}
