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
/// The longest that a job waits because somebody said so: what it holds is held meanwhile, and a person waits.
const LONGEST_TOLD: Duration = Duration::from_secs(300);

/// How long a job waits that has failed for the `attempts`th time.
#[must_use]
pub fn wait_after(attempts: i64) -> Duration {
    let doublings = u32::try_from(2 * (attempts - 1).clamp(0, 15)).unwrap_or_default();
    FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT)
}

/// How long a job waits that has failed for the `attempts`th time and was told not to come back sooner: at most a
/// quarter longer, by chance, so that those who were told the same do not come back together.
#[must_use]
pub fn wait_as_told(told: Duration, attempts: i64, chance: u8) -> Duration {
    let told = told.min(LONGEST_TOLD).max(wait_after(attempts));
    told + told / 4 * u32::from(chance) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_waited_for_and_a_little_more() {
        let waits = |told, attempts, chance| {
            wait_as_told(Duration::from_secs(told), attempts, chance).as_millis()
        };
        assert_eq!(
            (waits(20, 1, 0), waits(20, 1, 51), waits(20, 1, 255)),
            (20_000, 21_000, 25_000)
        );
        assert_eq!((waits(0, 1, 0), waits(0, 3, 255)), (1_000, 20_000), "never sooner than untold");
        assert_eq!((waits(u64::MAX, 1, 0), waits(86_400, 1, 255)), (300_000, 375_000));
    }

    #[test]
    fn waits_grow_to_a_limit() {
        let seconds: Vec<_> = [0, 1, 2, 3, 4, 5, 99].map(|n| wait_after(n).as_secs()).to_vec();
        assert_eq!(seconds, [1, 1, 4, 16, 60, 60, 60]);
        assert!(LEASE > HEARTBEAT * 2, "one lost heartbeat loses no job");
    }
}
