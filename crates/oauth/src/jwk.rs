//! Public keys as published: JWK and JWK Set (RFC 7517, RFC 8037 §2).

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// An Ed25519 public key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jwk {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: String,
    x: String,
}

/// The published keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JwkSet {
    /// Those that sign now, soon, or signed what is still good.
    pub keys: Vec<Jwk>,
}

impl Jwk {
    /// The JWK of a public key of 32 bytes.
    #[must_use]
    pub fn ed25519(public: &[u8; 32]) -> Self {
        Self {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            usage: "sig",
            kid: key_id(public),
            x: URL_SAFE_NO_PAD.encode(public),
        }
    }
}

/// The key's thumbprint, which is its id (RFC 7638 §3, RFC 8037 appendix A.3).
#[must_use]
pub fn key_id(public: &[u8; 32]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, members.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 appendix A.2 and A.3.
    #[test]
    fn the_thumbprint_of_the_rfc_holds() {
        let public = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let public: [u8; 32] = public.try_into().unwrap();
        assert_eq!(key_id(&public), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let json = serde_json::to_value(Jwk::ed25519(&public)).unwrap();
        assert_eq!(json["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(json["use"], "sig");
    }
}
