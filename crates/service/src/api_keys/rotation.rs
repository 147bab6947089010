//! Rotation: another secret for the same key. Limits, budget and usage are the key's and go on.
//!
//! 1. The secret that the key had goes on for an overlap, so that whatever uses it can be given the new
//!    one in peace; never past the key's own end.
//! 2. A key has two good secrets at most. Rotating during an overlap begins another: the secret that was
//!    old already is forgotten.
//! 3. The overlap can be ended at any time, and revoking the key ends both.

use bloom_domain::api_keys::{ApiKey, ApiKeySecret, KeyHint, Overlap};
use bloom_domain::audit::{Action, Actor};
use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, ApiKeyId};
use bloom_store as store;
use serde_json::json;
use store::api_keys::NewSecret;
use store::{Change, Tx};

use super::{NewApiKey, WhichKey, changed, draft, find, named, record};
use crate::audit::{Author, Difference};
use crate::{Error, Operator, Service, SignedIn, accounts};

/// How a key is rotated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// How long the secret that it has goes on.
    pub overlap: Overlap,
    /// The secret that it must have, by what was shown of it: a form that is sent twice rotates once. Any
    /// when there is none.
    pub seen: Option<KeyHint>,
}

/// Gives a key another secret.
///
/// # Errors
/// [`Error::ApiKeyNotFound`], [`Error::ApiKeyRevoked`], [`Error::ApiKeyExpired`],
/// [`Error::ApiKeyRotated`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn rotate(
    service: &Service,
    person: &SignedIn,
    id: ApiKeyId,
    rotation: Rotation,
) -> Result<NewApiKey, Error> {
    let (claim, author) = (person.claim(), person.author(service)?);
    rotate_of(service, (claim.account, id), rotation, author, move |tx| claim.check(tx)).await
}

/// Gives a key of an account another secret on the operator's word.
///
/// # Errors
/// [`Error::AccountNotFound`], [`Error::ApiKeyNameAmbiguous`], [`Error::ApiKeyNameEnded`], and as
/// [`rotate`].
pub async fn rotate_for(
    service: &Service,
    operator: &Operator,
    owner: &Email,
    which: WhichKey,
    rotation: Rotation,
) -> Result<NewApiKey, Error> {
    let owner = accounts::find(service, operator, owner).await?.id;
    let id = find(service, owner, which).await?;
    let author = Author::here(service, Actor::Operator)?;
    rotate_of(service, (owner, id), rotation, author, |_| Ok(Ok(()))).await
}

/// Ends the old secret of a key: its very next request is refused. Doing it twice is no error.
///
/// # Errors
/// [`Error::ApiKeyNotFound`], [`Error::ApiKeyRevoked`], [`Error::ApiKeyExpired`], [`Error::SignedOut`],
/// [`Error::AccountBanned`].
pub async fn end_overlap(
    service: &Service,
    person: &SignedIn,
    id: ApiKeyId,
) -> Result<ApiKey, Error> {
    let (claim, author) = (person.claim(), person.author(service)?);
    end_of(service, (claim.account, id), author, move |tx| claim.check(tx)).await
}

/// Ends the old secret of a key of an account on the operator's word.
///
/// # Errors
/// [`Error::AccountNotFound`], [`Error::ApiKeyNameAmbiguous`], [`Error::ApiKeyNameEnded`], and as
/// [`end_overlap`].
pub async fn end_overlap_for(
    service: &Service,
    operator: &Operator,
    owner: &Email,
    which: WhichKey,
) -> Result<ApiKey, Error> {
    let owner = accounts::find(service, operator, owner).await?.id;
    let id = find(service, owner, which).await?;
    let author = Author::here(service, Actor::Operator)?;
    end_of(service, (owner, id), author, |_| Ok(Ok(()))).await
}

async fn rotate_of(
    service: &Service,
    (owner, id): (AccountId, ApiKeyId),
    rotation: Rotation,
    author: Author,
    may: impl FnOnce(&mut Tx<'_>) -> Result<Result<(), Error>, store::Error> + Send + 'static,
) -> Result<NewApiKey, Error> {
    let (new, secret) = new_secret(service, owner, rotation)?;
    let write = service.store.write(move |tx| {
        if let Err(refused) = may(tx)? {
            return Ok(Err(refused));
        }
        rotate_in(tx, (owner, id), &new, &author)
    });
    let key = write.await??;
    Ok(NewApiKey { key, secret })
}

/// Another secret for a key of somebody.
pub(super) fn new_secret(
    service: &Service,
    owner: AccountId,
    rotation: Rotation,
) -> Result<(NewSecret, ApiKeySecret), Error> {
    let (fresh, digest, secret) = draft(service, owner, "")?;
    let now = fresh.created_at;
    let old_until = rotation.overlap.after(now);
    let new = NewSecret { digest, hint: fresh.hint, at: now, old_until, seen: rotation.seen };
    Ok((new, secret))
}

/// Gives a key another secret, in the transaction of whoever may.
pub(super) fn rotate_in(
    tx: &mut Tx<'_>,
    (owner, id): (AccountId, ApiKeyId),
    new: &NewSecret,
    author: &Author,
) -> Result<Result<ApiKey, Error>, store::Error> {
    let is_news = store::api_keys::rotate(tx, owner, id, new)?;
    let key = store::api_keys::find(tx, owner, id)?;
    if let Some(key) = key.as_ref().filter(|_| is_news) {
        record(tx, author, Action::ApiKeyRotated, key, rotated(key));
        tx.changed(Change::ApiKey(id));
    }
    let key = changed(key, is_news, new.at);
    Ok(key.and_then(|key| if is_news { Ok(key) } else { Err(Error::ApiKeyRotated) }))
}

async fn end_of(
    service: &Service,
    (owner, id): (AccountId, ApiKeyId),
    author: Author,
    may: impl FnOnce(&mut Tx<'_>) -> Result<Result<(), Error>, store::Error> + Send + 'static,
) -> Result<ApiKey, Error> {
    let now = service.now();
    let write = service.store.write(move |tx| {
        if let Err(refused) = may(tx)? {
            return Ok(Err(refused));
        }
        let is_news = store::api_keys::end_overlap(tx, owner, id, now)?;
        let key = store::api_keys::find(tx, owner, id)?;
        if let Some(key) = key.as_ref().filter(|_| is_news) {
            let before = rotated(key).before;
            record(
                tx,
                &author,
                Action::ApiKeyOverlapEnded,
                key,
                Difference { before, ..Difference::default() },
            );
            tx.changed(Change::ApiKey(id));
        }
        Ok(changed(key, is_news, now))
    });
    write.await?
}

/// What a rotation changed: the key by the secret it had, until when that goes on, and by the one it has.
fn rotated(key: &ApiKey) -> Difference {
    let mut before = named(key);
    if let Some(old) = &key.old_secret {
        before = json!({
            "name": key.name,
            "key": old.hint.to_string(),
            "until": old.until.to_string(),
        });
    }
    Difference { before, after: named(key) }
}
