//! The claims of access tokens (RFC 9068 §2.2) and id tokens (OpenID Connect Core §2).

use serde::{Deserialize, Serialize};

/// The `typ` of an access token (RFC 9068 §2.1).
pub const ACCESS_TOKEN_TYPE: &str = "at+jwt";
/// The `typ` of an id token.
pub const ID_TOKEN_TYPE: &str = "JWT";

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessClaims {
    /// The issuer.
    pub iss: String,
    /// The account.
    pub sub: String,
    /// The resources it is for.
    pub aud: Vec<String>,
    /// The client that holds it.
    pub client_id: String,
    /// The same, by OpenID Connect's name.
    pub azp: String,
    /// The granted scope tokens.
    pub scope: String,
    /// The access: `all`, or Bloom scopes.
    pub access: String,
    /// The grant.
    pub sid: String,
    /// The token itself.
    pub jti: String,
    /// When it was issued, in seconds.
    pub iat: i64,
    /// When it ends, in seconds.
    pub exp: i64,
}

/// What an id token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdClaims {
    /// The issuer.
    pub iss: String,
    /// The account.
    pub sub: String,
    /// The client.
    pub aud: String,
    /// The client again.
    pub azp: String,
    /// The grant.
    pub sid: String,
    /// The token itself.
    pub jti: String,
    /// When it was issued, in seconds.
    pub iat: i64,
    /// When it ends, in seconds.
    pub exp: i64,
    /// When the person signed in, in seconds.
    pub auth_time: i64,
    /// Echoed from the authorization request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// With the scope `profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// With the scope `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}
