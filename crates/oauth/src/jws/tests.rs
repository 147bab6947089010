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

fn key() -> Box<VerifyingKey> {
    Box::new(VerifyingKey::public(&public()).unwrap())
}

/// By the public key and by the pair, which must say the same of every token.
fn check(token: &str) -> Result<Value, JwsError> {
    let by =
        |key: fn() -> Box<VerifyingKey>| verify(token, "at+jwt", |kid| (kid == "k1").then(key));
    let (by_public, by_pair) = (by(key), by(|| Box::new(VerifyingKey::Pair(Arc::new(pair())))));
    assert_eq!(by_public, by_pair, "{token}");
    by_public
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
        r#"["EdDSA","at+jwt","k1"]"#,
        "",
    ] {
        assert_eq!(check(&forge(header, "{}")), Err(JwsError::Header), "{header}");
    }
    let unknown = forge(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"../k1"}"#, "{}");
    assert_eq!(check(&unknown), Err(JwsError::UnknownKey));
}

#[test]
fn claims_are_members_and_no_list() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Claims {
        sub: String,
    }
    let claims = |payload: Value| {
        let token = sign("at+jwt", "k1", &pair(), &payload);
        verify::<Claims, _>(&token, "at+jwt", |_| {
            Some(Box::new(VerifyingKey::public(&public()).unwrap()))
        })
    };
    assert_eq!(claims(json!({"sub": "a"})), Ok(Claims { sub: "a".into() }));
    assert_eq!(claims(json!(["a"])), Err(JwsError::Payload));
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
fn a_signature_has_one_form() {
    let token = sign("at+jwt", "k1", &pair(), &json!({"sub": "a"}));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    // S and the order of the group more: the same equation holds (RFC 8032 §5.1.7 demands S below it).
    let order: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut other = signature.clone();
    let mut carry = 0u16;
    for (byte, add) in other[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    for bad in [other, signature[..63].to_vec(), [signature.as_slice(), &[0]].concat(), Vec::new()]
    {
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bad));
        assert_eq!(check(&token), Err(JwsError::Signature));
    }
}

#[test]
fn another_key_signs_for_nobody_else() {
    let other = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
    let token = sign("at+jwt", "k1", &other, &json!({"sub": "a"}));
    assert_eq!(check(&token), Err(JwsError::Signature));
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
