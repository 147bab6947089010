//! The names by which clients know this authorization server and its resources.

use bloom_domain::access::{BloomScope, OPENID_SCOPES};
use bloom_oauth::server_metadata::ServerMetadata;

/// Below the origin: the issuer.
pub const ISSUER_PATH: &str = "/api/auth";
/// Below the origin: the API.
pub const API_PATH: &str = "/api/v1";
/// Below the origin: the MCP server.
pub const MCP_PATH: &str = "/api/mcp";

/// Every scope there is: OpenID Connect's, then Bloom's, the one for API keys last.
pub const SCOPES: [&str; 8] = [
    OPENID_SCOPES[0],
    OPENID_SCOPES[1],
    OPENID_SCOPES[2],
    OPENID_SCOPES[3],
    BloomScope::Read.as_str(),
    BloomScope::Generate.as_str(),
    BloomScope::Write.as_str(),
    BloomScope::KeysAdmin.as_str(),
];
/// What a client should ask of a resource. Many ask for all that its metadata lists, and a person should
/// not be asked to let every agent make API keys.
pub const RESOURCE_SCOPES: [&str; 7] =
    [SCOPES[0], SCOPES[1], SCOPES[2], SCOPES[3], SCOPES[4], SCOPES[5], SCOPES[6]];
/// The scopes of a client that names none.
pub const DEFAULT_SCOPE: &str = "openid offline_access";

/// The names, all made from the configured origin.
#[derive(Debug, Clone)]
pub struct AuthorizationServer {
    origin: String,
    issuer: String,
    audience: Vec<String>,
    resources: Vec<String>,
}

impl AuthorizationServer {
    /// The server at an origin: scheme, host and port, without a slash at the end.
    #[must_use]
    pub fn at(origin: &str) -> Self {
        let below = |path: &str| format!("{origin}{path}");
        let audience = vec![below(API_PATH), below(MCP_PATH)];
        let mut resources = vec![below(""), below("/")];
        resources.extend(audience.iter().cloned());
        Self { origin: origin.to_owned(), issuer: below(ISSUER_PATH), audience, resources }
    }

    /// The issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The origin.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The audience of every access token: the API and the MCP server, which are one resource.
    #[must_use]
    pub fn audience(&self) -> &[String] {
        &self.audience
    }

    /// The names of that resource that a client may send (RFC 8707 §2).
    #[must_use]
    pub fn resources(&self) -> &[String] {
        &self.resources
    }

    /// The metadata document.
    #[must_use]
    pub fn metadata(&self) -> ServerMetadata {
        ServerMetadata::new(&self.issuer, &SCOPES, self.audience.clone())
    }
}
