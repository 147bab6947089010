//! The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2, OpenID Connect Core
//! §3.1.2.1) and the answer to it.
//!
//! 1. [`Unverified`] is what a stranger sent. Client and redirect URI are looked at first, because
//!    until they are known there is nowhere to send an error: a local page says it.
//! 2. [`Unverified::redirect`] finds the registered URI. From here on errors go back to the client.
//! 3. [`Unverified::check`] runs the rest, in one table, and gives the [`AuthorizationRequest`].

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::error::{ErrorCode, OAuthError};
use crate::parameters::Parameters;
use crate::pkce::{ChallengeError, CodeChallenge};
use crate::redirect_uri::RedirectUri;
use crate::scope::Scopes;

/// The longest `state`, `nonce` and `login_hint`.
const MAX_OPAQUE: usize = 4_096;
/// Everything but the unreserved characters (RFC 3986 §2.3).
pub(crate) const UNLESS_UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An authorization request of which nothing is known to be true.
#[derive(Debug, Clone)]
pub struct Unverified {
    /// The client it claims to come from.
    pub client_id: String,
    /// Where it wants the answer.
    pub redirect_uri: String,
    parameters: Parameters,
}

/// An authorization request that keeps all rules; what is left is to ask the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The registered client.
    pub client_id: String,
    /// The redirect URI, byte for byte as sent.
    pub redirect_uri: String,
    /// Echoed to the client.
    pub state: Option<String>,
    /// The requested scope tokens; empty when none were named.
    pub scope: String,
    /// The hash that the code's redeemer must find the verifier of.
    pub challenge: [u8; 32],
    /// For the id token.
    pub nonce: Option<String>,
    /// What the client wants the person to be asked.
    pub prompt: Prompt,
    /// The greatest age of the sign-in, in seconds.
    pub max_age: Option<u64>,
    /// An address to fill in.
    pub login_hint: Option<String>,
    /// An id token of the person whom the client expects. Whoever keeps the request puts the person in
    /// its place.
    #[serde(skip)]
    pub id_token_hint: Option<String>,
}

/// `prompt` (OpenID Connect Core §3.1.2.1, Initiating User Registration §4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the values are independent of each other")]
pub struct Prompt {
    /// Ask nothing; fail instead.
    pub none: bool,
    /// Sign in again.
    pub login: bool,
    /// Ask for consent again.
    pub consent: bool,
    /// Choose an account.
    pub select_account: bool,
    /// Make an account.
    pub create: bool,
}

/// What is fixed for the whole server.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Every scope that exists.
    pub scopes: &'a [&'a str],
    /// The names of the one logical resource.
    pub resources: &'a [String],
}

impl Unverified {
    /// Reads what must be there before anything else can be said.
    ///
    /// # Errors
    /// For a local page: nothing is known yet about where an error could go.
    pub fn read(parameters: Parameters) -> Result<Self, OAuthError> {
        let required = |name: &'static str| -> Result<String, OAuthError> {
            let value = parameters.one(name)?;
            let missing = || OAuthError::invalid_request(format!("{name} is missing"));
            value.map(str::to_owned).ok_or_else(missing)
        };
        let (client_id, redirect_uri) = (required("client_id")?, required("redirect_uri")?);
        Ok(Self { client_id, redirect_uri, parameters })
    }

    /// The registered URI that the presented one is (RFC 6749 §3.1.2.3).
    #[must_use]
    pub fn redirect<'a>(&self, registered: &'a [RedirectUri]) -> Option<&'a RedirectUri> {
        registered.iter().find(|uri| uri.matches(&self.redirect_uri))
    }

    /// The `state`, for an answer; left out when it is given twice.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.parameters.one("state").ok().flatten()
    }

    /// Checks everything else, in this order.
    ///
    /// # Errors
    /// For the client: the answer goes to its redirect URI.
    pub fn check(&self, rules: Rules<'_>) -> Result<AuthorizationRequest, OAuthError> {
        self.parameters.check_once()?;
        self.no_request_object()?;
        self.response_type()?;
        self.response_mode()?;
        let challenge = self.challenge()?;
        self.resource(rules.resources)?;
        Ok(AuthorizationRequest {
            client_id: self.client_id.clone(),
            redirect_uri: self.redirect_uri.clone(),
            state: self.opaque("state")?,
            scope: self.scope(rules.scopes)?,
            challenge: *challenge.as_bytes(),
            nonce: self.opaque("nonce")?,
            prompt: self.prompt()?,
            max_age: self.max_age()?,
            login_hint: self.opaque("login_hint")?,
            id_token_hint: self.opaque("id_token_hint")?,
        })
    }

    /// Request objects (RFC 9101) are not taken.
    fn no_request_object(&self) -> Result<(), OAuthError> {
        for name in ["request", "request_uri"] {
            if self.parameters.one(name)?.is_some() {
                let text = format!("{name} is not supported; send the parameters themselves");
                return Err(OAuthError::new(ErrorCode::RequestNotSupported, text));
            }
        }
        Ok(())
    }

    fn response_type(&self) -> Result<(), OAuthError> {
        match self.parameters.one("response_type")? {
            Some("code") => Ok(()),
            Some(_) => Err(OAuthError::new(
                ErrorCode::UnsupportedResponseType,
                "response_type must be code",
            )),
            None => Err(OAuthError::invalid_request("response_type is missing; send code")),
        }
    }

    fn response_mode(&self) -> Result<(), OAuthError> {
        match self.parameters.one("response_mode")? {
            None | Some("query") => Ok(()),
            Some(_) => Err(OAuthError::invalid_request("response_mode must be query")),
        }
    }

    /// PKCE is required of every client (OAuth 2.1 §4.1.1).
    fn challenge(&self) -> Result<CodeChallenge, OAuthError> {
        let challenge = self.parameters.one("code_challenge")?;
        let method = self.parameters.one("code_challenge_method")?;
        CodeChallenge::parse(challenge, method).map_err(|error| {
            OAuthError::invalid_request(match error {
                ChallengeError::Missing => "code_challenge is missing; PKCE is required",
                ChallengeError::Method => "code_challenge_method must be S256",
                ChallengeError::Malformed => {
                    "code_challenge must be 43 characters of base64url without padding"
                }
            })
        })
    }

    fn resource(&self, ours: &[String]) -> Result<(), OAuthError> {
        check_resource(&self.parameters, ours)
    }

    fn scope(&self, known: &[&str]) -> Result<String, OAuthError> {
        let asked = self.parameters.one("scope")?.unwrap_or_default();
        read_scope(asked, known).map(|scopes| scopes.to_string())
    }

    fn prompt(&self) -> Result<Prompt, OAuthError> {
        let mut prompt = Prompt::default();
        for value in self.parameters.one("prompt")?.unwrap_or_default().split(' ') {
            match value {
                "" => {}
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                "create" => prompt.create = true,
                _ => return Err(OAuthError::invalid_request("prompt has an unknown value")),
            }
        }
        let others = Prompt { none: false, ..prompt };
        if prompt.none && others != Prompt::default() {
            return Err(OAuthError::invalid_request("prompt=none cannot stand with other values"));
        }
        Ok(prompt)
    }

    fn max_age(&self) -> Result<Option<u64>, OAuthError> {
        let Some(age) = self.parameters.one("max_age")? else { return Ok(None) };
        // Rust reads a sign as well, which is none of a number's digits.
        let age = age.parse().ok().filter(|_| age.bytes().all(|b| b.is_ascii_digit()));
        let why = || OAuthError::invalid_request("max_age must be a number of seconds");
        age.map(Some).ok_or_else(why)
    }

    fn opaque(&self, name: &'static str) -> Result<Option<String>, OAuthError> {
        let value = self.parameters.one(name)?;
        if value.is_some_and(|value| value.len() > MAX_OPAQUE) {
            let text = format!("{name} is longer than {MAX_OPAQUE} bytes");
            return Err(OAuthError::invalid_request(text));
        }
        Ok(value.map(str::to_owned))
    }
}

/// Each `resource` must be a name of the one logical resource (RFC 8707 §2). An empty one counts as absent, as
/// every parameter does (RFC 6749 §3.1).
///
/// # Errors
/// `invalid_target`.
pub fn check_resource(parameters: &Parameters, ours: &[String]) -> Result<(), OAuthError> {
    let mut asked = parameters.all("resource").filter(|asked| !asked.is_empty());
    match asked.find(|asked| !ours.iter().any(|name| name == asked)) {
        None => Ok(()),
        Some(_) => Err(OAuthError::new(
            ErrorCode::InvalidTarget,
            "resource is not this server; its protected resource metadata names it",
        )),
    }
}

/// Scope tokens, each of which must exist.
///
/// # Errors
/// `invalid_scope` names the first that does not.
pub fn read_scope(asked: &str, known: &[&str]) -> Result<Scopes, OAuthError> {
    let scopes = Scopes::parse(asked)
        .map_err(|_| OAuthError::new(ErrorCode::InvalidScope, "scope is malformed"))?;
    if let Some(unknown) = scopes.iter().find(|scope| !known.contains(scope)) {
        let text = format!("there is no scope {unknown}; there are {}", known.join(", "));
        return Err(OAuthError::new(ErrorCode::InvalidScope, text));
    }
    Ok(scopes)
}

/// The redirect back to the client, with a code or an error, and always with `state` (if it came)
/// and `iss` (RFC 9207 §2), each once.
#[must_use]
pub fn answer(
    redirect_uri: &str,
    issuer: &str,
    state: Option<&str>,
    answer: &[(&str, &str)],
) -> String {
    let pairs = answer.iter().copied().chain(state.map(|state| ("state", state)));
    with_parameters(redirect_uri, pairs.chain([("iss", issuer)]))
}

/// A registered URI with parameters added to its query.
pub(crate) fn with_parameters<'a>(
    uri: &str,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let separator = if uri.contains('?') { '&' } else { '?' };
    let mut url = format!("{uri}{separator}");
    for (name, value) in pairs {
        if !url.ends_with(['?', '&']) {
            url.push('&');
        }
        url.push_str(name);
        url.push('=');
        url.extend(utf8_percent_encode(value, UNLESS_UNRESERVED));
    }
    url
}

/// The redirect back with an error.
#[must_use]
pub fn error_answer(
    redirect_uri: &str,
    issuer: &str,
    state: Option<&str>,
    error: &OAuthError,
) -> String {
    let pairs = [("error", error.code.as_str()), ("error_description", &*error.description)];
    answer(redirect_uri, issuer, state, &pairs)
}

#[cfg(test)]
mod tests;
