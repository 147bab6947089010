//! Colour roles out of a brand's palette. Contrast is not hoped for: each pair is searched until it reads.

use crate::brand::{Brand, ColourRole};
use crate::brief::Wishes;
use crate::colour::{Ground, Lch, Rgb, contrast};
use crate::scene::Scheme;

/// Contrast that text keeps to its ground (WCAG 2.2, 1.4.3), with room for rounding.
pub(crate) const TEXT: f32 = 4.6;

/// The colours of one picture by what they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Roles {
    /// The ground.
    pub(crate) ground: Rgb,
    /// A second ground: panels, the far end of a gradient.
    pub(crate) panel: Rgb,
    /// Text on the ground.
    pub(crate) text: Rgb,
    /// Less important text on the ground.
    pub(crate) muted: Rgb,
    /// What draws the eye.
    pub(crate) accent: Rgb,
    /// Text on the accent.
    pub(crate) on_accent: Rgb,
    /// Colours of forms, the strongest first.
    pub(crate) art: [Rgb; 4],
}

/// What a brand without colours is drawn in.
const DEFAULT_PRIMARY: Rgb = Rgb(196, 52, 96);

/// The palette, completed: a brand that has one colour has the others by inference.
struct Palette {
    primary: Rgb,
    second: Rgb,
    third: Rgb,
    paper: Rgb,
    ink: Rgb,
}

impl Palette {
    fn of(brand: &Brand) -> Self {
        let chromatic = brand.chromatic();
        let first = brand.palette.first().map(|swatch| swatch.colour);
        let primary = brand
            .colour(ColourRole::Primary)
            .or(chromatic.first().copied())
            .or(first)
            .unwrap_or(DEFAULT_PRIMARY);
        let others: Vec<Rgb> =
            chromatic.iter().copied().filter(|c| c.distance(primary) > 0.1).collect();
        let lch = primary.lch();
        let grey = lch.c < 0.03;
        let kin = if grey { lch.at(if lch.l > 0.5 { 0.35 } else { 0.72 }) } else { shifted(lch) };
        let second = others.first().copied().unwrap_or_else(|| kin.rgb());
        let third = others.get(1).copied().unwrap_or_else(|| {
            let lch = second.lch();
            lch.at(if lch.l > 0.6 { lch.l - 0.24 } else { lch.l + 0.24 }).rgb()
        });
        let hint = Lch { c: if grey { 0.0 } else { 0.012 }, ..lch };
        let light = |colour: &Rgb| colour.luminance() > 0.7;
        let paper = brand
            .colour(ColourRole::Background)
            .filter(light)
            .unwrap_or_else(|| hint.at(0.975).rgb());
        let dark = |colour: &Rgb| colour.luminance() < 0.08;
        let ink = brand
            .colour(ColourRole::Text)
            .filter(dark)
            .unwrap_or_else(|| Lch { c: hint.c * 2.0, ..lch }.at(0.2).rgb());
        Self { primary, second, third, paper, ink }
    }
}

/// A companion of a lone colour: a neighbour in hue, lighter or darker, that looks chosen.
fn shifted(lch: Lch) -> Lch {
    let l = if lch.l > 0.62 { lch.l - 0.3 } else { (lch.l + 0.3).min(0.86) };
    lch.turned(38.0).at(l).calm(0.15)
}

/// The roles of a scheme for a brand; a ground somebody asked for comes before the scheme's.
pub(crate) fn roles(brand: &Brand, scheme: Scheme, wishes: &Wishes) -> Roles {
    let palette = Palette::of(brand);
    let primary = palette.primary.lch();
    let tint = |l: f32, c: f32| primary.calm(c).at(l).rgb();
    let (ground, panel) = match scheme {
        Scheme::Paper => (palette.paper, tint(0.935, 0.035)),
        Scheme::Tint => (tint(0.915, 0.055), tint(0.965, 0.02)),
        Scheme::Bold => (palette.primary, nudged(palette.primary)),
        Scheme::Second => (palette.second, nudged(palette.second)),
        Scheme::Deep => (tint(0.255, 0.085), tint(0.335, 0.11)),
        Scheme::Ink => (tint(0.165, 0.012), tint(0.235, 0.022)),
    };
    let (ground, panel) = wishes.colour.map_or((ground, panel), |colour| (colour, nudged(colour)));
    let under = Ground::of_all([ground]);
    let light_text = under.contrast(Rgb::WHITE) >= under.contrast(Rgb::BLACK) || {
        // White reads better to the eye on saturated mid-tones than the formula says, as long as it passes.
        under.contrast(Rgb::WHITE) >= TEXT && ground.lch().c > 0.09
    };
    let wanted =
        if light_text { ground.lch().calm(0.014).at(0.985).rgb() } else { deep(&palette, ground) };
    let text = under.readable(wanted, TEXT.max(if ground.lch().c > 0.09 { TEXT } else { 7.0 }));
    let muted = under.readable(text.mix(ground, 0.28), TEXT);
    let accent = accent(&palette, ground);
    let on_accent = best_on(accent, &palette);
    Roles { ground, panel, text, muted, accent, on_accent, art: art(&palette, ground, accent) }
}

fn deep(palette: &Palette, ground: Rgb) -> Rgb {
    if ground.distance(palette.paper) < 0.02 {
        palette.ink
    } else {
        ground.lch().calm(0.09).at(0.22).rgb()
    }
}

/// The same colour, a little on.
fn nudged(colour: Rgb) -> Rgb {
    let lch = colour.lch();
    let l = if lch.l > 0.5 { lch.l - 0.075 } else { lch.l + 0.085 };
    lch.turned(if lch.l > 0.5 { 7.0 } else { -7.0 }).at(l).rgb()
}

/// The brand's colour that stands out most from the ground and still is one of its own.
fn accent(palette: &Palette, ground: Rgb) -> Rgb {
    let own = [palette.primary, palette.second, palette.third];
    let fits = own.into_iter().find(|c| c.distance(ground) > 0.18 && contrast(*c, ground) >= 2.2);
    fits.unwrap_or_else(|| if ground.luminance() > 0.35 { palette.ink } else { palette.paper })
}

/// Text on a colour: paper or ink, whichever reads, else what search finds.
fn best_on(colour: Rgb, palette: &Palette) -> Rgb {
    let under = Ground::of(colour);
    let pick = if under.contrast(palette.paper) >= TEXT { palette.paper } else { palette.ink };
    under.readable(pick, TEXT)
}

/// Four colours of forms that are told apart from the ground and from each other.
fn art(palette: &Palette, ground: Rgb, accent: Rgb) -> [Rgb; 4] {
    let base = palette.primary.lch();
    let candidates = [
        accent,
        palette.primary,
        palette.second,
        palette.third,
        base.calm(0.09).at(0.84).rgb(),
        base.calm(0.12).at(0.36).rgb(),
        palette.second.lch().calm(0.1).at(0.78).rgb(),
        palette.paper,
        palette.ink,
    ];
    let mut chosen: Vec<Rgb> = Vec::new();
    for least in [0.13, 0.08, 0.0] {
        for colour in candidates {
            let apart = colour.distance(ground) > least
                && chosen.iter().all(|c| c.distance(colour) > least);
            if chosen.len() < 4 && apart {
                chosen.push(colour);
            }
        }
    }
    let at = |i: usize| chosen.get(i).copied().unwrap_or(accent);
    [at(0), at(1), at(2), at(3)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brand::Swatch;

    fn brand(colours: &[&str]) -> Brand {
        let roles = [ColourRole::Primary, ColourRole::Secondary, ColourRole::Accent];
        let palette = colours
            .iter()
            .zip(roles)
            .map(|(hex, role)| Swatch { colour: Rgb::from_hex(hex).expect("hex"), role });
        Brand { name: "Acme".into(), palette: palette.collect(), ..Brand::default() }
    }

    #[test]
    fn every_pair_of_every_scheme_reads() {
        let brands = [
            brand(&[]),
            brand(&["#ffffff"]),
            brand(&["#000000"]),
            brand(&["#ffe600"]),
            brand(&["#808080"]),
            brand(&["#e4002b", "#ffd400"]),
            brand(&["#0a7cff", "#ff7a00", "#00c2a8"]),
            brand(&["#6b4eff"]),
        ];
        for brand in &brands {
            for scheme in Scheme::ALL {
                let roles = roles(brand, scheme, &Wishes::default());
                for (what, text, ground) in [
                    ("text", roles.text, roles.ground),
                    ("muted", roles.muted, roles.ground),
                    ("on accent", roles.on_accent, roles.accent),
                ] {
                    let is = contrast(text, ground);
                    assert!(
                        is >= 4.5,
                        "{what} of {scheme:?} for {:?}: {text:?} on {ground:?} is {is}",
                        brand.palette
                    );
                }
            }
        }
    }

    #[test]
    fn a_bold_ground_is_the_brands_own_colour() {
        let brand = brand(&["#0a7cff", "#ff7a00"]);
        assert_eq!(roles(&brand, Scheme::Bold, &Wishes::default()).ground, Rgb(10, 124, 255));
        assert_eq!(roles(&brand, Scheme::Second, &Wishes::default()).ground, Rgb(255, 122, 0));
    }
}
