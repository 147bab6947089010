//! Drawings to pixels, and pixels to PNG.

use crate::chance::Chance;
use crate::colour::Rgb;
use crate::drawing::{Area, Drawing, Mark, Paint as Ink, Shape, Stop};
use crate::gradients::{Gradient, rectangle};
use crate::picture::Picture;
use image::ImageEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use resvg::tiny_skia::{
    Color, FillRule, GradientStop, LinearGradient, Mask, Paint, Path, Pattern, Pixmap, PixmapMut,
    Point, PremultipliedColorU8, RadialGradient, Shader, SpreadMode, Stroke, Transform,
};

/// From 1 to 100: as good as nobody tells from the original.
const JPEG_QUALITY: u8 = 92;
/// The longest side of a small version: twice what a list shows, for screens that are so fine.
pub const SMALL: u32 = 512;
/// A small version is looked at in passing.
const SMALL_QUALITY: u8 = 82;

/// Draws a drawing at a size in pixels. `None` when there is no such picture: a side is zero.
pub fn pixels(drawing: &Drawing, width: u32, height: u32) -> Option<Picture> {
    let mut canvas = Pixmap::new(width, height)?;
    canvas.fill(Color::WHITE);
    let scale = (width as f32 / drawing.width, height as f32 / drawing.height);
    draw(&mut canvas, &drawing.marks, scale);
    let mut pixels = canvas.take();
    if drawing.grain > 0.0 {
        grain(&mut pixels, width, drawing.grain, drawing.seed);
    }
    // Everything lies on white, so that nothing is left to be demultiplied.
    Picture::new(width, height, pixels)
}

/// Draws a drawing without its ground, which is transparent, and without grain. `None` when it has no ground, or
/// nothing else.
pub fn without_ground(drawing: &Drawing, width: u32, height: u32) -> Option<Picture> {
    let (ground, figure): (Vec<_>, Vec<_>) =
        drawing.marks.iter().cloned().partition(|mark| mark.is_ground);
    if ground.is_empty() || figure.is_empty() {
        return None;
    }
    let mut canvas = Pixmap::new(width, height)?;
    draw(&mut canvas, &figure, (width as f32 / drawing.width, height as f32 / drawing.height));
    let pixels = canvas.pixels().iter().map(PremultipliedColorU8::demultiply);
    let bytes = pixels.flat_map(|c| [c.red(), c.green(), c.blue(), c.alpha()]).collect();
    Picture::new(width, height, bytes)
}

/// A JPEG of a picture, on white where it lets something through: for photographs, which are many times as large
/// as PNG.
pub fn jpeg(picture: &Picture) -> Result<Vec<u8>, image::ImageError> {
    jpeg_of(picture, JPEG_QUALITY)
}

/// A small version for lists: a JPEG, or a PNG where something shows through. `None` when it cannot be written.
pub fn small(picture: &Picture) -> Option<Vec<u8>> {
    let small = picture.thumbnail(SMALL)?;
    let written = match small.is_opaque() {
        true => jpeg_of(&small, SMALL_QUALITY),
        false => png(&small),
    };
    written.ok()
}

fn jpeg_of(picture: &Picture, quality: u8) -> Result<Vec<u8>, image::ImageError> {
    let mut bytes = Vec::new();
    let over_white = |colour: u8, alpha: u8| {
        let (colour, alpha) = (u32::from(colour), u32::from(alpha));
        // At most 255.
        u8::try_from((colour * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    };
    let rgb = without_alpha(picture, over_white);
    let (width, height) = (picture.width(), picture.height());
    JpegEncoder::new_with_quality(&mut bytes, quality).write_image(
        &rgb,
        width,
        height,
        image::ExtendedColorType::Rgb8,
    )?;
    Ok(bytes)
}

/// A PNG of an opaque picture. Fast compression: a stored image is written once and read often, but nobody
/// waits for the reading.
pub fn png(picture: &Picture) -> Result<Vec<u8>, image::ImageError> {
    let mut bytes = Vec::new();
    let encoder =
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
    let (width, height) = (picture.width(), picture.height());
    if picture.is_opaque() {
        let rgb = without_alpha(picture, |colour, _| colour);
        encoder.write_image(&rgb, width, height, image::ExtendedColorType::Rgb8)?;
    } else {
        encoder.write_image(picture.pixels(), width, height, image::ExtendedColorType::Rgba8)?;
    }
    Ok(bytes)
}

/// Three bytes a pixel, each what `colour` makes of it and of the pixel's alpha.
fn without_alpha(picture: &Picture, colour: impl Fn(u8, u8) -> u8) -> Vec<u8> {
    let pixels = picture.pixels();
    let mut rgb = vec![0; pixels.len() / 4 * 3];
    for (to, from) in rgb.chunks_exact_mut(3).zip(pixels.chunks_exact(4)) {
        if let ([r, g, b], [red, green, blue, alpha]) = (to, from) {
            (*r, *g, *b) = (colour(*red, *alpha), colour(*green, *alpha), colour(*blue, *alpha));
        }
    }
    rgb
}

/// Draws marks onto a canvas, the clip of neighbours made once.
pub(crate) fn draw(canvas: &mut Pixmap, marks: &[Mark], scale: (f32, f32)) {
    let place = Transform::from_scale(scale.0, scale.1);
    let mut held: Option<(Area, Option<Mask>)> = None;
    for mark in marks {
        if let Some(clip) = mark.clip {
            if held.as_ref().is_none_or(|(area, _)| *area != clip) {
                held = Some((clip, mask(canvas, clip, place)));
            }
        } else {
            held = None;
        }
        let mask = held.as_ref().and_then(|(_, mask)| mask.as_ref());
        shape(&mut canvas.as_mut(), &mark.shape, place, mask);
    }
}

fn mask(canvas: &Pixmap, clip: Area, place: Transform) -> Option<Mask> {
    let mut mask = Mask::new(canvas.width(), canvas.height())?;
    mask.fill_path(&clip.path(0.0)?, FillRule::Winding, true, place);
    Some(mask)
}

fn shape(canvas: &mut PixmapMut<'_>, shape: &Shape, place: Transform, mask: Option<&Mask>) {
    match shape {
        Shape::Fill(path, ink) => {
            // What is cut to a clip goes the way of all paths.
            let light = mask.is_none().then(|| Some((rectangle(path)?, Gradient::of(ink)?)));
            if let Some((area, gradient)) = light.flatten() {
                gradient.draw(canvas, area, (place.sx, place.sy));
                return;
            }
            let paint = Paint { shader: shader(ink), anti_alias: true, ..Paint::default() };
            canvas.fill_path(path, &paint, FillRule::Winding, place, mask);
        }
        Shape::Stroke(path, colour, width) => {
            let paint = Paint {
                shader: Shader::SolidColor(colour_of(*colour, 1.0)),
                anti_alias: true,
                ..Paint::default()
            };
            let stroke = Stroke { width: *width, ..Stroke::default() };
            canvas.stroke_path(path, &paint, &stroke, place, mask);
        }
        Shape::Image { picture, part, to, radius } => {
            let Some(path) = to.path(*radius) else { return };
            image(canvas, (picture, *part, *to), &path, place, mask);
        }
    }
}

/// A picture is brought to its size first: a shader that shrinks would skip pixels.
fn image(
    canvas: &mut PixmapMut<'_>,
    (picture, part, to): (&Picture, Area, Area),
    path: &Path,
    place: Transform,
    mask: Option<&Mask>,
) {
    let (w, h) = ((to.w * place.sx).round().max(1.0), (to.h * place.sy).round().max(1.0));
    let Some(sized) = picture.resized(part, w as u32, h as u32) else { return };
    let Some(size) = resvg::tiny_skia::IntSize::from_wh(w as u32, h as u32) else { return };
    let mut bytes = sized.into_pixels();
    for pixel in bytes.chunks_exact_mut(4) {
        if let [r, g, b, a] = pixel {
            let alpha = u32::from(*a);
            for channel in [r, g, b] {
                *channel = ((u32::from(*channel) * alpha + 127) / 255) as u8;
            }
        }
    }
    let Some(pixmap) = Pixmap::from_vec(bytes, size) else { return };
    let fit = Transform::from_translate(to.x, to.y).pre_scale(to.w / w, to.h / h);
    let quality = resvg::tiny_skia::FilterQuality::Bilinear;
    let shader = Pattern::new(pixmap.as_ref(), SpreadMode::Pad, quality, 1.0, fit);
    let paint = Paint { shader, anti_alias: true, ..Paint::default() };
    canvas.fill_path(path, &paint, FillRule::Winding, place, mask);
}

fn colour_of(colour: Rgb, alpha: f32) -> Color {
    let channel = |v: u8| f32::from(v) / 255.0;
    Color::from_rgba(channel(colour.0), channel(colour.1), channel(colour.2), alpha.clamp(0.0, 1.0))
        .unwrap_or(Color::BLACK)
}

fn stops_of(stops: &[Stop]) -> Vec<GradientStop> {
    stops
        .iter()
        .map(|stop| GradientStop::new(stop.at, colour_of(stop.colour, stop.alpha)))
        .collect()
}

fn shader(ink: &Ink) -> Shader<'static> {
    let plain = |stops: &[Stop]| {
        stops.first().map_or(Color::TRANSPARENT, |stop| colour_of(stop.colour, stop.alpha))
    };
    let (made, stops) = match ink {
        Ink::Solid(colour, alpha) => return Shader::SolidColor(colour_of(*colour, *alpha)),
        Ink::Linear { from, to, stops } => {
            let (from, to) = (Point::from_xy(from.0, from.1), Point::from_xy(to.0, to.1));
            (
                LinearGradient::new(
                    from,
                    to,
                    stops_of(stops),
                    SpreadMode::Pad,
                    Transform::identity(),
                ),
                stops,
            )
        }
        Ink::Radial { centre, radius, stops } => {
            let centre = Point::from_xy(centre.0, centre.1);
            let made = RadialGradient::new(
                centre,
                0.0,
                centre,
                *radius,
                stops_of(stops),
                SpreadMode::Pad,
                Transform::identity(),
            );
            (made, stops)
        }
    };
    made.unwrap_or_else(|| Shader::SolidColor(plain(stops)))
}

/// Grain, as film has it: each pixel a little lighter or darker, the same in all channels.
fn grain(pixels: &mut [u8], width: u32, strength: f32, seed: u64) {
    let mut chance = Chance::new(seed, "grain");
    let amplitude = (strength.clamp(0.0, 1.0) * 26.0) as i32;
    for row in pixels.chunks_exact_mut(width as usize * 4) {
        let mut bits = 0u64;
        for (at, pixel) in row.chunks_exact_mut(4).enumerate() {
            if at % 4 == 0 {
                bits = chance.next();
            }
            let noise = (bits & 0xff) as i32 + ((bits >> 8) & 0xff) as i32 - 255;
            bits >>= 16;
            let by = noise * amplitude / 512;
            for channel in pixel.iter_mut().take(3) {
                *channel = (i32::from(*channel) + by).clamp(0, 255) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::decode::{Format, Most, decode};

    #[test]
    fn a_small_version_shows_the_same_and_lets_the_same_through() {
        let picture = |alpha: u8| {
            Picture::from_fn(1_200, 900, |x, _| match x {
                0..600 => [200, 30, 90, 255],
                _ => [20, 40, 160, alpha],
            })
        };
        for (alpha, format) in [(255, Format::Jpeg), (0, Format::Png)] {
            let read = decode(&small(&picture(alpha)).unwrap(), Most::default()).unwrap();
            assert_eq!(read.format, format);
            assert_eq!((read.picture.width(), read.picture.height()), (512, 384));
            assert!(read.picture.colour(100, 100).distance(Rgb(200, 30, 90)) < 0.02);
            assert_eq!(read.picture.at(500, 100)[3], alpha);
        }
        // What is small stays as large as it is.
        let tiny = Picture::from_fn(40, 30, |_, _| [1, 2, 3, 255]);
        let read = decode(&small(&tiny).unwrap(), Most::default()).unwrap();
        assert_eq!((read.picture.width(), read.picture.height()), (40, 30));
    }
}
