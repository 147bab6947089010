//! Mails: written with the change that they tell of, sent afterwards, at least once.
//!
//! 1. A verb asks `require` whether mail can be sent now, when a person waits for it.
//! 2. It writes the mail in the transaction of the change (`queue`), sealed: a mail may carry a link that
//!    is a secret.
//! 3. After the COMMIT the [`worker`] of some node takes it, hands it to the [`Mailer`] and deletes the row.
//!    What fails is tried again; what fails for a day, or is refused for good, is given up.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bloom_domain::email::Email;
use bloom_domain::ids::MailId;
use bloom_domain::mail::{self, Mail};
use bloom_domain::time::Timestamp;
use bloom_store::{self as store, Change, Tx};
use serde::{Deserialize, Serialize};
use store::mails::StoredMail;
use tokio::sync::Notify;

use crate::{Error, Operator, Service, sealed};

pub mod worker;

const PURPOSE: &[u8] = b"mail ";

/// The port to the outside: where mails are handed over.
pub trait Mailer: Send + Sync {
    /// Hands a letter over, and says where it is now. A letter that was handed over before may come
    /// again; its id is the same then.
    fn deliver<'a>(&'a self, letter: &'a Letter) -> Answer<'a, String>;

    /// Whether letters go no further by themselves, so that somebody has to pass them on.
    fn is_by_hand(&self) -> bool;

    /// Whether a letter would be taken now, as far as can be told without one.
    fn check(&self) -> Answer<'_, ()>;
}

/// What a [`Mailer`] says in its time. It comes to an end by itself, whatever the other side does.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, MailError>> + Send + 'a>>;

/// A mail with what it keeps however often it is tried.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its name in the world.
    pub id: MailId,
    /// When it was written.
    pub written_at: Timestamp,
    /// What is in it.
    pub mail: Mail,
}

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailError {
    /// Whether this mail will never be taken; else it may be later.
    pub is_final: bool,
    /// The reason, fit for the log: nothing of the mail is in it.
    pub cause: String,
    /// What the other side said. It may repeat the mail, so it is for the operator who wrote it only.
    pub said: String,
}

impl MailError {
    /// It may be taken later.
    #[must_use]
    pub fn for_now(cause: impl Into<String>) -> Self {
        Self { is_final: false, cause: cause.into(), said: String::new() }
    }

    /// It will never be taken.
    #[must_use]
    pub fn for_good(cause: impl Into<String>) -> Self {
        Self { is_final: true, ..Self::for_now(cause) }
    }
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cause)
    }
}

impl std::error::Error for MailError {}

/// What a service keeps of its mails.
pub(crate) struct Post {
    mailer: Arc<dyn Mailer>,
    /// Told when a mail was written, by this node or another.
    written: Arc<Notify>,
    delivered: AtomicU64,
    failed: AtomicU64,
    given_up: AtomicU64,
}

impl Post {
    pub(crate) fn through(mailer: Arc<dyn Mailer>) -> Self {
        Self {
            mailer,
            written: Arc::new(Notify::new()),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
        }
    }

    /// What to call after each COMMIT.
    pub(crate) fn bell(&self) -> impl Fn(&Change) + Send + Sync + 'static {
        let written = self.written.clone();
        move |change| {
            // After a time of not hearing the others there may be a mail of theirs.
            if matches!(change, Change::Mail | Change::Everything) {
                written.notify_one();
            }
        }
    }
}

/// How mails fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// How many wait.
    pub waiting: i64,
    /// Since when the longest waits.
    pub oldest: Option<Timestamp>,
    /// How many this process has delivered.
    pub delivered: u64,
    /// How many attempts of this process have failed.
    pub failed: u64,
    /// How many mails this process has given up.
    pub given_up: u64,
}

/// Sends a test mail at once, past the queue, and says where it is now.
///
/// # Errors
/// [`MailError`] tells the operator why it was not taken.
pub async fn send_test(
    service: &Service,
    _operator: &Operator,
    to: Email,
) -> Result<String, MailError> {
    let (id, now) = name(service).map_err(|error| MailError::for_now(error.to_string()))?;
    let mail = mail::test(to, &service.settings.origin);
    service.post.mailer.deliver(&Letter { id, written_at: now, mail }).await
}

/// Writes a test mail that is sent as the server's own are.
///
/// # Errors
/// [`Error::MailUnavailable`] when no mail can be sent now.
pub async fn queue_test(service: &Service, _operator: &Operator, to: Email) -> Result<(), Error> {
    require(service).await?;
    let mail = write(service, &mail::test(to, &service.settings.origin))?;
    Ok(service.store.write(move |tx| queue(tx, &mail)).await?)
}

/// How mails fare.
///
/// # Errors
/// When the database cannot be read.
pub async fn status(service: &Service, _operator: &Operator) -> Result<Status, Error> {
    let (waiting, oldest) = service.store.read(store::mails::count).await?;
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let Post { delivered, failed, given_up, .. } = &service.post;
    let (delivered, failed, given_up) = (count(delivered), count(failed), count(given_up));
    Ok(Status { waiting, oldest, delivered, failed, given_up })
}

/// Refuses what needs a mail while none can be sent. Asked before anything is done for a person who
/// waits for the mail; it takes as long as the mail server takes to say hello.
///
/// # Errors
/// [`Error::MailUnavailable`].
pub(crate) async fn require(service: &Service) -> Result<(), Error> {
    let check = service.post.mailer.check().await;
    check.map_err(|error| Error::MailUnavailable(error.cause))
}

/// Whether mails stay on this machine, so that somebody has to pass on what is in them.
#[must_use]
pub fn anonymous_is_by_hand(service: &Service) -> bool {
    is_passed_on_by_hand(service)
}

/// The same, for verbs.
pub(crate) fn is_passed_on_by_hand(service: &Service) -> bool {
    service.post.mailer.is_by_hand()
}

/// Seals a mail for [`queue`].
pub(crate) fn write(service: &Service, mail: &Mail) -> Result<StoredMail, Error> {
    let (id, now) = name(service)?;
    let content = Content {
        to: mail.to().as_str().to_owned(),
        subject: mail.subject().to_owned(),
        text: mail.text().to_owned(),
    };
    // Three texts always serialize.
    let plain = serde_json::to_vec(&content).unwrap_or_default();
    let keyring = service.keyring.load();
    let seal = keyring.mail_seals().next();
    let sealed = sealed::seal_bytes(seal, &service.entropy, &purpose(id), &plain)?;
    Ok(StoredMail { id, sealed, written_at: now, attempts: 0 })
}

/// Writes a mail in the transaction of the change that it tells of.
pub(crate) fn queue(tx: &mut Tx<'_>, mail: &StoredMail) -> Result<(), store::Error> {
    store::mails::insert(tx, mail)?;
    tx.changed(Change::Mail);
    Ok(())
}

/// A mail that was read back; `None` when no root secret at hand has sealed it.
fn open(service: &Service, stored: &StoredMail) -> Option<Letter> {
    let keyring = service.keyring.load();
    let plain = sealed::open_bytes(keyring.mail_seals(), &purpose(stored.id), &stored.sealed)?;
    let content: Content = serde_json::from_slice(&plain).ok()?;
    let to = Email::parse(&content.to).ok()?;
    let mail = Mail::new(to, &content.subject, &content.text);
    Some(Letter { id: stored.id, written_at: stored.written_at, mail })
}

/// Bound to the row, so that no mail can be put in the place of another.
fn purpose(id: MailId) -> Vec<u8> {
    [PURPOSE, id.as_bytes()].concat()
}

fn name(service: &Service) -> Result<(MailId, Timestamp), Error> {
    let now = service.now();
    Ok((MailId::new(now, &service.entropy.draw()?), now))
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    to: String,
    subject: String,
    text: String,
}
