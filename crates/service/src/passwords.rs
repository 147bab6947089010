//! Password hashing, kept from starving everything else.
//!
//! One argon2id at a time per core takes about 10 ms and 19 MiB. The work runs on threads of its own
//! in the idle scheduling class behind a bounded queue: a flood of sign-ins waits or is turned away,
//! while requests with keys go on. Who left the queue costs nothing more, and the operator has a queue
//! of their own, which goes first.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, PasswordHasher, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use bloom_domain::passwords::Password;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::{Error, background};

/// How many sign-ins may wait: about a third of a second of work on two cores.
const QUEUE: usize = 64;
/// How many passwords of the operator may wait.
const OPERATOR_QUEUE: usize = 8;
/// What the turned-away are told.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Compared with when no account has the address, so that both answers take as long. A digest of
/// zeros, which no password is known to have.
pub(crate) const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What argon2 works in. Kept from one sign-in to the next while others wait: getting it from the
/// kernel anew means five thousand page faults, which hold up requests whatever the priority is.
type Memory = Vec<Block>;

/// The threads that hash passwords.
pub(crate) struct PasswordWorkers {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    operator: VecDeque<Box<dyn Job>>,
    anybody: VecDeque<Box<dyn Job>>,
    is_closed: bool,
}

/// For whom a password is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// At the command line: goes first, and has room when the web has none left.
    Operator,
    /// Over the web.
    Anybody,
}

/// Work that waits, whatever it answers.
trait Job: Send {
    /// Whether somebody still waits for the answer.
    fn is_wanted(&self) -> bool;

    fn run(self: Box<Self>, memory: &mut Memory);
}

struct Pending<T, F> {
    work: F,
    answer: oneshot::Sender<T>,
}

impl<T: Send, F: FnOnce(&mut Memory) -> T + Send> Job for Pending<T, F> {
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn run(self: Box<Self>, memory: &mut Memory) {
        // Who stopped waiting gets no answer; there is nothing to undo.
        let _ = self.answer.send((self.work)(memory));
    }
}

impl PasswordWorkers {
    pub(crate) fn start() -> Self {
        let queue = Arc::new(Queue::default());
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..cores)
            .filter_map(|_| {
                let queue = queue.clone();
                thread::Builder::new().name("password".to_owned()).spawn(move || queue.work()).ok()
            })
            .collect();
        Self { queue, threads }
    }

    /// The PHC string to store for a new password.
    pub(crate) async fn hash(
        &self,
        caller: Caller,
        password: Password,
        salt: [u8; 16],
    ) -> Result<String, Error> {
        self.run(caller, move |_| {
            let hash: Result<PasswordHash, _> =
                Argon2::default().hash_password_with_salt(password.expose().as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|error| Error::Internal(error.to_string()))
        })
        .await?
    }

    /// Whether a password fits a stored hash. Without a stored hash the answer is no, and takes as
    /// long.
    pub(crate) async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<bool, Error> {
        self.run(Caller::Anybody, move |memory| {
            let hash = stored.as_deref().unwrap_or(NOBODY);
            let fits = fits(&password, hash, memory).map_err(Error::Internal)?;
            Ok(fits && stored.is_some())
        })
        .await?
    }

    /// Whether one more password may wait over the web: asked before anything is done for its sake. The
    /// room may be gone a moment later, so the queue itself has the last word.
    pub(crate) fn has_room(&self) -> bool {
        self.queue.state.lock().has_room(Caller::Anybody)
    }

    /// Whether passwords wait to be hashed over the web, so that others will be done soon.
    pub(crate) fn others_wait(&self) -> bool {
        !self.queue.state.lock().anybody.is_empty()
    }

    async fn run<T: Send + 'static>(
        &self,
        caller: Caller,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.queue.push(caller, Box::new(Pending { work, answer }))?;
        answered.await.map_err(|_| Error::Internal("a password thread ended early".to_owned()))
    }
}

impl Queue {
    fn push(&self, caller: Caller, job: Box<dyn Job>) -> Result<(), Error> {
        let mut state = self.state.lock();
        if !state.has_room(caller) {
            return Err(Error::Busy { retry_after: RETRY_AFTER });
        }
        state.of(caller).push_back(job);
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    fn work(&self) {
        background::step_back();
        let mut memory = Memory::new();
        while let Some(job) = self.next(&mut memory) {
            job.run(&mut memory);
        }
    }

    fn next(&self, memory: &mut Memory) -> Option<Box<dyn Job>> {
        let mut state = self.state.lock();
        loop {
            while let Some(job) = state.pop() {
                if job.is_wanted() {
                    return Some(job);
                }
            }
            if state.is_closed {
                return None;
            }
            // Nobody waits, so the memory is better used elsewhere.
            *memory = Memory::new();
            self.arrived.wait(&mut state);
        }
    }
}

impl State {
    fn of(&mut self, caller: Caller) -> &mut VecDeque<Box<dyn Job>> {
        match caller {
            Caller::Operator => &mut self.operator,
            Caller::Anybody => &mut self.anybody,
        }
    }

    /// Whether one more may wait, if need be in the place of who left.
    fn has_room(&mut self, caller: Caller) -> bool {
        let room = match caller {
            Caller::Operator => OPERATOR_QUEUE,
            Caller::Anybody => QUEUE,
        };
        let waiting = self.of(caller);
        if waiting.len() >= room {
            waiting.retain(|job| job.is_wanted());
        }
        waiting.len() < room && !self.is_closed
    }

    fn pop(&mut self) -> Option<Box<dyn Job>> {
        self.operator.pop_front().or_else(|| self.anybody.pop_front())
    }
}

/// Whether a password fits a PHC string, whatever its costs are.
fn fits(password: &Password, hash: &str, memory: &mut Memory) -> Result<bool, String> {
    let hash = PasswordHash::new(hash).map_err(|error| error.to_string())?;
    let params = Params::try_from(&hash).map_err(|error| error.to_string())?;
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
        return Err("a stored password hash lacks salt or output".to_owned());
    };
    memory.resize(params.block_count(), Block::new());
    let mut output = vec![0; expected.len()];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.expose().as_bytes(), salt, &mut output, memory)
        .map_err(|error| error.to_string())?;
    Ok(verify_slices_are_equal(&output, expected.as_bytes()).is_ok())
}

impl Drop for PasswordWorkers {
    fn drop(&mut self) {
        self.queue.state.lock().is_closed = true;
        self.queue.arrived.notify_all();
        for thread in self.threads.drain(..) {
            // A panic in there has been answered already as an ended thread.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let workers = PasswordWorkers::start();
        let hash = workers.hash(Caller::Anybody, password("correct horse"), [1; 16]).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(workers.verify(password("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!workers.verify(password("correct house"), Some(hash.clone())).await.unwrap());
        // Memory that has been used before changes nothing, however many use it in turn.
        let again = (0..8).map(|_| workers.verify(password("correct horse"), Some(hash.clone())));
        assert_eq!(futures_join(again).await, vec![Ok(true); 8]);
        assert!(!workers.verify(password("correct horse"), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_full_queue_turns_away_and_recovers() {
        let workers = PasswordWorkers::start();
        let attempts = (0..QUEUE * 4).map(|_| workers.verify(password("staples8"), None));
        let answers = futures_join(attempts).await;
        let busy = answers.iter().filter(|a| matches!(a, Err(Error::Busy { .. }))).count();
        assert!(busy > 0 && busy < answers.len(), "{busy} of {} were turned away", answers.len());
        assert_eq!(workers.verify(password("staples8"), None).await, Ok(false));
    }

    /// Without threads, so that what waits goes on waiting.
    #[tokio::test]
    async fn who_left_makes_room_and_the_operator_has_their_own() {
        let workers = PasswordWorkers { queue: Arc::default(), threads: Vec::new() };
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting: Vec<_> =
            (0..QUEUE).map(|_| Box::pin(workers.verify(password("staples8"), None))).collect();
        for attempt in &mut waiting {
            assert!(attempt.as_mut().poll(&mut context).is_pending());
        }
        assert!(!workers.has_room());
        assert!(matches!(
            workers.verify(password("staples8"), None).await,
            Err(Error::Busy { .. })
        ));
        let mut operators =
            Box::pin(workers.hash(Caller::Operator, password("correct horse"), [1; 16]));
        assert!(operators.as_mut().poll(&mut context).is_pending());
        drop(waiting);
        assert!(workers.has_room());
        let mut late = Box::pin(workers.verify(password("staples8"), None));
        assert!(late.as_mut().poll(&mut context).is_pending());
        assert!(workers.others_wait());
        // The operator first, then who came late: nobody else is left.
        let mut memory = Memory::new();
        workers.queue.next(&mut memory).unwrap().run(&mut memory);
        assert!(operators.await.is_ok());
        workers.queue.next(&mut memory).unwrap().run(&mut memory);
        assert!(!workers.others_wait());
        assert_eq!(late.await, Ok(false));
        assert!(workers.queue.state.lock().pop().is_none());
    }

    async fn futures_join<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
        let mut futures: Vec<_> = futures.map(Box::pin).collect();
        let mut outputs = Vec::new();
        std::future::poll_fn(|context| {
            futures.retain_mut(|future| match future.as_mut().poll(context) {
                std::task::Poll::Ready(output) => {
                    outputs.push(output);
                    false
                }
                std::task::Poll::Pending => true,
            });
            if futures.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        outputs
    }
}
