//! `GET /img/{id}/{tag}`: the bytes of an image, for whoever has its URL; with `?small` what a list shows of it.
//!
//! They may be a stranger's, so a browser is told to take them for what they were decoded as and for nothing
//! else, and to run nothing of them.

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use bloom_service::Error;
use bloom_service::images::links::{Download, Version, anonymous_download};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

use crate::app::App;
use crate::edge::Cause;

/// Nothing of it runs, and nothing is fetched for it.
const POLICY: &str = "sandbox; default-src 'none'";
/// Deleting an image ends its URL, so nobody keeps it for long.
const CACHING: &str = "private, max-age=300";
/// The query of whoever wants a file.
const AS_A_FILE: &str = "download";
/// The query of whoever shows a list.
const SMALL: &str = "small";
const NO_IMAGE: &str = "There is no such image.\n";

/// All that lies below `/img`, so that nothing there is taken for a page, which would be looked for at the public host.
pub(crate) fn routes() -> Router<App> {
    let image = "/img/{id}/{tag}";
    let others =
        ["/img", "/img/", "/img/{id}", "/img/{id}/", "/img/{id}/{tag}/", "/img/{id}/{tag}/{*rest}"];
    let router = Router::new().route(image, get(show));
    others.into_iter().fold(router, |router, path| router.route(path, any(nothing)))
}

/// Where the small version of an image is.
pub(crate) fn small(url: &str) -> String {
    format!("{url}?{SMALL}")
}

/// Files that are somewhere else are given there only: their bytes never share an origin with a page.
pub(crate) fn elsewhere(app: &App, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    let origin = app.site.files_elsewhere(uri, headers)?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let place = HeaderValue::try_from(format!("{origin}{path}")).ok()?;
    Some((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, place)]).into_response())
}

/// An address that is none of an image.
async fn nothing() -> Response {
    told(StatusCode::NOT_FOUND, NO_IMAGE)
}

async fn show(
    State(app): State<App>,
    path: Result<Path<(String, String)>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if let Some(response) = elsewhere(&app, &uri, &headers) {
        return response;
    }
    let Ok(Path((id, tag))) = path else { return nothing().await };
    let version = if uri.query() == Some(SMALL) { Version::Small } else { Version::Whole };
    match anonymous_download(&app.service, &id, &tag, version).await {
        Ok(download) => file(download, uri.query() == Some(AS_A_FILE)),
        Err(Error::ImageNotFound) => nothing().await,
        Err(error) => {
            let mut response =
                told(StatusCode::SERVICE_UNAVAILABLE, "The image cannot be read now. Try again.\n");
            response.extensions_mut().insert(Cause(error.to_string().into()));
            response
        }
    }
}

/// The bytes; as a file to be kept where that was asked for, since a link to another place cannot say so itself.
fn file(download: Download, is_kept: bool) -> Response {
    let Download { bytes, media_type, name } = download;
    let manner = if is_kept { "attachment" } else { "inline" };
    let named = format!("{manner}; filename=\"{name}\"");
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
