//! The claims of access tokens (RFC 9068 §2.2) and id tokens (OpenID Connect Core §2).

use aws_lc_rs::digest::{SHA512, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
    /// The access token that was issued along with it: see [`token_hash`].
    pub at_hash: String,
    /// Echoed from the authorization request; not there after a refresh (§12.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// With the scope `profile`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// With the scope `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the person is known to read what is sent there; along with `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
}

/// What an id token says of its access token (Core §3.1.3.6): "the left-most half of the hash of the
/// octets of the ASCII representation", by the hash that Ed25519 itself is made with (RFC 8032 §5.1).
#[must_use]
pub fn token_hash(access_token: &str) -> String {
    let hash = digest(&SHA512, access_token.as_bytes());
    let (half, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    URL_SAFE_NO_PAD.encode(half)
}

/// The part of an id token that is read when it comes back as a hint. It may have ended long ago.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdTokenHint {
    /// The issuer.
    pub iss: String,
    /// The account.
    pub sub: String,
    /// The client it was issued to.
    pub aud: String,
    /// The session of that client it was issued in.
    pub sid: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_half_of_sha512() {
        // The first half of SHA-512("abc"), FIPS 180-4.
        let half = "3a81oZNherrMQXNJriBBMRLm-k6JqX6iCp7u5ktV05o";
        assert_eq!(token_hash("abc"), half);
    }
}
