//! Signed tokens: only what we could have signed is taken, and its claims are what any reader sees.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_oauth::access_token::{ACCESS_TOKEN_TYPE, AccessClaims};
use bloom_oauth::jws::{self, VerifyingKey};
use serde_json::Value;

const KID: &str = "k";

struct Keys {
    pair: Arc<Ed25519KeyPair>,
    verifying: Vec<VerifyingKey>,
}

/// A header and a payload on two lines, which are signed here: so the fuzzer gets past the signature. The
/// bytes themselves are tried as a whole token as well.
pub(crate) fn target(bytes: &[u8]) {
    let (header, payload) = crate::halves(bytes);
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = keys().pair.sign(signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()));
    if let Some(claims) = verified(&token) {
        header_is_ours(header);
        claims_are_read_alike(payload, &claims);
        changed_anywhere_is_refused(&token, header.len() + payload.len());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(verified(text).is_none(), "nobody signed this");
    }
}

/// The public key and the pair must judge alike.
fn verified(token: &str) -> Option<AccessClaims> {
    let judge = |key: &'static VerifyingKey| {
        let find = |kid: &str| (kid == KID).then_some(Borrowed(key));
        jws::verify::<AccessClaims, _>(token, ACCESS_TOKEN_TYPE, find)
    };
    let [public, pair] = [0, 1].map(|at| judge(&keys().verifying[at]));
    assert_eq!(public, pair);
    public.ok()
}

fn header_is_ours(header: &[u8]) {
    let Ok(Value::Object(members)) = serde_json::from_slice(header) else {
        panic!("the header is no object")
    };
    assert_eq!(members.len(), 3);
    for (name, value) in [("alg", "EdDSA"), ("typ", ACCESS_TOKEN_TYPE), ("kid", KID)] {
        assert_eq!(members.get(name).and_then(Value::as_str), Some(value));
    }
}

/// Another reader, which takes the last of two members, sees the same claims.
fn claims_are_read_alike(payload: &[u8], claims: &AccessClaims) {
    let theirs: Result<Value, _> = serde_json::from_slice(payload);
    let ours = serde_json::to_value(claims);
    assert_eq!(theirs.ok(), ours.ok());
}

/// No other text with the same meaning is taken: padding, another last character, a changed byte.
fn changed_anywhere_is_refused(token: &str, at: usize) {
    assert!(verified(&format!("{token}=")).is_none());
    let at = at % token.len();
    let mut changed = token.as_bytes().to_vec();
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    if let Ok(changed) = String::from_utf8(changed) {
        assert!(verified(&changed).is_none(), "changed at {at}: {token}");
    }
}

#[derive(Clone, Copy)]
struct Borrowed(&'static VerifyingKey);

impl Deref for Borrowed {
    type Target = VerifyingKey;

    fn deref(&self) -> &VerifyingKey {
        self.0
    }
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let Ok(pair) = Ed25519KeyPair::from_seed_unchecked(&[7; 32]) else {
            panic!("any 32 bytes are a seed")
        };
        let public: Result<[u8; 32], _> =
            aws_lc_rs::signature::KeyPair::public_key(&pair).as_ref().try_into();
        let Some(public) = public.ok().as_ref().and_then(VerifyingKey::public) else {
            panic!("a pair has a public key")
        };
        let pair = Arc::new(pair);
        Keys { verifying: vec![public, VerifyingKey::Pair(Arc::clone(&pair))], pair }
    })
}
