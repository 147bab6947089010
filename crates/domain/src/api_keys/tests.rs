use proptest::prelude::*;

use super::*;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[test]
fn a_key_has_the_documented_shape() {
    let secret = ApiKeySecret::new(&[0x5a; 32]);
    let text = secret.expose();
    assert_eq!(text.len(), 47);
    assert!(text.starts_with(PREFIX));
    assert_eq!(text.matches('_').count(), 2);
    assert!(text[PREFIX.len()..].bytes().all(|b| b.is_ascii_alphanumeric()));
}

#[test]
fn the_checksum_is_crc32_in_base62() {
    // Independent of the code under test: CRC-32 of the body by the textbook polynomial.
    let secret = ApiKeySecret::new(&[1; 32]);
    let (body, sum) = secret.expose().split_at(41);
    let crc = body.bytes().fold(!0u32, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |c, _| if c & 1 == 1 { c >> 1 ^ 0xEDB8_8320 } else { c >> 1 },
        )
    });
    let value = sum.bytes().fold(0u64, |value, digit| {
        value * 62 + ALPHABET.iter().position(|&a| a == digit).unwrap() as u64
    });
    assert_eq!(value, u64::from(!crc));
}

#[test]
fn each_fault_has_its_name() {
    let good = ApiKeySecret::new(&[9; 32]).expose().to_owned();
    assert_eq!(ApiKeySecret::parse("sk_live_abc").err(), Some(ShapeError::Prefix));
    assert_eq!(ApiKeySecret::parse("").err(), Some(ShapeError::Prefix));
    assert_eq!(ApiKeySecret::parse(&good[..46]).err(), Some(ShapeError::Form));
    assert_eq!(ApiKeySecret::parse(&format!("{good}a")).err(), Some(ShapeError::Form));
    assert_eq!(
        ApiKeySecret::parse(&good.replace(&good[12..13], "-")).err(),
        Some(ShapeError::Form)
    );
    let last = if good.ends_with('0') { '1' } else { '0' };
    assert_eq!(
        ApiKeySecret::parse(&format!("{}{last}", &good[..46])).err(),
        Some(ShapeError::Checksum)
    );
}

#[test]
fn a_secret_prints_nothing_and_its_hint_little() {
    let secret = ApiKeySecret::new(&[3; 32]);
    assert_eq!(format!("{secret:?}"), "ApiKeySecret(..)");
    let hint = secret.hint().to_string();
    assert!(hint.starts_with(&secret.expose()[..13]) && hint.ends_with(&secret.expose()[43..]));
    assert_eq!(hint.chars().count(), 9 + 4 + 1 + 4);
    assert_eq!(KeyHint::parse(&hint), Some(secret.hint()));
    for other in
        ["", "bloom_sk_", "…", "…wXyZ", "bloom_sk_Ab1…wXyZ", "bloom_sk_Ab12…wXy", "a b…wXyZ"]
    {
        assert_eq!(KeyHint::parse(other), None, "{other}");
    }
    for other in ["acme_live_…0001", "acme_live_…", "bloom_sk_…wXyZ"] {
        let hint = KeyHint::parse(other).unwrap();
        assert_eq!((hint.to_string().as_str(), hint.first_four.as_str()), (other, ""));
    }
}

#[test]
fn who_revoked_a_key_is_stored_and_read() {
    for by in RevokedBy::ALL {
        assert_eq!(RevokedBy::from_stored(by.as_str()), Some(by));
    }
    assert_eq!(RevokedBy::from_stored(""), None);
}

proptest! {
    #[test]
    fn every_secret_parses_to_itself(entropy: [u8; 32]) {
        let secret = ApiKeySecret::new(&entropy);
        let parsed = ApiKeySecret::parse(secret.expose()).unwrap();
        prop_assert_eq!(parsed.expose(), secret.expose());
    }

    #[test]
    fn one_changed_character_never_passes(entropy: [u8; 32], at in 9usize..47, to in 0usize..62) {
        let good = ApiKeySecret::new(&entropy).expose().to_owned();
        let mut bad = good.clone().into_bytes();
        bad[at] = ALPHABET[to];
        let bad = String::from_utf8(bad).unwrap();
        prop_assume!(bad != good);
        prop_assert_eq!(ApiKeySecret::parse(&bad).err(), Some(ShapeError::Checksum));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,60}") {
        let _ = ApiKeySecret::parse(&text);
        let _ = ApiKeySecret::parse(&format!("{PREFIX}{text}"));
    }
}
