//! Keys that another system made and that go on here, by the SHA-256 of their secrets.
//!
//! 1. The hash is keyed on entry like that of a key of ours, so that there is one form of what is stored.
//! 2. An import names what its keys begin with and how long they are. Only what looks like that is looked up
//!    although it has not our checksum.
//! 3. All of them are taken over, or none: one whose secret is known already, whosever it is, refuses them.

use std::collections::HashSet;

use bloom_domain::api_keys::{
    ApiKey, KeyHint, KeyName, KeyShape, MAX_ACTIVE_KEYS, MAX_SHAPES, Maker, Narrowing,
};
use bloom_domain::audit::Actor;
use bloom_domain::email::Email;
use bloom_domain::ids::AccountId;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::{Change, Tx};

use super::{draft, insert, narrowing};
use crate::audit::Author;
use crate::authenticate::find_by_hash;
use crate::keyring::{Keyring, SecretHash};
use crate::{Error, Operator, Service, accounts};

/// Keys that another system made.
#[derive(Debug, Clone)]
pub struct Import {
    /// How they look.
    pub shape: KeyShape,
    /// The keys.
    pub keys: Vec<ImportedKey>,
}

/// A key that another system made. Its secret is never sent.
#[derive(Debug, Clone)]
pub struct ImportedKey {
    /// What it is to be called.
    pub name: KeyName,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// The last four characters of the secret, to know it by; empty when they are not told.
    pub last_four: String,
}

/// Takes over keys that another system made for an account, on the operator's word. They are narrowed to
/// nothing.
///
/// # Errors
/// [`Error::AccountNotFound`], [`Error::AccountBanned`], [`Error::ApiKeyKnown`], [`Error::TooManyApiKeys`],
/// [`Error::TooManyKeyShapes`].
pub async fn import_for(
    service: &Service,
    operator: &Operator,
    owner: &Email,
    import: Import,
) -> Result<Vec<ApiKey>, Error> {
    let owner = accounts::find(service, operator, owner).await?.id;
    let drafts = Drafts::new(service, owner, import)?;
    let author = Author::here(service, Actor::Operator)?;
    let write = service.store.write(move |tx| match super::take_owner(tx, owner)? {
        Err(refused) => Ok(Err(refused)),
        Ok(()) => drafts.write(tx, (None, &Narrowing::default()), &author),
    });
    write.await?
}

/// Keys ready to be written.
pub(super) struct Drafts {
    shape: KeyShape,
    keys: Vec<(ApiKey, SecretHash)>,
    keyring: std::sync::Arc<Keyring>,
    owner: AccountId,
    now: Timestamp,
}

impl Drafts {
    pub(super) fn new(service: &Service, owner: AccountId, import: Import) -> Result<Self, Error> {
        let Import { shape, keys } = import;
        let mut drafts = Vec::with_capacity(keys.len());
        for imported in keys {
            let (mut key, _, _) = draft(service, owner, imported.name.as_str())?;
            key.hint = KeyHint::of_another_system(shape.prefix(), &imported.last_four);
            drafts.push((key, imported.hash));
        }
        let (keyring, now) = (service.keyring.load_full(), service.now());
        Ok(Self { shape, keys: drafts, keyring, owner, now })
    }

    /// Writes them, with the account's row taken. What it refuses leaves nothing behind.
    pub(super) fn write(
        self,
        tx: &mut Tx<'_>,
        (maker, narrowing): (Option<Maker>, &Narrowing),
        author: &Author,
    ) -> Result<Result<Vec<ApiKey>, Error>, store::Error> {
        if let Err(refused) = narrowing::check(tx, self.owner, narrowing, self.now)? {
            return Ok(Err(refused));
        }
        let working = store::api_keys::count_working(tx, self.owner, self.now)?;
        let more = i64::try_from(self.keys.len()).unwrap_or(i64::MAX);
        if working.saturating_add(more) > MAX_ACTIVE_KEYS {
            return Ok(Err(Error::TooManyApiKeys));
        }
        if let Err(refused) = self.add_shape(tx)? {
            tx.abandon();
            return Ok(Err(refused));
        }
        self.insert(tx, (maker, narrowing), author)
    }

    fn add_shape(&self, tx: &mut Tx<'_>) -> Result<Result<(), Error>, store::Error> {
        if self.shape.is_our_own() || !store::key_shapes::insert(tx, self.owner, &self.shape)? {
            return Ok(Ok(()));
        }
        let most = i64::try_from(MAX_SHAPES).unwrap_or(i64::MAX);
        if store::key_shapes::count_of(tx, self.owner)? > most {
            return Ok(Err(Error::TooManyKeyShapes));
        }
        tx.changed(Change::KeyShape);
        Ok(Ok(()))
    }

    fn insert(
        self,
        tx: &mut Tx<'_>,
        (maker, narrowing): (Option<Maker>, &Narrowing),
        author: &Author,
    ) -> Result<Result<Vec<ApiKey>, Error>, store::Error> {
        let mut hashes = HashSet::new();
        if let Some(place) = self.keys.iter().position(|(_, hash)| !hashes.insert(*hash)) {
            tx.abandon();
            return Ok(Err(Error::ApiKeyKnown(place)));
        }
        // Two imports of the same keys wait for each other at the first that both have, whatever order each
        // was sent in.
        let mut order: Vec<_> = (0..self.keys.len()).collect();
        order.sort_by_key(|place| self.keys[*place].1);
        let mut keys: Vec<_> = self.keys;
        for place in order {
            let (key, hash) = &mut keys[place];
            key.made_by = maker;
            key.narrowing = narrowing.clone();
            let is_known = find_by_hash(tx, &self.keyring, hash)?.is_some();
            if is_known || !insert(tx, key, &self.keyring.api_key_digest(hash), author)? {
                tx.abandon();
                return Ok(Err(Error::ApiKeyKnown(place)));
            }
        }
        Ok(Ok(keys.into_iter().map(|(key, _)| key).collect()))
    }
}
