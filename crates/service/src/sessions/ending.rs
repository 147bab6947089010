//! The sessions of a person: seen, ended one by one, and all at once.

use bloom_domain::api_keys::{ApiKey, Maker, RevokedBy, made_through};
use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, ConnectionId, SessionId};
use bloom_domain::sessions::{ABSOLUTE_LIFETIME, IDLE_LIFETIME, Session};
use bloom_domain::time::Timestamp;
use bloom_store as store;
use serde_json::json;
use store::{Change, Tx};

use crate::audit::{Author, Difference};
use crate::{Error, Operator, Service, SignedIn, accounts, api_keys, connections, last_use};

/// The person's live sessions, the one seen last first.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(service: &Service, person: &SignedIn) -> Result<Vec<Session>, Error> {
    let (account, now) = (person.account().id, service.now());
    let (seen_after, created_after) = (now.minus(IDLE_LIFETIME), now.minus(ABSOLUTE_LIFETIME));
    let list =
        move |tx: &mut Tx<'_>| store::sessions::list_of(tx, account, seen_after, created_after);
    Ok(service.store.read(list).await?)
}

/// Ends one of the person's sessions: that browser's very next request is a stranger's. Gives whether it did: one that
/// is not there, or not theirs, had ended before.
///
/// # Errors
/// [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn end(service: &Service, person: &SignedIn, id: SessionId) -> Result<bool, Error> {
    let (claim, author) = (person.claim(), person.author(service)?);
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        let ends = store::sessions::delete_one(tx, claim.account, id)?;
        if ends {
            let subject = Subject::Account(claim.account);
            let difference = Difference::default();
            author.record(tx, Action::SessionEnded, subject, claim.account, difference);
            // Which digest it had is not asked for: nothing is kept of sessions.
            tx.changed(Change::Account(claim.account));
        }
        Ok(Ok(ends))
    };
    service.store.write(write).await?
}

/// What ends along with every session of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlsoEnd {
    /// Its API keys.
    pub keys: bool,
    /// What it has let apps do, the keys that these apps made included: an app that is signed out must not go on by a
    /// key that it gave itself.
    pub apps: bool,
}

/// What came to its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// So many sessions, those included that had ended by themselves a moment ago.
    pub sessions: u64,
    /// So many keys, those that came from the apps included.
    pub keys: usize,
    /// So many apps.
    pub apps: usize,
}

/// The keys that would end with every session of the person.
///
/// # Errors
/// When the database cannot be read.
pub async fn keys_that_end(
    service: &Service,
    person: &SignedIn,
    also: AlsoEnd,
) -> Result<Vec<ApiKey>, Error> {
    let (account, now) = (person.account().id, service.now());
    let find = move |tx: &mut Tx<'_>| {
        let apps = apps_that_end(tx, account, also, now)?;
        keys_of(tx, account, (also, &apps), now)
    };
    let mut keys = service.store.read(find).await?;
    last_use::freshen_keys(service, &mut keys);
    Ok(keys)
}

/// The connections that end: those that are in force.
fn apps_that_end(
    tx: &mut Tx<'_>,
    account: AccountId,
    also: AlsoEnd,
    now: Timestamp,
) -> Result<Vec<ConnectionId>, store::Error> {
    if !also.apps {
        return Ok(Vec::new());
    }
    let mut apps = store::connections::list_of(tx, account)?;
    apps.retain(|app| app.is_in_force(now));
    Ok(apps.into_iter().map(|app| app.id).collect())
}

/// The keys that end: every one that works, or those of them that came from the apps that end.
fn keys_of(
    tx: &mut Tx<'_>,
    account: AccountId,
    (also, apps): (AlsoEnd, &[ConnectionId]),
    now: Timestamp,
) -> Result<Vec<ApiKey>, store::Error> {
    if !also.keys && apps.is_empty() {
        return Ok(Vec::new());
    }
    let keys = store::api_keys::list_of(tx, account)?;
    let of_apps = apps.iter().flat_map(|app| made_through(&keys, Maker::Connection(*app)));
    let of_apps: Vec<_> = of_apps.map(|key| key.id).collect();
    let ends = |key: &ApiKey| key.works(now) && (also.keys || of_apps.contains(&key.id));
    Ok(keys.into_iter().filter(ends).collect())
}

/// Signs the person out everywhere, here too.
///
/// # Errors
/// [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn end_all(service: &Service, person: &SignedIn, also: AlsoEnd) -> Result<Ended, Error> {
    let (claim, author, now) = (person.claim(), person.author(service)?, service.now());
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        end_all_of(tx, claim.account, also, (now, RevokedBy::Owner), &author).map(Ok)
    };
    service.store.write(write).await?
}

/// Signs an account out everywhere, on the operator's word.
///
/// # Errors
/// [`Error::AccountNotFound`].
pub async fn end_all_for(
    service: &Service,
    operator: &Operator,
    email: &Email,
    also: AlsoEnd,
) -> Result<Ended, Error> {
    let account = accounts::find(service, operator, email).await?.id;
    let (author, now) = (Author::here(service, Actor::Operator)?, service.now());
    let write = move |tx: &mut Tx<'_>| {
        if store::accounts::take(tx, account)?.is_none() {
            return Ok(Err(Error::AccountNotFound));
        }
        end_all_of(tx, account, also, (now, RevokedBy::Operator), &author).map(Ok)
    };
    service.store.write(write).await?
}

/// The same within the transaction of whoever may; the account's row is taken.
pub(crate) fn end_all_of(
    tx: &mut Tx<'_>,
    account: AccountId,
    also: AlsoEnd,
    (now, by): (Timestamp, RevokedBy),
    author: &Author,
) -> Result<Ended, store::Error> {
    let mut ended = Ended { sessions: store::sessions::delete_of(tx, account)?, keys: 0, apps: 0 };
    let apps = apps_that_end(tx, account, also, now)?;
    for key in keys_of(tx, account, (also, &apps), now)? {
        api_keys::revoke_in(tx, account, key.id, (now, by), author)?;
        ended.keys += 1;
    }
    for app in apps {
        if connections::revoke_in(tx, account, app, now, author)? {
            ended.apps += 1;
        }
    }
    let after = json!({ "sessions": ended.sessions, "keys": ended.keys, "apps": ended.apps });
    let difference = Difference { after, ..Difference::default() };
    let subject = Subject::Account(account);
    author.record(tx, Action::SignedOutEverywhere, subject, account, difference);
    tx.changed(Change::Account(account));
    Ok(ended)
}
