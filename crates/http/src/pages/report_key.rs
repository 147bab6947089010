//! `/report-key`: somebody has found an API key that is not theirs.

use axum::extract::{Request, State};
use axum::response::Response;
use bloom_domain::api_keys::ShapeError;
use bloom_service::Error;
use bloom_service::leaks::{self, Report};
use http::StatusCode;

use super::browser::{Browser, Sent};
use super::errors::PageError;
use super::forms::Form;
use super::views::ReportKey;
use super::{moment, page, sign_in};
use crate::app::App;

/// The form.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let browser = Browser::open(&app, Sent::request(&request)).await?;
    let view = empty(&browser);
    Ok(browser.keep(&app, page(StatusCode::OK, &view)))
}

/// Revokes the key, if it is one of this server. What was typed is a secret, so it never comes back.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let refused = |status, text: &str| {
        let view = ReportKey { key_error: Some(text.to_owned()), ..empty(&browser) };
        Ok(page(status, &view))
    };
    match leaks::anonymous_report(&app.service, form.text("key"), browser.sender()).await {
        Ok(Report::Revoked) => {
            let view = ReportKey { is_revoked: true, ..empty(&browser) };
            Ok(page(StatusCode::OK, &view))
        }
        Ok(Report::Unknown) => refused(
            StatusCode::NOT_FOUND,
            "This server has no such key. It may be of another Bloom server: report it there.",
        ),
        Ok(Report::NotAKey(ShapeError::Prefix)) => refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Enter the whole key. It begins with bloom_sk_.",
        ),
        Ok(Report::NotAKey(ShapeError::Form | ShapeError::Checksum)) => refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "That is not a whole key: it is cut off, mistyped, or of another system.",
        ),
        Err(Error::TooMany { retry_after }) => {
            let wait = moment::wait(retry_after);
            let text = format!(
                "Too many reports from where you are named no key of this server. Try again in {wait}."
            );
            let view = ReportKey { refusal: Some(text), ..empty(&browser) };
            let page = page(StatusCode::TOO_MANY_REQUESTS, &view);
            Ok(sign_in::with_retry_after(page, retry_after))
        }
        Err(error) => Err(error.into()),
    }
}

fn empty(browser: &Browser) -> ReportKey {
    ReportKey { layout: browser.layout(), is_revoked: false, key_error: None, refusal: None }
}
