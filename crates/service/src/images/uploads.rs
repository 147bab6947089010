//! Images that somebody brings: as a file, or by the URL of one.
//!
//! What comes is decoded within limits, and only its pixels are kept, written anew: nothing that a file may carry
//! besides, where it was taken or what runs in it, is stored. The same file is kept once for a brand.

use std::sync::Arc;
use std::time::Duration;

use bloom_domain::brands::{Brand, UPLOAD_TOKEN_LIFETIME};
use bloom_domain::digest::Digest;
use bloom_domain::ids::{BrandId, ImageId};
use bloom_domain::images::{AspectRatio, File, Image, Source, Status};
use bloom_domain::time::Timestamp;
use bloom_domain::uploads::UploadToken;
use bloom_domain::workspaces::Reach;
use bloom_store::{self as store, Change, Tx};
use bloom_studio::format;
use bloom_studio::images::decode::{Decoded, Format, Most, Refused, decode};
use bloom_studio::picture::Picture;
use bloom_studio::raster;
use store::upload_tokens::{UploadKind, UploadRight};

use super::files::{self, Written};
use super::{Viewer, links, rendering, search};
use crate::blobs::BlobKey;
use crate::fetch::{Along, FetchError, Wanted};
use crate::idempotency::{Answer, Once};
use crate::keyring::{Keyring, sha256};
use crate::painters::Broken;
use crate::{Error, Principal, Service, plans, uploads};

/// The most bytes of a file.
pub const MAX_BYTES: usize = 20 * 1024 * 1024;
/// How long fetching one may take.
const DEADLINE: Duration = Duration::from_secs(20);
/// How many redirects are followed.
const REDIRECTS: usize = 3;
/// The longest name of a file that is kept as what it shows.
const MAX_NAME: usize = 120;
/// The most tokens that are given at once.
pub const MAX_TOKENS: usize = 10;
/// The least that is kept of what was found on a page, in pixels of the shorter side: less is a button.
const LEAST_FOUND: u32 = 200;
/// What is fetched as an image.
const TYPES: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "image/svg+xml",
    "image/avif",
    "application/octet-stream",
    "binary/octet-stream",
];

/// An image that was brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// The image.
    pub id: ImageId,
    /// Where its bytes are.
    pub url: String,
    /// Its size in pixels.
    pub size: (i64, i64),
    /// What it was decoded as, and is kept as.
    pub media_type: String,
    /// Whether it had been brought before: then this is that one.
    pub is_known: bool,
}

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTaken {
    /// The URL is none that is fetched; says why.
    Url(String),
    /// It could not be fetched; says why.
    Download(String),
    /// It is no image of a kind that is read; says why.
    Format(String),
    /// It has more bytes or pixels than are taken.
    TooLarge,
    /// The workspace has no room left.
    NoRoom,
}

/// Keeps a file.
///
/// # Errors
/// [`Error::BrandNotFound`], [`Error::PlanUpgradeRequired`], [`Error::NotTaken`].
pub async fn upload(
    service: &Service,
    principal: &Principal,
    brand: BrandId,
    bytes: Vec<u8>,
    once: Once<Brought>,
) -> Result<Answer, Error> {
    let viewer = Viewer::of(principal);
    there(service, &viewer, brand).await?;
    plans::admit(service, principal).await?;
    let ready = prepare(service, viewer, brand, bytes, Coming::brought(None, None)).await?;
    once.write(service, move |tx| ready.keep(tx)).await
}

/// Keeps what lies at a URL.
///
/// # Errors
/// As [`upload`].
pub async fn upload_from(
    service: &Service,
    principal: &Principal,
    brand: BrandId,
    url: &str,
    once: Once<Brought>,
) -> Result<Answer, Error> {
    let viewer = Viewer::of(principal);
    there(service, &viewer, brand).await?;
    plans::admit(service, principal).await?;
    let wanted = Wanted {
        url,
        may_be_plain: true,
        redirects: REDIRECTS,
        types: TYPES,
        max_bytes: MAX_BYTES,
        deadline: DEADLINE,
        along: Along::default(),
    };
    let fetched = service.fetcher.fetch(&wanted).await.map_err(|error| match error {
        FetchError::Url(why) => Error::NotTaken(NotTaken::Url(why.to_owned())),
        FetchError::Address => Error::NotTaken(NotTaken::Url(error.to_string())),
        FetchError::TooLarge => Error::NotTaken(NotTaken::TooLarge),
        FetchError::Type => Error::NotTaken(NotTaken::Format(error.to_string())),
        FetchError::Busy => Error::Busy { retry_after: Duration::from_secs(1) },
        other => Error::NotTaken(NotTaken::Download(other.to_string())),
    })?;
    let coming = Coming::brought(None, named(url));
    let ready = prepare(service, viewer, brand, fetched.body, coming).await?;
    once.write(service, move |tx| ready.keep(tx)).await
}

/// What the last part of a URL says of what lies there.
fn named(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let name = last.rsplit_once('.').map_or(last, |(name, _)| name);
    let words: Vec<_> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let words = words.join(" ");
    let words: String = words.trim().chars().take(MAX_NAME).collect();
    (!words.is_empty()).then_some(words)
}

/// Keeps an image that was found on a brand's page: as its maker's, and unless it is a drawing or small. Says nothing
/// of one that is there already.
///
/// # Errors
/// [`Error::BrandNotFound`] also when its maker has left the workspace; [`Error::NotTaken`].
pub(crate) async fn keep_found(
    service: &Service,
    brand: &Brand,
    bytes: Vec<u8>,
    (url, alt): (&str, &str),
) -> Result<(), Error> {
    let viewer = Viewer { account: brand.made_by, reach: Reach::All };
    let alt = alt.trim();
    let description = if alt.is_empty() { named(url) } else { Some(alt.to_owned()) };
    let coming = Coming { token: None, description, source: Source::Scraped };
    keep(service, viewer, brand.id, bytes, coming).await.map(drop)
}

/// How a file comes.
struct Coming {
    /// The token that is used up by it.
    token: Option<Digest>,
    /// What it shows.
    description: Option<String>,
    source: Source,
}

impl Coming {
    fn brought(token: Option<Digest>, description: Option<String>) -> Self {
        Self { token, description, source: Source::Uploaded }
    }
}

async fn there(service: &Service, viewer: &Viewer, brand: BrandId) -> Result<(), Error> {
    let viewer = viewer.clone();
    let found = service.store.read(move |tx| viewer.brand(tx, brand)).await?;
    found.map(drop).ok_or(Error::BrandNotFound)
}

/// What is kept of a file.
struct Kept {
    file: Written,
    media_type: &'static str,
    size: (u32, u32),
}

/// Keeps a file, however often it comes.
async fn keep(
    service: &Service,
    viewer: Viewer,
    brand: BrandId,
    bytes: Vec<u8>,
    coming: Coming,
) -> Result<Brought, Error> {
    let ready = prepare(service, viewer, brand, bytes, coming).await?;
    service.store.write(move |tx| ready.keep(tx)).await?
}

/// Reads a file and puts it beside the database, where it goes again unless a row comes to name it.
async fn prepare(
    service: &Service,
    viewer: Viewer,
    brand: BrandId,
    bytes: Vec<u8>,
    Coming { token, description, source }: Coming,
) -> Result<Ready, Error> {
    let digest = sha256(&bytes);
    let kept = service.painters.work(move |_| read(&bytes)).await;
    let kept =
        kept.map_err(|Broken| Error::NotTaken(NotTaken::Format("it cannot be read".to_owned())))?;
    let kept = kept.map_err(Error::NotTaken)?;
    let is_drawing = kept.media_type == "image/svg+xml";
    if source == Source::Scraped && (is_drawing || kept.size.0.min(kept.size.1) < LEAST_FOUND) {
        return Err(Error::NotTaken(NotTaken::Format("it is a drawing or small".to_owned())));
    }
    let now = service.now();
    let id = ImageId::new(now, &service.entropy.draw()?);
    let nonce = service.entropy.draw()?;
    let key = BlobKey::new(rendering::AMONG, id);
    let file = File {
        blob: key.as_str().to_owned(),
        media_type: kept.media_type.to_owned(),
        bytes: i64::try_from(kept.file.bytes.len()).unwrap_or(i64::MAX),
        digest: Some(digest),
    };
    files::put(service, &key, kept.file).await?;
    let (width, height) = kept.size;
    Ok(Ready {
        viewer,
        brand,
        token,
        description,
        source,
        id,
        nonce,
        file,
        size: (width.into(), height.into()),
        ratio: AspectRatio::from_word(format::AspectRatio::nearest(width, height).name()),
        digest,
        quota: service.settings.storage_quota,
        keyring: service.keyring.load_full(),
        origin: service.settings.files_at().to_owned(),
        now,
    })
}

/// A file that lies beside the database, before a row names it.
struct Ready {
    viewer: Viewer,
    brand: BrandId,
    token: Option<Digest>,
    description: Option<String>,
    source: Source,
    id: ImageId,
    nonce: [u8; 16],
    file: File,
    size: (i64, i64),
    ratio: Option<AspectRatio>,
    digest: [u8; 32],
    quota: Option<i64>,
    keyring: Arc<Keyring>,
    origin: String,
    now: Timestamp,
}

impl Ready {
    /// Writes the row that names it, unless the brand has the same file already.
    fn keep(self, tx: &mut Tx<'_>) -> Result<Result<Brought, Error>, store::Error> {
        let (brand, now) = (self.brand, self.now);
        if let Some(token) = &self.token
            && uploads::hold(tx, &[*token], UploadKind::Image, now)?.is_none()
        {
            return self.refuse(tx, Error::UploadTokenSpent);
        }
        // One after the other, so that the same file is kept once.
        store::brands::take(tx, brand)?;
        let Some(found) = self.viewer.brand(tx, brand)? else {
            return self.refuse(tx, Error::BrandNotFound);
        };
        let known = store::images::find_by_digest(tx, brand, &self.digest)?;
        let known = known.and_then(|image| Some((image.file.clone()?, image)));
        let needs_room = known.is_none();
        if let Some(quota) = self.quota.filter(|_| needs_room)
            && store::images::bytes_of(tx, found.workspace.id)? + self.file.bytes > quota
        {
            return self.refuse(tx, Error::NotTaken(NotTaken::NoRoom));
        }
        // A token is used up by a file that is taken, and by one only.
        if let Some(token) = &self.token
            && !store::upload_tokens::take(tx, token, now)?
        {
            return self.refuse(tx, Error::UploadTokenSpent);
        }
        if let Some((of_known, known)) = known {
            store::images::doom_blob(tx, &self.file.blob, now)?;
            // What somebody brings stays when the brand goes, also where its page shows it.
            if self.source == Source::Uploaded && known.source == Source::Scraped {
                store::images::bring(tx, known.id)?;
                tx.changed(Change::Image(known.id));
            }
            return Ok(Ok(self.brought(&known, &of_known, true)));
        }
        let image = Image {
            id: self.id,
            workspace: found.workspace.id,
            brand,
            made_by: self.viewer.account,
            source: self.source,
            action: None,
            status: Status::Completed,
            failure: None,
            prompt: None,
            description: self.description.clone(),
            ratio: self.ratio,
            size: Some(self.size),
            variant_group: None,
            parent: None,
            engine: None,
            file: Some(self.file.clone()),
            nonce: self.nonce,
            paid_by: None,
            created_at: now,
        };
        store::images::insert(tx, &image)?;
        files::keep(tx, &self.file.blob, now)?;
        let words = search::words(None, image.description.as_deref());
        store::image_captions::insert(tx, brand, image.id, &words)?;
        tx.changed(Change::Image(image.id));
        Ok(Ok(self.brought(&image, &self.file, false)))
    }

    fn refuse(
        &self,
        tx: &mut Tx<'_>,
        error: Error,
    ) -> Result<Result<Brought, Error>, store::Error> {
        store::images::doom_blob(tx, &self.file.blob, self.now)?;
        Ok(Err(error))
    }

    fn brought(&self, image: &Image, file: &File, is_known: bool) -> Brought {
        Brought {
            id: image.id,
            url: links::url_with(&self.keyring, &self.origin, image),
            size: image.size.unwrap_or_default(),
            media_type: file.media_type.clone(),
            is_known,
        }
    }
}

/// The right to upload a file, as it is given away once.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// What stands in the URL.
    pub token: UploadToken,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Gives the right to upload some files for a brand, one each. It ends with the credential that it was asked for with.
///
/// # Errors
/// [`Error::BrandNotFound`], [`Error::PlanUpgradeRequired`], [`Error::CredentialRevoked`],
/// [`Error::AccountBanned`].
pub async fn allow(
    service: &Service,
    principal: &Principal,
    brand: BrandId,
    count: usize,
) -> Result<Vec<NewUpload>, Error> {
    let viewer = Viewer::of(principal);
    there(service, &viewer, brand).await?;
    plans::admit(service, principal).await?;
    let claim = principal.claim(service);
    let now = service.now();
    let expires_at = now.plus(UPLOAD_TOKEN_LIFETIME);
    let mut tokens = Vec::new();
    let mut digests = Vec::new();
    for _ in 0..count.clamp(1, MAX_TOKENS) {
        let token = UploadToken::new(&service.entropy.draw()?);
        digests.push(service.keyring.load().upload_token_digest(token.as_bytes()));
        tokens.push(NewUpload { token, expires_at });
    }
    let write = move |tx: &mut Tx<'_>| {
        if let Err(refused) = claim.check(tx)? {
            return Ok(Err(refused));
        }
        let Some(found) = viewer.brand(tx, brand)? else { return Ok(Err(Error::BrandNotFound)) };
        let right = UploadRight {
            workspace: found.workspace.id,
            brand: Some(brand),
            account: viewer.account,
            via: Some(claim.asked_with()),
            given_at: now,
        };
        for digest in &digests {
            let kind = UploadKind::Image;
            store::upload_tokens::insert(tx, digest, kind, &right, expires_at)?;
        }
        Ok(Ok(()))
    };
    service.store.write(write).await??;
    Ok(tokens)
}

/// Whether a token is good, before anything is read that came with it. `anonymous`: the token is all that is asked
/// for.
///
/// # Errors
/// [`Error::UploadTokenSpent`].
pub async fn anonymous_may_upload(service: &Service, token: &UploadToken) -> Result<(), Error> {
    right(service, token).await.map(drop)
}

/// Keeps a file of whoever holds a token. It is used up only by a file that is taken.
///
/// # Errors
/// [`Error::UploadTokenSpent`], [`Error::NotTaken`].
pub async fn anonymous_upload(
    service: &Service,
    token: &UploadToken,
    bytes: Vec<u8>,
) -> Result<Brought, Error> {
    let (digest, right) = right(service, token).await?;
    let brand = right.brand.ok_or(Error::UploadTokenSpent)?;
    // Whoever gave it may have left the workspace since: then there is no such brand for them any more.
    let viewer = Viewer { account: right.account, reach: Reach::All };
    let coming = Coming::brought(Some(digest), None);
    let kept = keep(service, viewer, brand, bytes, coming).await;
    kept.map_err(|error| match error {
        Error::BrandNotFound => Error::UploadTokenSpent,
        other => other,
    })
}

async fn right(service: &Service, token: &UploadToken) -> Result<(Digest, UploadRight), Error> {
    let digests = service.keyring.load().upload_token_digests(token.as_bytes());
    let now = service.now();
    let find = move |tx: &mut Tx<'_>| uploads::find(tx, &digests, UploadKind::Image, now);
    service.store.read(find).await?.ok_or(Error::UploadTokenSpent)
}

/// Pixels of a file, written anew; of an SVG the document without what runs or fetches.
fn read(bytes: &[u8]) -> Result<Kept, NotTaken> {
    let most = Most { bytes: MAX_BYTES, ..Most::default() };
    let Decoded { picture, format, svg } =
        decode(bytes, most).map_err(|refused| match refused {
            Refused::TooManyBytes | Refused::TooManyPixels => NotTaken::TooLarge,
            other => NotTaken::Format(other.to_string()),
        })?;
    let size = (picture.width(), picture.height());
    let unwritten = || NotTaken::Format("it cannot be written anew".to_owned());
    let (bytes, media_type) = match svg {
        Some(document) => (document.into_bytes(), "image/svg+xml"),
        None => written(&picture, format).ok_or_else(unwritten)?,
    };
    Ok(Kept { file: Written::of(bytes, &picture), media_type, size })
}

/// Pixels as a file of the kind that suits where they come from.
pub(super) fn written(picture: &Picture, format: Format) -> Option<(Vec<u8>, &'static str)> {
    // As a PNG a photograph would be many times as large.
    let is_photograph = match format {
        Format::Jpeg => true,
        Format::Webp => picture.is_opaque(),
        _ => false,
    };
    match is_photograph {
        true => Some((raster::jpeg(picture).ok()?, "image/jpeg")),
        false => Some((raster::png(picture).ok()?, "image/png")),
    }
}
