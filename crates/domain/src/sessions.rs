//! Browser sessions: how long a sign-in lasts, and how long it proves who is there.

use std::time::Duration;

use crate::ids::SessionId;
use crate::senders::Sender;
use crate::time::Timestamp;

/// A session ends this long after it was last seen.
pub const IDLE_LIFETIME: Duration = Duration::from_secs(30 * 86_400);
/// A session ends this long after sign-in, however busy it is.
pub const ABSOLUTE_LIFETIME: Duration = Duration::from_secs(90 * 86_400);
/// `seen_at` is written at most this often: a page view must not cost a write.
pub const SEEN_RESOLUTION: Duration = Duration::from_secs(3_600);

/// For so long a person who has proven that it is them need not do so again. A browser that was left
/// open is not enough to take an account over.
pub const PROOF_LIFETIME: Duration = Duration::from_secs(600);

/// A session as its person tells it from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// When it began, and when it was seen.
    pub times: SessionTimes,
    /// From where it was seen last.
    pub sender: Sender,
}

/// The times that a session's life, and what may be done in it, hang on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimes {
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When the session was last seen, to [`SEEN_RESOLUTION`].
    pub seen_at: Timestamp,
    /// When the person last proved that it is them.
    pub proven_at: Timestamp,
}

impl SessionTimes {
    /// The times of a session that begins at `now` with a proof.
    #[must_use]
    pub const fn beginning(now: Timestamp) -> Self {
        Self { created_at: now, seen_at: now, proven_at: now }
    }

    /// Whether the person has proven lately that it is them.
    #[must_use]
    pub fn is_proven(self, now: Timestamp) -> bool {
        now < self.proven_at.plus(PROOF_LIFETIME)
    }

    /// Whether the session still stands at `now`.
    #[must_use]
    pub fn is_live(self, now: Timestamp) -> bool {
        now < self.created_at.plus(ABSOLUTE_LIFETIME) && now < self.seen_at.plus(IDLE_LIFETIME)
    }

    /// Whether `seen_at` is old enough to be written again.
    #[must_use]
    pub fn wants_touch(self, now: Timestamp) -> bool {
        now.since(self.seen_at) >= SEEN_RESOLUTION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_unix_micros(0).plus(Duration::from_secs(secs))
    }

    #[test]
    fn a_session_ends_when_idle_and_at_the_latest_after_ninety_days() {
        let day = 86_400;
        let fresh = SessionTimes::beginning(at(0));
        assert!(fresh.is_live(at(30 * day - 1)));
        assert!(!fresh.is_live(at(30 * day)));
        let busy = SessionTimes { seen_at: at(89 * day), ..fresh };
        assert!(busy.is_live(at(90 * day - 1)));
        assert!(!busy.is_live(at(90 * day)));
    }

    #[test]
    fn a_visit_is_written_at_most_once_an_hour() {
        let times = SessionTimes::beginning(at(0));
        assert!(!times.wants_touch(at(3_599)));
        assert!(times.wants_touch(at(3_600)));
    }

    #[test]
    fn a_proof_counts_for_ten_minutes() {
        let times = SessionTimes { proven_at: at(100), ..SessionTimes::beginning(at(0)) };
        assert!(times.is_proven(at(699)));
        assert!(!times.is_proven(at(700)));
    }
}
