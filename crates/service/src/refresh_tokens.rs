//! Refresh tokens: which grant, which generation, a secret, and what proves that this server made it.
//!
//! The proof means that a used token of any age is recognised without keeping it, and that a made-up one
//! ends nothing. The successor's secret is drawn from the token that is presented, a random salt, and a
//! key of the server. The salt is kept for as long as a used token may still be answered: with it, fifty
//! parallel refreshes of one token all lead to the same successor. Once it is erased, neither the
//! database nor an old token and the key lead to a good one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_domain::digest::Digest;
use bloom_domain::ids::GrantId;

use crate::keyring::Keyring;

/// What every refresh token begins with, so that a scanner finds a leaked one.
const PREFIX: &str = "bloom_rt_";
/// Grant, generation and secret.
const NAMED: usize = 16 + 4 + 16;

/// A refresh token, proven or new.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub(crate) grant: GrantId,
    pub(crate) generation: u32,
    secret: [u8; 16],
}

impl RefreshToken {
    /// The first of a grant, from random bytes.
    pub(crate) fn first(grant: GrantId, secret: [u8; 16]) -> Self {
        Self { grant, generation: 0, secret }
    }

    /// Reads a presented token; `None` when no server with this root secret made it.
    pub(crate) fn parse(keyring: &Keyring, text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (named, tag) = bytes.split_first_chunk::<NAMED>()?;
        if !keyring.is_refresh_tag(named, tag.try_into().ok()?) {
            return None;
        }
        let (grant, rest) = named.split_first_chunk::<16>()?;
        let (generation, secret) = rest.split_first_chunk::<4>()?;
        Some(Self {
            grant: GrantId::from_bytes(*grant),
            generation: u32::from_be_bytes(*generation),
            secret: secret.try_into().ok()?,
        })
    }

    /// The token as it is sent.
    pub(crate) fn expose(&self, keyring: &Keyring) -> String {
        let named = self.named();
        let bytes = [named.as_slice(), &keyring.refresh_tag(&named)].concat();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What is stored for it.
    pub(crate) fn digest(&self, keyring: &Keyring) -> Digest {
        keyring.refresh_digest(&self.named())
    }

    /// What may be stored for it.
    pub(crate) fn digests(&self, keyring: &Keyring) -> Vec<Digest> {
        keyring.refresh_digests(&self.named())
    }

    /// The tokens that may be its successor under a salt: the one made now first.
    pub(crate) fn successors(&self, keyring: &Keyring, salt: &[u8; 16]) -> Vec<Self> {
        let generation = self.generation.saturating_add(1);
        let secrets = keyring.refresh_successors(&self.named(), salt);
        secrets.into_iter().map(|secret| Self { generation, secret, ..self.clone() }).collect()
    }

    fn named(&self) -> [u8; NAMED] {
        let mut named = [0; NAMED];
        named[..16].copy_from_slice(self.grant.as_bytes());
        named[16..20].copy_from_slice(&self.generation.to_be_bytes());
        named[20..].copy_from_slice(&self.secret);
        named
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root_secret::{RootSecret, RootSecrets};

    fn secrets(byte: u8) -> RootSecrets {
        RootSecrets { current: RootSecret::new([byte; 32]), previous: Vec::new() }
    }

    #[test]
    fn a_token_reads_back_and_cannot_be_made_up() {
        let ring = Keyring::new(&secrets(7));
        let token = RefreshToken::first(GrantId::from_bytes([5; 16]), [3; 16]);
        let text = token.expose(&ring);
        assert!(RefreshToken::parse(&ring, &text) == Some(token.clone()));
        assert!(RefreshToken::parse(&Keyring::new(&secrets(8)), &text).is_none());
        let later = RefreshToken { generation: 1, ..token };
        let forged = URL_SAFE_NO_PAD.encode([later.named().as_slice(), &[0; 16]].concat());
        assert!(RefreshToken::parse(&ring, &format!("{PREFIX}{forged}")).is_none());
        assert!(RefreshToken::parse(&ring, PREFIX).is_none());
    }

    #[test]
    fn a_salt_leads_to_one_successor_also_after_a_rotation_of_the_root_secret() {
        let old = Keyring::new(&secrets(7));
        let new = Keyring::new(&secrets(7).rotated(RootSecret::new([8; 32])));
        let token = RefreshToken::first(GrantId::from_bytes([5; 16]), [3; 16]);
        let one = token.successors(&old, &[1; 16]);
        assert_eq!((one.len(), one[0].generation), (1, 1));
        assert!(one == token.successors(&old, &[1; 16]));
        assert!(one != token.successors(&old, &[2; 16]));
        assert!(token.successors(&new, &[1; 16]).contains(&one[0]));
        assert!(one[0].digests(&new).contains(&one[0].digest(&old)));
    }
}
