//! What is done differently when many refresh at the same time.
//!
//! A durable COMMIT costs about as much for one write as for fifty, and on a busy core requests wait
//! for it. So in a crowd refreshes wait for each other and share one, and are then answered in turns.

use std::time::Duration;

use bloom_domain::ids::GrantId;
use bloom_domain::time::Timestamp;
use bloom_store::Patience;
use parking_lot::Mutex;

/// How long one of a crowd may wait for the others: less than anybody notices of what happens once an
/// hour.
pub(crate) const PATIENCE: Patience =
    Patience { longest: Duration::from_millis(100), quiet: Duration::from_millis(10) };

/// Fifty in a second are no crowd, ...
const APART: Duration = Duration::from_millis(20);
/// ... nor are eight in the same instant.
const BURST: u32 = 8;

/// The refreshes of the last moments.
pub(crate) struct Crowd(Mutex<Arrivals>);

struct Arrivals {
    last: Option<GrantId>,
    /// When all that came would be over, had it come at an even pace.
    over_at: Timestamp,
}

impl Crowd {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Arrivals { last: None, over_at: Timestamp::from_unix_micros(0) }))
    }

    /// Notes who comes, and tells whether there is a crowd. One grant alone never is one, however often
    /// it comes: nobody would wait along with it.
    pub(crate) fn is_there(&self, who: GrantId, now: Timestamp) -> bool {
        let mut arrivals = self.0.lock();
        let most = now.plus(APART * BURST);
        if arrivals.last.replace(who) != Some(who) {
            arrivals.over_at = arrivals.over_at.max(now).plus(APART);
        }
        let is_crowd = arrivals.over_at > most;
        // However many came, it is over soon after the last of them.
        arrivals.over_at = arrivals.over_at.min(most.plus(APART));
        is_crowd
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_unix_micros(1_800_000_000_000_000);

    fn grant(n: u8) -> GrantId {
        GrantId::from_bytes([n; 16])
    }

    #[test]
    fn more_than_fifty_a_second_are_a_crowd() {
        for (millis, expected) in [(20, false), (25, false), (10, true)] {
            let crowd = Crowd::new();
            let is_there = |n: u8| {
                let now = NOON.plus(Duration::from_millis(millis) * u32::from(n));
                crowd.is_there(grant(n), now)
            };
            let seen: Vec<bool> = (0..=100).map(is_there).collect();
            assert_eq!(seen.contains(&true), expected, "one each {millis} ms");
            assert_eq!(seen[100], expected, "one each {millis} ms");
        }
    }

    #[test]
    fn eight_at_once_are_none_and_the_ninth_makes_one() {
        let crowd = Crowd::new();
        let seen: Vec<bool> = (0..10).map(|n| crowd.is_there(grant(n), NOON)).collect();
        assert_eq!(seen.iter().position(|&is_there| is_there), Some(8));
        assert!(seen[9]);
    }

    #[test]
    fn a_crowd_is_over_soon_however_many_came() {
        let crowd = Crowd::new();
        for n in 0..200 {
            crowd.is_there(grant(n), NOON);
        }
        assert!(crowd.is_there(grant(200), NOON));
        assert!(!crowd.is_there(grant(201), NOON.plus(Duration::from_millis(200))));
    }

    #[test]
    fn one_grant_is_no_crowd() {
        let crowd = Crowd::new();
        assert!((0..100).all(|_| !crowd.is_there(grant(1), NOON)));
    }
}
