//! From a presented credential to the person it proves.
//!
//! The only place that knows what kinds of credential there are. What comes out, the
//! [`Principal`], is the same whatever came in, so both kinds have the same access by construction.
//!
//! 1. A verdict that still stands answers without a statement.
//! 2. The shape of an API key, and the signature and claims of an access token, are checked: junk
//!    never costs a query.
//! 3. One statement finds whom the credential acts for, and whether all it hangs on is in force; the
//!    verdict is kept with the point in the order of changes that stood *before* the statement. An
//!    access token of a grant that is known costs none.
//! 4. What depends on the moment is asked of every request, by the verdict: whether the credential has
//!    ended by now, and whether it may be used from where the request comes from.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bloom_domain::access::{Access, BloomScope};
use bloom_domain::accounts::{Account, AccountState};
use bloom_domain::api_keys::{ApiKey, ApiKeySecret, Narrowing, ShapeError};
use bloom_domain::audit::Actor;
use bloom_domain::ids::{AccountId, ApiKeyId, ConnectionId};
use bloom_domain::networks::Addresses;
use bloom_domain::plans::Door;
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::Reach;
use bloom_oauth::scope::Scopes;
use bloom_store as store;
use store::Tx;
use store::api_keys::FoundApiKey;

use crate::access_tokens::{self, AccessToken};
use crate::audit::Author;
use crate::keyring::{Keyring, SecretHash, hash_access_token, hash_api_key};
use crate::last_use::{LastUseSlot, LastUses, UsedSecret};
use crate::operations::Operation;
use crate::rate_limit::SharedWindow;
use crate::verdicts::{Facts, KnownGrant, Standing, State, Subject, TokenFacts, Verdict};
use crate::{Error, Service, root_secret};

mod still_good;

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
    /// An access token of a client that the operator refuses; it is good again once they enable it.
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
}

/// A person, proven by a credential: the permission to ask for something in their name.
#[derive(Clone)]
pub struct Principal {
    verdict: Arc<Verdict>,
    authenticated_at: Timestamp,
    door: Door,
}

impl Principal {
    /// The account the credential acts for.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.verdict.facts.account
    }

    /// The id of that account.
    #[must_use]
    pub fn account_id(&self) -> AccountId {
        self.verdict.facts.account.id
    }

    /// How they proved it.
    #[must_use]
    pub fn via(&self) -> Via {
        self.verdict.facts.via
    }

    /// The same person, asking by another face than the API's. Some plans open only one of them.
    #[must_use]
    pub fn at(self, door: Door) -> Self {
        Self { door, ..self }
    }

    /// The face by which they ask.
    pub(crate) fn door(&self) -> Door {
        self.door
    }

    /// Whether the credential may be used for an operation: a matter of its access, not of its kind.
    #[must_use]
    pub fn may(&self, operation: &Operation) -> bool {
        operation.scope.is_none_or(|scope| self.verdict.facts.access.allows(scope))
    }

    /// Them, as the audit names them: by what they presented.
    pub(crate) fn author(&self, service: &Service, sender: &Sender) -> Result<Author, Error> {
        let actor = match (self.via(), self.verdict.facts.token) {
            (_, Some(token)) => Actor::App(token.client),
            (Via::ApiKey(id), None) => Actor::ApiKey(id),
            // A connection without a token presents nothing.
            (Via::Connection(_), None) => Actor::Anybody,
        };
        Author::new(service, actor, sender)
    }

    /// What a write asks again.
    pub(crate) fn claim(&self, service: &Service) -> PrincipalClaim {
        let Facts { via, token, access, old_until, .. } = self.verdict.facts;
        PrincipalClaim {
            account: self.account_id(),
            via,
            token,
            access,
            is_old_secret: old_until.is_some(),
            at: self.authenticated_at,
            max_grant_lifetime: service.settings.max_grant_lifetime,
        }
    }

    /// The scopes of the access token; of an API key there are none.
    pub(crate) fn scopes(&self) -> Scopes {
        let scopes = self.verdict.facts.scopes.as_deref().unwrap_or_default();
        Scopes::parse(scopes).unwrap_or_default()
    }

    /// Whether more access can be asked for at the authorization endpoint; the owner of an API key gives
    /// it more in another way.
    #[must_use]
    pub fn can_ask_for_more(&self) -> bool {
        self.verdict.facts.scopes.is_some()
    }

    /// What has to be asked for to do more: all that an access token has, and what it lacks. A client that asked for the missing scope alone would lose the others by that.
    #[must_use]
    pub fn scopes_with(&self, lacking: BloomScope) -> Scopes {
        let access = self.verdict.facts.access;
        let has = |scope: &BloomScope| self.can_ask_for_more() && access.allows(*scope);
        let bloom = BloomScope::ALL.into_iter().filter(has).chain([lacking]);
        let bloom: Vec<_> = bloom.map(BloomScope::as_str).collect();
        self.scopes().iter().chain(bloom).map(str::to_owned).collect()
    }

    /// The workspaces that the credential reaches, of those that the person belongs to.
    pub(crate) fn reach(&self) -> &Reach {
        &self.verdict.facts.reach
    }

    /// When they did: the time of the request.
    #[must_use]
    pub fn authenticated_at(&self) -> Timestamp {
        self.authenticated_at
    }

    /// Until when the credential is good, if it is a secret that its key had before: there is a new one.
    #[must_use]
    pub fn old_until(&self) -> Option<Timestamp> {
        self.verdict.facts.old_until
    }

    pub(crate) fn window(&self) -> &SharedWindow {
        &self.verdict.window
    }

    pub(crate) fn last_use(&self) -> &LastUseSlot {
        &self.verdict.last_use
    }
}

/// With which credential a request came. It may have been revoked while the request was on its way, and a
/// key that it makes would outlive it; so such a write begins with [`PrincipalClaim::check`].
#[derive(Clone, Copy)]
pub(crate) struct PrincipalClaim {
    pub(crate) account: AccountId,
    pub(crate) via: Via,
    token: Option<TokenFacts>,
    access: Access,
    /// Whether it is a secret that its key had before.
    is_old_secret: bool,
    at: Timestamp,
    /// The longest a grant lives.
    max_grant_lifetime: Option<Duration>,
}

impl PrincipalClaim {
    /// What the credential is narrowed to, if it is still in force. That holds for the rest of the
    /// transaction: the rows it hangs on are taken, so that a revocation comes wholly before this or wholly
    /// after.
    pub(crate) fn check(self, tx: &mut Tx<'_>) -> Result<Result<Narrowing, Error>, store::Error> {
        let state = store::accounts::take(tx, self.account)?;
        if state.is_some_and(AccountState::is_banned) {
            return Ok(Err(Error::AccountBanned));
        }
        let found = match (self.via, self.token) {
            (Via::ApiKey(id), _) => self.check_key(tx, id)?,
            (Via::Connection(id), Some(token)) => self.check_token(tx, id, token)?,
            (Via::Connection(_), None) => None,
        };
        Ok(found.ok_or(Error::CredentialRevoked))
    }

    fn check_key(self, tx: &mut Tx<'_>, id: ApiKeyId) -> Result<Option<Narrowing>, store::Error> {
        if !store::api_keys::take(tx, self.account, id)? {
            return Ok(None);
        }
        let key = store::api_keys::find(tx, self.account, id)?;
        let is_presented = |key: &ApiKey| {
            let old = key.old_secret.as_ref().filter(|_| self.is_old_secret);
            key.rotated_at.is_none_or(|rotated| rotated <= self.at)
                && old.is_none_or(|old| self.at < old.until)
        };
        let works = |key: &ApiKey| key.works(self.at) && is_presented(key);
        Ok(key.filter(works).map(|key| key.narrowing))
    }

    fn check_token(
        self,
        tx: &mut Tx<'_>,
        connection: ConnectionId,
        token: TokenFacts,
    ) -> Result<Option<Narrowing>, store::Error> {
        let is_in_force = store::connections::take_in_force(tx, self.account, connection)?
            && store::grants::take_in_force(tx, token.grant)?
            && store::clients::take_enabled(tx, token.client)?;
        if !is_in_force {
            return Ok(None);
        }
        let found = store::grants::find_for_access_token(tx, token.grant, token.id)?;
        let grant = store::grants::find(tx, token.grant)?;
        let (Some(found), Some(grant)) = (found.filter(|found| !found.is_token_revoked), grant)
        else {
            return Ok(None);
        };
        Ok(Some(Narrowing {
            access: self.access,
            reach: found.reach,
            addresses: Addresses::Any,
            expires_at: self.max_grant_lifetime.map(|most| grant.grant.created_at.plus(most)),
        }))
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
    let secret = ApiKeySecret::parse(text).map_err(Rejection::NotAnApiKey)?;
    let hash = hash_api_key(&secret);
    let verdict = match known(service, &hash, now) {
        Some(verdict) => verdict,
        None => find_api_key(service, hash, now).await?,
    };
    let Facts { state, expires_at, old_until, .. } = &verdict.facts;
    if *state != State::InForce {
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
            let token = access_tokens::read(service, text).map_err(Rejection::NotAnAccessToken)?;
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
    let found = service
        .store
        .read(move |tx| {
            if let Some(found) = find_by_hash(tx, &keyring, &hash)? {
                return Ok(Ok(found));
            }
            let known = root_secret::check(tx, &keyring)?.map_err(Rejection::Failed);
            Ok(known.and(Err(Rejection::UnknownApiKey)))
        })
        .await
        .map_err(|error| Rejection::Failed(error.into()))??;
    let (via, account) = (Via::ApiKey(found.id), found.account.id);
    let subjects = [found.id.as_bytes(), found.account.id.as_bytes()].map(Subject::of).to_vec();
    let facts = Facts {
        via,
        token: None,
        state: if found.is_revoked { State::Revoked } else { State::InForce },
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
    let KnownGrant { client, subject, verdict: of_grant } = &*grant;
    let Facts { via, state, account, access, reach, .. } = &of_grant.facts;
    if *subject != token.subject || *client != token.client || !token.access.is_within(*access) {
        return Err(Rejection::NotAnAccessToken("it does not fit its grant"));
    }
    let verdict = Arc::new(Verdict {
        facts: Facts {
            via: *via,
            token: Some(TokenFacts { id: token.id, grant: token.grant, client: *client }),
            state: if is_token_revoked { State::Revoked } else { *state },
            account: account.clone(),
            access: token.access,
            scopes: Some(token.scope.as_str().into()),
            reach: reach.clone(),
            addresses: Addresses::Any,
            expires_at: Some(token.expires_at),
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
    let subject = access_tokens::subject(found.acts_alone, found.account.id, found.client);
    let facts = Facts {
        via,
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
        expires_at: None,
        old_until: None,
    };
    let verdict = Verdict {
        facts,
        window: service.windows.of(via),
        last_use: LastUses::slot(via, account, UsedSecret::Current),
        standing: Standing { subjects: subjects.to_vec(), as_of, filled_at: now },
    };
    let grant = Arc::new(KnownGrant { client: found.client, subject, verdict });
    // Much later than needed: clocks step back, and those of nodes differ.
    if found.tokens_revoked_until.is_none_or(|until| until.plus(CLOCKS_DIFFER) <= now) {
        service.verdicts.keep_grant(id, grant.clone());
    }
    Ok((grant, found.is_token_revoked))
}
