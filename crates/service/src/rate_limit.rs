//! The rate limit of each credential: an exact sliding window, in this process's memory.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bloom_domain::rate_window::{RateLimit, RateWindow, Taken};
use bloom_domain::time::Timestamp;
use parking_lot::Mutex;

use crate::authenticate::Via;
use crate::{Principal, Service};

/// A window that outlives the verdict which led to it.
pub type SharedWindow = Arc<Mutex<RateWindow>>;

/// How long every window is: a minute.
const SPAN: Duration = RateLimit::STANDARD.span;

/// The limit of each kind of credential; `None` turns one off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests with one API key.
    pub api_keys: Option<RateLimit>,
    /// Requests by one app in one person's name, however many tokens it has.
    pub connections: Option<RateLimit>,
}

impl RateLimits {
    /// As they are when nothing is configured.
    pub const STANDARD: Self = Self::new(RateLimit::STANDARD.limit, RateLimit::STANDARD.limit);
    /// No limit at all.
    pub const OFF: Self = Self::new(0, 0);

    /// Limits by their numbers of requests in a minute; 0 turns one off.
    #[must_use]
    pub const fn new(api_keys: u16, connections: u16) -> Self {
        Self {
            api_keys: RateLimit::within(api_keys, SPAN),
            connections: RateLimit::within(connections, SPAN),
        }
    }

    pub(crate) fn of(&self, via: Via) -> Option<RateLimit> {
        match via {
            Via::ApiKey(_) => self.api_keys,
            Via::Connection(_) => self.connections,
        }
    }
}

/// Shards keep a sweep from holding up every first request of a key.
const SHARDS: usize = 64;

/// The windows of this process, by key or connection. Public for the benchmark only.
pub struct Windows {
    /// By the id alone: no key has the id of a connection, and it is a third less to keep.
    shards: Vec<Mutex<HashMap<[u8; 16], SharedWindow>>>,
}

impl Default for Windows {
    fn default() -> Self {
        Self::new()
    }
}

impl Windows {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    /// The window of a credential.
    #[must_use]
    pub fn of(&self, via: Via) -> SharedWindow {
        let shard = usize::from(via.id()[15]) % SHARDS;
        self.shards[shard].lock().entry(*via.id()).or_default().clone()
    }

    /// Gives back the memory of windows in which nothing counts any more. All have one span, whatever
    /// their limit.
    pub(crate) fn sweep(&self, now: Timestamp) {
        for shard in &self.shards {
            shard.lock().retain(|_, window| {
                let mut state = window.lock();
                let is_idle = state.is_idle(SPAN, now);
                if is_idle {
                    *state = RateWindow::default();
                }
                drop(state);
                !is_idle || Arc::strong_count(window) > 1
            });
        }
    }
}

/// Takes room for one request in the credential's window; `None` when it has no limit.
#[must_use]
pub fn take(service: &Service, principal: &Principal) -> Option<(RateLimit, Taken)> {
    let rule = service.settings.rate_limits.of(principal.via())?;
    let taken = principal.window().lock().take(rule, principal.authenticated_at());
    Some((rule, taken))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bloom_domain::ids::ApiKeyId;

    fn key(n: u8) -> Via {
        Via::ApiKey(ApiKeyId::from_bytes([n; 16]))
    }

    #[test]
    fn a_sweep_drops_only_what_is_idle_and_unused() {
        let windows = Windows::new();
        let rule = RateLimit::STANDARD;
        let start = Timestamp::from_unix_micros(1_800_000_000_000_000);
        let busy = key(1);
        let held = key(2);
        windows.of(busy).lock().take(rule, start.plus(rule.span));
        let kept = windows.of(held);
        kept.lock().take(rule, start);
        windows.of(key(3)).lock().take(rule, start);
        windows.sweep(start.plus(rule.span));
        let left: usize = windows.shards.iter().map(|shard| shard.lock().len()).sum();
        assert_eq!(left, 2);
        assert!(Arc::ptr_eq(&kept, &windows.of(held)));
    }
}
