//! Turns for work that comes in waves, such as the answers of those who shared a COMMIT.
//!
//! What is ready at the same instant is worked on in one go, and everybody else waits meanwhile. In
//! turns, the runtime looks for other requests between one and the next.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Service;

pub(crate) struct Turns(Semaphore);

/// A turn, until it is dropped.
pub struct Turn<'a> {
    _permit: Option<SemaphorePermit<'a>>,
}

impl Turns {
    /// As many at a time as there are cores.
    pub(crate) fn new() -> Self {
        Self(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)))
    }

    pub(crate) async fn take(&self) -> Turn<'_> {
        // Only a closed semaphore gives none, and this one is never closed.
        let permit = self.0.acquire().await.ok();
        // The runtime looks for other requests before it comes back here. Whoever else is ready waits
        // for the turn meanwhile, and so is not ahead of them.
        tokio::task::yield_now().await;
        Turn { _permit: permit }
    }
}

/// A turn for a sign-in: people who were answered together come back together. It is not for the time
/// in which the password waits.
pub async fn anonymous_sign_in_turn(service: &Service) -> Turn<'_> {
    service.sign_in_turns.take().await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn others_go_between_two_turns() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let turns = Arc::new(Turns(Semaphore::new(1)));
            let taken = Arc::new(AtomicUsize::new(0));
            let tasks: Vec<_> = (0..10)
                .map(|_| {
                    let (turns, taken) = (turns.clone(), taken.clone());
                    tokio::spawn(async move {
                        let _turn = turns.take().await;
                        taken.fetch_add(1, Ordering::Relaxed);
                    })
                })
                .collect();
            // Each time somebody else runs, at most one more has had a turn.
            let mut before = 0;
            while before < tasks.len() {
                tokio::task::yield_now().await;
                let now = taken.load(Ordering::Relaxed);
                assert!(now <= before + 1, "{before} and then {now}");
                before = now;
            }
            for task in tasks {
                task.await.unwrap();
            }
        });
    }
}
