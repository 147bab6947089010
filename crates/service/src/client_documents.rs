//! Clients whose `client_id` is a URL (OAuth Client ID Metadata Document).
//!
//! The document is fetched while somebody is at the authorization endpoint, and at no other time: what it
//! said when they agreed stands with the grant, and the tokens go by that. A stranger chooses the URL, so
//! fetching is limited: for an address, for a host, and for all together (in the fetcher); what was
//! fetched is kept for five minutes at least, and what failed for a minute, so that a link that is opened
//! again and again is one request to the other side.

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
/// How many documents somebody may make this server fetch, by address.
const OF_AN_ADDRESS: Option<RateLimit> = RateLimit::within(20, Duration::from_secs(60));
/// How many are fetched from one host.
const OF_A_HOST: Option<RateLimit> = RateLimit::within(10, Duration::from_secs(60));

/// What this node knows of documents.
pub(crate) struct ClientDocuments {
    fetcher: Arc<dyn Fetcher>,
    known: Cache<DocumentUrl, Known>,
    addresses: Counter<AddressBlock>,
    hosts: Counter<[u8; 16]>,
}

#[derive(Clone)]
struct Known {
    said: Result<Arc<ClientMetadata>, OAuthError>,
    until: Timestamp,
}

impl ClientDocuments {
    pub(crate) fn through(fetcher: Arc<dyn Fetcher>) -> Self {
        Self {
            fetcher,
            known: Cache::new(CAPACITY),
            addresses: Counter::new(OF_AN_ADDRESS),
            hosts: Counter::new(OF_A_HOST),
        }
    }

    /// Gives back the memory of what counts no more.
    pub(crate) fn sweep(&self, now: Timestamp) {
        self.addresses.sweep(now);
        self.hosts.sweep(now);
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
    let there = service.store.read(move |tx| store::clients::find(tx, id)).await;
    let there = there.map_err(Error::from)?;
    let metadata = document(service, &url, sender).await?;
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
    /// It would be looked for, and too many were already.
    Failed(Error),
}

impl From<Error> for DocumentError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

async fn document(
    service: &Service,
    url: &DocumentUrl,
    sender: Option<&Sender>,
) -> Result<Arc<ClientMetadata>, DocumentError> {
    let (documents, now) = (&service.client_documents, service.now());
    if let Some(known) = documents.known.get(url).filter(|known| now < known.until) {
        return known.said.map_err(DocumentError::Refused);
    }
    let too_many = |retry_after| DocumentError::Failed(Error::TooMany { retry_after });
    if let Some(sender) = sender {
        documents.addresses.take(AddressBlock::of(sender.address), now).map_err(too_many)?;
    }
    let mut host = [0; 16];
    host.copy_from_slice(&sha256(url.host().as_bytes())[..16]);
    documents.hosts.take(host, now).map_err(too_many)?;
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
        Err(FetchError::Busy) => return Err(too_many(Duration::from_secs(1))),
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
    let known = Known { said: said.clone(), until: now.plus(kept) };
    documents.known.insert(url.clone(), known);
    said.map_err(DocumentError::Refused)
}
