//! The root secret: the 32 bytes that everything keyed is derived from.
//!
//! A text form of one secret a line: the current one first, then those it replaced, newest first.
//! Replaced secrets are only read with: what they made stays good until it is made anew.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hkdf;
use bloom_domain::audit::{Action, Actor, Subject, Whose};
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_store::{self as store, Store, Tx};
use serde_json::json;
use zeroize::Zeroizing;

use crate::audit::{Author, Difference};
use crate::entropy::Entropy;
use crate::keyring::{Keyring, derive};
use crate::service::OpenError;
use crate::{Error, Operator, Service};

/// One root secret. Wiped when dropped, printed as nothing.
#[derive(Clone)]
pub struct RootSecret(Zeroizing<[u8; 32]>);

/// The current root secret and those it replaced.
#[derive(Clone, Debug)]
pub struct RootSecrets {
    /// What new things are made with.
    pub current: RootSecret,
    /// What older things may have been made with, newest first.
    pub previous: Vec<RootSecret>,
}

/// A name for a root secret that gives nothing of it away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 16]);

/// The text is no root secret; holds the number of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootSecretError(pub usize);

impl fmt::Display for RootSecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} is not a root secret: expected 64 hexadecimal digits", self.0)
    }
}

impl std::error::Error for RootSecretError {}

impl RootSecret {
    /// A secret of 32 random bytes.
    #[must_use]
    pub fn new(entropy: [u8; 32]) -> Self {
        Self(Zeroizing::new(entropy))
    }

    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut bytes = Zeroizing::new([0; 32]);
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = hex_digit(digits[0])? << 4 | hex_digit(digits[1])?;
        }
        Some(Self(bytes))
    }

    /// The secret as 64 hexadecimal digits, for the secret file. Never log it.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The secret's name.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let bytes: [u8; 32] = derive(&self.prk(), b"bloom fingerprint v1");
        let mut name = [0; 16];
        name.copy_from_slice(&bytes[..16]);
        Fingerprint(name)
    }

    /// The HKDF key to derive from (RFC 5869 §2.2).
    pub(crate) fn prk(&self) -> hkdf::Prk {
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"bloom root secret v1").extract(self.0.as_slice())
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

impl fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootSecret(..)")
    }
}

impl RootSecrets {
    /// Reads the text form; blank lines count for nothing.
    ///
    /// # Errors
    /// [`RootSecretError`] names the first line that is no secret (1 when there is none at all).
    pub fn parse(text: &str) -> Result<Self, RootSecretError> {
        let mut secrets = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() {
                secrets.push(RootSecret::parse(line).ok_or(RootSecretError(index + 1))?);
            }
        }
        let mut secrets = secrets.into_iter();
        let current = secrets.next().ok_or(RootSecretError(1))?;
        Ok(Self { current, previous: secrets.collect() })
    }

    /// The text form, for the secret file. Never log it.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for secret in std::iter::once(&self.current).chain(&self.previous) {
            text.push_str(&secret.expose());
            text.push('\n');
        }
        text
    }

    /// These secrets after `next` has become the current one.
    #[must_use]
    pub fn rotated(&self, next: RootSecret) -> Self {
        let mut previous = vec![self.current.clone()];
        previous.extend(self.previous.iter().cloned());
        Self { current: next, previous }
    }
}

impl Fingerprint {
    /// From the 16 stored bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes as they are stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// The database belongs to another root secret than the one at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongSecret {
    /// The fingerprint that the database knows as current.
    pub expected: Fingerprint,
    /// The fingerprint of the secret at hand.
    pub found: Fingerprint,
}

/// Binds the database to the current root secret, or finds that it is bound to it.
///
/// A database that knows a secret which ours replaced learns the new one: that completes a rotation
/// which a crash cut short after the secret file was written.
pub(crate) async fn claim(
    store: &Store,
    secrets: &RootSecrets,
    entropy: &Entropy,
    now: Timestamp,
) -> Result<(), OpenError> {
    let author = Author::at(entropy, now, Actor::Operator, &Sender::default())?;
    let found = secrets.current.fingerprint();
    let replaced: Vec<_> = secrets.previous.iter().map(RootSecret::fingerprint).collect();
    let expected = store
        .write(move |tx| {
            let known = store::root_secrets::current(tx)?.map(Fingerprint);
            let is_ours = known.is_none_or(|known| known == found || replaced.contains(&known));
            if is_ours && known != Some(found) {
                store::root_secrets::insert(tx, &found.0, now)?;
                if let Some(replaced) = known {
                    let named = |of: Fingerprint| json!({ "fingerprint": of.to_string() });
                    let difference = Difference { before: named(replaced), after: named(found) };
                    author.record(
                        tx,
                        Action::RootSecretRotated,
                        Subject::Server,
                        Whose::default(),
                        difference,
                    );
                }
            }
            Ok((!is_ours).then_some(known).flatten())
        })
        .await
        .map_err(Error::from)?;
    match expected {
        None => Ok(()),
        Some(expected) => Err(OpenError::WrongSecret(WrongSecret { expected, found })),
    }
}

/// [`Error::Behind`] when this node works with an older root secret than the database. Asked before
/// something is called unknown.
pub(crate) fn check(tx: &mut Tx<'_>, keyring: &Keyring) -> Result<Result<(), Error>, store::Error> {
    let current = store::root_secrets::current(tx)?.map(Fingerprint);
    let is_behind = current.is_some_and(|current| current != keyring.fingerprint());
    Ok(if is_behind { Err(Error::Behind) } else { Ok(()) })
}

/// The same by itself.
pub(crate) async fn check_now(service: &Service) -> Result<(), Error> {
    let keyring = service.keyring.load_full();
    service.store.read(move |tx| check(tx, &keyring)).await?
}

/// Makes `secrets`, already kept safe by the caller, the ones that this process works with.
///
/// # Errors
/// When the database cannot be written; the old secrets then stay in use.
pub async fn rotate(
    service: &Service,
    _operator: &Operator,
    secrets: &RootSecrets,
) -> Result<(), OpenError> {
    claim(&service.store, secrets, &service.entropy, service.now()).await?;
    service.keyring.store(Arc::new(Keyring::new(secrets)));
    Ok(())
}

/// A new root secret, to replace the current one.
///
/// # Errors
/// When there are no random bytes.
pub fn draw(entropy: &Entropy) -> Result<RootSecret, Error> {
    entropy.draw().map(RootSecret::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_keeps_order_and_reads_back() {
        let first = RootSecrets { current: RootSecret::new([1; 32]), previous: Vec::new() };
        let rotated = first.rotated(RootSecret::new([2; 32]));
        let read = RootSecrets::parse(&rotated.expose()).unwrap();
        assert_eq!(read.current.fingerprint(), RootSecret::new([2; 32]).fingerprint());
        assert_eq!(read.previous.len(), 1);
        assert_eq!(read.previous[0].fingerprint(), first.current.fingerprint());
    }

    #[test]
    fn what_is_no_secret_is_named_by_its_line() {
        let good = "ab".repeat(32);
        assert_eq!(RootSecrets::parse("").unwrap_err(), RootSecretError(1));
        assert_eq!(RootSecrets::parse("xyz").unwrap_err(), RootSecretError(1));
        assert_eq!(
            RootSecrets::parse(&format!("{good}\n\nshort")).unwrap_err(),
            RootSecretError(3)
        );
        assert_eq!(RootSecrets::parse(&"é".repeat(32)).unwrap_err(), RootSecretError(1));
    }

    #[test]
    fn a_secret_prints_nothing() {
        assert_eq!(format!("{:?}", RootSecret::new([1; 32])), "RootSecret(..)");
    }
}
