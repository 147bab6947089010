//! Bytes from strangers to pixels. What they are is told by their content, never by their name, and every
//! limit is asked before memory is taken.

use super::vectors::{self, Unfit};
use crate::picture::Picture;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits};
use std::fmt;
use std::io::Cursor;

/// What is taken at most.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    /// Bytes of the file.
    pub bytes: usize,
    /// Pixels of the picture.
    pub pixels: u64,
    /// Pixels of its longer side.
    pub side: u32,
}

impl Default for Most {
    fn default() -> Self {
        Self { bytes: 20 * 1024 * 1024, pixels: 50_000_000, side: 16_384 }
    }
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
    /// GIF; the first frame counts.
    Gif,
    /// SVG, sanitized and drawn.
    Svg,
}

impl Format {
    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Svg => "image/svg+xml",
        }
    }
}

/// A picture that was read.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// Upright pixels; nothing else of the file is left.
    pub picture: Picture,
    /// What the file was.
    pub format: Format,
    /// Of an SVG, the document without scripts and references.
    pub svg: Option<String>,
}

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// A format that is known and not read.
    Unsupported(&'static str),
    /// No format that is known.
    Unknown,
    /// More bytes than are taken.
    TooManyBytes,
    /// More pixels than are taken, whatever the file weighs.
    TooManyPixels,
    /// The file ends before the picture does.
    Truncated,
    /// Something else follows the picture.
    Polyglot,
    /// The picture cannot be read.
    Damaged,
    /// An SVG of too many parts, once each is written out wherever it is used.
    TooManyParts,
    /// An SVG that would take too long to draw, or too much memory.
    TooMuchWork,
    /// An SVG with an image inside that cannot be read, or that is not taken.
    Inside,
    /// An SVG whose images have too many pixels together.
    InsideTooLarge,
}

impl Refused {
    fn of_svg(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Malformed => Self::Damaged,
            Unfit::Grows => Self::TooManyParts,
            Unfit::Heavy => Self::TooMuchWork,
            Unfit::Image(Self::TooManyPixels) => Self::InsideTooLarge,
            Unfit::Image(_) => Self::Inside,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(name) => {
                write!(f, "{name} is not supported; send PNG, JPEG, WebP, GIF or SVG")
            }
            Self::Unknown => f.write_str("this is no image; send PNG, JPEG, WebP, GIF or SVG"),
            Self::TooManyBytes => f.write_str("the file is too large"),
            Self::TooManyPixels => f.write_str("the image has too many pixels"),
            Self::Truncated => f.write_str("the file ends before the image does"),
            Self::Polyglot => f.write_str("something else follows the image in the file"),
            Self::Damaged => f.write_str("the image cannot be read"),
            Self::TooManyParts => f.write_str(
                "the SVG declares entities or has too many parts once each is drawn wherever it is used; \
                 simplify it, or send a PNG",
            ),
            Self::TooMuchWork => f.write_str(
                "the SVG takes too much to draw; leave out large patterns, filters and masks, or send a PNG",
            ),
            Self::Inside => f.write_str(
                "an image inside the SVG cannot be read; embed a whole PNG, JPEG, WebP or GIF and nothing after it",
            ),
            Self::InsideTooLarge => f.write_str(
                "the images inside the SVG have too many pixels together; embed smaller ones, or send a PNG",
            ),
        }
    }
}

impl std::error::Error for Refused {}

/// Reads a file.
pub fn decode(bytes: &[u8], most: Most) -> Result<Decoded, Refused> {
    if bytes.len() > most.bytes {
        return Err(Refused::TooManyBytes);
    }
    let format = sniff(bytes)?;
    if format == Format::Svg {
        let text = std::str::from_utf8(bytes).map_err(|_| Refused::Damaged)?;
        let svg = vectors::sanitized(text, most).map_err(Refused::of_svg)?;
        let picture = vectors::drawn(&svg, vectors::SHOWN).ok_or(Refused::Damaged)?;
        return Ok(Decoded { picture, format, svg: Some(svg) });
    }
    let (format, picture) = pixels(bytes, most)?;
    Ok(Decoded { picture, format, svg: None })
}

/// What a file of pixels is, and how wide and high, told by its head.
pub(super) fn measured(bytes: &[u8], most: Most) -> Result<(Format, (u32, u32)), Refused> {
    let (format, decoder) = opened(bytes, most)?;
    Ok((format, decoder.dimensions()))
}

fn opened(bytes: &[u8], most: Most) -> Result<(Format, impl ImageDecoder + '_), Refused> {
    let format = sniff(bytes)?;
    if format == Format::Svg {
        return Err(Refused::Unknown);
    }
    whole(bytes, format)?;
    let reader = ImageReader::with_format(Cursor::new(bytes), raster(format));
    let decoder = reader.into_decoder().map_err(|_| Refused::Damaged)?;
    let (w, h) = decoder.dimensions();
    if w == 0 || h == 0 {
        return Err(Refused::Damaged);
    }
    if u64::from(w) * u64::from(h) > most.pixels || w.max(h) > most.side {
        return Err(Refused::TooManyPixels);
    }
    Ok((format, decoder))
}

/// Reads a file of pixels.
pub(super) fn pixels(bytes: &[u8], most: Most) -> Result<(Format, Picture), Refused> {
    let (format, mut decoder) = opened(bytes, most)?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(most.pixels * 8 + 16 * 1024 * 1024);
    decoder.set_limits(limits).map_err(|_| Refused::TooManyPixels)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|_| Refused::Damaged)?;
    image.apply_orientation(orientation);
    let rgba = image.into_rgba8();
    let (w, h) = rgba.dimensions();
    let picture = Picture::new(w, h, rgba.into_raw()).ok_or(Refused::Damaged)?;
    Ok((format, picture))
}

fn raster(format: Format) -> image::ImageFormat {
    match format {
        Format::Jpeg => image::ImageFormat::Jpeg,
        Format::Webp => image::ImageFormat::WebP,
        Format::Gif => image::ImageFormat::Gif,
        Format::Png | Format::Svg => image::ImageFormat::Png,
    }
}

fn sniff(bytes: &[u8]) -> Result<Format, Refused> {
    let at = |from: usize, sign: &[u8]| bytes.get(from..from + sign.len()) == Some(sign);
    if at(0, b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    if at(0, b"\xff\xd8\xff") {
        return Ok(Format::Jpeg);
    }
    if at(0, b"GIF87a") || at(0, b"GIF89a") {
        return Ok(Format::Gif);
    }
    if at(0, b"RIFF") && at(8, b"WEBP") {
        return Ok(Format::Webp);
    }
    if at(4, b"ftyp") {
        let heic = at(8, b"heic") || at(8, b"heix");
        return Err(Refused::Unsupported(if heic { "HEIC" } else { "AVIF" }));
    }
    for (sign, name) in [
        (&b"BM"[..], "BMP"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"\0\0\x01\0", "ICO"),
        (b"%PDF", "PDF"),
    ] {
        if at(0, sign) {
            return Err(Refused::Unsupported(name));
        }
    }
    let head = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    let head = head.trim_start_matches('\u{feff}').trim_start();
    if head.starts_with('<') && head.contains("<svg") {
        Ok(Format::Svg)
    } else {
        Err(Refused::Unknown)
    }
}

/// Whether the file is the whole picture and nothing else. Decoders forgive both, and a file that is two
/// things at once is made to be taken for the other one.
fn whole(bytes: &[u8], format: Format) -> Result<(), Refused> {
    let end = match format {
        Format::Png => png_end(bytes),
        Format::Gif => gif_end(bytes),
        Format::Webp => webp_end(bytes),
        Format::Jpeg => jpeg_end(bytes),
        Format::Svg => Some(bytes.len()),
    };
    let rest = bytes.get(end.ok_or(Refused::Truncated)?..).ok_or(Refused::Truncated)?;
    // Some cameras pad their files.
    if rest.iter().all(|byte| *byte == 0) { Ok(()) } else { Err(Refused::Polyglot) }
}

fn number(bytes: &[u8], at: usize, length: usize, big: bool) -> Option<usize> {
    let part = bytes.get(at..at + length)?.iter().map(|byte| usize::from(*byte));
    Some(if big {
        part.fold(0, |n, byte| n << 8 | byte)
    } else {
        part.rev().fold(0, |n, byte| n << 8 | byte)
    })
}

fn png_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 8;
    loop {
        let length = number(bytes, at, 4, true)?;
        let next = at.checked_add(length)?.checked_add(12)?;
        if bytes.get(at + 4..at + 8)? == b"IEND" {
            return (next <= bytes.len()).then_some(next);
        }
        at = next;
    }
}

fn webp_end(bytes: &[u8]) -> Option<usize> {
    let end = number(bytes, 4, 4, false)?.checked_add(8)?;
    (end <= bytes.len()).then_some(end)
}

fn gif_end(bytes: &[u8]) -> Option<usize> {
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + table(*bytes.get(10)?);
    loop {
        match *bytes.get(at)? {
            0x3b => return Some(at + 1),
            0x21 => at += 2,
            0x2c => at += 11 + table(*bytes.get(at + 9)?),
            _ => return None,
        }
        // Sub-blocks, up to the empty one.
        loop {
            let length = usize::from(*bytes.get(at)?);
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
    }
}

fn jpeg_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            0xff => at += 1,
            0xd9 => return Some(at + 2),
            0x01 | 0xd0..=0xd8 => at += 2,
            _ => {
                at += 2 + number(bytes, at + 2, 2, true)?;
                if marker == 0xda {
                    // Compressed data: a 0xff in it is followed by a zero or a restart marker.
                    while *bytes.get(at)? != 0xff || matches!(*bytes.get(at + 1)?, 0 | 0xd0..=0xd7)
                    {
                        at += 1;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::gif::GifEncoder;
    use image::codecs::jpeg::JpegEncoder;
    use image::codecs::webp::WebPEncoder;

    fn samples() -> Vec<(Format, Vec<u8>)> {
        let picture = Picture::from_fn(40, 24, |x, y| [(x * 6) as u8, (y * 10) as u8, 90, 255]);
        let image = image::RgbaImage::from_raw(40, 24, picture.pixels().to_vec()).expect("pixels");
        let rgb = DynamicImage::from(image.clone()).into_rgb8();
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 90).encode_image(&rgb).expect("jpeg");
        let mut webp = Vec::new();
        WebPEncoder::new_lossless(&mut webp)
            .encode(&image, 40, 24, image::ExtendedColorType::Rgba8)
            .expect("webp");
        let mut gif = Vec::new();
        GifEncoder::new(&mut gif)
            .encode(&image, 40, 24, image::ExtendedColorType::Rgba8)
            .expect("gif");
        let png = crate::raster::png(&picture).expect("png");
        vec![(Format::Png, png), (Format::Jpeg, jpeg), (Format::Webp, webp), (Format::Gif, gif)]
    }

    #[test]
    fn every_format_is_read_by_its_content() {
        for (format, bytes) in samples() {
            let decoded = decode(&bytes, Most::default()).expect("reads");
            assert_eq!(
                (decoded.format, decoded.picture.width(), decoded.picture.height()),
                (format, 40, 24)
            );
            assert!(decoded.picture.at(39, 0)[0] > 200, "{format:?}");
        }
    }

    #[test]
    fn a_file_that_ends_early_is_refused() {
        for (format, bytes) in samples() {
            for cut in [bytes.len() - 1, bytes.len() * 2 / 3, bytes.len() / 3, 20] {
                let refused = decode(&bytes[..cut], Most::default()).expect_err("too short");
                assert_eq!(
                    refused,
                    Refused::Truncated,
                    "{format:?} cut at {cut} of {}",
                    bytes.len()
                );
            }
        }
    }

    #[test]
    fn a_file_that_is_something_else_too_is_refused() {
        for (format, mut bytes) in samples() {
            bytes.extend_from_slice(b"<script>alert(1)</script>");
            assert_eq!(
                decode(&bytes, Most::default()).expect_err("two in one"),
                Refused::Polyglot,
                "{format:?}"
            );
        }
    }

    #[test]
    fn a_small_file_of_many_pixels_takes_no_memory() {
        let mut png = samples().remove(0).1;
        // 60,000 by 60,000 pixels in the header; its checksum is made again.
        png[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let sum = crc(&png[12..29]);
        png[29..33].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(decode(&png, Most::default()).expect_err("a bomb"), Refused::TooManyPixels);
        let few = Most { pixels: 40 * 24 - 1, ..Most::default() };
        for (format, bytes) in samples() {
            assert_eq!(
                decode(&bytes, few).expect_err("over the limit"),
                Refused::TooManyPixels,
                "{format:?}"
            );
        }
        assert_eq!(
            decode(&[0; 64], Most { bytes: 63, ..few }).expect_err("heavy"),
            Refused::TooManyBytes
        );
    }

    fn crc(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |c, _| {
                if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 }
            })
        })
    }

    #[test]
    fn what_is_not_supported_is_said_by_name() {
        let avif = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf";
        assert_eq!(decode(avif, Most::default()).expect_err("no"), Refused::Unsupported("AVIF"));
        assert_eq!(decode(b"<html><body>", Most::default()).expect_err("no"), Refused::Unknown);
        assert_eq!(decode(b"", Most::default()).expect_err("no"), Refused::Unknown);
    }
}
