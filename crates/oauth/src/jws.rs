//! Signed tokens: JWS compact serialization with EdDSA over Ed25519 (RFC 7515, RFC 8037) and nothing
//! else.
//!
//! The header is read strictly: one algorithm, the expected `typ`, a `kid`, and no member that could
//! bring a key or a meaning along (`jku`, `x5u`, `jwk`, `crit` and any other are refused). So neither
//! `none`, nor a hash keyed with the public key, nor a key of the attacker's choosing has a way in.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The longest token that is looked at.
const MAX_LEN: usize = 8_192;

/// Why a text is no token of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwsError {
    /// Not three parts of base64url without padding, or too long.
    Form,
    /// The header is not exactly the one that is expected.
    Header,
    /// No key has that id.
    UnknownKey,
    /// The signature does not fit.
    Signature,
    /// The payload is not what such a token holds.
    Payload,
}

impl JwsError {
    /// What is wrong, for the developer of whoever presented it.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Form => "it is not three parts of base64url",
            Self::Header => "its header is not that of an access token",
            Self::UnknownKey => "no key of this server signed it",
            Self::Signature => "its signature does not fit",
            Self::Payload => "its claims are not those of an access token",
        }
    }
}

#[derive(Serialize)]
struct HeaderOut<'a> {
    alg: &'static str,
    typ: &'a str,
    kid: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderIn<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(borrow)]
    typ: Cow<'a, str>,
    #[serde(borrow)]
    kid: Cow<'a, str>,
}

/// Signs claims. `key` is kept by the caller: making a key pair costs more than signing.
#[must_use]
pub fn sign<T: Serialize>(typ: &str, kid: &str, key: &Ed25519KeyPair, claims: &T) -> String {
    let header = HeaderOut { alg: "EdDSA", typ, kid };
    // Structs of strings, numbers and lists always serialize.
    let mut token = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).unwrap_or_default());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims).unwrap_or_default(), &mut token);
    let signature = key.sign(token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
    token
}

/// A key that signatures are verified with. Made once and kept: that saves each verification a part of
/// its work.
pub enum VerifyingKey {
    /// The public key.
    Public(Box<ParsedPublicKey>),
    /// The pair itself, for whoever signed. Ed25519 signs the same text to the same 64 bytes (RFC 8032
    /// §5.1.6), so signing once more and comparing tells as much as verifying, in half the time.
    Pair(Arc<Ed25519KeyPair>),
}

impl VerifyingKey {
    /// The public key with these 32 bytes; `None` when they are none.
    #[must_use]
    pub fn public(bytes: &[u8; 32]) -> Option<Self> {
        ParsedPublicKey::new(&ED25519, bytes).ok().map(|key| Self::Public(Box::new(key)))
    }

    fn fits(&self, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Public(key) => key.verify_sig(signed, signature).is_ok(),
            // In constant time, as for a MAC: what is compared here would be a good signature.
            Self::Pair(pair) => {
                verify_slices_are_equal(pair.sign(signed).as_ref(), signature).is_ok()
            }
        }
    }
}

/// Verifies a token and gives its claims. `key` gives the key with an id.
///
/// # Errors
/// [`JwsError`] says what is wrong.
pub fn verify<T: DeserializeOwned, K: Deref<Target = VerifyingKey>>(
    token: &str,
    typ: &str,
    key: impl Fn(&str) -> Option<K>,
) -> Result<T, JwsError> {
    if token.len() > MAX_LEN {
        return Err(JwsError::Form);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(JwsError::Form)?;
    let (header, payload) = signed.split_once('.').ok_or(JwsError::Form)?;
    let [header, payload, signature] = [decode(header)?, decode(payload)?, decode(signature)?];
    let header: HeaderIn = object(&header).ok_or(JwsError::Header)?;
    if header.alg != "EdDSA" || header.typ != typ {
        return Err(JwsError::Header);
    }
    let key = key(&header.kid).ok_or(JwsError::UnknownKey)?;
    if !key.fits(signed.as_bytes(), &signature) {
        return Err(JwsError::Signature);
    }
    object(&payload).ok_or(JwsError::Payload)
}

/// Reads a JSON object. A list of the members' values, which would be read as well, is not one; what this
/// server signs has no space before it.
fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    json.starts_with(b"{").then(|| serde_json::from_slice(json).ok()).flatten()
}

fn decode(part: &str) -> Result<Vec<u8>, JwsError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsError::Form)
}

#[cfg(test)]
mod tests;
