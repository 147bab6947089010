//! Instants as values. Nothing below the service layer reads a clock.

use std::fmt;
use std::time::Duration;

/// An instant: microseconds since the Unix epoch, as stored in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From a date as HTTP writes it, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    #[must_use]
    pub fn from_http_date(text: &str) -> Option<Self> {
        // Nobody depends on the name of the day.
        let parser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
        parser.parse_timestamp(text).ok().map(|time| Self(time.as_microsecond()))
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// This instant and `span` later; stops at the end of time instead of wrapping.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros(span)))
    }

    /// This instant and `span` earlier; stops at the beginning of time instead of wrapping.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros(span)))
    }

    /// How long after `earlier` this instant is; zero when it is not after.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0).max(0);
        Duration::from_micros(micros.unsigned_abs())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339, in UTC, to the second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_microsecond(self.0).unwrap_or_default();
        time.strftime("%Y-%m-%dT%H:%M:%SZ").fmt(f)
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_http_is_read() {
        let read = |text| Timestamp::from_http_date(text).map(|time| time.to_string());
        let date = Some("1994-11-06T08:49:37Z".to_owned());
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), date);
        assert_eq!(read("Mon, 06 Nov 1994 08:49:37 GMT"), date, "whatever day it was");
        for none in ["", "tomorrow", "120", "Sun, 31 Feb 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"]
        {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn arithmetic_stops_at_the_ends_of_time() {
        let end = Timestamp::from_unix_micros(i64::MAX);
        assert_eq!(end.plus(Duration::MAX), end);
        assert_eq!(end.since(Timestamp::from_unix_micros(i64::MIN)).as_micros(), i64::MAX as u128);
        assert_eq!(Timestamp::from_unix_micros(1_500_000).to_string(), "1970-01-01T00:00:01Z");
        let start = Timestamp::from_unix_micros(5);
        assert_eq!(start.since(start.plus(Duration::from_secs(1))), Duration::ZERO);
    }
}
