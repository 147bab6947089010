//! The URL of an image's bytes: whoever has it gets them, and nobody can make one up.
//!
//! It proves itself by a code over the image's id and a nonce that stands in its row. So deleting the image ends
//! the URL, and so does another nonce, and none of them is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bloom_domain::ids::ImageId;
use bloom_domain::images::Image;
use bloom_store as store;

use crate::blobs::BlobKey;
use crate::keyring::Keyring;
use crate::{Error, Service};

/// The bytes of an image, for whoever has its URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// They.
    pub bytes: Vec<u8>,
    /// What they were decoded or drawn as.
    pub media_type: String,
    /// What a file of them is called.
    pub name: String,
}

/// Where the bytes of an image are.
pub(crate) fn url(service: &Service, image: &Image) -> String {
    url_with(&service.keyring.load(), service.settings.files_at(), image)
}

/// The same, for whoever is in a transaction.
pub(super) fn url_with(keyring: &Keyring, origin: &str, image: &Image) -> String {
    let tag = keyring.image_tag(image.id, &image.nonce);
    format!("{origin}/img/{}/{}", image.id, URL_SAFE_NO_PAD.encode(tag))
}

/// What is wanted of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// The whole of it.
    Whole,
    /// What a list shows of it; the whole where there is nothing smaller.
    Small,
}

/// The bytes behind a URL. `anonymous`: having it is the permission.
///
/// # Errors
/// [`Error::ImageNotFound`] for every URL that is not one of an image that is there.
pub async fn anonymous_download(
    service: &Service,
    id: &str,
    tag: &str,
    version: Version,
) -> Result<Download, Error> {
    let id: ImageId = id.parse().map_err(|_| Error::ImageNotFound)?;
    let tag: [u8; 16] = URL_SAFE_NO_PAD
        .decode(tag)
        .ok()
        .and_then(|tag| tag.try_into().ok())
        .ok_or(Error::ImageNotFound)?;
    let found = service.store.read(move |tx| store::images::find_any(tx, id)).await?;
    let image = found.map(|found| found.image).ok_or(Error::ImageNotFound)?;
    if !service.keyring.load().is_image_tag(image.id, &image.nonce, &tag) {
        return Err(Error::ImageNotFound);
    }
    let file = image.file.ok_or(Error::ImageNotFound)?;
    let key = BlobKey::from_stored(&file.blob);
    if version == Version::Small
        && let Some(bytes) = service.blobs.get(&key.small()).await?
    {
        // Only these two are written.
        let is_jpeg = bytes.starts_with(&[0xff, 0xd8]);
        let media_type = if is_jpeg { "image/jpeg" } else { "image/png" };
        let name = format!("bloom-{id}-small.{}", extension(media_type));
        return Ok(Download { bytes, media_type: media_type.to_owned(), name });
    }
    let bytes = service.blobs.get(&key).await?;
    // Between the row and the bytes it may have been deleted.
    let bytes = bytes.ok_or(Error::ImageNotFound)?;
    let name = format!("bloom-{id}.{}", extension(&file.media_type));
    Ok(Download { bytes, media_type: file.media_type, name })
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/webp" => "webp",
        "image/gif" => "gif",
        "image/svg+xml" => "svg",
        _ => "bin",
    }
}
