//! `POST /images/search`: images of a brand, found by words and by what they mean.

use bloom_domain::search::MAX_QUERY;
use bloom_service::images::search::{Query, Results, search as find};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words::RatioWord;
use super::{brand_id, unprocessable};
use crate::api::admission::Call;
use crate::api::envelope::Data;
use crate::api::errors::ApiError;
use crate::api::json::{Sent, bad_field};

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FoundImages")]
pub(crate) struct FoundView {
    /// What was looked for.
    query: String,
    /// The nearest first.
    candidates: Vec<CandidateView>,
    /// What `cursor` takes to go on; `null` at the end.
    next_cursor: Option<String>,
    /// Whether there are more.
    has_more: bool,
}

/// An image that was found.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FoundImage")]
struct CandidateView {
    /// Its id.
    #[schemars(extend("format" = "uuid"))]
    id: String,
    /// Where its bytes are, for whoever has this URL.
    url: String,
    /// What it shows, in words.
    description: String,
    /// Its width in pixels.
    width: Option<i64>,
    /// Its height in pixels.
    height: Option<i64>,
    /// The ratio of its sides.
    aspect_ratio: Option<RatioWord>,
    /// What drew it, as in an image; `null` for what was brought or found.
    engine: Option<String>,
    /// How far it is from what was looked for: 0 when it has every word of it, 1 with neither a word nor a meaning in common.
    distance: f64,
}

/// What `POST /images/search` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SearchImages")]
pub(crate) struct Search {
    /// The brand among whose images to look.
    #[schemars(extend("format" = "uuid"))]
    brand_session_id: String,
    /// What to look for.
    #[schemars(length(min = 1, max = 500))]
    query: String,
    /// How many are answered at most.
    #[serde(default = "usual_limit")]
    #[schemars(range(min = 1, max = 50))]
    limit: u32,
    /// Where to go on: nextCursor of the answer before, with everything else as it was.
    #[serde(default)]
    #[schemars(with = "String")]
    cursor: Option<String>,
    /// How far what is found may be.
    #[serde(default = "usual_distance")]
    #[schemars(range(min = 0.0, max = 2.0))]
    max_distance: f64,
}

impl Sent for Search {}

fn usual_limit() -> u32 {
    10
}

fn usual_distance() -> f64 {
    0.7
}

impl FoundView {
    pub(crate) fn of(query: String, results: Results) -> Self {
        let candidate = |(seen, distance): (bloom_service::images::Seen, f64)| CandidateView {
            id: seen.image.id.to_string(),
            url: seen.url.unwrap_or_default(),
            description: seen.image.description.or(seen.image.prompt).unwrap_or_default(),
            width: seen.image.size.map(|size| size.0),
            height: seen.image.size.map(|size| size.1),
            aspect_ratio: seen.image.ratio.map(Into::into),
            engine: seen.image.engine,
            distance,
        };
        Self {
            query,
            has_more: results.next.is_some(),
            next_cursor: results.next,
            candidates: results.found.into_iter().map(candidate).collect(),
        }
    }
}

/// What is looked for, when it can be.
pub(crate) fn read(
    brand: &str,
    text: &str,
    limit: u32,
    max_distance: f64,
    cursor: Option<String>,
) -> Result<Query, ApiError> {
    let brand = brand_id("brandSessionId", brand)?;
    let length = text.chars().count();
    if text.trim().is_empty() || length > MAX_QUERY || text.contains('\0') {
        return Err(bad_field("query", &format!("Send 1 to {MAX_QUERY} characters.")));
    }
    if !(1..=50).contains(&limit) {
        return Err(bad_field("limit", "Send a whole number from 1 to 50."));
    }
    if !(0.0..=2.0).contains(&max_distance) {
        return Err(bad_field("maxDistance", "Send a number from 0 to 2."));
    }
    let limit = limit as usize;
    Ok(Query { brand, text: text.to_owned(), limit, max_distance, cursor })
}

pub(crate) async fn search(call: Call, sent: Search) -> Result<Data, ApiError> {
    let Search { brand_session_id, query, limit, cursor, max_distance } = sent;
    let wanted = read(&brand_session_id, &query, limit, max_distance, cursor)?;
    let results = find(&call.app.service, &call.principal, wanted).await;
    Ok(Data::new(&FoundView::of(query, results.map_err(unprocessable)?)))
}
