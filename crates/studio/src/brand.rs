//! What a composition knows of a brand.

use crate::colour::Rgb;
use serde::{Deserialize, Serialize};

/// A brand, as composing needs it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Brand {
    /// What the brand is called; stands where a logo would when there is none.
    pub name: String,
    /// Its colours with their roles, the most important first.
    #[serde(default)]
    pub palette: Vec<Swatch>,
    /// Family of headings, as the brand names it; the nearest bundled one is used.
    #[serde(default)]
    pub heading_font: Option<String>,
    /// Family of text.
    #[serde(default)]
    pub body_font: Option<String>,
    /// Words for how it looks: `minimal`, `playful`, `editorial`, `technical`, …
    #[serde(default)]
    pub aesthetic: Vec<String>,
}

/// A colour and what the brand uses it for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swatch {
    /// The colour.
    pub colour: Rgb,
    /// Its use.
    pub role: ColourRole,
}

/// What a colour is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColourRole {
    /// The colour people know the brand by.
    Primary,
    /// The second one.
    Secondary,
    /// What draws the eye: buttons, links.
    Accent,
    /// Pages are painted in it.
    Background,
    /// Text is written in it.
    Text,
    /// Seen, with no clear use.
    Neutral,
}

impl ColourRole {
    /// All of them, the most important first.
    pub const ALL: [Self; 6] =
        [Self::Primary, Self::Secondary, Self::Accent, Self::Background, Self::Text, Self::Neutral];

    /// The word for it, as it is written and read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Accent => "accent",
            Self::Background => "background",
            Self::Text => "text",
            Self::Neutral => "neutral",
        }
    }
}

impl Brand {
    /// The first colour of a role.
    pub fn colour(&self, role: ColourRole) -> Option<Rgb> {
        self.palette.iter().find(|swatch| swatch.role == role).map(|swatch| swatch.colour)
    }

    /// The colours with a hue of their own, the most important first, none twice.
    pub fn chromatic(&self) -> Vec<Rgb> {
        let mut ordered: Vec<Swatch> = self.palette.clone();
        ordered.sort_by_key(|swatch| swatch.role);
        let mut found: Vec<Rgb> = Vec::new();
        for swatch in ordered {
            let is_new = found.iter().all(|colour| colour.distance(swatch.colour) > 0.06);
            if swatch.colour.lch().c > 0.04 && is_new {
                found.push(swatch.colour);
            }
        }
        found
    }
}
