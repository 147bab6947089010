//! The keys of the server, in the hands of somebody who wants to know which tokens it takes.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_service::entropy::Entropy;
use serde_json::{Value, json};

use super::App;

pub(crate) const JWKS: &str = "/api/auth/jwks";

/// A key that signs tokens.
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) seed: [u8; 32],
    pub(crate) pair: Ed25519KeyPair,
}

impl App {
    /// The published keys.
    pub(crate) async fn jwks(&self) -> Vec<Value> {
        let answer = self.get(JWKS, &[]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["keys"].as_array().expect("keys").clone()
    }

    /// The private half of a published key: the bytes that a test's server draws can be drawn again.
    pub(crate) async fn signing_key(&self, index: usize) -> SigningKey {
        let jwk = self.jwks().await[index].clone();
        let public = decode(jwk["x"].as_str().expect("a public key"));
        let stream = Entropy::seeded(1);
        (0..10_000)
            .map(|_| stream.draw::<32>().expect("bytes"))
            .find_map(|seed| {
                let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("a pair");
                let is_it = pair.public_key().as_ref() == public;
                is_it.then(|| SigningKey { kid: text(&jwk["kid"]), seed, pair })
            })
            .expect("the server drew the seed")
    }

    /// Whether a published key has signed a token, and the token's header says so.
    pub(crate) async fn verifies(&self, token: &str, typ: &str) -> bool {
        let keys = self.jwks().await;
        let key = |kid: &str| {
            let jwk = keys.iter().find(|jwk| jwk["kid"] == kid)?;
            let bytes = decode(jwk["x"].as_str()?).try_into().ok()?;
            bloom_oauth::jws::VerifyingKey::public(&bytes).map(Box::new)
        };
        bloom_oauth::jws::verify::<Value, _>(token, typ, key).is_ok()
    }
}

impl SigningKey {
    /// The header of its access tokens.
    pub(crate) fn header(&self) -> Value {
        json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": self.kid })
    }

    /// Signs any header and payload.
    pub(crate) fn sign(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(payload));
        let signature = self.pair.sign(signed.as_bytes());
        format!("{signed}.{}", encode(signature.as_ref()))
    }
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
