//! The token endpoint's verbs: a client redeems a code, refreshes, and revokes.
//!
//! None of them takes an actor: a client proves itself by what it presents. What is wrong is
//! told in OAuth's words, since a client acts on the code: it drops its registration on
//! `invalid_client` and its tokens on `invalid_grant`.

use bloom_domain::access::{BloomScope, ScopeSet};
use bloom_domain::audit::{Action, Actor, Subject, Whose};
use bloom_domain::grants::{Grant, Refresh};
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_oauth::authorization::read_scope;
use bloom_oauth::client_authentication::ClientCredentials;
use bloom_oauth::error::{ErrorCode, OAuthError};
use bloom_oauth::pkce::CodeVerifier;
use bloom_oauth::scope::Scopes;
use bloom_oauth::token::TokenResponse;
use bloom_store as store;
use serde_json::{Value, json};
use store::grants::FoundGrant;
use store::{Change, Tx};

use crate::access_tokens::{self, seconds};
use crate::audit::{Author, Difference};
use crate::authorization_server::SCOPES;
use crate::client_authentication::{Proof, anonymous_client};
use crate::redemption::{Redeem, Repeated};
use crate::refresh_tokens::RefreshToken;
use crate::rotation::Rotate;
use crate::{Error, Service, clients, codes, crowd, refusals, root_secret};

/// Why there are no tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenError {
    /// What was presented is not good; in the words of the protocol.
    Refused(OAuthError),
    /// It is not good any more, for who has proven that it was theirs a moment ago: no guess.
    TooLate(OAuthError),
    /// The database or the machine failed.
    Failed(Error),
}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<OAuthError> for TokenError {
    fn from(error: OAuthError) -> Self {
        Self::Refused(error)
    }
}

/// What a transaction found out: the grant and the refresh token to answer with, or why there is none.
pub(crate) type Outcome = Result<(FoundGrant, Option<RefreshToken>), Refused>;

/// Why a transaction issued nothing.
pub(crate) enum Refused {
    /// The code or refresh token is not good.
    Grant(&'static str),
    /// The code was redeemed a moment ago by whoever brings it again.
    DoubleSubmit,
    /// It is another client's.
    OtherClient,
    /// The client has not proven itself.
    Unproven(OAuthError),
    /// The operator refuses the client, or its owner has switched it off.
    Client,
    /// The client is not registered for this grant type any more.
    NotRegistered(&'static str),
    /// It cannot be told.
    Failed(Error),
    /// A scope that was not granted.
    Scope(OAuthError),
}

/// Redeems an authorization code (RFC 6749 §4.1.3).
///
/// # Errors
/// [`TokenError::Refused`] with `invalid_client` or `invalid_grant`.
pub async fn anonymous_redeem(
    service: &Service,
    presented: &ClientCredentials,
    code: &str,
    (redirect_uri, verifier): (String, CodeVerifier),
    sender: &Sender,
) -> Result<TokenResponse, TokenError> {
    let grant = codes::parse(&service.keyring.load(), code);
    let Some((presented_as, grant)) = clients::id(&presented.client_id).zip(grant) else {
        return Err(not_good(service, presented, "the code is not one of this server").await);
    };
    let first = RefreshToken::first(grant, service.entropy.draw()?);
    let digest = first.digest(&service.keyring.load());
    let first = (first, Refresh { generation: 0, digest });
    let (author, now) = (Author::new(service, Actor::App(presented_as), sender)?, service.now());
    let client = (presented_as, Proof::of(&service.keyring.load(), presented));
    let redeem = Redeem { grant, client, redirect_uri, verifier, first, author, now };
    let settings = service.settings.clone();
    let outcome = service.store.write(move |tx| redeem.run(tx, &settings)).await;
    let (outcome, repeated) = outcome.map_err(Error::from)?;
    if let Some(Repeated { connection, account }) = repeated {
        let (actor, subject) = (Actor::App(presented_as), Subject::Grant(grant));
        let (whose, sender) = (account.into(), sender.clone());
        let refused = refusals::Refused { actor, subject, whose, sender, at: now };
        service.repeated_codes.note(connection, refused);
    }
    let (found, refresh) = resolve(service, presented, outcome).await?;
    respond(service, &found, None, refresh)
}

/// Refreshes (RFC 6749 §6): a fresh access token, and the successor of the refresh token.
///
/// # Errors
/// [`TokenError::Refused`] with `invalid_client`, `invalid_grant` or `invalid_scope`.
pub async fn anonymous_refresh(
    service: &Service,
    presented: &ClientCredentials,
    refresh_token: &str,
    scope: Option<&str>,
    sender: &Sender,
) -> Result<TokenResponse, TokenError> {
    let keyring = service.keyring.load_full();
    let token = RefreshToken::parse(&keyring, refresh_token);
    let Some((client, token)) = clients::id(&presented.client_id).zip(token) else {
        let why = "the refresh token is not one of this server";
        return Err(not_good(service, presented, why).await);
    };
    let asked = scope.map(|scope| read_scope(scope, &SCOPES)).transpose()?;
    let (salt, now) = (service.entropy.draw()?, service.now());
    let is_crowded = service.refreshes.is_there(token.grant, now);
    let author = Author::new(service, Actor::App(client), sender)?;
    let client = (client, Proof::of(&keyring, presented));
    let rotate =
        Rotate { presented: token, client, asked: asked.clone(), salt, keyring, author, now };
    let settings = service.settings.clone();
    let rotate = move |tx: &mut Tx<'_>| rotate.run(tx, &settings);
    let outcome = if is_crowded {
        service.store.write_patiently(crowd::PATIENCE, rotate).await
    } else {
        service.store.write(rotate).await
    };
    let (mut found, refresh) = resolve(service, presented, outcome.map_err(Error::from)?).await?;
    // "SHOULD NOT have a nonce Claim" (OpenID Connect Core §12.2): it was the answer to one request.
    found.grant.nonce = None;
    let _turn = if is_crowded { Some(service.refresh_turns.take().await) } else { None };
    respond(service, &found, asked, refresh)
}

/// Revokes a token (RFC 7009 §2): an access token alone, a refresh token with its whole grant. What is
/// unknown, or another client's, is left as it is, and that is no error.
///
/// # Errors
/// `invalid_client` for a client that has a secret and does not prove it (§2.1); when the database cannot
/// be written the token stays good.
pub async fn anonymous_revoke(
    service: &Service,
    presented: &ClientCredentials,
    token: &str,
    sender: &Sender,
) -> Result<(), TokenError> {
    let Some(client) = anonymous_client(service, presented).await?.map(|client| client.id) else {
        return Ok(());
    };
    let now = service.now();
    let author = Author::new(service, Actor::App(client), sender)?;
    if let Some(refresh_token) = RefreshToken::parse(&service.keyring.load(), token) {
        let id = refresh_token.grant;
        let revoke = move |tx: &mut Tx<'_>| {
            let found = store::grants::find(tx, id)?;
            match found.filter(|found| found.client == client) {
                Some(found) => end(tx, &found, now, (&author, End::ByClient)),
                None => Ok(()),
            }
        };
        return Ok(service.store.write(revoke).await.map_err(Error::from)?);
    }
    let Ok(ours) = access_tokens::read(service, token).await else {
        // It may be one that this node cannot read; to say that it is revoked would be untrue.
        return Ok(root_secret::check_now(service).await?);
    };
    if ours.client != client || ours.expires_at <= now {
        return Ok(());
    }
    let revoke = move |tx: &mut Tx<'_>| {
        let found = store::grants::find(tx, ours.grant)?;
        let whose = found.map(|found| Whose::from(found.account.id)).unwrap_or_default();
        if store::revoked_access_tokens::insert(tx, ours.id, ours.expires_at)? {
            let (action, subject) = (Action::AccessTokenRevoked, Subject::Grant(ours.grant));
            author.record(tx, action, subject, whose, Difference::default());
        }
        store::grants::note_revoked_token(tx, ours.grant, ours.expires_at)?;
        tx.changed(Change::AccessToken(ours.id));
        Ok(())
    };
    Ok(service.store.write(revoke).await.map_err(Error::from)?)
}

/// The answer (RFC 6749 §5.1). `asked` is what this one access token was asked to be for, checked to
/// be within the grant.
pub(crate) fn respond(
    service: &Service,
    found: &FoundGrant,
    asked: Option<Scopes>,
    refresh: Option<RefreshToken>,
) -> Result<TokenResponse, TokenError> {
    let grant = &found.grant;
    let granted = Scopes::parse(&grant.scope).unwrap_or_default();
    let (scopes, named) = match asked {
        Some(asked) => (asked.clone(), ScopeSet::among(asked.iter())),
        None => (granted, ScopeSet::default()),
    };
    let (scope, access) = (scopes.to_string(), grant.access.narrowed(named));
    let (access_token, expires_at) = access_tokens::issue(service, found, &scope, access)?;
    let id_token = access_tokens::issue_id_token(service, found, &scopes, &access_token)?;
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer",
        expires_in: seconds(expires_at) - seconds(service.now()),
        expires_at: seconds(expires_at),
        refresh_token: refresh.map(|token| token.expose(&service.keyring.load())),
        id_token,
        scope,
    })
}

/// Whether what a grant hangs on is in force at a time. A suspended account keeps its grants, for the day it is
/// restored.
pub(crate) fn is_in_force(found: &FoundGrant, now: Timestamp) -> Result<(), Refused> {
    if !found.is_connected {
        Err(Refused::Grant("the person revoked the app's access"))
    } else if found.connected_until.is_some_and(|end| end <= now) {
        Err(Refused::Grant("the time is over for which the person let the app in"))
    } else if found.is_client_disabled {
        Err(Refused::Client)
    } else if found.account.state.is_banned() {
        Err(Refused::Grant("the account is suspended"))
    } else {
        Ok(())
    }
}

/// Whether a token may be asked to be for some scopes: granted ones, or Bloom's within the grant's
/// access (RFC 6749 §6: "MUST NOT include any scope not originally granted").
pub(crate) fn may_ask_for(grant: &Grant, asked: &Scopes) -> Result<(), OAuthError> {
    let granted = Scopes::parse(&grant.scope).unwrap_or_default();
    let is_within = |scope: &str| {
        let bloom = BloomScope::from_token(scope);
        bloom.map_or(granted.contains(scope), |bloom| grant.access.allows(bloom))
    };
    match asked.iter().find(|scope| !is_within(scope)) {
        None => Ok(()),
        Some(scope) => {
            let text = format!("{scope} was not granted; ask the person for it at authorize");
            Err(OAuthError::new(ErrorCode::InvalidScope, text))
        }
    }
}

/// Why a grant ends before its time.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// Its client gave it up.
    ByClient,
    /// What only a thief, or a broken client, brings came back.
    Returned(&'static str),
}

/// Ends a grant, for a reason that its person and the operator can read.
pub(crate) fn end(
    tx: &mut Tx<'_>,
    found: &FoundGrant,
    now: Timestamp,
    (author, end): (&Author, End),
) -> Result<(), store::Error> {
    let (grant, account) = (found.grant.id, found.account.id);
    if !store::grants::revoke(tx, grant, now)? {
        return Ok(());
    }
    let (action, after) = match end {
        End::ByClient => (Action::GrantRevoked, Value::Null),
        End::Returned(what) => {
            tracing::warn!(%grant, what, "a grant was ended");
            (Action::GrantEnded, json!({ "why": what }))
        }
    };
    let difference = Difference { after, ..Difference::default() };
    author.record(tx, action, Subject::Grant(grant), account, difference);
    tx.changed(Change::Grant(grant));
    Ok(())
}

/// An outcome in the words of the protocol.
async fn resolve(
    service: &Service,
    presented: &ClientCredentials,
    outcome: Outcome,
) -> Result<(FoundGrant, Option<RefreshToken>), TokenError> {
    match outcome {
        Ok(found) => Ok(found),
        Err(Refused::OtherClient) => {
            Err(not_good(service, presented, "it was issued to another client").await)
        }
        Err(why) => Err(refused(why)),
    }
}

/// A refusal in the words of the protocol.
pub(crate) fn refused(why: Refused) -> TokenError {
    match why {
        Refused::Grant(why) => OAuthError::invalid_grant(why).into(),
        Refused::DoubleSubmit => {
            TokenError::TooLate(OAuthError::invalid_grant("the code was used before"))
        }
        Refused::OtherClient => OAuthError::invalid_grant("it was issued to another client").into(),
        Refused::Scope(error) | Refused::Unproven(error) => error.into(),
        Refused::Client => refused_client().into(),
        Refused::NotRegistered(grant_type) => not_registered_for(grant_type).into(),
        Refused::Failed(error) => error.into(),
    }
}

/// What was presented is not good, or the client itself is not known or not proven: only then may it be
/// told so, since it will register again.
async fn not_good(
    service: &Service,
    presented: &ClientCredentials,
    why: &'static str,
) -> TokenError {
    if let Err(error) = root_secret::check_now(service).await {
        return error.into();
    }
    match anonymous_client(service, presented).await {
        Ok(Some(client)) if client.is_refused() => refused_client().into(),
        Ok(Some(_)) => OAuthError::invalid_grant(why).into(),
        Ok(None) => unknown_client().into(),
        Err(error) => error,
    }
}

/// The operator refuses the client. It is not told `invalid_client`, on which it would register again,
/// nor `invalid_grant`, on which it would drop tokens that are good once it is taken again.
pub(crate) fn refused_client() -> OAuthError {
    OAuthError::new(
        ErrorCode::UnauthorizedClient,
        "the app is switched off, by its owner or by the operator of this server; ask them to enable it",
    )
}

/// The client is not registered for a grant type (RFC 6749 §4.1.2.1, §5.2).
pub(crate) fn not_registered_for(grant_type: &str) -> OAuthError {
    let text = format!("the client is not registered for {grant_type}; its owner can change that");
    OAuthError::new(ErrorCode::UnauthorizedClient, text)
}

/// No such client.
pub(crate) fn unknown_client() -> OAuthError {
    OAuthError::new(
        ErrorCode::InvalidClient,
        "client_id is not registered here; register again at the registration_endpoint",
    )
}
