//! The bundled fonts: open ones, cut to the scripts Bloom sets. `fonts/make.py` is their recipe, and each
//! family's licence lies beside it.

use serde::{Deserialize, Serialize};

/// A family for headings and text, bundled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Neutral sans of screens.
    Inter,
    /// Geometric sans, open.
    Manrope,
    /// Geometric sans, wide.
    Montserrat,
    /// Rounded sans.
    Nunito,
    /// Technical sans with character. No Cyrillic.
    SpaceGrotesk,
    /// Lively sans. No Cyrillic.
    Bricolage,
    /// Narrow sans for posters.
    Oswald,
    /// Very wide display sans.
    Unbounded,
    /// Soft old-style serif. No Cyrillic.
    Fraunces,
    /// Serif for reading, a subset of Source Serif 4.
    Serif,
    /// Fixed width.
    Mono,
}

/// One weight of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Face {
    /// The family.
    pub family: Family,
    /// Its weight, 400 to 900.
    pub weight: u16,
}

macro_rules! bundled {
    ($($file:literal),* $(,)?) => {
        /// Every font file, in no order.
        pub(crate) static FILES: &[&[u8]] = &[$(include_bytes!(concat!("../fonts/", $file))),*];
    };
}

bundled!(
    "Inter-400.ttf",
    "Inter-600.ttf",
    "Inter-800.ttf",
    "Manrope-500.ttf",
    "Manrope-800.ttf",
    "Montserrat-500.ttf",
    "Montserrat-800.ttf",
    "Nunito-600.ttf",
    "Nunito-900.ttf",
    "SpaceGrotesk-500.ttf",
    "SpaceGrotesk-700.ttf",
    "BricolageGrotesque-500.ttf",
    "BricolageGrotesque-800.ttf",
    "Oswald-500.ttf",
    "Oswald-700.ttf",
    "Unbounded-700.ttf",
    "Fraunces-500.ttf",
    "Fraunces-800.ttf",
    "BloomSerif-400.ttf",
    "BloomSerif-700.ttf",
    "JetBrainsMono-500.ttf",
    "JetBrainsMono-700.ttf",
    "Vazirmatn-400.ttf",
    "Vazirmatn-800.ttf",
    "Amiri-700.ttf",
    "Heebo-400.ttf",
    "Heebo-800.ttf",
    "NotoSansCJK-400.otf",
    "NotoSansCJK-700.otf",
);

impl Family {
    /// Every family a brand can be given.
    pub const ALL: [Self; 11] = [
        Self::Inter,
        Self::Manrope,
        Self::Montserrat,
        Self::Nunito,
        Self::SpaceGrotesk,
        Self::Bricolage,
        Self::Oswald,
        Self::Unbounded,
        Self::Fraunces,
        Self::Serif,
        Self::Mono,
    ];

    /// The name the font files carry.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inter => "Inter",
            Self::Manrope => "Manrope",
            Self::Montserrat => "Montserrat",
            Self::Nunito => "Nunito",
            Self::SpaceGrotesk => "Space Grotesk",
            Self::Bricolage => "Bricolage Grotesque",
            Self::Oswald => "Oswald",
            Self::Unbounded => "Unbounded",
            Self::Fraunces => "Fraunces",
            Self::Serif => "Bloom Serif",
            Self::Mono => "JetBrains Mono",
        }
    }

    /// Whether it is one of the serifs.
    pub fn is_serif(self) -> bool {
        matches!(self, Self::Fraunces | Self::Serif)
    }

    /// The face for headlines.
    pub fn heavy(self) -> Face {
        let weight = match self {
            Self::Nunito => 900,
            Self::SpaceGrotesk | Self::Oswald | Self::Unbounded | Self::Serif | Self::Mono => 700,
            _ => 800,
        };
        Face { family: self, weight }
    }

    /// The face for text.
    pub fn light(self) -> Face {
        let weight = match self {
            Self::Inter | Self::Serif => 400,
            Self::Nunito => 600,
            Self::Unbounded => return Face { family: Self::Inter, weight: 400 },
            _ => 500,
        };
        Face { family: self, weight }
    }

    /// How much closer the letters of a headline stand, in em.
    pub fn tracking(self) -> f32 {
        match self {
            Self::Inter => -0.034,
            Self::Manrope | Self::SpaceGrotesk | Self::Mono => -0.035,
            Self::Montserrat | Self::Bricolage | Self::Unbounded => -0.02,
            Self::Nunito | Self::Fraunces => -0.018,
            Self::Oswald => -0.008,
            Self::Serif => -0.022,
        }
    }

    /// The distance of a headline's baselines, in em.
    pub fn leading(self) -> f32 {
        match self {
            Self::Oswald => 1.08,
            Self::Fraunces | Self::Serif => 1.05,
            Self::Unbounded => 1.12,
            _ => 1.03,
        }
    }

    /// The bundled family that is nearest to a family of the world, by name.
    pub fn nearest(name: &str) -> Self {
        let name = name.trim_matches(['"', '\'', ' ']).to_lowercase();
        let table: &[(Self, &[&str])] = &[
            (Self::Mono, &["mono", "code", "courier", "consolas", "menlo"]),
            (
                Self::Oswald,
                &[
                    "oswald",
                    "bebas",
                    "anton",
                    "condensed",
                    "narrow",
                    "league gothic",
                    "impact",
                    "barlow",
                ],
            ),
            (Self::Unbounded, &["unbounded", "syne", "clash", "monument", "dela"]),
            (
                Self::Fraunces,
                &[
                    "fraunces",
                    "recoleta",
                    "cooper",
                    "playfair",
                    "dm serif",
                    "canela",
                    "bodoni",
                    "didot",
                    "abril",
                    "cormorant",
                    "bloom display",
                ],
            ),
            (
                Self::Nunito,
                &[
                    "nunito",
                    "quicksand",
                    "rubik",
                    "varela",
                    "comfortaa",
                    "fredoka",
                    "baloo",
                    "round",
                    "mulish",
                ],
            ),
            (
                Self::SpaceGrotesk,
                &[
                    "space grotesk",
                    "sora",
                    "lexend",
                    "ibm plex sans",
                    "archivo",
                    "jost",
                    "work sans",
                ],
            ),
            (Self::Bricolage, &["bricolage", "familjen", "darker", "hanken", "gabarito"]),
            (
                Self::Montserrat,
                &[
                    "montserrat",
                    "poppins",
                    "gotham",
                    "raleway",
                    "proxima",
                    "avenir",
                    "futura",
                    "century gothic",
                    "circular",
                ],
            ),
            (
                Self::Manrope,
                &[
                    "manrope",
                    "plus jakarta",
                    "outfit",
                    "dm sans",
                    "figtree",
                    "urbanist",
                    "onest",
                    "gilroy",
                    "red hat",
                    "satoshi",
                ],
            ),
            (
                Self::Inter,
                &[
                    "inter",
                    "helvetica",
                    "arial",
                    "roboto",
                    "system-ui",
                    "segoe",
                    "sf pro",
                    "-apple-system",
                    "open sans",
                    "lato",
                    "sans",
                ],
            ),
            (
                Self::Serif,
                &[
                    "serif",
                    "georgia",
                    "times",
                    "garamond",
                    "merriweather",
                    "lora",
                    "tiempos",
                    "baskerville",
                    "palatino",
                    "caslon",
                    "crimson",
                    "spectral",
                ],
            ),
        ];
        let hit = table.iter().find(|(_, signs)| signs.iter().any(|sign| name.contains(sign)));
        hit.map_or(Self::Inter, |(family, _)| *family)
    }
}

/// The families after the chosen one: what it lacks is looked for here, in this order.
pub(crate) fn fallbacks(serif: bool) -> [&'static str; 5] {
    let arabic = if serif { "Amiri" } else { "Vazirmatn" };
    ["Inter", arabic, "Vazirmatn", "Heebo", "Noto Sans CJK"]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_families_map_to_their_kin() {
        assert_eq!(Family::nearest("\"Playfair Display\""), Family::Fraunces);
        assert_eq!(Family::nearest("Georgia"), Family::Serif);
        assert_eq!(Family::nearest("Roboto Mono"), Family::Mono);
        assert_eq!(Family::nearest("Poppins"), Family::Montserrat);
        assert_eq!(Family::nearest("Something Unheard"), Family::Inter);
        for family in Family::ALL {
            assert_eq!(
                Family::nearest(family.name()),
                if family == Family::Serif { Family::Serif } else { family }
            );
        }
    }
}
