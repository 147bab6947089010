//! What is presented as an API key: one of ours by its checksum, or one that was imported by how it looks.
//!
//! How imported keys look is kept in memory, so that what looks like neither costs no query. A change is
//! heard like any other, and they are read again by the next request that needs them; a node that does not
//! hear the others reads them each time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use bloom_domain::api_keys::{ApiKeySecret, KeyHint, KeyShape, ShapeError};
use bloom_store::{self as store, Change};

use crate::keyring::{SecretHash, hash_api_key, sha256};
use crate::{Error, Service};

/// A text that may be an API key.
pub(crate) enum Candidate {
    /// It has the form and the checksum of our own.
    Own(ApiKeySecret),
    /// It looks like some that were imported.
    Imported {
        /// SHA-256 of it.
        hash: SecretHash,
        /// What can be shown of it.
        hint: KeyHint,
    },
}

impl Candidate {
    /// SHA-256 of it.
    pub(crate) fn hash(&self) -> SecretHash {
        match self {
            Self::Own(secret) => hash_api_key(secret),
            Self::Imported { hash, .. } => *hash,
        }
    }

    /// What can be shown of it.
    pub(crate) fn hint(self) -> KeyHint {
        match self {
            Self::Own(secret) => secret.hint(),
            Self::Imported { hint, .. } => hint,
        }
    }
}

/// The shapes as they were read last.
#[derive(Clone)]
pub(crate) struct KeyShapes {
    known: Arc<ArcSwap<Known>>,
    /// How many changes of them were heard.
    heard: Arc<AtomicU64>,
}

/// Shapes by their length, as of a number of changes.
#[derive(Default)]
struct Known {
    as_of: u64,
    prefixes: HashMap<usize, HashSet<String>>,
}

impl KeyShapes {
    /// None that were read yet.
    pub(crate) fn unread() -> Self {
        Self { known: Arc::default(), heard: Arc::new(AtomicU64::new(1)) }
    }

    /// What the store's commit path calls.
    pub(crate) fn hear(&self, change: &Change) {
        if matches!(change, Change::KeyShape | Change::Everything) {
            self.heard.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// What a text is that is presented as an API key, without a query unless shapes have changed.
///
/// # Errors
/// The outer one when the database cannot be read; the inner one says why it is none.
pub(crate) async fn read(
    service: &Service,
    text: &str,
) -> Result<Result<Candidate, ShapeError>, Error> {
    let why = match ApiKeySecret::parse(text) {
        Ok(secret) => return Ok(Ok(Candidate::Own(secret))),
        Err(why) => why,
    };
    if !KeyShape::is_possible(text) {
        return Ok(Err(why));
    }
    let known = known(service).await?;
    let imported = |hint| Candidate::Imported { hash: sha256(text.as_bytes()), hint };
    Ok(known.find(text).map(imported).ok_or(why))
}

async fn known(service: &Service) -> Result<Arc<Known>, Error> {
    let shapes = &service.key_shapes;
    // Looked at before the query: a change that comes meanwhile is read by the next request.
    let as_of = shapes.heard.load(Ordering::SeqCst);
    let known = shapes.known.load_full();
    if known.as_of == as_of && service.store.hears_other_writers() {
        return Ok(known);
    }
    let mut read = Known { as_of, prefixes: HashMap::new() };
    for shape in service.store.read(store::key_shapes::list).await? {
        read.prefixes.entry(shape.length()).or_default().insert(shape.prefix().to_owned());
    }
    let read = Arc::new(read);
    shapes.known.rcu(|known| if known.as_of > as_of { known.clone() } else { read.clone() });
    Ok(read)
}

impl Known {
    /// What can be shown of a text that looks like an imported key.
    fn find(&self, text: &str) -> Option<KeyHint> {
        let prefixes = self.prefixes.get(&text.len())?;
        let mut starts = (0..=text.len()).rev().filter_map(|end| text.get(..end));
        let prefix = starts.find(|start| prefixes.contains(*start))?;
        KeyShape::new(prefix, text.len()).ok().map(|shape| shape.hint(text))
    }
}
