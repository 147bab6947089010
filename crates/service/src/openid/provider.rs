//! The provider itself: its document and keys, kept for a while, and what is asked of it.

use std::sync::Arc;
use std::time::Duration;

use bloom_domain::attempts::AddressBlock;
use bloom_domain::rate_window::RateLimit;
use bloom_domain::time::Timestamp;
use bloom_oauth::openid::id_token::{self, Expected, IdTokenError, Person, Profile};
use bloom_oauth::openid::keys::ProviderKeys;
use bloom_oauth::openid::{self, ProviderMetadata, TokenAnswer};
use tokio::sync::Mutex;

use super::{Asked, ProviderSettings, Refused, redirect_uri};
use crate::attempts::Counter;
use crate::fetch::{Along, FetchError, Fetched, Fetcher, Nothing, Wanted};
use crate::{Error, Service, access_tokens};

/// The largest answer.
const MAX_BYTES: usize = 256 * 1024;
/// How long an answer may take: a person waits.
const DEADLINE: Duration = Duration::from_secs(8);
/// For how long document and keys are kept, at least and at most, and for how long a failure is.
const KEPT: [Duration; 2] = [Duration::from_secs(300), Duration::from_secs(86_400)];
const FAILED: Duration = Duration::from_secs(5);
/// A key that is not known has the keys fetched anew, at most this often.
const AGAIN: Duration = Duration::from_secs(60);
/// How many answers of one address are looked at: each may cost the provider a request.
const OF_AN_ADDRESS: Option<RateLimit> = RateLimit::within(120, Duration::from_secs(60));
const TYPES: &[&str] = &["application/json", "application/jwk-set+json"];

/// What this node knows of the provider.
pub(crate) struct Provider {
    fetcher: Arc<dyn Fetcher>,
    known: Mutex<Option<Known>>,
    pub(super) answers: Counter<AddressBlock>,
}

struct Known {
    found: Result<Arc<Found>, String>,
    at: Timestamp,
    until: Timestamp,
}

/// What a provider says of itself, and its keys.
pub(super) struct Found {
    pub(super) metadata: ProviderMetadata,
    keys: ProviderKeys,
}

/// What the provider told of somebody.
pub(super) struct Told {
    pub(super) person: Person,
    found: Arc<Found>,
    access_token: String,
}

impl Provider {
    pub(crate) fn through(fetcher: Arc<dyn Fetcher>) -> Self {
        Self { fetcher, known: Mutex::new(None), answers: Counter::new(OF_AN_ADDRESS) }
    }

    /// None that can be asked.
    pub(crate) fn none() -> Self {
        Self::through(Arc::new(Nothing))
    }

    /// Gives back the memory of what counts no more.
    pub(crate) fn sweep(&self, now: Timestamp) {
        self.answers.sweep(now);
    }

    async fn fetch(
        &self,
        url: &str,
        may_be_plain: bool,
        along: Along<'_>,
    ) -> Result<Fetched, FetchError> {
        let wanted = Wanted {
            url,
            may_be_plain,
            redirects: 0,
            types: TYPES,
            max_bytes: MAX_BYTES,
            deadline: DEADLINE,
            along,
        };
        self.fetcher.fetch(&wanted).await
    }
}

/// The provider as it is known; fetched anew when that was long ago, or when what is known is `worthless`, which
/// counts once a minute. Whoever comes meanwhile waits for the one who fetches.
pub(super) async fn find(
    service: &Service,
    settings: &ProviderSettings,
    worthless: Option<&Arc<Found>>,
) -> Result<Arc<Found>, Error> {
    let mut known = service.openid.known.lock().await;
    let now = service.now();
    let is_good = |known: &&Known| {
        let is_worthless = match (&known.found, worthless) {
            (Ok(found), Some(worthless)) => Arc::ptr_eq(found, worthless),
            _ => false,
        };
        now < known.until && !(is_worthless && now >= known.at.plus(AGAIN))
    };
    if let Some(known) = known.as_ref().filter(is_good) {
        return known.found.clone().map_err(|why| Refused::Unreachable(why).into());
    }
    let (found, kept) = match fetch(service, settings).await {
        Ok((found, kept)) => (Ok(Arc::new(found)), kept),
        Err(why) => (Err(why), FAILED),
    };
    *known = Some(Known { found: found.clone(), at: now, until: now.plus(kept) });
    found.map_err(|why| Refused::Unreachable(why).into())
}

async fn fetch(
    service: &Service,
    settings: &ProviderSettings,
) -> Result<(Found, Duration), String> {
    let (provider, plain) = (&service.openid, settings.may_be_plain);
    let url = openid::discovery_url(&settings.issuer);
    let document = provider.fetch(&url, plain, Along::default()).await;
    let document = document.map_err(|error| format!("the document of the provider: {error}"))?;
    let metadata = ProviderMetadata::parse(&settings.issuer, &document.body, plain)
        .map_err(|error| format!("the document of the provider: {error}"))?;
    let keys = provider.fetch(&metadata.jwks_uri, plain, Along::default()).await;
    let keys = keys.map_err(|error| format!("the keys of the provider: {error}"))?;
    let kept = [&document, &keys].map(|fetched| fetched.max_age.unwrap_or(KEPT[0]));
    let kept = kept[0].min(kept[1]).clamp(KEPT[0], KEPT[1]);
    let keys = ProviderKeys::parse(&keys.body);
    let keys = keys.ok_or("the keys of the provider are no JWK Set")?;
    Ok((Found { metadata, keys }, kept))
}

/// Redeems a code (Core §3.1.3) and verifies what comes for it.
pub(super) async fn redeem(
    service: &Service,
    settings: &ProviderSettings,
    found: &Arc<Found>,
    (asked, code): (&Asked, &str),
) -> Result<Told, Error> {
    let redirect_uri = redirect_uri(service);
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri.as_str()),
        ("code_verifier", asked.verifier.as_str()),
    ];
    let mut basic = None;
    match &settings.secret {
        Some(secret) if !found.metadata.wants_secret_in_body => {
            basic = Some(openid::basic(&settings.client_id, &secret.0));
        }
        Some(secret) => {
            fields.extend([
                ("client_id", settings.client_id.as_str()),
                ("client_secret", secret.0.as_str()),
            ]);
        }
        None => fields.push(("client_id", settings.client_id.as_str())),
    }
    let form = openid::token_form(&fields);
    let along = Along { authorization: basic.as_deref(), form: Some(&form) };
    let url = &found.metadata.token_endpoint;
    let answer = service.openid.fetch(url, settings.may_be_plain, along).await;
    let answer = answer.map_err(|error| failed("the provider's token endpoint", &error))?;
    let answer = TokenAnswer::parse(&answer.body)
        .ok_or_else(|| Refused::Untrusted("the token endpoint gave no ID token".to_owned()))?;
    let read = |keys: &ProviderKeys| {
        let expected = Expected {
            issuer: &settings.issuer,
            client_id: &settings.client_id,
            nonce: &asked.nonce,
            access_token: &answer.access_token,
            asked_at: asked.seconds(),
            now: access_tokens::seconds(service.now()),
        };
        id_token::read(&answer.id_token, keys, expected)
    };
    let mut found = found.clone();
    let mut person = read(&found.keys);
    if person == Err(IdTokenError::UnknownKey) {
        found = find(service, settings, Some(&found)).await?;
        person = read(&found.keys);
    }
    let person = person.map_err(|error| Refused::Untrusted(format!("the ID token: {error}")))?;
    Ok(Told { person, found, access_token: answer.access_token })
}

/// What the provider tells of somebody: in the ID token, or else at its userinfo endpoint.
pub(super) async fn profile(
    service: &Service,
    settings: &ProviderSettings,
    told: &Told,
) -> Result<Profile, Error> {
    let profile = &told.person.profile;
    let endpoint = told.found.metadata.userinfo_endpoint.as_ref();
    let Some(url) = endpoint.filter(|_| profile.email.is_none()) else {
        return Ok(profile.clone());
    };
    let bearer = format!("Bearer {}", told.access_token);
    let along = Along { authorization: Some(&bearer), form: None };
    let answer = service.openid.fetch(url, settings.may_be_plain, along).await;
    let answer = answer.map_err(|error| failed("the provider's userinfo endpoint", &error))?;
    // "The sub Claim in the UserInfo Response MUST be verified to exactly match" (Core §5.3.2).
    let told = id_token::userinfo(&answer.body, &told.person.subject);
    told.ok_or_else(|| Refused::Untrusted("userinfo tells of somebody else".to_owned()).into())
}

fn failed(what: &str, error: &FetchError) -> Error {
    match error {
        FetchError::Busy => Error::Busy { retry_after: Duration::from_secs(1) },
        // A code that was used before, a secret that is wrong: the provider's word is in its own log.
        FetchError::Status(400 | 401) => Refused::Untrusted(format!("{what}: {error}")).into(),
        error => Refused::Unreachable(format!("{what}: {error}")).into(),
    }
}
