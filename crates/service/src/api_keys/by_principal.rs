//! API keys managed with a credential that was given the scope `keys:admin`; no other can.
//!
//! Nothing made is wider than its maker: what a new key is narrowed to is cut to what its maker is, and a
//! key that is wider gets no new secret by it. Both are decided by what the maker is at that moment, in the
//! transaction of the write. Any key may end itself.
//!
//! What a key spends is spent out of its maker's budget, too, for ever; so a key that the credential's budget does
//! not bind is wider.

use bloom_domain::access::Access;
use bloom_domain::api_keys::{
    ApiKey, ApiKeySecret, KeyName, MAX_MAKERS, Maker, Narrowing, Overlap, RevokedBy, ShapeError,
    makers_of,
};
use bloom_domain::credits::{ChargedVia, Spender};
use bloom_domain::ids::{AccountId, ApiKeyId, WorkspaceId};
use bloom_domain::networks::Addresses;
use bloom_domain::rate_window::RateLimit;
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::{Reach, WorkspaceChoice};
use bloom_store as store;
use store::Tx;

use super::imports::Drafts;
use super::rotation::{new_secret, rotate_in};
use super::{Import, Rotation, create_in, draft, list_of, revoke_of};
use crate::authenticate::{PrincipalClaim, Rejection, Via, find_api_key, known};
use crate::credits::budgets;
use crate::idempotency::{Answer, Once};
use crate::{Error, Principal, Service, SignedIn, key_shapes, plans, workspaces};

/// A key as its manager sees it.
#[derive(Debug, Clone)]
pub struct SeenKey {
    /// The key.
    pub key: ApiKey,
    /// Which of the workspaces that it may be narrowed to is the personal one.
    pub personal: Option<WorkspaceId>,
    /// How many credits it may still spend by its budget and those of its makers; `None` when none limits it.
    pub budget_left: Option<i64>,
    /// When it was looked at.
    pub at: Timestamp,
}

/// A key that was just made or given a new secret, as its manager sees it once.
pub struct NewSeenKey {
    /// The key.
    pub seen: SeenKey,
    /// The secret.
    pub secret: ApiKeySecret,
}

/// The account's keys, newest first, revoked ones included.
///
/// # Errors
/// [`Error::PlanUpgradeRequired`].
pub async fn list(service: &Service, principal: &Principal) -> Result<Vec<SeenKey>, Error> {
    plans::admit(service, principal).await?;
    list_in(service, principal.account_id()).await
}

/// One of the account's keys.
///
/// # Errors
/// [`Error::ApiKeyNotFound`], [`Error::PlanUpgradeRequired`].
pub async fn get(service: &Service, principal: &Principal, id: ApiKeyId) -> Result<SeenKey, Error> {
    let keys = list_in(service, principal.account_id()).await?;
    let key = keys.into_iter().find(|seen| seen.key.id == id).ok_or(Error::ApiKeyNotFound)?;
    plans::admit(service, principal).await?;
    Ok(key)
}

async fn list_in(service: &Service, owner: AccountId) -> Result<Vec<SeenKey>, Error> {
    let (keys, at) = (list_of(service, owner).await?, service.now());
    let budgets = budgets::list_of(service, owner).await?;
    let personal = service.store.read(move |tx| personal_of(tx, owner)).await?;
    let seen = |key: &ApiKey| {
        let budget_left = budgets.left(key.id, &makers_of(&keys, key));
        SeenKey { key: key.clone(), personal, budget_left, at }
    };
    Ok(keys.iter().map(seen).collect())
}

/// A key as its manager sees it, in the transaction of whoever changed or looked at it.
fn seen(tx: &mut Tx<'_>, key: ApiKey, at: Timestamp) -> Result<SeenKey, store::Error> {
    let of = Spender { account: key.account, via: ChargedVia::ApiKey(key.id) };
    let makers = store::api_keys::makers_from(tx, key.account, key.made_by)?;
    let budget_left = budgets::left(tx, of, &makers, at)?;
    Ok(SeenKey { personal: personal_of(tx, key.account)?, budget_left, at, key })
}

fn personal_of(tx: &mut Tx<'_>, owner: AccountId) -> Result<Option<WorkspaceId>, store::Error> {
    Ok(store::workspaces::find_personal(tx, owner)?.map(|workspace| workspace.id))
}

/// What a key is to be, in the words of whoever asks for it. What is left out is as wide as its maker, but
/// that keys are managed only by those that are named for it.
#[derive(Debug, Clone)]
pub struct KeyWishes {
    /// What it is called.
    pub name: KeyName,
    /// The scopes.
    pub access: Access,
    /// The workspaces; `None` for all.
    pub workspaces: Option<Vec<WorkspaceChoice>>,
    /// From where it may be used.
    pub addresses: Addresses,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// Makes a key.
///
/// # Errors
/// [`Error::WorkspaceNotFound`], [`Error::ExpiryPast`], [`Error::NarrowedToNothing`],
/// [`Error::TooManyApiKeys`], [`Error::TooManyMakers`], [`Error::PlanUpgradeRequired`],
/// [`Error::CredentialRevoked`], [`Error::AccountBanned`].
pub async fn create(
    service: &Service,
    principal: &Principal,
    sender: &Sender,
    wishes: KeyWishes,
    once: Once<NewSeenKey>,
) -> Result<Answer, Error> {
    let reach = match &wishes.workspaces {
        None => Reach::All,
        Some(choices) => {
            let mut ids = Vec::with_capacity(choices.len());
            for choice in choices {
                ids.push(workspaces::resolve(service, principal, *choice).await?.id);
            }
            Reach::Only(ids)
        }
    };
    plans::admit(service, principal).await?;
    require_room(principal)?;
    let (claim, author) = (principal.claim(service), principal.author(service, sender)?);
    let (mut key, digest, secret) = draft(service, claim.account, wishes.name.as_str())?;
    key.made_by = Some(maker_of(claim));
    let KeyWishes { access, addresses, expires_at, .. } = wishes;
    let asked = Narrowing { access, reach, addresses, expires_at };
    let write = once.write(service, move |tx| {
        let maker = match claim.check(tx)? {
            Ok(maker) => maker,
            Err(refused) => return Ok(Err(refused)),
        };
        key.narrowing = asked.cut_to(&maker);
        if let Err(refused) = create_in(tx, &key, &digest, &author)? {
            return Ok(Err(refused));
        }
        let at = key.created_at;
        Ok(Ok(NewSeenKey { seen: seen(tx, key, at)?, secret }))
    });
    write.await
}

/// Whether what a credential makes has no more makers than a key may.
fn require_room(principal: &Principal) -> Result<(), Error> {
    if principal.makers().len() < MAX_MAKERS { Ok(()) } else { Err(Error::TooManyMakers) }
}

fn maker_of(claim: PrincipalClaim) -> Maker {
    match claim.via {
        Via::ApiKey(id) => Maker::ApiKey(id),
        Via::Connection(id) => Maker::Connection(id),
    }
}

/// Takes over keys that another system made: all of them, or none. They may do what their maker may, but for
/// managing keys.
///
/// # Errors
/// [`Error::ApiKeyKnown`], [`Error::TooManyApiKeys`], [`Error::TooManyKeyShapes`],
/// [`Error::NarrowedToNothing`], [`Error::TooManyMakers`], [`Error::PlanUpgradeRequired`],
/// [`Error::CredentialRevoked`], [`Error::AccountBanned`].
pub async fn import(
    service: &Service,
    principal: &Principal,
    sender: &Sender,
    import: Import,
    once: Once<Vec<SeenKey>>,
) -> Result<Answer, Error> {
    plans::admit(service, principal).await?;
    require_room(principal)?;
    let (claim, author) = (principal.claim(service), principal.author(service, sender)?);
    let drafts = Drafts::new(service, claim.account, import)?;
    let write = once.write(service, move |tx| {
        let maker = match claim.check(tx)? {
            Ok(maker) => maker,
            Err(refused) => return Ok(Err(refused)),
        };
        let narrowing = Narrowing::default().cut_to(&maker);
        let keys = match drafts.write(tx, (Some(maker_of(claim)), &narrowing), &author)? {
            Ok(keys) => keys,
            Err(refused) => return Ok(Err(refused)),
        };
        let seen = keys.into_iter().map(|key| {
            let at = key.created_at;
            seen(tx, key, at)
        });
        seen.collect::<Result<_, _>>().map(Ok)
    });
    write.await
}

/// Gives a key another secret. The key must be no wider than the credential.
///
/// # Errors
/// [`Error::ApiKeyNotFound`], [`Error::WiderThanItsMaker`], [`Error::ApiKeyRevoked`],
/// [`Error::ApiKeyExpired`], [`Error::PlanUpgradeRequired`], [`Error::CredentialRevoked`],
/// [`Error::AccountBanned`].
pub async fn rotate(
    service: &Service,
    principal: &Principal,
    sender: &Sender,
    (id, overlap): (ApiKeyId, Overlap),
    once: Once<NewSeenKey>,
) -> Result<Answer, Error> {
    let owner = principal.account_id();
    if service.store.read(move |tx| store::api_keys::find(tx, owner, id)).await?.is_none() {
        return Err(Error::ApiKeyNotFound);
    }
    plans::admit(service, principal).await?;
    let (claim, author) = (principal.claim(service), principal.author(service, sender)?);
    let (new, secret) = new_secret(service, owner, Rotation { overlap, seen: None })?;
    let spender = Spender { account: owner, via: principal.via().into() };
    let makers: Box<[_]> = principal.makers().into();
    let write = once.write(service, move |tx| {
        let maker = match claim.check(tx)? {
            Ok(maker) => maker,
            Err(refused) => return Ok(Err(refused)),
        };
        if !store::api_keys::take(tx, owner, id)? {
            return Ok(Err(Error::ApiKeyNotFound));
        }
        let Some(before) = store::api_keys::find(tx, owner, id)? else {
            return Ok(Err(Error::ApiKeyNotFound));
        };
        if !before.narrowing.is_within(&maker)
            || !budgets::bind(tx, (spender, &makers), id, before.made_by)?
        {
            return Ok(Err(Error::WiderThanItsMaker));
        }
        let key = match rotate_in(tx, (owner, id), &new, &author)? {
            Ok(key) => key,
            Err(refused) => return Ok(Err(refused)),
        };
        Ok(Ok(NewSeenKey { seen: seen(tx, key, new.at)?, secret }))
    });
    write.await
}

/// Revokes a key: its very next request is refused. Doing it twice is no error.
///
/// # Errors
/// [`Error::ApiKeyNotFound`], [`Error::CredentialRevoked`], [`Error::AccountBanned`].
pub async fn revoke(
    service: &Service,
    principal: &Principal,
    sender: &Sender,
    id: ApiKeyId,
) -> Result<SeenKey, Error> {
    let by = match principal.via() {
        Via::ApiKey(own) if own == id => RevokedBy::Itself,
        _ => RevokedBy::Credential,
    };
    let (claim, author) = (principal.claim(service), principal.author(service, sender)?);
    let owner = claim.account;
    let revoked =
        revoke_of(service, owner, id, (by, author), move |tx| Ok(claim.check(tx)?.map(drop)));
    let (key, at) = (revoked.await?.key, service.now());
    Ok(service.store.read(move |tx| seen(tx, key, at)).await?)
}

/// Revokes the key that was presented.
///
/// # Errors
/// [`Error::ApiKeyNotFound`] when what was presented is no API key; [`Error::CredentialRevoked`],
/// [`Error::AccountBanned`].
pub async fn revoke_self(
    service: &Service,
    principal: &Principal,
    sender: &Sender,
) -> Result<SeenKey, Error> {
    match principal.via() {
        Via::ApiKey(id) => revoke(service, principal, sender, id).await,
        Via::Connection(_) => Err(Error::ApiKeyNotFound),
    }
}

/// What a text turned out to be that somebody presented to another service.
#[derive(Debug, Clone)]
pub enum Verified {
    /// It has not the shape of a key; says why.
    Malformed(ShapeError),
    /// It is no key of the account.
    Unknown,
    /// It is one, whatever its state.
    Known {
        /// The key.
        seen: Box<SeenKey>,
        /// Until when the secret goes on, or when it ended, where it is one that the key had before.
        old_until: Option<Timestamp>,
        /// Its limit, and how many requests it has left of it now; `None` for no limit.
        rate: Option<(RateLimit, u16)>,
    },
}

/// Finds out what another service was presented: one that makes keys for those it serves. It sees keys of its
/// own account and no others, takes no room in their windows, and is no use of them.
///
/// # Errors
/// [`Error::PlanUpgradeRequired`].
pub async fn verify(
    service: &Service,
    principal: &Principal,
    presented: &str,
) -> Result<Verified, Error> {
    plans::admit(service, principal).await?;
    identify(service, principal.account_id(), presented).await
}

/// The same for a person who looks which of their keys they have in hand.
///
/// # Errors
/// When the database cannot be read.
pub async fn which(
    service: &Service,
    person: &SignedIn,
    presented: &str,
) -> Result<Verified, Error> {
    identify(service, person.account().id, presented).await
}

async fn identify(service: &Service, owner: AccountId, presented: &str) -> Result<Verified, Error> {
    let hash = match key_shapes::read(service, presented).await? {
        Ok(candidate) => candidate.hash(),
        Err(error) => return Ok(Verified::Malformed(error)),
    };
    let at = service.now();
    let verdict = match known(service, &hash, at) {
        Some(verdict) => verdict,
        None => match find_api_key(service, hash, at).await {
            Ok(verdict) => verdict,
            Err(Rejection::Failed(error)) => return Err(error),
            Err(_) => return Ok(Verified::Unknown),
        },
    };
    let facts = &verdict.facts;
    let Via::ApiKey(id) = facts.via else { return Ok(Verified::Unknown) };
    if facts.account.id != owner {
        return Ok(Verified::Unknown);
    }
    let found = service.store.read(move |tx| {
        let key = store::api_keys::find(tx, owner, id)?;
        key.map(|key| seen(tx, key, at)).transpose()
    });
    let Some(mut seen) = found.await? else { return Ok(Verified::Unknown) };
    crate::last_use::freshen_keys(service, std::slice::from_mut(&mut seen.key));
    let rate = service.settings.rate_limits.of(facts.via).map(|rule| {
        let used = verdict.window.lock().count(rule, at);
        (rule, rule.limit.saturating_sub(used))
    });
    Ok(Verified::Known { seen: Box::new(seen), old_until: facts.old_until, rate })
}
