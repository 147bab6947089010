//! A new key as a file to keep. The page that shows the key sends it here, and nothing keeps it on the way: as an address
//! of its own, say, it would stand in the browser's list of downloads for ever.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bloom_service::api_keys::by_principal::{self, Verified};
use http::{HeaderValue, header};

use super::errors::PageError;
use super::forms::Form;
use super::{redirect, which_key};
use crate::app::App;

/// Where the form is sent.
pub(crate) const PATH: &str = "/settings/api-keys/env";

/// Answers with the file, for a key of whoever asks.
pub(crate) async fn submit(
    State(app): State<App>,
    request: Request,
) -> Result<Response, PageError> {
    let (browser, form) = Form::read(&app, request).await?;
    let key = form.text("key");
    match by_principal::which(&app.service, browser.require_person()?, key).await? {
        Verified::Known { .. } => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/plain")),
                (
                    header::CONTENT_DISPOSITION,
                    HeaderValue::from_static("attachment; filename=\"bloom.env\""),
                ),
            ];
            Ok((headers, format!("BLOOM_API_KEY={key}\n")).into_response())
        }
        // There is a page that says what such a key is.
        Verified::Unknown | Verified::Malformed(_) => Ok(redirect(which_key::PATH)),
    }
}
