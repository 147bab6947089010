//! Reading a brand from its page: a job for each run.
//!
//! 1. A run begins in the transaction that makes the brand, or that asks for it to be read again: the brand is
//!    `analyzing`, its `run` has gone up, and a job is written.
//! 2. The job fetches and reads outside of any transaction. What it found is written at once, with the end of the
//!    job, and only when its run is still the last one. A brand that was deleted meanwhile stays so.
//! 3. A logo that somebody chose counts before any that is found, and one that they chose meanwhile before that.

use std::sync::Arc;

use bloom_domain::brands::{
    Brand, BrandStatus, Failure, FailureCode, Logo, MAX_NAME, MAX_URL, SiteUrl,
};
use bloom_domain::ids::BrandId;
use bloom_domain::time::Timestamp;
use bloom_store as store;
use bloom_studio::findings::{self, Findings, Found, Page};
use serde::{Deserialize, Serialize};
use store::{Change, Tx};

use super::profile::{self, Corrections, MAX_SUMMARY, Profile};
use super::site::{self, FetchedSite, Picture};
use super::{collecting, logos};
use crate::jobs::{Job, JobDraft, JobError, Kind};
use crate::{Error, Service};

/// How many pages a node reads at the same time.
const AT_ONCE: usize = 4;
/// The longest words for where something was found, in characters.
const MAX_SOURCE: usize = 120;
/// The longest words for what an image shows.
const MAX_ALT: usize = 300;
/// How many places for a logo are kept.
const MAX_LOGOS: usize = 12;
/// In the place of a summary.
const NOTHING_RENDERED: &str =
    "The page shows little until its scripts run, so little of the brand was found on it.";

/// The jobs that read a brand's page.
pub(crate) static READING: Kind = Kind {
    name: "brand",
    at_once: || AT_ONCE,
    run: |service, job| Box::pin(run(service, job)),
    give_up: |service, job| Box::pin(give_up(service, job)),
};

#[derive(Serialize, Deserialize)]
struct Payload {
    brand: [u8; 16],
}

/// Begins another run, in the transaction that writes the brand.
pub(super) fn begin(brand: &mut Brand, now: Timestamp) {
    brand.run += 1;
    brand.status = BrandStatus::Analyzing;
    brand.updated_at = now;
}

/// The job of a brand's next run, ready to be written. There is one at a time: a run ends together with its job.
pub(super) fn draft(service: &Service, brand: BrandId) -> Result<JobDraft, Error> {
    let payload = Payload { brand: *brand.as_bytes() };
    JobDraft::new(service, &READING, Some(brand.to_string()), &payload)
}

/// What a run came to.
enum Outcome {
    Read(Box<Read>),
    /// The page could not be read. A logo at an address of its own has nothing to do with that, and is fetched by
    /// this job.
    Failed(Failure, Option<JobDraft>),
}

struct Read {
    findings: Findings,
    /// Where a logo was that somebody had chosen when the run began.
    wanted: Option<String>,
    /// A logo that was found, or fetched from there.
    logo: Option<Logo>,
    /// Why the one that somebody chose was not taken.
    logo_error: Option<String>,
    /// The job that collects the page's images, if there are any to collect.
    collecting: Option<JobDraft>,
}

async fn run(service: &Arc<Service>, job: &Job) -> Result<(), JobError> {
    let payload: Payload = job.payload()?;
    let id = BrandId::from_bytes(payload.brand);
    let found = service.store.read(move |tx| store::brands::find_any(tx, id)).await?;
    let brand = found.map(|found| found.brand);
    let Some(brand) = brand.filter(|brand| brand.status == BrandStatus::Analyzing) else {
        return end(service, job, id, None).await;
    };
    let outcome = match read(service, &brand).await {
        Ok(mut read) => {
            read.collecting = collecting::draft(service, &brand, &read.findings)?;
            Outcome::Read(Box::new(read))
        }
        // What failed on our side may go well the next time.
        Err(failure) if failure.code == FailureCode::Internal => {
            return Err(JobError::ForNow(failure.detail));
        }
        Err(failure) => failed(service, &brand, failure)?,
    };
    end(service, job, id, Some((brand.run, outcome))).await
}

async fn give_up(service: &Arc<Service>, job: &Job) -> Result<(), JobError> {
    // A job in words that this version does not know says which brand it is about all the same.
    let id = match job.payload::<Payload>() {
        Ok(payload) => Some(BrandId::from_bytes(payload.brand)),
        Err(_) => job.about().and_then(|about| about.parse().ok()),
    };
    let Some(id) = id else { return job.leave(service).await };
    let failure = Failure {
        code: FailureCode::Internal,
        detail: "the server could not read the page; its operator finds the cause in the log"
            .to_owned(),
    };
    let found = service.store.read(move |tx| store::brands::find_any(tx, id)).await?;
    let outcome = match found.map(|found| found.brand) {
        Some(brand) => Some((brand.run, failed(service, &brand, failure)?)),
        None => None,
    };
    end(service, job, id, outcome).await
}

fn failed(service: &Service, brand: &Brand, failure: Failure) -> Result<Outcome, Error> {
    let wanted = brand.wanted_logo.as_deref();
    let fetching = wanted.map(|url| logos::draft(service, brand.id, url)).transpose()?;
    Ok(Outcome::Failed(failure, fetching))
}

/// Whether enough of a brand was set by hand for it to be one, as it is stored.
pub(super) fn is_set_by_hand(brand: &Brand) -> Result<bool, store::Error> {
    let corrections = Corrections::of(brand).map_err(|error| corrupt(&error))?;
    Ok(profile::is_set_by_hand(brand, &corrections))
}

fn corrupt(error: &Error) -> store::Error {
    store::Error::Corrupt(error.to_string())
}

/// Fetches and reads; writes nothing but the bytes of a logo.
async fn read(service: &Arc<Service>, brand: &Brand) -> Result<Read, Failure> {
    let url = SiteUrl::parse(&brand.url).ok_or_else(|| Failure {
        code: FailureCode::InvalidUrl,
        detail: "it is no URL of a page".to_owned(),
    })?;
    let fetched = site::fetch(service, &url).await?;
    let (mut logo, mut logo_error) = (None, None);
    if let Some(wanted) = &brand.wanted_logo {
        match site::picture_at(service, wanted).await {
            Ok(picture) => logo = Some((picture, true)),
            Err(why) => logo_error = Some(why),
        }
    }
    let kept = brand.logo.as_ref().filter(|kept| kept.is_chosen);
    let mut place = None;
    if logo.is_none() && kept.is_none() {
        (logo, place) = match site::logo(service, &fetched).await {
            Some((picture, place)) => (Some((picture, false)), Some(place)),
            // The one that was found before stays, and so does what is known of it.
            None => (None, Profile::of(brand).map_err(|error| ours(&error))?.found.logo),
        };
    }
    let for_palette = match (&logo, kept) {
        (Some((picture, _)), _) => Some(picture.bytes.clone()),
        (None, Some(kept)) => logos::bytes(service, kept).await.map_err(|error| ours(&error))?,
        (None, None) => None,
    };
    let findings = site::blocking(move || looked_at(&fetched, for_palette.as_deref())).await?;
    let mut findings = Findings { logo: place, ..findings };
    clip(&mut findings);
    let nothing = findings.palette.is_empty() && findings.heading_font.is_none();
    if nothing && logo.is_none() && kept.is_none() {
        let detail = match findings.needs_a_browser {
            true => {
                "the page shows nothing until its scripts run, and no browser runs here; name a page of \
                     the site that shows its logo and colours by itself"
            }
            false => "nothing of a brand was found on the page: no logo, no colours, no typefaces",
        };
        return Err(Failure { code: FailureCode::VisualDnaFailed, detail: detail.to_owned() });
    }
    let logo = match logo {
        Some((picture, is_chosen)) => Some(put(service, picture, is_chosen).await?),
        None => None,
    };
    let wanted = brand.wanted_logo.clone();
    Ok(Read { findings, wanted, logo, logo_error, collecting: None })
}

async fn put(service: &Service, picture: Picture, is_chosen: bool) -> Result<Logo, Failure> {
    logos::put(service, picture, is_chosen).await.map_err(|error| ours(&error))
}

fn ours(error: &Error) -> Failure {
    Failure { code: FailureCode::Internal, detail: error.to_string() }
}

fn looked_at(site: &FetchedSite, logo: Option<&[u8]>) -> Findings {
    let mut findings = findings::read(&Page {
        url: &site.url,
        html: &site.html,
        stylesheets: &site.stylesheets,
        theme: site.manifest.theme.as_deref(),
        logo,
    });
    findings.logos.extend(site.manifest.logos.iter().cloned());
    findings.logos.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    // A drawing in the page is not kept twice, and no address that nobody could ask for.
    findings.logos.retain(|logo| match &logo.value {
        findings::Candidate::Address(url) => url.len() <= MAX_URL,
        findings::Candidate::Inline(_) => false,
    });
    clip(&mut findings);
    if findings.needs_a_browser && findings.summary.is_none() {
        findings.summary = Some(Found {
            value: NOTHING_RENDERED.to_owned(),
            source: "page without its scripts".to_owned(),
            confidence: 0.0,
        });
    }
    findings
}

/// Cuts what a page says to what is of use: a row is no place for megabytes.
fn clip(findings: &mut Findings) {
    fn cut(text: &mut String, most: usize) {
        if let Some((at, _)) = text.char_indices().nth(most) {
            text.truncate(at);
        }
    }
    fn cut_found<T>(found: &mut Found<T>) {
        cut(&mut found.source, MAX_SOURCE);
    }
    cut(&mut findings.name.value, MAX_NAME);
    cut_found(&mut findings.name);
    for found in &mut findings.logos {
        cut_found(found);
    }
    findings.logos.truncate(MAX_LOGOS);
    findings.logo.iter_mut().for_each(cut_found);
    findings.logo = findings.logo.take().filter(|logo| logo.value.len() <= MAX_URL);
    findings.palette.iter_mut().for_each(cut_found);
    for font in findings.heading_font.iter_mut().chain(&mut findings.body_font) {
        cut(&mut font.value.named, MAX_NAME);
        cut_found(font);
    }
    findings.aesthetic.iter_mut().for_each(cut_found);
    if let Some(summary) = &mut findings.summary {
        cut(&mut summary.value, MAX_SUMMARY);
        cut_found(summary);
    }
    findings.images.retain(|image| image.url.len() <= MAX_URL);
    for image in &mut findings.images {
        cut(&mut image.alt, MAX_ALT);
    }
}

/// Ends a run's job, and writes what the run came to if it is still the last one.
async fn end(
    service: &Arc<Service>,
    job: &Job,
    id: BrandId,
    outcome: Option<(i64, Outcome)>,
) -> Result<(), JobError> {
    let (ending, now) = (job.clone(), service.now());
    let new = match &outcome {
        Some((_, Outcome::Read(read))) => read.logo.clone(),
        _ => None,
    };
    let write = move |tx: &mut Tx<'_>| {
        if !ending.end(tx)? {
            return Ok(None);
        }
        let Some((run, outcome)) = outcome else { return Ok(None) };
        if !store::brands::take(tx, id)? {
            return Ok(None);
        }
        let found = store::brands::find_any(tx, id)?;
        let is_of_it = |brand: &Brand| brand.run == run && brand.status == BrandStatus::Analyzing;
        let Some(mut brand) = found.map(|found| found.brand).filter(is_of_it) else {
            return Ok(None);
        };
        let before = brand.logo.clone();
        if let Outcome::Read(read) = &outcome
            && let Some(collecting) = &read.collecting
        {
            collecting.run(tx)?;
        }
        if let Outcome::Failed(_, Some(fetching)) = &outcome {
            fetching.run(tx)?;
        }
        // What cannot be read of what was corrected is a defect, and no reason to lose what was found.
        settle(&mut brand, outcome, now).map_err(|error| corrupt(&error))?;
        store::brands::update(tx, &brand, run)?;
        logos::keep(tx, (&before, &brand.logo), now)?;
        tx.changed(Change::Brand(id));
        Ok(Some((before, brand.logo)))
    };
    // Whichever logo is not the brand's in the end is nobody's.
    let (before, after) = service.store.write(write).await?.unwrap_or_default();
    for logo in before.into_iter().chain(new).filter(|logo| after.as_ref() != Some(logo)) {
        logos::forget(service, &logo).await;
    }
    Ok(())
}

/// What a brand is once a run of it has ended.
fn settle(brand: &mut Brand, outcome: Outcome, now: Timestamp) -> Result<(), Error> {
    brand.updated_at = now;
    match outcome {
        Outcome::Failed(failure, _) => {
            let is_known = profile::is_set_by_hand(brand, &Corrections::of(brand)?);
            brand.status = if is_known { BrandStatus::Ready } else { BrandStatus::Failed(failure) };
        }
        Outcome::Read(read) => {
            let Read { findings, wanted, logo, logo_error, .. } = *read;
            brand.name = profile::name(&findings, &Corrections::of(brand)?);
            brand.findings = Some(profile::write(&findings)?);
            // Whatever somebody chose since the run began is what they want by now.
            let is_latest = brand.wanted_logo == wanted;
            let may_be_taken = match &logo {
                Some(logo) if logo.is_chosen => is_latest,
                _ => !brand.logo.as_ref().is_some_and(|logo| logo.is_chosen),
            };
            if may_be_taken {
                brand.logo = logo.or(brand.logo.take());
            }
            if is_latest && wanted.is_some() {
                brand.wanted_logo = None;
                brand.logo_error = logo_error;
            }
            brand.status = match brand.logo {
                Some(_) => BrandStatus::Ready,
                None => BrandStatus::LogoRequired,
            };
        }
    }
    Ok(())
}
