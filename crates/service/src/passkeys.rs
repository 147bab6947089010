//! Passkeys (WebAuthn Level 3): added, removed, and taken in place of a password.
//!
//! 1. A page carries a challenge: 24 bytes with a tag of ours, bound to the browser's cookie and to what it is
//!    for, and good for ten minutes. Nothing is stored of it.
//! 2. The authenticator makes a key for this site (§7.1), or signs with one (§7.2), once it has told its person
//!    from others. Which model it is nobody asks: attestation is `none`.
//! 3. What comes back is read strictly, in the order of §7: type, challenge, origin, site, person, signature,
//!    count.

mod authenticator_data;
mod cbor;
mod public_key;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_domain::audit::{Action, Actor, Subject};
use bloom_domain::ids::PasskeyId;
use bloom_domain::mail::accounts as letters;
use bloom_domain::passkeys::{CHALLENGE_LIFETIME, MAX_PASSKEYS, Passkey, counts_on};
use bloom_domain::secrets::OpaqueSecret;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use serde_json::json;
use store::Tx;

use crate::audit::{Author, Difference};
use crate::keyring::sha256;
use crate::sessions::{self, Arriving, ways::Ways};
use crate::{Error, Service, SignedIn, attempts, mail};
use authenticator_data::{AuthenticatorData, ClientData};
use cbor::Item;
use public_key::PublicKey;

const NONCE: usize = 24;

/// The algorithms that a new passkey may have, the one that is liked best first.
pub const ALGORITHMS: [i64; 3] = public_key::ALGORITHMS;

/// What a challenge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ceremony {
    /// To make a passkey.
    Add,
    /// To show that one is there.
    Use,
}

impl Ceremony {
    fn kind(self) -> &'static str {
        match self {
            Self::Add => "webauthn.create",
            Self::Use => "webauthn.get",
        }
    }
}

/// What an authenticator sent, through a browser.
#[derive(Debug, Clone, Default)]
pub struct Presented {
    /// How it names the passkey.
    pub credential_id: Vec<u8>,
    /// What the browser tells of the ceremony.
    pub client_data: Vec<u8>,
    /// An attestation object for a new passkey, else authenticator data.
    pub data: Vec<u8>,
    /// The signature; empty for a new passkey.
    pub signature: Vec<u8>,
}

/// The name under which authenticators know this server (a relying party id, §5.1.2); `None` where browsers have
/// no passkeys: at an address that is a number, and on plain http but for this machine itself.
#[must_use]
pub fn anonymous_site(service: &Service) -> Option<&str> {
    let (scheme, authority) = service.settings.origin.split_once("://")?;
    if authority.starts_with('[') {
        return None;
    }
    let host = authority.split(':').next().unwrap_or_default();
    let is_name = host.rsplit('.').next().is_some_and(|label| label.parse::<u8>().is_err());
    (is_name && (scheme == "https" || host == "localhost")).then_some(host)
}

/// A challenge for a page of the browser with this cookie, in base64url.
///
/// # Errors
/// When there are no random bytes.
pub fn anonymous_challenge(
    service: &Service,
    browser: &OpaqueSecret,
    ceremony: Ceremony,
) -> Result<String, Error> {
    let until = service.now().plus(CHALLENGE_LIFETIME).unix_micros().to_be_bytes();
    let random: [u8; 16] = service.entropy.draw()?;
    let nonce = [until.as_slice(), &random].concat();
    let tag = service.keyring.load().challenge_tag(&bound(&nonce, browser, ceremony));
    Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &tag].concat()))
}

fn bound(nonce: &[u8], browser: &OpaqueSecret, ceremony: Ceremony) -> Vec<u8> {
    [nonce, browser.expose().as_bytes(), ceremony.kind().as_bytes()].concat()
}

/// The person's passkeys, in the order in which they were added.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(service: &Service, person: &SignedIn) -> Result<Vec<Passkey>, Error> {
    let account = person.account().id;
    Ok(service.store.read(move |tx| store::passkeys::list_of(tx, account)).await?)
}

/// Adds the passkey that an authenticator has made. A mail tells the person.
///
/// # Errors
/// [`Error::ProofNeeded`], [`Error::PasskeyRefused`], [`Error::PasskeyKnown`], [`Error::TooManyPasskeys`],
/// [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn add(
    service: &Service,
    person: &SignedIn,
    browser: &OpaqueSecret,
    (name, presented): (String, Presented),
) -> Result<(), Error> {
    person.require_proof(service)?;
    check_client(service, browser, Ceremony::Add, &presented)?;
    let refused = Error::PasskeyRefused;
    let attestation = Item::read_whole(&presented.data).ok_or(refused("no attestation object"))?;
    let data = attestation.named("authData").and_then(Item::bytes);
    let data = data.and_then(AuthenticatorData::read).ok_or(refused("no authenticator data"))?;
    check_data(service, &data)?;
    let credential = data.credential.ok_or(refused("no credential"))?;
    let (now, account) = (service.now(), person.account());
    let passkey = Passkey {
        id: PasskeyId::new(now, &service.entropy.draw()?),
        account: account.id,
        name,
        credential_id: credential.id.to_vec(),
        public_key: credential.public_key.to_vec(),
        sign_count: data.sign_count,
        created_at: now,
        last_used_at: None,
    };
    let origin = &service.settings.origin;
    let told = letters::passkey_added(account.email.clone(), &passkey.name, origin);
    let told = mail::write(service, &told)?;
    let (claim, author) = (person.claim(), person.author(service)?);
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        if store::passkeys::list_of(tx, claim.account)?.len() >= MAX_PASSKEYS {
            return Ok(Err(Error::TooManyPasskeys));
        }
        if !store::passkeys::insert(tx, &passkey)? {
            return Ok(Err(Error::PasskeyKnown));
        }
        mail::queue(tx, &told)?;
        let after = json!({ "passkey": passkey.name });
        let difference = Difference { after, ..Difference::default() };
        let subject = Subject::Account(claim.account);
        author.record(tx, Action::PasskeyAdded, subject, claim.account, difference);
        Ok(Ok(()))
    };
    service.store.write(write).await?
}

/// Removes a passkey: it signs in no more. One that is not there, or not theirs, is removed already; the last
/// way in stays.
///
/// # Errors
/// [`Error::ProofNeeded`], [`Error::LastWayIn`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn remove(service: &Service, person: &SignedIn, id: PasskeyId) -> Result<(), Error> {
    person.require_proof(service)?;
    let (claim, author, ways) = (person.claim(), person.author(service)?, Ways::of(service));
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        let passkeys = store::passkeys::list_of(tx, claim.account)?;
        let named = passkeys.into_iter().find(|passkey| passkey.id == id);
        if named.is_some() && ways.has_passkeys && ways.find(tx, claim.account)?.is_one() {
            return Ok(Err(Error::LastWayIn));
        }
        if let Some(passkey) = named
            && store::passkeys::delete(tx, claim.account, id)?
        {
            let before = json!({ "passkey": passkey.name });
            let difference = Difference { before, ..Difference::default() };
            let subject = Subject::Account(claim.account);
            author.record(tx, Action::PasskeyRemoved, subject, claim.account, difference);
        }
        Ok(Ok(()))
    };
    service.store.write(write).await?
}

/// Signs in whoever has a passkey; gives the new cookie.
///
/// # Errors
/// [`Error::PasskeyRefused`], [`Error::AccountBanned`], [`Error::TooMany`].
pub async fn anonymous_sign_in(
    service: &Service,
    presented: Presented,
    browser: Arriving<'_>,
) -> Result<OpaqueSecret, Error> {
    let signed_in = sign_in(service, presented, browser).await;
    if matches!(signed_in, Err(Error::PasskeyRefused(_)))
        && let Some(retry_after) =
            attempts::anonymous_authentication_failed(service, browser.sender.address)
    {
        return Err(Error::TooMany { retry_after });
    }
    signed_in
}

async fn sign_in(
    service: &Service,
    presented: Presented,
    browser: Arriving<'_>,
) -> Result<OpaqueSecret, Error> {
    let cookie = browser.cookie.ok_or(Error::PasskeyRefused("no cookie"))?;
    let (passkey, sign_count) = verify(service, cookie, presented).await?;
    let replaced = sessions::digests(service, browser.cookie);
    let (secret, new) = sessions::draw(service, browser.sender)?;
    let author = Author::new(service, Actor::Person(passkey.account), browser.sender)?;
    let now = service.now();
    let write = move |tx: &mut Tx<'_>| {
        let state = store::accounts::take(tx, passkey.account)?;
        if state.is_some_and(bloom_domain::accounts::AccountState::is_banned) {
            return Ok(Err(Error::AccountBanned));
        }
        let Some(account) = store::accounts::find(tx, passkey.account)? else {
            return Ok(Err(Error::PasskeyRefused("no account")));
        };
        if !store::passkeys::note_use(tx, &passkey, sign_count, now)? {
            return Ok(Err(Error::PasskeyRefused("it was used or removed meanwhile")));
        }
        sessions::replace(tx, &replaced, &account, &new)?;
        let after = json!({ "passkey": passkey.name });
        let difference = Difference { after, ..Difference::default() };
        let subject = Subject::Account(account.id);
        author.record(tx, Action::SignedIn, subject, account.id, difference);
        Ok(Ok(()))
    };
    service.store.write(write).await??;
    Ok(secret)
}

/// Takes a passkey as the proof that it is still them.
///
/// # Errors
/// [`Error::PasskeyRefused`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn prove(
    service: &Service,
    person: &SignedIn,
    browser: &OpaqueSecret,
    presented: Presented,
) -> Result<(), Error> {
    let (passkey, sign_count) = verify(service, browser, presented).await?;
    let (claim, author, now) = (person.claim(), person.author(service)?, service.now());
    if passkey.account != claim.account {
        return Err(Error::PasskeyRefused("it is another account's"));
    }
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        if !store::passkeys::note_use(tx, &passkey, sign_count, now)? {
            return Ok(Err(Error::PasskeyRefused("it was used or removed meanwhile")));
        }
        sessions::proof::note(tx, claim, &author, now)?;
        Ok(Ok(()))
    };
    service.store.write(write).await?
}

/// The passkey that has signed, and what its authenticator counts now.
async fn verify(
    service: &Service,
    browser: &OpaqueSecret,
    presented: Presented,
) -> Result<(Passkey, u32), Error> {
    let refused = Error::PasskeyRefused;
    check_client(service, browser, Ceremony::Use, &presented)?;
    let data = AuthenticatorData::read(&presented.data).ok_or(refused("no authenticator data"))?;
    check_data(service, &data)?;
    let id = presented.credential_id.clone();
    let found = service.store.read(move |tx| store::passkeys::find(tx, &id)).await?;
    let passkey = found.ok_or(refused("it is unknown"))?;
    let key = PublicKey::read(&passkey.public_key).ok_or(refused("its key cannot be read"))?;
    let message = [&presented.data[..], &sha256(&presented.client_data)].concat();
    if !key.has_signed(&message, &presented.signature) {
        return Err(refused("the signature is not its"));
    }
    if !counts_on(passkey.sign_count, data.sign_count) {
        return Err(refused("its count does not grow: there is a copy of it"));
    }
    Ok((passkey, data.sign_count))
}

/// Whether the browser took part in the ceremony that a page of ours asked of it.
fn check_client(
    service: &Service,
    browser: &OpaqueSecret,
    ceremony: Ceremony,
    presented: &Presented,
) -> Result<(), Error> {
    let refused = |why| Err(Error::PasskeyRefused(why));
    let Some(client) = ClientData::read(&presented.client_data) else {
        return refused("no client data");
    };
    if client.kind != ceremony.kind() {
        return refused("another ceremony");
    }
    if !is_ours(service, browser, ceremony, &client.challenge) {
        return refused("a challenge that is not ours, or too old");
    }
    if client.origin != service.settings.origin || client.is_in_a_foreign_frame {
        return refused("another origin");
    }
    Ok(())
}

fn is_ours(service: &Service, browser: &OpaqueSecret, ceremony: Ceremony, challenge: &str) -> bool {
    let Ok(challenge) = URL_SAFE_NO_PAD.decode(challenge) else { return false };
    let Some((nonce, tag)) = challenge.split_at_checked(NONCE) else { return false };
    let Some((until, _)) = nonce.split_first_chunk::<8>() else { return false };
    let until = Timestamp::from_unix_micros(i64::from_be_bytes(*until));
    let bound = bound(nonce, browser, ceremony);
    service.keyring.load().is_challenge_tag(&bound, tag) && service.now() < until
}

/// Whether an authenticator means this site, and has told its person from others.
fn check_data(service: &Service, data: &AuthenticatorData<'_>) -> Result<(), Error> {
    let site = anonymous_site(service).ok_or(Error::PasskeyRefused("no passkeys here"))?;
    if data.site != sha256(site.as_bytes()) {
        return Err(Error::PasskeyRefused("another site"));
    }
    if !data.is_verified() {
        return Err(Error::PasskeyRefused("nobody was told apart"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
