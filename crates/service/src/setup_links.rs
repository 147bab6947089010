//! The setup link: how the first person enters a server that has no account.

use bloom_domain::audit::{Action, Actor, Subject, Whose};
use bloom_domain::secrets::OpaqueSecret;
use bloom_domain::setup_links::LIFETIME;
use bloom_store as store;

use crate::accounts::{self, NewAccount, Ticket};
use crate::audit::{Author, Difference};
use crate::sessions::Arriving;
use crate::{Error, Operator, Service};

/// Makes a setup link if no account exists; it replaces earlier ones. Gives the link's token.
///
/// # Errors
/// When the database cannot be written.
pub async fn issue(service: &Service, _operator: &Operator) -> Result<Option<OpaqueSecret>, Error> {
    let token = OpaqueSecret::new(&service.entropy.draw()?);
    let digest = service.keyring.load().setup_link_digest(&token);
    let now = service.now();
    let author = Author::here(service, Actor::Operator)?;
    let is_issued = service
        .store
        .write(move |tx| {
            if store::accounts::exist(tx)? {
                return Ok(false);
            }
            store::setup_links::delete_all(tx)?;
            store::setup_links::insert(tx, &digest, now, now.plus(LIFETIME))?;
            let difference = Difference::default();
            author.record(
                tx,
                Action::SetupLinkIssued,
                Subject::Server,
                Whose::default(),
                difference,
            );
            Ok(true)
        })
        .await?;
    Ok(is_issued.then_some(token))
}

/// Whether the server has no account yet.
///
/// # Errors
/// When the database cannot be read.
pub async fn anonymous_is_empty(service: &Service) -> Result<bool, Error> {
    Ok(!service.store.read(store::accounts::exist).await?)
}

/// Whether a setup link still works.
///
/// # Errors
/// When the database cannot be read.
pub async fn anonymous_is_live(service: &Service, token: &OpaqueSecret) -> Result<bool, Error> {
    let digests = service.keyring.load().setup_link_digests(token);
    let now = service.now();
    let is_live = service
        .store
        .read(move |tx| {
            // A link makes the first account; the operator may have made one meanwhile.
            if store::accounts::exist(tx)? {
                return Ok(false);
            }
            for digest in &digests {
                if store::setup_links::is_live(tx, digest, now)? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await?;
    Ok(is_live)
}

/// Makes the first account with a setup link and spends the link; gives the session's cookie, which
/// replaces the one the browser had.
///
/// # Errors
/// [`Error::SetupLinkSpent`], also when there is an account already; [`Error::Busy`].
pub async fn anonymous_redeem(
    service: &Service,
    token: &OpaqueSecret,
    new: NewAccount,
    browser: Arriving<'_>,
) -> Result<OpaqueSecret, Error> {
    let digests = service.keyring.load().setup_link_digests(token);
    accounts::sign_up(service, new, browser, Ticket::SetupLink(digests)).await
}
