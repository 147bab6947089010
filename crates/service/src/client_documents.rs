//! Clients whose `client_id` is a URL (OAuth Client ID Metadata Document).
//!
//! The document is fetched while somebody is at the authorization endpoint, and at no other time: what it
//! said when they agreed stands with the grant, and the tokens go by that. A stranger chooses the URL, so
//! fetching is limited: for an address, for a host, and for all together (in the fetcher); what was
//! fetched is kept for five minutes at least, and what failed for a minute, so that a link that is opened
//! again and again is one request to the other side.
//!
//! What strangers use up is theirs. A document that nobody here has let in takes room of the address that asks,
//! of that address at the host, and one of the few places that there are for such. One that somebody has let in is
//! asked for once a minute at most anyhow, and takes none of the room of its host; where it cannot be asked for at the
//! moment, what it said within a day counts. While a person is being asked, it counts as it was when that began.

use std::time::Duration;

use bloom_domain::attempts::AddressBlock;
use bloom_domain::clients::Client;
use bloom_domain::ids::ClientId;
use bloom_domain::rate_window::RateLimit;
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_oauth::client_document::{self, DocumentUrl};
use bloom_oauth::client_metadata::ClientMetadata;
use bloom_oauth::error::{ErrorCode, OAuthError};
use bloom_store as store;
use quick_cache::sync::Cache;
use std::sync::Arc;
use store::Tx;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::attempts::Counter;
use crate::fetch::{Along, FetchError, Fetcher, Wanted};
use crate::keyring::sha256;
use crate::{Error, Service, clients};

/// The largest document.
const MAX_BYTES: usize = 16 * 1024;
/// How long fetching one may take: a person waits.
const DEADLINE: Duration = Duration::from_secs(5);
/// For how long a document is kept, at least and at most.
const KEPT: [Duration; 2] = [Duration::from_secs(300), Duration::from_secs(86_400)];
/// For how long a failure is.
const FAILED: Duration = Duration::from_secs(60);
/// How many are kept.
const CAPACITY: usize = 1_000;
/// For how long what a document said counts where it cannot be asked for: as long as it may be kept anyhow.
const LAST_WORDS: Duration = KEPT[1];
/// How many documents somebody may make this server fetch, by address.
const OF_AN_ADDRESS: Option<RateLimit> = RateLimit::within(20, Duration::from_secs(60));
/// How many of those from one host.
const OF_AN_ADDRESS_AT_A_HOST: Option<RateLimit> = RateLimit::within(10, Duration::from_secs(60));
/// How many documents that nobody has let in are fetched from one host, whoever asks.
const OF_A_HOST: Option<RateLimit> = RateLimit::within(60, Duration::from_secs(60));
/// How many of those are fetched at once: fewer than the fetcher takes, so that hosts which answer slowly on
/// purpose do not keep it from the others.
const UNKNOWN_AT_ONCE: usize = 8;
/// When to come again where as much is being fetched as may be.
const WHILE_BUSY: Duration = Duration::from_secs(1);

/// What this node knows of documents.
pub(crate) struct ClientDocuments {
    fetcher: Arc<dyn Fetcher>,
    known: Cache<DocumentUrl, Known>,
    addresses: Counter<AddressBlock>,
    addresses_at_hosts: Counter<(AddressBlock, Host)>,
    hosts: Counter<Host>,
    unknown: Semaphore,
}

/// Half a digest of a host's name.
type Host = [u8; 16];

#[derive(Clone)]
struct Known {
    said: Result<Arc<ClientMetadata>, OAuthError>,
    asked_at: Timestamp,
    until: Timestamp,
}

/// What was taken before a document is fetched.
#[derive(Default)]
struct Room<'a> {
    address: Option<AddressBlock>,
    host: Option<Host>,
    place: Option<SemaphorePermit<'a>>,
}

impl ClientDocuments {
    pub(crate) fn through(fetcher: Arc<dyn Fetcher>) -> Self {
        Self {
            fetcher,
            known: Cache::new(CAPACITY),
            addresses: Counter::new(OF_AN_ADDRESS),
            addresses_at_hosts: Counter::new(OF_AN_ADDRESS_AT_A_HOST),
            hosts: Counter::new(OF_A_HOST),
            unknown: Semaphore::new(UNKNOWN_AT_ONCE),
        }
    }

    /// Gives back the memory of what counts no more.
    pub(crate) fn sweep(&self, now: Timestamp) {
        self.addresses.sweep(now);
        self.addresses_at_hosts.sweep(now);
        self.hosts.sweep(now);
    }

    /// Takes the room that it needs to fetch a document. A request that is on its way has no sender: it has taken the
    /// room of its sender already.
    fn room(
        &self,
        url: &DocumentUrl,
        (sender, is_known): (Option<&Sender>, bool),
        now: Timestamp,
    ) -> Result<Room<'_>, Error> {
        let too_many = |retry_after| Error::TooMany { retry_after };
        let mut room = Room::default();
        if let Some(sender) = sender {
            let address = AddressBlock::of(sender.address);
            self.addresses.take(address, now).map_err(too_many)?;
            room.address = Some(address);
        }
        if is_known {
            return Ok(room);
        }
        if let Some(address) = room.address {
            let mut host = Host::default();
            host.copy_from_slice(&sha256(url.host().as_bytes())[..16]);
            self.addresses_at_hosts.take((address, host), now).map_err(too_many)?;
            if let Err(retry_after) = self.hosts.take(host, now) {
                // What others have used up is not told, nor counted, as if it were this one's doing.
                self.addresses.give_back(&address);
                self.addresses_at_hosts.give_back(&(address, host));
                return Err(Error::Busy { retry_after });
            }
            room.host = Some(host);
        }
        let Ok(place) = self.unknown.try_acquire() else {
            self.give_back(&room);
            return Err(Error::Busy { retry_after: WHILE_BUSY });
        };
        room.place = Some(place);
        Ok(room)
    }

    /// Gives back the room for what was not asked for.
    fn give_back(&self, room: &Room<'_>) {
        if let Some(address) = &room.address {
            self.addresses.give_back(address);
        }
        if let Some((address, host)) = room.address.zip(room.host) {
            self.addresses_at_hosts.give_back(&(address, host));
            self.hosts.give_back(&host);
        }
    }
}

/// The id under which a client with a document is kept: drawn from the URL alone, so that every node
/// and every root secret draws the same.
pub(crate) fn id_of(url: &DocumentUrl) -> ClientId {
    let hash = sha256(url.as_str().as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    ClientId::from_bytes(id)
}

/// The client that a URL names, as its document says now.
pub(crate) async fn find(
    service: &Service,
    client_id: &str,
    sender: Option<&Sender>,
) -> Result<Client, DocumentError> {
    let url = DocumentUrl::parse(client_id).ok_or_else(|| {
        DocumentError::Refused(OAuthError::new(
            ErrorCode::InvalidClient,
            "client_id is a URL, and not one that names a client: https, a host in small letters, a path, \
             and nothing else",
        ))
    })?;
    let id = id_of(&url);
    let read = move |tx: &mut Tx<'_>| {
        Ok((store::clients::find(tx, id)?, store::clients::standing(tx, id)?))
    };
    let (there, standing) = service.store.read(read).await.map_err(Error::from)?;
    let let_in = there.clone().zip(standing.map(|standing| standing.used_at));
    let metadata = document(service, &url, sender, let_in).await?;
    Ok(Client {
        id,
        metadata: (*metadata).clone(),
        created_at: there.as_ref().map_or_else(|| service.now(), |there| there.created_at),
        disabled_at: there.as_ref().and_then(|there| there.disabled_at),
        verified_at: there.as_ref().and_then(|there| there.verified_at),
        owned: None,
        document: Some(url),
    })
}

/// Why there is no client.
pub(crate) enum DocumentError {
    /// The document is not there, or is none.
    Refused(OAuthError),
    /// It would be asked for, and cannot be at the moment.
    Failed(Error),
}

impl From<Error> for DocumentError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What the document says: as it was fetched not long ago, as it is fetched now, or, where that cannot be, as it was
/// known before. `let_in` is the client as somebody last let it in, and when.
async fn document(
    service: &Service,
    url: &DocumentUrl,
    sender: Option<&Sender>,
    let_in: Option<(Client, Timestamp)>,
) -> Result<Arc<ClientMetadata>, DocumentError> {
    let (documents, now) = (&service.client_documents, service.now());
    let kept = documents.known.get(url);
    if let Some(known) = kept.as_ref().filter(|known| now < known.until) {
        return known.said.clone().map_err(DocumentError::Refused);
    }
    let is_known = let_in.is_some();
    let lately = |at: Timestamp| now < at.plus(LAST_WORDS);
    // A request that is on its way began with it, minutes ago.
    if let Some(Known { asked_at, said: Ok(said), .. }) = &kept
        && sender.is_none()
        && lately(*asked_at)
    {
        return Ok(said.clone());
    }
    let kept = kept.filter(|known| lately(known.asked_at)).map(|known| known.said);
    let let_in = let_in.filter(|(_, at)| lately(*at)).map(|(client, _)| Arc::new(client.metadata));
    let room = documents.room(url, (sender, is_known), now);
    let fetched = match room {
        Ok(room) => fetch(service, url, &room).await,
        Err(error) => Err(error),
    };
    match (fetched, kept) {
        (Ok(said), _) => said.map_err(DocumentError::Refused),
        (Err(_), Some(Ok(said))) => Ok(said),
        // What failed the last time it was asked is not what it said before that.
        (Err(error), Some(Err(_))) => Err(DocumentError::Failed(error)),
        (Err(error), None) => let_in.ok_or(DocumentError::Failed(error)),
    }
}

/// Asks for it, and keeps what comes of that; an error when there is no room to ask.
async fn fetch(
    service: &Service,
    url: &DocumentUrl,
    room: &Room<'_>,
) -> Result<Result<Arc<ClientMetadata>, OAuthError>, Error> {
    let (documents, now) = (&service.client_documents, service.now());
    let wanted = Wanted {
        url: url.as_str(),
        may_be_plain: false,
        redirects: 0,
        types: &["application/json", "application/cimd+json"],
        max_bytes: MAX_BYTES,
        deadline: DEADLINE,
        along: Along::default(),
    };
    let (said, kept) = match documents.fetcher.fetch(&wanted).await {
        Err(FetchError::Busy) => {
            documents.give_back(room);
            return Err(Error::Busy { retry_after: WHILE_BUSY });
        }
        Err(error) => {
            tracing::info!(%error, host = url.host(), "a client document was not fetched");
            let text = format!("the document at client_id cannot be used: {error}");
            (Err(OAuthError::new(ErrorCode::InvalidClient, text)), FAILED)
        }
        Ok(fetched) => {
            let schemes = service.settings.schemes();
            let read = client_document::parse(url, &fetched.body, clients::rules(&schemes));
            let kept = fetched.max_age.unwrap_or(KEPT[0]).clamp(KEPT[0], KEPT[1]);
            match read {
                Ok(metadata) => (Ok(Arc::new(metadata)), kept),
                Err(error) => {
                    let text = format!("the document at client_id: {}", error.description);
                    (Err(OAuthError::new(ErrorCode::InvalidClient, text)), FAILED)
                }
            }
        }
    };
    // By the time at which it was asked: what takes long is not newer for that.
    let known = Known { said: said.clone(), asked_at: now, until: now.plus(kept) };
    documents.known.insert(url.clone(), known);
    Ok(said)
}
