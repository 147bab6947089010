//! Images that an SVG carries inside: read like any image, and all of them together bounded.

use super::super::decode::{self, Format, Most, Refused};
use super::Unfit;
use crate::raster;
use resvg::usvg::{ImageHrefResolver, ImageKind};
use std::sync::{Arc, Mutex, PoisonError};

/// Pixels of all images inside of a document together.
const MOST_PIXELS: u64 = 16_000_000;

/// What becomes of an image inside: what is kept of it, and how many pixels it has.
pub(super) type Taken = fn(&Arc<Vec<u8>>, Most) -> Result<(ImageKind, u64), Refused>;

/// The images of one document.
pub(super) struct Inside {
    most: Most,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    pixels: u64,
    refused: Option<Refused>,
}

impl Inside {
    /// None yet.
    pub(super) fn new(most: Most) -> Self {
        Self { most, seen: Mutex::default() }
    }

    /// Hands pixels that the document carries itself to whoever reads it, and no document within the document.
    pub(super) fn resolver(&self, taken: Taken) -> ImageHrefResolver<'_> {
        ImageHrefResolver {
            resolve_data: Box::new(move |media_type, data, _| {
                let is_image = media_type.starts_with("image/") && media_type != "image/svg+xml";
                is_image.then(|| self.take(&data, taken)).flatten()
            }),
            resolve_string: Box::new(|_, _| None),
        }
    }

    fn take(&self, data: &Arc<Vec<u8>>, taken: Taken) -> Option<ImageKind> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.refused.is_some() {
            return None;
        }
        // The same image is read again for each place that shows it.
        let left = MOST_PIXELS.min(self.most.pixels).saturating_sub(seen.pixels);
        match taken(data, Most { pixels: left, ..self.most }) {
            Ok((kind, pixels)) => {
                seen.pixels += pixels;
                Some(kind)
            }
            Err(refused) => {
                seen.refused = Some(refused);
                None
            }
        }
    }

    /// Whether every image was taken.
    pub(super) fn fit(&self) -> Result<(), Unfit> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.refused.map_or(Ok(()), |refused| Err(Unfit::Image(refused)))
    }
}

/// Only its pixels, written anew.
pub(super) fn anew(data: &Arc<Vec<u8>>, most: Most) -> Result<(ImageKind, u64), Refused> {
    let (format, picture) = decode::pixels(data, most)?;
    let pixels = u64::from(picture.width()) * u64::from(picture.height());
    let kind = match format {
        Format::Jpeg => {
            ImageKind::JPEG(Arc::new(raster::jpeg(&picture).map_err(|_| Refused::Damaged)?))
        }
        _ => ImageKind::PNG(Arc::new(raster::png(&picture).map_err(|_| Refused::Damaged)?)),
    };
    Ok((kind, pixels))
}

/// As it is, in a document that was written here; its pixels are counted all the same.
pub(super) fn as_they_are(data: &Arc<Vec<u8>>, most: Most) -> Result<(ImageKind, u64), Refused> {
    let (format, (width, height)) = decode::measured(data, most)?;
    let kind = match format {
        Format::Jpeg => ImageKind::JPEG(data.clone()),
        Format::Png => ImageKind::PNG(data.clone()),
        Format::Webp => ImageKind::WEBP(data.clone()),
        Format::Gif => ImageKind::GIF(data.clone()),
        Format::Svg => return Err(Refused::Unknown),
    };
    Ok((kind, u64::from(width) * u64::from(height)))
}
