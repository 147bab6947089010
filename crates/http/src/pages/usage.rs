//! How often keys and apps are used, as pages show it.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::credits::{ChargedVia, UsageDay};
use bloom_domain::ids::ConnectionId;
use bloom_domain::request_usage::{DayCount, RequestUsage};
use bloom_domain::time::Timestamp;
use bloom_service::{connections, request_usage};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::views::{AppUsage, UsageBar, UsageChart};
use super::{Segment, id, page};
use crate::app::App;

/// How many days are shown.
pub(crate) const DAYS: u32 = 30;
/// Of the picture: how high it is, and how far it is from a day to the next.
const HEIGHT: i64 = 120;
const STEP: i64 = 20;

/// The requests of an app.
pub(crate) async fn show_of_app(
    State(app): State<App>,
    segment: Segment,
    request: Request,
) -> Result<Response, PageError> {
    let connection: ConnectionId = id(segment)?;
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let person = browser.person_at(&format!("/settings/apps/{connection}/usage"))?;
    let apps = connections::list(&app.service, person).await?;
    let found = apps.into_iter().find(|app| app.id == connection).ok_or(PageError::NotFound)?;
    let usage = request_usage::list(&app.service, person, DAYS).await?;
    let view = AppUsage {
        layout: browser.layout(),
        name: found.client.display_name(),
        usage: of(&usage, ChargedVia::Connection(connection), app.service.now()),
    };
    Ok(page(StatusCode::OK, &view))
}

/// The picture of a credential's last days.
pub(crate) fn of(usage: &RequestUsage, via: ChargedVia, now: Timestamp) -> UsageChart {
    chart(&days(usage, via, now))
}

/// How often it was used, in the list.
pub(crate) fn summary(total: i64) -> String {
    format!("{} in the last {DAYS} days", requests(total))
}

/// How often it was used in the last days.
pub(crate) fn total(usage: &RequestUsage, via: ChargedVia, now: Timestamp) -> i64 {
    days(usage, via, now).iter().map(|day| day.requests).sum()
}

fn days(usage: &RequestUsage, via: ChargedVia, now: Timestamp) -> Vec<DayCount> {
    usage.last_days(via, UsageDay::of(now), DAYS as usize)
}

/// Draws days: the busiest is as high as the picture, and one with any request can be seen.
pub(crate) fn chart(days: &[DayCount]) -> UsageChart {
    let most = days.iter().map(|day| day.requests).max().filter(|most| *most > 0);
    let bars = (0..).zip(days).map(|(index, day)| {
        let height = match (day.requests, most) {
            (1.., Some(most)) => (day.requests.saturating_mul(HEIGHT - 4) / most).max(2),
            _ => 0,
        };
        UsageBar {
            x: index * STEP + 3,
            y: HEIGHT - 1 - height,
            height,
            day: date(day.day),
            requests: day.requests,
        }
    });
    let total = days.iter().map(|day| day.requests).sum();
    UsageChart { total: requests(total), most, bars: bars.collect() }
}

fn requests(count: i64) -> String {
    if count == 1 { "1 request".to_owned() } else { format!("{count} requests") }
}

fn date(day: UsageDay) -> String {
    let time = jiff::Timestamp::from_microsecond(day.begins_at().unix_micros()).unwrap_or_default();
    time.strftime("%-d %B %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_day_is_the_highest_and_one_request_can_be_seen() {
        let count = |day, requests| DayCount { day: UsageDay::from_number(day), requests };
        let drawn = chart(&[count(0, 0), count(1, 1), count(2, 10_000)]);
        assert_eq!((drawn.total.as_str(), drawn.most), ("10001 requests", Some(10_000)));
        let heights: Vec<_> =
            drawn.bars.iter().map(|bar| (bar.y + bar.height, bar.height)).collect();
        assert_eq!(heights, [(119, 0), (119, 2), (119, 116)]);
        assert_eq!(drawn.bars[1].day, "2 January 1970");
        assert_eq!(chart(&[count(0, 0)]).most, None);
    }
}
