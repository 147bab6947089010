//! `/api/leaks`: where secret scanners, and whoever has somebody's whole API key, tell that it leaked.
//!
//! No cookie and no credential is read here: what counts is the scanner's signature over the bytes of the
//! body, or the key itself.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bloom_service::Error;
use bloom_service::leaks::{self, AlertError, Judged, MAX_BYTES, MAX_MATCHES, Report};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::api::envelope::{Data, json, write};
use crate::api::errors::{ApiError, ErrorCode};
use crate::app::App;
use crate::body::{self, BodyError};
use crate::sender::Sender;

/// Where a secret scanner sends its alerts.
const ALERTS: &str = "/api/leaks/alerts";
/// Where anybody reports a key.
const REPORTS: &str = "/api/leaks/reports";
/// Larger than a report with a key in it.
const MAX_REPORT: usize = 4 * 1024;
const IDENTIFIER: &str = "github-public-key-identifier";
const SIGNATURE: &str = "github-public-key-signature";

/// The two paths.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route(ALERTS, post(hear).fallback(only_post))
        .route(REPORTS, post(report).fallback(only_post))
}

/// A judgement in the words of the scanner.
#[derive(Serialize)]
struct Label {
    token_hash: String,
    token_type: String,
    label: &'static str,
}

impl From<Judged> for Label {
    fn from(judged: Judged) -> Self {
        let label = if judged.is_ours { "true_positive" } else { "false_positive" };
        Self { token_hash: judged.token_hash, token_type: judged.kind, label }
    }
}

async fn hear(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let sender = Sender::of(&app, &parts.headers, &parts.extensions).kept();
    let body = body::read(body, MAX_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => too_large(&format!("An alert may have {} KiB", MAX_BYTES / 1024)),
        BodyError::NotWhole => not_whole(),
    })?;
    let (identifier, signature) = (one(&parts.headers, IDENTIFIER), one(&parts.headers, SIGNATURE));
    let heard = leaks::anonymous_alert(&app.service, identifier, signature, &body, &sender).await;
    let labels: Vec<Label> = heard.map_err(refused)?.into_iter().map(Label::from).collect();
    Ok(json(StatusCode::OK, write(&labels)))
}

/// A report as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reported {
    key: String,
}

/// What it comes to.
#[derive(Serialize)]
struct Outcome {
    state: &'static str,
}

async fn report(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    if !body::is_of_type(&parts.headers, "application/json") {
        let text = "Send the key as application/json: {\"key\":\"bloom_sk_…\"}.";
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, text));
    }
    let sender = Sender::of(&app, &parts.headers, &parts.extensions).kept();
    let body = body::read(body, MAX_REPORT).await.map_err(|error| match error {
        BodyError::TooLarge => too_large(&format!("A report may have {} KiB", MAX_REPORT / 1024)),
        BodyError::NotWhole => not_whole(),
    })?;
    // What the parser says may repeat the key.
    let reported: Reported = serde_json::from_slice(&body).map_err(|_| {
        let text = "Send one whole key as {\"key\":\"bloom_sk_…\"} and nothing else.";
        ApiError::new(ErrorCode::BadRequest, text)
    })?;
    match leaks::anonymous_report(&app.service, &reported.key, &sender).await {
        Ok(Report::Revoked) => Ok(Data::new(&Outcome { state: "revoked" }).into_response()),
        Ok(Report::Unknown) => {
            let text = "This server has no such key. Nothing was changed.";
            Err(ApiError::new(ErrorCode::NotFound, text))
        }
        Ok(Report::NotAKey(_)) => {
            let text = "That is no whole API key: it is cut off, mistyped, or of another system. Nothing was \
                        changed.";
            Err(ApiError::new(ErrorCode::BadRequest, text))
        }
        Err(Error::TooMany { retry_after }) => {
            let text = "Too many reports from your address named no key of this server. Wait Retry-After \
                        seconds.";
            Err(ApiError::new(ErrorCode::TooManyRequests, text).with_retry_after(retry_after))
        }
        Err(error) => Err(error.into()),
    }
}

async fn only_post() -> Response {
    let message = "Keys that leaked are told of by POST.";
    let mut response = ApiError::new(ErrorCode::MethodNotAllowed, message).into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

/// A header, when there is just one and it is text.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    if all.next().is_some() { None } else { first.to_str().ok() }
}

fn too_large(what: &str) -> ApiError {
    ApiError::new(ErrorCode::PayloadTooLarge, format!("{what}. Nothing was changed."))
}

fn not_whole() -> ApiError {
    ApiError::new(ErrorCode::BadRequest, "It did not arrive whole within 30 seconds.")
}

/// Whoever reads this looks into what the scanner could not deliver, or into this server's log.
fn refused(error: AlertError) -> ApiError {
    let not_taken = |why: &str| {
        let text = format!("The alert was not taken, and nothing has changed: {why}.");
        ApiError::new(ErrorCode::BadRequest, text)
    };
    match error {
        AlertError::Off => ApiError::new(
            ErrorCode::NotFound,
            "This server takes no alerts: leaks.scanner_keys is not set. Whoever has a whole key can report \
             it at /api/leaks/reports.",
        ),
        AlertError::Unsigned(why) => not_taken(why),
        AlertError::Unreadable(why) => {
            tracing::warn!(why, "an alert of the secret scanner was refused");
            not_taken(&why)
        }
        AlertError::TooMany => {
            tracing::warn!("an alert of the secret scanner was refused: it has too many matches");
            too_large(&format!("An alert may have {MAX_MATCHES} matches"))
        }
        AlertError::Failed(error @ Error::Busy { .. }) => {
            ApiError::from(error).with_retry_after(Duration::from_secs(1))
        }
        AlertError::Failed(error) => error.into(),
    }
}
