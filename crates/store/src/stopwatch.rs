//! Monotonic time, for deadlines and pauses only. Times that are stored come in as arguments.

use std::time::Instant;

/// A point to measure a span from.
#[expect(
    clippy::disallowed_methods,
    reason = "the engine's own deadlines are no business time; nothing stored depends on them"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
