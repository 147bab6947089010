//! API keys: made, listed, narrowed, rotated and revoked, by their owner in a browser or by the operator.
//!
//! Never by a key itself, unless it was given the scope `keys:admin` ([`by_principal`]): a key in the wrong
//! hands must not be able to make another. Every statement carries the owner, so a foreign id answers as a
//! missing one.

pub mod by_principal;

mod imports;
mod narrowing;
mod rotation;

use std::ops::Range;

use bloom_domain::api_keys::{
    ApiKey, ApiKeySecret, KeyCondition, KeyInBrief, KeyName, KeyState, MAX_ACTIVE_KEYS, Narrowing,
    RevokedBy,
};
use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::digest::Digest;
use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, ApiKeyId};
use bloom_domain::time::Timestamp;
use bloom_store as store;
use serde_json::{Value, json};
use store::{Change, Tx};

use crate::audit::{Author, Difference};
use crate::keyring::hash_api_key;
use crate::{Error, Operator, Service, SignedIn, accounts, last_use};

pub use imports::{Import, ImportedKey, import_for};
pub use narrowing::{narrow, narrow_for};
pub use rotation::{Rotation, end_overlap, end_overlap_for, rotate, rotate_for};

/// A key that was just made or given a new secret: the only time the secret is there to see.
pub struct NewApiKey {
    /// The key as it is listed.
    pub key: ApiKey,
    /// The secret, to be shown once.
    pub secret: ApiKeySecret,
}

/// A key that is revoked now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// The key as it is listed.
    pub key: ApiKey,
    /// Whether it was not before.
    pub is_news: bool,
}

/// What a key is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTerms {
    /// What its owner calls it.
    pub name: KeyName,
    /// What it is narrowed to.
    pub narrowing: Narrowing,
}

impl From<KeyName> for KeyTerms {
    /// A key that is narrowed to nothing.
    fn from(name: KeyName) -> Self {
        Self { name, narrowing: Narrowing::default() }
    }
}

/// Makes a key.
///
/// # Errors
/// [`Error::TooManyApiKeys`], [`Error::WorkspaceNotFound`], [`Error::ExpiryPast`],
/// [`Error::NarrowedToNothing`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn create(
    service: &Service,
    person: &SignedIn,
    terms: KeyTerms,
) -> Result<NewApiKey, Error> {
    let (claim, author) = (person.claim(), person.author(service)?);
    create_of(service, claim.account, terms, author, move |tx| claim.check(tx)).await
}

/// The person's keys, newest first, revoked ones included.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(service: &Service, person: &SignedIn) -> Result<Vec<ApiKey>, Error> {
    list_of(service, person.account().id).await
}

/// Some of somebody's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SomeKeys {
    /// Those that were asked for, newest first, revoked ones included.
    pub keys: Vec<ApiKey>,
    /// How many there are.
    pub count: usize,
    /// All that were made with a credential, and all that made one, in no order.
    pub kin: Vec<KeyInBrief>,
}

/// The person's keys in order, newest first, that `which` names when it hears how many there are.
///
/// # Errors
/// When the database cannot be read.
pub async fn list_some(
    service: &Service,
    person: &SignedIn,
    which: impl FnOnce(usize) -> Range<usize> + Send + 'static,
) -> Result<SomeKeys, Error> {
    let (owner, now) = (person.account().id, service.now());
    let read = move |tx: &mut Tx<'_>| {
        let count = usize::try_from(store::api_keys::count_of(tx, owner)?).unwrap_or_default();
        let Range { start, end } = which(count);
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let (limit, offset) = (number(end.saturating_sub(start)), number(start));
        let keys = store::api_keys::list_some_of(tx, owner, limit, offset)?;
        Ok(SomeKeys { keys, count, kin: store::api_keys::list_kin(tx, owner, now)? })
    };
    let mut some = service.store.read(read).await?;
    last_use::freshen_keys(service, &mut some.keys);
    Ok(some)
}

/// The person's keys that were made with a credential, and those that made one, in no order.
///
/// # Errors
/// When the database cannot be read.
pub async fn kin(service: &Service, person: &SignedIn) -> Result<Vec<KeyInBrief>, Error> {
    let (owner, now) = (person.account().id, service.now());
    Ok(service.store.read(move |tx| store::api_keys::list_kin(tx, owner, now)).await?)
}

/// One of the person's keys.
///
/// # Errors
/// [`Error::ApiKeyNotFound`].
pub async fn get(service: &Service, person: &SignedIn, id: ApiKeyId) -> Result<ApiKey, Error> {
    let owner = person.account().id;
    let found = service.store.read(move |tx| store::api_keys::find(tx, owner, id)).await?;
    let mut key = found.ok_or(Error::ApiKeyNotFound)?;
    last_use::freshen_keys(service, std::slice::from_mut(&mut key));
    Ok(key)
}

/// How many of the person's keys work.
///
/// # Errors
/// When the database cannot be read.
pub async fn count_working(service: &Service, person: &SignedIn) -> Result<i64, Error> {
    let (owner, now) = (person.account().id, service.now());
    let count = move |tx: &mut Tx<'_>| store::api_keys::count_working(tx, owner, now);
    Ok(service.store.read(count).await?)
}

/// Revokes a key: its very next request is refused. Doing it twice is no error.
///
/// # Errors
/// [`Error::ApiKeyNotFound`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn revoke(service: &Service, person: &SignedIn, id: ApiKeyId) -> Result<ApiKey, Error> {
    let by = (RevokedBy::Owner, person.author(service)?);
    let claim = person.claim();
    Ok(revoke_of(service, claim.account, id, by, move |tx| claim.check(tx)).await?.key)
}

/// Makes a key for an account on the operator's word.
///
/// # Errors
/// [`Error::AccountNotFound`], and as [`create`].
pub async fn create_for(
    service: &Service,
    operator: &Operator,
    owner: &Email,
    terms: KeyTerms,
) -> Result<NewApiKey, Error> {
    let owner = accounts::find(service, operator, owner).await?.id;
    let author = Author::here(service, Actor::Operator)?;
    create_of(service, owner, terms, author, move |tx| take_owner(tx, owner)).await
}

/// Takes the row of somebody for whom the operator makes keys.
fn take_owner(tx: &mut Tx<'_>, owner: AccountId) -> Result<Result<(), Error>, store::Error> {
    Ok(match store::accounts::take(tx, owner)? {
        None => Err(Error::AccountNotFound),
        Some(state) if state.is_banned() => Err(Error::AccountBanned),
        Some(_) => Ok(()),
    })
}

/// The keys of an account.
///
/// # Errors
/// [`Error::AccountNotFound`].
pub async fn list_for(
    service: &Service,
    operator: &Operator,
    owner: &Email,
) -> Result<Vec<ApiKey>, Error> {
    let owner = accounts::find(service, operator, owner).await?;
    list_of(service, owner.id).await
}

/// How the operator names a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichKey {
    /// By its id.
    Id(ApiKeyId),
    /// By its name: the one of that name that works, or else the only one that there was.
    Name(String),
}

/// A key of an account.
///
/// # Errors
/// [`Error::AccountNotFound`], [`Error::ApiKeyNotFound`], [`Error::ApiKeyNameAmbiguous`],
/// [`Error::ApiKeyNameEnded`].
pub async fn find_for(
    service: &Service,
    operator: &Operator,
    owner: &Email,
    which: WhichKey,
) -> Result<ApiKey, Error> {
    let owner = accounts::find(service, operator, owner).await?.id;
    let id = find(service, owner, which).await?;
    let keys = list_of(service, owner).await?;
    keys.into_iter().find(|key| key.id == id).ok_or(Error::ApiKeyNotFound)
}

/// Revokes a key of an account on the operator's word.
///
/// # Errors
/// [`Error::AccountNotFound`], [`Error::ApiKeyNotFound`], [`Error::ApiKeyNameAmbiguous`],
/// [`Error::ApiKeyNameEnded`].
pub async fn revoke_for(
    service: &Service,
    operator: &Operator,
    owner: &Email,
    which: WhichKey,
) -> Result<Revoked, Error> {
    let owner = accounts::find(service, operator, owner).await?.id;
    let id = find(service, owner, which).await?;
    let by = (RevokedBy::Operator, Author::here(service, Actor::Operator)?);
    revoke_of(service, owner, id, by, |_| Ok(Ok(()))).await
}

/// The key that the operator names; whether an id is of this owner is for the statements to say.
pub(crate) async fn find(
    service: &Service,
    owner: AccountId,
    which: WhichKey,
) -> Result<ApiKeyId, Error> {
    match which {
        WhichKey::Id(id) => Ok(id),
        WhichKey::Name(name) => find_by_name(service, owner, &name).await,
    }
}

async fn find_by_name(service: &Service, owner: AccountId, name: &str) -> Result<ApiKeyId, Error> {
    let (mut keys, now) = (list_of(service, owner).await?, service.now());
    keys.retain(|key| key.name == name);
    let ids = |keys: &[&ApiKey]| keys.iter().map(|key| key.id).collect::<Vec<_>>();
    let (working, ended): (Vec<_>, Vec<_>) = keys.iter().partition(|key| key.works(now));
    match (&working[..], &ended[..]) {
        ([], []) => Err(Error::ApiKeyNotFound),
        // Whoever asks for it hears that it has ended, not that it never was.
        ([key], _) | ([], [key]) => Ok(key.id),
        ([], ended) => Err(Error::ApiKeyNameEnded(ids(ended))),
        (working, _) => Err(Error::ApiKeyNameAmbiguous(ids(working))),
    }
}

/// Makes a key if `may`, which also takes the account's row: the limit is a decision over several
/// rows.
async fn create_of(
    service: &Service,
    owner: AccountId,
    terms: KeyTerms,
    author: Author,
    may: impl FnOnce(&mut Tx<'_>) -> Result<Result<(), Error>, store::Error> + Send + 'static,
) -> Result<NewApiKey, Error> {
    let (mut key, digest, secret) = draft(service, owner, terms.name.as_str())?;
    key.narrowing = terms.narrowing;
    let written = key.clone();
    service
        .store
        .write(move |tx| {
            if let Err(refused) = may(tx)? {
                return Ok(Err(refused));
            }
            create_in(tx, &written, &digest, &author)
        })
        .await??;
    Ok(NewApiKey { key, secret })
}

/// Writes a new key of somebody whose row is taken, if there may be one more like it.
fn create_in(
    tx: &mut Tx<'_>,
    key: &ApiKey,
    digest: &Digest,
    author: &Author,
) -> Result<Result<(), Error>, store::Error> {
    let (owner, now) = (key.account, key.created_at);
    if let Err(refused) = narrowing::check(tx, owner, &key.narrowing, now)? {
        return Ok(Err(refused));
    }
    if store::api_keys::count_working(tx, owner, now)? >= MAX_ACTIVE_KEYS {
        return Ok(Err(Error::TooManyApiKeys));
    }
    if !insert(tx, key, digest, author)? {
        // 190 random bits, twice.
        return Err(store::Error::Conflict);
    }
    Ok(Ok(()))
}

async fn list_of(service: &Service, owner: AccountId) -> Result<Vec<ApiKey>, Error> {
    let mut keys = service.store.read(move |tx| store::api_keys::list_of(tx, owner)).await?;
    last_use::freshen_keys(service, &mut keys);
    Ok(keys)
}

async fn revoke_of(
    service: &Service,
    owner: AccountId,
    id: ApiKeyId,
    (by, author): (RevokedBy, Author),
    may: impl FnOnce(&mut Tx<'_>) -> Result<Result<(), Error>, store::Error> + Send + 'static,
) -> Result<Revoked, Error> {
    let now = service.now();
    service
        .store
        .write(move |tx| {
            if let Err(refused) = may(tx)? {
                return Ok(Err(refused));
            }
            Ok(Ok(revoke_in(tx, owner, id, (now, by), &author)?))
        })
        .await??
        .ok_or(Error::ApiKeyNotFound)
}

/// Revokes a key, in the transaction of whoever may; gives it as it is then.
pub(crate) fn revoke_in(
    tx: &mut Tx<'_>,
    owner: AccountId,
    id: ApiKeyId,
    (now, by): (Timestamp, RevokedBy),
    author: &Author,
) -> Result<Option<Revoked>, store::Error> {
    let is_news = store::api_keys::revoke(tx, owner, id, now, by)?;
    let key = store::api_keys::find(tx, owner, id)?;
    if let Some(key) = key.as_ref().filter(|_| is_news) {
        let difference = Difference { before: named(key), ..Difference::default() };
        record(tx, author, Action::ApiKeyRevoked, key, difference);
        tx.changed(Change::ApiKey(id));
    }
    Ok(key.map(|key| Revoked { key, is_news }))
}

/// Writes a new key; `false` when another has its secret.
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    key: &ApiKey,
    digest: &Digest,
    author: &Author,
) -> Result<bool, store::Error> {
    let is_new = store::api_keys::insert(tx, key, digest)?;
    if is_new {
        let difference = Difference { after: told(key), ..Difference::default() };
        record(tx, author, Action::ApiKeyCreated, key, difference);
    }
    Ok(is_new)
}

fn record(tx: &mut Tx<'_>, author: &Author, action: Action, key: &ApiKey, difference: Difference) {
    author.record(tx, action, Subject::ApiKey(key.id), key.account, difference);
}

/// A key as the audit tells it from others.
pub(crate) fn named(key: &ApiKey) -> Value {
    json!({ "name": key.name, "key": key.hint.to_string() })
}

/// The same with what it is narrowed to.
fn told(key: &ApiKey) -> Value {
    let mut told = named(key);
    narrowing::tell(&key.narrowing, &mut told);
    told
}

/// A key that was to be changed, after a write that changed something or nothing: the key, or why not.
fn changed(key: Option<ApiKey>, is_news: bool, now: Timestamp) -> Result<ApiKey, Error> {
    let key = key.ok_or(Error::ApiKeyNotFound)?;
    match key.condition(now) {
        _ if is_news => Ok(key),
        KeyCondition::Revoked { .. } => Err(Error::ApiKeyRevoked),
        KeyCondition::Expired { .. } => Err(Error::ApiKeyExpired),
        _ => Ok(key),
    }
}

/// A key ready to be written, with its digest and its secret.
pub(crate) fn draft(
    service: &Service,
    owner: AccountId,
    name: &str,
) -> Result<(ApiKey, Digest, ApiKeySecret), Error> {
    let now = service.now();
    let secret = ApiKeySecret::new(&service.entropy.draw()?);
    let digest = service.keyring.load().api_key_digest(&hash_api_key(&secret));
    let key = ApiKey {
        id: ApiKeyId::new(now, &service.entropy.draw()?),
        account: owner,
        name: name.to_owned(),
        hint: secret.hint(),
        created_at: now,
        made_by: None,
        rotated_at: None,
        old_secret: None,
        narrowing: Narrowing::default(),
        state: KeyState::Active,
        last_use: None,
    };
    Ok((key, digest, secret))
}
