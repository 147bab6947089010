//! Months of a subscription, each beginning on the day of the month on which the first one began.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{Span, Timestamp as Moment};

use crate::ids::WorkspaceId;
use crate::time::Timestamp;

/// One month of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

impl Period {
    /// What the period's credits come from. The day is enough: a subscription that is begun twice on one
    /// day brings that day's credits once.
    #[must_use]
    pub fn reference(self, workspace: WorkspaceId) -> String {
        let date = civil(self.start).map(|start| start.date().to_string()).unwrap_or_default();
        format!("monthly:{workspace}:{date}")
    }
}

/// The month of a subscription in which an instant lies; `None` before the first, and for what no
/// calendar holds.
///
/// Each month is counted from the anchor and not from the month before, so the 31st is back after
/// February.
#[must_use]
pub fn period(anchor: Timestamp, now: Timestamp) -> Option<Period> {
    if now < anchor {
        return None;
    }
    let (first, at) = (civil(anchor)?, civil(now)?);
    let years = i64::from(at.year()) - i64::from(first.year());
    let months = years * 12 + i64::from(at.month()) - i64::from(first.month());
    // The day of this month on which the next one begins may still be ahead.
    let start = nth(first, anchor, months).filter(|start| *start <= now);
    let (start, months) = match start {
        Some(start) => (start, months),
        None => (nth(first, anchor, months - 1)?, months - 1),
    };
    Some(Period { start, end: nth(first, anchor, months + 1)? })
}

/// The anchor so many months later. A month without that day has it on its last.
fn nth(first: DateTime, anchor: Timestamp, months: i64) -> Option<Timestamp> {
    let then = first.checked_add(Span::new().try_months(months).ok()?).ok()?;
    let then = Offset::UTC.to_timestamp(then).ok()?.as_microsecond();
    (then >= anchor.unix_micros()).then_some(Timestamp::from_unix_micros(then))
}

fn civil(at: Timestamp) -> Option<DateTime> {
    let moment = Moment::from_microsecond(at.unix_micros()).ok()?;
    Some(Offset::UTC.to_datetime(moment))
}
