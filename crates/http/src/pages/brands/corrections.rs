//! What is known of a brand as a form, and the form as what somebody set.
//!
//! A field that says what was found sets nothing; so what is found anew counts there. An empty one goes back to
//! that.

use bloom_domain::brands::MAX_NAME;
use bloom_domain::names::has_hidden;
use bloom_service::brands::{
    ColourRole, Corrections, Finding, Findings, MAX_COLOURS, MAX_SUMMARY, MAX_WORDS, Rgb, Swatch,
    Typeface,
};

use super::super::forms::Form;
use super::super::views::{BrandPage, ColourRow, Field, FindingField, PairRow};

/// The longest name of a typeface, and the longest word for how a brand looks, in characters.
const MAX_SHORT: usize = 60;
/// Rows for colours that are not there yet.
const SPARE: usize = 2;

const NAME: &str = "name";
const HEADING_FONT: &str = "heading-font";
const BODY_FONT: &str = "body-font";
const AESTHETIC: &str = "aesthetic";
const SUMMARY: &str = "summary";

/// Why a form was not taken: what is wrong with which field, and with the colours.
#[derive(Debug, Default)]
pub(super) struct Refused {
    fields: Vec<(&'static str, String)>,
    colours: Option<String>,
}

impl Refused {
    /// The page with the form as it was typed.
    pub(super) fn onto(self, view: BrandPage, form: &Form) -> BrandPage {
        let error = |id: &str| {
            self.fields.iter().find(|(field, _)| *field == id).map(|(_, error)| error.clone())
        };
        let fields = view.fields.into_iter().map(|field| {
            let typed = Field { value: form.text(field.id).to_owned(), error: error(field.id) };
            FindingField { typed, ..field }
        });
        let colours = rows(form).into_iter().map(|(value, role)| ColourRow {
            fill: Rgb::from_hex(value).map(Rgb::hex),
            value: value.to_owned(),
            role: role.map_or(ColourRole::Neutral.as_str(), ColourRole::as_str),
            note: String::new(),
        });
        BrandPage {
            fields: fields.collect(),
            colours: colours.collect(),
            colours_error: self.colours.clone(),
            ..view
        }
    }
}

/// The page with the form as it was typed, in which nothing is wrong.
pub(super) fn typed(view: BrandPage, form: &Form) -> BrandPage {
    Refused::default().onto(view, form)
}

/// What is known, but for the colours, as fields.
pub(super) fn fields(known: &Findings, name: &str) -> Vec<FindingField> {
    let field = |id, label, (value, note): (String, String), is_long| FindingField {
        id,
        label,
        note,
        typed: Field { value, error: None },
        is_long,
    };
    let none = || (String::new(), "Nothing was found.".to_owned());
    let font = |font: &Option<Finding<Typeface>>| {
        font.as_ref().map_or_else(none, |font| {
            let bundled = font.value.bundled.name();
            let note = note(&font.source, font.confidence);
            (font.value.named.clone(), format!("{note} Images are set in {bundled}."))
        })
    };
    let words: Vec<_> = known.aesthetic.iter().map(|word| word.value.as_str()).collect();
    let aesthetic = known.aesthetic.first().map_or_else(none, |first| {
        (
            words.join(", "),
            format!("{} Words with commas between.", note(&first.source, first.confidence)),
        )
    });
    let summary = known.summary.as_ref().map_or_else(none, |summary| {
        (summary.value.clone(), note(&summary.source, summary.confidence))
    });
    let called = (name.to_owned(), note(&known.name.source, known.name.confidence));
    vec![
        field(NAME, "Name", called, false),
        field(HEADING_FONT, "Typeface of headings", font(&known.heading_font), false),
        field(BODY_FONT, "Typeface of text", font(&known.body_font), false),
        field(AESTHETIC, "How it looks and speaks", aesthetic, false),
        field(SUMMARY, "What it is", summary, true),
    ]
}

/// The colours that are known, and room for more.
pub(super) fn colours(known: &Findings) -> Vec<ColourRow> {
    let row = |found: &Finding<Swatch>| ColourRow {
        fill: Some(found.value.colour.hex()),
        value: found.value.colour.hex(),
        role: found.value.role.as_str(),
        note: note(&found.source, found.confidence),
    };
    let spare = ColourRow { role: ColourRole::Neutral.as_str(), ..ColourRow::default() };
    let spare = std::iter::repeat_n(spare, SPARE);
    known.palette.iter().map(row).chain(spare).take(MAX_COLOURS).collect()
}

/// How the colours read on each other, the best first.
pub(super) fn pairs(known: &Findings) -> Vec<PairRow> {
    let mut pairs = known.pairs.clone();
    pairs.sort_by(|a, b| b.contrast.total_cmp(&a.contrast));
    let row = |pair: &bloom_service::brands::Pair| PairRow {
        text: pair.text.hex(),
        ground: pair.ground.hex(),
        contrast: format!("{:.1}", pair.contrast),
        verdict: match pair.contrast {
            contrast if contrast >= 4.5 => "Good",
            contrast if contrast >= 3.0 => "Only large text",
            _ => "No",
        },
    };
    pairs.iter().map(row).collect()
}

/// Where something was found, and how sure that makes us.
pub(super) fn note(source: &str, confidence: f32) -> String {
    if source == bloom_service::brands::BY_HAND {
        return "Set by hand.".to_owned();
    }
    format!("Found: {source}, {:.0} % sure.", confidence * 100.0)
}

/// What somebody set, by a form over what was found.
pub(super) fn read(form: &Form, found: &Findings) -> Result<Corrections, Refused> {
    let mut refused = Refused::default();
    let mut text = |id: &'static str, found: Option<&str>, most: usize| {
        let typed: String = form.text(id).split_whitespace().collect::<Vec<_>>().join(" ");
        let found: Option<String> =
            found.map(|found| found.split_whitespace().collect::<Vec<_>>().join(" "));
        // What was found stays as it was found, whatever stands in it.
        let is_set = !typed.is_empty() && Some(&typed) != found.as_ref();
        if typed.chars().count() > most {
            refused.fields.push((id, format!("This is longer than {most} characters.")));
        } else if is_set && has_hidden(&typed) {
            refused.fields.push((id, "This has characters that cannot be seen.".to_owned()));
        }
        is_set.then_some(typed)
    };
    let font =
        |font: &Option<Finding<Typeface>>| font.as_ref().map(|font| font.value.named.clone());
    let (heading, body) = (font(&found.heading_font), font(&found.body_font));
    let words: Vec<_> = found.aesthetic.iter().map(|word| word.value.as_str()).collect();
    let summary = found.summary.as_ref().map(|summary| summary.value.as_str());
    let mut corrections = Corrections {
        name: text(NAME, Some(&found.name.value), MAX_NAME),
        heading_font: text(HEADING_FONT, heading.as_deref(), MAX_SHORT),
        body_font: text(BODY_FONT, body.as_deref(), MAX_SHORT),
        aesthetic: text(AESTHETIC, Some(&words.join(", ")), MAX_SHORT * MAX_WORDS)
            .map(|words| words_of(&words)),
        summary: text(SUMMARY, summary, MAX_SUMMARY),
        palette: None,
    };
    let words = corrections.aesthetic.iter().flatten();
    if corrections.aesthetic.as_ref().is_some_and(|words| words.len() > MAX_WORDS)
        || words.into_iter().any(|word| word.chars().count() > MAX_SHORT)
    {
        let error = format!("At most {MAX_WORDS} words, each of at most {MAX_SHORT} characters.");
        refused.fields.push((AESTHETIC, error));
    }
    match palette(form) {
        Ok(palette) => {
            let was: Vec<Swatch> = found.palette.iter().map(|found| found.value).collect();
            corrections.palette = Some(palette).filter(|set| !set.is_empty() && *set != was);
        }
        Err(error) => refused.colours = Some(error),
    }
    if refused.fields.is_empty() && refused.colours.is_none() {
        Ok(corrections)
    } else {
        Err(refused)
    }
}

fn words_of(text: &str) -> Vec<String> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// The rows of colours, as they were typed.
fn rows(form: &Form) -> Vec<(&str, Option<ColourRole>)> {
    let row = |index: usize| {
        let role = form.text(&format!("role-{index}"));
        let role = ColourRole::ALL.into_iter().find(|known| known.as_str() == role);
        (form.text(&format!("colour-{index}")).trim(), role)
    };
    let rows = (0..MAX_COLOURS).map(row);
    rows.filter(|(value, role)| !value.is_empty() || role.is_some()).collect()
}

fn palette(form: &Form) -> Result<Vec<Swatch>, String> {
    let mut palette: Vec<Swatch> = Vec::new();
    for (value, role) in rows(form).into_iter().filter(|(value, _)| !value.is_empty()) {
        let colour = Rgb::from_hex(value).or_else(|| Rgb::from_hex(&format!("#{value}")));
        let shown: String = value.chars().take(20).collect();
        let colour = colour.ok_or_else(|| {
            format!("{shown} is no colour. Write it as # and six digits, such as #1f4d3a.")
        })?;
        if palette.iter().any(|swatch| swatch.colour == colour) {
            return Err(format!("{shown} stands there twice. Keep one."));
        }
        palette.push(Swatch { colour, role: role.unwrap_or(ColourRole::Neutral) });
    }
    Ok(palette)
}
