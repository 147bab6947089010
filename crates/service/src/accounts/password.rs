//! The password of an account, changed by its person.

use bloom_domain::account_links::Purpose;
use bloom_domain::audit::{Action, Subject};
use bloom_domain::mail::accounts as letters;
use bloom_domain::passwords::Password;
use bloom_domain::secrets::OpaqueSecret;
use bloom_store as store;
use store::{Change, Tx};

use crate::audit::Difference;
use crate::passwords::Caller;
use crate::{Error, Service, SignedIn, mail, sessions};

/// Sets another password. Every session ends, and this browser gets a new one: its cookie is given back. A
/// mail tells the person, in case it was not them.
///
/// # Errors
/// [`Error::ProofNeeded`], [`Error::Busy`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn change(
    service: &Service,
    person: &SignedIn,
    password: Password,
) -> Result<OpaqueSecret, Error> {
    person.require_proof(service)?;
    let salt = service.entropy.draw()?;
    let hash = service.passwords.hash(Caller::Anybody, password, salt).await?;
    let (secret, new) = sessions::draw(service, person.sender())?;
    let (claim, author) = (person.claim(), person.author(service)?);
    let account = person.account().clone();
    let told = letters::password_changed(account.email.clone(), &service.settings.origin);
    let told = mail::write(service, &told)?;
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        store::accounts::set_password(tx, account.id, &hash)?;
        store::sessions::delete_of(tx, account.id)?;
        store::account_links::delete_for(tx, account.id, Purpose::ResetPassword)?;
        sessions::replace(tx, &[], &account, &new)?;
        let (subject, difference) = (Subject::Account(account.id), Difference::default());
        author.record(tx, Action::PasswordChanged, subject, account.id, difference);
        mail::queue(tx, &told)?;
        tx.changed(Change::Account(account.id));
        Ok(Ok(()))
    };
    service.store.write(write).await??;
    Ok(secret)
}
