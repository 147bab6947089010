//! A brand's page, and what it refers to, by the guarded fetcher.

use std::time::Duration;

use bloom_domain::brands::{Failure, FailureCode, Site, SiteUrl};
use bloom_studio::findings::{self, Candidate, Found, Links, Manifest};
use bloom_studio::images::decode::{Decoded, Most, decode};
use bloom_studio::raster;

use crate::fetch::{Along, FetchError, Fetched, Wanted, patiently};
use crate::{Error, Service};

/// The largest of anything that is fetched.
const MAX_BYTES: usize = 5 * 1024 * 1024;
/// How long each may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How many redirects are followed.
const REDIRECTS: usize = 5;
/// How many stylesheets are read.
const STYLESHEETS: usize = 5;
/// How many places are looked at for a logo.
const LOGOS: usize = 6;

const PAGES: &[&str] = &["text/html", "application/xhtml+xml"];
const SHEETS: &[&str] = &["text/css"];
const MANIFESTS: &[&str] = &["application/manifest+json", "application/json", "text/json"];
const PICTURES: &[&str] =
    &["image/svg+xml", "image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"];

/// A page with what it refers to.
pub(super) struct FetchedSite {
    pub(super) url: String,
    pub(super) html: String,
    pub(super) stylesheets: Vec<String>,
    pub(super) manifest: Manifest,
    pub(super) links: Links,
}

/// A picture that was fetched or brought, in the form in which it is kept.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) bytes: Vec<u8>,
    pub(super) media_type: &'static str,
}

/// Fetches a page and what it refers to.
pub(super) async fn fetch(service: &Service, url: &SiteUrl) -> Result<FetchedSite, Failure> {
    match url.site() {
        Site::OtherInstagram => Err(Failure {
            code: FailureCode::InvalidUrl,
            detail: "of Instagram only profile pages are read".to_owned(),
        }),
        Site::InstagramProfile(name) => profile(service, url, name).await,
        Site::Page => page(service, url.as_str()).await,
    }
}

async fn page(service: &Service, url: &str) -> Result<FetchedSite, Failure> {
    let fetched = fetch_one(service, url, PAGES).await.map_err(|error| match error {
        FetchError::Url(_) | FetchError::Address => {
            Failure { code: FailureCode::InvalidUrl, detail: error.to_string() }
        }
        // Not the page's fault: the job is tried again.
        FetchError::Busy => Failure { code: FailureCode::Internal, detail: error.to_string() },
        error => Failure { code: FailureCode::ScrapeFailed, detail: error.to_string() },
    })?;
    let (html, url) = (text(&fetched), fetched.url);
    let (links, url, html) = blocking(move || (findings::links(&url, &html), url, html)).await?;
    let mut stylesheets = Vec::new();
    for sheet in links.stylesheets.iter().take(STYLESHEETS) {
        // A page is told by what is there of it.
        if let Ok(fetched) = fetch_one(service, sheet, SHEETS).await {
            stylesheets.push(text(&fetched));
        }
    }
    let manifest = match &links.manifest {
        None => Manifest::default(),
        Some(url) => match fetch_one(service, url, MANIFESTS).await {
            Ok(fetched) => findings::manifest(&fetched.url, &text(&fetched)),
            Err(_) => Manifest::default(),
        },
    };
    Ok(FetchedSite { url, html, stylesheets, manifest, links })
}

/// A profile of Instagram, as far as it shows one to somebody who has not signed in. Mostly it does not.
async fn profile(service: &Service, url: &SiteUrl, name: String) -> Result<FetchedSite, Failure> {
    let failed = |detail: String| Failure { code: FailureCode::InstagramFetchFailed, detail };
    let fetched = fetch_one(service, url.as_str(), PAGES)
        .await
        .map_err(|error| failed(format!("Instagram did not show the profile: {error}")))?;
    let html = text(&fetched);
    let read = blocking(move || findings::profile(&name, &html)).await?;
    let html = read.ok_or_else(|| {
        failed("Instagram shows the profile only to those who sign in, or there is none".to_owned())
    })?;
    let url = url.as_str().to_owned();
    let (links, url, html) = blocking(move || (findings::links(&url, &html), url, html)).await?;
    Ok(FetchedSite { url, html, stylesheets: Vec::new(), manifest: Manifest::default(), links })
}

/// The first place for a logo at which there is one that can be drawn with, and what is known of that place.
pub(super) async fn logo(
    service: &Service,
    site: &FetchedSite,
) -> Option<(Picture, Found<String>)> {
    let mut places: Vec<&Found<Candidate>> =
        site.links.logos.iter().chain(&site.manifest.logos).collect();
    places.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    for place in places.into_iter().take(LOGOS) {
        let (found, address) = match &place.value {
            Candidate::Address(url) => (picture_at(service, url).await.ok(), url.clone()),
            Candidate::Inline(svg) => (picture(svg.clone().into_bytes()).await.ok(), String::new()),
        };
        if let Some(picture) = found {
            let (source, confidence) = (place.source.clone(), place.confidence);
            return Some((picture, Found { value: address, source, confidence }));
        }
    }
    None
}

/// The picture at a URL.
///
/// # Errors
/// Why there is none, as the rest of a sentence about it.
pub(super) async fn picture_at(service: &Service, url: &str) -> Result<Picture, String> {
    let fetched = fetch_one(service, url, PICTURES).await.map_err(|error| match error {
        FetchError::Type => "it is no image of a type that is read".to_owned(),
        error => error.to_string(),
    })?;
    picture(fetched.body).await
}

/// The bytes of an image of the page, whatever they are.
pub(super) async fn image_at(service: &Service, url: &str) -> Result<Vec<u8>, FetchError> {
    Ok(fetch_one(service, url, PICTURES).await?.body)
}

/// Reads a picture, and gives it back in the form in which it is kept: nothing of the file is left but what
/// it shows.
///
/// # Errors
/// Why it is none, as the rest of a sentence about it.
pub(super) async fn picture(bytes: Vec<u8>) -> Result<Picture, String> {
    let read = tokio::task::spawn_blocking(move || kept(&bytes)).await;
    read.unwrap_or_else(|_| Err("the image cannot be read".to_owned()))
}

fn kept(bytes: &[u8]) -> Result<Picture, String> {
    let most = Most { bytes: MAX_BYTES, pixels: 16_000_000, side: 8_192 };
    let Decoded { picture, svg, .. } =
        decode(bytes, most).map_err(|refused| refused.to_string())?;
    if picture.pixels().chunks_exact(4).all(|pixel| pixel[3] == 0) {
        return Err("the image shows nothing".to_owned());
    }
    if let Some(svg) = svg {
        return Ok(Picture { bytes: svg.into_bytes(), media_type: "image/svg+xml" });
    }
    let png = raster::png(&picture).map_err(|error| error.to_string())?;
    Ok(Picture { bytes: png, media_type: "image/png" })
}

async fn fetch_one(service: &Service, url: &str, types: &[&str]) -> Result<Fetched, FetchError> {
    // A fragment is nothing that is asked for.
    let url = url.split('#').next().unwrap_or_default();
    let wanted = Wanted {
        url,
        may_be_plain: true,
        redirects: REDIRECTS,
        types,
        max_bytes: MAX_BYTES,
        deadline: DEADLINE,
        along: Along::default(),
    };
    patiently(&*service.fetcher, &wanted).await
}

/// What takes a while, away from the threads that answer.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        // A page that makes its reader panic is a defect of the reader.
        let cause = Error::Internal(error.to_string());
        tracing::error!(error = %cause, "a page could not be read");
        Failure { code: FailureCode::Internal, detail: "the page could not be read".to_owned() }
    })
}

fn text(fetched: &Fetched) -> String {
    findings::text(&fetched.body, fetched.charset.as_deref())
}
