//! Connections: which apps a person has let in, seen and revoked by that person.

use bloom_domain::api_keys::{Maker, RevokedBy, made_through};
use bloom_domain::audit::{Action, Subject};
use bloom_domain::connections::Connection;
use bloom_domain::ids::{AccountId, ConnectionId};
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::{Change, Tx};

use crate::audit::{Author, Difference};
use crate::authenticate::Via;
use crate::{Error, Service, SignedIn, api_keys, last_use};

/// The person's connections, newest first, revoked ones included.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(service: &Service, person: &SignedIn) -> Result<Vec<Connection>, Error> {
    let account = person.account().id;
    let list = move |tx: &mut Tx<'_>| store::connections::list_of(tx, account);
    let mut connections = service.store.read(list).await?;
    let read = connections.iter_mut().map(|one| (Via::Connection(one.id), &mut one.last_use));
    last_use::freshen(service, read);
    Ok(connections)
}

/// How many apps the person lets in.
///
/// # Errors
/// When the database cannot be read.
pub async fn count_in_force(service: &Service, person: &SignedIn) -> Result<i64, Error> {
    let (account, now) = (person.account().id, service.now());
    let count = move |tx: &mut Tx<'_>| store::connections::count_in_force(tx, account, now);
    Ok(service.store.read(count).await?)
}

/// What becomes of the keys that an app has made, and of those that they have made, when it is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MadeKeys {
    /// They go on.
    Kept,
    /// They are revoked with it.
    Revoked,
}

/// Revokes a connection, and with it every grant: the app's very next request is refused. Doing it
/// twice is no error.
///
/// # Errors
/// [`Error::ConnectionNotFound`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn revoke(
    service: &Service,
    person: &SignedIn,
    id: ConnectionId,
    made: MadeKeys,
) -> Result<(), Error> {
    let (claim, now) = (person.claim(), service.now());
    let author = person.author(service)?;
    service
        .store
        .write(move |tx| {
            if let Err(refused) = claim.check(tx)? {
                return Ok(Err(refused));
            }
            // Keys before connections, as everybody ends them.
            if made == MadeKeys::Revoked {
                let keys = store::api_keys::list_of(tx, claim.account)?;
                for key in made_through(&keys, Maker::Connection(id)) {
                    let by = (now, RevokedBy::Owner);
                    api_keys::revoke_in(tx, claim.account, key.id, by, &author)?;
                }
            }
            if revoke_in(tx, claim.account, id, now, &author)? {
                return Ok(Ok(()));
            }
            let is_theirs = store::connections::is_of(tx, claim.account, id)?;
            Ok(if is_theirs { Ok(()) } else { Err(Error::ConnectionNotFound) })
        })
        .await?
}

/// Revokes a connection in the transaction of whoever may; `false` when it is not in force.
pub(crate) fn revoke_in(
    tx: &mut Tx<'_>,
    account: AccountId,
    id: ConnectionId,
    now: Timestamp,
    author: &Author,
) -> Result<bool, store::Error> {
    if !store::connections::revoke(tx, account, id, now)? {
        return Ok(false);
    }
    let (subject, difference) = (Subject::Connection(id), Difference::default());
    author.record(tx, Action::AppRevoked, subject, account, difference);
    tx.changed(Change::Connection(id));
    Ok(true)
}
