//! An authorization request between the app's link and the person's answer: sealed, in the browser's
//! hands, and looked at anew at each step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bloom_domain::access::{Access, ScopeSet};
use bloom_domain::clients::Client;
use bloom_domain::connections::{Consent, Version};
use bloom_domain::ids::AccountId;
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_oauth::authorization::AuthorizationRequest;
use bloom_oauth::client_document;
use bloom_oauth::error::OAuthError;
use bloom_oauth::redirect_uri::RedirectUri;
use bloom_oauth::scope::Scopes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::authorization::Refusal;
use crate::client_documents::{self, DocumentError};
use crate::{Error, Service, SignedIn, access_tokens, clients, keyring, sealed, tokens};

/// How long a person has from the app's request to their answer.
const LIFETIME: Duration = Duration::from_secs(600);
/// For how long after the request its question could be answered on any node, and a little more: their clocks
/// differ.
pub(crate) const QUESTION_KEPT: Duration = Duration::from_secs(660);
/// What a sealed request is sealed for.
pub(crate) const REQUEST: &[u8] = b"authorization request";
/// What a sealed question is sealed for.
pub(crate) const QUESTION: &[u8] = b"consent question";

/// A checked request on its way.
#[derive(Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) request: AuthorizationRequest,
    /// Microseconds since the epoch.
    pub(crate) asked_at: i64,
    /// Whom the app expects, by an id token of theirs that it brought along.
    pub(crate) expected: Option<[u8; 16]>,
    /// What somebody had chosen when their session ended.
    #[serde(default)]
    pub(crate) typed: Option<Typed>,
}

/// What was chosen on the page and did not count, to be filled in again.
#[derive(Serialize, Deserialize)]
pub(crate) struct Typed {
    /// By whom; it is shown to nobody else, who would take it for what they are advised to choose.
    pub(crate) account: [u8; 16],
    /// The fields as they were typed; none when they were too long.
    pub(crate) fields: BTreeMap<String, String>,
}

/// A question on its way, with what its answer is bound to.
#[derive(Serialize, Deserialize)]
pub(crate) struct Put {
    pub(crate) pending: Pending,
    pub(crate) account: [u8; 16],
    pub(crate) grant: [u8; 16],
    /// What stands for the client as the person was shown it.
    pub(crate) version: Option<Version>,
    /// Until when they had let the client in, as they were shown: microseconds since the epoch.
    pub(crate) ends_at: Option<i64>,
}

/// A request whose client and redirect URI are known.
pub(crate) struct Known {
    pub(crate) pending: Pending,
    pub(crate) client: Client,
    pub(crate) redirect: RedirectUri,
}

impl Pending {
    /// A checked request, just now. A hint that no key of ours signed names nobody: its person may have been
    /// away for longer than the keys are kept. One that has ended names them all the same.
    pub(crate) fn new(service: &Service, request: AuthorizationRequest) -> Self {
        let hint = request.id_token_hint.as_deref();
        let hint = hint.and_then(|token| access_tokens::read_hint(service, token));
        let expected = hint.and_then(|hint| hint.sub.parse().ok());
        let expected = expected.map(|id: AccountId| *id.as_bytes());
        Self { request, asked_at: service.now().unix_micros(), expected, typed: None }
    }

    /// Whether a session is as recent as the request wants it, and of whom it wants (OpenID Connect Core
    /// §3.1.2.1).
    pub(crate) fn is_content_with(&self, person: &SignedIn, now: Timestamp) -> bool {
        let AuthorizationRequest { prompt, max_age, .. } = &self.request;
        // "max_age=0 [...] is the same as prompt=login".
        let is_young = |most: u64| most > 0 && now.since(person.signed_in_at()).as_secs() <= most;
        let is_recent = !prompt.login && !prompt.create && max_age.is_none_or(is_young);
        self.is_about(person) && (is_recent || self.came_after(person))
    }

    /// Whether nothing may be asked and the hint names nobody, so that it cannot be told whether the person that the app
    /// means is the one who is signed in. "If the End-User identified by the ID Token is already logged in [...], then
    /// the Authorization Server returns a positive response; otherwise, it MUST return an error, such as login_required"
    /// (OpenID Connect Core §3.1.2.1).
    pub(crate) fn cannot_tell_whom(&self) -> bool {
        let AuthorizationRequest { prompt, id_token_hint, .. } = &self.request;
        prompt.none && id_token_hint.is_some() && self.expected.is_none()
    }

    /// Whether somebody has just signed in for this request, and is another than the app expects: to ask
    /// once more would lead nowhere.
    pub(crate) fn met_another(&self, person: &SignedIn) -> bool {
        self.came_after(person) && !self.is_about(person)
    }

    fn came_after(&self, person: &SignedIn) -> bool {
        person.signed_in_at() >= Timestamp::from_unix_micros(self.asked_at)
    }

    fn is_about(&self, person: &SignedIn) -> bool {
        self.expected.is_none_or(|id| person.account().id == AccountId::from_bytes(id))
    }
}

impl Known {
    /// What the request asks a person to agree to. One that names no scope asks for its client's; one
    /// that names no Bloom scope asks for its client's Bloom scopes, or for all access. What a client is
    /// registered with stands in for what it leaves out and bounds nothing: what it gets is what the person
    /// reads on the page and agrees to.
    pub(crate) fn consent(&self) -> Consent {
        let registered = Scopes::parse(&self.client.metadata.scope).unwrap_or_default();
        let asked = Scopes::parse(&self.pending.request.scope).unwrap_or_default();
        let access =
            Access::requested(ScopeSet::among(asked.iter()), ScopeSet::among(registered.iter()));
        let scopes = if asked.is_empty() { registered } else { asked };
        Consent::asked(access, scopes, &self.redirect, version(&self.client))
    }
}

/// What stands for a client's metadata, when it is one that can change.
pub(crate) fn version(client: &Client) -> Option<Version> {
    if !client.can_change() {
        return None;
    }
    // A struct of strings always serializes, its members in a fixed order.
    let metadata = serde_json::to_vec(&client.metadata).unwrap_or_default();
    Some(keyring::sha256(&metadata))
}

/// The client and the registered redirect URI that a request names. A document may be fetched for that,
/// and counts for the sender.
pub(crate) async fn find_client(
    service: &Service,
    (client_id, redirect_uri): (&str, &str),
    sender: Option<&Sender>,
) -> Result<(Client, RedirectUri), Refusal> {
    let client = if client_document::is_url(client_id) {
        client_documents::find(service, client_id, sender).await.map_err(|error| match error {
            DocumentError::Refused(error) => Refusal::Untrusted(error),
            DocumentError::Failed(error) => Refusal::Failed(error),
        })?
    } else {
        let client = clients::find(service, client_id).await?;
        let client = client.ok_or_else(|| Refusal::Untrusted(tokens::unknown_client()))?;
        Arc::unwrap_or_clone(client)
    };
    if client.is_refused() {
        return Err(Refusal::AppRefused);
    }
    let redirect = client.redirect(redirect_uri, &service.settings.schemes());
    let redirect = redirect.ok_or_else(|| {
        Refusal::Untrusted(OAuthError::invalid_request(
            "redirect_uri is not one of those that the client registered; they are compared byte by \
             byte, but for the port of a loopback address",
        ))
    })?;
    Ok((client, redirect))
}

/// A request that was on its way, with its client as it is now.
pub(crate) async fn find(service: &Service, pending: Pending) -> Result<Known, Refusal> {
    let asked_at = Timestamp::from_unix_micros(pending.asked_at);
    if service.now() >= asked_at.plus(LIFETIME) {
        return Err(Refusal::Expired);
    }
    let request = &pending.request;
    let (client, redirect) =
        find_client(service, (&request.client_id, &request.redirect_uri), None).await?;
    Ok(Known { pending, client, redirect })
}

pub(crate) fn seal<T: Serialize>(
    service: &Service,
    purpose: &[u8],
    value: &T,
) -> Result<String, Error> {
    let keyring = service.keyring.load();
    let key = keyring.authorization_request_seals().next();
    sealed::seal(key, &service.entropy, purpose, value)
}

pub(crate) fn open<T: DeserializeOwned>(
    service: &Service,
    purpose: &[u8],
    sealed: &str,
) -> Option<T> {
    let keyring = service.keyring.load();
    sealed::open(keyring.authorization_request_seals(), purpose, sealed)
}
