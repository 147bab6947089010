//! The choices behind a picture. A scene is kept with its image: an edit changes a choice, another ratio is
//! another choice, and the rest stays.

use crate::brand::Brand;
use crate::brief::Brief;
use crate::fonts::Family;
use crate::format::AspectRatio;
use crate::picture::Picture;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The version of the scenes that are written now.
pub const VERSION: u32 = 1;

/// Every choice a picture is made of. The same scene and the same material give the same picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// Which version of this shape it is.
    pub version: u32,
    /// The ratio of the sides.
    pub ratio: AspectRatio,
    /// What it says.
    pub brief: Brief,
    /// Whose it is.
    pub brand: Brand,
    /// How its parts are arranged.
    pub layout: Layout,
    /// How the brand's colours are used.
    pub scheme: Scheme,
    /// What fills the surfaces.
    pub material: Material,
    /// Family of the headline.
    pub heading: Family,
    /// Family of the text.
    pub body: Family,
    /// What free choices follow from.
    pub seed: u64,
    /// Strength of the grain, 0 to 1.
    #[serde(default)]
    pub grain: f32,
    /// Keys of the pictures it may use, the first one first.
    #[serde(default)]
    pub pictures: Vec<String>,
}

/// How the parts of a picture are arranged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// A large form above, words at the foot.
    Poster,
    /// Words on one half, material on the other.
    Split,
    /// Everything on the middle axis.
    Centre,
    /// A number as large as it gets.
    Figure,
    /// Words with a mark and a name.
    Quote,
    /// Rules and columns, as on a concert bill.
    Schedule,
    /// A line around everything.
    Frame,
    /// Material everywhere, words upon a veil.
    Cover,
    /// A field of colour across the material.
    Band,
    /// A sheet upon the material.
    Card,
    /// A field among tiles.
    Mosaic,
    /// Words as wide as the picture.
    Marquee,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 12] = [
        Self::Poster,
        Self::Split,
        Self::Centre,
        Self::Figure,
        Self::Quote,
        Self::Schedule,
        Self::Frame,
        Self::Cover,
        Self::Band,
        Self::Card,
        Self::Mosaic,
        Self::Marquee,
    ];
}

/// How the brand's colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// The brand's own background.
    Paper,
    /// A light tint of the primary colour.
    Tint,
    /// The primary colour itself.
    Bold,
    /// The second colour itself.
    Second,
    /// A deep shade of the primary colour.
    Deep,
    /// Nearly black.
    Ink,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 6] =
        [Self::Paper, Self::Tint, Self::Bold, Self::Second, Self::Deep, Self::Ink];

    /// Whether its ground is dark.
    pub fn is_dark(self) -> bool {
        matches!(self, Self::Deep | Self::Ink)
    }
}

/// What fills the surfaces of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Material {
    /// Nothing but colour.
    Plain,
    /// Soft clouds of colour.
    Mesh,
    /// Rings around a centre.
    Rings,
    /// Quarter circles on a grid.
    Tiles,
    /// Dots that grow.
    Dots,
    /// Slanting bands.
    Stripes,
    /// Layered waves.
    Waves,
    /// Arches within arches.
    Arches,
    /// One large disc.
    Sun,
    /// The first picture of the scene.
    Photo,
}

impl Material {
    /// What can be drawn without a picture.
    pub const DRAWN: [Self; 8] = [
        Self::Mesh,
        Self::Rings,
        Self::Tiles,
        Self::Dots,
        Self::Stripes,
        Self::Waves,
        Self::Arches,
        Self::Sun,
    ];
}

/// The pixels a scene refers to. They are not a part of it.
#[derive(Debug, Clone, Default)]
pub struct Materials {
    /// The logo, upright, its ground transparent where it has none.
    pub logo: Option<Arc<Picture>>,
    /// Pictures by their keys.
    pub pictures: Vec<(String, Arc<Picture>)>,
}

impl Materials {
    /// The picture of a key.
    pub fn picture(&self, key: &str) -> Option<&Arc<Picture>> {
        self.pictures.iter().find(|(name, _)| name == key).map(|(_, picture)| picture)
    }
}
