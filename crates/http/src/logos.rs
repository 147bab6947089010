//! `/logos/{id}/{tag}`: the logos of brands, for whoever was given their address.
//!
//! They are what somebody sent, so a browser is told to make nothing of them but a picture.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bloom_service::brands::logos;
use http::{HeaderMap, HeaderValue, Uri, header};

use crate::api::errors::{ApiError, ErrorCode};
use crate::app::App;
use crate::downloads;

/// Where they lie.
pub(crate) const PATH: &str = "/logos";

/// The one path.
pub(crate) fn routes() -> Router<App> {
    Router::new().route(&format!("{PATH}/{{id}}/{{tag}}"), get(show))
}

async fn show(
    State(app): State<App>,
    path: Result<Path<(String, String)>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(response) = downloads::elsewhere(&app, &uri, &headers) {
        return Ok(response);
    }
    let gone = || {
        ApiError::new(
            ErrorCode::NotFound,
            "There is no such logo, or the brand has another by now.",
        )
    };
    let Path((id, tag)) = path.map_err(|_| gone())?;
    let id = id.parse().map_err(|_| gone())?;
    let (bytes, media_type) =
        logos::anonymous_open(&app.service, id, &tag).await.map_err(|error| match error {
            bloom_service::Error::BrandNotFound => gone(),
            error => error.into(),
        })?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    let media_type = HeaderValue::try_from(media_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'"),
    );
    // Another logo has another address.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=86400, immutable"),
    );
    Ok(response)
}
