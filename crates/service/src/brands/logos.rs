//! Logos that somebody chooses: by a URL, which a job fetches, or as a file.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_domain::audit::{Action, Actor};
use bloom_domain::brands::{Brand, BrandStatus, Logo, SiteUrl};
use bloom_domain::digest::Digest;
use bloom_domain::ids::BrandId;
use bloom_domain::senders::Sender;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Change, Tx};

use super::{Asker, Found, onboarding, record, site, take_within_reach, uploads};
use crate::audit::Author;
use crate::blobs::BlobKey;
use crate::images::files::{self, Written};
use crate::jobs::{Job, JobDraft, JobError, Kind};
use crate::{Error, Service};

/// How many logos a node fetches at the same time.
const AT_ONCE: usize = 4;
/// What people are told when it was not the logo's fault.
const OURS: &str = "the server could not fetch it; try again";

/// The jobs that fetch a logo.
pub(crate) static FETCHING: Kind = Kind {
    name: "brand_logo",
    at_once: || AT_ONCE,
    run: |service, job| Box::pin(run(service, job)),
    give_up: |service, job| Box::pin(give_up(service, job)),
};

#[derive(Serialize, Deserialize)]
struct Payload {
    brand: [u8; 16],
    url: String,
}

/// Chooses the logo at a URL. It is fetched afterwards; what is wrong with it then stands with the brand.
///
/// # Errors
/// [`Error::InvalidLogo`], [`Error::BrandNotFound`], [`Error::PlanUpgradeRequired`],
/// [`Error::CredentialRevoked`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn choose_url(
    service: &Service,
    asker: Asker,
    id: BrandId,
    url: &str,
) -> Result<Brand, Error> {
    let url = SiteUrl::parse(url).ok_or_else(|| {
        Error::InvalidLogo("logoUrl is no absolute URL that begins with https:// or http://".into())
    })?;
    let url = url.as_str().to_owned();
    let fetching = draft(service, id, &url)?;
    change(service, asker, id, None, move |brand| {
        brand.wanted_logo = Some(url);
        brand.logo_error = None;
        Some(fetching)
    })
    .await
}

/// The job that fetches a brand's logo from a URL.
pub(super) fn draft(service: &Service, brand: BrandId, url: &str) -> Result<JobDraft, Error> {
    let payload = Payload { brand: *brand.as_bytes(), url: url.to_owned() };
    JobDraft::new(service, &FETCHING, None, &payload)
}

/// Chooses a file as the logo.
///
/// # Errors
/// [`Error::InvalidLogo`], [`Error::BrandNotFound`], [`Error::PlanUpgradeRequired`],
/// [`Error::CredentialRevoked`], [`Error::SignedOut`], [`Error::AccountBanned`].
pub async fn choose_file(
    service: &Service,
    asker: Asker,
    id: BrandId,
    file: Vec<u8>,
) -> Result<Brand, Error> {
    // Whoever has no such brand learns nothing of the file.
    let account = asker.account;
    let found = service.store.read(move |tx| store::brands::find(tx, account, id)).await?;
    found.filter(|found| asker.reaches(found.workspace.id)).ok_or(Error::BrandNotFound)?;
    let picture = site::picture(file).await.map_err(Error::InvalidLogo)?;
    let logo = put(service, picture, true).await?;
    let new = logo.clone();
    change(service, asker, id, Some(logo), move |brand| take_as_chosen(brand, new)).await
}

/// Chooses a file as the logo, for whoever holds a token for that. The token is used up with it.
pub(super) async fn choose_with_token(
    service: &Service,
    sender: &Sender,
    (id, digests): (BrandId, Vec<Digest>),
    picture: site::Picture,
) -> Result<Brand, Error> {
    let author = Author::new(service, Actor::Anybody, sender)?;
    let logo = put(service, picture, true).await?;
    let (now, reading, new) = (service.now(), onboarding::draft(service, id)?, logo.clone());
    let write = move |tx: &mut Tx<'_>| {
        let (digest, _) = match uploads::hold(tx, &digests, id, now)? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        let found = match store::brands::take(tx, id)? {
            true => store::brands::find_any(tx, id)?,
            false => None,
        };
        let Some(found) = found else { return Ok(Err(Error::BrandNotFound)) };
        if !store::upload_tokens::take(tx, &digest, now)? {
            return Ok(Err(Error::UploadTokenSpent));
        }
        let choose = |brand: &mut Brand| take_as_chosen(brand, new);
        chosen(tx, found, &author, (now, &reading), choose).map(Ok)
    };
    replace(service, Some(logo), service.store.write(write).await?).await
}

fn take_as_chosen(brand: &mut Brand, logo: Logo) -> Option<JobDraft> {
    brand.logo = Some(logo);
    brand.wanted_logo = None;
    brand.logo_error = None;
    None
}

async fn change(
    service: &Service,
    asker: Asker,
    id: BrandId,
    new: Option<Logo>,
    choose: impl FnOnce(&mut Brand) -> Option<JobDraft> + Send + 'static,
) -> Result<Brand, Error> {
    let (now, reading) = (service.now(), onboarding::draft(service, id)?);
    let write = move |tx: &mut Tx<'_>| {
        let found = match take_within_reach(tx, &asker, id)? {
            Ok(found) => found,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Err(refused) = asker.admits(tx, found.workspace.id)? {
            return Ok(Err(refused));
        }
        chosen(tx, found, &asker.author, (now, &reading), choose).map(Ok)
    };
    replace(service, new, service.store.write(write).await?).await
}

/// Writes what was chosen, and begins another run where the brand was waiting for a logo or could not be read.
/// Otherwise what fetches the logo is all there is to do. Gives the brand and the logo that it had before.
fn chosen(
    tx: &mut Tx<'_>,
    found: Found,
    author: &Author,
    (now, reading): (Timestamp, &JobDraft),
    choose: impl FnOnce(&mut Brand) -> Option<JobDraft>,
) -> Result<(Brand, Option<Logo>), store::Error> {
    let Found { mut brand, workspace } = found;
    let (run, before) = (brand.run, brand.logo.clone());
    let fetching = choose(&mut brand);
    brand.updated_at = now;
    if matches!(brand.status, BrandStatus::LogoRequired | BrandStatus::Failed(_)) {
        onboarding::begin(&mut brand, now);
        reading.run(tx)?;
    } else if let Some(job) = fetching {
        job.run(tx)?;
    }
    store::brands::update(tx, &brand, run)?;
    keep(tx, (&before, &brand.logo), now)?;
    let after = json!({ "brand": brand.name, "logo": "chosen" });
    record(tx, author, Action::BrandChanged, (&brand, &workspace), after);
    tx.changed(Change::Brand(brand.id));
    Ok((brand, before))
}

/// Forgets the bytes that are nobody's: of the logo that was replaced, or of one that was not taken.
async fn replace(
    service: &Service,
    new: Option<Logo>,
    outcome: Result<(Brand, Option<Logo>), Error>,
) -> Result<Brand, Error> {
    let (left_over, outcome) = match outcome {
        Ok((brand, before)) => {
            (before.filter(|before| brand.logo.as_ref() != Some(before)), Ok(brand))
        }
        Err(error) => (new, Err(error)),
    };
    if let Some(logo) = left_over {
        forget(service, &logo).await;
    }
    outcome
}

async fn run(service: &Arc<Service>, job: &Job) -> Result<(), JobError> {
    let payload: Payload = job.payload()?;
    let fetched = match site::picture_at(service, &payload.url).await {
        Ok(picture) => Ok(put(service, picture, true).await?),
        Err(why) => Err(why),
    };
    end(service, job, payload, fetched).await
}

async fn give_up(service: &Arc<Service>, job: &Job) -> Result<(), JobError> {
    match job.payload() {
        Ok(payload) => end(service, job, payload, Err(OURS.to_owned())).await,
        Err(_) => job.leave(service).await,
    }
}

/// Ends a job, and writes what it came to if that is still the logo that is wanted.
async fn end(
    service: &Service,
    job: &Job,
    payload: Payload,
    fetched: Result<Logo, String>,
) -> Result<(), JobError> {
    let (ending, now, id) = (job.clone(), service.now(), BrandId::from_bytes(payload.brand));
    let new = fetched.as_ref().ok().cloned();
    let write = move |tx: &mut Tx<'_>| {
        if !ending.end(tx)? || !store::brands::take(tx, id)? {
            return Ok(None);
        }
        let found = store::brands::find_any(tx, id)?.map(|found| found.brand);
        let Some(mut brand) =
            found.filter(|brand| brand.wanted_logo.as_ref() == Some(&payload.url))
        else {
            return Ok(None);
        };
        let before = brand.logo.clone();
        brand.wanted_logo = None;
        brand.updated_at = now;
        match fetched {
            Ok(logo) => {
                brand.logo = Some(logo);
                brand.logo_error = None;
                let is_known = match &brand.status {
                    BrandStatus::LogoRequired => true,
                    BrandStatus::Failed(_) => onboarding::is_set_by_hand(&brand)?,
                    BrandStatus::Analyzing | BrandStatus::Ready => false,
                };
                if is_known {
                    brand.status = BrandStatus::Ready;
                }
            }
            Err(why) => brand.logo_error = Some(why),
        }
        let run = brand.run;
        store::brands::update(tx, &brand, run)?;
        keep(tx, (&before, &brand.logo), now)?;
        tx.changed(Change::Brand(id));
        Ok(Some((before, brand.logo)))
    };
    let (before, after) = service.store.write(write).await?.unwrap_or_default();
    for logo in before.into_iter().chain(new).filter(|logo| after.as_ref() != Some(logo)) {
        forget(service, &logo).await;
    }
    Ok(())
}

/// The end of a logo's address: whoever has it may look at the logo, until it is another one.
#[must_use]
pub fn address(service: &Service, brand: &Brand) -> Option<String> {
    let logo = brand.logo.as_ref()?;
    let tag = service.keyring.load().logo_tag(&named(brand.id, logo));
    Some(format!("{}/{}", brand.id, URL_SAFE_NO_PAD.encode(tag)))
}

/// The logo at an address. `anonymous`: the address is all that is asked for.
///
/// # Errors
/// [`Error::BrandNotFound`] for every address that is not given away.
pub async fn anonymous_open(
    service: &Service,
    id: BrandId,
    tag: &str,
) -> Result<(Vec<u8>, String), Error> {
    let tag: Option<[u8; 16]> =
        URL_SAFE_NO_PAD.decode(tag).ok().and_then(|tag| tag.try_into().ok());
    let tag = tag.ok_or(Error::BrandNotFound)?;
    let found = service.store.read(move |tx| store::brands::find_any(tx, id)).await?;
    let logo = found.and_then(|found| found.brand.logo).ok_or(Error::BrandNotFound)?;
    if !service.keyring.load().is_logo_tag(&named(id, &logo), &tag) {
        return Err(Error::BrandNotFound);
    }
    let bytes = bytes(service, &logo).await?.ok_or(Error::BrandNotFound)?;
    Ok((bytes, logo.media_type))
}

/// What the tag of a logo's address is made of. Each logo has a name of its own, so the address ends with it.
fn named(id: BrandId, logo: &Logo) -> Vec<u8> {
    [id.as_bytes(), logo.blob.as_bytes()].concat()
}

/// Keeps the bytes of a logo under a name that nothing else has.
pub(super) async fn put(
    service: &Service,
    picture: site::Picture,
    is_chosen: bool,
) -> Result<Logo, Error> {
    let name = BrandId::new(service.now(), &service.entropy.draw()?);
    let key = BlobKey::new("logos", name);
    files::put(service, &key, Written::alone(picture.bytes)).await?;
    Ok(Logo { blob: key.as_str().to_owned(), media_type: picture.media_type.to_owned(), is_chosen })
}

/// The bytes of a logo stay, if this transaction gave it to its brand.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    (before, after): (&Option<Logo>, &Option<Logo>),
    now: Timestamp,
) -> Result<(), store::Error> {
    match after {
        Some(logo) if before.as_ref() != Some(logo) => files::keep(tx, &logo.blob, now),
        _ => Ok(()),
    }
}

/// The bytes of a logo; `None` when they are gone.
pub(crate) async fn bytes(service: &Service, logo: &Logo) -> Result<Option<Vec<u8>>, Error> {
    Ok(service.blobs.get(&BlobKey::from_stored(&logo.blob)).await?)
}

/// Deletes the bytes of a logo that is nobody's any more. When that fails, some bytes lie about.
pub(super) async fn forget(service: &Service, logo: &Logo) {
    if let Err(error) = service.blobs.delete(&BlobKey::from_stored(&logo.blob)).await {
        tracing::warn!(%error, blob = logo.blob, "a logo that nothing uses was not deleted");
    }
}
