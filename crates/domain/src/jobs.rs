//! Jobs: for how long one is taken, and how often it is tried.

use std::time::Duration;

/// For how long a job that is being done is nobody else's, unless whoever does it says that they still do.
/// Short enough for one whose node was killed.
pub const LEASE: Duration = Duration::from_secs(60);
/// How often whoever does a job says so.
pub const HEARTBEAT: Duration = Duration::from_secs(20);
/// How often a job is tried before it is given up. One that ends its process each time ends nobody's after
/// that.
pub const MAX_ATTEMPTS: i64 = 5;
/// The first wait after a failure; each further one is four times as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest one.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long a job waits that has failed for the `attempts`th time.
#[must_use]
pub fn wait_after(attempts: i64) -> Duration {
    let doublings = u32::try_from(2 * (attempts - 1).clamp(0, 15)).unwrap_or_default();
    FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit() {
        let seconds: Vec<_> = [0, 1, 2, 3, 4, 5, 99].map(|n| wait_after(n).as_secs()).to_vec();
        assert_eq!(seconds, [1, 1, 4, 16, 60, 60, 60]);
        assert!(LEASE > HEARTBEAT * 2, "one lost heartbeat loses no job");
    }
}
