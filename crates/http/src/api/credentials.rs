//! Which credential a request presents.
//!
//! `x-api-key` decides alone when it is there, even when it is empty or wrong; otherwise
//! `Authorization: Bearer` does. Two of one header are an error: a proxy and the server must never
//! disagree on which of them counts. Nothing is ever read from a query, a body or a cookie.

use bloom_oauth::bearer::{self, BearerError};
use bloom_service::authenticate::Presented;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The headers present no credential that could be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialError {
    /// The named header came twice.
    Twice(&'static str),
    /// `x-api-key` is not even text.
    UnreadableKey,
    /// `Authorization` is `Bearer` without a token, or with something that is none.
    MalformedBearer,
    /// `Authorization` has another scheme.
    OtherScheme,
}

impl CredentialError {
    /// Whether it counts as an authentication that failed: there was something in the place of a key or
    /// token, and it was none.
    pub(crate) fn is_failed_attempt(self) -> bool {
        match self {
            Self::UnreadableKey | Self::MalformedBearer => true,
            Self::Twice(_) | Self::OtherScheme => false,
        }
    }
}

/// Finds the credential of a request.
pub(crate) fn presented(headers: &HeaderMap) -> Result<Presented<'_>, CredentialError> {
    let key = only(headers, &X_API_KEY).map_err(|()| CredentialError::Twice("x-api-key"))?;
    let authorization =
        only(headers, &AUTHORIZATION).map_err(|()| CredentialError::Twice("Authorization"))?;
    if let Some(key) = key {
        let key = key.to_str().map_err(|_| CredentialError::UnreadableKey)?;
        return Ok(Presented::ApiKey(key.trim()));
    }
    let Some(authorization) = authorization else {
        return Ok(Presented::Nothing);
    };
    match bearer::bearer_token(authorization.as_bytes()) {
        Ok(token) => Ok(Presented::Bearer(token)),
        Err(BearerError::Malformed) => Err(CredentialError::MalformedBearer),
        Err(BearerError::OtherScheme) => Err(CredentialError::OtherScheme),
    }
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn found(pairs: &[(&'static str, &'static str)]) -> Result<String, CredentialError> {
        presented(&headers(pairs)).map(|presented| match presented {
            Presented::Nothing => "nothing".to_owned(),
            Presented::ApiKey(text) => format!("key {text}"),
            Presented::Bearer(text) => format!("bearer {text}"),
        })
    }

    #[test]
    fn x_api_key_wins_whatever_it_holds() {
        assert_eq!(found(&[]), Ok("nothing".into()));
        assert_eq!(found(&[("authorization", "Bearer b")]), Ok("bearer b".into()));
        assert_eq!(found(&[("x-api-key", "k"), ("authorization", "Bearer b")]), Ok("key k".into()));
        assert_eq!(found(&[("x-api-key", ""), ("authorization", "Bearer b")]), Ok("key ".into()));
        assert_eq!(found(&[("x-api-key", "k"), ("authorization", "Basic x")]), Ok("key k".into()));
    }

    #[test]
    fn two_of_one_header_are_refused_whatever_else_is_there() {
        let twice = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
        assert_eq!(found(&twice), Err(CredentialError::Twice("Authorization")));
        let with_key = [("x-api-key", "k"), twice[0], twice[1]];
        assert_eq!(found(&with_key), Err(CredentialError::Twice("Authorization")));
        let keys = [("x-api-key", "k"), ("x-api-key", "k")];
        assert_eq!(found(&keys), Err(CredentialError::Twice("x-api-key")));
    }

    #[test]
    fn other_schemes_and_malformed_tokens_are_told_apart() {
        assert_eq!(found(&[("authorization", "Basic YTpi")]), Err(CredentialError::OtherScheme));
        assert_eq!(found(&[("authorization", "Bearer")]), Err(CredentialError::MalformedBearer));
        assert_eq!(
            found(&[("authorization", "Bearer a b")]),
            Err(CredentialError::MalformedBearer)
        );
        let mut bad = HeaderMap::new();
        bad.insert("x-api-key", HeaderValue::from_bytes(b"\xff").unwrap());
        assert!(matches!(presented(&bad), Err(CredentialError::UnreadableKey)));
    }
}
