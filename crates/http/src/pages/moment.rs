//! Times as people read them.

use bloom_domain::time::Timestamp;

use super::views::Moment;

/// A time in the spellings that a page needs.
pub(crate) fn moment(at: Timestamp, now: Timestamp) -> Moment {
    let time = jiff::Timestamp::from_microsecond(at.unix_micros()).unwrap_or_default();

    Moment {
        iso: time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        exact: time.strftime("%-d %B %Y, %H:%M:%S UTC").to_string(),
        relative: relative(now.since(at).as_secs()),
    }
}

fn relative(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let (count, unit) = match seconds {
        0..MINUTE => return "just now".to_owned(),
        MINUTE..HOUR => (seconds / MINUTE, "minute"),
        HOUR..DAY => (seconds / HOUR, "hour"),
        _ if seconds < 30 * DAY => (seconds / DAY, "day"),
        _ if seconds < 365 * DAY => (seconds / (30 * DAY), "month"),
        _ => (seconds / (365 * DAY), "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_time_has_three_spellings() {
        let at = Timestamp::from_unix_micros(1_794_282_667_000_000);
        let moment = moment(at, at.plus(Duration::from_secs(250)));
        assert_eq!(moment.iso, "2026-11-10T03:51:07Z");
        assert_eq!(moment.exact, "10 November 2026, 03:51:07 UTC");
        assert_eq!(moment.relative, "4 minutes ago");
    }

    #[test]
    fn units_change_where_people_change_them() {
        let spelled = [(59, "just now"), (60, "1 minute ago"), (7_200, "2 hours ago")];
        for (seconds, words) in spelled {
            assert_eq!(relative(seconds), words);
        }
        assert_eq!(relative(86_400 * 45), "1 month ago");
        assert_eq!(relative(86_400 * 800), "2 years ago");
    }
}
