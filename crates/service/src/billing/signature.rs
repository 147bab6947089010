//! The signature of the payment provider: `Stripe-Signature: t=…,v1=…`, where `v1` is the HMAC-SHA256 of
//! the time, a dot and the body, in hexadecimal.
//!
//! There may be several `v1`: while the provider replaces a secret it signs with both. And here several
//! secrets may count. Other schemes in the header are not looked at, or a weaker one would do.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use bloom_domain::time::Timestamp;

/// How far the time of a signature may be from ours, either way.
const TOLERANCE: Duration = Duration::from_secs(300);
/// As many signatures as are looked at. The provider sends one or two.
const MOST: usize = 8;
/// The shortest secret, in characters. The provider's are much longer.
const MIN_SECRET: usize = 16;

/// A secret with which the payment provider signs.
#[derive(Clone)]
pub struct WebhookSecret(hmac::Key);

impl WebhookSecret {
    /// Reads a secret as the provider shows it, such as `whsec_…`; `None` for what cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_fine = text.len() >= MIN_SECRET && text.bytes().all(|b| b.is_ascii_graphic());
        is_fine.then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes())))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

/// Whether one of the secrets signed a body, and lately.
pub(super) fn check(
    secrets: &[WebhookSecret],
    header: Option<&str>,
    body: &[u8],
    now: Timestamp,
) -> Result<(), &'static str> {
    let header = header.ok_or("there is no Stripe-Signature header, or not just one")?;
    let (at, signatures) = parse(header).ok_or("the Stripe-Signature header cannot be read")?;
    let Some(signed_at) = at.parse::<i64>().ok().and_then(|at| at.checked_mul(1_000_000)) else {
        return Err("the time of the signature is no time");
    };
    let signed_at = Timestamp::from_unix_micros(signed_at);
    let is_signed = secrets.iter().any(|WebhookSecret(key)| {
        let signed = [at.as_bytes(), b".", body].concat();
        // Each is compared in constant time.
        signatures.iter().any(|signature| hmac::verify(key, &signed, signature).is_ok())
    });
    if !is_signed {
        return Err("the signature does not fit billing.webhook_secrets");
    }
    if now.since(signed_at).max(signed_at.since(now)) > TOLERANCE {
        return Err("the signature is more than 5 minutes old, or ahead");
    }
    Ok(())
}

/// The time as it was written, and the signatures.
fn parse(header: &str) -> Option<(&str, Vec<[u8; 32]>)> {
    let (mut at, mut signatures) = (None, Vec::new());
    for part in header.split(',') {
        match part.trim().split_once('=')? {
            ("t", _) if at.is_some() => return None,
            ("t", time) => at = Some(time),
            ("v1", hex) if signatures.len() < MOST => signatures.extend(from_hex(hex)),
            _ => {}
        }
    }
    at.filter(|time| !time.is_empty() && time.bytes().all(|b| b.is_ascii_digit()))
        .map(|time| (time, signatures))
}

fn from_hex(hex: &str) -> Option<[u8; 32]> {
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_test_secret_of_a_test";
    const BODY: &[u8] = b"{}";

    fn sign(secret: &str, at: &str, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, &[at.as_bytes(), b".", body].concat());
        tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000)
    }

    fn verdict(header: &str, now: i64) -> Result<(), &'static str> {
        let other = "whsec_another_secret_of_it";
        let secrets = [SECRET, other].map(|text| WebhookSecret::parse(text).unwrap());
        check(&secrets, Some(header), BODY, at(now))
    }

    /// A figure that another implementation of the scheme made, with `openssl dgst -sha256 -hmac`.
    #[test]
    fn the_scheme_is_the_providers() {
        let known = "d94c50bfa86371a141782a9eef666e96b21a1eb44e2ad42c6d18b3145b5e3be3";
        assert_eq!(sign("whsec_test_secret_of_a_test", "1492774577", b"{\"id\":\"evt_1\"}"), known);
    }

    #[test]
    fn one_good_signature_is_enough() {
        let good = sign(SECRET, "1000", BODY);
        let other = sign("whsec_another_secret_of_it", "1000", BODY);
        let bad = sign("whsec_nobody_knows_this_one", "1000", BODY);
        for header in [
            format!("t=1000,v1={good}"),
            format!("t=1000,v1={other}"),
            format!("t=1000,v1={bad},v1={good}"),
            format!("t=1000, v1={good}, v0={bad}"),
            format!("v0=x,v1={good},t=1000,v2=y"),
        ] {
            assert_eq!(verdict(&header, 1_000), Ok(()), "{header}");
        }
        assert_eq!(verdict(&format!("t=1000,v1={good}"), 1_300), Ok(()));
        assert_eq!(verdict(&format!("t=1000,v1={good}"), 700), Ok(()));
    }

    #[test]
    fn anything_else_is_refused() {
        let good = sign(SECRET, "1000", BODY);
        let bad = sign("whsec_nobody_knows_this_one", "1000", BODY);
        for (header, now) in [
            (String::new(), 1_000),
            ("t=1000".to_owned(), 1_000),
            (format!("v1={good}"), 1_000),
            (format!("t=1000,v0={good}"), 1_000),
            (format!("t=1000,v1={bad}"), 1_000),
            (format!("t=1001,v1={good}"), 1_000),
            (format!("t=1000,t=1000,v1={good}"), 1_000),
            (format!("t=+1000,v1={good}"), 1_000),
            (format!("t=1000,v1={}", &good[1..]), 1_000),
            (format!("t=1000,v1={good}0"), 1_000),
            (format!("t=99999999999999999999,v1={good}"), 1_000),
            (format!("t=1000,v1={good}"), 1_301),
            (format!("t=1000,v1={good}"), 699),
            (format!("t=1000,{}v1={good}", format!("v1={bad},").repeat(8)), 1_000),
        ] {
            assert!(verdict(&header, now).is_err(), "{header} at {now}");
        }
        assert!(check(&[], Some(&format!("t=1000,v1={good}")), BODY, at(1_000)).is_err());
        assert!(verdict(&format!("t=1000,v1={}", sign(SECRET, "1000", b"{ }")), 1_000).is_err());
    }

    #[test]
    fn a_secret_is_long_and_prints_nothing() {
        assert!(WebhookSecret::parse("whsec_short").is_none());
        assert!(WebhookSecret::parse("whsec_with a space in it").is_none());
        assert_eq!(format!("{:?}", WebhookSecret::parse(SECRET).unwrap()), "WebhookSecret");
    }
}
