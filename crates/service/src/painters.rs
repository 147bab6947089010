//! Where pixels are worked on: threads of their own, so few that memory is bounded, in the idle scheduling class,
//! so that requests go on while every one of them draws.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use bloom_studio::Typesetter;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::background;

/// As many as there are at most, however many cores there are: each may need 250 MiB.
const MOST: usize = 4;

/// Work on pixels panicked: a defect, and whoever asked goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Broken;

/// The threads.
pub(crate) struct Painters {
    queue: Arc<Queue>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Work>,
    is_closed: bool,
}

type Work = Box<dyn FnOnce(&mut Typesetter) + Send>;

/// How many pictures are worked on at once.
pub(crate) fn count() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(MOST)
}

impl Painters {
    /// None at first: they come with the first work.
    pub(crate) fn new() -> Self {
        Self { queue: Arc::default(), threads: Mutex::default() }
    }

    /// Does something with pixels, as soon as a thread is free. It is done even when nobody waits for it any more
    /// once it has begun.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Typesetter) -> T + Send + 'static,
    ) -> Result<T, Broken> {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |setter| {
            if !answer.is_closed() {
                // Who stopped waiting gets no answer; there is nothing to undo.
                let _ = answer.send(work(setter));
            }
        });
        self.staff();
        self.queue.state.lock().waiting.push_back(work);
        self.queue.arrived.notify_one();
        answered.await.map_err(|_| Broken)
    }

    fn staff(&self) {
        let mut threads = self.threads.lock();
        while threads.len() < count() {
            let queue = self.queue.clone();
            let thread = thread::Builder::new().name("painter".to_owned());
            match thread.spawn(move || queue.serve()) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    tracing::warn!(%error, "there is one thread less for pictures");
                    break;
                }
            }
        }
    }
}

impl Queue {
    fn serve(&self) {
        background::step_back();
        // Its fonts are read once, and again after a panic, of which nobody knows what it left behind.
        let mut setter = None;
        while let Some(work) = self.next() {
            let fonts = setter.get_or_insert_with(Typesetter::new);
            if catch_unwind(AssertUnwindSafe(|| work(fonts))).is_err() {
                tracing::error!("work on a picture panicked");
                setter = None;
            }
        }
    }

    fn next(&self) -> Option<Work> {
        let mut state = self.state.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(work) = state.waiting.pop_front() {
                return Some(work);
            }
            self.arrived.wait(&mut state);
        }
    }
}

impl Drop for Painters {
    fn drop(&mut self) {
        self.queue.state.lock().is_closed = true;
        self.queue.arrived.notify_all();
        for thread in self.threads.get_mut().drain(..) {
            // What it was at when the server stopped is done again by whoever starts next.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_one_pictures_own() {
        let painters = Painters::new();
        for _ in 0..count() * 2 {
            assert_eq!(painters.work(|_| -> u32 { panic!("a defect") }).await, Err(Broken));
        }
        assert_eq!(painters.work(|_| 7).await, Ok(7));
    }
}
