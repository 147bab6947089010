//! Proof Key for Code Exchange, method S256 only (RFC 7636).

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// `BASE64URL-ENCODE(SHA256(ASCII(code_verifier)))` (RFC 7636 §4.2), as the client sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeChallenge([u8; 32]);

/// Why a code challenge is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeError {
    /// There is none; every client must send one.
    Missing,
    /// The method is missing, which would mean `plain`, or is not `S256`.
    Method,
    /// It is not 43 characters of base64url without padding.
    Malformed,
}

impl CodeChallenge {
    /// Reads `code_challenge` and `code_challenge_method` of an authorization request.
    ///
    /// # Errors
    /// [`ChallengeError`]; `plain` is never taken (OAuth 2.1 §7.5.1).
    pub fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Self, ChallengeError> {
        let challenge = challenge.ok_or(ChallengeError::Missing)?;
        if method != Some("S256") {
            return Err(ChallengeError::Method);
        }
        let bytes = URL_SAFE_NO_PAD.decode(challenge).map_err(|_| ChallengeError::Malformed)?;
        bytes.try_into().map(Self).map_err(|_| ChallengeError::Malformed)
    }

    /// From the 32 stored bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether a verifier is the one this was made from (RFC 7636 §4.6).
    #[must_use]
    pub fn is_met_by(&self, verifier: &CodeVerifier) -> bool {
        let hash = digest::digest(&digest::SHA256, verifier.0.as_bytes());
        aws_lc_rs::constant_time::verify_slices_are_equal(hash.as_ref(), &self.0).is_ok()
    }
}

/// A code verifier: 43 to 128 unreserved characters (RFC 7636 §4.1).
#[derive(Clone, PartialEq, Eq)]
pub struct CodeVerifier(String);

impl CodeVerifier {
    /// Reads a verifier; `None` when no client can have made it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let is_good = (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved);
        is_good.then(|| Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_holds() {
        let challenge = CodeChallenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
        assert!(challenge.is_met_by(&CodeVerifier::parse(VERIFIER).unwrap()));
        let other = CodeVerifier::parse(&VERIFIER.replace('d', "e")).unwrap();
        assert!(!challenge.is_met_by(&other));
    }

    #[test]
    fn a_missing_a_plain_and_a_malformed_challenge_are_refused() {
        let parse = CodeChallenge::parse;
        assert_eq!(parse(None, Some("S256")), Err(ChallengeError::Missing));
        for method in [None, Some("plain"), Some("s256"), Some("S512")] {
            assert_eq!(parse(Some(CHALLENGE), method), Err(ChallengeError::Method), "{method:?}");
        }
        let padded = format!("{CHALLENGE}=");
        for bad in
            ["", "short", &CHALLENGE[..42], &padded, &CHALLENGE.replace('-', "+"), VERIFIER_LIKE]
        {
            assert_eq!(parse(Some(bad), Some("S256")), Err(ChallengeError::Malformed), "{bad}");
        }
    }

    /// 44 characters decode to 33 bytes.
    const VERIFIER_LIKE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        assert!(CodeVerifier::parse(&"~".repeat(43)).is_some());
        assert!(CodeVerifier::parse(&".".repeat(128)).is_some());
        for bad in ["a".repeat(42), "a".repeat(129), format!("{}+", "a".repeat(43)), "é".repeat(43)]
        {
            assert!(CodeVerifier::parse(&bad).is_none(), "{bad}");
        }
    }
}
