//! The threads that each own a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use super::connect::Connector;
use super::failure::meaning;
use super::{Request, Session};
use crate::error::{Error, OpenError};
use crate::queue::Queue;
use crate::shared::Shared;
use crate::tx::{Connection, Reach, Tx};

/// Connections per node. PostgreSQL allows 100 by default, so ten nodes fit.
const THREADS: usize = 8;

/// How many closures may wait for a connection.
const QUEUE: usize = 4096;

/// The pause after a connection failed; it doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Pool {
    queue: Arc<Queue<Request>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Worker {
    connector: Arc<Connector>,
    session: Option<Session>,
    origin: Arc<str>,
    queue: Arc<Queue<Request>>,
    shared: Arc<Shared>,
    connected: Arc<AtomicUsize>,
    pause: Duration,
}

impl Pool {
    pub(super) fn start(
        connector: &Arc<Connector>,
        origin: &Arc<str>,
        shared: &Arc<Shared>,
    ) -> Result<Self, OpenError> {
        let queue = Arc::new(Queue::new(QUEUE));
        let connected = Arc::new(AtomicUsize::new(0));
        let pool = Self { queue: Arc::clone(&queue), threads: Mutex::default() };
        for number in 0..THREADS {
            let worker = Worker {
                connector: Arc::clone(connector),
                session: None,
                origin: Arc::clone(origin),
                queue: Arc::clone(&queue),
                shared: Arc::clone(shared),
                connected: Arc::clone(&connected),
                pause: FIRST_PAUSE,
            };
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
            // The last clone of a store may be dropped by a closure, on a thread of the pool.
            if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
                tracing::error!("a thread of the pool had panicked");
            }
        }
    }
}

impl Worker {
    fn run(mut self) {
        while let Some(request) = self.queue.pop() {
            match self.serve(request) {
                Ok(()) => self.pause = FIRST_PAUSE,
                Err(cause) => self.rest(&cause),
            }
        }
    }

    /// Runs one closure and answers it. An error means that there is no connection.
    fn serve(&mut self, mut request: Request) -> Result<(), Error> {
        let reach = request.reach;
        let mut session = match self.ready(reach) {
            Ok(session) => session,
            Err(cause) => {
                request.job.answer(Some(&cause));
                return Err(cause);
            }
        };
        let lent = Connection::Postgres(&mut session);
        let mut tx = Tx::new(lent, reach, &self.shared.counters);
        let keep = request.job.run(&mut tx);
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
        request.job.answer(ended.as_ref().err().filter(|_| keep));
        if ended.is_ok() && !session.is_closed() {
            self.keep(session);
        }
        Ok(())
    }

    /// A connection that answers, in a transaction when one is asked for. The closure has not run
    /// yet, so a connection that turns out to be broken is replaced once.
    fn ready(&mut self, reach: Reach) -> Result<Session, Error> {
        if let Some(mut session) = self.take()
            && session.answers()
            && (reach == Reach::Read || session.begin().is_ok())
        {
            return Ok(session);
        }
        let client = self.connector.connect_for_work().map_err(|error| {
            let place = self.connector.place();
            Error::Unavailable(format!("{place}: {}", meaning(&error)))
        })?;
        let mut session = Session::new(client);
        if reach == Reach::Write {
            session.begin()?;
        }
        Ok(session)
    }

    fn take(&mut self) -> Option<Session> {
        let session = self.session.take()?;
        self.connected.fetch_sub(1, Ordering::Relaxed);
        Some(session)
    }

    fn keep(&mut self, session: Session) {
        self.connected.fetch_add(1, Ordering::Relaxed);
        self.session = Some(session);
    }

    /// Without a connection this thread takes nothing from the queue for a while, so that it does
    /// not fail what the others could serve. When none has a connection, nobody waits in vain.
    fn rest(&mut self, cause: &Error) {
        tracing::warn!(%cause, "no connection");
        if self.connected.load(Ordering::Relaxed) == 0 {
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
