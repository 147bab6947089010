//! Signing up where mails go out: whether an address has an account is told in a mail to it, and nowhere else.
//!
//! 1. `anonymous_ask` sends one mail to any address: a link if it is free, else what to do with the account that
//!    there is.
//! 2. The link is a sealed value that names the address and where its reader was going. Nothing is stored of a
//!    stranger.
//! 3. Whoever comes with an invitation that went to the same address by mail reads that mailbox already, and has the link
//!    at once.
//! 4. `anonymous_sign_up` makes the account for whoever has the link, and so reads that mailbox. Then the link is good
//!    for nothing more.

use std::time::Duration;

use bloom_domain::email::Email;
use bloom_domain::mail::accounts as letters;
use bloom_domain::passwords::Password;
use bloom_domain::secrets::OpaqueSecret;
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use serde::{Deserialize, Serialize};
use store::Tx;

use super::reset::FLOOR;
use super::{NewAccount, Ticket, admit, enter};
use crate::attempts::Letter;
use crate::authorization_requests::{open, seal};
use crate::sessions::Arriving;
use crate::{Error, Service, attempts, invitations, mail};

/// What comes before the sealed value in the path of a link.
pub const PATH: &str = "/sign-up/";
/// What a link is sealed for.
const PURPOSE: &[u8] = b"sign-up link";
/// How long a link is good.
const LIFETIME: Duration = Duration::from_secs(24 * 3_600);
/// A longer way than this is not carried along: mails are read by all kinds of programs.
const LONGEST_NEXT: usize = 2_048;

/// What a link is good for.
pub struct Link {
    /// The address that it went to.
    pub email: Email,
    /// Where its reader was going when they asked for it.
    pub next: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    email: String,
    next: Option<String>,
    /// Microseconds since the epoch.
    until: i64,
}

/// Whether a stranger signs up by mail on this server.
#[must_use]
pub fn anonymous_is_needed(service: &Service) -> bool {
    !mail::is_passed_on_by_hand(service)
}

/// Sends a mail to an address that somebody wants an account for. The answer is the same whether or not there is one,
/// and takes as long. Gives the path of the link instead, where an invitation has proven the address.
///
/// # Errors
/// [`Error::SignUpClosed`], [`Error::InvitationNotFound`], [`Error::TooMany`], [`Error::MailUnavailable`].
pub async fn anonymous_ask(
    service: &Service,
    link: Link,
    sender: &Sender,
    invitation: Option<OpaqueSecret>,
) -> Result<Option<String>, Error> {
    admit(service, invitation.clone()).await?;
    if let Some(invitation) = invitation
        && is_proven(service, &link.email, &invitation).await?
    {
        return link_to(service, link).map(Some);
    }
    mail::require(service).await?;
    let is_sent = attempts::take_mail(service, (Letter::SignUp, &link.email), sender.address)?;
    let asked = async { if is_sent { ask(service, link).await } else { Ok(()) } };
    tokio::join!(asked, tokio::time::sleep(FLOOR)).0.map(|()| None)
}

/// Whether an invitation that somebody holds went to an address by mail, and the address has no account.
async fn is_proven(
    service: &Service,
    email: &Email,
    invitation: &OpaqueSecret,
) -> Result<bool, Error> {
    let found = match invitations::anonymous_find(service, invitation).await {
        Ok(found) => found,
        Err(Error::InvitationNotFound) => return Ok(false),
        Err(error) => return Err(error),
    };
    if !found.is_mailed || found.invitation.email != *email {
        return Ok(false);
    }
    let wanted = email.clone();
    let taken = service.store.read(move |tx| store::accounts::find_by_email(tx, &wanted)).await?;
    Ok(taken.is_none())
}

/// The path of a link.
fn link_to(service: &Service, Link { email, next }: Link) -> Result<String, Error> {
    let sealed = Sealed {
        email: email.as_str().to_owned(),
        next: next.filter(|next| next.len() <= LONGEST_NEXT),
        until: service.now().plus(LIFETIME).unix_micros(),
    };
    Ok(format!("{PATH}{}", seal(service, PURPOSE, &sealed)?))
}

async fn ask(service: &Service, link: Link) -> Result<(), Error> {
    let (origin, email) = (&service.settings.origin, link.email.clone());
    let link = format!("{origin}{}", link_to(service, link)?);
    let free = mail::write(service, &letters::sign_up(email.clone(), origin, &link))?;
    let taken = mail::write(service, &letters::has_account(email.clone(), origin))?;
    let write = move |tx: &mut Tx<'_>| {
        let is_taken = store::accounts::find_by_email(tx, &email)?.is_some();
        mail::queue(tx, if is_taken { &taken } else { &free })
    };
    Ok(service.store.write(write).await?)
}

/// What a link is good for, while it is.
///
/// # Errors
/// [`Error::AccountLinkSpent`], also when the address has an account by now.
pub async fn anonymous_find(service: &Service, link: &str) -> Result<Link, Error> {
    let Sealed { email, next, until } =
        open(service, PURPOSE, link).ok_or(Error::AccountLinkSpent)?;
    if service.now() >= Timestamp::from_unix_micros(until) {
        return Err(Error::AccountLinkSpent);
    }
    let email = Email::parse(&email).map_err(|_| Error::AccountLinkSpent)?;
    let wanted = email.clone();
    let taken = service.store.read(move |tx| store::accounts::find_by_email(tx, &wanted)).await?;
    if taken.is_some() { Err(Error::AccountLinkSpent) } else { Ok(Link { email, next }) }
}

/// Makes the account that a link is for; its address is confirmed by that. Gives the cookie of the first session.
///
/// # Errors
/// [`Error::AccountLinkSpent`], [`Error::SignUpClosed`], [`Error::InvitationNotFound`], [`Error::TooMany`],
/// [`Error::Busy`].
pub async fn anonymous_sign_up(
    service: &Service,
    link: &str,
    (name, password): (Option<String>, Password),
    browser: Arriving<'_>,
    invitation: Option<OpaqueSecret>,
) -> Result<OpaqueSecret, Error> {
    let Link { email, .. } = anonymous_find(service, link).await?;
    let new = NewAccount { email, name, password };
    match enter(service, new, browser, (invitation, Ticket::Mailbox)).await {
        // It was pressed twice.
        Err(Error::EmailTaken) => Err(Error::AccountLinkSpent),
        done => done,
    }
}
