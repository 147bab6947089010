//! Pixels to shapes: few colours, traced, and snapped to a palette where they are near it.

use crate::clusters;
use crate::colour::Rgb;
use crate::picture::Picture;
use vtracer::{Color, ColorImage, Config, Preset};

/// Colours at most, the palette's among them.
const COLOURS: usize = 10;
/// A traced colour this near to one of the palette was meant to be it.
const SNAP: f32 = 0.09;
/// Tracing looks at no more than this; more pixels add points, not shapes.
const LONG: u32 = 1200;

/// An SVG of a picture. `None` when there is nothing to trace.
pub fn traced(picture: &Picture, palette: &[Rgb]) -> Option<String> {
    let small = picture.thumbnail(LONG)?;
    let found = clusters::of(&small, COLOURS);
    let mut colours: Vec<Rgb> = Vec::new();
    for cluster in &found {
        let near = palette.iter().copied().filter(|colour| colour.distance(cluster.colour) < SNAP);
        let own =
            near.min_by(|a, b| a.distance(cluster.colour).total_cmp(&b.distance(cluster.colour)));
        let colour = own.unwrap_or(cluster.colour);
        if colours.iter().all(|known| known.distance(colour) > 0.03) {
            colours.push(colour);
        }
    }
    let flat = flattened(&small, &colours);
    let (w, h) = (flat.width() as usize, flat.height() as usize);
    let image = ColorImage { pixels: flat.into_pixels(), width: w, height: h };
    let config = Config {
        palette: colours.iter().map(|c| Color::new(c.0, c.1, c.2)).collect(),
        filter_speckle: 6,
        path_precision: Some(1),
        color_precision: 8,
        layer_difference: 0,
        ..Config::from_preset(Preset::Poster)
    };
    let svg = config.build().ok()?.to_svg(&image).ok()?;
    let start = svg.find("<svg")?;
    let end = svg.get(start..)?.find('>')? + start;
    let (ow, oh) = (picture.width(), picture.height());
    let body = svg.get(end + 1..)?;
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{ow}\" height=\"{oh}\" viewBox=\"0 0 {w} {h}\">{body}"
    ))
}

/// Each pixel in the nearest of the colours.
fn flattened(picture: &Picture, colours: &[Rgb]) -> Picture {
    let mut known: std::collections::HashMap<Rgb, Rgb> = std::collections::HashMap::new();
    Picture::from_fn(picture.width(), picture.height(), |x, y| {
        let [r, g, b, a] = picture.at(x, y);
        if a < 128 {
            return [0, 0, 0, 0];
        }
        let here = Rgb(r, g, b);
        let flat = *known.entry(here).or_insert_with(|| {
            let nearest =
                colours.iter().min_by(|a, b| a.distance(here).total_cmp(&b.distance(here)));
            nearest.copied().unwrap_or(here)
        });
        [flat.0, flat.1, flat.2, 255]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::decode::Most;
    use crate::images::vectors;

    #[test]
    fn a_traced_picture_looks_like_itself_in_the_palettes_colours() {
        let picture = Picture::from_fn(200, 140, |x, y| {
            let inside = (x as f32 - 100.0).hypot(y as f32 - 70.0) < 45.0;
            if inside { [212, 52, 60, 255] } else { [244, 240, 230, 255] }
        });
        let palette = [Rgb(220, 50, 50), Rgb(250, 245, 235)];
        let svg = traced(&picture, &palette).expect("traced");
        let clean = vectors::sanitized(&svg, Most::default()).expect("an svg");
        let drawn = vectors::drawn(&clean, 200).expect("drawn");
        assert_eq!((drawn.width(), drawn.height()), (200, 140));
        assert!(drawn.colour(100, 70).distance(palette[0]) < 0.01, "{svg}");
        assert!(drawn.colour(8, 8).distance(palette[1]) < 0.01, "{:?} {svg}", drawn.at(8, 8));
        let wrong = (0..140)
            .flat_map(|y| (0..200).map(move |x| (x, y)))
            .filter(|(x, y)| drawn.colour(*x, *y).distance(picture.colour(*x, *y)) > 0.1);
        assert!(wrong.count() < 200 * 140 / 50);
    }
}
