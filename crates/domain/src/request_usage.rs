//! Request usage: how many requests were admitted with a key or an app, day by day.

use std::collections::HashMap;

use crate::credits::{ChargedVia, UsageDay};

/// For how many days it is kept.
pub const KEPT_DAYS: i64 = 400;

/// The requests of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayCount {
    /// The day, in UTC.
    pub day: UsageDay,
    /// So many were admitted on it.
    pub requests: i64,
}

/// What was counted for some credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestUsage(HashMap<ChargedVia, Vec<DayCount>>);

impl RequestUsage {
    /// Adds what was counted for a credential on a day.
    pub fn add(&mut self, via: ChargedVia, counted: DayCount) {
        add(self.0.entry(via).or_default(), counted);
    }

    /// The last days of a credential, up to a day and with it: one for each, quiet ones too.
    #[must_use]
    pub fn last_days(&self, via: ChargedVia, today: UsageDay, days: usize) -> Vec<DayCount> {
        let counted = self.0.get(&via).map(Vec::as_slice).unwrap_or_default();
        let mut last: Vec<_> = (0..)
            .map(|ago| today.minus_days(ago))
            .take(days)
            .map(|day| {
                let requests = counted.iter().find(|counted| counted.day == day);
                DayCount { day, requests: requests.map_or(0, |counted| counted.requests) }
            })
            .collect();
        last.reverse();
        last
    }
}

/// How many requests were admitted with some credentials, all days together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestTotals(HashMap<ChargedVia, i64>);

impl RequestTotals {
    /// Adds what was counted for a credential.
    pub fn add(&mut self, via: ChargedVia, requests: i64) {
        let total = self.0.entry(via).or_default();
        *total = total.saturating_add(requests);
    }

    /// Those of one of them.
    #[must_use]
    pub fn of(&self, via: ChargedVia) -> i64 {
        self.0.get(&via).copied().unwrap_or_default()
    }
}

/// Adds to the count of a day, which is most often the last one.
pub fn add(counts: &mut Vec<DayCount>, more: DayCount) {
    match counts.iter_mut().rev().find(|counted| counted.day == more.day) {
        Some(counted) => counted.requests = counted.requests.saturating_add(more.requests),
        None => counts.push(more),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ApiKeyId;

    fn count(day: i64, requests: i64) -> DayCount {
        DayCount { day: UsageDay::from_number(day), requests }
    }

    #[test]
    fn every_day_is_told_quiet_ones_too() {
        let [one, other] = [1, 2].map(|n| ChargedVia::ApiKey(ApiKeyId::from_bytes([n; 16])));
        let mut usage = RequestUsage::default();
        usage.add(one, count(100, 2));
        usage.add(one, count(98, 1));
        usage.add(one, count(100, 3));
        usage.add(other, count(99, 7));
        let today = UsageDay::from_number(100);
        assert_eq!(
            usage.last_days(one, today, 4),
            [97, 98, 99, 100].map(|day| match day {
                98 => count(98, 1),
                100 => count(100, 5),
                day => count(day, 0),
            })
        );
        assert_eq!(usage.last_days(other, today, 1), [count(100, 0)]);
    }
}
