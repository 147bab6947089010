//! Cross-origin requests: any web page may call the API and the MCP server with a credential it holds
//! itself.
//!
//! `*` without credentials: browsers then send no cookie, and nothing here reads one, so there is
//! nothing a foreign page could borrow. Pages of ours get no such header.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::face::Face;
use crate::oauth;

const ANY: HeaderValue = HeaderValue::from_static("*");
const METHODS: HeaderValue =
    HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
/// By name: browsers do not take `*` for `Authorization`.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, x-api-key, dpop, idempotency-key, mcp-protocol-version, \
     mcp-session-id, last-event-id, mcp-method, mcp-name",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "WWW-Authenticate, Retry-After, Mcp-Session-Id, X-Request-Id, RateLimit, RateLimit-Policy, \
     X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Api-Key-Old-Until, \
     Idempotent-Replayed",
);
const A_DAY: HeaderValue = HeaderValue::from_static("86400");

/// Whether foreign web pages may call a path. Not the two endpoints that read a cookie: a person goes
/// there, never a script.
pub(crate) fn is_open(path: &str) -> bool {
    let is_below = |face: Face| {
        let rest = path.strip_prefix(face.path());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    Face::ALL.into_iter().any(is_below)
        || path.starts_with("/.well-known/")
        || oauth::is_ours(path) && !oauth::is_for_people(path)
}

/// Marks an answer as readable by foreign web pages; errors too, or they could not be understood.
pub(crate) fn open(headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// The answer to a preflight request. It comes before authentication: browsers send it without
/// credentials.
pub(crate) fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, A_DAY);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_credential_opens_and_the_metadata_are_open() {
        for open in [
            "/api/v1",
            "/api/v1/account",
            "/api/mcp",
            "/.well-known/oauth-protected-resource",
            "/api/auth/oauth2/token",
            "/api/auth/jwks",
        ] {
            assert!(is_open(open), "{open}");
        }
        for closed in [
            "/",
            "/api/v10",
            "/api/mcps",
            "/sign-in",
            "/authorize",
            oauth::AUTHORIZE,
            oauth::END_SESSION,
            "/api",
        ] {
            assert!(!is_open(closed), "{closed}");
        }
    }
}
