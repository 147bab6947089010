//! API keys that leaked: told by a secret scanner, or by anybody who has the whole key. Each is revoked, its
//! owner gets a mail, and the audit says why.
//!
//! 1. A scanner's alert is looked at only with its signature over the whole body (`scanner_keys`), and read
//!    within bounds (`alert`). Whoever reports a key by itself proves by having it that it is in wrong hands.
//! 2. What is no key by its checksum, nor looks like one that was imported, costs no query. The rest costs one look each.
//! 3. Each key is revoked in a transaction of its own, with record and mail. One that was revoked before is no
//!    news, so the same alert as often as it may come changes nothing and sends nothing.
//! 4. Nobody is told whose a key is, what it is called or what it could do: only what they could have found out
//!    by using it.

use std::collections::HashSet;

use aws_lc_rs::digest::{SHA256, digest};
use bloom_domain::api_keys::{ApiKey, KeyHint, ShapeError};
use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::email::Email;
use bloom_domain::leaks::{Exposure, Place};
use bloom_domain::mail::leaked_key;
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use serde_json::json;
use store::api_keys::FoundApiKey;
use store::{Change, Tx};

use crate::audit::{Author, Difference};
use crate::authenticate::find_by_hash;
use crate::key_shapes::{self, Candidate};
use crate::keyring::SecretHash;
use crate::refusals::Refused;
use crate::{Error, Service, api_keys, attempts, mail, root_secret};

mod alert;
mod scanner_keys;

use alert::Match;
pub use alert::{MAX_BYTES, MAX_MATCHES};
pub use scanner_keys::ScannerKeys;

/// How many keys are looked for at a stretch: other requests go between two.
const STRETCH: usize = 100;

/// Why an alert was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertError {
    /// No secret scanner tells of keys here: none is configured.
    Off,
    /// It is not signed as it must be; says why.
    Unsigned(&'static str),
    /// It is signed, and cannot be read; says why.
    Unreadable(String),
    /// It names more than is looked at.
    TooMany,
    /// The server failed. What it has done by then stays done, and is no news the next time.
    Failed(Error),
}

impl From<Error> for AlertError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What a match of a scanner turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// SHA-256 of what was found, in hexadecimal: nobody is sent a secret.
    pub token_hash: String,
    /// What the scanner calls its kind.
    pub kind: String,
    /// Whether it is or was a key of this server.
    pub is_ours: bool,
}

/// What a report of a key comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// The key is refused from now on, or was before.
    Revoked,
    /// It has the form of a key, and none of this server has it.
    Unknown,
    /// It is no whole key.
    NotAKey(ShapeError),
}

/// Takes an alert of the secret scanner. `anonymous`: what proves the scanner is its signature. The matches
/// are judged in their order.
///
/// # Errors
/// [`AlertError`] says why it was not taken.
pub async fn anonymous_alert(
    service: &Service,
    identifier: Option<&str>,
    signature: Option<&str>,
    body: &[u8],
    sender: &Sender,
) -> Result<Vec<Judged>, AlertError> {
    let keys = service.settings.scanner_keys.as_ref().ok_or(AlertError::Off)?;
    if let Err(why) = keys.check(identifier, signature, body) {
        service.refused_alerts.note((), Refused::by_server(service.now(), sender));
        return Err(AlertError::Unsigned(why));
    }
    let matches = alert::read(body)?;
    let leaks = find_all(service, &matches).await?;
    for leak in &leaks {
        // The reason tells that it was the scanner; where its request came from says nothing more.
        revoke(service, leak, Author::here(service, Actor::Server)?).await?;
    }
    let ours: HashSet<_> = leaks.iter().map(|leak| leak.what.hash).collect();
    Ok(matches.into_iter().map(|one| judged(one, &ours)).collect())
}

/// Takes a report of a key from whoever has it. `anonymous`: having the key is the proof.
///
/// # Errors
/// [`Error::TooMany`] after many reports from one address that named no key of this server.
pub async fn anonymous_report(
    service: &Service,
    key: &str,
    sender: &Sender,
) -> Result<Report, Error> {
    let was_news = |(_, is_news): &(Report, bool)| *is_news;
    let report = report(service, key, sender);
    let (report, _) = attempts::limit_report(service, sender.address, was_news, report).await?;
    Ok(report)
}

/// What it comes to, and whether that is news.
async fn report(service: &Service, key: &str, sender: &Sender) -> Result<(Report, bool), Error> {
    let candidate = match key_shapes::read(service, key.trim()).await? {
        Ok(candidate) => candidate,
        Err(why) => return Ok((Report::NotAKey(why), false)),
    };
    let wanted = vec![Wanted::new(candidate, Exposure::Reported)];
    let Some(leak) = look_for(service, wanted).await?.pop() else {
        return Ok((Report::Unknown, false));
    };
    let author = Author::new(service, Actor::Anybody, sender)?;
    Ok(match revoke(service, &leak, author).await? {
        Revoked::Now => (Report::Revoked, true),
        Revoked::Before => (Report::Revoked, false),
        Revoked::OtherSecret => (Report::Unknown, false),
    })
}

/// A secret that leaked, whose ever it is.
#[derive(Clone)]
struct Wanted {
    hash: SecretHash,
    hint: KeyHint,
    how: Exposure,
}

impl Wanted {
    fn new(candidate: Candidate, how: Exposure) -> Self {
        Self { hash: candidate.hash(), hint: candidate.hint(), how }
    }
}

/// One of a key of this server.
struct Leak {
    what: Wanted,
    key: ApiKey,
    owner: Email,
    /// Whether the key is revoked or expired, so that there is nothing left to do.
    is_over: bool,
}

/// What became of a key that leaked.
enum Revoked {
    Now,
    Before,
    /// It has another secret by now, and stays good: what leaked opens nothing.
    OtherSecret,
}

/// The keys of this server among the matches, each once, with the first place it was found at.
async fn find_all(service: &Service, matches: &[Match]) -> Result<Vec<Leak>, Error> {
    let (mut seen, mut wanted) = (HashSet::new(), Vec::new());
    for one in matches {
        let Ok(candidate) = key_shapes::read(service, &one.token).await? else { continue };
        let place = one.url.as_deref().and_then(Place::parse);
        let what = Wanted::new(candidate, Exposure::Found { place });
        if seen.insert(what.hash) {
            wanted.push(what);
        }
    }
    let mut leaks = Vec::new();
    for stretch in wanted.chunks(STRETCH) {
        leaks.extend(look_for(service, stretch.to_vec()).await?);
    }
    Ok(leaks)
}

/// Those of some secrets that are of keys of this server.
async fn look_for(service: &Service, wanted: Vec<Wanted>) -> Result<Vec<Leak>, Error> {
    let (keyring, now) = (service.keyring.load_full(), service.now());
    let look = move |tx: &mut Tx<'_>| {
        let (mut leaks, count) = (Vec::new(), wanted.len());
        for what in wanted {
            let found = find_by_hash(tx, &keyring, &what.hash)?;
            let Some(found) = found.filter(|found| is_good(found, now)) else { continue };
            if let Some(key) = store::api_keys::find(tx, found.account.id, found.id)? {
                leaks.push(Leak {
                    what,
                    is_over: !key.works(now),
                    key,
                    owner: found.account.email,
                });
            }
        }
        // Before anything is called unknown.
        match leaks.len() < count {
            true => Ok(root_secret::check(tx, &keyring)?.map(|()| leaks)),
            false => Ok(Ok(leaks)),
        }
    };
    service.store.read(look).await?
}

/// Whether a secret is still one of the key's: the one that it had before its rotation is for a while only.
fn is_good(found: &FoundApiKey, now: Timestamp) -> bool {
    found.old_until.is_none_or(|until| until > now)
}

/// Revokes a key, unless it was before.
async fn revoke(service: &Service, leak: &Leak, author: Author) -> Result<Revoked, Error> {
    if leak.is_over {
        return Ok(Revoked::Before);
    }
    let Leak { what: Wanted { hash, hint, how }, key, owner, .. } = leak;
    let (hash, origin) = (*hash, &service.settings.origin);
    let mail = mail::write(service, &leaked_key(owner.clone(), &key.name, hint, how, origin))?;
    let (id, account, now, by) = (key.id, key.account, service.now(), how.revoked_by());
    let after = json!({
        "reason": by.as_str(),
        "found_at": how.place().map(Place::as_str),
    });
    let difference = Difference { before: api_keys::named(key), after };
    let keyring = service.keyring.load_full();
    let write = move |tx: &mut Tx<'_>| {
        if !store::api_keys::revoke(tx, account, id, now, by)? {
            return Ok(Revoked::Before);
        }
        // Nobody else changes the key any more, but somebody may have since it was looked for.
        let found = find_by_hash(tx, &keyring, &hash)?;
        if found.is_none_or(|found| found.id != id || !is_good(&found, now)) {
            tx.abandon();
            return Ok(Revoked::OtherSecret);
        }
        author.record(tx, Action::ApiKeyRevoked, Subject::ApiKey(id), account, difference);
        mail::queue(tx, &mail)?;
        tx.changed(Change::ApiKey(id));
        Ok(Revoked::Now)
    };
    Ok(service.store.write(write).await?)
}

fn judged(one: Match, ours: &HashSet<SecretHash>) -> Judged {
    let mut hash = SecretHash::default();
    hash.copy_from_slice(digest(&SHA256, one.token.as_bytes()).as_ref());
    let token_hash = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    // The hash of a key is that of its text.
    Judged { token_hash, kind: one.kind, is_ours: ours.contains(&hash) }
}
