//! Rotation: another secret for the same key, and how long the old one goes on.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::KeyHint;
use crate::time::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long the old secret of a key goes on after its rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap(Duration);

/// Why something is no overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverlapError {
    /// It is no number of minutes, hours or days.
    Form,
    /// It is longer than [`Overlap::MAX`].
    TooLong,
}

impl fmt::Display for OverlapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => {
                "expected a time such as 90m, 24h or 7d, or 0 to end the old secret at once"
            }
            Self::TooLong => "the old secret may go on for 30 days at most",
        })
    }
}

impl std::error::Error for OverlapError {}

impl Overlap {
    /// None: the old secret may be in the wrong hands.
    pub const NONE: Self = Self(Duration::ZERO);
    /// When nothing is chosen.
    pub const DEFAULT: Self = Self(Duration::from_secs(DAY));
    /// The longest.
    pub const MAX: Self = Self(Duration::from_secs(30 * DAY));

    /// An overlap of some length.
    ///
    /// # Errors
    /// [`OverlapError::TooLong`].
    pub fn new(span: Duration) -> Result<Self, OverlapError> {
        if span <= Self::MAX.0 { Ok(Self(span)) } else { Err(OverlapError::TooLong) }
    }

    /// How long it is.
    #[must_use]
    pub const fn span(self) -> Duration {
        self.0
    }

    /// When the old secret of a key that is rotated now ends, if the key does not end before.
    #[must_use]
    pub fn after(self, now: Timestamp) -> Timestamp {
        now.plus(self.0)
    }
}

impl FromStr for Overlap {
    type Err = OverlapError;

    fn from_str(text: &str) -> Result<Self, OverlapError> {
        if text == "0" {
            return Ok(Self::NONE);
        }
        let (digits, unit) = match text.char_indices().next_back() {
            Some((end, 'm')) => (&text[..end], MINUTE),
            Some((end, 'h')) => (&text[..end], HOUR),
            Some((end, 'd')) => (&text[..end], DAY),
            _ => return Err(OverlapError::Form),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(OverlapError::Form);
        }
        // So many digits that they are no number are too long as well.
        let count: u64 = digits.parse().map_err(|_| OverlapError::TooLong)?;
        Self::new(Duration::from_secs(count.saturating_mul(unit)))
    }
}

/// The secret that a key had before its last rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldSecret {
    /// What can be shown of it.
    pub hint: KeyHint,
    /// Until when it is good.
    pub until: Timestamp,
    /// When it was used last after the rotation, as far as it has been written down.
    pub last_used_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_is_none_or_some_time_up_to_thirty_days() {
        let now = Timestamp::from_unix_micros(0);
        let seconds = |text: &str| {
            let overlap: Overlap = text.parse().unwrap();
            overlap.after(now).since(now).as_secs()
        };
        for (text, expected) in
            [("0", 0), ("0h", 0), ("90m", 5_400), ("24h", 86_400), ("30d", 2_592_000)]
        {
            assert_eq!(seconds(text), expected, "{text}");
        }
        assert_eq!("24h".parse(), Ok(Overlap::DEFAULT));
        for text in ["", "1", "h", "-1h", "+1h", "1.5h", "1w", "one", "1 h", "1é"] {
            assert_eq!(text.parse::<Overlap>(), Err(OverlapError::Form), "{text}");
        }
        for text in ["31d", "721h", "43201m", "99999999999999999999d", "999999999999999999d"] {
            assert_eq!(text.parse::<Overlap>(), Err(OverlapError::TooLong), "{text}");
        }
    }
}
