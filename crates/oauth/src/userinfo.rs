//! The UserInfo response (OpenID Connect Core §5.3.2) and the challenges in its place (§5.3.3).

use serde::Serialize;

/// What an app learns of the person: by scope, and only what there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserInfo {
    /// The account; the same as in the id token.
    pub sub: String,
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
