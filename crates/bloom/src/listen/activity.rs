//! Which connections are held open for nothing.
//!
//! A request costs two counts; the clock is looked at once in a `TICK`. So it is the same for HTTP/1,
//! HTTP/2, and a peer that has not said yet which of them it speaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const TICK: Duration = Duration::from_secs(5);
/// A client that sent no whole head in 20 seconds is not going to.
const FIRST_REQUEST: u32 = 4;
/// 75 seconds: proxies reuse connections for up to a minute, and should be the ones to close them.
const NEXT_REQUEST: u32 = 15;
/// No request takes two minutes, except one whose body does not arrive.
const ANSWER: u32 = 24;

/// The requests of a connection.
#[derive(Default)]
pub(super) struct Activity {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Activity {
    /// A request has arrived, and runs until what is returned is dropped.
    pub(super) fn request(self: Arc<Self>) -> Running {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Running(self)
    }

    /// Waits until nothing more is to be expected.
    pub(super) async fn ceases(&self) {
        let mut silence = Silence::default();
        loop {
            tokio::time::sleep(TICK).await;
            if silence.is_final(self.counts()) {
                return;
            }
        }
    }

    fn counts(&self) -> Counts {
        Counts {
            begun: self.begun.load(Ordering::Relaxed),
            ended: self.ended.load(Ordering::Relaxed),
        }
    }
}

/// A request that runs.
pub(super) struct Running(Arc<Activity>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Counts {
    begun: u64,
    ended: u64,
}

/// For how many ticks no request has begun or ended.
#[derive(Default)]
struct Silence {
    seen: Counts,
    ticks: u32,
}

impl Silence {
    fn is_final(&mut self, now: Counts) -> bool {
        let is_quiet = now == self.seen;
        self.ticks = if is_quiet { self.ticks + 1 } else { 0 };
        self.seen = now;
        let patience = match now {
            Counts { begun: 0, .. } => FIRST_REQUEST,
            Counts { begun, ended } if begun == ended => NEXT_REQUEST,
            _ => ANSWER,
        };
        self.ticks >= patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many ticks a connection lives on, when from now on its counts are these.
    fn lives_on(silence: &mut Silence, counts: Counts) -> u32 {
        (1..).find(|_| silence.is_final(counts)).expect("it ends")
    }

    #[test]
    fn silence_ends_a_connection() {
        let mut silence = Silence::default();
        assert_eq!(lives_on(&mut silence, Counts::default()), FIRST_REQUEST);
    }

    #[test]
    fn each_request_begins_the_wait_anew() {
        let mut silence = Silence::default();
        for n in 1..100 {
            assert!(!silence.is_final(Counts { begun: n, ended: n - 1 }));
            assert!(!silence.is_final(Counts { begun: n, ended: n }));
        }
        assert_eq!(lives_on(&mut silence, Counts { begun: 99, ended: 99 }), NEXT_REQUEST);
    }

    #[test]
    fn a_request_that_runs_has_longer_and_its_end_counts() {
        let mut silence = Silence::default();
        for _ in 0..ANSWER {
            assert!(!silence.is_final(Counts { begun: 1, ended: 0 }));
        }
        assert!(!silence.is_final(Counts { begun: 1, ended: 1 }));
        assert_eq!(lives_on(&mut silence, Counts { begun: 2, ended: 1 }), ANSWER + 1);
    }

    #[test]
    fn a_request_runs_until_it_is_dropped() {
        let activity = Arc::new(Activity::default());
        let running = activity.clone().request();
        assert_eq!(activity.counts(), Counts { begun: 1, ended: 0 });
        drop(running);
        assert_eq!(activity.counts(), Counts { begun: 1, ended: 1 });
    }
}
