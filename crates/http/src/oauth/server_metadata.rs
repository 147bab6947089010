//! Authorization server metadata (RFC 8414 §3) and OpenID Connect discovery (Discovery §4): one
//! document, at every URL where some client looks for it.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use http::header;

use crate::api::envelope::write;
use crate::app::App;

/// RFC 8414 §3.1 puts the well-known segment before the issuer's path, OpenID Connect behind it, and
/// some clients leave the path out or mix the two up.
const URLS: [&str; 5] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/api/auth",
    "/.well-known/openid-configuration/api/auth",
    "/api/auth/.well-known/oauth-authorization-server",
    "/api/auth/.well-known/openid-configuration",
];

/// A route for each URL; the document never changes, so it is written once.
pub(crate) fn routes(app: &App) -> Router<App> {
    let body = Bytes::from(write(&app.service.authorization_server().metadata()));
    let headers =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "max-age=300")];
    URLS.iter().fold(Router::new(), |router, url| {
        let answer = (headers.clone(), body.clone());
        router.route(url, get(move || std::future::ready(answer.clone().into_response())))
    })
}
