//! The exact sliding window: at most `limit` requests in any `span`.
//!
//! A ring of the times of the last `limit` requests. Two counters or a leaky bucket would be
//! smaller, but let nearly twice the limit through in one window or refuse bursts that the contract
//! allows; the ring does neither. 4 bytes an entry: half a kilobyte at the usual 120.

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

/// The window of one credential.
#[derive(Debug, Clone, Default)]
pub struct RateWindow {
    ring: Vec<Micros>,
    /// Index of the oldest entry once the ring has been filled.
    oldest: u16,
    /// How many entries, from `oldest` on, are still in the window.
    len: u16,
    latest: Option<Timestamp>,
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
            self.latest = Some(now);
        }
        Taken {
            allowed,
            remaining: rule.limit - self.len.min(rule.limit),
            reset: self.until_oldest_leaves(rule, now),
        }
    }

    /// Whether nothing in it matters any more, so that it can be dropped.
    #[must_use]
    pub fn is_idle(&self, rule: RateLimit, now: Timestamp) -> bool {
        self.latest.is_none_or(|latest| now.since(latest) >= rule.span)
    }

    fn as_of(&mut self, rule: RateLimit, now: Timestamp) -> Timestamp {
        match self.latest {
            Some(latest) if latest.since(now) > rule.span => {
                self.ring.fill(wrapped(now));
                self.latest = Some(now);
                now
            }
            Some(latest) => latest.max(now),
            None => now,
        }
    }

    fn forget_before(&mut self, rule: RateLimit, now: Timestamp) {
        // An idle window is emptied before the modulus could mislead.
        if self.is_idle(rule, now) {
            self.len = 0;
            return;
        }
        while self.len > 0 && self.age_of_oldest(now) >= span(rule) {
            self.oldest = self.next(self.oldest);
            self.len -= 1;
        }
    }

    fn push(&mut self, rule: RateLimit, entry: Micros) {
        let capacity = usize::from(rule.limit);
        if self.len == 0 {
            self.ring.clear();
            self.oldest = 0;
        }
        let index = usize::from(self.oldest) + usize::from(self.len);
        if self.ring.len() < capacity && index == self.ring.len() {
            self.ring.push(entry);
        } else {
            let index = index % self.ring.len();
            self.ring[index] = entry;
        }
        self.len += 1;
    }

    fn next(&self, index: u16) -> u16 {
        if usize::from(index) + 1 == self.ring.len() { 0 } else { index + 1 }
    }

    fn age_of_oldest(&self, now: Timestamp) -> Micros {
        wrapped(now).wrapping_sub(self.ring[usize::from(self.oldest)])
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
mod tests;
