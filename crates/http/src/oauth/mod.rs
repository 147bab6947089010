//! The OAuth face: what clients talk to without a person. The person's part, from the authorization
//! endpoint to consent, is in `pages/authorize.rs`.

mod answers;
mod body;
mod introspection;
mod keys;
mod management;
mod registration;
mod resource_metadata;
mod revocation;
mod server_metadata;
mod token;
mod userinfo;

pub(crate) use answers::OAuthFailure;

use axum::Router;
use axum::routing::{get, post};
use bloom_service::authorization_server::ISSUER_PATH;

use crate::app::App;

/// The authorization endpoint, below the origin.
pub(crate) const AUTHORIZE: &str = "/api/auth/oauth2/authorize";

/// The end-session endpoint, below the origin.
pub(crate) const END_SESSION: &str = "/api/auth/oauth2/end-session";

/// The OAuth routes.
pub(crate) fn routes(app: &App) -> Router<App> {
    let endpoint = |path: &str| format!("{ISSUER_PATH}{path}");
    Router::new()
        .route(&endpoint("/oauth2/register"), post(registration::register))
        .route(
            &endpoint("/oauth2/register/{client_id}"),
            get(management::read).put(management::update).delete(management::delete),
        )
        .route(&endpoint("/oauth2/token"), post(token::issue))
        .route(&endpoint("/oauth2/revoke"), post(revocation::revoke))
        .route(&endpoint("/oauth2/introspect"), post(introspection::introspect))
        .route(&endpoint("/oauth2/userinfo"), get(userinfo::show).post(userinfo::show))
        .route(&endpoint("/jwks"), get(keys::show))
        .merge(server_metadata::routes(app))
        .merge(resource_metadata::routes(app))
        .method_not_allowed_fallback(answers::method_not_allowed)
}

/// Whether a path is one of the two below the issuer that a person's browser goes to, and that read its
/// cookie.
pub(crate) fn is_for_people(path: &str) -> bool {
    matches!(path, AUTHORIZE | END_SESSION)
}

/// Whether a path is of this face: its errors are written as RFC 6749 says.
pub(crate) fn is_ours(path: &str) -> bool {
    path.strip_prefix(ISSUER_PATH).is_some_and(|rest| rest.starts_with('/'))
}
