//! ID tokens of a provider, verified as Core §3.1.3.7 says, in its order.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::keys::{Algorithm, KeyError, ProviderKeys};

/// The longest token: providers put all groups of a person into it.
const MAX_LEN: usize = 32 * 1024;
/// The longest subject ("It MUST NOT exceed 255 ASCII characters in length", §2).
const MAX_SUBJECT: usize = 255;
/// By how many seconds two clocks may differ.
pub const LEEWAY: i64 = 60;

/// What an ID token is compared with.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Who must have issued it.
    pub issuer: &'a str,
    /// Whom it must be for.
    pub client_id: &'a str,
    /// What the request carried.
    pub nonce: &'a str,
    /// What came along with it.
    pub access_token: &'a str,
    /// When the person was sent there, in seconds.
    pub asked_at: i64,
    /// Now, in seconds.
    pub now: i64,
}

/// What a provider says of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who they are to the provider: never anybody else's.
    pub subject: String,
    /// When they last proved it there, in seconds.
    pub proven_at: Option<i64>,
    /// What else it told.
    pub profile: Profile,
}

/// What a provider tells along with who somebody is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Profile {
    /// Their address.
    pub email: Option<String>,
    /// Whether the provider has seen that they read what is sent there. Some write it as a text.
    #[serde(default, deserialize_with = "truth")]
    pub email_verified: bool,
    /// Their name.
    pub name: Option<String>,
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdTokenError {
    /// Not three parts of base64url, or too long.
    Form,
    /// The header names no algorithm that is taken, is of another kind of token, or demands what is not known.
    Header,
    /// No key of the provider is named.
    UnknownKey,
    /// The signature does not fit.
    Signature,
    /// The claims cannot be read.
    Payload,
    /// A claim is not what it must be; says which.
    Claim(&'static str),
}

impl std::fmt::Display for IdTokenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Form => f.write_str("it is not three parts of base64url"),
            Self::Header => f.write_str("its header is not that of an ID token"),
            Self::UnknownKey => f.write_str("no key of the provider signed it"),
            Self::Signature => f.write_str("its signature does not fit"),
            Self::Payload => f.write_str("its claims cannot be read"),
            Self::Claim(name) => write!(f, "its {name} is not what it must be"),
        }
    }
}

/// What the header may bring along changes nothing (`jku`, `jwk`, `x5u`): keys are the provider's alone.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: Seconds,
    iat: Seconds,
    nonce: Option<String>,
    at_hash: Option<String>,
    auth_time: Option<Seconds>,
    #[serde(flatten)]
    profile: Profile,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A number of seconds, which need not be whole (RFC 7519 §2).
struct Seconds(i64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        let is_time = (0.0..1e11).contains(&seconds);
        let none = || serde::de::Error::custom("not a time");
        is_time.then_some(Self(seconds as i64)).ok_or_else(none)
    }
}

fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value == Value::Bool(true) || value == "true")
}

/// Verifies a token and tells whom it is about.
///
/// # Errors
/// [`IdTokenError`].
pub fn read(
    token: &str,
    keys: &ProviderKeys,
    expected: Expected<'_>,
) -> Result<Person, IdTokenError> {
    let (claims, algorithm) = verify(token, keys)?;
    let check = |is_good: bool, name| if is_good { Ok(()) } else { Err(IdTokenError::Claim(name)) };
    let Expected { issuer, client_id, nonce, access_token, asked_at, now } = expected;
    check(claims.iss == issuer, "iss")?;
    // "The ID Token MUST be rejected if ... it contains additional audiences not trusted by the Client": none is.
    let is_for_us = match &claims.aud {
        Audience::One(one) => one == client_id,
        Audience::Many(all) => !all.is_empty() && all.iter().all(|one| one == client_id),
    };
    check(is_for_us, "aud")?;
    check(claims.azp.is_none_or(|azp| azp == client_id), "azp")?;
    check(now < claims.exp.0.saturating_add(LEEWAY), "exp")?;
    // Issued for this request: after the person was sent there, and before now.
    check((asked_at - LEEWAY..=now + LEEWAY).contains(&claims.iat.0), "iat")?;
    check(claims.nonce.as_deref() == Some(nonce), "nonce")?;
    let hash = claims.at_hash.as_deref();
    check(hash.is_none_or(|hash| hash == algorithm.token_hash(access_token)), "at_hash")?;
    let is_subject = |text: &str| {
        (1..=MAX_SUBJECT).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b))
    };
    check(is_subject(&claims.sub), "sub")?;
    let proven_at = claims.auth_time.map(|time| time.0);
    check(proven_at.is_none_or(|at| at <= now + LEEWAY), "auth_time")?;
    Ok(Person { subject: claims.sub, proven_at, profile: claims.profile })
}

fn verify(token: &str, keys: &ProviderKeys) -> Result<(Claims, Algorithm), IdTokenError> {
    if token.len() > MAX_LEN {
        return Err(IdTokenError::Form);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(IdTokenError::Form)?;
    let (header, payload) = signed.split_once('.').ok_or(IdTokenError::Form)?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| IdTokenError::Form);
    let [header, payload, signature] = [decode(header)?, decode(payload)?, decode(signature)?];
    let header: Header = object(&header).ok_or(IdTokenError::Header)?;
    let is_id_token = header.typ.is_none_or(|typ| typ.eq_ignore_ascii_case("JWT"));
    let algorithm = Algorithm::parse(&header.alg).filter(|_| is_id_token && header.crit.is_none());
    let algorithm = algorithm.ok_or(IdTokenError::Header)?;
    keys.verify(algorithm, header.kid.as_deref(), signed.as_bytes(), &signature).map_err(
        |error| match error {
            KeyError::Unknown => IdTokenError::UnknownKey,
            KeyError::Signature => IdTokenError::Signature,
        },
    )?;
    let claims = object(&payload).ok_or(IdTokenError::Payload)?;
    Ok((claims, algorithm))
}

/// What a userinfo endpoint tells of somebody (§5.3.2); `None` when it is about anybody else.
#[must_use]
pub fn userinfo(body: &[u8], subject: &str) -> Option<Profile> {
    #[derive(Deserialize)]
    struct UserInfo {
        sub: String,
        #[serde(flatten)]
        profile: Profile,
    }
    let told: UserInfo = object(body)?;
    (told.sub == subject).then_some(told.profile)
}

/// Reads a JSON object: a list of the members' values would be read as well.
fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    json.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(json).ok()).flatten()
}
