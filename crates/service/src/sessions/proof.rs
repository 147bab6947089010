//! Being asked once more: a person proves that the browser is still in their hands.
//!
//! What would take an account over for good (another password, another address, the end of it) is refused
//! with [`Error::ProofNeeded`] unless the person has signed in, or done this, within ten minutes.

use bloom_domain::audit::{Action, Subject};
use bloom_domain::passwords::Password;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use store::Tx;

use crate::audit::{Author, Difference};
use crate::sessions::Claim;
use crate::{Error, Service, SignedIn, attempts, refusals};

/// Takes a password as the proof. Guessing here is guessing at the sign-in: the same limits count it.
///
/// # Errors
/// [`Error::WrongEmailOrPassword`], [`Error::TooMany`], [`Error::Busy`], [`Error::SignedOut`],
/// [`Error::AccountBanned`].
pub async fn by_password(
    service: &Service,
    person: &SignedIn,
    password: Password,
) -> Result<(), Error> {
    let email = person.account().email.clone();
    let attempt = prove(service, person, password);
    attempts::limit_proof(service, &email, person.sender.address, attempt).await
}

async fn prove(service: &Service, person: &SignedIn, password: Password) -> Result<(), Error> {
    let (claim, author) = (person.claim(), person.author(service)?);
    let id = claim.account;
    let stored = service.store.read(move |tx| store::accounts::find_password(tx, id)).await?;
    let verified = stored.clone();
    if !service.passwords.verify(password, stored).await? {
        refusals::note_sign_in(service, id, &person.sender);
        return Err(Error::WrongEmailOrPassword);
    }
    let now = service.now();
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        // While the password was verified, another may have been set.
        if store::accounts::find_password(tx, id)? != verified {
            return Ok(Err(Error::WrongEmailOrPassword));
        }
        note(tx, claim, &author, now)?;
        Ok(Ok(()))
    };
    service.store.write(write).await?
}

/// Notes a proof in the transaction of whoever took it.
pub(crate) fn note(
    tx: &mut Tx<'_>,
    claim: Claim,
    author: &Author,
    now: Timestamp,
) -> Result<(), store::Error> {
    store::sessions::prove(tx, &claim.digest, claim.account, now)?;
    let (subject, difference) = (Subject::Account(claim.account), Difference::default());
    author.record(tx, Action::ProofGiven, subject, claim.account, difference);
    Ok(())
}
