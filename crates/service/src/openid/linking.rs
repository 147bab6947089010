//! Identities of somebody who is signed in: linked, listed, removed, and taken as a proof.

use bloom_domain::audit::{Action, Subject};
use bloom_domain::email::Email;
use bloom_domain::ids::IdentityId;
use bloom_domain::mail::accounts as letters;
use bloom_domain::openid::{ANSWER_LIFETIME, Identity, MAX_IDENTITIES};
use bloom_oauth::openid::id_token::LEEWAY;
use bloom_store as store;
use serde_json::json;
use store::Tx;

use super::provider::Told;
use super::{Asked, Refused};
use crate::audit::{Author, Difference};
use crate::sessions::{self, ways::Ways};
use crate::{Error, Service, SignedIn, mail};

/// By what a person knows an identity.
pub(super) fn name(identity: &Identity) -> &str {
    identity.address.as_deref().unwrap_or(&identity.subject)
}

pub(super) fn record_link(tx: &mut Tx<'_>, author: &Author, identity: &Identity) {
    let after = json!({ "identity": name(identity), "issuer": identity.issuer });
    let difference = Difference { after, ..Difference::default() };
    let subject = Subject::Account(identity.account);
    author.record(tx, Action::IdentityLinked, subject, identity.account, difference);
}

/// The person's identities, in the order in which they were linked.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(service: &Service, person: &SignedIn) -> Result<Vec<Identity>, Error> {
    let account = person.account().id;
    Ok(service.store.read(move |tx| store::openid::list_of(tx, account)).await?)
}

/// Links an identity to the account of who is signed in. A mail tells them. One that is linked already stays so.
pub(super) async fn link(
    service: &Service,
    person: &SignedIn,
    told: &Told,
    asked: &Asked,
) -> Result<(), Error> {
    let (now, account) = (service.now(), person.account());
    let address = told.person.profile.email.as_deref().and_then(|text| Email::parse(text).ok());
    let identity = Identity {
        id: IdentityId::new(now, &service.entropy.draw()?),
        account: account.id,
        issuer: asked.issuer.clone(),
        subject: told.person.subject.clone(),
        address: address.map(|address| address.to_string()),
        created_at: now,
        last_used_at: None,
    };
    let label = &super::settings(service)?.label;
    let letter = letters::identity_linked(account.email.clone(), label, &service.settings.origin);
    let letter = mail::write(service, &letter)?;
    let (claim, author) = (person.claim(), person.author(service)?);
    let (nonce, until) = (asked.nonce.clone(), asked.asked_at().plus(ANSWER_LIFETIME));
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        if !store::openid::take_answer(tx, &nonce, until)? {
            return Ok(Err(Refused::Stale("it was used before").into()));
        }
        match store::openid::find(tx, &identity.issuer, &identity.subject)? {
            Some(there) if there.account == claim.account => return Ok(Ok(())),
            Some(_) => return Ok(Err(Refused::IdentityTaken.into())),
            None => {}
        }
        if store::openid::list_of(tx, claim.account)?.len() >= MAX_IDENTITIES {
            return Ok(Err(Refused::TooManyIdentities.into()));
        }
        // Somebody else may have linked it in the same moment.
        if !store::openid::insert(tx, &identity)? {
            return Ok(Err(Refused::IdentityTaken.into()));
        }
        mail::queue(tx, &letter)?;
        record_link(tx, &author, &identity);
        Ok(Ok(()))
    };
    service.store.write(write).await?
}

/// Takes an identity as the proof that it is still them, when the provider has just asked who they are.
pub(super) async fn prove(
    service: &Service,
    person: &SignedIn,
    told: &Told,
    asked: &Asked,
) -> Result<(), Error> {
    if told.person.proven_at.is_none_or(|at| at < asked.seconds() - LEEWAY) {
        return Err(Refused::NotFresh.into());
    }
    let (claim, author, now) = (person.claim(), person.author(service)?, service.now());
    let (issuer, subject) = (asked.issuer.clone(), told.person.subject.clone());
    let (nonce, until) = (asked.nonce.clone(), asked.asked_at().plus(ANSWER_LIFETIME));
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        let found = store::openid::find(tx, &issuer, &subject)?;
        let Some(identity) = found.filter(|identity| identity.account == claim.account) else {
            return Ok(Err(Refused::OtherIdentity.into()));
        };
        if !store::openid::take_answer(tx, &nonce, until)? {
            return Ok(Err(Refused::Stale("it was used before").into()));
        }
        store::openid::note_use(tx, &identity, now)?;
        sessions::proof::note(tx, claim, &author, now)?;
        Ok(Ok(()))
    };
    service.store.write(write).await?
}

/// Removes an identity: nobody signs in by it any more. One that is not there, or not theirs, is removed
/// already; the last way in stays.
///
/// # Errors
/// [`Error::ProofNeeded`], [`Error::LastWayIn`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn remove(service: &Service, person: &SignedIn, id: IdentityId) -> Result<(), Error> {
    person.require_proof(service)?;
    let (claim, author, ways) = (person.claim(), person.author(service)?, Ways::of(service));
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        let identities = store::openid::list_of(tx, claim.account)?;
        let Some(identity) = identities.into_iter().find(|identity| identity.id == id) else {
            return Ok(Ok(()));
        };
        if ways.lead_through(&identity) && ways.find(tx, claim.account)?.is_one() {
            return Ok(Err(Error::LastWayIn));
        }
        if store::openid::delete(tx, claim.account, id)? {
            let before = json!({ "identity": name(&identity), "issuer": identity.issuer });
            let difference = Difference { before, ..Difference::default() };
            let subject = Subject::Account(claim.account);
            author.record(tx, Action::IdentityRemoved, subject, claim.account, difference);
        }
        Ok(Ok(()))
    };
    service.store.write(write).await?
}
