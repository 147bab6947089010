//! A logo on a ground: as it is, in another colour, or on a plate.
//!
//! What counts is where the logo meets what is around it: a white letter in a dark disc is seen by the disc, whatever the
//! disc lies on.

use crate::colour::{Ground, Lch, Rgb, ratio};
use crate::picture::Picture;

/// What marks need to be seen (WCAG 2.2, 1.4.11), with room for rounding.
const SEEN: f32 = 3.1;
/// The long side of the version that is looked at.
const LOOK: u32 = 128;
/// From here on a pixel belongs to the logo.
const THERE: u8 = 48;
/// As near as colours of one name are.
const ALIKE: f32 = 0.09;
const INK: Rgb = Rgb(22, 22, 26);

pub(crate) enum Prepared {
    AsItIs,
    Recoloured(Picture),
    OnPlate(Rgb),
}

/// What has to be done for a logo to be seen on a ground.
pub(crate) fn prepared(logo: &Picture, under: Ground) -> Prepared {
    let Some(small) = logo.thumbnail(LOOK) else { return Prepared::AsItIs };
    let look = Look::of(&small);
    if look.edge.is_empty() || share(&look.edge, |colour| under.contrast(colour) >= SEEN) >= 0.9 {
        return Prepared::AsItIs;
    }
    if look.is_block && look.shows_something() {
        return Prepared::AsItIs;
    }
    let white = ratio(1.0, under.lightest).min(ratio(1.0, under.darkest));
    let other = if white >= under.contrast(INK) { Rgb(252, 252, 252) } else { INK };
    let mean = mean(&look.all);
    // What is of another colour, a letter in a disc, would be gone.
    let one_colour = share(&look.all, |colour| colour.distance(mean) < ALIKE) >= 0.98;
    if one_colour && !look.is_block && under.contrast(other) >= SEEN {
        return Prepared::Recoloured(Picture::from_fn(logo.width(), logo.height(), |x, y| {
            [other.0, other.1, other.2, logo.at(x, y)[3]]
        }));
    }
    Prepared::OnPlate(plate(&look.edge))
}

/// What there is to be seen of a logo.
struct Look {
    /// The colours of all of it.
    all: Vec<Rgb>,
    /// Those where it meets what is around it.
    edge: Vec<Rgb>,
    /// Whether it brings a ground of its own.
    is_block: bool,
}

impl Look {
    fn of(picture: &Picture) -> Self {
        let (w, h) = (picture.width(), picture.height());
        let is_there = |x: Option<u32>, y: Option<u32>| match (x, y) {
            (Some(x), Some(y)) if x < w && y < h => picture.at(x, y)[3] > THERE,
            _ => false,
        };
        let (mut all, mut edge) = (Vec::new(), Vec::new());
        for y in 0..h {
            for x in 0..w {
                if !is_there(Some(x), Some(y)) {
                    continue;
                }
                let colour = picture.colour(x, y);
                all.push(colour);
                let around = [
                    (x.checked_sub(1), Some(y)),
                    (Some(x + 1), Some(y)),
                    (Some(x), y.checked_sub(1)),
                    (Some(x), Some(y + 1)),
                ];
                if around.into_iter().any(|(x, y)| !is_there(x, y)) {
                    edge.push(colour);
                }
            }
        }
        let is_block = all.len() * 100 > w as usize * h as usize * 97;
        Self { all, edge, is_block }
    }

    /// Whether something is seen upon its own ground, so that it is seen anywhere.
    fn shows_something(&self) -> bool {
        let ground = mean(&self.edge);
        let is_plain = share(&self.edge, |colour| colour.distance(ground) < ALIKE) >= 0.9;
        let under = Ground::of(ground);
        !is_plain || share(&self.all, |colour| under.contrast(colour) >= SEEN) >= 0.02
    }
}

/// The plate on which the most of an edge is seen: white or ink where they do, else a grey between.
fn plate(edge: &[Rgb]) -> Rgb {
    let grey = |step: u8| Lch { l: f32::from(step) / 40.0, c: 0.0, h: 0.0 }.rgb();
    let plates = [Rgb::WHITE, INK].into_iter().chain((8..40).map(grey));
    let seen = |plate: Rgb| share(edge, |colour| Ground::of(plate).contrast(colour) >= SEEN);
    let mut best = (Rgb::WHITE, 0.0);
    for plate in plates {
        let seen = seen(plate);
        if seen > best.1 {
            best = (plate, seen);
        }
        if seen >= 0.97 {
            break;
        }
    }
    best.0
}

fn share(colours: &[Rgb], is_so: impl Fn(Rgb) -> bool) -> f32 {
    let count = colours.iter().filter(|colour| is_so(**colour)).count();
    count as f32 / colours.len().max(1) as f32
}

fn mean(pixels: &[Rgb]) -> Rgb {
    let sum = pixels.iter().fold([0u64; 3], |sum, p| {
        [sum[0] + u64::from(p.0), sum[1] + u64::from(p.1), sum[2] + u64::from(p.2)]
    });
    let [r, g, b] = sum.map(|channel| (channel / pixels.len().max(1) as u64) as u8);
    Rgb(r, g, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAVY: Rgb = Rgb(16, 28, 74);
    const YELLOW: Rgb = Rgb(255, 214, 40);

    /// A disc in some colour, with a square of another in it.
    fn disc(outer: Rgb, inner: Rgb) -> Picture {
        Picture::from_fn(100, 100, |x, y| {
            let is_inner = (40..60).contains(&x) && (40..60).contains(&y);
            let is_there = (x as f32 - 50.0).hypot(y as f32 - 50.0) < 48.0;
            let Rgb(r, g, b) = if is_inner { inner } else { outer };
            [r, g, b, if is_there { 255 } else { 0 }]
        })
    }

    fn on(logo: &Picture, ground: Rgb) -> Prepared {
        prepared(logo, Ground::of(ground))
    }

    #[test]
    fn what_is_within_a_logo_is_its_own_affair() {
        let logo = disc(NAVY, Rgb::WHITE);
        assert!(matches!(on(&logo, Rgb::WHITE), Prepared::AsItIs));
        assert!(matches!(on(&logo, NAVY), Prepared::OnPlate(Rgb::WHITE)));
    }

    #[test]
    fn a_logo_of_one_colour_takes_another() {
        let logo = disc(NAVY, NAVY);
        assert!(matches!(on(&logo, Rgb(20, 34, 80)), Prepared::Recoloured(_)));
        assert!(matches!(on(&logo, Rgb::WHITE), Prepared::AsItIs));
    }

    #[test]
    fn a_plain_block_is_not_seen_on_its_colour() {
        let block = |inner: Rgb| {
            Picture::from_fn(80, 40, |x, y| {
                let Rgb(r, g, b) =
                    if (30..50).contains(&x) && (12..28).contains(&y) { inner } else { NAVY };
                [r, g, b, 255]
            })
        };
        assert!(matches!(on(&block(NAVY), NAVY), Prepared::OnPlate(Rgb::WHITE)));
        assert!(matches!(on(&block(NAVY), Rgb::WHITE), Prepared::AsItIs));
        assert!(matches!(on(&block(YELLOW), NAVY), Prepared::AsItIs), "its mark is seen anywhere");
    }

    #[test]
    fn a_plate_is_found_for_light_and_dark_at_once() {
        let logo = Picture::from_fn(120, 40, |x, y| {
            let Rgb(r, g, b) = if x < 60 { YELLOW } else { NAVY };
            [r, g, b, if x % 20 < 14 && y > 4 && y < 36 { 255 } else { 0 }]
        });
        let Prepared::OnPlate(plate) = on(&logo, Rgb::WHITE) else { panic!("it is not seen") };
        let under = Ground::of(plate);
        assert!(under.contrast(YELLOW) >= 3.0 && under.contrast(NAVY) >= 3.0, "{plate:?}");
    }

    #[test]
    fn thin_lines_are_seen_as_well() {
        let lines = Picture::from_fn(900, 900, |x, y| {
            let is_there = x % 150 < 4 || y % 150 < 4;
            [16, 28, 74, if is_there { 255 } else { 0 }]
        });
        assert!(matches!(on(&lines, NAVY), Prepared::Recoloured(_)));
    }
}
