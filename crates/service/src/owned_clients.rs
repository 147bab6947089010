//! Clients that somebody owns: made and changed by their owner at a browser, by the operator for an
//! account, or by whoever has the client's registration access token (RFC 7592).
//!
//! What is changed holds for the next request: the tokens with which a client acts by itself end with
//! every change of what it is, and people who let it in are asked anew.

use bloom_domain::accounts::AccountState;
use bloom_domain::api_keys::RevokedBy;
use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::clients::{Client, ClientSecret, MAX_OWNED, Owned, RegistrationToken};
use bloom_domain::digest::Digest;
use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, ClientId};
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_domain::workspaces::Reach;
use bloom_oauth::client_authentication::AuthMethod;
use bloom_oauth::client_metadata::{self, ClientMetadata};
use bloom_oauth::error::OAuthError;
use bloom_store as store;
use serde_json::{Value, json};
use store::{Change, Tx};

use crate::audit::{Author, Difference};
use crate::client_credentials::own_access;
use crate::sessions::Claim;
use crate::{Error, Operator, Service, SignedIn, accounts, api_keys, clients};

/// What a client is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What it says of itself.
    pub metadata: ClientMetadata,
    /// The workspaces that it may act in by itself; `None` to leave that as it is.
    pub reach: Option<Reach>,
}

impl Draft {
    /// Whether a client is that already.
    #[must_use]
    pub fn is(&self, client: &Client) -> bool {
        let reach = client.owned.as_ref().map(|owned| &owned.reach);
        self.metadata == client.metadata && (self.reach.is_none() || self.reach.as_ref() == reach)
    }
}

/// A client that was made, with what is shown once.
#[derive(Debug, Clone)]
pub struct NewClient {
    /// The client.
    pub client: Client,
    /// Its secret, if it has one.
    pub secret: Option<ClientSecret>,
    /// What it is managed with.
    pub management: RegistrationToken,
}

/// Reads what an owner says of a client, as JSON (RFC 7591 §2).
///
/// # Errors
/// Says what to change.
pub fn anonymous_read(service: &Service, body: &[u8]) -> Result<ClientMetadata, OAuthError> {
    client_metadata::parse_owned(body, clients::rules(&service.settings.schemes()))
}

/// Who may change a client.
#[derive(Clone)]
enum Right {
    /// Its owner, at a browser.
    Person(Claim),
    /// Whoever runs the server, for its owner.
    Operator(AccountId),
    /// Whoever has its registration access token.
    Token(Vec<Digest>),
}

impl Right {
    /// For whom, in the rest of the transaction. A wrong token and another client's are alike.
    fn owner(
        &self,
        tx: &mut Tx<'_>,
        id: ClientId,
    ) -> Result<Result<AccountId, Error>, store::Error> {
        match self {
            Self::Person(claim) => Ok(claim.check(tx)?.map(|()| claim.account)),
            Self::Operator(owner) => Ok(Ok(*owner)),
            Self::Token(digests) => {
                let Some(owner) = store::clients::find_managed(tx, id, digests)? else {
                    return Ok(Err(Error::ClientNotFound));
                };
                let state = store::accounts::take(tx, owner)?;
                let is_banned = state.is_none_or(AccountState::is_banned);
                Ok(if is_banned { Err(Error::ClientNotFound) } else { Ok(owner) })
            }
        }
    }
}

/// The person's clients, newest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(service: &Service, person: &SignedIn) -> Result<Vec<Client>, Error> {
    let owner = person.account().id;
    Ok(service.store.read(move |tx| store::clients::list_owned(tx, owner)).await?)
}

/// One of the person's clients.
///
/// # Errors
/// [`Error::ClientNotFound`].
pub async fn get(service: &Service, person: &SignedIn, id: ClientId) -> Result<Client, Error> {
    let owner = person.account().id;
    let found = service.store.read(move |tx| store::clients::find(tx, id)).await?;
    found.filter(|client| is_of(client, owner)).ok_or(Error::ClientNotFound)
}

/// Makes a client of the person's.
///
/// # Errors
/// [`Error::TooManyClients`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn create(
    service: &Service,
    person: &SignedIn,
    draft: Draft,
) -> Result<NewClient, Error> {
    let (right, author) = (Right::Person(person.claim()), person.author(service)?);
    make(service, right, author, (person.account().id, draft)).await
}

/// Makes a client of an account's.
///
/// # Errors
/// [`Error::AccountNotFound`], [`Error::TooManyClients`].
pub async fn create_for(
    service: &Service,
    operator: &Operator,
    owner: &Email,
    draft: Draft,
) -> Result<NewClient, Error> {
    let owner = accounts::find(service, operator, owner).await?.id;
    let author = Author::here(service, Actor::Operator)?;
    make(service, Right::Operator(owner), author, (owner, draft)).await
}

async fn make(
    service: &Service,
    right: Right,
    author: Author,
    (owner, draft): (AccountId, Draft),
) -> Result<NewClient, Error> {
    let now = service.now();
    let id = ClientId::new(now, &service.entropy.draw()?);
    let secret = secret_for(service, &draft.metadata)?;
    let management = RegistrationToken::new(&service.entropy.draw()?);
    let keyring = service.keyring.load();
    let managed_by = keyring.registration_token_digest(&management);
    let owned = Owned {
        account: owner,
        reach: draft.reach.unwrap_or(Reach::All),
        secret: secret.as_ref().map(|secret| keyring.client_secret_digest(secret)),
        paused_at: None,
    };
    let metadata = draft.metadata;
    let client = Client {
        id,
        metadata,
        created_at: now,
        disabled_at: None,
        verified_at: None,
        owned: Some(owned),
        document: None,
    };
    let written = service
        .store
        .write(move |tx| {
            if let Err(refused) = right.owner(tx, id)? {
                return Ok(Err(refused));
            }
            // One at a time for an account, so that the count is the count.
            store::accounts::take(tx, owner)?;
            if store::clients::count_owned(tx, owner)? >= MAX_OWNED {
                return Ok(Err(Error::TooManyClients));
            }
            let client = within(tx, client, owner)?;
            store::clients::insert(tx, &client, Some(&managed_by))?;
            let difference = Difference { before: Value::Null, after: told(&client) };
            author.record(tx, Action::ClientCreated, Subject::Client(id), owner, difference);
            Ok(Ok(client))
        })
        .await??;
    Ok(NewClient { client: written, secret, management })
}

/// Changes what a client of the person's is, which must be as `seen` until then; gives its secret when it gets one by
/// that.
///
/// # Errors
/// [`Error::ClientNotFound`], [`Error::ChangedMeanwhile`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn update(
    service: &Service,
    person: &SignedIn,
    seen: &Client,
    draft: Draft,
) -> Result<(Client, Option<ClientSecret>), Error> {
    let (right, author) = (Right::Person(person.claim()), person.author(service)?);
    put(service, right, author, (seen.id, Some(seen.clone()), draft)).await
}

async fn put(
    service: &Service,
    right: Right,
    author: Author,
    (id, seen, draft): (ClientId, Option<Client>, Draft),
) -> Result<(Client, Option<ClientSecret>), Error> {
    let fresh = secret_for(service, &draft.metadata)?;
    let digest = fresh.as_ref().map(|secret| service.keyring.load().client_secret_digest(secret));
    let (now, is_by_itself) = (service.now(), matches!(right, Right::Token(_)));
    let change = move |tx: &mut Tx<'_>, client: Client, owned: Owned| {
        let is_so = draft.is(&client);
        if seen.is_some_and(|seen| !is_as(&client, &seen) && !is_so) {
            return Ok(Err(Error::ChangedMeanwhile));
        }
        if is_by_itself && gives_itself_more(&client.metadata, &draft.metadata) {
            return Ok(Err(Error::OwnersChoice));
        }
        let before = told(&client);
        // It keeps the secret that it has, and has one if its method needs one.
        let secret = digest.map(|fresh| owned.secret.unwrap_or(fresh));
        let is_fresh = secret.is_some() && owned.secret.is_none();
        let owner = owned.account;
        let reach = draft.reach.unwrap_or_else(|| owned.reach.clone());
        let owned = Owned { reach, secret, ..owned };
        let client = Client { metadata: draft.metadata, owned: Some(owned), ..client };
        let client = within(tx, client, owner)?;
        store::clients::set_metadata(tx, &client)?;
        store::connections::revoke_alone(tx, id, now)?;
        let difference = Difference { before, after: told(&client) };
        author.record(tx, Action::ClientChanged, Subject::Client(id), owner, difference);
        tx.changed(Change::Client(id));
        Ok(Ok((client, is_fresh)))
    };
    let (client, is_fresh) = change_owned(service, right, id, change).await?;
    Ok((client, fresh.filter(|_| is_fresh)))
}

/// Gives a client of the person's another secret; the one before is worth nothing from now on, and so
/// are the tokens with which the client acts by itself.
///
/// # Errors
/// [`Error::ClientNotFound`], also for one that is public.
pub async fn rotate_secret(
    service: &Service,
    person: &SignedIn,
    id: ClientId,
) -> Result<(Client, ClientSecret), Error> {
    let secret = ClientSecret::new(&service.entropy.draw()?);
    let digest = service.keyring.load().client_secret_digest(&secret);
    let (author, now) = (person.author(service)?, service.now());
    let change = move |tx: &mut Tx<'_>, client: Client, owned: Owned| {
        if !store::clients::set_secret(tx, id, owned.account, &digest)? {
            return Ok(Err(Error::ClientNotFound));
        }
        store::connections::revoke_alone(tx, id, now)?;
        let (action, subject) = (Action::ClientSecretRotated, Subject::Client(id));
        author.record(tx, action, subject, owned.account, Difference::default());
        tx.changed(Change::Client(id));
        Ok(Ok(client))
    };
    let right = Right::Person(person.claim());
    change_owned(service, right, id, change).await.map(|client| (client, secret))
}

/// Gives a client of the person's another registration access token.
///
/// # Errors
/// [`Error::ClientNotFound`].
pub async fn renew_management(
    service: &Service,
    person: &SignedIn,
    id: ClientId,
) -> Result<(Client, RegistrationToken), Error> {
    let token = RegistrationToken::new(&service.entropy.draw()?);
    let digest = service.keyring.load().registration_token_digest(&token);
    let author = person.author(service)?;
    let change = move |tx: &mut Tx<'_>, client: Client, owned: Owned| {
        store::clients::set_management(tx, id, owned.account, &digest)?;
        let (action, subject) = (Action::ClientTokenRenewed, Subject::Client(id));
        author.record(tx, action, subject, owned.account, Difference::default());
        Ok(Ok(client))
    };
    let right = Right::Person(person.claim());
    change_owned(service, right, id, change).await.map(|client| (client, token))
}

/// Switches a client of the person's off: no authorization, no token, and the next request with one of
/// its tokens is refused. Doing it twice is no error.
///
/// # Errors
/// [`Error::ClientNotFound`].
pub async fn pause(service: &Service, person: &SignedIn, id: ClientId) -> Result<(), Error> {
    let now = service.now();
    let pause = move |tx: &mut Tx<'_>, owner| store::clients::pause(tx, id, owner, now);
    switch(service, person, id, Action::ClientPaused, pause).await
}

/// Switches it on again.
///
/// # Errors
/// [`Error::ClientNotFound`].
pub async fn resume(service: &Service, person: &SignedIn, id: ClientId) -> Result<(), Error> {
    let resume = move |tx: &mut Tx<'_>, owner| store::clients::resume(tx, id, owner);
    switch(service, person, id, Action::ClientResumed, resume).await
}

async fn switch(
    service: &Service,
    person: &SignedIn,
    id: ClientId,
    action: Action,
    change: impl FnOnce(&mut Tx<'_>, AccountId) -> Result<bool, store::Error> + Send + 'static,
) -> Result<(), Error> {
    let author = person.author(service)?;
    let change = move |tx: &mut Tx<'_>, client: Client, owned: Owned| {
        if change(tx, owned.account)? {
            let after = json!({ "name": client.display_name() });
            let difference = Difference { before: Value::Null, after };
            author.record(tx, action, Subject::Client(id), owned.account, difference);
            tx.changed(Change::Client(id));
        }
        Ok(Ok(()))
    };
    change_owned(service, Right::Person(person.claim()), id, change).await
}

/// Deletes a client of the person's: nobody is connected with it any more.
///
/// # Errors
/// [`Error::ClientNotFound`].
pub async fn delete(service: &Service, person: &SignedIn, id: ClientId) -> Result<(), Error> {
    let author = person.author(service)?;
    remove(service, Right::Person(person.claim()), author, id).await
}

async fn remove(
    service: &Service,
    right: Right,
    author: Author,
    id: ClientId,
) -> Result<(), Error> {
    let now = service.now();
    let change = move |tx: &mut Tx<'_>, client: Client, owned: Owned| {
        delete_in(tx, &client, owned.account, now, &author).map(Ok)
    };
    change_owned(service, right, id, change).await
}

/// Deletes a client in the transaction of whoever may; its row is taken. Nobody is asked what is to become of the keys
/// that it made for people: they end with it, since whoever has their secrets is the app.
pub(crate) fn delete_in(
    tx: &mut Tx<'_>,
    client: &Client,
    owner: AccountId,
    now: Timestamp,
    author: &Author,
) -> Result<(), store::Error> {
    store::clients::delete_owned(tx, client.id, owner, now)?;
    // Keys before connections, as everybody ends them. None is made by its tokens meanwhile, which takes its row; one
    // that a key of it was making when that was revoked is seen the next time.
    loop {
        let keys = store::api_keys::list_made_by_client(tx, client.id)?;
        if keys.is_empty() {
            break;
        }
        for (account, key) in keys {
            api_keys::revoke_in(tx, account, key, (now, RevokedBy::AppDeleted), author)?;
        }
    }
    store::connections::revoke_all_of(tx, client.id, now)?;
    let difference = Difference { before: told(client), after: Value::Null };
    author.record(tx, Action::ClientDeleted, Subject::Client(client.id), owner, difference);
    tx.changed(Change::Client(client.id));
    Ok(())
}

/// The client that a registration access token manages (RFC 7592 §2.1).
///
/// # Errors
/// [`Error::ClientNotFound`] whatever is wrong.
pub async fn anonymous_managed(
    service: &Service,
    client_id: &str,
    token: &str,
) -> Result<Client, Error> {
    let (id, digests) = named(service, client_id, token)?;
    let read = move |tx: &mut Tx<'_>| match store::clients::find_managed(tx, id, &digests)? {
        Some(owner) => {
            let owner = store::accounts::find(tx, owner)?;
            let is_active = owner.is_some_and(|owner| !owner.state.is_banned());
            if is_active { store::clients::find(tx, id) } else { Ok(None) }
        }
        None => Ok(None),
    };
    service.store.read(read).await?.ok_or(Error::ClientNotFound)
}

/// Changes it (RFC 7592 §2.2): all of its metadata at once.
///
/// # Errors
/// [`Error::ClientNotFound`] whatever is wrong with client or token.
pub async fn anonymous_update_managed(
    service: &Service,
    (client_id, token): (&str, &str),
    metadata: ClientMetadata,
    sender: &Sender,
) -> Result<(Client, Option<ClientSecret>), Error> {
    let (id, digests) = named(service, client_id, token)?;
    let author = Author::new(service, Actor::App(id), sender)?;
    let draft = Draft { metadata, reach: None };
    put(service, Right::Token(digests), author, (id, None, draft)).await
}

/// Whether a text is the secret that a client has (RFC 7592 §2.2).
#[must_use]
pub fn anonymous_is_secret(service: &Service, client: &Client, text: &str) -> bool {
    let digests = ClientSecret::parse(text)
        .map(|secret| service.keyring.load().client_secret_digests(&secret))
        .unwrap_or_default();
    client.authentication().secret.is_some_and(|stored| digests.contains(&stored))
}

/// Deletes it (RFC 7592 §2.3).
///
/// # Errors
/// [`Error::ClientNotFound`] whatever is wrong with client or token.
pub async fn anonymous_delete_managed(
    service: &Service,
    (client_id, token): (&str, &str),
    sender: &Sender,
) -> Result<(), Error> {
    let (id, digests) = named(service, client_id, token)?;
    let author = Author::new(service, Actor::App(id), sender)?;
    remove(service, Right::Token(digests), author, id).await
}

fn named(service: &Service, id: &str, token: &str) -> Result<(ClientId, Vec<Digest>), Error> {
    let token = RegistrationToken::parse(token);
    let (id, token) = ClientId::presented(id).zip(token).ok_or(Error::ClientNotFound)?;
    Ok((id, service.keyring.load().registration_token_digests(&token)))
}

/// Runs a change of an owned client, with the client taken until it is committed.
/// Whether a client says of itself what another copy of it says, and may act where that may.
fn is_as(client: &Client, other: &Client) -> bool {
    let reach = |client: &Client| client.owned.as_ref().map(|owned| owned.reach.clone());
    client.metadata == other.metadata && reach(client) == reach(other)
}

async fn change_owned<T: Send + 'static>(
    service: &Service,
    right: Right,
    id: ClientId,
    change: impl FnOnce(&mut Tx<'_>, Client, Owned) -> Result<Result<T, Error>, store::Error>
    + Send
    + 'static,
) -> Result<T, Error> {
    service
        .store
        .write(move |tx| {
            let owner = match right.owner(tx, id)? {
                Ok(owner) => owner,
                Err(refused) => return Ok(Err(refused)),
            };
            if !store::clients::take_owned(tx, id)? {
                return Ok(Err(Error::ClientNotFound));
            }
            let client = store::clients::find(tx, id)?.filter(|client| is_of(client, owner));
            match client.and_then(|client| Some((client.owned.clone()?, client))) {
                Some((owned, client)) => change(tx, client, owned),
                None => Ok(Err(Error::ClientNotFound)),
            }
        })
        .await?
}

fn is_of(client: &Client, owner: AccountId) -> bool {
    client.owned.as_ref().is_some_and(|owned| owned.account == owner)
}

/// A secret, for a client that needs one.
fn secret_for(service: &Service, metadata: &ClientMetadata) -> Result<Option<ClientSecret>, Error> {
    let needs_one = metadata.token_endpoint_auth_method != AuthMethod::None;
    needs_one.then(|| Ok(ClientSecret::new(&service.entropy.draw()?))).transpose()
}

/// The client, without the workspaces that its owner does not belong to.
fn within(tx: &mut Tx<'_>, client: Client, owner: AccountId) -> Result<Client, store::Error> {
    let Some(Owned { reach: Reach::Only(chosen), .. }) = &client.owned else {
        return Ok(client);
    };
    let theirs = store::workspaces::list_of(tx, owner)?;
    let ids = theirs.into_iter().map(|workspace| workspace.id);
    let reach = Reach::Only(ids.filter(|id| chosen.contains(id)).collect());
    let owned = client.owned.clone().map(|owned| Owned { reach, ..owned });
    Ok(Client { owned, ..client })
}

/// Whether metadata let a client act by itself where it did not, or with more than it had: as its owner, whom nobody
/// asks then.
fn gives_itself_more(before: &ClientMetadata, after: &ClientMetadata) -> bool {
    let alone = |metadata: &ClientMetadata| {
        metadata.may_use("client_credentials").then(|| own_access(&metadata.scope).1)
    };
    alone(after).is_some_and(|access| !alone(before).is_some_and(|had| access.is_within(had)))
}

/// What is recorded of a client.
fn told(client: &Client) -> Value {
    json!({
        "name": client.display_name(),
        "redirect_uris": client.metadata.redirect_uris,
        "grant_types": client.metadata.grant_types,
        "auth_method": client.metadata.token_endpoint_auth_method.as_str(),
        "scope": client.metadata.scope,
    })
}
