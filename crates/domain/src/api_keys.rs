//! API keys: the shape of the secret, and the record that stands for it.
//!
//! `bloom_sk_` + 32 base62 characters of randomness (190 bits) + 6 base62 characters of CRC-32 over
//! all before. The checksum lets a scanner, and the 401 message, tell a broken or foreign key
//! without a query; it is no protection, the randomness is. There is no other underscore, so a
//! double click selects the whole key. The prefix never changes: scanners know it.

pub mod finder;
mod makers;
mod narrowing;
mod rotation;
mod shapes;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use zeroize::Zeroize;

use crate::base62;
use crate::ids::{AccountId, ApiKeyId};
use crate::names::{self, NameError};
use crate::time::Timestamp;

pub use makers::{KeyInBrief, MAX_MAKERS, Made, Maker, made_through, makers_of};
pub use narrowing::{Narrowing, UnknownScope, parse_scopes};
pub use rotation::{OldSecret, Overlap, OverlapError};
pub use shapes::{KeyShape, KeyShapeError, MAX_PREFIX, MAX_SHAPES, MIN_PREFIX};

/// What every key begins with.
pub const PREFIX: &str = "bloom_sk_";

const RANDOM_LEN: usize = 32;
const CHECKSUM_LEN: usize = 6;
const SECRET_LEN: usize = PREFIX.len() + RANDOM_LEN + CHECKSUM_LEN;

/// Random bytes a secret needs, drawn by the service layer.
pub type SecretEntropy = [u8; 32];

/// An API key's secret: shown once, never stored, wiped when dropped, printed as nothing.
#[derive(Clone)]
pub struct ApiKeySecret([u8; SECRET_LEN]);

/// Why a text cannot be an API key of any Bloom server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShapeError {
    /// It does not begin with [`PREFIX`].
    Prefix,
    /// It is not as long as a key, or has a character outside base62.
    Form,
    /// The checksum does not fit: mistyped, cut off, or made by another system.
    Checksum,
}

impl ApiKeySecret {
    /// A new secret from 256 random bits.
    #[must_use]
    pub fn new(entropy: &SecretEntropy) -> Self {
        let mut secret = [0; SECRET_LEN];
        let (prefix, rest) = secret.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX.as_bytes());
        base62::write(*entropy, &mut rest[..RANDOM_LEN]);
        let sum = checksum(&secret[..PREFIX.len() + RANDOM_LEN]);
        secret[PREFIX.len() + RANDOM_LEN..].copy_from_slice(&sum);
        Self(secret)
    }

    /// Checks shape and checksum of a presented key. Costs no query.
    ///
    /// # Errors
    /// [`ShapeError`] names what is wrong.
    pub fn parse(text: &str) -> Result<Self, ShapeError> {
        if !text.starts_with(PREFIX) {
            return Err(ShapeError::Prefix);
        }
        let secret: [u8; SECRET_LEN] = text.as_bytes().try_into().map_err(|_| ShapeError::Form)?;
        if !secret[PREFIX.len()..].iter().all(u8::is_ascii_alphanumeric) {
            return Err(ShapeError::Form);
        }
        let (body, sum) = secret.split_at(SECRET_LEN - CHECKSUM_LEN);
        if checksum(body) != sum {
            return Err(ShapeError::Checksum);
        }
        Ok(Self(secret))
    }

    /// The secret itself, to be shown once or digested. Never log it.
    #[must_use]
    pub fn expose(&self) -> &str {
        // Built from ASCII only; an empty text would be a refused key, never a good one.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// What a list may show of it.
    #[must_use]
    pub fn hint(&self) -> KeyHint {
        let random = &self.expose()[PREFIX.len()..];
        KeyHint {
            prefix: PREFIX.into(),
            first_four: random[..4].to_owned(),
            last_four: random[random.len() - 4..].to_owned(),
        }
    }
}

impl Drop for ApiKeySecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeySecret(..)")
    }
}

/// CRC-32 (IEEE) over the body, in base62, padded to six digits (62^6 exceeds 2^32).
fn checksum(body: &[u8]) -> [u8; CHECKSUM_LEN] {
    base62::of_u32(crc32fast::hash(body))
}

/// The first and last four characters after the prefix: enough to tell one's keys apart. Of a key that another
/// system made the first four are unknown, and the last four may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHint {
    /// What it begins with: [`PREFIX`], unless another system made it.
    pub prefix: Cow<'static, str>,
    /// The first four random characters.
    pub first_four: String,
    /// The last four characters, of the checksum.
    pub last_four: String,
}

impl fmt::Display for KeyHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}…{}", self.prefix, self.first_four, self.last_four)
    }
}

impl KeyHint {
    /// Reads what [`Display`](fmt::Display) writes; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (before, last) = text.split_once('…')?;
        let four = |part: &str| (part.len() == 4).then(|| part.to_owned());
        match before.strip_prefix(PREFIX).filter(|first| !first.is_empty()) {
            Some(first) => Some(Self {
                prefix: PREFIX.into(),
                first_four: four(first)?,
                last_four: four(last)?,
            }),
            None => shapes::is_prefix(before)
                .then(|| Self::of_another_system(before, last))
                .filter(|hint| matches!(hint.last_four.len(), 0 | 4)),
        }
    }

    /// Of a key that another system made; the last four characters may be unknown.
    #[must_use]
    pub fn of_another_system(prefix: &str, last_four: &str) -> Self {
        Self {
            prefix: prefix.to_owned().into(),
            first_four: String::new(),
            last_four: last_four.to_owned(),
        }
    }
}

/// A key's name, chosen by its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(String);

impl KeyName {
    /// Trims and checks a name: 1 to 100 characters that can be shown safely.
    ///
    /// # Errors
    /// [`NameError`] says what to change.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        names::parse(text, 100).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An API key as it is listed. The secret is not part of it and cannot be found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Stays the same when the key is rotated.
    pub id: ApiKeyId,
    /// Whose key it is.
    pub account: AccountId,
    /// The owner's name for it.
    pub name: String,
    /// What can be shown of the secret.
    pub hint: KeyHint,
    /// When the key was made.
    pub created_at: Timestamp,
    /// With which credential; with none when its owner or the operator did it.
    pub made_by: Option<Maker>,
    /// When it was last given another secret, if ever.
    pub rotated_at: Option<Timestamp>,
    /// The secret that it had before, whether or not that one is still good.
    pub old_secret: Option<OldSecret>,
    /// What it is narrowed to.
    pub narrowing: Narrowing,
    /// Whether it is revoked.
    pub state: KeyState,
    /// Its last use, as far as it has been written down (at most a minute late).
    pub last_use: Option<LastUse>,
}

impl ApiKey {
    /// How it is with the key at a time: what weighs most of all that is true of it.
    #[must_use]
    pub fn condition(&self, now: Timestamp) -> KeyCondition {
        match (self.state, self.narrowing.expires_at, &self.old_secret) {
            (KeyState::Revoked { at, by }, ..) => KeyCondition::Revoked { at, by },
            (_, Some(at), _) if at <= now => KeyCondition::Expired { at },
            (.., Some(old)) if old.until > now => KeyCondition::Rotated { until: old.until },
            (_, Some(at), _) if is_soon(at, now) => KeyCondition::Expiring { at },
            _ => KeyCondition::Active,
        }
    }

    /// Whether it is good at a time, and will have ended a few days later, whatever else there is to tell of it.
    #[must_use]
    pub fn ends_soon(&self, now: Timestamp) -> bool {
        let end = self.narrowing.expires_at;
        self.works(now) && end.is_some_and(|end| is_soon(end, now))
    }

    /// Whether requests with it are good at a time.
    #[must_use]
    pub fn works(&self, now: Timestamp) -> bool {
        !matches!(self.condition(now), KeyCondition::Expired { .. } | KeyCondition::Revoked { .. })
    }
}

fn is_soon(end: Timestamp, now: Timestamp) -> bool {
    end <= now.plus(SOON)
}

/// How it is with a key at a time. Keys that have ended stay in the list with the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyCondition {
    /// It is good.
    Active,
    /// It is good, with another secret, and until then with the old one too.
    Rotated {
        /// Until when.
        until: Timestamp,
    },
    /// It is good, and not for long any more.
    Expiring {
        /// When it ends.
        at: Timestamp,
    },
    /// It has ended by itself.
    Expired {
        /// When it did.
        at: Timestamp,
    },
    /// It is refused for ever.
    Revoked {
        /// Since when.
        at: Timestamp,
        /// By whom.
        by: RevokedBy,
    },
}

/// What is stored of whether a key is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Good for requests.
    Active,
    /// Refused for ever.
    Revoked {
        /// Since when.
        at: Timestamp,
        /// By whom.
        by: RevokedBy,
    },
}

/// Who revoked a key, or made this server do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokedBy {
    /// Its owner, in settings.
    Owner,
    /// The operator, on the command line.
    Operator,
    /// A secret scanner found it where anybody could read it.
    Scanner,
    /// Somebody who had it reported it.
    Finder,
    /// Another credential of its owner that manages keys.
    Credential,
    /// Whoever presented it, with the key itself.
    Itself,
    /// The app that it came from was deleted.
    AppDeleted,
}

impl RevokedBy {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Owner,
        Self::Operator,
        Self::Scanner,
        Self::Finder,
        Self::Credential,
        Self::Itself,
        Self::AppDeleted,
    ];

    /// The word that is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Operator => "operator",
            Self::Scanner => "leaked",
            Self::Finder => "reported",
            Self::Credential => "credential",
            Self::Itself => "itself",
            Self::AppDeleted => "app_deleted",
        }
    }

    /// The meaning of a stored word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == word)
    }
}

/// When, from where, with what and for what a key was last used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    /// The time of the request.
    pub at: Timestamp,
    /// The caller's address.
    pub address: String,
    /// Its user agent, cut to 200 bytes.
    pub agent: String,
    /// The operation's id, such as `account.get`; empty when no operation was asked for.
    pub operation: String,
}

/// How long before its end a key is said to expire.
const SOON: Duration = Duration::from_secs(7 * 86_400);

/// How many keys that still work one account may have.
pub const MAX_ACTIVE_KEYS: i64 = 100;

#[cfg(test)]
mod tests;
