//! The other side of OpenID Connect: what a relying party knows of a provider, and how it asks.
//!
//! 1. The provider says of itself where it is asked (Discovery 1.0 §3): [`ProviderMetadata`].
//! 2. A person is sent to it with a request (Core §3.1.2.1): [`ProviderMetadata::authorization_url`].
//! 3. What comes back is redeemed (§3.1.3.1): [`token_form`], [`basic`].
//! 4. The ID token of the answer is verified (§3.1.3.7): [`id_token`], by the provider's [`keys`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use crate::authorization::{UNLESS_UNRESERVED, with_parameters};
use crate::parameters::Parameters;

pub mod id_token;
pub mod keys;

/// What comes after an issuer in the address of its document (Discovery 1.0 §4).
const WELL_KNOWN: &str = "/.well-known/openid-configuration";
/// The longest address in it.
const MAX_URL: usize = 2_000;

/// What a provider says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderMetadata {
    /// Where people are sent.
    pub authorization_endpoint: String,
    /// Where codes are redeemed.
    pub token_endpoint: String,
    /// Where its keys lie.
    pub jwks_uri: String,
    /// Where it tells of a person what the ID token does not.
    pub userinfo_endpoint: Option<String>,
    /// Whether each of its answers names it (RFC 9207 §3).
    pub names_itself: bool,
    /// Whether a secret goes into the body, since it is not taken in the header.
    pub wants_secret_in_body: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// Where the document of an issuer lies.
#[must_use]
pub fn discovery_url(issuer: &str) -> String {
    format!("{}{WELL_KNOWN}", issuer.strip_suffix('/').unwrap_or(issuer))
}

/// Whether a text can be an issuer, or an endpoint of one: an absolute URL of https (or http, where that may
/// be) that everybody reads alike, without a fragment. Only an endpoint may have a query.
#[must_use]
pub fn is_url(text: &str, may_be_plain: bool, may_have_query: bool) -> bool {
    let rest = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => rest,
        (_, Some(rest)) if may_be_plain => rest,
        _ => return false,
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    text.len() <= MAX_URL
        && end > 0
        && !rest[..end].contains('@')
        && text.bytes().all(|b| b.is_ascii_graphic() && !b"\\\"<>^`{|}#".contains(&b))
        && (may_have_query || !text.contains('?'))
}

impl ProviderMetadata {
    /// Reads the document of an issuer.
    ///
    /// # Errors
    /// What is wrong with it, for the operator.
    pub fn parse(issuer: &str, body: &[u8], may_be_plain: bool) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        // "The issuer value returned MUST be identical to the Issuer URL" (§4.3): else one provider could
        // speak for another.
        if document.issuer != issuer {
            return Err(format!("its issuer is {:?}, and not {issuer:?}", document.issuer));
        }
        let endpoints = [
            ("authorization_endpoint", Some(&document.authorization_endpoint)),
            ("token_endpoint", Some(&document.token_endpoint)),
            ("jwks_uri", Some(&document.jwks_uri)),
            ("userinfo_endpoint", document.userinfo_endpoint.as_ref()),
        ];
        for (name, url) in endpoints {
            if url.is_some_and(|url| !is_url(url, may_be_plain, true)) {
                return Err(format!("its {name} is no address that is asked"));
            }
        }
        // "If omitted, the default is client_secret_basic."
        let methods = document.token_endpoint_auth_methods_supported.unwrap_or_default();
        let takes = |method: &str| methods.iter().any(|known| known == method);
        Ok(Self {
            authorization_endpoint: document.authorization_endpoint,
            token_endpoint: document.token_endpoint,
            jwks_uri: document.jwks_uri,
            userinfo_endpoint: document.userinfo_endpoint,
            names_itself: document.authorization_response_iss_parameter_supported,
            wants_secret_in_body: takes("client_secret_post") && !takes("client_secret_basic"),
        })
    }

    /// The address to which a person is sent with a request.
    #[must_use]
    pub fn authorization_url(&self, request: &[(&str, &str)]) -> String {
        with_parameters(&self.authorization_endpoint, request.iter().copied())
    }
}

/// The body of a request to a token endpoint.
#[must_use]
pub fn token_form(fields: &[(&str, &str)]) -> String {
    with_parameters("", fields.iter().copied()).trim_start_matches('?').to_owned()
}

/// The `Authorization` of a client with a secret. Both are form-encoded first (RFC 6749 §2.3.1).
#[must_use]
pub fn basic(client_id: &str, secret: &str) -> String {
    let encoded = |text| utf8_percent_encode(text, UNLESS_UNRESERVED);
    let pair = format!("{}:{}", encoded(client_id), encoded(secret));
    format!("Basic {}", STANDARD.encode(pair))
}

/// What a provider sent a browser back with (Core §3.1.2.5, §3.1.2.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it was sent there with.
    pub state: String,
    /// Who says that it answers.
    pub issuer: Option<String>,
    /// A code, or the code of an error.
    pub outcome: Result<String, String>,
}

impl Answer {
    /// Reads the query of an answer; `None` when it is none, or has anything twice.
    #[must_use]
    pub fn parse(query: &str) -> Option<Self> {
        let parameters = Parameters::parse(query.as_bytes()).ok()?;
        let one = |name| parameters.one(name).ok();
        let state = one("state")??.to_owned();
        let issuer = one("iss")?.map(str::to_owned);
        let outcome = match (one("code")?, one("error")?) {
            (Some(code), None) => Ok(code.to_owned()),
            (None, Some(error)) => Err(error.to_owned()),
            _ => return None,
        };
        Some(Self { state, issuer, outcome })
    }
}

/// What a token endpoint answers (§3.1.3.3).
#[derive(Deserialize)]
pub struct TokenAnswer {
    /// Good at the userinfo endpoint.
    pub access_token: String,
    /// Who the person is.
    pub id_token: String,
    token_type: String,
}

impl TokenAnswer {
    /// Reads the body of an answer; `None` when it is not one that was asked for.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let answer: Self = serde_json::from_slice(body).ok()?;
        let is_header = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
        let is_good = answer.token_type.eq_ignore_ascii_case("bearer")
            && !answer.access_token.is_empty()
            && is_header(&answer.access_token);
        is_good.then_some(answer)
    }
}

#[cfg(test)]
mod tests;
