//! What is known of a brand: what was found, and what people set in its place.

use bloom_domain::brands::{Brand, MAX_NAME};
use bloom_domain::names::{shows_something, without_hidden};
use bloom_studio::brand::Swatch;
use bloom_studio::findings::{self, Findings, Found, Typeface};
use bloom_studio::fonts::Family;
use serde::{Deserialize, Serialize};

use crate::Error;

/// Where a finding comes from that somebody set.
pub const BY_HAND: &str = "set by hand";
/// The longest summary, in characters.
pub const MAX_SUMMARY: usize = 1_000;
/// The most colours of a palette.
pub const MAX_COLOURS: usize = 12;
/// The most words for how a brand looks.
pub const MAX_WORDS: usize = 12;

/// What people set in the place of findings; nothing for what is as it was found.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Corrections {
    /// What the brand is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its colours with their roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub palette: Option<Vec<Swatch>>,
    /// The typeface of its headings, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading_font: Option<String>,
    /// The typeface of its text, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_font: Option<String>,
    /// Words for how it looks and speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aesthetic: Option<Vec<String>>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

impl Corrections {
    /// Those of a brand.
    pub(crate) fn of(brand: &Brand) -> Result<Self, Error> {
        brand.corrections.as_deref().map_or(Ok(Self::default()), read)
    }

    /// Without what no name may have. The form refuses it; what is stored must not hang on that.
    pub(super) fn with_a_name_that_shows(self) -> Self {
        let name = self.name.map(|name| without_hidden(&name));
        Self { name: name.filter(|name| shows_something(name)), ..self }
    }

    /// What is set, in words.
    pub(super) fn words(&self) -> String {
        let set = [
            ("name", self.name.is_some()),
            ("colours", self.palette.is_some()),
            ("typeface of headings", self.heading_font.is_some()),
            ("typeface of text", self.body_font.is_some()),
            ("aesthetic", self.aesthetic.is_some()),
            ("summary", self.summary.is_some()),
        ];
        let set: Vec<_> =
            set.into_iter().filter(|(_, is_set)| *is_set).map(|(word, _)| word).collect();
        if set.is_empty() { "nothing".to_owned() } else { set.join(", ") }
    }

    /// Whether they are what a brand has already.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn are_of(&self, brand: &Brand) -> Result<bool, Error> {
        Ok(brand.corrections == self.clone().with_a_name_that_shows().to_stored()?)
    }

    /// As they are stored; nothing when nothing is corrected.
    pub(super) fn to_stored(&self) -> Result<Option<String>, Error> {
        if *self == Self::default() {
            return Ok(None);
        }
        write(self).map(Some)
    }
}

/// What is known of a brand.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Everything, what was set in the place of what was found.
    pub known: Findings,
    /// What was found, without that.
    pub found: Findings,
    /// What was set.
    pub corrections: Corrections,
}

impl Profile {
    /// What is known of a brand, as it is stored.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(brand: &Brand) -> Result<Self, Error> {
        let found = brand.findings.as_deref().map(read::<Findings>).transpose()?;
        let found = found.unwrap_or_else(|| nothing(&brand.name));
        let corrections = Corrections::of(brand)?;
        Ok(Self { known: corrected(found.clone(), &corrections), found, corrections })
    }
}

/// Findings as they are stored.
pub(super) fn write<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Internal(error.to_string()))
}

fn read<T: for<'a> Deserialize<'a>>(json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| Error::Internal(format!("a brand: {error}")))
}

/// What is known of a brand before anything is.
fn nothing(name: &str) -> Findings {
    Findings {
        name: Found { value: name.to_owned(), source: "host".to_owned(), confidence: 0.1 },
        logos: Vec::new(),
        logo: None,
        palette: Vec::new(),
        pairs: Vec::new(),
        heading_font: None,
        body_font: None,
        aesthetic: Vec::new(),
        summary: None,
        images: Vec::new(),
        needs_a_browser: false,
    }
}

/// The name of a brand: what was set, else what was found, cut to what a name may have.
pub(super) fn name(findings: &Findings, corrections: &Corrections) -> String {
    let name = corrections.name.as_deref().unwrap_or(&findings.name.value);
    without_hidden(name).chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

/// Whether people have set what it takes to draw with, so that nothing need be read: a logo and a colour.
pub(super) fn is_set_by_hand(brand: &Brand, corrections: &Corrections) -> bool {
    let has_logo = brand.logo.as_ref().is_some_and(|logo| logo.is_chosen);
    has_logo && corrections.palette.as_ref().is_some_and(|palette| !palette.is_empty())
}

/// Something that somebody set.
fn by_hand<T>(value: T) -> Found<T> {
    Found { value, source: BY_HAND.to_owned(), confidence: 1.0 }
}

fn corrected(mut found: Findings, corrections: &Corrections) -> Findings {
    let font =
        |name: &String| by_hand(Typeface { named: name.clone(), bundled: Family::nearest(name) });
    if let Some(name) = &corrections.name {
        found.name = by_hand(name.clone());
    }
    if let Some(palette) = &corrections.palette {
        found.palette = palette.iter().copied().map(by_hand).collect();
        found.pairs = findings::pairs(&found.palette);
    }
    found.heading_font = corrections.heading_font.as_ref().map(font).or(found.heading_font);
    found.body_font = corrections.body_font.as_ref().map(font).or(found.body_font);
    if let Some(words) = &corrections.aesthetic {
        found.aesthetic = words.iter().cloned().map(by_hand).collect();
    }
    if let Some(summary) = &corrections.summary {
        found.summary = Some(by_hand(summary.clone()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_has_what_cannot_be_seen() {
        let set = |name: &str| {
            let name = Some(name.to_owned());
            Corrections { name, ..Corrections::default() }.with_a_name_that_shows().name
        };
        assert_eq!(set("Ac\u{202E}me").as_deref(), Some("Acme"));
        assert_eq!(set("می\u{200C}خواهم").as_deref(), Some("می\u{200C}خواهم"));
        assert_eq!(set("\u{200B}"), None);
    }
}
