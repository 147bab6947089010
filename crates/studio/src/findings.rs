//! A page read for its brand: name, logo, colours, fonts, voice. Everything that is found says where it was
//! found and how sure that makes us, since a person is going to look at it.
//!
//! Reading goes in two steps, because only the caller may fetch: [`links`] says what a page refers to, and
//! [`read`] takes the page together with what was fetched.

mod css;
mod dominant;
mod manifest;
mod page;
mod profile;
mod text;
mod typefaces;
mod voice;

use crate::brand::{Brand, ColourRole, Swatch};
use crate::colour::{Rgb, contrast};
use crate::fonts::Family;
use serde::{Deserialize, Serialize};

pub use manifest::{Manifest, manifest};
pub use page::{Candidate, Links, OG_IMAGE, PageImage, links};
pub use profile::profile;
pub use text::text;

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found<T> {
    /// What.
    pub value: T,
    /// Where.
    pub source: String,
    /// How sure, 0 to 1.
    pub confidence: f32,
}

impl<T> Found<T> {
    fn new(value: T, source: impl Into<String>, confidence: f32) -> Self {
        Self { value, source: source.into(), confidence }
    }
}

/// A page and what was fetched for it.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Its address, for relative references.
    pub url: &'a str,
    /// Its HTML.
    pub html: &'a str,
    /// Its stylesheets.
    pub stylesheets: &'a [String],
    /// The colour that its manifest names, which counts where the page itself names none.
    pub theme: Option<&'a str>,
    /// The logo, when one was fetched: its bytes.
    pub logo: Option<&'a [u8]>,
}

/// A typeface a page asks for, and the bundled family that stands for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typeface {
    /// As the page names it.
    pub named: String,
    /// The nearest bundled one.
    pub bundled: Family,
}

/// Text and ground that a page sets on each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The text's colour.
    pub text: Rgb,
    /// The ground's.
    pub ground: Rgb,
    /// Their contrast, 1 to 21.
    pub contrast: f32,
}

/// Everything a page tells of its brand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// What the brand is called.
    pub name: Found<String>,
    /// Where its logo may be, the best first.
    pub logos: Vec<Found<Candidate>>,
    /// Which of them was taken: where it lay, if it had an address.
    #[serde(default)]
    pub logo: Option<Found<String>>,
    /// Its colours, the most important first.
    pub palette: Vec<Found<Swatch>>,
    /// How its colours read on each other.
    pub pairs: Vec<Pair>,
    /// The typeface of its headings.
    pub heading_font: Option<Found<Typeface>>,
    /// The typeface of its text.
    pub body_font: Option<Found<Typeface>>,
    /// Words for how it looks and speaks.
    pub aesthetic: Vec<Found<String>>,
    /// What it says it is.
    pub summary: Option<Found<String>>,
    /// The pictures on it.
    pub images: Vec<PageImage>,
    /// The page shows nearly nothing without running its scripts, so that little could be found.
    pub needs_a_browser: bool,
}

/// Reads a page.
pub fn read(page: &Page<'_>) -> Findings {
    let sheet = css::Sheet::read(page.html, page.stylesheets);
    let mut seen = page::Seen::read(page.url, page.html);
    seen.theme = seen.theme.or_else(|| page.theme.map(str::to_owned));
    let palette = dominant::palette(&sheet, &seen, page.logo);
    let (heading_font, body_font) = typefaces::of(&sheet, &seen);
    let aesthetic = voice::aesthetic(&sheet, &seen, &palette, heading_font.as_ref());
    Findings {
        name: seen.name.clone(),
        logos: seen.links.logos.clone(),
        logo: None,
        pairs: pairs(&palette),
        palette,
        heading_font,
        body_font,
        aesthetic,
        summary: voice::summary(&seen),
        images: seen.links.images.clone(),
        needs_a_browser: seen.words < 25 && seen.scripts > 0,
    }
}

/// How the colours of a palette read on each other.
pub fn pairs(palette: &[Found<Swatch>]) -> Vec<Pair> {
    let of = |roles: &[ColourRole]| -> Vec<Rgb> {
        palette
            .iter()
            .map(|found| found.value)
            .filter(|swatch| roles.contains(&swatch.role))
            .map(|swatch| swatch.colour)
            .collect()
    };
    let texts = of(&[ColourRole::Text, ColourRole::Primary, ColourRole::Accent]);
    let grounds = of(&[ColourRole::Background, ColourRole::Primary, ColourRole::Secondary]);
    let both = grounds.iter().flat_map(|ground| texts.iter().map(move |text| (*text, *ground)));
    both.filter(|(text, ground)| text != ground)
        .map(|(text, ground)| Pair {
            text,
            ground,
            contrast: (contrast(text, ground) * 100.0).round() / 100.0,
        })
        .collect()
}

impl Findings {
    /// The brand they describe.
    pub fn brand(&self) -> Brand {
        Brand {
            name: self.name.value.clone(),
            palette: self.palette.iter().map(|found| found.value).collect(),
            heading_font: self.heading_font.as_ref().map(|found| found.value.named.clone()),
            body_font: self.body_font.as_ref().map(|found| found.value.named.clone()),
            aesthetic: self.aesthetic.iter().map(|found| found.value.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
