//! From a presented credential to the person it proves.
//!
//! The only place that knows what kinds of credential there are. What comes out, the
//! [`Principal`], is the same whatever came in, so both kinds have the same access by construction.
//!
//! 1. The shape is checked: junk costs a checksum, never a query.
//! 2. A verdict that still stands answers without a statement.
//! 3. Otherwise one statement finds key and account by the keyed digest; the verdict is kept with
//!    the point in the order of changes that stood *before* the statement.

use std::sync::Arc;

use bloom_domain::accounts::Account;
use bloom_domain::api_keys::{ApiKeySecret, ShapeError};
use bloom_domain::ids::{AccountId, ApiKeyId};
use bloom_domain::time::Timestamp;
use bloom_store as store;

use crate::keyring::{SecretHash, hash_api_key};
use crate::last_use::{LastUseSlot, LastUses};
use crate::rate_limit::SharedWindow;
use crate::verdicts::KeyVerdict;
use crate::{Error, Service};

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
    /// The credential is good; its account is suspended.
    AccountBanned,
    /// Who it is could not be found out.
    Failed(Error),
}

/// How a principal proved who they are. For limits, usage and audit; no authorization reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// By an API key.
    ApiKey(ApiKeyId),
}

/// A person, proven by a credential: the permission to ask for something in their name.
#[derive(Clone)]
pub struct Principal {
    verdict: Arc<KeyVerdict>,
    authenticated_at: Timestamp,
}

impl Principal {
    /// The account the credential acts for.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.verdict.account
    }

    /// The id of that account.
    #[must_use]
    pub fn account_id(&self) -> AccountId {
        self.verdict.account.id
    }

    /// How they proved it.
    #[must_use]
    pub fn via(&self) -> Via {
        Via::ApiKey(self.verdict.key)
    }

    /// When they did: the time of the request.
    #[must_use]
    pub fn authenticated_at(&self) -> Timestamp {
        self.authenticated_at
    }

    pub(crate) fn window(&self) -> &SharedWindow {
        &self.verdict.window
    }

    pub(crate) fn last_use(&self) -> &LastUseSlot {
        &self.verdict.last_use
    }
}

/// Finds out whom a presented credential acts for.
///
/// # Errors
/// [`Rejection`] says why it acts for nobody.
pub async fn authenticate(
    service: &Service,
    presented: Presented<'_>,
) -> Result<Principal, Rejection> {
    let text = match presented {
        Presented::Nothing => return Err(Rejection::NotPresented),
        Presented::ApiKey(text) | Presented::Bearer(text) => text,
    };
    let secret = ApiKeySecret::parse(text).map_err(Rejection::NotAnApiKey)?;
    let hash = hash_api_key(&secret);
    let now = service.now();
    let known = service.verdicts.find(&hash, now, service.store.hears_other_writers());
    let verdict = match known {
        Some(verdict) => verdict,
        None => find_api_key(service, hash, now).await?,
    };
    if verdict.is_revoked {
        return Err(Rejection::RevokedApiKey);
    }
    if verdict.account.state.is_banned() {
        return Err(Rejection::AccountBanned);
    }
    Ok(Principal { verdict, authenticated_at: now })
}

async fn find_api_key(
    service: &Service,
    hash: SecretHash,
    now: Timestamp,
) -> Result<Arc<KeyVerdict>, Rejection> {
    let as_of = service.verdicts.sequence();
    let digests = service.keyring.load().api_key_digests(&hash);
    let found = service
        .store
        .read(move |tx| {
            for digest in &digests {
                if let Some(found) = store::api_keys::find_by_digest(tx, digest)? {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        })
        .await
        .map_err(|error| Rejection::Failed(error.into()))?
        .ok_or(Rejection::UnknownApiKey)?;
    let verdict = Arc::new(KeyVerdict {
        key: found.id,
        is_revoked: found.is_revoked,
        account: found.account,
        window: service.windows.of(found.id),
        last_use: LastUses::slot(found.id),
        as_of,
        filled_at: now,
    });
    service.verdicts.keep(hash, verdict.clone());
    Ok(verdict)
}
