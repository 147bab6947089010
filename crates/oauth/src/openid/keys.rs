//! The keys of a provider (RFC 7517, RFC 7518 §6, RFC 8037 §2), as far as signatures of three algorithms go:
//! RS256, ES256 and EdDSA over Ed25519.
//!
//! What an algorithm is verified with hangs on the key, never on what a token says alone: a token names an
//! algorithm of the three, and only a key of that kind is looked at.

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// More keys than any provider has.
const MAX_KEYS: usize = 64;

/// An algorithm that signs ID tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with PKCS #1 v1.5 padding and SHA-256.
    Rs256,
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// Reads a name of RFC 7518 §3.1 or RFC 8037 §3.1; every other is none, `none` too.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }

    /// What an ID token says of its access token: the left half of the hash that the algorithm is made with
    /// (Core §3.1.3.6).
    #[must_use]
    pub fn token_hash(self, access_token: &str) -> String {
        let hash = match self {
            Self::Rs256 | Self::Es256 => digest(&SHA256, access_token.as_bytes()),
            Self::EdDsa => digest(&SHA512, access_token.as_bytes()),
        };
        URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
    }
}

/// The public keys that a provider publishes and that are of any use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderKeys(Vec<Key>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    id: Option<String>,
    public: Public,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Public {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// An uncompressed point.
    P256([u8; 65]),
    Ed25519([u8; 32]),
}

/// Why no key says that a signature is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// No key of the algorithm's kind has the name; without a name, there is not just one.
    Unknown,
    /// The signature does not fit.
    Signature,
}

impl ProviderKeys {
    /// Reads a JWK Set; `None` when it is none. Keys of other kinds, and for other uses, are let be (RFC 7517 §5).
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let set: Value = serde_json::from_slice(body).ok()?;
        let keys = set.get("keys")?.as_array()?;
        Some(Self(keys.iter().take(MAX_KEYS).filter_map(Key::read).collect()))
    }

    /// Verifies a signature by the key of that name and kind.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn verify(
        &self,
        algorithm: Algorithm,
        id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), KeyError> {
        let is_meant = |key: &&Key| {
            key.public.algorithm() == algorithm && (id.is_none() || key.id.as_deref() == id)
        };
        let meant: Vec<&Key> = self.0.iter().filter(is_meant).collect();
        let [key] = meant[..] else { return Err(KeyError::Unknown) };
        if key.public.has_signed(message, signature) { Ok(()) } else { Err(KeyError::Signature) }
    }
}

impl Key {
    fn read(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name| URL_SAFE_NO_PAD.decode(text(name)?).ok();
        if jwk.get("use").is_some() && text("use") != Some("sig") {
            return None;
        }
        let public = match (text("kty")?, text("crv")) {
            ("RSA", None) => {
                let (modulus, exponent) = (bytes("n")?, bytes("e")?);
                // 2048 to 8192 bits, and an exponent that some library made.
                let is_usual = (256..=1_024).contains(&modulus.len()) && exponent.len() <= 8;
                is_usual.then_some(Public::Rsa { modulus, exponent })?
            }
            ("EC", Some("P-256")) => {
                let (x, y): ([u8; 32], [u8; 32]) =
                    (bytes("x")?.try_into().ok()?, bytes("y")?.try_into().ok()?);
                Public::P256([&[4], &x[..], &y[..]].concat().try_into().ok()?)
            }
            ("OKP", Some("Ed25519")) => Public::Ed25519(bytes("x")?.try_into().ok()?),
            _ => return None,
        };
        // A key that says what it is for is for nothing else.
        if jwk.get("alg").is_some()
            && text("alg").and_then(Algorithm::parse) != Some(public.algorithm())
        {
            return None;
        }
        Some(Self { id: text("kid").map(str::to_owned), public })
    }
}

impl Public {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::Rs256,
            Self::P256(_) => Algorithm::Es256,
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa { modulus, exponent } => {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            Self::P256(key) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
                .verify(message, signature)
                .is_ok(),
            Self::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
            }
        }
    }
}
