//! Times as people read them.

use std::time::Duration;

use bloom_domain::time::Timestamp;

use super::views::Moment;
use crate::api::errors::whole_seconds;

/// By number, from 1 on.
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A time in the spellings that a page needs. Without a pattern that is read each time: a page has dozens.
pub(crate) fn moment(at: Timestamp, now: Timestamp) -> Moment {
    let time = jiff::Timestamp::from_microsecond(at.unix_micros()).unwrap_or_default();
    let time = jiff::tz::Offset::UTC.to_datetime(time);
    let (year, month, day) = (time.year(), time.month(), time.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    let name = MONTHS.get(usize::from(month.unsigned_abs()).wrapping_sub(1)).unwrap_or(&"");
    Moment {
        iso: format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
        exact: format!("{day} {name} {year}, {hour:02}:{minute:02}:{second:02} UTC"),
        relative: relative(now.since(at).as_secs(), at.since(now).as_secs()),
    }
}

/// How long to wait, in words that are never too short: `40 seconds`, `15 minutes`.
pub(crate) fn wait(wait: Duration) -> String {
    let seconds = whole_seconds(wait);
    let (count, unit) =
        if seconds < 60 { (seconds, "second") } else { (seconds.div_ceil(60), "minute") };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// How long ago something was, or how long it is until then: one of the two is nothing.
fn relative(ago: u64, ahead: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = ago.max(ahead);
    let (count, unit) = match seconds {
        0..MINUTE => return "just now".to_owned(),
        MINUTE..HOUR => (seconds / MINUTE, "minute"),
        HOUR..DAY => (seconds / HOUR, "hour"),
        _ if seconds < 30 * DAY => (seconds / DAY, "day"),
        _ if seconds < 365 * DAY => (seconds / (30 * DAY), "month"),
        _ => (seconds / (365 * DAY), "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    match ahead {
        0 => format!("{count} {unit}{plural} ago"),
        _ => format!("in {count} {unit}{plural}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_told_too_short() {
        let told = |seconds| wait(Duration::from_secs_f64(seconds));
        assert_eq!([told(0.2), told(1.2), told(59.0)], ["1 second", "2 seconds", "59 seconds"]);
        assert_eq!([told(59.1), told(60.5), told(900.0)], ["1 minute", "2 minutes", "15 minutes"]);
    }

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
            assert_eq!(relative(seconds, 0), words);
        }
        assert_eq!(relative(86_400 * 45, 0), "1 month ago");
        assert_eq!(relative(86_400 * 800, 0), "2 years ago");
        assert_eq!(relative(0, 86_400 * 3), "in 3 days");
        assert_eq!(relative(0, 20), "just now", "the clocks of nodes differ a little");
    }
}
