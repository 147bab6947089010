//! A forgotten password: replaced by whoever reads the account's mails, or on the operator's word.

use std::time::Duration;

use bloom_domain::account_links::Purpose;
use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::email::Email;
use bloom_domain::mail::accounts as letters;
use bloom_domain::passwords::Password;
use bloom_domain::secrets::OpaqueSecret;
use bloom_domain::senders::Sender;
use bloom_store as store;
use store::{Change, Tx};

use crate::account_links::{self, Presented};
use crate::attempts::Letter;
use crate::audit::{Author, Difference};
use crate::passwords::Caller;
use crate::{Error, Operator, Service, accounts, attempts, mail};

/// What comes before the secret in the path of a link.
pub const PATH: &str = "/reset-password/";
/// Every answer takes at least this long: whether something was written must not show.
pub(super) const FLOOR: Duration = Duration::from_millis(300);

/// Sends a link to an address if it is an account's. The answer is the same if it is not, and takes as long.
///
/// # Errors
/// [`Error::TooMany`], [`Error::MailUnavailable`].
pub async fn anonymous_ask(service: &Service, email: Email, sender: &Sender) -> Result<(), Error> {
    mail::require(service).await?;
    let is_sent = attempts::take_mail(service, (Letter::Reset, &email), sender.address)?;
    let asked = async { if is_sent { ask(service, email, sender).await } else { Ok(()) } };
    tokio::join!(asked, tokio::time::sleep(FLOOR)).0
}

async fn ask(service: &Service, email: Email, sender: &Sender) -> Result<(), Error> {
    let (link, draft) = account_links::draw(service, Purpose::ResetPassword)?;
    let letter = letters::reset_password(email.clone(), &service.settings.origin, &link);
    let letter = mail::write(service, &letter)?;
    let author = Author::new(service, Actor::Anybody, sender)?;
    let write = move |tx: &mut Tx<'_>| {
        let found = store::accounts::find_by_email(tx, &email)?;
        let Some(account) = found.filter(|account| !account.state.is_banned()) else {
            return Ok(());
        };
        // Earlier links stay good: whoever asks in somebody's name must not end the one they have.
        draft.insert(tx, account.id, &email)?;
        mail::queue(tx, &letter)?;
        let (subject, difference) = (Subject::Account(account.id), Difference::default());
        author.record(tx, Action::PasswordResetAsked, subject, account.id, difference);
        Ok(())
    };
    Ok(service.store.write(write).await?)
}

/// A link for an account, on the operator's word: for a server without mail.
///
/// # Errors
/// [`Error::AccountNotFound`].
pub async fn link_for(
    service: &Service,
    operator: &Operator,
    email: &Email,
) -> Result<String, Error> {
    let account = accounts::find(service, operator, email).await?;
    let (link, draft) = account_links::draw(service, Purpose::ResetPassword)?;
    let author = Author::here(service, Actor::Operator)?;
    let write = move |tx: &mut Tx<'_>| {
        draft.insert(tx, account.id, &account.email)?;
        let (subject, difference) = (Subject::Account(account.id), Difference::default());
        author.record(tx, Action::PasswordResetAsked, subject, account.id, difference);
        Ok(())
    };
    service.store.write(write).await?;
    Ok(link)
}

/// Whose password a link replaces, while it works, for whoever holds it.
///
/// # Errors
/// [`Error::AccountLinkSpent`].
pub async fn anonymous_find(service: &Service, secret: &OpaqueSecret) -> Result<Email, Error> {
    let link = Presented::new(service, Purpose::ResetPassword, secret);
    let found = service.store.read(move |tx| link.find(tx)).await?;
    found.map(|found| found.email).ok_or(Error::AccountLinkSpent)
}

/// Replaces a password by a link, once: every session ends, and every other such link.
///
/// # Errors
/// [`Error::AccountLinkSpent`], [`Error::AccountBanned`], [`Error::Busy`].
pub async fn anonymous_reset(
    service: &Service,
    secret: &OpaqueSecret,
    password: Password,
    sender: &Sender,
) -> Result<(), Error> {
    // What works for nothing costs no hash.
    let email = anonymous_find(service, secret).await?;
    let salt = service.entropy.draw()?;
    let hash = service.passwords.hash(Caller::Anybody, password, salt).await?;
    let told = letters::password_reset(email, &service.settings.origin);
    let told = mail::write(service, &told)?;
    let link = Presented::new(service, Purpose::ResetPassword, secret);
    let author = Author::new(service, Actor::Anybody, sender)?;
    let now = service.now();
    let write = move |tx: &mut Tx<'_>| {
        let Some(found) = link.find(tx)? else { return Ok(Err(Error::AccountLinkSpent)) };
        let account = found.account.id;
        let state = store::accounts::take(tx, account)?;
        if state.is_some_and(bloom_domain::accounts::AccountState::is_banned) {
            return Ok(Err(Error::AccountBanned));
        }
        // It went to a mailbox that may be another's by now; if it is not, whoever is here reads it.
        if !link.spend(tx)? || !store::accounts::verify_email(tx, account, &found.email, now)? {
            return Ok(Err(Error::AccountLinkSpent));
        }
        store::accounts::set_password(tx, account, &hash)?;
        store::sessions::delete_of(tx, account)?;
        store::account_links::delete_for(tx, account, Purpose::ResetPassword)?;
        mail::queue(tx, &told)?;
        let (subject, difference) = (Subject::Account(account), Difference::default());
        author.record(tx, Action::PasswordReset, subject, account, difference);
        tx.changed(Change::Account(account));
        Ok(Ok(()))
    };
    service.store.write(write).await?
}
