//! The public key of a passkey: a COSE key (RFC 9052 §7, RFC 9053, RFC 8812) of one of three kinds.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

use super::cbor::Item;

/// The algorithms, the one that is liked best first: EdDSA, ES256, RS256.
pub(crate) const ALGORITHMS: [i64; 3] = [-8, -7, -257];

/// A key that signatures are verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Ed25519([u8; 32]),
    /// An uncompressed point.
    P256([u8; 65]),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

impl PublicKey {
    /// Reads a COSE key; `None` for any other than those of the three algorithms.
    pub(crate) fn read(cose: &[u8]) -> Option<Self> {
        let key = Item::read_whole(cose)?;
        let number = |label| key.numbered(label).and_then(Item::integer);
        let bytes = |label| key.numbered(label).and_then(Item::bytes);
        match (number(1)?, number(3)?) {
            (1, -8) if number(-1)? == 6 => Some(Self::Ed25519(bytes(-2)?.try_into().ok()?)),
            (2, -7) if number(-1)? == 1 => {
                let (x, y) = (bytes(-2)?, bytes(-3)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                Some(Self::P256([&[4], x, y].concat().try_into().ok()?))
            }
            (3, -257) => {
                let (modulus, exponent) = (bytes(-1)?.to_vec(), bytes(-2)?.to_vec());
                let is_usual = (256..=512).contains(&modulus.len()) && exponent.len() <= 4;
                is_usual.then_some(Self::Rsa { modulus, exponent })
            }
            _ => None,
        }
    }

    /// Whether a signature is over a message.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
            }
            Self::P256(key) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key)
                .verify(message, signature)
                .is_ok(),
            Self::Rsa { modulus, exponent } => {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
        }
    }
}
