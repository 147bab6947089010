//! The keys that sign access tokens and id tokens.
//!
//! One signs at a time. Its successor is published ten minutes before it takes over, so that whoever
//! caches the published keys knows it by then; a key that has been succeeded stays published until the
//! last token it signed has ended. Nodes share them through the database, where the seed of the private
//! key lies sealed with a key derived from the root secret.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use bloom_domain::audit::{Action, Actor, Subject, Whose};
use bloom_domain::grants::ACCESS_TOKEN_LIFETIME;
use bloom_domain::time::Timestamp;
use bloom_oauth::jwk::{Jwk, JwkSet, key_id};
use bloom_oauth::jws::{self, VerifyingKey};
use bloom_store as store;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::json;
use store::Tx;
use store::signing_keys::StoredSigningKey;
use zeroize::Zeroizing;

use crate::audit::{Author, Difference};
use crate::{Error, Operator, Service, sealed};

/// How long a key signs.
const LIFETIME: Duration = Duration::from_secs(30 * 86_400);
/// How long before that it is published. More than the time for which the published keys may be kept,
/// and than the interval at which the nodes look for new ones.
const PUBLISHED_AHEAD: Duration = Duration::from_secs(600);
const PURPOSE: &[u8] = b"signing key";

/// How long after it has read the keys for a token with an unknown one this node does so again.
const LOOKED_AGAIN: Duration = Duration::from_secs(10);

/// The keys as this node knows them.
pub(crate) struct SigningKeys {
    known: ArcSwap<Vec<SigningKey>>,
    /// When they were read because a token named another.
    looked_again_at: Mutex<Option<Timestamp>>,
}

/// A key of the server.
pub(crate) struct SigningKey {
    number: i64,
    signs_from: Timestamp,
    public_key: [u8; 32],
    /// What its signatures are verified with: the pair where there is one, which is faster.
    verifying: Arc<VerifyingKey>,
    /// Its id in tokens and in the published set.
    id: String,
    /// Kept: making a pair from its seed costs more than signing. `None` when the root secret that
    /// sealed the seed is gone: then the key only verifies.
    pair: Option<Arc<Ed25519KeyPair>>,
}

impl SigningKeys {
    pub(crate) fn none() -> Self {
        Self { known: ArcSwap::default(), looked_again_at: Mutex::default() }
    }

    /// Signs claims with the key that signs now.
    pub(crate) fn sign<T: Serialize>(
        &self,
        typ: &str,
        claims: &T,
        now: Timestamp,
    ) -> Result<String, Error> {
        let keys = self.known.load();
        signer(&keys, now)
            .map(|(key, pair)| jws::sign(typ, &key.id, pair, claims))
            .ok_or_else(|| Error::Internal("there is no signing key".to_owned()))
    }

    /// Whether it is long enough ago; then it is now.
    fn is_time_to_look_again(&self, now: Timestamp) -> bool {
        let mut looked = self.looked_again_at.lock();
        let is_time = looked.is_none_or(|looked| looked.plus(LOOKED_AGAIN) <= now);
        if is_time {
            *looked = Some(now);
        }
        is_time
    }

    /// What verifies the signatures of the key with an id, if what it signs may be good now.
    pub(crate) fn verifying(&self, id: &str, now: Timestamp) -> Option<Arc<VerifyingKey>> {
        let keys = self.known.load();
        keys.iter()
            .enumerate()
            .find(|(index, key)| key.id == id && !is_over(&keys, *index, now))
            .map(|(_, key)| key.verifying.clone())
    }
}

/// The keys that are published: those that sign now or soon, or signed what is still good.
#[must_use]
pub fn anonymous_list(service: &Service) -> JwkSet {
    let (keys, now) = (service.signing_keys.known.load(), service.now());
    let published = keys.iter().enumerate().filter(|(index, _)| !is_over(&keys, *index, now));
    JwkSet { keys: published.map(|(_, key)| Jwk::ed25519(&key.public_key)).collect() }
}

/// A key, as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// Its id in tokens and in the published set.
    pub id: String,
    /// When it begins to sign, or began.
    pub signs_from: Timestamp,
    /// What it is for.
    pub state: KeyState,
}

/// What a signing key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It is published, and signs when its time comes.
    Next,
    /// It signs.
    Signs,
    /// It was succeeded, and verifies what it signed until the last of it has ended.
    Verifies,
}

/// Every key, in the order in which they sign.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(service: &Service, _operator: &Operator) -> Result<Vec<ListedKey>, Error> {
    let (keys, now) = (load(service).await?, service.now());
    let signs = signer(&keys, now).map(|(key, _)| key.number);
    let listed = |key: &SigningKey| ListedKey {
        id: key.id.clone(),
        signs_from: key.signs_from,
        state: match signs {
            Some(signs) if key.number == signs => KeyState::Signs,
            _ if key.signs_from > now => KeyState::Next,
            _ => KeyState::Verifies,
        },
    };
    Ok(keys.iter().map(listed).collect())
}

/// Makes the next key without waiting for its day: it is published now and signs from ten minutes on, and
/// nothing that was signed before is refused. Where the next key is there already, nothing is made.
///
/// # Errors
/// When the database cannot be written.
pub async fn rotate(service: &Service, operator: &Operator) -> Result<Vec<ListedKey>, Error> {
    let (keys, now) = (load(service).await?, service.now());
    if let Some(newest) = keys.last().filter(|newest| newest.signs_from <= now) {
        make(service, newest.number + 1, now.plus(PUBLISHED_AHEAD), Actor::Operator).await?;
    }
    refresh(service).await?;
    list(service, operator).await
}

/// Reads the keys, makes the next one when it is time, and drops those that are over.
pub(crate) async fn refresh(service: &Service) -> Result<(), Error> {
    let (mut keys, now) = (load(service).await?, service.now());
    let next = match keys.last() {
        None => Some((1, now)),
        // Nobody can sign, so the next key cannot wait until everybody knows it.
        Some(newest) if newest.pair.is_none() => Some((newest.number + 1, now)),
        Some(newest) => {
            let takes_over = newest.signs_from.plus(LIFETIME);
            let is_time = now.plus(PUBLISHED_AHEAD) >= takes_over;
            is_time.then(|| (newest.number + 1, takes_over.max(now.plus(PUBLISHED_AHEAD))))
        }
    };
    if let Some((number, signs_from)) = next {
        make(service, number, signs_from, Actor::Server).await?;
        keys = load(service).await?;
    }
    let over = keys.iter().enumerate().filter(|(index, _)| is_over(&keys, *index, now));
    if let Some(number) = over.map(|(_, key)| key.number).max() {
        service.store.write(move |tx| store::signing_keys::delete_through(tx, number)).await?;
        keys.retain(|key| key.number > number);
    }
    service.signing_keys.known.store(Arc::new(keys));
    Ok(())
}

/// Reads the keys because a token names one that is not known here, which another node may have made; `false` when
/// they are as they were. Whoever makes up names brings that about only so often.
pub(crate) async fn look_again(service: &Service) -> bool {
    let now = service.now();
    if !service.signing_keys.is_time_to_look_again(now) {
        return false;
    }
    match load(service).await {
        Ok(keys) => {
            service.signing_keys.known.store(Arc::new(keys));
            true
        }
        Err(error) => {
            tracing::warn!(%error, "the signing keys were not read");
            false
        }
    }
}

async fn load(service: &Service) -> Result<Vec<SigningKey>, Error> {
    let stored = service.store.read(store::signing_keys::list).await?;
    stored.iter().map(|key| unseal(service, key)).collect()
}

/// Writes a new key. When another node was first, its key is the one that counts.
async fn make(
    service: &Service,
    number: i64,
    signs_from: Timestamp,
    actor: Actor,
) -> Result<(), Error> {
    let seed = Zeroizing::new(service.entropy.draw::<32>()?);
    let keyring = service.keyring.load();
    let key = keyring.signing_key_seals().next();
    let key = StoredSigningKey {
        number,
        public_key: public_key(&pair(seed.as_slice())?)?,
        seed: sealed::seal_bytes(key, &service.entropy, PURPOSE, seed.as_slice())?,
        signs_from,
    };
    let (author, now) = (Author::here(service, actor)?, service.now());
    let insert = move |tx: &mut Tx<'_>| {
        // The first key succeeds nobody.
        if store::signing_keys::insert(tx, &key, now)? && number > 1 {
            let after = json!({ "key": key_id(&key.public_key) });
            let difference = Difference { after, ..Difference::default() };
            let (action, whose) = (Action::SigningKeyRotated, Whose::default());
            author.record(tx, action, Subject::Server, whose, difference);
        }
        Ok(())
    };
    service.store.write(insert).await?;
    Ok(())
}

fn unseal(service: &Service, stored: &StoredSigningKey) -> Result<SigningKey, Error> {
    let keyring = service.keyring.load();
    let seed = sealed::open_bytes(keyring.signing_key_seals(), PURPOSE, &stored.seed);
    let pair = seed.map(Zeroizing::new).map(|seed| pair(&seed)).transpose()?;
    let pair = pair.map(Arc::new);
    let verifying = match &pair {
        // Only if it is the pair of what is published.
        Some(pair) if public_key(pair)? == stored.public_key => {
            Some(VerifyingKey::Pair(pair.clone()))
        }
        _ => VerifyingKey::public(&stored.public_key),
    };
    let verifying =
        verifying.ok_or_else(|| Error::Internal("a stored public key is none".to_owned()))?;
    Ok(SigningKey {
        number: stored.number,
        signs_from: stored.signs_from,
        public_key: stored.public_key,
        verifying: Arc::new(verifying),
        id: key_id(&stored.public_key),
        pair,
    })
}

fn pair(seed: &[u8]) -> Result<Ed25519KeyPair, Error> {
    Ed25519KeyPair::from_seed_unchecked(seed)
        .map_err(|_| Error::Internal("a seed makes no signing key".to_owned()))
}

fn public_key(pair: &Ed25519KeyPair) -> Result<[u8; 32], Error> {
    let bytes = pair.public_key().as_ref().try_into();
    bytes.map_err(|_| Error::Internal("a public key has not 32 bytes".to_owned()))
}

fn signer(keys: &[SigningKey], now: Timestamp) -> Option<(&SigningKey, &Ed25519KeyPair)> {
    let mut able = keys.iter().filter_map(|key| Some((key, key.pair.as_deref()?)));
    let first = able.clone().next();
    // A clock that was set back must not leave the server without a key.
    able.rfind(|(key, _)| key.signs_from <= now).or(first)
}

/// Whether all that a key has signed has ended: it was succeeded long enough ago.
fn is_over(keys: &[SigningKey], index: usize, now: Timestamp) -> bool {
    let successor = keys.get(index + 1);
    successor.is_some_and(|key| key.signs_from.plus(ACCESS_TOKEN_LIFETIME) <= now)
}
