//! Requests day by day, as a picture and as numbers; `/settings/apps/{id}/usage` shows an app's.

use askama::Template;

use super::Layout;

/// The page of an app.
#[derive(Debug, Template)]
#[template(path = "app_usage.html")]
pub(crate) struct AppUsage {
    /// The frame.
    pub(crate) layout: Layout,
    /// What the app is called.
    pub(crate) name: String,
    /// Its requests.
    pub(crate) usage: UsageChart,
}

/// The requests of the last days.
#[derive(Debug, Clone)]
pub(crate) struct UsageChart {
    /// All of them, in words: `1 request`, `1,204 requests`.
    pub(crate) total: String,
    /// How many there were on the busiest day; none when there were none.
    pub(crate) most: Option<i64>,
    /// Each day, the oldest first.
    pub(crate) bars: Vec<UsageBar>,
}

/// A day of the picture, in units of it.
#[derive(Debug, Clone)]
pub(crate) struct UsageBar {
    /// Where it begins from the left.
    pub(crate) x: i64,
    /// Where it begins from above.
    pub(crate) y: i64,
    /// How high it is.
    pub(crate) height: i64,
    /// The day, in words.
    pub(crate) day: String,
    /// How many requests there were.
    pub(crate) requests: i64,
}

#[cfg(test)]
impl UsageChart {
    pub(super) fn sample(days: &[i64]) -> Self {
        use bloom_domain::credits::UsageDay;
        use bloom_domain::request_usage::DayCount;

        let counts = (20_700..).zip(days);
        let counts: Vec<_> = counts
            .map(|(day, requests)| DayCount {
                day: UsageDay::from_number(day),
                requests: *requests,
            })
            .collect();
        crate::pages::usage::chart(&counts)
    }

    pub(super) fn sample_busy() -> Self {
        let days: Vec<_> = (0..30).map(|day| (day * 37 + day % 7 * 211) % 1_200).collect();
        Self::sample(&days)
    }
}

#[cfg(test)]
impl AppUsage {
    pub(super) fn samples() -> Vec<(&'static str, Self)> {
        let page = |name: &str, usage| Self {
            layout: Layout::sample_signed_in(),
            name: name.into(),
            usage,
        };
        vec![
            ("app-usage", page("Example App", UsageChart::sample_busy())),
            ("app-usage-none", page("Example App", UsageChart::sample(&[0; 30]))),
            ("app-usage-hostile", page(super::tests::HOSTILE, UsageChart::sample(&[1; 30]))),
        ]
    }
}
