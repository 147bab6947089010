//! Jobs: asked for in the transaction of what needs them, done afterwards, by whichever node has time.
//!
//! 1. A verb writes a job of a `Kind` with `JobDraft`, in the transaction that also holds the credits for
//!    it and answers its request: either all of it is there or none.
//! 2. After the COMMIT the [`worker`] of some node takes it, for a lease that it renews while it works.
//! 3. Whoever does it ends it with `Job::end` in the transaction that writes what it came to. An attempt
//!    that has lost its lease finds out there, and writes nothing.
//! 4. What fails is tried again, and given up after a few times. Each kind says what giving up means: the
//!    person is told, and what was held for it goes back.
//!
//! So a job is done at least once, and what it comes to is written exactly once.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bloom_domain::ids::JobId;
use bloom_store::{self as store, Change, Tx};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::jobs::{NewJob, StoredJob};
use tokio::sync::Notify;

use crate::{Error, Service};

mod kinds;
pub mod worker;

/// A kind of job, and who does it. To add one, write a `static` of it in the file of its concept, and add it to
/// `jobs/kinds.rs`.
pub(crate) struct Kind {
    /// Its name in the database; never changed, since there may be jobs of it.
    pub(crate) name: &'static str,
    /// How many of it a node does at the same time.
    pub(crate) at_once: fn() -> usize,
    /// Does one, and ends it. It may be stopped at any point where it waits, and be done again, by another
    /// node as well.
    pub(crate) run: for<'a> fn(&'a Arc<Service>, &'a Job) -> Attempt<'a>,
    /// Ends one that will not be done.
    pub(crate) give_up: for<'a> fn(&'a Arc<Service>, &'a Job) -> Attempt<'a>,
}

/// What an attempt comes to in its time. `Ok` means that the job is ended, by this attempt or another.
pub(crate) type Attempt<'a> = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send + 'a>>;

/// Why a job was not done. Holds the cause, for the log.
#[derive(Debug)]
pub(crate) enum JobError {
    /// It may be done later.
    ForNow(String),
    /// It may be done later, and not sooner than so long from now: somebody said so.
    NotBefore(Duration, String),
    /// It will never be done.
    ForGood(String),
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ForNow(cause) | Self::NotBefore(_, cause) | Self::ForGood(cause) => {
                f.write_str(cause)
            }
        }
    }
}

impl From<Error> for JobError {
    fn from(error: Error) -> Self {
        Self::ForNow(error.to_string())
    }
}

impl From<store::Error> for JobError {
    fn from(error: store::Error) -> Self {
        Self::ForNow(error.to_string())
    }
}

/// A job that this node has taken.
#[derive(Debug, Clone)]
pub(crate) struct Job(StoredJob);

impl Job {
    /// Its name in the world.
    pub(crate) fn id(&self) -> JobId {
        self.0.id
    }

    /// How often it was taken, this time included.
    pub(crate) fn attempts(&self) -> i64 {
        self.0.attempts
    }

    /// What it is about, if there is one about that at a time.
    pub(crate) fn about(&self) -> Option<&str> {
        self.0.dedupe.as_deref()
    }

    /// What there is to do.
    pub(crate) fn payload<T: DeserializeOwned>(&self) -> Result<T, JobError> {
        serde_json::from_str(&self.0.payload)
            .map_err(|error| JobError::ForGood(format!("its payload does not fit: {error}")))
    }

    /// Ends it, in the transaction that writes what it came to. `false` when it is not this attempt's any
    /// more: then nothing else may be written.
    #[must_use = "who has lost the job writes nothing"]
    pub(crate) fn end(&self, tx: &mut Tx<'_>) -> Result<bool, store::Error> {
        store::jobs::delete(tx, self.0.id, self.0.attempts)
    }

    /// Ends it where nothing else is to be written.
    pub(crate) async fn leave(&self, service: &Service) -> Result<(), JobError> {
        let job = self.clone();
        service.store.write(move |tx| job.end(tx)).await?;
        Ok(())
    }
}

/// A job, ready to be written.
pub(crate) struct JobDraft(NewJob);

impl JobDraft {
    /// A job of a kind. While there is one about the same thing, no second one is written.
    pub(crate) fn new(
        service: &Service,
        kind: &'static Kind,
        about: Option<String>,
        payload: &impl Serialize,
    ) -> Result<Self, Error> {
        let now = service.now();
        let payload =
            serde_json::to_string(payload).map_err(|error| Error::Internal(error.to_string()))?;
        let id = JobId::new(now, &service.entropy.draw()?);
        Ok(Self(NewJob { id, kind: kind.name, dedupe: about, payload, at: now }))
    }

    /// Writes it in the transaction of what needs it; `false` when there is one about the same already.
    pub(crate) fn run(&self, tx: &mut Tx<'_>) -> Result<bool, store::Error> {
        let is_new = store::jobs::insert(tx, &self.0)?;
        if is_new {
            tx.changed(Change::Job);
        }
        Ok(is_new)
    }
}

/// What a service keeps of its jobs: a bell for each kind, rung when a job was written, by this node or
/// another.
pub(crate) struct Bells(Arc<[Notify]>);

impl Bells {
    pub(crate) fn new() -> Self {
        Self(kinds::ALL.iter().map(|_| Notify::new()).collect())
    }

    /// What to call after each COMMIT.
    pub(crate) fn ring(&self) -> impl Fn(&Change) + Send + Sync + 'static {
        let bells = self.0.clone();
        move |change| {
            // After a time of not hearing the others there may be a job of theirs.
            if matches!(change, Change::Job | Change::Everything) {
                bells.iter().for_each(Notify::notify_one);
            }
        }
    }
}
