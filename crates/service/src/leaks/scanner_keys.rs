//! The public keys of the secret scanner, and the signature of an alert: ECDSA over P-256 with SHA-256 of the
//! bytes of the body, in ASN.1 and base64, beside the name of the key that made it.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";
/// The longest signature on this curve, in base64: two numbers of 33 bytes with what frames them.
const MAX_SIGNATURE: usize = 96;

/// The public keys of the secret scanner, each under its name.
#[derive(Clone)]
pub struct ScannerKeys(Arc<[(String, ParsedPublicKey)]>);

/// The document in which scanners publish their keys. Those that are not current may have signed what is sent
/// again.
#[derive(Deserialize)]
struct Published {
    public_keys: Vec<PublishedKey>,
}

#[derive(Deserialize)]
struct PublishedKey {
    key_identifier: String,
    key: String,
}

impl ScannerKeys {
    /// Reads the document in which the scanner publishes its keys.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(document: &str) -> Result<Self, String> {
        let Published { public_keys } =
            serde_json::from_str(document).map_err(|error| error.to_string())?;
        if public_keys.is_empty() {
            return Err("it has no keys".to_owned());
        }
        let read = |PublishedKey { key_identifier, key }: PublishedKey| match public_key(&key) {
            Some(key) => Ok((key_identifier, key)),
            None => Err(format!("the key {key_identifier:?} is no public key on P-256 in PEM")),
        };
        let keys = public_keys.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(keys.into()))
    }

    /// Whether the key of that name signed a body.
    pub(super) fn check(
        &self,
        identifier: Option<&str>,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<(), &'static str> {
        let identifier =
            identifier.ok_or("there is no Github-Public-Key-Identifier header, or not just one")?;
        let signature =
            signature.ok_or("there is no Github-Public-Key-Signature header, or not just one")?;
        // The names are public.
        let (_, key) =
            self.0.iter().find(|(name, _)| name == identifier).ok_or(
                "no key in the file of leaks.scanner_keys has that identifier; it may be new",
            )?;
        let signature = Some(signature.trim()).filter(|text| text.len() <= MAX_SIGNATURE);
        let signature = signature.and_then(|text| STANDARD.decode(text).ok());
        let signature = signature.ok_or("the signature is not base64, or too long")?;
        key.verify_sig(body, &signature).map_err(|_| "the signature does not fit")
    }
}

impl fmt::Debug for ScannerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// A key in PEM (RFC 7468): a SubjectPublicKeyInfo between two lines.
fn public_key(pem: &str) -> Option<ParsedPublicKey> {
    let base64 = pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let base64: String = base64.split_ascii_whitespace().collect();
    let der = STANDARD.decode(base64).ok()?;
    // A bare point would be read as well, and is not what PEM holds.
    let is_sequence = der.first() == Some(&0x30);
    is_sequence.then(|| ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &der).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the public documentation of a scanner: a key, and a body that it signed.
    const PUBLISHED: &str = r#"{"public_keys":[{
        "key_identifier":"bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c",
        "key":"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\nAjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==\n-----END PUBLIC KEY-----\n",
        "is_current":true}]}"#;
    const NAME: &str = "bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c";
    const SIGNATURE: &str = "MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==";
    const BODY: &[u8] = br#"[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]"#;

    #[test]
    fn the_documented_example_is_taken() {
        let keys = ScannerKeys::parse(PUBLISHED).unwrap();
        assert_eq!(keys.check(Some(NAME), Some(SIGNATURE), BODY), Ok(()));
        assert!(format!("{keys:?}").contains(NAME));
    }

    #[test]
    fn anything_else_is_refused() {
        let keys = ScannerKeys::parse(PUBLISHED).unwrap();
        let mut other = STANDARD.decode(SIGNATURE).unwrap();
        other[10] ^= 1;
        let other = STANDARD.encode(other);
        let longer = format!("{SIGNATURE}{SIGNATURE}");
        let spaced = [BODY, b"\n"].concat();
        for (name, signature, body) in [
            (None, Some(SIGNATURE), BODY),
            (Some(NAME), None, BODY),
            (Some("another"), Some(SIGNATURE), BODY),
            (Some(""), Some(SIGNATURE), BODY),
            (Some(NAME), Some(""), BODY),
            (Some(NAME), Some("not base64 at all"), BODY),
            (Some(NAME), Some("MAA="), BODY),
            (Some(NAME), Some(longer.as_str()), BODY),
            (Some(NAME), Some(other.as_str()), BODY),
            (Some(NAME), Some(SIGNATURE), &spaced),
            (Some(NAME), Some(SIGNATURE), b""),
        ] {
            assert!(keys.check(name, signature, body).is_err(), "{name:?} {signature:?}");
        }
    }

    #[test]
    fn a_document_without_good_keys_says_what_is_wrong() {
        let with = |key: &str| {
            let key = serde_json::json!({ "key_identifier": "k1", "key": key });
            serde_json::json!({ "public_keys": [key] }).to_string()
        };
        // On another curve (P-384), a bare point, and no key at all.
        let other_curve = "-----BEGIN PUBLIC KEY-----\nMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEqocSYvoGDSBNFYmxq35hlP81oNVN6AeZB0i9WjUDX12vH6vCpZb2eV9/wYVhGWpYrPcPMrVIFUfnfpsyFzLJ1W0DyWBZY3wGZPfQOJUy1CvbHZWbVYBl4ePTLZYFYcfT\n-----END PUBLIC KEY-----";
        let point = format!("{BEGIN}\n{}\n{END}", STANDARD.encode([4; 65]));
        for (document, part) in [
            (String::new(), "EOF"),
            ("[]".to_owned(), "expected struct"),
            (r#"{"public_keys":[]}"#.to_owned(), "no keys"),
            (with(""), "\"k1\""),
            (with(other_curve), "\"k1\""),
            (with(&point), "\"k1\""),
            (with(&format!("{BEGIN}\n????\n{END}")), "\"k1\""),
        ] {
            let why = ScannerKeys::parse(&document).unwrap_err();
            assert!(why.contains(part), "{document}: {why}");
        }
    }
}
