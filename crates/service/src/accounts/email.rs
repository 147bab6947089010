//! The address of an account: shown to be the person's, and changed by them.
//!
//! A link that went to a mailbox shows that whoever opens it reads what is sent there. It counts only for
//! somebody who is signed in to the account: else a stranger could make an account under somebody's
//! address, and have them confirm it with one careless click.

use bloom_domain::account_links::Purpose;
use bloom_domain::accounts::Account;
use bloom_domain::audit::{Action, Subject};
use bloom_domain::email::Email;
use bloom_domain::ids::AccountId;
use bloom_domain::mail::accounts as letters;
use bloom_domain::secrets::OpaqueSecret;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use serde_json::json;
use store::mails::StoredMail;
use store::{Change, Tx};

use crate::account_links::{self, Draft, Presented};
use crate::attempts::Letter;
use crate::audit::{Author, Difference};
use crate::{Error, Service, SignedIn, attempts, mail};

/// What comes before the secret in the path of a link that verifies an address.
pub const VERIFY_PATH: &str = "/verify-email/";
/// What comes before the secret in the path of a link that changes one.
pub const CHANGE_PATH: &str = "/change-email/";

/// A link to verify an address with, and its mail, ready to be written.
pub(crate) struct Verification {
    link: Draft,
    mail: StoredMail,
}

impl Verification {
    pub(crate) fn draw(service: &Service, email: &Email) -> Result<Self, Error> {
        let (link, draft) = account_links::draw(service, Purpose::VerifyEmail)?;
        let letter = letters::verify_email(email.clone(), &service.settings.origin, &link);
        Ok(Self { link: draft, mail: mail::write(service, &letter)? })
    }

    /// Writes both; an earlier link ends.
    pub(crate) fn insert(
        &self,
        tx: &mut Tx<'_>,
        account: &Account,
        author: &Author,
    ) -> Result<(), store::Error> {
        store::account_links::delete_for(tx, account.id, Purpose::VerifyEmail)?;
        self.link.insert(tx, account.id, &account.email)?;
        mail::queue(tx, &self.mail)?;
        let (subject, difference) = (Subject::Account(account.id), Difference::default());
        author.record(tx, Action::VerificationSent, subject, account.id, difference);
        Ok(())
    }
}

/// Sends the person another link to verify their address with. Nothing is sent when it is verified.
///
/// # Errors
/// [`Error::TooMany`], [`Error::MailUnavailable`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn send_verification(service: &Service, person: &SignedIn) -> Result<(), Error> {
    let account = person.account().clone();
    if account.email_verified_at.is_some() {
        return Ok(());
    }
    mail::require(service).await?;
    if !attempts::take_mail(service, (Letter::Address, &account.email), person.sender().address)? {
        return Ok(());
    }
    let verification = Verification::draw(service, &account.email)?;
    let (claim, author) = (person.claim(), person.author(service)?);
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        verification.insert(tx, &account, &author).map(Ok)
    };
    service.store.write(write).await?
}

/// Sends a link to another address, which becomes the account's when it comes back. Whether somebody else
/// has it is told in the mail only.
///
/// # Errors
/// [`Error::ProofNeeded`], [`Error::TooMany`], [`Error::MailUnavailable`], [`Error::SignedOut`],
/// [`Error::AccountBanned`].
pub async fn ask_change(service: &Service, person: &SignedIn, new: Email) -> Result<(), Error> {
    person.require_proof(service)?;
    mail::require(service).await?;
    let account = person.account().clone();
    if account.email == new
        || !attempts::take_mail(service, (Letter::Address, &new), person.sender().address)?
    {
        return Ok(());
    }
    let origin = &service.settings.origin;
    let (link, draft) = account_links::draw(service, Purpose::ChangeEmail)?;
    let letter = letters::change_email(new.clone(), &account.email, origin, &link);
    let letter = mail::write(service, &letter)?;
    let taken = mail::write(service, &letters::email_is_taken(new.clone(), origin))?;
    let (claim, author) = (person.claim(), person.author(service)?);
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        store::account_links::delete_for(tx, account.id, Purpose::ChangeEmail)?;
        // The link of an address that somebody has is in no mail. It is written all the same: the person's page
        // shows what waits, and must not tell the one from the other.
        draft.insert(tx, account.id, &new)?;
        let is_taken = store::accounts::find_by_email(tx, &new)?.is_some();
        mail::queue(tx, if is_taken { &taken } else { &letter })?;
        let after = json!({ "email": new.as_str() });
        let difference = Difference { after, ..Difference::default() };
        let subject = Subject::Account(account.id);
        author.record(tx, Action::EmailChangeAsked, subject, account.id, difference);
        Ok(Ok(()))
    };
    service.store.write(write).await?
}

/// The address that a link went to which would make it the account's, and when that link ends.
///
/// # Errors
/// When the database cannot be read.
pub async fn asked_change(
    service: &Service,
    person: &SignedIn,
) -> Result<Option<(Email, Timestamp)>, Error> {
    let (account, now) = (person.account().id, service.now());
    let find = move |tx: &mut Tx<'_>| {
        store::account_links::find_of(tx, account, Purpose::ChangeEmail, now)
    };
    Ok(service.store.read(find).await?)
}

/// Whose account a link is about, and which address, while it works, for whoever holds it.
///
/// # Errors
/// [`Error::AccountLinkSpent`].
pub async fn anonymous_find(
    service: &Service,
    purpose: Purpose,
    secret: &OpaqueSecret,
) -> Result<(AccountId, Email), Error> {
    let link = Presented::new(service, purpose, secret);
    let found = service.store.read(move |tx| link.find(tx)).await?;
    found.map(|found| (found.account.id, found.email)).ok_or(Error::AccountLinkSpent)
}

/// Takes a link as the sign that the person reads what is sent to their address.
///
/// # Errors
/// [`Error::AccountLinkSpent`], [`Error::OtherAccount`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn verify(
    service: &Service,
    person: &SignedIn,
    secret: &OpaqueSecret,
) -> Result<(), Error> {
    let link = Presented::new(service, Purpose::VerifyEmail, secret);
    let (claim, author, now) = (person.claim(), person.author(service)?, service.now());
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        let found = match theirs(tx, &link, claim.account)? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        // The account may have another address by now, of which this link shows nothing.
        if !link.spend(tx)? || !store::accounts::verify_email(tx, claim.account, &found.email, now)?
        {
            return Ok(Err(Error::AccountLinkSpent));
        }
        let after = json!({ "email": found.email.as_str() });
        let difference = Difference { after, ..Difference::default() };
        let subject = Subject::Account(claim.account);
        author.record(tx, Action::EmailVerified, subject, claim.account, difference);
        tx.changed(Change::Account(claim.account));
        Ok(Ok(()))
    };
    service.store.write(write).await?
}

/// Gives the account the address that a link went to. The address that it had is told.
///
/// # Errors
/// [`Error::AccountLinkSpent`], [`Error::OtherAccount`], [`Error::EmailTaken`], [`Error::SignedOut`],
/// [`Error::AccountBanned`].
pub async fn change(
    service: &Service,
    person: &SignedIn,
    secret: &OpaqueSecret,
) -> Result<(), Error> {
    let (_, new) = anonymous_find(service, Purpose::ChangeEmail, secret).await?;
    let link = Presented::new(service, Purpose::ChangeEmail, secret);
    let old = person.account().email.clone();
    let told = letters::email_changed(old.clone(), &new, &service.settings.origin);
    let told = mail::write(service, &told)?;
    let (claim, author, now) = (person.claim(), person.author(service)?, service.now());
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        if let Err(refused) = theirs(tx, &link, claim.account)? {
            return Ok(Err(refused));
        }
        if !link.spend(tx)? {
            return Ok(Err(Error::AccountLinkSpent));
        }
        if !store::accounts::set_email(tx, claim.account, &new, now)? {
            return Ok(Err(Error::EmailTaken));
        }
        // Every other link went to the address of before.
        store::account_links::delete_of(tx, claim.account)?;
        mail::queue(tx, &told)?;
        let difference = Difference {
            before: json!({ "email": old.as_str() }),
            after: json!({ "email": new.as_str() }),
        };
        let subject = Subject::Account(claim.account);
        author.record(tx, Action::EmailChanged, subject, claim.account, difference);
        tx.changed(Change::Account(claim.account));
        Ok(Ok(()))
    };
    match service.store.write(write).await {
        // Somebody signed up with the address in the same moment.
        Err(store::Error::Conflict) => Err(Error::EmailTaken),
        done => done?,
    }
}

/// The link, if it is of the account that is signed in.
fn theirs(
    tx: &mut Tx<'_>,
    link: &Presented,
    account: AccountId,
) -> Result<Result<account_links::Found, Error>, store::Error> {
    Ok(match link.find(tx)? {
        Some(found) if found.account.id == account => Ok(found),
        Some(_) => Err(Error::OtherAccount),
        None => Err(Error::AccountLinkSpent),
    })
}
