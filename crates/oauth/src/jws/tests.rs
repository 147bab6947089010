use aws_lc_rs::hmac;
use aws_lc_rs::signature::KeyPair;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn public() -> [u8; 32] {
    pair().public_key().as_ref().try_into().unwrap()
}

fn key() -> Box<ParsedPublicKey> {
    Box::new(verifying_key(&public()).unwrap())
}

fn check(token: &str) -> Result<Value, JwsError> {
    verify(token, "at+jwt", |kid| (kid == "k1").then(key))
}

/// A token with this header and payload and a good signature over them.
fn forge(header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = pair().sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

#[test]
fn a_token_verifies_to_its_claims() {
    let token = sign("at+jwt", "k1", &pair(), &json!({"sub": "a"}));
    assert_eq!(check(&token), Ok(json!({"sub": "a"})));
    let other = verify::<Value, _>(&token, "JWT", |_| Some(key()));
    assert_eq!(other, Err(JwsError::Header), "an access token is no id token");
}

#[test]
fn the_header_can_bring_nothing_along() {
    for header in [
        r#"{"alg":"none","typ":"at+jwt","kid":"k1"}"#,
        r#"{"alg":"HS256","typ":"at+jwt","kid":"k1"}"#,
        r#"{"alg":"eddsa","typ":"at+jwt","kid":"k1"}"#,
        r#"{"alg":"EdDSA","typ":"JWT","kid":"k1"}"#,
        r#"{"alg":"EdDSA","typ":"AT+JWT","kid":"k1"}"#,
        r#"{"alg":"EdDSA","kid":"k1"}"#,
        r#"{"alg":"EdDSA","typ":"at+jwt"}"#,
        r#"{"alg":"EdDSA","typ":"at+jwt","kid":1}"#,
        r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1","jku":"https://evil.example"}"#,
        r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1","x5u":"https://evil.example"}"#,
        r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1","jwk":{}}"#,
        r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1","crit":["exp"]}"#,
        r#"{"alg":"EdDSA","alg":"none","typ":"at+jwt","kid":"k1"}"#,
        r#"["EdDSA"]"#,
        "",
    ] {
        assert_eq!(check(&forge(header, "{}")), Err(JwsError::Header), "{header}");
    }
    let unknown = forge(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"../k1"}"#, "{}");
    assert_eq!(check(&unknown), Err(JwsError::UnknownKey));
}

#[test]
fn a_hash_keyed_with_the_public_key_is_no_signature() {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode("{}"));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public()), signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()));
    assert_eq!(check(&token), Err(JwsError::Signature));
    assert_eq!(check(&format!("{signed}.")), Err(JwsError::Signature));
}

#[test]
fn other_spellings_of_a_token_are_refused() {
    let token = sign("at+jwt", "k1", &pair(), &json!({"sub": "a"}));
    for bad in [
        format!("{token}="),
        format!("{token}."),
        format!(" {token}"),
        token.replacen('.', "..", 1),
        token.replace('.', ""),
        "a".repeat(9_000),
    ] {
        assert!(check(&bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn one_changed_character_never_passes(at in 0usize..150, to in "[A-Za-z0-9_.-]") {
        let good = sign("at+jwt", "k1", &pair(), &json!({"sub": "someone", "exp": 17}));
        prop_assume!(at < good.len());
        let mut bad = good.clone();
        bad.replace_range(at..=at, &to);
        prop_assume!(bad != good);
        prop_assert!(check(&bad).is_err());
    }

    #[test]
    fn no_text_makes_it_panic(text in "[A-Za-z0-9_.=-]{0,80}") {
        prop_assert!(check(&text).is_err());
    }
}
