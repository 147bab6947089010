//! Protected resource metadata (RFC 9728 §3), one document for each URL a client may start from.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use bloom_oauth::resource_metadata::{ResourceMetadata, WELL_KNOWN};
use bloom_service::authorization_server::RESOURCE_SCOPES;
use bytes::Bytes;
use http::header;

use crate::app::App;
use crate::face::{API_PATH, MCP_PATH};

/// The resources: the origin itself and the faces that a credential opens.
const RESOURCES: [&str; 3] = ["", API_PATH, MCP_PATH];

/// A route for each document; the documents never change, so they are written once.
pub(crate) fn routes(app: &App) -> Router<App> {
    let origin = app.site.origin();
    RESOURCES.iter().fold(Router::new(), |router, path| {
        let issuer = app.service.authorization_server().issuer();
        let document =
            ResourceMetadata::new(format!("{origin}{path}"), "Bloom API", issuer, &RESOURCE_SCOPES);
        // A struct of strings always serializes.
        let body = Bytes::from(serde_json::to_vec(&document).unwrap_or_default());
        let headers =
            [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "max-age=300")];
        let show = move || {
            let answer = (headers.clone(), body.clone());
            async move { answer.into_response() }
        };
        router.route(&format!("{WELL_KNOWN}{path}"), get(show))
    })
}
