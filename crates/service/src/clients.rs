//! Clients: apps register themselves, and the operator can refuse one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bloom_domain::attempts::AddressBlock;
use bloom_domain::audit::{Action, Actor, Subject, Whose};
use bloom_domain::clients::Client;
use bloom_domain::ids::ClientId;
use bloom_domain::senders::Sender;
use bloom_oauth::client_document::DocumentUrl;
use bloom_oauth::client_metadata::{self, ClientMetadata, Rules};
use bloom_oauth::error::OAuthError;
use bloom_store as store;
use serde_json::json;
use store::{Change, Tx};

use crate::audit::{Author, Difference};
use crate::authorization_server::{DEFAULT_SCOPE, SCOPES};
use crate::verdicts::{self, KnownClient, Standing};
use crate::{Error, Operator, Service, client_documents, root_secret};

/// Why a client was not registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistrationError {
    /// The metadata cannot be registered.
    Refused(OAuthError),
    /// As many clients are registered as may be, and this one is new.
    TooMany,
    /// As many new ones were registered from the same place as may be.
    TooManyFromHere {
        /// When the next one will be taken.
        retry_after: Duration,
    },
    /// The database or the machine failed.
    Failed(Error),
}

/// Registers a client (RFC 7591 §3). The same metadata is the same client: then nothing is written.
/// The answer holds the metadata of this request, whose loopback ports may be others than before.
///
/// # Errors
/// [`RegistrationError`].
pub async fn anonymous_register(
    service: &Service,
    body: &[u8],
    sender: &Sender,
) -> Result<Client, RegistrationError> {
    let schemes = service.settings.schemes();
    let metadata =
        client_metadata::parse(body, rules(&schemes)).map_err(RegistrationError::Refused)?;
    register(service, metadata, AddressBlock::of(sender.address)).await
}

async fn register(
    service: &Service,
    metadata: ClientMetadata,
    from: AddressBlock,
) -> Result<Client, RegistrationError> {
    let failed = |error: store::Error| RegistrationError::Failed(error.into());
    let canonical = metadata.canonical(&service.settings.schemes());
    let keyring = service.keyring.load_full();
    let candidates = keyring.client_ids(&canonical);
    let known = service
        .store
        .read(move |tx| {
            for candidate in candidates {
                if let Some(known) = store::clients::find(tx, ClientId::from_bytes(candidate))? {
                    return Ok(Ok(Some(known)));
                }
            }
            // By an older root secret the same app would be another client.
            Ok(root_secret::check(tx, &keyring)?.map(|()| None))
        })
        .await
        .map_err(failed)?
        .map_err(RegistrationError::Failed)?;
    if let Some(known) = known {
        return Ok(Client { metadata, ..known });
    }
    let id = ClientId::from_bytes(service.keyring.load().client_id(&canonical));
    let client = Client {
        id,
        metadata,
        created_at: service.now(),
        disabled_at: None,
        verified_at: None,
        owned: None,
        document: None,
    };
    if service.client_count.load(Ordering::Relaxed) >= service.settings.max_clients {
        return Err(RegistrationError::TooMany);
    }
    let registrations = &service.failed_attempts.registrations;
    let room = registrations.take(from, service.now());
    room.map_err(|retry_after| RegistrationError::TooManyFromHere { retry_after })?;
    let written = client.clone();
    let is_new = service.store.write(move |tx| store::clients::insert(tx, &written, None)).await;
    if !matches!(is_new, Ok(true)) {
        registrations.give_back(&from);
    }
    service.client_count.fetch_add(i64::from(is_new.map_err(failed)?), Ordering::Relaxed);
    Ok(client)
}

/// What every client's metadata is read by.
pub(crate) fn rules<'a>(schemes: &'a [&'a str]) -> Rules<'a> {
    Rules { scopes: &SCOPES, default_scope: DEFAULT_SCOPE, schemes }
}

/// Counts the clients that registered themselves; between two counts what is registered here is added. Counting rows costs too
/// much to do it at each registration, and the limit need not be exact.
pub(crate) async fn count(service: &Service) -> Result<(), Error> {
    let count = service.store.read(store::clients::count).await?;
    service.client_count.store(count, Ordering::Relaxed);
    Ok(())
}

/// Every client, newest first.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(service: &Service, _operator: &Operator) -> Result<Vec<Client>, Error> {
    Ok(service.store.read(store::clients::list).await?)
}

/// Refuses a client: no authorization, no token, and the next request with one of its tokens is
/// refused. Its connections stay, so that nothing is lost when it is taken again.
///
/// # Errors
/// [`Error::ClientNotFound`].
pub async fn disable(
    service: &Service,
    _operator: &Operator,
    id: ClientId,
) -> Result<Client, Error> {
    let now = service.now();
    let disable = move |tx: &mut Tx<'_>| store::clients::disable(tx, id, now);
    change(service, id, Action::ClientDisabled, disable).await
}

/// Takes a refused client again.
///
/// # Errors
/// [`Error::ClientNotFound`].
pub async fn enable(
    service: &Service,
    _operator: &Operator,
    id: ClientId,
) -> Result<Client, Error> {
    let enable = move |tx: &mut Tx<'_>| store::clients::enable(tx, id);
    change(service, id, Action::ClientEnabled, enable).await
}

async fn change(
    service: &Service,
    id: ClientId,
    action: Action,
    change: impl FnOnce(&mut Tx<'_>) -> Result<bool, store::Error> + Send + 'static,
) -> Result<Client, Error> {
    let author = Author::here(service, Actor::Operator)?;
    service
        .store
        .write(move |tx| {
            let is_news = change(tx)?;
            let client = store::clients::find(tx, id)?;
            if let Some(client) = client.as_ref().filter(|_| is_news) {
                let after = json!({ "name": client.display_name() });
                let difference = Difference { after, ..Difference::default() };
                author.record(tx, action, Subject::Client(id), Whose::default(), difference);
                tx.changed(Change::Client(id));
            }
            Ok(client)
        })
        .await?
        .ok_or(Error::ClientNotFound)
}

/// The id of the client that presents something as its own: an id, or the URL of its document.
pub(crate) fn id(presented: &str) -> Option<ClientId> {
    match DocumentUrl::parse(presented) {
        Some(url) => Some(client_documents::id_of(&url)),
        None => ClientId::presented(presented),
    }
}

/// The client that presents an id, even if the operator refuses it. One with a document is there as it
/// was when somebody last let it in; nothing is fetched.
pub(crate) async fn find(service: &Service, presented: &str) -> Result<Option<Arc<Client>>, Error> {
    let Some(id) = id(presented) else {
        return Ok(None);
    };
    // Each client is known by one name only.
    Ok(known(service, id).await?.filter(|client| client.identifier() == presented))
}

/// A client, from memory while nothing has happened to it. What one with a document says is written anew
/// whenever somebody lets it in, so that one is not kept.
async fn known(service: &Service, id: ClientId) -> Result<Option<Arc<Client>>, Error> {
    let (now, hears_others) = (service.now(), service.store.hears_other_writers());
    if let Some(known) = service.verdicts.find_client(id, now, hears_others) {
        return Ok(Some(known.client.clone()));
    }
    let as_of = service.verdicts.sequence();
    let found = service.store.read(move |tx| store::clients::find(tx, id)).await?.map(Arc::new);
    if let Some(client) = found.clone().filter(|client| client.document.is_none()) {
        let subjects = vec![verdicts::Subject::of(id.as_bytes())];
        let standing = Standing { subjects, as_of, filled_at: now };
        service.verdicts.keep_client(KnownClient { client, standing });
    }
    Ok(found)
}

/// Vouches for a client: people are told that it is who it says, where an answer goes to a site.
///
/// # Errors
/// [`Error::ClientNotFound`].
pub async fn verify(
    service: &Service,
    _operator: &Operator,
    id: ClientId,
) -> Result<Client, Error> {
    let now = service.now();
    let verify = move |tx: &mut Tx<'_>| store::clients::verify(tx, id, now);
    change(service, id, Action::ClientVerified, verify).await
}

/// Takes that back.
///
/// # Errors
/// [`Error::ClientNotFound`].
pub async fn unverify(
    service: &Service,
    _operator: &Operator,
    id: ClientId,
) -> Result<Client, Error> {
    let unverify = move |tx: &mut Tx<'_>| store::clients::unverify(tx, id);
    change(service, id, Action::ClientUnverified, unverify).await
}
