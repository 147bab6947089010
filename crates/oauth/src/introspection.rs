//! Token introspection (RFC 7662 §2.2): what the server says of a token to the client that holds it.

use serde::Serialize;

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Introspection<'a> {
    /// The token is good at this moment.
    Good(Box<ActiveToken<'a>>),
    /// Of a token that is not, nothing else is said (§2.2).
    NotGood {
        /// `false`.
        active: bool,
    },
}

impl Default for Introspection<'_> {
    fn default() -> Self {
        Self::NotGood { active: false }
    }
}

/// A good token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActiveToken<'a> {
    /// `true`.
    pub active: bool,
    /// Its scope.
    pub scope: String,
    /// Who holds it.
    pub client_id: String,
    /// `Bearer` for an access token; a refresh token is of no such type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// When it ends, in seconds.
    pub exp: i64,
    /// When it was issued, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// Whom it acts for.
    pub sub: String,
    /// The resources it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<&'a [String]>,
    /// The issuer.
    pub iss: &'a str,
    /// The token itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The grant.
    pub sid: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_token_that_is_not_good_nothing_else_is_said() {
        let json = serde_json::to_string(&Introspection::default()).unwrap();
        assert_eq!(json, r#"{"active":false}"#);
    }
}
