//! A closure on its way to the thread that runs it, and its answer on the way back.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::Error;
use crate::tx::Tx;

/// A queued closure, whatever it answers.
pub(crate) trait Job: Send {
    /// Runs the closure once. True when what it did should be kept.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;

    /// Answers the caller: with what the closure returned, or, when its transaction was lost, with
    /// the reason.
    fn answer(self: Box<Self>, lost: Option<&Error>);
}

/// How much a closure is in a hurry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As soon as there is somebody to run it.
    Prompt,
    /// It may wait for others, to share a COMMIT.
    Patient(Patience),
}

/// How long a closure may wait for others to share its COMMIT with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// At the longest until so long after the COMMIT before.
    pub longest: Duration,
    /// No longer than this after the last of the others came.
    pub quiet: Duration,
}

struct Pending<T, F> {
    work: Option<F>,
    outcome: Result<T, Error>,
    caller: oneshot::Sender<Result<T, Error>>,
}

/// Makes a job of a closure, and the place where its answer will arrive.
pub(crate) fn pending<T, F>(work: F) -> (Box<dyn Job>, oneshot::Receiver<Result<T, Error>>)
where
    T: Send + 'static,
    F: FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
{
    let (caller, answer) = oneshot::channel();
    let outcome = Err(Error::Internal("the closure was never run".to_owned()));
    (Box::new(Pending { work: Some(work), outcome, caller }), answer)
}

impl<T, F> Job for Pending<T, F>
where
    T: Send,
    F: FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        if let Some(work) = self.work.take() {
            self.outcome = call(work, tx);
        }
        self.outcome.is_ok() && !tx.is_abandoned()
    }

    fn answer(self: Box<Self>, lost: Option<&Error>) {
        let answer = lost.map_or(self.outcome, |cause| Err(cause.clone()));
        // A caller that has gone does not wait for an answer; its work was done all the same.
        drop(self.caller.send(answer));
    }
}

/// Calls the closure, and writes what it recorded if it is kept. A panic, and a failed statement whose error the closure swallowed, are errors.
pub(crate) fn call<T>(
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>,
    tx: &mut Tx<'_>,
) -> Result<T, Error> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let answer = work(&mut *tx)?;
        tx.append_records()?;
        Ok(answer)
    }));
    let outcome = outcome.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
    match tx.failure() {
        Some(failure) if outcome.is_ok() => Err(failure.clone()),
        _ => outcome,
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Error::Internal(format!("a transaction panicked: {}", text.unwrap_or("no message")))
}
