//! Attempts that failed, counted by where they come from: enough to slow down whoever guesses, never
//! enough to keep out who knows.
//!
//! The counts are exact windows (`rate_window.rs`). There are only so many of them, so that a flood from
//! a million addresses costs no more memory than one from twenty thousand.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use crate::rate_window::{RateLimit, RateWindow, Taken};
use crate::time::Timestamp;

/// Who is behind an address: a machine, or a household with its own network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressBlock {
    /// One address of version 4.
    V4(u32),
    /// The 2^64 addresses of version 6 that one customer has at least, and may change among at will.
    V6(u64),
    /// Everybody whose address cannot be told.
    Unknown,
}

impl AddressBlock {
    /// The block of an address. One of version 4 that is written as version 6 is of version 4.
    #[must_use]
    pub fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => Self::V4(address.to_bits()),
            // The upper half of the bits.
            Some(IpAddr::V6(address)) => Self::V6((address.to_bits() >> 64) as u64),
            None => Self::Unknown,
        }
    }
}

/// Windows by who attempts, at most so many. When there are more, those go that were used longest ago.
#[derive(Debug)]
pub struct Attempts<K> {
    rule: RateLimit,
    most: usize,
    /// Those that were used since the last time this was full,
    recent: HashMap<K, RateWindow>,
    /// and those that were used last before that. They are the next to go.
    earlier: HashMap<K, RateWindow>,
}

impl<K: Eq + Hash> Attempts<K> {
    /// No attempt yet; at most `most` windows at a time.
    #[must_use]
    pub fn new(rule: RateLimit, most: usize) -> Self {
        Self { rule, most, recent: HashMap::new(), earlier: HashMap::new() }
    }

    /// Asks for room for one attempt.
    pub fn take(&mut self, who: K, now: Timestamp) -> Taken {
        let rule = self.rule;
        self.window(who).take(rule, now)
    }

    /// Gives back the room of an attempt that turned out to be none.
    pub fn give_back(&mut self, who: &K) {
        let window = self.recent.get_mut(who).or_else(|| self.earlier.get_mut(who));
        if let Some(window) = window {
            window.give_back();
        }
    }

    /// How many attempts count now. Leaves no trace.
    #[must_use]
    pub fn count(&self, who: &K, now: Timestamp) -> u16 {
        let window = self.recent.get(who).or_else(|| self.earlier.get(who));
        window.map_or(0, |window| window.count(self.rule, now))
    }

    /// Gives back the memory of windows in which nothing counts any more.
    pub fn sweep(&mut self, now: Timestamp) {
        for windows in [&mut self.recent, &mut self.earlier] {
            windows.retain(|_, window| !window.is_idle(self.rule.span, now));
            windows.shrink_to_fit();
        }
    }

    /// How many windows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.recent.len() + self.earlier.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn window(&mut self, who: K) -> &mut RateWindow {
        let known = self.earlier.remove(&who);
        if !self.recent.contains_key(&who) && self.recent.len() >= self.most / 2 {
            self.earlier = std::mem::take(&mut self.recent);
        }
        self.recent.entry(who).or_insert_with(|| known.unwrap_or_default())
    }
}

/// Wrong passwords that an account may see before the next sign-in has to wait a moment.
const FREE: u16 = 10;
/// What each further one adds.
const STEP: Duration = Duration::from_millis(250);
/// How many wrong passwords for one account are counted at most, in how long.
pub const OF_AN_ACCOUNT: RateLimit = RateLimit { limit: 64, span: Duration::from_secs(900) };

/// How long a sign-in to an account waits that has seen so many wrong passwords lately: a moment, and
/// never longer than `longest`. Whoever attacks an account must not be able to lock its owner out.
#[must_use]
pub fn delay(wrong_passwords: u16, longest: Duration) -> Duration {
    (STEP * u32::from(wrong_passwords.saturating_sub(FREE))).min(longest)
}

#[cfg(test)]
mod tests;
