//! The JSON API at `/api/v1`.
//!
//! A request goes one way: headers to [`credentials`], to a principal, to its window, to the
//! handler, to the envelope. `endpoints.rs` lists what there is.

pub(crate) mod accounts;
pub(crate) mod admission;
mod api_keys;
pub(crate) mod brands;
mod credentials;
pub(crate) mod credits;
pub(crate) mod endpoints;
pub(crate) mod envelope;
pub(crate) mod errors;
mod files;
pub(crate) mod images;
pub(crate) mod imports;
pub(crate) mod json;
pub mod multipart;
mod old_secret;
pub(crate) mod openapi;
pub(crate) mod query;
mod rate_headers;
mod repeated;
mod workspaces;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::{any, get};
use bytes::Bytes;
use http::{Method, header};

use crate::app::App;
use crate::face::API_PATH;
use errors::{ApiError, ErrorCode};

/// Everything below `/api`, and what nobody else serves below `/.well-known`. Whole paths rather than
/// nested routers, which would write the URI of every request anew.
pub(crate) fn routes() -> Router<App> {
    let mut router = Router::new();
    for endpoint in endpoints::all() {
        router = router.route(&format!("{API_PATH}{}", endpoint.path), (endpoint.route)());
    }
    router
        .route(&format!("{API_PATH}/spec.json"), get(spec()))
        .route("/api", any(not_found))
        .route("/api/", any(not_found))
        .route("/api/{*rest}", any(not_found))
        // Clients look for documents here, and take a page for one: whatever is not served is no page.
        .route("/.well-known/", any(not_found))
        .route("/.well-known/{*rest}", any(not_found))
        .method_not_allowed_fallback(method_not_allowed)
}

/// The API's description, the only operation that needs no credential.
fn spec() -> impl Fn() -> std::future::Ready<axum::response::Response> + Clone {
    let body = Bytes::from(openapi::document().to_string());
    let headers =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "max-age=300")];
    move || std::future::ready((headers.clone(), body.clone()).into_response())
}

async fn not_found() -> ApiError {
    ApiError::new(
        ErrorCode::NotFound,
        "There is no such path. GET /api/v1/spec.json lists every operation.",
    )
}

async fn method_not_allowed(method: Method) -> ApiError {
    let message = format!(
        "This path does not take {method}. GET /api/v1/spec.json lists the methods of every path."
    );
    ApiError::new(ErrorCode::MethodNotAllowed, message)
}
