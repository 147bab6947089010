//! The images of a brand's page come into its library, where that is wanted: a job after each run that read the page.
//!
//! 1. The job is written in the transaction that ends the run, so a brand does not wait for its images.
//! 2. Each image is fetched through the guarded fetcher and kept as if somebody had brought it: the same file once. So doing the
//!    job again changes nothing.
//! 3. Drawings, small ones and what cannot be read are left out. A brand that is deleted meanwhile gets no more.

use std::sync::Arc;

use bloom_domain::brands::Brand;
use bloom_domain::ids::BrandId;
use bloom_store as store;
use bloom_studio::findings::{Candidate, Findings, OG_IMAGE};
use serde::{Deserialize, Serialize};

use super::profile::Profile;
use super::site;
use crate::images::uploads::{self, NotTaken};
use crate::jobs::{Job, JobDraft, JobError, Kind};
use crate::{Error, Service};

/// How many brands a node collects images of at the same time.
const AT_ONCE: usize = 2;
/// How many images are kept of a page at most.
const KEPT: usize = 12;
/// How many are looked at for that.
const LOOKED_AT: usize = 24;

/// The jobs that collect images.
pub(crate) static COLLECTING: Kind = Kind {
    name: "collect",
    at_once: || AT_ONCE,
    run: |service, job| Box::pin(run(service, job)),
    give_up: |service, job| Box::pin(job.leave(service)),
};

#[derive(Serialize, Deserialize)]
struct Payload {
    brand: [u8; 16],
}

/// The job for a brand, if there is anything to collect.
pub(super) fn draft(
    service: &Service,
    brand: &Brand,
    findings: &Findings,
) -> Result<Option<JobDraft>, Error> {
    if !brand.collects_images || places(findings).is_empty() {
        return Ok(None);
    }
    let payload = Payload { brand: *brand.id.as_bytes() };
    JobDraft::new(service, &COLLECTING, Some(brand.id.to_string()), &payload).map(Some)
}

/// Where images of the page are, each once, and what they show. The logo is kept as that.
fn places(findings: &Findings) -> Vec<(String, String)> {
    let is_logo = |url: &str| {
        let is_it = |logo: &Candidate| matches!(logo, Candidate::Address(at) if at == url);
        // What is shown when a page is shared is mostly its picture, and a logo only where there is no other.
        findings.logos.iter().any(|logo| is_it(&logo.value) && logo.source != OG_IMAGE)
    };
    let mut places: Vec<(String, String)> = Vec::new();
    for image in &findings.images {
        let is_known = places.iter().any(|(url, _)| *url == image.url);
        if !is_known && !is_logo(&image.url) && places.len() < LOOKED_AT {
            places.push((image.url.clone(), image.alt.clone()));
        }
    }
    places
}

async fn run(service: &Arc<Service>, job: &Job) -> Result<(), JobError> {
    let payload: Payload = job.payload()?;
    let id = BrandId::from_bytes(payload.brand);
    let found = service.store.read(move |tx| store::brands::find_any(tx, id)).await?;
    if let Some(found) = found {
        collect(service, &found.brand).await?;
    }
    job.leave(service).await
}

async fn collect(service: &Service, brand: &Brand) -> Result<(), JobError> {
    let mut kept = 0;
    for (url, alt) in places(&Profile::of(brand)?.found) {
        if kept == KEPT {
            break;
        }
        // A library is told by what is there of it.
        let Ok(bytes) = site::image_at(service, &url).await else { continue };
        match uploads::keep_found(service, brand, bytes, (&url, &alt)).await {
            Ok(()) => kept += 1,
            // Nobody is there to keep them for, or there is no room.
            Err(Error::BrandNotFound | Error::NotTaken(NotTaken::NoRoom)) => break,
            Err(Error::NotTaken(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
