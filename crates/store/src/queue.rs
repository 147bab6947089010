//! The bounded queue between callers and the threads that own a connection.

use std::collections::VecDeque;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use crate::job::Pace;
use crate::stopwatch;

/// So many that wait are company enough: nothing is gained by waiting for more.
const COMPANY: usize = 128;

/// First in, first out; refuses when full or closed, and empties before it ends.
///
/// An item may be patient: then it is served some time after the last one was, so at once when
/// nobody was served lately, or along with any other, or when nobody else comes for a while. Whatever
/// is due takes everything that waits along, so patience never lets an item be overtaken.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
    capacity: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    /// When what waits is served at the latest; nothing when nothing waits.
    due: Option<Due>,
    /// When the newest of the patient has waited long enough for another.
    quiet: Option<Instant>,
    /// When somebody was last served who had not come along with another.
    served: Option<Instant>,
    idle: usize,
    closed: bool,
}

/// When an item is to be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
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
        let waiting = VecDeque::new();
        let state = State { waiting, due: None, quiet: None, served: None, idle: 0, closed: false };
        Self { state: Mutex::new(state), arrived: Condvar::new(), capacity }
    }

    pub(crate) fn push(&self, item: T, pace: Pace) -> Result<(), Refused> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.waiting.len() >= self.capacity {
            return Err(Refused::Full);
        }
        state.waiting.push_back(item);
        let is_news = state.hasten(pace);
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
            let now = stopwatch::now();
            if state.is_due(now) || state.closed {
                state.served = Some(now);
                return state.take();
            }
            let until = state.until();
            state.idle += 1;
            match until {
                // It may have moved by then, when others came.
                Some(time) => drop(self.arrived.wait_until(&mut state, time)),
                None => self.arrived.wait(&mut state),
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
    /// each that is due now, since several threads may serve, and when it is due before the others.
    fn hasten(&mut self, pace: Pace) -> bool {
        let Pace::Patient(patience) = pace else {
            self.due = Some(Due::Now);
            return true;
        };
        let now = stopwatch::now();
        let due = match self.served.map(|served| served + patience.longest) {
            Some(time) if time > now && self.waiting.len() < COMPANY => Due::By(time),
            _ => Due::Now,
        };
        let (was_due, before) = (self.due, self.until());
        self.due = Some(was_due.map_or(due, |earliest| earliest.min(due)));
        self.quiet = Some(now + patience.quiet);
        due == Due::Now || was_due.is_none() || self.until() < before
    }

    /// When patient items are served, as it looks now.
    fn until(&self) -> Option<Instant> {
        let Some(Due::By(latest)) = self.due else { return None };
        Some(self.quiet.map_or(latest, |quiet| latest.min(quiet)))
    }

    fn is_due(&self, now: Instant) -> bool {
        match self.due {
            Some(Due::Now) => true,
            Some(Due::By(_)) => self.until().is_some_and(|time| time <= now),
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
    use crate::job::Patience;

    /// Longer than any test may take.
    const LONG: Pace = patient(Duration::from_secs(600), Duration::from_secs(600));
    const QUIET: Duration = Duration::from_millis(10);

    const fn patient(longest: Duration, quiet: Duration) -> Pace {
        Pace::Patient(Patience { longest, quiet })
    }

    /// A queue that has just served somebody.
    fn busy() -> Queue<u32> {
        let queue = Queue::new(256);
        queue.push(0, Pace::Prompt).unwrap();
        assert_eq!(queue.pop(), Some(0));
        queue
    }

    #[test]
    fn full_and_closed_refuse() {
        let queue = Queue::new(2);
        assert_eq!((queue.push(1, Pace::Prompt), queue.push(2, LONG)), (Ok(()), Ok(())));
        assert_eq!(queue.push(3, Pace::Prompt), Err(Refused::Full));
        assert_eq!(queue.push(3, LONG), Err(Refused::Full));
        queue.close();
        assert_eq!(queue.push(4, Pace::Prompt), Err(Refused::Closed));
        assert_eq!((queue.pop(), queue.pop(), queue.pop()), (Some(1), Some(2), None));
    }

    #[test]
    fn an_idle_thread_is_woken() {
        let queue = Queue::new(8);
        std::thread::scope(|scope| {
            let consumer = scope.spawn(|| std::iter::from_fn(|| queue.pop()).sum::<u32>());
            for number in 1..=100 {
                while queue.push(number, Pace::Prompt) == Err(Refused::Full) {
                    std::thread::yield_now();
                }
            }
            queue.close();
            assert_eq!(consumer.join().unwrap(), 5050);
        });
    }

    #[test]
    fn the_patient_do_not_wait_when_nobody_was_served_lately() {
        let queue = Queue::new(8);
        queue.push(1, LONG).unwrap();
        assert_eq!(queue.pop(), Some(1));
    }

    #[test]
    fn the_patient_wait_for_their_time() {
        let begun = stopwatch::now();
        let queue = busy();
        let span = QUIET;
        queue.push(1, LONG).unwrap();
        queue.push(2, patient(span, span * 2)).unwrap();
        queue.push(3, LONG).unwrap();
        // The others go with the one that is due first.
        assert_eq!((queue.pop(), queue.pop(), queue.pop()), (Some(1), Some(2), Some(3)));
        assert!(stopwatch::now() >= begun + span);
    }

    #[test]
    fn nobody_is_waited_for_who_does_not_come() {
        let queue = busy();
        let begun = stopwatch::now();
        queue.push(1, patient(Duration::from_secs(600), QUIET)).unwrap();
        assert_eq!(queue.pop(), Some(1));
        assert!(stopwatch::now() >= begun + QUIET);
    }

    #[test]
    fn who_comes_is_waited_for() {
        let queue = busy();
        std::thread::scope(|scope| {
            let consumer = scope.spawn(|| {
                (0..5).for_each(|number| assert_eq!(queue.pop(), Some(number)));
                stopwatch::now()
            });
            for number in 0..5 {
                queue.push(number, patient(Duration::from_secs(600), QUIET)).unwrap();
                std::thread::sleep(QUIET / 4);
            }
            let quiet = queue.state.lock().quiet.unwrap();
            assert!(consumer.join().unwrap() >= quiet);
        });
    }

    #[test]
    fn whoever_waits_hears_of_one_that_is_due_earlier() {
        let queue = busy();
        std::thread::scope(|scope| {
            let consumer = scope.spawn(|| (queue.pop(), queue.pop()));
            queue.push(1, LONG).unwrap();
            std::thread::sleep(Duration::from_millis(5));
            queue.push(2, patient(QUIET, QUIET)).unwrap();
            assert_eq!(consumer.join().unwrap(), (Some(1), Some(2)));
        });
    }

    #[test]
    fn whoever_waits_hears_of_one_that_is_quiet_earlier() {
        let queue = busy();
        std::thread::scope(|scope| {
            let consumer = scope.spawn(|| (queue.pop(), queue.pop(), stopwatch::now()));
            queue.push(1, LONG).unwrap();
            std::thread::sleep(Duration::from_millis(5));
            let begun = stopwatch::now();
            queue.push(2, patient(Duration::from_secs(600), QUIET)).unwrap();
            // Were it not woken, it would be the end that wakes it.
            std::thread::sleep(QUIET * 50);
            queue.close();
            let (first, second, served) = consumer.join().unwrap();
            assert_eq!((first, second), (Some(1), Some(2)));
            assert!(served < begun + QUIET * 50);
        });
    }

    #[test]
    fn who_is_due_takes_the_patient_along_in_order() {
        let queue = busy();
        std::thread::scope(|scope| {
            let consumer = scope.spawn(|| (queue.pop(), queue.pop(), queue.pop()));
            queue.push(1, LONG).unwrap();
            queue.push(2, LONG).unwrap();
            queue.push(3, Pace::Prompt).unwrap();
            assert_eq!(consumer.join().unwrap(), (Some(1), Some(2), Some(3)));
        });
    }

    #[test]
    fn enough_company_is_not_kept_waiting() {
        let queue = busy();
        for number in 0..=u32::try_from(COMPANY).unwrap() {
            queue.push(number, LONG).unwrap();
        }
        assert_eq!(queue.pop(), Some(0));
    }

    #[test]
    fn an_end_does_not_wait_for_the_patient() {
        let queue = busy();
        std::thread::scope(|scope| {
            let consumer = scope.spawn(|| (queue.pop(), queue.pop()));
            queue.push(1, LONG).unwrap();
            queue.close();
            assert_eq!(consumer.join().unwrap(), (Some(1), None));
        });
    }
}
