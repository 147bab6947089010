//! Colours as eyes see them: OKLab for distance and change, WCAG's luminance for contrast.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::LazyLock;

/// A colour of the screen (sRGB), opaque.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// Lightness 0 to 1, chroma, and hue in radians (OKLCH).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lch {
    /// Lightness as it is perceived, 0 to 1.
    pub l: f32,
    /// Chroma: 0 is grey, about 0.3 the most a screen shows.
    pub c: f32,
    /// Hue in radians.
    pub h: f32,
}

impl Rgb {
    /// White.
    pub const WHITE: Self = Self(255, 255, 255);
    /// Black.
    pub const BLACK: Self = Self(0, 0, 0);

    /// Reads `#rgb`, `#rrggbb` and `#rrggbbaa` (the last two digits are left out).
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.trim().strip_prefix('#')?;
        let digits: Vec<u8> =
            digits.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
        match digits[..] {
            [r, g, b] | [r, g, b, _] => Some(Self(r * 17, g * 17, b * 17)),
            [a, b, c, d, e, f] | [a, b, c, d, e, f, _, _] => {
                Some(Self(a * 16 + b, c * 16 + d, e * 16 + f))
            }
            _ => None,
        }
    }

    /// `#rrggbb`.
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// Relative luminance (WCAG 2.2).
    pub fn luminance(self) -> f32 {
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// Lightness and the two opponent axes of OKLab.
    pub fn lab(self) -> [f32; 3] {
        let (r, g, b) = (linear(self.0), linear(self.1), linear(self.2));
        let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
        let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
        let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
        [
            0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
            1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
            0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
        ]
    }

    /// The nearest colour of the screen to a point of OKLab.
    pub fn from_lab([l, a, b]: [f32; 3]) -> Self {
        let [r, g, b] = linear_of_lab([l, a, b]);
        Self(encoded(r), encoded(g), encoded(b))
    }

    /// Lightness, chroma and hue.
    pub fn lch(self) -> Lch {
        let [l, a, b] = self.lab();
        Lch { l, c: a.hypot(b), h: b.atan2(a) }
    }

    /// Distance in OKLab; 0.02 is just visible side by side.
    pub fn distance(self, other: Self) -> f32 {
        let (a, b) = (self.lab(), other.lab());
        ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)).sqrt()
    }

    /// A mix in OKLab: 0 is this colour, 1 the other.
    pub fn mix(self, other: Self, share: f32) -> Self {
        let (a, b) = (self.lab(), other.lab());
        Self::from_lab([0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * share))
    }

    /// This colour over another, as screens blend it.
    pub fn over(self, ground: Self, alpha: f32) -> Self {
        let one =
            |a: u8, b: u8| (f32::from(a) * alpha + f32::from(b) * (1.0 - alpha)).round() as u8;
        Self(one(self.0, ground.0), one(self.1, ground.1), one(self.2, ground.2))
    }
}

impl Lch {
    /// The colour of the screen, with as much of the chroma as a screen can show.
    pub fn rgb(self) -> Rgb {
        let at = |c: f32| [self.l, c * self.h.cos(), c * self.h.sin()];
        let shown = |c: f32| linear_of_lab(at(c)).iter().all(|v| (-0.0005..=1.0005).contains(v));
        if shown(self.c) {
            return Rgb::from_lab(at(self.c));
        }
        let (mut low, mut high) = (0.0, self.c);
        for _ in 0..14 {
            let middle = (low + high) / 2.0;
            if shown(middle) { low = middle } else { high = middle }
        }
        Rgb::from_lab(at(low))
    }

    /// The same hue and chroma at another lightness.
    pub fn at(self, l: f32) -> Self {
        Self { l, ..self }
    }

    /// The same colour with at most this much chroma.
    pub fn calm(self, most: f32) -> Self {
        Self { c: self.c.min(most), ..self }
    }

    /// The hue turned by some degrees.
    pub fn turned(self, degrees: f32) -> Self {
        Self { h: self.h + degrees.to_radians(), ..self }
    }
}

/// Contrast of two colours, 1 to 21 (WCAG 2.2, 1.4.3).
pub fn contrast(a: Rgb, b: Rgb) -> f32 {
    ratio(a.luminance(), b.luminance())
}

/// Contrast of two luminances.
pub fn ratio(a: f32, b: f32) -> f32 {
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// What lies beneath a text: the darkest and the lightest of it, as luminances. No pixel between them can
/// give a lower contrast to a colour outside of the two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ground {
    /// Luminance of the darkest pixel.
    pub darkest: f32,
    /// Luminance of the lightest pixel.
    pub lightest: f32,
}

impl Ground {
    /// A ground of one colour.
    pub fn of(colour: Rgb) -> Self {
        Self { darkest: colour.luminance(), lightest: colour.luminance() }
    }

    /// A ground of many colours; none is white.
    pub fn of_all(colours: impl IntoIterator<Item = Rgb>) -> Self {
        let mut luminances = colours.into_iter().map(Rgb::luminance);
        let first = luminances.next().unwrap_or(1.0);
        luminances.fold(Self { darkest: first, lightest: first }, |ground, l| Self {
            darkest: ground.darkest.min(l),
            lightest: ground.lightest.max(l),
        })
    }

    /// The least contrast a colour has to anything of this ground.
    pub fn contrast(self, colour: Rgb) -> f32 {
        let l = colour.luminance();
        if l > self.darkest && l < self.lightest {
            return 1.0;
        }
        ratio(l, self.darkest).min(ratio(l, self.lightest))
    }

    /// The colour nearest to the wanted one that keeps a contrast: its lightness is moved, hue and chroma
    /// stay as far as a screen can show them. When none does, the better of black and white.
    pub fn readable(self, wanted: Rgb, least: f32) -> Rgb {
        if self.contrast(wanted) >= least {
            return wanted;
        }
        let lch = wanted.lch();
        for step in 1..=100 {
            let by = step as f32 / 100.0;
            let both = [lch.l - by, lch.l + by].map(|l| lch.at(l.clamp(0.0, 1.0)).rgb());
            let best =
                both.into_iter().max_by(|a, b| self.contrast(*a).total_cmp(&self.contrast(*b)));
            if let Some(found) = best.filter(|colour| self.contrast(*colour) >= least) {
                return found;
            }
        }
        if self.contrast(Rgb::WHITE) >= self.contrast(Rgb::BLACK) { Rgb::WHITE } else { Rgb::BLACK }
    }
}

/// Asked of every pixel that is looked at, so it is worked out once for each of the 256.
static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|channel| {
        let c = channel as f32 / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    })
});

fn linear(channel: u8) -> f32 {
    LINEAR.get(usize::from(channel)).copied().unwrap_or(0.0)
}

fn encoded(v: f32) -> u8 {
    let v = v.clamp(0.0, 1.0);
    let c = if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
    (c * 255.0).round() as u8
}

fn linear_of_lab([l, a, b]: [f32; 3]) -> [f32; 3] {
    let x = (l + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let y = (l - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let z = (l - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    [
        4.076_741_7 * x - 3.307_711_6 * y + 0.230_969_93 * z,
        -1.268_438 * x + 2.609_757_4 * y - 0.341_319_4 * z,
        -0.004_196_086_3 * x - 0.703_418_6 * y + 1.707_614_7 * z,
    ]
}

impl fmt::Debug for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl Serialize for Rgb {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.hex())
    }
}

impl<'de> Deserialize<'de> for Rgb {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).ok_or_else(|| serde::de::Error::custom("a colour is written #rrggbb"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_on_white_is_twenty_one() {
        assert!((contrast(Rgb::BLACK, Rgb::WHITE) - 21.0).abs() < 0.01);
        assert!((contrast(Rgb(118, 118, 118), Rgb::WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn a_colour_survives_the_way_through_oklch() {
        for colour in
            [Rgb(200, 30, 90), Rgb(0, 0, 0), Rgb(255, 255, 255), Rgb(12, 130, 40), Rgb(0, 0, 255)]
        {
            assert!(
                colour.distance(colour.lch().rgb()) < 0.01,
                "{colour:?} {:?}",
                colour.lch().rgb()
            );
        }
    }

    #[test]
    fn a_readable_colour_keeps_its_hue_and_reads() {
        for ground in [Rgb(255, 255, 255), Rgb(20, 20, 30), Rgb(128, 128, 128), Rgb(230, 60, 60)] {
            for wanted in [Rgb(255, 220, 0), Rgb(0, 90, 255), Rgb(120, 120, 120)] {
                let found = Ground::of(ground).readable(wanted, 4.5);
                assert!(
                    contrast(found, ground) >= 4.5,
                    "{wanted:?} on {ground:?} became {found:?}"
                );
            }
        }
        assert_eq!(Ground::of(Rgb::WHITE).readable(Rgb(0, 0, 120), 4.5), Rgb(0, 0, 120));
    }

    #[test]
    fn between_the_extremes_nothing_reads() {
        let ground = Ground::of_all([Rgb::BLACK, Rgb::WHITE]);
        assert!(ground.contrast(Rgb(120, 120, 120)) < 1.1);
    }

    #[test]
    fn hex_is_read_in_its_forms() {
        assert_eq!(Rgb::from_hex("#f0a"), Some(Rgb(255, 0, 170)));
        assert_eq!(Rgb::from_hex("#102030ff"), Some(Rgb(16, 32, 48)));
        assert_eq!(Rgb::from_hex("#12345"), None);
        assert_eq!(Rgb::from_hex("red"), None);
    }
}
