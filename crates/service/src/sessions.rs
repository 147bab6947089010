//! Browser sessions: signing in and out, and the token that a form carries.
//!
//! The cookie holds a secret that only its digest is stored of. Before sign-in the cookie is a secret
//! that nothing is stored of: it only binds forms to this browser, so a stranger leaves no trace.
//! At sign-in the browser gets a new one, so that a cookie planted before is worth nothing after.

use std::time::Duration;

use bloom_domain::accounts::{Account, AccountState};
use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::digest::Digest;
use bloom_domain::email::Email;
use bloom_domain::ids::{AccountId, SessionId};
use bloom_domain::passwords::Password;
use bloom_domain::secrets::OpaqueSecret;
use bloom_domain::senders::Sender;
use bloom_domain::sessions::{Session, SessionTimes};
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::{Change, Patience, Tx};

use crate::audit::{Author, Difference};
use crate::submissions::Submission;
use crate::{Error, Service, attempts, refusals};

pub mod ending;
pub mod proof;
pub mod ways;

/// How long a sign-in may wait for others to share its commit: beside the queue of passwords no person
/// notices it.
const PATIENCE: Patience =
    Patience { longest: Duration::from_millis(250), quiet: Duration::from_millis(250) };

/// A person at a browser who has signed in: the permission to manage their credentials.
pub struct SignedIn {
    account: Account,
    digest: Digest,
    session: SessionId,
    times: SessionTimes,
    sender: Sender,
    submission: Option<Submission>,
}

impl SignedIn {
    /// Who they are.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// When they signed in.
    #[must_use]
    pub fn signed_in_at(&self) -> Timestamp {
        self.times.created_at
    }

    /// Which of their sessions this is.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Whether they have proven lately that it is them.
    #[must_use]
    pub fn is_proven(&self, service: &Service) -> bool {
        self.times.is_proven(service.now())
    }

    /// Refuses what a browser that somebody left open must not be enough for.
    ///
    /// # Errors
    /// [`Error::ProofNeeded`].
    pub(crate) fn require_proof(&self, service: &Service) -> Result<(), Error> {
        if self.is_proven(service) { Ok(()) } else { Err(Error::ProofNeeded) }
    }

    /// Where they are.
    pub(crate) fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Them, as the audit names them.
    pub(crate) fn author(&self, service: &Service) -> Result<Author, Error> {
        Author::new(service, Actor::Person(self.account.id), &self.sender)
    }

    /// What a write asks again.
    pub(crate) fn claim(&self) -> Claim {
        Claim { account: self.account.id, digest: self.digest, submission: self.submission }
    }

    /// What they make from here on, they make by a form that is done once.
    pub(crate) fn sends(&mut self, submission: Submission) {
        self.submission = Some(submission);
    }
}

/// A browser on its way to a session.
#[derive(Clone, Copy)]
pub struct Arriving<'a> {
    /// The cookie it has, which the session's replaces.
    pub cookie: Option<&'a OpaqueSecret>,
    /// Where it is.
    pub sender: &'a Sender,
}

/// Whose session a request came with. It may have ended while the request was on its way, so every
/// write in a person's name begins with [`Claim::check`].
#[derive(Clone, Copy)]
pub(crate) struct Claim {
    pub(crate) account: AccountId,
    digest: Digest,
    submission: Option<Submission>,
}

impl Claim {
    /// Whether the session is still there, for the rest of the transaction: whatever ends a session
    /// takes the account's row too, and so comes wholly before this or wholly after. What is asked for by a form
    /// that is done once takes the form here, too.
    pub(crate) fn check(self, tx: &mut Tx<'_>) -> Result<Result<(), Error>, store::Error> {
        let state = store::accounts::take(tx, self.account)?;
        if state.is_some_and(AccountState::is_banned) {
            return Ok(Err(Error::AccountBanned));
        }
        let is_there = store::sessions::is_of(tx, &self.digest, self.account)?;
        match self.submission {
            _ if !is_there => Ok(Err(Error::SignedOut)),
            Some(submission) => submission.take(tx, self.account),
            None => Ok(Ok(())),
        }
    }
}

/// What a cookie turned out to be.
pub enum Visitor {
    /// A live session.
    SignedIn(Box<SignedIn>),
    /// A live session of a suspended account.
    Banned,
    /// Anybody.
    Stranger,
}

/// A cookie secret for a browser that has none.
///
/// # Errors
/// When there are no random bytes.
pub fn anonymous_browser(service: &Service) -> Result<OpaqueSecret, Error> {
    service.entropy.draw().map(|entropy| OpaqueSecret::new(&entropy))
}

/// The token that forms of the browser with this cookie carry.
#[must_use]
pub fn anonymous_form_token(service: &Service, browser: &OpaqueSecret) -> Digest {
    service.keyring.load().form_token(browser)
}

/// Whether a form's token was made for the browser with this cookie.
#[must_use]
pub fn anonymous_form_is_ours(service: &Service, browser: &OpaqueSecret, token: &Digest) -> bool {
    service.keyring.load().is_form_token(browser, token)
}

/// Finds out who a cookie is.
///
/// # Errors
/// When the database cannot be read.
pub async fn anonymous_visit(
    service: &Service,
    cookie: &OpaqueSecret,
    sender: &Sender,
) -> Result<Visitor, Error> {
    let now = service.now();
    let found = find(service, cookie).await?;
    let Some((digest, found)) = found.filter(|(_, found)| found.times.is_live(now)) else {
        return Ok(Visitor::Stranger);
    };
    if found.account.state.is_banned() {
        return Ok(Visitor::Banned);
    }
    let store::sessions::Found { id: session, times, account } = found;
    if times.wants_touch(now) {
        let sender = sender.clone();
        let touch = move |tx: &mut Tx<'_>| store::sessions::touch(tx, &digest, now, &sender);
        service.store.write(touch).await?;
    }
    let sender = sender.clone();
    Ok(Visitor::SignedIn(Box::new(SignedIn {
        account,
        digest,
        session,
        times,
        sender,
        submission: None,
    })))
}

/// Whether a sign-in would find room in the queue of passwords. One that would not can be turned away
/// before it costs anything.
#[must_use]
pub fn anonymous_sign_in_has_room(service: &Service) -> bool {
    service.passwords.has_room()
}

/// Signs a person in; gives the new cookie.
///
/// # Errors
/// [`Error::WrongEmailOrPassword`], [`Error::AccountBanned`] (only with the right password),
/// [`Error::TooMany`] or [`Error::Busy`].
pub async fn anonymous_sign_in(
    service: &Service,
    email: Email,
    password: Password,
    browser: Arriving<'_>,
) -> Result<OpaqueSecret, Error> {
    let attempt = sign_in(service, email.clone(), password, browser);
    attempts::limit_sign_in(service, &email, browser.sender.address, attempt).await
}

async fn sign_in(
    service: &Service,
    email: Email,
    password: Password,
    browser: Arriving<'_>,
) -> Result<OpaqueSecret, Error> {
    let found =
        service.store.read(move |tx| store::accounts::find_with_password(tx, &email)).await?;
    let (account, stored) = found.map_or((None, None), |(a, hash)| (Some(a), Some(hash)));
    let verified = stored.clone();
    let fits = service.passwords.verify(password, stored).await?;
    let account = match account {
        Some(account) if fits => account,
        Some(account) => {
            refusals::note_sign_in(service, account.id, browser.sender);
            return Err(Error::WrongEmailOrPassword);
        }
        None => return Err(Error::WrongEmailOrPassword),
    };
    // With the right password only, and without a write for the suspended.
    if account.state.is_banned() {
        return Err(Error::AccountBanned);
    }
    let replaced = digests(service, browser.cookie);
    let author = Author::new(service, Actor::Person(account.id), browser.sender)?;
    let (secret, new) = draw(service, browser.sender)?;
    let start = move |tx: &mut Tx<'_>| {
        // While the password was verified, another may have been set or the account suspended.
        let state = store::accounts::take(tx, account.id)?;
        if store::accounts::find_password(tx, account.id)? != verified {
            return Ok(Err(Error::WrongEmailOrPassword));
        }
        if state.is_some_and(AccountState::is_banned) {
            return Ok(Err(Error::AccountBanned));
        }
        replace(tx, &replaced, &account, &new)?;
        record_start(tx, &author, account.id);
        Ok(Ok(()))
    };
    // While passwords wait, others will soon sign in, and all of them share a commit. Whoever signs in
    // alone is not kept waiting for company.
    if service.passwords.others_wait() {
        service.store.write_patiently(PATIENCE, start).await??;
    } else {
        service.store.write(start).await??;
    }
    Ok(secret)
}

/// Ends the session behind a cookie, also that of a suspended account. Without one nothing is
/// written.
///
/// # Errors
/// When the database cannot be written; the session then goes on.
pub async fn anonymous_sign_out(
    service: &Service,
    cookie: &OpaqueSecret,
    sender: &Sender,
) -> Result<(), Error> {
    let Some((digest, store::sessions::Found { account, .. })) = find(service, cookie).await?
    else {
        return Ok(());
    };
    let author = Author::new(service, Actor::Person(account.id), sender)?;
    service
        .store
        .write(move |tx| {
            store::accounts::take(tx, account.id)?;
            if store::sessions::delete(tx, &digest)? {
                let (subject, account) = (Subject::Account(account.id), account.id);
                author.record(tx, Action::SignedOut, subject, account, Difference::default());
            }
            tx.changed(Change::Session(*digest.as_bytes()));
            Ok(())
        })
        .await?;
    Ok(())
}

/// The session behind a cookie, live or not.
async fn find(
    service: &Service,
    cookie: &OpaqueSecret,
) -> Result<Option<(Digest, store::sessions::Found)>, Error> {
    let digests = service.keyring.load().session_digests(cookie);
    let found = service
        .store
        .read(move |tx| {
            for digest in digests {
                if let Some(found) = store::sessions::find(tx, &digest)? {
                    return Ok(Some((digest, found)));
                }
            }
            Ok(None)
        })
        .await?;
    Ok(found)
}

/// A session that is about to begin.
pub(crate) struct Beginning {
    digest: Digest,
    session: Session,
}

impl Beginning {
    /// The same with a proof of another time.
    pub(crate) fn proven(mut self, at: Timestamp) -> Self {
        self.session.times.proven_at = at;
        self
    }
}

/// Draws a session that begins now with a proof, and the secret of its cookie.
pub(crate) fn draw(service: &Service, sender: &Sender) -> Result<(OpaqueSecret, Beginning), Error> {
    let now = service.now();
    let secret = OpaqueSecret::new(&service.entropy.draw()?);
    let digest = service.keyring.load().session_digest(&secret);
    let id = SessionId::new(now, &service.entropy.draw()?);
    let session = Session { id, times: SessionTimes::beginning(now), sender: sender.clone() };
    Ok((secret, Beginning { digest, session }))
}

/// What may be stored for the cookie that a new session replaces.
pub(crate) fn digests(service: &Service, replaced: Option<&OpaqueSecret>) -> Vec<Digest> {
    replaced.map(|cookie| service.keyring.load().session_digests(cookie)).unwrap_or_default()
}

/// Writes a new session within a transaction; the one the browser had before ends.
pub(crate) fn replace(
    tx: &mut Tx<'_>,
    replaced: &[Digest],
    account: &Account,
    new: &Beginning,
) -> Result<(), store::Error> {
    for old in replaced {
        store::sessions::delete(tx, old)?;
    }
    store::sessions::insert(tx, &new.digest, account.id, &new.session)
}

/// Records that a session began.
pub(crate) fn record_start(tx: &mut Tx<'_>, author: &Author, account: AccountId) {
    let (action, subject) = (Action::SignedIn, Subject::Account(account));
    author.record(tx, action, subject, account, Difference::default());
}
