//! `POST /api/billing/webhook`: where the payment provider tells of payments.
//!
//! No cookie and no credential is read here: what counts is the signature over the bytes of the body.

use std::borrow::Cow;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bloom_service::billing::{self, EventError};
use http::{HeaderMap, StatusCode};

use crate::api::envelope::json;
use crate::api::errors::{ApiError, ErrorCode};
use crate::app::App;
use crate::body::{self, BodyError};
use crate::sender::Sender;

/// Where it is.
const PATH: &str = "/api/billing/webhook";
/// Larger than any event that means something here.
const MAX_BYTES: usize = 512 * 1024;
const SIGNATURE: &str = "stripe-signature";

/// The one path.
pub(crate) fn routes() -> Router<App> {
    Router::new().route(PATH, post(hear).fallback(only_post))
}

async fn hear(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let sender = Sender::of(&app, &parts.headers, &parts.extensions).kept();
    let body = body::read(body, MAX_BYTES).await.map_err(unread)?;
    let signature = one(&parts.headers);
    let heard = billing::anonymous_event(&app.service, signature, &body, &sender).await;
    heard.map(|_| json(StatusCode::OK, br#"{"received":true}"#.to_vec())).map_err(refused)
}

async fn only_post() -> Response {
    let message = "Events of the payment provider are sent here by POST.";
    let mut response = ApiError::new(ErrorCode::MethodNotAllowed, message).into_response();
    let allowed = http::HeaderValue::from_static("POST");
    response.headers_mut().insert(http::header::ALLOW, allowed);
    response
}

/// The header, when there is just one and it is text.
fn one(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(SIGNATURE).iter();
    let first = all.next()?;
    if all.next().is_some() { None } else { first.to_str().ok() }
}

fn unread(error: BodyError) -> ApiError {
    match error {
        BodyError::TooLarge => {
            ApiError::new(ErrorCode::PayloadTooLarge, "An event may have 512 KiB.")
        }
        BodyError::NotWhole => ApiError::new(
            ErrorCode::BadRequest,
            "The event did not arrive whole within 30 seconds.",
        ),
    }
}

/// Whoever reads this looks into the payment provider's list of what could not be delivered.
fn refused(error: EventError) -> ApiError {
    let bad = |text: Cow<'static, str>| ApiError::new(ErrorCode::BadRequest, text);
    match error {
        EventError::Off => ApiError::new(
            ErrorCode::NotFound,
            "This server takes no events: billing.enabled is off, or billing.webhook_secrets is empty.",
        ),
        EventError::Unsigned(why) => bad(format!("The event was not taken: {why}.").into()),
        EventError::Refused(why) => {
            tracing::warn!(
                why,
                "an event of the payment provider was refused; it will be sent again"
            );
            bad(format!("The event was not taken, and nothing has changed: {why}.").into())
        }
        EventError::Failed(error @ bloom_service::Error::Busy { .. }) => {
            ApiError::from(error).with_retry_after(Duration::from_secs(1))
        }
        EventError::Failed(error) => error.into(),
    }
}
