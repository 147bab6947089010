//! Client metadata: what an app says of itself when it registers (RFC 7591 §2).
//!
//! Real clients send little, much, and contradictions; all of it is taken that does no harm. What is
//! missing is filled in, a secret method becomes `none` (RFC 7591 §3.2.1 lets a server replace
//! values), grant types that are not served are left out.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::client_authentication::AuthMethod;
use crate::error::{ErrorCode, OAuthError};
use crate::redirect_uri::{RedirectKind, RedirectUri};
use crate::scope::Scopes;

/// As many redirect URIs as one client may have.
pub const MAX_REDIRECT_URIS: usize = 20;
const MAX_TEXT: usize = 2_000;
const MAX_NAME: usize = 200;
/// So much of what was sent is repeated in an error.
const MAX_SHOWN: usize = 200;
/// What an anonymous client may ask for at the token endpoint.
const GRANT_TYPES: [&str; 2] = ["authorization_code", "refresh_token"];
/// Acting for itself, which takes a secret and somebody who owns the client.
const CLIENT_CREDENTIALS: &str = "client_credentials";
/// Texts that are kept and echoed, and never looked at.
const ECHOED: [&str; 6] =
    ["client_uri", "logo_uri", "tos_uri", "policy_uri", "software_id", "software_version"];

/// What is fixed for the whole server.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Every scope that exists.
    pub scopes: &'a [&'a str],
    /// Given to who names none.
    pub default_scope: &'a str,
    /// Private-use schemes without a dot that are taken.
    pub schemes: &'a [&'a str],
}

/// Metadata of a client, complete and checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientMetadata {
    /// The exact redirect URIs, as registered.
    pub redirect_uris: Vec<String>,
    /// How it proves itself; a public client does not.
    pub token_endpoint_auth_method: AuthMethod,
    /// `authorization_code`, perhaps with `refresh_token`, or `client_credentials`, or all of them.
    pub grant_types: Vec<String>,
    /// `code`, for who is sent people.
    pub response_types: Vec<String>,
    /// `user-agent-based` or `native`, as hosted.
    #[serde(rename = "type")]
    pub kind: String,
    /// `web` or `native` (OpenID Connect Registration §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<String>,
    /// The name, as sent. Clean it before showing it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// The scopes it may ask for.
    pub scope: String,
    /// Where a person may be sent who signed out (OpenID Connect RP-Initiated Logout §3.1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    /// What is echoed and never looked at.
    #[serde(flatten)]
    pub echoed: BTreeMap<String, String>,
}

/// Reads the metadata of a client that nobody owns: it is public, whatever it asks for.
///
/// # Errors
/// `invalid_redirect_uri` names the URI, `invalid_client_metadata` the member.
pub fn parse(body: &[u8], rules: Rules<'_>) -> Result<ClientMetadata, OAuthError> {
    let mut members = members(body)?;
    let uris = redirect_uris(members.remove("redirect_uris"), rules.schemes, 1)?;
    // Read, checked to be text, and replaced by `none`.
    text(&mut members, "token_endpoint_auth_method")?;
    let grant_types = grant_types(members.remove("grant_types"))?;
    rest(members, rules, &uris, (AuthMethod::None, grant_types))
}

/// Reads the metadata of a client that somebody owns: what cannot be is refused, not replaced, since
/// its owner is there to read why.
///
/// # Errors
/// As [`parse`].
pub fn parse_owned(body: &[u8], rules: Rules<'_>) -> Result<ClientMetadata, OAuthError> {
    let mut members = members(body)?;
    let method = match text(&mut members, "token_endpoint_auth_method")? {
        // "If unspecified or omitted, the default is client_secret_basic" (RFC 7591 §2).
        None => AuthMethod::Basic,
        Some(word) => AuthMethod::from_word(&word).ok_or_else(|| {
            let known = AuthMethod::ALL.map(AuthMethod::as_str).join(", ");
            invalid(format!("token_endpoint_auth_method must be one of {known}"))
        })?,
    };
    let grant_types = owned_grant_types(members.remove("grant_types"), method)?;
    // Without people who are sent to it there is nowhere to send them.
    let least = usize::from(grant_types.iter().any(|grant_type| grant_type == GRANT_TYPES[0]));
    let uris = redirect_uris(members.remove("redirect_uris"), rules.schemes, least)?;
    rest(members, rules, &uris, (method, grant_types))
}

fn rest(
    mut members: BTreeMap<String, Value>,
    rules: Rules<'_>,
    redirect_uris: &[RedirectUri],
    (token_endpoint_auth_method, grant_types): (AuthMethod, Vec<String>),
) -> Result<ClientMetadata, OAuthError> {
    let after_logout = members.remove("post_logout_redirect_uris");
    let post_logout_redirect_uris = post_logout_redirect_uris(after_logout, rules.schemes)?;
    let kind = text(&mut members, "type")?;
    let application_type = text(&mut members, "application_type")?;
    let client_name = text(&mut members, "client_name")?;
    if client_name.as_ref().is_some_and(|name| name.chars().count() > MAX_NAME) {
        return Err(invalid(format!("client_name is longer than {MAX_NAME} characters")));
    }
    check_response_types(members.remove("response_types"))?;
    let scope = scope(text(&mut members, "scope")?, rules.scopes, rules.default_scope)?;
    let mut echoed = BTreeMap::new();
    for name in ECHOED {
        if let Some(value) = text(&mut members, name)? {
            echoed.insert(name.to_owned(), value);
        }
    }
    let is_sent_people = grant_types.iter().any(|grant_type| grant_type == GRANT_TYPES[0]);
    let response_types = if is_sent_people { vec!["code".to_owned()] } else { Vec::new() };
    Ok(ClientMetadata {
        kind: kind_of(kind.as_deref(), application_type.as_deref(), redirect_uris).to_owned(),
        redirect_uris: redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect(),
        token_endpoint_auth_method,
        grant_types,
        response_types,
        application_type,
        client_name,
        scope,
        post_logout_redirect_uris,
        echoed,
    })
}

impl ClientMetadata {
    /// The bytes that stand for this metadata: the same for every registration of the same app,
    /// whatever port it happens to listen on.
    #[must_use]
    pub fn canonical(&self, known_schemes: &[&str]) -> Vec<u8> {
        let mut canonical = self.clone();
        canonical.redirect_uris = without_ports(&self.redirects(known_schemes));
        canonical.post_logout_redirect_uris =
            without_ports(&parsed(&self.post_logout_redirect_uris, known_schemes));
        // In one order, so that an app which sends back what it was answered is the same app.
        canonical.scope =
            Scopes::parse(&self.scope).map_or(canonical.scope, |scopes| scopes.to_string());
        // A struct of strings always serializes, its members in a fixed order.
        serde_json::to_vec(&canonical).unwrap_or_default()
    }

    /// The redirect URIs, parsed again.
    #[must_use]
    pub fn redirects(&self, known_schemes: &[&str]) -> Vec<RedirectUri> {
        parsed(&self.redirect_uris, known_schemes)
    }

    /// The registered URI that one is to which a person is sent who signed out: the same, but for the port of a loopback
    /// address, as with redirect URIs.
    #[must_use]
    pub fn post_logout_redirect(&self, uri: &str, known_schemes: &[&str]) -> Option<RedirectUri> {
        parsed(&self.post_logout_redirect_uris, known_schemes)
            .into_iter()
            .find(|registered| registered.matches(uri))
    }

    /// Whether the client registered for a grant type.
    #[must_use]
    pub fn may_use(&self, grant_type: &str) -> bool {
        self.grant_types.iter().any(|g| g == grant_type)
    }
}

/// The grant types alone of metadata as it is kept, without reading the rest.
///
/// # Errors
/// What is there is no metadata.
pub fn kept_grant_types(json: &str) -> Result<Vec<String>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Kept {
        grant_types: Vec<String>,
    }
    serde_json::from_str(json).map(|kept: Kept| kept.grant_types)
}

fn parsed(uris: &[String], known_schemes: &[&str]) -> Vec<RedirectUri> {
    uris.iter().filter_map(|uri| RedirectUri::parse(uri, known_schemes).ok()).collect()
}

/// What distinguishes some URIs from others, in one order.
fn without_ports(uris: &[RedirectUri]) -> Vec<String> {
    let mut canonical: Vec<_> = uris.iter().map(RedirectUri::canonical).collect();
    canonical.sort();
    canonical.dedup();
    canonical
}

fn invalid(description: String) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClientMetadata, description)
}

fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
}

fn members(body: &[u8]) -> Result<BTreeMap<String, Value>, OAuthError> {
    serde_json::from_slice(body)
        .map(|Members(members)| members)
        .map_err(|error| invalid(shown(&format!("the body is not a JSON object: {error}"))))
}

fn redirect_uris(
    value: Option<Value>,
    schemes: &[&str],
    least: usize,
) -> Result<Vec<RedirectUri>, OAuthError> {
    let uris = texts(value, "redirect_uris")?.unwrap_or_default();
    if !(least..=MAX_REDIRECT_URIS).contains(&uris.len()) {
        let text = format!("redirect_uris must hold {least} to {MAX_REDIRECT_URIS} exact URIs");
        return Err(OAuthError::new(ErrorCode::InvalidRedirectUri, text));
    }
    uris.into_iter().map(|uri| redirect_uri(&uri, schemes)).collect()
}

fn redirect_uri(uri: &str, schemes: &[&str]) -> Result<RedirectUri, OAuthError> {
    RedirectUri::parse(uri, schemes).map_err(|error| {
        let text = format!("{}: {error}", shown(uri));
        OAuthError::new(ErrorCode::InvalidRedirectUri, text)
    })
}

/// The same rules: a person is sent there by a link of ours.
fn post_logout_redirect_uris(
    value: Option<Value>,
    schemes: &[&str],
) -> Result<Vec<String>, OAuthError> {
    let uris = texts(value, "post_logout_redirect_uris")?.unwrap_or_default();
    if uris.len() > MAX_REDIRECT_URIS {
        let text = format!("post_logout_redirect_uris must hold at most {MAX_REDIRECT_URIS} URIs");
        return Err(invalid(text));
    }
    for uri in &uris {
        redirect_uri(uri, schemes)?;
    }
    Ok(uris)
}

fn check_response_types(value: Option<Value>) -> Result<(), OAuthError> {
    let types = texts(value, "response_types")?.unwrap_or_else(|| vec!["code".to_owned()]);
    if types.is_empty() || types.iter().any(|t| t == "code") {
        Ok(())
    } else {
        Err(invalid("response_types must include code, the only one that is served".to_owned()))
    }
}

fn grant_types(value: Option<Value>) -> Result<Vec<String>, OAuthError> {
    let Some(asked) = texts(value, "grant_types")?.filter(|types| !types.is_empty()) else {
        return Ok(GRANT_TYPES.map(str::to_owned).to_vec());
    };
    let served = GRANT_TYPES.iter().filter(|served| asked.iter().any(|a| a == *served));
    let served: Vec<_> = served.map(|&grant_type| grant_type.to_owned()).collect();
    if served.iter().any(|grant_type| grant_type == "authorization_code") {
        Ok(served)
    } else {
        Err(invalid("grant_types must include authorization_code".to_owned()))
    }
}

fn owned_grant_types(value: Option<Value>, method: AuthMethod) -> Result<Vec<String>, OAuthError> {
    let served = || GRANT_TYPES.into_iter().chain([CLIENT_CREDENTIALS]);
    let asked = texts(value, "grant_types")?.filter(|types| !types.is_empty());
    let asked = asked.unwrap_or_else(|| GRANT_TYPES.map(str::to_owned).to_vec());
    if let Some(unknown) = asked.iter().find(|asked| !served().any(|served| served == *asked)) {
        let known = served().collect::<Vec<_>>().join(", ");
        return Err(invalid(format!("grant_types: {} is none of {known}", shown(unknown))));
    }
    let has = |name: &str| asked.iter().any(|asked| asked == name);
    if has(GRANT_TYPES[1]) && !has(GRANT_TYPES[0]) {
        return Err(invalid("grant_types: refresh_token needs authorization_code".to_owned()));
    }
    if has(CLIENT_CREDENTIALS) && method == AuthMethod::None {
        // "The client credentials grant type MUST only be used by confidential clients" (RFC 6749 §4.4).
        return Err(invalid("grant_types: client_credentials needs a secret method".to_owned()));
    }
    Ok(served().filter(|served| has(served)).map(str::to_owned).collect())
}

fn scope(asked: Option<String>, known: &[&str], default: &str) -> Result<String, OAuthError> {
    let Some(asked) = asked.filter(|scope| !scope.trim().is_empty()) else {
        return Ok(default.to_owned());
    };
    let asked = Scopes::parse(&asked).map_err(|_| invalid("scope is malformed".to_owned()))?;
    // An app written for several servers names scopes of all of them; the answer tells which exist.
    let existing: Scopes = asked.iter().filter(|s| known.contains(s)).map(str::to_owned).collect();
    if existing.is_empty() { Ok(default.to_owned()) } else { Ok(existing.to_string()) }
}

/// The kind that was said, else what the URIs suggest.
fn kind_of(kind: Option<&str>, application: Option<&str>, uris: &[RedirectUri]) -> &'static str {
    let only_on_device = uris.iter().all(|uri| !matches!(uri.kind(), RedirectKind::Site(_)));
    match (kind, application) {
        (Some("native"), _) | (None, Some("native")) => "native",
        (Some(_), _) | (None, Some(_)) => "user-agent-based",
        (None, None) if only_on_device => "native",
        (None, None) => "user-agent-based",
    }
}

fn text(
    members: &mut BTreeMap<String, Value>,
    name: &'static str,
) -> Result<Option<String>, OAuthError> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= MAX_TEXT && !text.contains('\0') => {
            Ok(Some(text))
        }
        Some(Value::String(_)) => {
            Err(invalid(format!("{name} is longer than {MAX_TEXT} bytes, or has a NUL")))
        }
        Some(_) => Err(invalid(format!("{name} must be a string"))),
    }
}

fn texts(value: Option<Value>, name: &str) -> Result<Option<Vec<String>>, OAuthError> {
    let must = || invalid(format!("{name} must be a list of strings"));
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(values)) => values
            .into_iter()
            .map(|value| value.as_str().map(str::to_owned).ok_or_else(must))
            .collect::<Result<_, _>>()
            .map(Some),
        Some(_) => Err(must()),
    }
}

/// The members of a JSON object, each once: with two of a name, two readers could see two clients.
struct Members(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if members.insert(name.clone(), value).is_some() {
                        return Err(de::Error::custom(format!("{name} is there twice")));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests;
