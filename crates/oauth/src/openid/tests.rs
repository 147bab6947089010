use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
};
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::id_token::{Expected, IdTokenError, read, userinfo};
use super::keys::{Algorithm, ProviderKeys};
use super::*;

const ISSUER: &str = "https://id.example";
const EXPECTED: Expected<'_> = Expected {
    issuer: ISSUER,
    client_id: "bloom",
    nonce: "n-1",
    access_token: "at-1",
    asked_at: 1_000,
    now: 1_100,
};

/// One key of each kind, and the set in which they are published.
struct Keys {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

impl Keys {
    fn new() -> Self {
        Self {
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            ed25519: Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap(),
        }
    }

    fn set(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let rsa = self.rsa.public_key();
        let point = self.p256.public_key().as_ref();
        json!({ "keys": [
            { "kty": "RSA", "kid": "r", "use": "sig", "alg": "RS256",
              "n": text(rsa.modulus().big_endian_without_leading_zero()),
              "e": text(rsa.exponent().big_endian_without_leading_zero()) },
            { "kty": "EC", "kid": "e", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..]) },
            { "kty": "OKP", "kid": "d", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
              "x": text(self.ed25519.public_key().as_ref()) },
        ] })
    }

    fn published(&self) -> ProviderKeys {
        ProviderKeys::parse(self.set().to_string().as_bytes()).unwrap()
    }

    fn sign(&self, alg: &str, kid: &str, claims: &Value) -> String {
        self.sign_under(&json!({ "alg": alg, "kid": kid, "typ": "JWT" }), kid, claims)
    }

    /// Signs by the key of that name under any header.
    fn sign_under(&self, header: &Value, kid: &str, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = match kid {
            "r" => {
                let mut signature = vec![0; self.rsa.public_modulus_len()];
                let random = SystemRandom::new();
                let message = signed.as_bytes();
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
            "e" => {
                self.p256.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec()
            }
            _ => self.ed25519.sign(signed.as_bytes()).as_ref().to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "sub": "ada", "aud": "bloom", "exp": 1_400, "iat": 1_100, "nonce": "n-1",
        "auth_time": 1_050, "email": "ada@example.com", "email_verified": true, "name": "Ada",
        "groups": ["a"], "picture": null,
    });
    let members = claims.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    claims
}

#[test]
fn each_algorithm_verifies_by_its_own_key_only() {
    let keys = Keys::new();
    let published = keys.published();
    for (alg, kid) in [("RS256", "r"), ("ES256", "e"), ("EdDSA", "d")] {
        let hash = Algorithm::parse(alg).unwrap().token_hash("at-1");
        let token = keys.sign(alg, kid, &claims(&json!({ "at_hash": hash })));
        let person = read(&token, &published, EXPECTED).unwrap();
        assert_eq!((person.subject.as_str(), person.proven_at), ("ada", Some(1_050)));
        assert_eq!(person.profile.email.as_deref(), Some("ada@example.com"));
        assert!(person.profile.email_verified);
        // Without a name, the only key of the kind is meant.
        let nameless = keys.sign_under(&json!({ "alg": alg }), kid, &claims(&json!({})));
        assert!(read(&nameless, &published, EXPECTED).is_ok());
        for (other, of_other) in [("RS256", "r"), ("ES256", "e"), ("EdDSA", "d")] {
            if other == alg {
                continue;
            }
            // Another algorithm by the same key, the key of another algorithm, and neither's signature.
            let named = keys.sign(other, kid, &claims(&json!({})));
            assert_eq!(read(&named, &published, EXPECTED), Err(IdTokenError::UnknownKey));
            let header = json!({ "alg": other, "kid": of_other });
            let forged = keys.sign_under(&header, kid, &claims(&json!({})));
            assert_eq!(read(&forged, &published, EXPECTED), Err(IdTokenError::Signature));
        }
        for at in [3, token.len() / 2, token.len() - 3] {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert!(read(std::str::from_utf8(&bytes).unwrap(), &published, EXPECTED).is_err());
        }
    }
}

#[test]
fn no_header_gets_around_the_keys() {
    let keys = Keys::new();
    let published = keys.published();
    let of = |header: Value| {
        read(&keys.sign_under(&header, "d", &claims(&json!({}))), &published, EXPECTED)
    };
    for header in [
        json!({ "alg": "none", "kid": "d" }),
        json!({ "alg": "HS256", "kid": "d" }),
        json!({ "alg": "HS256", "kid": "r" }),
        json!({ "alg": "eddsa", "kid": "d" }),
        json!({ "alg": "PS256", "kid": "r" }),
        json!({ "alg": "EdDSA", "kid": "d", "crit": ["exp"] }),
        json!({ "alg": "EdDSA", "kid": "d", "typ": "at+jwt" }),
        json!({ "alg": "EdDSA", "kid": "d", "typ": "logout+jwt" }),
        json!({ "kid": "d" }),
    ] {
        assert_eq!(of(header.clone()), Err(IdTokenError::Header), "{header}");
    }
    assert_eq!(of(json!({ "alg": "EdDSA", "kid": "x" })), Err(IdTokenError::UnknownKey));
    // Keys that a token brings along are nobody's.
    let own = keys.set()["keys"][2].clone();
    let other = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
    let header = json!({ "alg": "EdDSA", "kid": "d", "jwk": own, "jku": "https://evil.example" });
    let token =
        Keys { ed25519: other, ..Keys::new() }.sign_under(&header, "d", &claims(&json!({})));
    assert_eq!(read(&token, &published, EXPECTED), Err(IdTokenError::Signature));
    // A hash keyed with what is public.
    let signed = token.rsplit_once('.').unwrap().0;
    let key = hmac::Key::new(hmac::HMAC_SHA256, keys.ed25519.public_key().as_ref());
    let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    assert_eq!(
        read(&format!("{signed}.{tag}"), &published, EXPECTED),
        Err(IdTokenError::Signature)
    );
    for text in ["", "a.b", "a.b.c", "....", &"a".repeat(40_000)] {
        assert!(read(text, &published, EXPECTED).is_err(), "{text}");
    }
}

#[test]
fn every_claim_is_what_was_asked_for() {
    let keys = Keys::new();
    let published = keys.published();
    let of = |changes: Value| {
        read(&keys.sign("EdDSA", "d", &claims(&changes)), &published, EXPECTED).map(drop)
    };
    for good in [
        json!({ "aud": ["bloom"], "azp": "bloom" }),
        json!({ "exp": 1_041 }),
        json!({ "iat": 940 }),
        json!({ "iat": 1_160.5 }),
        json!({ "auth_time": null, "email": null, "email_verified": "true", "name": null }),
        json!({ "sub": "a".repeat(255) }),
    ] {
        assert_eq!(of(good.clone()), Ok(()), "{good}");
    }
    for (bad, claim) in [
        (json!({ "iss": "https://id.example/" }), "iss"),
        (json!({ "iss": "https://evil.example" }), "iss"),
        (json!({ "aud": "other" }), "aud"),
        (json!({ "aud": [] }), "aud"),
        (json!({ "aud": ["bloom", "other"], "azp": "bloom" }), "aud"),
        (json!({ "azp": "other" }), "azp"),
        (json!({ "exp": 1_040 }), "exp"),
        (json!({ "iat": 939 }), "iat"),
        (json!({ "iat": 1_161 }), "iat"),
        (json!({ "nonce": "n-2" }), "nonce"),
        (json!({ "nonce": null }), "nonce"),
        (json!({ "at_hash": Algorithm::Rs256.token_hash("at-1") }), "at_hash"),
        (json!({ "at_hash": Algorithm::EdDsa.token_hash("at-2") }), "at_hash"),
        (json!({ "sub": "" }), "sub"),
        (json!({ "sub": "é" }), "sub"),
        (json!({ "sub": "a\u{0}" }), "sub"),
        (json!({ "sub": "a".repeat(256) }), "sub"),
        (json!({ "auth_time": 1_161 }), "auth_time"),
    ] {
        assert_eq!(of(bad.clone()), Err(IdTokenError::Claim(claim)), "{bad}");
    }
    for bad in [
        json!({ "iss": null }),
        json!({ "sub": null }),
        json!({ "sub": 7 }),
        json!({ "aud": null }),
        json!({ "exp": null }),
        json!({ "exp": "1400" }),
        json!({ "exp": -1 }),
        json!({ "iat": null }),
    ] {
        assert_eq!(of(bad.clone()), Err(IdTokenError::Payload), "{bad}");
    }
}

#[test]
fn keys_for_something_else_are_let_be() {
    let keys = Keys::new();
    let token = keys.sign("EdDSA", "d", &claims(&json!({})));
    let with = |changes: Value| {
        let mut set = keys.set();
        set["keys"][2].as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        read(&token, &ProviderKeys::parse(set.to_string().as_bytes()).unwrap(), EXPECTED)
    };
    assert!(with(json!({})).is_ok());
    for bad in [
        json!({ "use": "enc" }),
        json!({ "use": 1 }),
        json!({ "alg": "ES256" }),
        json!({ "alg": null }),
        json!({ "crv": "X25519" }),
        json!({ "kty": "oct" }),
        json!({ "x": "AA" }),
        json!({ "kid": "other" }),
    ] {
        assert_eq!(with(bad.clone()), Err(IdTokenError::UnknownKey), "{bad}");
    }
    // Two of one name: which is meant nobody can tell.
    let mut set = keys.set();
    let twin = set["keys"][2].clone();
    set["keys"].as_array_mut().unwrap().push(twin);
    let twice = ProviderKeys::parse(set.to_string().as_bytes()).unwrap();
    assert_eq!(read(&token, &twice, EXPECTED), Err(IdTokenError::UnknownKey));
    for none in ["", "[]", "{}", r#"{"keys":{}}"#] {
        assert_eq!(ProviderKeys::parse(none.as_bytes()), None);
    }
    let short = json!({ "keys": [{ "kty": "RSA", "n": "AQAB", "e": "AQAB" }, 7, {}] });
    assert!(ProviderKeys::parse(short.to_string().as_bytes()).is_some());
}

#[test]
fn a_document_speaks_for_its_issuer_only() {
    let parse = |issuer: &str, changes: Value| {
        let mut document = json!({
            "issuer": ISSUER, "authorization_endpoint": "https://id.example/authorize?p=1",
            "token_endpoint": "https://id.example/token", "jwks_uri": "https://keys.example/jwks",
        });
        document.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        ProviderMetadata::parse(issuer, document.to_string().as_bytes(), false)
    };
    let read = parse(ISSUER, json!({})).unwrap();
    assert!(!read.names_itself && !read.wants_secret_in_body);
    assert_eq!(
        read.authorization_url(&[("scope", "openid email"), ("state", "a&b")]),
        "https://id.example/authorize?p=1&scope=openid%20email&state=a%26b"
    );
    let methods = json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] });
    assert!(parse(ISSUER, methods).unwrap().wants_secret_in_body);
    assert!(parse("https://id.example/", json!({})).is_err());
    assert!(parse(ISSUER, json!({ "issuer": "https://evil.example" })).is_err());
    for url in [
        "http://id.example/token",
        "javascript:alert(1)",
        "https://id.example/#x",
        "https://u@id.example/",
        "https:///token",
        "https://id.example/a b",
    ] {
        assert!(parse(ISSUER, json!({ "token_endpoint": url })).is_err(), "{url}");
        assert!(parse(ISSUER, json!({ "userinfo_endpoint": url })).is_err(), "{url}");
    }
    assert_eq!(
        discovery_url("https://id.example/a/"),
        "https://id.example/a/.well-known/openid-configuration"
    );
    assert!(!is_url("https://id.example/?x", false, false) && is_url(ISSUER, false, false));
}

#[test]
fn an_answer_is_a_code_or_an_error_and_has_nothing_twice() {
    let read = Answer::parse("state=s%20t&code=c&iss=https%3A%2F%2Fid.example").unwrap();
    assert_eq!((read.state.as_str(), read.outcome), ("s t", Ok("c".to_owned())));
    assert_eq!(read.issuer.as_deref(), Some(ISSUER));
    let denied = Answer::parse("error=access_denied&state=s&error_description=x").unwrap();
    assert_eq!(denied.outcome, Err("access_denied".to_owned()));
    for none in [
        "",
        "code=c",
        "state=s",
        "state=s&code=c&error=e",
        "state=s&state=t&code=c",
        "state=s&code=c&code=d",
    ] {
        assert_eq!(Answer::parse(none), None, "{none}");
    }
}

#[test]
fn secrets_are_encoded_before_they_are_joined() {
    assert_eq!(basic("a:b", "c d"), format!("Basic {}", STANDARD.encode("a%3Ab:c%20d")));
    assert_eq!(token_form(&[("code", "a+b"), ("x", "")]), "code=a%2Bb&x=");
    assert!(
        TokenAnswer::parse(br#"{"access_token":"a","id_token":"b","token_type":"bearer"}"#)
            .is_some()
    );
    for bad in [
        r#"{"access_token":"a","id_token":"b"}"#,
        r#"{"access_token":"a","id_token":"b","token_type":"dpop"}"#,
        r#"{"access_token":"a\nb","id_token":"b","token_type":"Bearer"}"#,
        r#"{"access_token":"","id_token":"b","token_type":"Bearer"}"#,
        r#"{"access_token":"a","token_type":"Bearer"}"#,
    ] {
        assert!(TokenAnswer::parse(bad.as_bytes()).is_none(), "{bad}");
    }
    assert!(
        userinfo(br#"{"sub":"ada","email":"a@b.example","email_verified":true}"#, "ada").is_some()
    );
    assert!(userinfo(br#"{"sub":"eve","email":"a@b.example"}"#, "ada").is_none());
}
