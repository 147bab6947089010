//! From a presented credential to the person it proves.
//!
//! The only place that knows what kinds of credential there are. What comes out, the
//! [`Principal`], is the same whatever came in, so both kinds have the same access by construction.
//!
//! 1. A verdict that still stands answers without a statement.
//! 2. The shape of an API key, and the signature and claims of an access token, are checked: what looks like
//!    neither, nor like a key that was imported, never costs a query.
//! 3. One statement finds whom the credential acts for, and whether all it hangs on is in force; the
//!    verdict is kept with the point in the order of changes that stood *before* the statement. An
//!    access token of a grant that is known costs none.
//! 4. What depends on the moment is asked of every request, by the verdict: whether the credential has
//!    ended by now, and whether it may be used from where the request comes from.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bloom_domain::api_keys::{Maker, ShapeError};
use bloom_domain::clients::Client;
use bloom_domain::ids::{AccountId, ApiKeyId, ConnectionId};
use bloom_domain::networks::Addresses;
use bloom_domain::plans::Door;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::Tx;
use store::api_keys::FoundApiKey;

use crate::access_tokens::{self, AccessToken};
use crate::keyring::{Keyring, SecretHash, hash_access_token};
use crate::last_use::{LastUses, UsedSecret};
use crate::verdicts::{Facts, KnownGrant, Standing, State, Subject, TokenFacts, Verdict};
use crate::{Error, Service, key_shapes, root_secret};

mod claim;
mod principal;

mod remembered;
mod still_good;

pub(crate) use claim::PrincipalClaim;
pub use principal::Principal;
pub(crate) use remembered::Remembered;

/// What is revoked is forgotten only so long after its end: a clock may step back, and those of several
/// nodes differ.
pub(crate) const CLOCKS_DIFFER: Duration = Duration::from_secs(3_600);

/// The credential of a request, as the face found it.
#[derive(Clone, Copy)]
pub enum Presented<'a> {
    /// None at all.
    Nothing,
    /// In `x-api-key`: an API key and nothing else.
    ApiKey(&'a str),
    /// In `Authorization: Bearer`: an API key or an access token.
    Bearer(&'a str),
}

/// Why a request is nobody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// No credential was presented.
    NotPresented,
    /// It is no API key of any Bloom server.
    NotAnApiKey(ShapeError),
    /// An API key by its shape, but not one of this server.
    UnknownApiKey,
    /// It was revoked.
    RevokedApiKey,
    /// It has ended by itself.
    ExpiredApiKey,
    /// The secret that the key had before its rotation, which has ended.
    OldApiKey,
    /// It has the form of an access token, but is not a good one of this server; says why.
    NotAnAccessToken(&'static str),
    /// An access token that has ended.
    ExpiredAccessToken,
    /// An access token that was revoked, alone or with its grant or connection.
    RevokedAccessToken,
    /// An access token of a client that the operator refuses, or a key that it has made; both are good again once they
    /// enable it.
    RefusedClient,
    /// The credential is good; its account is suspended.
    AccountBanned,
    /// The credential is good, but not for where the request comes from, as far as that can be told.
    ForeignAddress(Option<IpAddr>),
    /// Who it is could not be found out.
    Failed(Error),
}

impl Rejection {
    /// Whether somebody tried to prove who they are and did not. No credential is no try; one that was good
    /// until it ended or was taken back is how a client learns that; and a suspended person has proven it.
    #[must_use]
    pub fn is_failed_attempt(&self) -> bool {
        match self {
            Self::NotAnApiKey(_)
            | Self::UnknownApiKey
            | Self::RevokedApiKey
            | Self::OldApiKey
            | Self::NotAnAccessToken(_) => true,
            Self::NotPresented
            | Self::ExpiredApiKey
            | Self::ForeignAddress(_)
            | Self::ExpiredAccessToken
            | Self::RevokedAccessToken
            | Self::RefusedClient
            | Self::AccountBanned
            | Self::Failed(_) => false,
        }
    }
}

/// How a principal proved who they are. For limits, usage and audit; no authorization reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Via {
    /// By an API key.
    ApiKey(ApiKeyId),
    /// By an access token of an app they have let in.
    Connection(ConnectionId),
}

impl Via {
    pub(crate) fn id(&self) -> &[u8; 16] {
        match self {
            Self::ApiKey(id) => id.as_bytes(),
            Self::Connection(id) => id.as_bytes(),
        }
    }

    /// Its kind and its id, as rows name what they hang on.
    pub(crate) fn stored(&self) -> (String, [u8; 16]) {
        let kind = match self {
            Self::ApiKey(_) => "api_key",
            Self::Connection(_) => "connection",
        };
        (kind.to_owned(), *self.id())
    }
}

/// Finds out whom a credential acts for that was presented from an address, as far as that can be told.
///
/// # Errors
/// [`Rejection`] says why it acts for nobody.
pub async fn authenticate(
    service: &Service,
    presented: Presented<'_>,
    from: Option<IpAddr>,
) -> Result<Principal, Rejection> {
    let text = match presented {
        Presented::Nothing => return Err(Rejection::NotPresented),
        Presented::ApiKey(text) | Presented::Bearer(text) => text,
    };
    let may_be_access_token = matches!(presented, Presented::Bearer(_));
    let now = service.now();
    let verdict = if may_be_access_token && access_tokens::looks_like_one(text) {
        by_access_token(service, text, now).await?
    } else {
        by_api_key(service, text, now).await?
    };
    if verdict.facts.account.state.is_banned() {
        return Err(Rejection::AccountBanned);
    }
    if !verdict.facts.addresses.allow(from) {
        return Err(Rejection::ForeignAddress(from));
    }
    Ok(Principal { verdict, authenticated_at: now, door: Door::Api })
}

async fn by_api_key(
    service: &Service,
    text: &str,
    now: Timestamp,
) -> Result<Arc<Verdict>, Rejection> {
    let read = key_shapes::read(service, text).await.map_err(Rejection::Failed)?;
    let hash = read.map_err(Rejection::NotAnApiKey)?.hash();
    let verdict = match known(service, &hash, now) {
        Some(verdict) => verdict,
        None => find_api_key(service, hash, now).await?,
    };
    let Facts { state, expires_at, old_until, .. } = &verdict.facts;
    if *state == State::ClientRefused {
        Err(Rejection::RefusedClient)
    } else if *state != State::InForce {
        Err(Rejection::RevokedApiKey)
    } else if expires_at.is_some_and(|end| end <= now) {
        Err(Rejection::ExpiredApiKey)
    } else if old_until.is_some_and(|end| end <= now) {
        Err(Rejection::OldApiKey)
    } else {
        Ok(verdict)
    }
}

async fn by_access_token(
    service: &Service,
    text: &str,
    now: Timestamp,
) -> Result<Arc<Verdict>, Rejection> {
    let hash = hash_access_token(text);
    let verdict = match known(service, &hash, now) {
        Some(verdict) => verdict,
        None => {
            let token = access_tokens::read(service, text).await;
            let token = token.map_err(Rejection::NotAnAccessToken)?;
            if token.expires_at <= now {
                return Err(Rejection::ExpiredAccessToken);
            }
            judge(service, hash, &token, now).await?
        }
    };
    if verdict.facts.expires_at.is_some_and(|end| end <= now) {
        return Err(Rejection::ExpiredAccessToken);
    }
    match verdict.facts.state {
        State::InForce => Ok(verdict),
        State::Revoked => Err(Rejection::RevokedAccessToken),
        State::ClientRefused => Err(Rejection::RefusedClient),
    }
}

pub(crate) fn known(service: &Service, hash: &SecretHash, now: Timestamp) -> Option<Arc<Verdict>> {
    service.verdicts.find(hash, now, service.store.hears_other_writers())
}

pub(crate) async fn find_api_key(
    service: &Service,
    hash: SecretHash,
    now: Timestamp,
) -> Result<Arc<Verdict>, Rejection> {
    let as_of = service.verdicts.sequence();
    let keyring = service.keyring.load_full();
    let (found, makers, app) = service
        .store
        .read(move |tx| {
            if let Some(found) = find_by_hash(tx, &keyring, &hash)? {
                let (makers, app) = makers_and_app(tx, found.account.id, found.made_by)?;
                return Ok(Ok((found, makers, app)));
            }
            let known = root_secret::check(tx, &keyring)?.map_err(Rejection::Failed);
            Ok(known.and(Err(Rejection::UnknownApiKey)))
        })
        .await
        .map_err(|error| Rejection::Failed(error.into()))??;
    let (via, account) = (Via::ApiKey(found.id), found.account.id);
    let of_app = app.as_ref().map(|app| app.id.as_bytes());
    let hangs_on = [found.id.as_bytes(), found.account.id.as_bytes()].into_iter().chain(of_app);
    let subjects = hangs_on.map(Subject::of).collect();
    let facts = Facts {
        via,
        makers: makers.into(),
        token: None,
        state: match found.is_revoked {
            true => State::Revoked,
            false if app.is_some_and(|app| app.is_refused()) => State::ClientRefused,
            false => State::InForce,
        },
        access: found.narrowing.access,
        scopes: None,
        reach: Arc::new(found.narrowing.reach),
        addresses: found.narrowing.addresses,
        expires_at: found.narrowing.expires_at,
        old_until: found.old_until,
        account: Arc::new(found.account),
    };
    let of = match facts.old_until {
        None => UsedSecret::Current,
        Some(_) => UsedSecret::Old,
    };
    let verdict = Arc::new(Verdict {
        facts,
        window: service.windows.of(via),
        last_use: LastUses::slot(via, account, of),
        standing: Standing { subjects, as_of, filled_at: now },
    });
    service.verdicts.keep(hash, verdict.clone());
    Ok(verdict)
}

/// The makers of a key of an owner, the nearest first, and the app that they began with. Whoever refuses an app refuses
/// what it has made, too: it has the secret.
fn makers_and_app(
    tx: &mut Tx<'_>,
    owner: AccountId,
    nearest: Option<Maker>,
) -> Result<(Vec<Maker>, Option<Client>), store::Error> {
    let makers = store::api_keys::makers_from(tx, owner, nearest)?;
    let app = match makers.last() {
        Some(Maker::Connection(id)) => store::connections::client_of(tx, owner, *id)?,
        Some(Maker::ApiKey(_)) | None => None,
    };
    Ok((makers, app))
}

/// The key that a secret is of, whichever root secret its digest was made with.
pub(crate) fn find_by_hash(
    tx: &mut Tx<'_>,
    keyring: &Keyring,
    hash: &SecretHash,
) -> Result<Option<FoundApiKey>, store::Error> {
    for digest in &keyring.api_key_digests(hash) {
        if let Some(found) = store::api_keys::find_by_digest(tx, digest)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The verdict on an access token that is good by itself: on its grant, cut to what the token says.
async fn judge(
    service: &Service,
    hash: SecretHash,
    token: &AccessToken,
    now: Timestamp,
) -> Result<Arc<Verdict>, Rejection> {
    let hears_others = service.store.hears_other_writers();
    let known = service.verdicts.find_grant(token.grant, token.id, now, hears_others);
    let (grant, is_token_revoked) = match known {
        Some(grant) => (grant, false),
        None => find_grant(service, token, now).await?,
    };
    // What the token says was true when it was signed, and none of it ever changes.
    let KnownGrant { client, acts_alone, verdict: of_grant } = &*grant;
    let (client, acts_alone) = (*client, *acts_alone);
    let Facts { via, state, account, access, reach, .. } = &of_grant.facts;
    let subject = access_tokens::subject(acts_alone, account.id, client);
    if subject != token.subject || client != token.client || !token.access.is_within(*access) {
        return Err(Rejection::NotAnAccessToken("it does not fit its grant"));
    }
    let verdict = Arc::new(Verdict {
        facts: Facts {
            via: *via,
            makers: Box::default(),
            token: Some(TokenFacts {
                id: token.id,
                grant: token.grant,
                client,
                acts_alone,
                issued_at: token.issued_at,
            }),
            state: if is_token_revoked { State::Revoked } else { *state },
            account: account.clone(),
            access: token.access,
            scopes: Some(token.scope.as_str().into()),
            reach: reach.clone(),
            addresses: Addresses::Any,
            // A person may have chosen since that their connection ends sooner.
            expires_at: of_grant.facts.expires_at.into_iter().chain([token.expires_at]).min(),
            old_until: None,
        },
        window: of_grant.window.clone(),
        last_use: of_grant.last_use.clone(),
        standing: of_grant.standing.and(Subject::of(token.id.as_bytes())),
    });
    service.verdicts.keep(hash, verdict.clone());
    Ok(verdict)
}

/// Asks the database about the grant of an access token, and whether the token was revoked alone. The
/// grant is kept for its other tokens, unless one of them may be revoked, too.
async fn find_grant(
    service: &Service,
    token: &AccessToken,
    now: Timestamp,
) -> Result<(Arc<KnownGrant>, bool), Rejection> {
    let as_of = service.verdicts.sequence();
    let (id, token) = (token.grant, token.id);
    let found = service
        .store
        .read(move |tx| store::grants::find_for_access_token(tx, id, token))
        .await
        .map_err(|error| Rejection::Failed(error.into()))?
        .ok_or(Rejection::RevokedAccessToken)?;
    let (via, account) = (Via::Connection(found.connection), found.account.id);
    let subjects = [
        id.as_bytes(),
        found.connection.as_bytes(),
        found.client.as_bytes(),
        found.account.id.as_bytes(),
    ]
    .map(Subject::of);
    let facts = Facts {
        via,
        makers: Box::default(),
        token: None,
        state: match (found.is_in_force, found.is_client_disabled) {
            (false, _) => State::Revoked,
            (true, true) => State::ClientRefused,
            (true, false) => State::InForce,
        },
        account: Arc::new(found.account),
        access: found.access,
        scopes: None,
        reach: Arc::new(found.reach),
        addresses: Addresses::Any,
        expires_at: found.connected_until,
        old_until: None,
    };
    let verdict = Verdict {
        facts,
        window: service.windows.of(via),
        last_use: LastUses::slot(via, account, UsedSecret::Current),
        standing: Standing { subjects: subjects.to_vec(), as_of, filled_at: now },
    };
    let grant =
        Arc::new(KnownGrant { client: found.client, acts_alone: found.acts_alone, verdict });
    // Much later than needed: clocks step back, and those of nodes differ.
    if found.tokens_revoked_until.is_none_or(|until| until.plus(CLOCKS_DIFFER) <= now) {
        service.verdicts.keep_grant(id, grant.clone());
    }
    Ok((grant, found.is_token_revoked))
}
