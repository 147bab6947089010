//! Somebody whom the provider knows signs in; whom we do not know yet gets an account, as far as they may.

use bloom_domain::accounts::{AccountState, SignUpPolicy, parse_name};
use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::email::Email;
use bloom_domain::ids::IdentityId;
use bloom_domain::openid::{ANSWER_LIFETIME, Identity};
use bloom_domain::secrets::OpaqueSecret;
use bloom_domain::time::Timestamp;
use bloom_oauth::openid::id_token::Profile;
use bloom_store as store;
use serde_json::json;
use store::Tx;

use super::provider::{self, Told};
use super::{Asked, ProviderSettings, Refused, linking};
use crate::audit::{Author, Difference};
use crate::sessions::{self, Arriving};
use crate::{Error, Service, accounts, attempts, invitations};

/// Signs somebody in; gives the new cookie, and whether their account is new.
pub(super) async fn enter(
    service: &Service,
    told: &Told,
    (asked, invitation): (&Asked, Option<&str>),
    browser: Arriving<'_>,
) -> Result<(OpaqueSecret, bool), Error> {
    let settings = super::settings(service)?;
    if let Some(identity) = find(service, settings, told).await? {
        return Ok((sign_in(service, identity, (told, asked), browser).await?, false));
    }
    let is_limited = admit(service, settings, invitation).await?;
    let profile = provider::profile(service, settings, told).await?;
    let making = make(service, (told, &profile), asked, browser);
    let made = if is_limited {
        attempts::limit_sign_up(service, browser.sender.address, making).await
    } else {
        making.await
    };
    match made {
        Ok(session) => Ok((session, true)),
        // Either an account has the address, or the same person has just come by another way.
        Err(Error::EmailTaken) => match find(service, settings, told).await? {
            Some(identity) => {
                Ok((sign_in(service, identity, (told, asked), browser).await?, false))
            }
            None => Err(Refused::AddressTaken.into()),
        },
        Err(error) => Err(error),
    }
}

async fn find(
    service: &Service,
    settings: &ProviderSettings,
    told: &Told,
) -> Result<Option<Identity>, Error> {
    let (issuer, subject) = (settings.issuer.clone(), told.person.subject.clone());
    let find = move |tx: &mut Tx<'_>| store::openid::find(tx, &issuer, &subject);
    Ok(service.store.read(find).await?)
}

/// Whether somebody may make an account, and if so, whether accounts of their address are counted.
async fn admit(
    service: &Service,
    settings: &ProviderSettings,
    invitation: Option<&str>,
) -> Result<bool, Error> {
    if settings.may_make_accounts {
        return Ok(false);
    }
    let invitation = invitation.and_then(OpaqueSecret::parse);
    match (service.settings.sign_up, invitation) {
        (SignUpPolicy::Open, _) => Ok(true),
        (SignUpPolicy::Invite, Some(secret)) => {
            invitations::anonymous_find(service, &secret).await?;
            Ok(false)
        }
        (SignUpPolicy::Invite | SignUpPolicy::Closed, _) => Err(Refused::SignUpClosed.into()),
    }
}

/// When the person proved to the provider who they are: what this session's proof counts from. A provider that
/// does not say so, or that knew them long since, has proven nothing lately.
fn proven_at(service: &Service, told: &Told) -> Timestamp {
    let said = told.person.proven_at.unwrap_or(0).saturating_mul(1_000_000);
    Timestamp::from_unix_micros(said).min(service.now())
}

async fn sign_in(
    service: &Service,
    identity: Identity,
    (told, asked): (&Told, &Asked),
    browser: Arriving<'_>,
) -> Result<OpaqueSecret, Error> {
    let replaced = sessions::digests(service, browser.cookie);
    let (secret, new) = sessions::draw(service, browser.sender)?;
    let new = new.proven(proven_at(service, told));
    let author = Author::new(service, Actor::Person(identity.account), browser.sender)?;
    let (now, nonce, until) =
        (service.now(), asked.nonce.clone(), asked.asked_at().plus(ANSWER_LIFETIME));
    let write = move |tx: &mut Tx<'_>| {
        let state = store::accounts::take(tx, identity.account)?;
        if state.is_some_and(AccountState::is_banned) {
            return Ok(Err(Error::AccountBanned));
        }
        let Some(account) = store::accounts::find(tx, identity.account)? else {
            return Ok(Err(Refused::Stale("the account is gone").into()));
        };
        if !store::openid::take_answer(tx, &nonce, until)? {
            return Ok(Err(Refused::Stale("it was used before").into()));
        }
        if !store::openid::note_use(tx, &identity, now)? {
            return Ok(Err(Refused::Stale("the identity was removed meanwhile").into()));
        }
        sessions::replace(tx, &replaced, &account, &new)?;
        let after = json!({ "identity": linking::name(&identity) });
        let difference = Difference { after, ..Difference::default() };
        let subject = Subject::Account(account.id);
        author.record(tx, Action::SignedIn, subject, account.id, difference);
        Ok(Ok(()))
    };
    service.store.write(write).await??;
    Ok(secret)
}

/// Makes an account without a password, under an address that the provider vouches for. [`Error::EmailTaken`]
/// also when the identity is an account's by now.
async fn make(
    service: &Service,
    (told, profile): (&Told, &Profile),
    asked: &Asked,
    browser: Arriving<'_>,
) -> Result<OpaqueSecret, Error> {
    let email = profile.email.as_deref().filter(|_| profile.email_verified);
    let email = email.and_then(|email| Email::parse(email).ok()).ok_or(Refused::NoAddress)?;
    let name = profile.name.as_deref().and_then(|name| parse_name(name).ok());
    let draft = accounts::draft_verified(service, email, name)?;
    let (now, account) = (service.now(), draft.account.clone());
    let identity = Identity {
        id: IdentityId::new(now, &service.entropy.draw()?),
        account: account.id,
        issuer: asked.issuer.clone(),
        subject: told.person.subject.clone(),
        address: Some(account.email.to_string()),
        created_at: now,
        last_used_at: None,
    };
    let replaced = sessions::digests(service, browser.cookie);
    let (secret, new) = sessions::draw(service, browser.sender)?;
    let new = new.proven(proven_at(service, told));
    let author = Author::new(service, Actor::Person(account.id), browser.sender)?;
    let (nonce, until) = (asked.nonce.clone(), asked.asked_at().plus(ANSWER_LIFETIME));
    let write = move |tx: &mut Tx<'_>| {
        if !store::openid::take_answer(tx, &nonce, until)? {
            return Ok(Err(Refused::Stale("it was used before").into()));
        }
        if !draft.insert(tx, &author)? || !store::openid::insert(tx, &identity)? {
            // Neither is an account made without its identity, nor is the answer spent.
            tx.abandon();
            return Ok(Err(Error::EmailTaken));
        }
        linking::record_link(tx, &author, &identity);
        sessions::replace(tx, &replaced, &account, &new)?;
        sessions::record_start(tx, &author, account.id);
        Ok(Ok(()))
    };
    service.store.write(write).await??;
    Ok(secret)
}
