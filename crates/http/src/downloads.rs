//! `GET /img/{id}/{tag}`: the bytes of an image, for whoever has its URL.
//!
//! They may be a stranger's, so a browser is told to take them for what they were decoded as and for nothing
//! else, and to run nothing of them.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bloom_service::Error;
use bloom_service::images::links::{Download, anonymous_download};
use http::{HeaderValue, StatusCode, header};

use crate::app::App;
use crate::edge::Cause;

/// Nothing of it runs, and nothing is fetched for it.
const POLICY: &str = "sandbox; default-src 'none'";
/// Deleting an image ends its URL, so nobody keeps it for long.
const CACHING: &str = "private, max-age=300";

pub(crate) async fn show(
    State(app): State<App>,
    Path((id, tag)): Path<(String, String)>,
) -> Response {
    match anonymous_download(&app.service, &id, &tag).await {
        Ok(download) => file(download),
        Err(Error::ImageNotFound) => told(StatusCode::NOT_FOUND, "There is no such image.\n"),
        Err(error) => {
            let mut response =
                told(StatusCode::SERVICE_UNAVAILABLE, "The image cannot be read now. Try again.\n");
            response.extensions_mut().insert(Cause(error.to_string().into()));
            response
        }
    }
}

fn file(download: Download) -> Response {
    let Download { bytes, media_type, name } = download;
    let named = format!("inline; filename=\"{name}\"");
    let value = |text: &str| HeaderValue::try_from(text).ok();
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    let media_type =
        value(&media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHING));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(named) = value(&named) {
        headers.insert(header::CONTENT_DISPOSITION, named);
    }
    response
}

fn told(status: StatusCode, text: &'static str) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (status, headers, text).into_response()
}
