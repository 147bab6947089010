//! What a key is narrowed to, chosen when it is made and changed afterwards.
//!
//! Its owner in a browser, and the operator, may also let it do more: they could as well make another key.
//! A key that has ended stays ended.

use bloom_domain::access::Access;
use bloom_domain::api_keys::{ApiKey, Narrowing};
use bloom_domain::audit::{Action, Actor};
use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, ApiKeyId};
use bloom_domain::networks::Addresses;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::Reach;
use bloom_store as store;
use serde_json::Value;
use store::{Change, Tx};

use super::{WhichKey, changed, find, record, told};
use crate::audit::{Author, Difference};
use crate::{Error, Operator, Service, SignedIn, accounts};

/// Sets what a key is narrowed to, which must be `seen` until then; its very next request is judged by that. A form
/// says all of it: one that was opened before the key was narrowed would let it do everything again.
///
/// # Errors
/// [`Error::ApiKeyNotFound`], [`Error::ChangedMeanwhile`], [`Error::ApiKeyRevoked`], [`Error::ApiKeyExpired`],
/// [`Error::WorkspaceNotFound`], [`Error::ExpiryPast`], [`Error::NarrowedToNothing`],
/// [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn narrow(
    service: &Service,
    person: &SignedIn,
    id: ApiKeyId,
    (seen, narrowing): (Narrowing, Narrowing),
) -> Result<ApiKey, Error> {
    let (claim, author) = (person.claim(), person.author(service)?);
    let change = (Some(seen), narrowing);
    narrow_of(service, (claim.account, id), change, author, move |tx| claim.check(tx)).await
}

/// Sets what a key of an account is narrowed to on the operator's word.
///
/// # Errors
/// [`Error::AccountNotFound`], [`Error::ApiKeyNameAmbiguous`], [`Error::ApiKeyNameEnded`], and as
/// [`narrow`].
pub async fn narrow_for(
    service: &Service,
    operator: &Operator,
    owner: &Email,
    which: WhichKey,
    narrowing: Narrowing,
) -> Result<ApiKey, Error> {
    let owner = accounts::find(service, operator, owner).await?.id;
    let id = find(service, owner, which).await?;
    let author = Author::here(service, Actor::Operator)?;
    narrow_of(service, (owner, id), (None, narrowing), author, |_| Ok(Ok(()))).await
}

async fn narrow_of(
    service: &Service,
    (owner, id): (AccountId, ApiKeyId),
    (seen, narrowing): (Option<Narrowing>, Narrowing),
    author: Author,
    may: impl FnOnce(&mut Tx<'_>) -> Result<Result<(), Error>, store::Error> + Send + 'static,
) -> Result<ApiKey, Error> {
    let now = service.now();
    let write = service.store.write(move |tx| {
        if let Err(refused) = may(tx)? {
            return Ok(Err(refused));
        }
        let Some(before) = store::api_keys::find(tx, owner, id)? else {
            return Ok(Err(Error::ApiKeyNotFound));
        };
        let is_so = before.narrowing == narrowing;
        if seen.is_some_and(|seen| seen != before.narrowing && !is_so) {
            return Ok(Err(Error::ChangedMeanwhile));
        }
        if let Err(refused) = check(tx, owner, &narrowing, now)? {
            return Ok(Err(refused));
        }
        let is_news = before.narrowing != narrowing
            && store::api_keys::narrow(tx, owner, id, now, &narrowing)?;
        let key = store::api_keys::find(tx, owner, id)?;
        if let Some(key) = key.as_ref().filter(|_| is_news) {
            let difference = Difference { before: told(&before), after: told(key) };
            record(tx, &author, Action::ApiKeyChanged, key, difference);
            tx.changed(Change::ApiKey(id));
        }
        Ok(changed(key, is_news, now))
    });
    write.await?
}

/// Whether a key of somebody may be narrowed to that at a time. A workspace that they do not belong to
/// answers as one that is not there.
pub(super) fn check(
    tx: &mut Tx<'_>,
    owner: AccountId,
    narrowing: &Narrowing,
    now: Timestamp,
) -> Result<Result<(), Error>, store::Error> {
    if narrowing.is_nothing() {
        return Ok(Err(Error::NarrowedToNothing));
    }
    if narrowing.expires_at.is_some_and(|end| end <= now) {
        return Ok(Err(Error::ExpiryPast));
    }
    if let Reach::Only(some) = &narrowing.reach {
        let theirs = store::workspaces::list_of(tx, owner)?;
        let is_theirs = |id| theirs.iter().any(|workspace| workspace.id == id);
        if !some.iter().copied().all(is_theirs) {
            return Ok(Err(Error::WorkspaceNotFound));
        }
    }
    Ok(Ok(()))
}

/// Adds what a key is narrowed to, and nothing else, to what the audit tells of it.
pub(super) fn tell(narrowing: &Narrowing, told: &mut Value) {
    let Narrowing { access, reach, addresses, expires_at } = narrowing;
    if let Access::Named(_) = access {
        told["scopes"] = access.to_string().into();
    }
    if let Reach::Only(_) = reach {
        told["workspaces"] = reach.to_stored().into();
    }
    if let Addresses::Only(_) = addresses {
        told["addresses"] = addresses.to_stored().into();
    }
    if let Some(end) = expires_at {
        told["expires"] = end.to_string().into();
    }
}
