//! A logo on a ground: as it is, in another colour, or on a plate.

use crate::colour::{Ground, Rgb, ratio};
use crate::picture::Picture;

pub(crate) enum Prepared {
    AsItIs,
    Recoloured(Picture),
    OnPlate(Rgb),
}

/// What has to be done for a logo to be seen on a ground. Three to one is what marks need (WCAG 2.2, 1.4.11).
pub(crate) fn prepared(logo: &Picture, under: Ground) -> Prepared {
    const SEEN: f32 = 3.0;
    let Some(small) = logo.thumbnail(64) else { return Prepared::AsItIs };
    let pixels: Vec<Rgb> = small
        .pixels()
        .chunks_exact(4)
        .filter_map(|p| match p {
            [r, g, b, a] if *a > 200 => Some(Rgb(*r, *g, *b)),
            _ => None,
        })
        .collect();
    if pixels.is_empty() || pixels.len() * 100 > small.pixels().len() / 4 * 97 {
        // A logo with a ground of its own is seen anywhere.
        return Prepared::AsItIs;
    }
    let seen = pixels.iter().filter(|p| under.contrast(**p) >= SEEN).count();
    if seen * 10 >= pixels.len() * 7 {
        return Prepared::AsItIs;
    }
    let mean = mean(&pixels);
    let one_colour =
        pixels.iter().filter(|p| p.distance(mean) < 0.09).count() * 100 >= pixels.len() * 92;
    let white = ratio(1.0, under.lightest).min(ratio(1.0, under.darkest));
    let ink = Rgb(22, 22, 26);
    let other = if white >= under.contrast(ink) { Rgb(252, 252, 252) } else { ink };
    if one_colour && under.contrast(other) >= SEEN {
        return Prepared::Recoloured(Picture::from_fn(logo.width(), logo.height(), |x, y| {
            [other.0, other.1, other.2, logo.at(x, y)[3]]
        }));
    }
    let on_white = pixels.iter().filter(|p| ratio(1.0, p.luminance()) >= SEEN).count();
    Prepared::OnPlate(if on_white * 2 >= pixels.len() { Rgb(255, 255, 255) } else { ink })
}

fn mean(pixels: &[Rgb]) -> Rgb {
    let sum = pixels.iter().fold([0u64; 3], |sum, p| {
        [sum[0] + u64::from(p.0), sum[1] + u64::from(p.1), sum[2] + u64::from(p.2)]
    });
    let [r, g, b] = sum.map(|channel| (channel / pixels.len().max(1) as u64) as u8);
    Rgb(r, g, b)
}
