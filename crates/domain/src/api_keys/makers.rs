//! Keys that were made with another credential, and so stand in a chain: what each of them spends is also
//! spent out of the budgets of all before it.

use super::ApiKey;
use crate::credits::ChargedVia;
use crate::ids::{ApiKeyId, ConnectionId};

/// How many makers a key has at most, each of the one before. Holding credits looks at all of them.
pub const MAX_MAKERS: usize = 8;

/// A credential with which a key was made. It never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// Another key.
    ApiKey(ApiKeyId),
    /// An app that its owner had let in.
    Connection(ConnectionId),
}

impl From<Maker> for ChargedVia {
    fn from(maker: Maker) -> Self {
        match maker {
            Maker::ApiKey(id) => Self::ApiKey(id),
            Maker::Connection(id) => Self::Connection(id),
        }
    }
}

/// A key as far as it takes to say which keys came from which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInBrief {
    /// The key.
    pub id: ApiKeyId,
    /// The owner's name for it.
    pub name: String,
    /// With which credential it was made.
    pub made_by: Option<Maker>,
    /// Whether requests with it are good.
    pub works: bool,
}

/// A key that stands in a chain of makers, in brief or in full.
pub trait Made {
    /// The key.
    fn id(&self) -> ApiKeyId;
    /// With which credential it was made.
    fn made_by(&self) -> Option<Maker>;
}

impl Made for KeyInBrief {
    fn id(&self) -> ApiKeyId {
        self.id
    }

    fn made_by(&self) -> Option<Maker> {
        self.made_by
    }
}

impl Made for ApiKey {
    fn id(&self) -> ApiKeyId {
        self.id
    }

    fn made_by(&self) -> Option<Maker> {
        self.made_by
    }
}

/// The keys among those of an account that came from a credential: those it made, and those they made.
#[must_use]
pub fn made_through<K: Made>(keys: &[K], maker: Maker) -> Vec<&K> {
    let mut makers = vec![maker];
    let mut found: Vec<&K> = Vec::new();
    while let Some(maker) = makers.pop() {
        for key in keys.iter().filter(|key| key.made_by() == Some(maker)) {
            if !found.iter().any(|known| known.id() == key.id()) {
                found.push(key);
                makers.push(Maker::ApiKey(key.id()));
            }
        }
    }
    found
}

/// The makers of a key, the nearest first, by all the keys of its account.
#[must_use]
pub fn makers_of<K: Made>(keys: &[K], key: &impl Made) -> Vec<Maker> {
    let mut makers = Vec::new();
    let mut next = key.made_by();
    while let Some(maker) = next.filter(|maker| !makers.contains(maker)) {
        makers.push(maker);
        next = match maker {
            Maker::Connection(_) => None,
            Maker::ApiKey(id) => keys.iter().find(|key| key.id() == id).and_then(Made::made_by),
        };
    }
    makers
}
