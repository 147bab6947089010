//! The bounded queue between callers and the threads that own a connection.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};

/// First in, first out; refuses when full or closed, and empties before it ends.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
    capacity: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    idle: usize,
    closed: bool,
}

/// Why the queue took nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Full,
    Closed,
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        let state = State { waiting: VecDeque::new(), idle: 0, closed: false };
        Self { state: Mutex::new(state), arrived: Condvar::new(), capacity }
    }

    pub(crate) fn push(&self, item: T) -> Result<(), Refused> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.waiting.len() >= self.capacity {
            return Err(Refused::Full);
        }
        state.waiting.push_back(item);
        let anyone_idle = state.idle > 0;
        drop(state);
        // Waking costs a system call, which a busy thread on the other side does not need.
        if anyone_idle {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// The first item, once there is one; `None` when the queue is closed and empty.
    pub(crate) fn pop(&self) -> Option<T> {
        let mut state = self.state.lock();
        loop {
            if let Some(item) = state.waiting.pop_front() {
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state.idle += 1;
            self.arrived.wait(&mut state);
            state.idle -= 1;
        }
    }

    /// The first item, if one waits already.
    pub(crate) fn try_pop(&self) -> Option<T> {
        self.state.lock().waiting.pop_front()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_and_closed_refuse() {
        let queue = Queue::new(2);
        assert_eq!((queue.push(1), queue.push(2)), (Ok(()), Ok(())));
        assert_eq!(queue.push(3), Err(Refused::Full));
        queue.close();
        assert_eq!(queue.push(4), Err(Refused::Closed));
        assert_eq!((queue.pop(), queue.pop(), queue.pop()), (Some(1), Some(2), None));
    }

    #[test]
    fn an_idle_thread_is_woken() {
        let queue = Queue::new(8);
        std::thread::scope(|scope| {
            let consumer = scope.spawn(|| std::iter::from_fn(|| queue.pop()).sum::<u32>());
            for number in 1..=100 {
                while queue.push(number) == Err(Refused::Full) {
                    std::thread::yield_now();
                }
            }
            queue.close();
            assert_eq!(consumer.join().unwrap(), 5050);
        });
    }
}
