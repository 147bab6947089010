//! The bounded queue between callers and the threads that own a connection.

use std::collections::VecDeque;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use crate::stopwatch;

/// First in, first out; refuses when full or closed, and empties before it ends.
///
/// An item may be patient: then nobody is woken for it until its time has come. Whatever is due takes
/// everything that waits along, so patience never lets an item be overtaken.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
    capacity: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    /// When what waits is served; nothing when nothing waits.
    due: Option<Due>,
    idle: usize,
    closed: bool,
}

/// When an item wants to be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Now,
    /// At this time, or earlier along with another.
    By(Instant),
}

/// Why the queue took nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Full,
    Closed,
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        let state = State { waiting: VecDeque::new(), due: None, idle: 0, closed: false };
        Self { state: Mutex::new(state), arrived: Condvar::new(), capacity }
    }

    pub(crate) fn push(&self, item: T, due: Due) -> Result<(), Refused> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.waiting.len() >= self.capacity {
            return Err(Refused::Full);
        }
        state.waiting.push_back(item);
        let is_news = state.hasten(due);
        let anyone_idle = state.idle > 0;
        drop(state);
        // Waking costs a system call, which a busy thread on the other side does not need, nor does
        // one that will be here in time.
        if anyone_idle && is_news {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// The first item, once one is due; `None` when the queue is closed and empty.
    pub(crate) fn pop(&self) -> Option<T> {
        let mut state = self.state.lock();
        loop {
            if state.is_due() || state.closed {
                return state.take();
            }
            let due = state.due;
            state.idle += 1;
            match due {
                Some(Due::By(time)) => drop(self.arrived.wait_until(&mut state, time)),
                _ => self.arrived.wait(&mut state),
            }
            state.idle -= 1;
        }
    }

    /// The first item, if one waits already, due or not.
    pub(crate) fn try_pop(&self) -> Option<T> {
        self.state.lock().take()
    }

    /// From now on nothing is taken; what waits is still served.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.arrived.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }
}

impl<T> State<T> {
    /// Takes a newcomer's time into account. True when whoever waits for items must hear of it: for
    /// each that is due now, since several threads may serve, and when no time was set.
    fn hasten(&mut self, due: Due) -> bool {
        match (self.due, due) {
            (_, Due::Now) | (None, _) => {
                self.due = Some(due);
                true
            }
            // The patient are equally patient, so the first of them has the earliest time.
            (Some(_), Due::By(_)) => false,
        }
    }

    fn is_due(&self) -> bool {
        match self.due {
            Some(Due::Now) => true,
            Some(Due::By(time)) => time <= stopwatch::now(),
            None => false,
        }
    }

    fn take(&mut self) -> Option<T> {
        let item = self.waiting.pop_front();
        if self.waiting.is_empty() {
            self.due = None;
        }
        item
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Longer than any test may take.
    fn much_later() -> Due {
        Due::By(stopwatch::now() + Duration::from_secs(600))
    }

    #[test]
    fn full_and_closed_refuse() {
        let queue = Queue::new(2);
        assert_eq!((queue.push(1, Due::Now), queue.push(2, much_later())), (Ok(()), Ok(())));
        assert_eq!(queue.push(3, Due::Now), Err(Refused::Full));
        assert_eq!(queue.push(3, much_later()), Err(Refused::Full));
        queue.close();
        assert_eq!(queue.push(4, Due::Now), Err(Refused::Closed));
        assert_eq!((queue.pop(), queue.pop(), queue.pop()), (Some(1), Some(2), None));
    }

    #[test]
    fn an_idle_thread_is_woken() {
        let queue = Queue::new(8);
        std::thread::scope(|scope| {
            let consumer = scope.spawn(|| std::iter::from_fn(|| queue.pop()).sum::<u32>());
            for number in 1..=100 {
                while queue.push(number, Due::Now) == Err(Refused::Full) {
                    std::thread::yield_now();
                }
            }
            queue.close();
            assert_eq!(consumer.join().unwrap(), 5050);
        });
    }

    #[test]
    fn the_patient_wait_for_their_time() {
        let queue = Queue::new(8);
        let begun = stopwatch::now();
        let time = begun + Duration::from_millis(20);
        queue.push(1, Due::By(time)).unwrap();
        queue.push(2, Due::By(time + Duration::from_secs(600))).unwrap();
        // The second goes with the first.
        assert_eq!((queue.pop(), queue.pop()), (Some(1), Some(2)));
        assert!(stopwatch::now() >= time);
    }

    #[test]
    fn who_is_due_takes_the_patient_along_in_order() {
        let queue = Queue::new(8);
        std::thread::scope(|scope| {
            let consumer = scope.spawn(|| (queue.pop(), queue.pop(), queue.pop()));
            queue.push(1, much_later()).unwrap();
            queue.push(2, much_later()).unwrap();
            queue.push(3, Due::Now).unwrap();
            assert_eq!(consumer.join().unwrap(), (Some(1), Some(2), Some(3)));
        });
    }

    #[test]
    fn an_end_does_not_wait_for_the_patient() {
        let queue = Queue::new(8);
        std::thread::scope(|scope| {
            let consumer = scope.spawn(|| (queue.pop(), queue.pop()));
            queue.push(1, much_later()).unwrap();
            queue.close();
            assert_eq!(consumer.join().unwrap(), (Some(1), None));
        });
    }
}
