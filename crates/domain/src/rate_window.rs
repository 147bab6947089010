//! The exact sliding window: at most `limit` requests in any `span`.
//!
//! A ring of the times of the last `limit` requests. Two counters or a leaky bucket would be
//! smaller, but let nearly twice the limit through in one window or refuse bursts that the contract
//! allows; the ring does neither (`differential.rs` shows it). 4 bytes an entry: half a kilobyte at
//! the usual 120.

use std::time::Duration;

use crate::time::Timestamp;

/// How many requests in how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// The greatest number of requests in any one `span`. At least 1.
    pub limit: u16,
    /// The length of the window; at most half an hour, so that the ring's times stay comparable.
    pub span: Duration,
}

impl RateLimit {
    /// The public contract: 120 requests in 60 seconds.
    pub const STANDARD: Self = Self { limit: 120, span: Duration::from_secs(60) };

    /// So many in so long; none when it is 0, which stands for no limit.
    #[must_use]
    pub const fn within(limit: u16, span: Duration) -> Option<Self> {
        match limit {
            0 => None,
            limit => Some(Self { limit, span }),
        }
    }
}

/// What became of a request that asked for room in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Whether the request may go on. A refused request takes no room, so it lengthens no wait.
    pub allowed: bool,
    /// How many more would be allowed right now.
    pub remaining: u16,
    /// Until the window has more room than now: when its oldest entry leaves. A request that waits
    /// this long after a refusal is allowed.
    pub reset: Duration,
}

/// Time in the ring: microseconds modulo 2^32 (71 minutes). No entry that is still looked at is older
/// than two windows, so wrapping subtraction gives its true age.
type Micros = u32;

/// The window of one credential. As small as can be: there is one for each that was used lately.
#[derive(Debug, Clone)]
pub struct RateWindow {
    ring: Ring,
    /// When the last request was allowed; at the beginning of time when none was.
    latest: Timestamp,
    /// Index of the oldest entry that is still in the window.
    oldest: u16,
    /// How many entries, from `oldest` on, are still in the window.
    len: u16,
}

/// Room for entries. Most who come, come once or twice, and cost no allocation; who comes more often gets
/// all of it at once, since each size in between would leave a gap in memory.
#[derive(Debug, Clone)]
enum Ring {
    Few([Micros; 2]),
    All(Box<[Micros]>),
}

impl Ring {
    fn entries(&self) -> &[Micros] {
        match self {
            Self::Few(entries) => entries,
            Self::All(entries) => entries,
        }
    }

    fn entries_mut(&mut self) -> &mut [Micros] {
        match self {
            Self::Few(entries) => entries,
            Self::All(entries) => entries,
        }
    }
}

impl Default for RateWindow {
    fn default() -> Self {
        let latest = Timestamp::from_unix_micros(i64::MIN);
        Self { ring: Ring::Few([0; 2]), latest, oldest: 0, len: 0 }
    }
}

impl RateWindow {
    /// Asks for room at `now`. A clock that steps back is read as standing still; after a step of
    /// more than a window, what was counted counts as of now. So it can only make the window
    /// stricter, never looser, and for one window at most.
    pub fn take(&mut self, rule: RateLimit, now: Timestamp) -> Taken {
        let now = self.as_of(rule, now);
        self.forget_before(rule, now);
        let allowed = self.len < rule.limit;
        if allowed {
            self.push(rule, wrapped(now));
            self.latest = now;
        }
        Taken {
            allowed,
            remaining: rule.limit - self.len.min(rule.limit),
            reset: self.until_oldest_leaves(rule, now),
        }
    }

    /// Gives back the room that was taken last.
    pub fn give_back(&mut self) {
        self.len = self.len.saturating_sub(1);
    }

    /// How many requests count now.
    #[must_use]
    pub fn count(&self, rule: RateLimit, now: Timestamp) -> u16 {
        let mut window = self.clone();
        let now = window.as_of(rule, now);
        window.forget_before(rule, now);
        window.len
    }

    /// Whether nothing in it matters any more, so that it can be dropped.
    #[must_use]
    pub fn is_idle(&self, span: Duration, now: Timestamp) -> bool {
        now.since(self.latest) >= span
    }

    fn as_of(&mut self, rule: RateLimit, now: Timestamp) -> Timestamp {
        if self.latest.since(now) > rule.span {
            self.ring.entries_mut().fill(wrapped(now));
            self.latest = now;
        }
        self.latest.max(now)
    }

    fn forget_before(&mut self, rule: RateLimit, now: Timestamp) {
        // An idle window is emptied before the modulus could mislead.
        if self.is_idle(rule.span, now) {
            self.len = 0;
            return;
        }
        while self.len > 0 && self.age_of_oldest(now) >= span(rule) {
            self.forget_oldest();
        }
    }

    fn push(&mut self, rule: RateLimit, entry: Micros) {
        if usize::from(self.len) == self.ring.entries().len() {
            self.grow(rule);
        }
        let index = self.wrap(usize::from(self.oldest) + usize::from(self.len));
        self.ring.entries_mut()[index] = entry;
        self.len += 1;
    }

    fn grow(&mut self, rule: RateLimit) {
        let mut ring = Vec::with_capacity(rule.limit.into());
        let (newer, older) = self.ring.entries().split_at(self.oldest.into());
        ring.extend_from_slice(older);
        ring.extend_from_slice(newer);
        ring.resize(rule.limit.into(), 0);
        self.ring = Ring::All(ring.into_boxed_slice());
        self.oldest = 0;
    }

    /// An index less than twice around.
    fn wrap(&self, index: usize) -> usize {
        let around = self.ring.entries().len();
        if index < around { index } else { index - around }
    }

    fn forget_oldest(&mut self) {
        // Below the limit, so it fits.
        self.oldest = self.wrap(usize::from(self.oldest) + 1) as u16;
        self.len -= 1;
    }

    fn age_of_oldest(&self, now: Timestamp) -> Micros {
        wrapped(now).wrapping_sub(self.ring.entries()[usize::from(self.oldest)])
    }

    fn until_oldest_leaves(&self, rule: RateLimit, now: Timestamp) -> Duration {
        if self.len == 0 {
            return Duration::ZERO;
        }
        Duration::from_micros(span(rule).saturating_sub(self.age_of_oldest(now)).into())
    }
}

fn wrapped(at: Timestamp) -> Micros {
    // The cut to 32 bits is the modulus.
    at.unix_micros() as Micros
}

fn span(rule: RateLimit) -> Micros {
    Micros::try_from(rule.span.as_micros()).unwrap_or(Micros::MAX)
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
