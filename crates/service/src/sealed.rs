//! Values that leave the server and come back: encrypted and authenticated with AES-256-GCM.
//!
//! A text of 12 random bytes, the ciphertext and its tag, in base64url. `purpose` is bound to it, so a
//! value sealed for one thing opens for no other.

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::entropy::Entropy;

/// Seals bytes.
pub(crate) fn seal_bytes(
    key: Option<&LessSafeKey>,
    entropy: &Entropy,
    purpose: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, Error> {
    let failed = || Error::Internal("a value could not be sealed".to_owned());
    let nonce: [u8; NONCE_LEN] = entropy.draw()?;
    let mut sealed = plain.to_vec();
    key.ok_or_else(failed)?
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(purpose),
            &mut sealed,
        )
        .map_err(|_| failed())?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// Opens bytes that one of the keys has sealed for this purpose; `None` for anything else.
pub(crate) fn open_bytes<'a>(
    keys: impl Iterator<Item = &'a LessSafeKey>,
    purpose: &[u8],
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let open = |key: &LessSafeKey| {
        let mut rest = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = key.open_in_place(nonce, Aad::from(purpose), &mut rest).ok()?;
        Some(plain.to_vec())
    };
    keys.into_iter().find_map(open)
}

/// Seals a value as text.
pub(crate) fn seal<T: Serialize>(
    key: Option<&LessSafeKey>,
    entropy: &Entropy,
    purpose: &[u8],
    value: &T,
) -> Result<String, Error> {
    // Structs of strings, numbers and lists always serialize.
    let plain = serde_json::to_vec(value).unwrap_or_default();
    seal_bytes(key, entropy, purpose, &plain).map(|sealed| URL_SAFE_NO_PAD.encode(sealed))
}

/// Opens a text that one of the keys has sealed for this purpose; `None` for anything else.
pub(crate) fn open<'a, T: DeserializeOwned>(
    keys: impl Iterator<Item = &'a LessSafeKey>,
    purpose: &[u8],
    sealed: &str,
) -> Option<T> {
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    serde_json::from_slice(&open_bytes(keys, purpose, &sealed)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::Keyring;
    use crate::root_secret::{RootSecret, RootSecrets};

    #[test]
    fn what_is_sealed_opens_for_its_purpose_only_and_also_after_a_rotation() {
        let old = RootSecrets { current: RootSecret::new([7; 32]), previous: Vec::new() };
        let new = Keyring::new(&old.rotated(RootSecret::new([8; 32])));
        let old = Keyring::new(&old);
        let entropy = Entropy::seeded(1);
        let key = old.authorization_request_seals().next();
        let sealed = seal(key, &entropy, b"a", &vec![1, 2]).unwrap();
        let opens = |ring: &Keyring, purpose: &[u8], text: &str| {
            open::<Vec<u8>>(ring.authorization_request_seals(), purpose, text)
        };
        assert_eq!(opens(&old, b"a", &sealed), Some(vec![1, 2]));
        assert_eq!(opens(&new, b"a", &sealed), Some(vec![1, 2]));
        assert_eq!(opens(&old, b"b", &sealed), None);
        assert_eq!(open::<Vec<u8>>(old.signing_key_seals(), b"a", &sealed), None);
        for (index, _) in sealed.char_indices() {
            let mut forged = sealed.clone().into_bytes();
            forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
            assert_eq!(opens(&old, b"a", std::str::from_utf8(&forged).unwrap()), None, "{index}");
        }
        assert_eq!(opens(&old, b"a", ""), None);
        assert_ne!(sealed, seal(key, &entropy, b"a", &vec![1, 2]).unwrap());
    }
}
