//! How a brand looks and speaks, in a few words.

use super::css::Sheet;
use super::page::Seen;
use super::{Found, Typeface};
use crate::brand::{ColourRole, Swatch};

/// Words for a page's look, each with what it was told by.
pub(super) fn aesthetic(
    sheet: &Sheet,
    seen: &Seen,
    palette: &[Found<Swatch>],
    heading: Option<&Found<Typeface>>,
) -> Vec<Found<String>> {
    let mut tags = Vec::new();
    let mut tag = |word: &str, source: &str, confidence: f32| {
        tags.push(Found::new(word.to_owned(), source, confidence));
    };
    let role = |wanted: ColourRole| {
        palette.iter().find(|found| found.value.role == wanted).map(|found| found.value.colour)
    };
    let chromatic: Vec<f32> = palette
        .iter()
        .map(|found| found.value.colour.lch())
        .filter(|lch| lch.c > 0.05)
        .map(|lch| lch.c)
        .collect();
    match role(ColourRole::Background) {
        Some(ground) if ground.luminance() < 0.08 => tag("dark", "background colour", 0.8),
        Some(ground) if ground.lch().c > 0.012 => tag("warm", "background colour", 0.5),
        _ => {}
    }
    match chromatic.len() {
        0 => tag("monochrome", "palette", 0.8),
        1 => tag("minimal", "palette", 0.6),
        n if n >= 4 => tag("colourful", "palette", 0.6),
        _ => {}
    }
    if chromatic.iter().any(|c| *c > 0.2) {
        tag("vivid", "palette", 0.6);
    } else if !chromatic.is_empty() && chromatic.iter().all(|c| *c < 0.12) {
        tag("muted", "palette", 0.6);
    }
    if let Some(heading) = heading {
        let family = heading.value.bundled;
        match family {
            family if family.is_serif() => tag("editorial", "heading typeface", 0.7),
            crate::fonts::Family::Mono | crate::fonts::Family::SpaceGrotesk => {
                tag("technical", "heading typeface", 0.6);
            }
            crate::fonts::Family::Nunito => tag("rounded", "heading typeface", 0.6),
            crate::fonts::Family::Oswald | crate::fonts::Family::Unbounded => {
                tag("bold", "heading typeface", 0.6);
            }
            _ => tag("modern", "heading typeface", 0.4),
        }
    }
    match corners(sheet) {
        Some(radius) if radius >= 12.0 => tag("rounded", "border radius", 0.6),
        Some(radius) if radius <= 2.0 => tag("sharp", "border radius", 0.5),
        _ => {}
    }
    const SPEECH: &[(&str, &[&str])] = &[
        ("playful", &["fun", "play", "joy", "kids", "happy", "delight", "yummy"]),
        ("elegant", &["luxury", "atelier", "crafted", "timeless", "fine", "couture", "exquisite"]),
        (
            "technical",
            &["api", "developers", "platform", "infrastructure", "deploy", "code", "data", "sdk"],
        ),
        ("natural", &["organic", "natural", "sustainable", "farm", "plant", "eco", "botanical"]),
        ("trustworthy", &["secure", "trusted", "insurance", "bank", "certified", "compliance"]),
    ];
    let words: Vec<String> =
        seen.text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    for (word, signs) in SPEECH {
        let heard = words.iter().filter(|w| signs.contains(&w.as_str())).count();
        if heard >= 2 {
            tag(word, "words of the page", (0.35 + 0.1 * heard as f32).min(0.8));
        }
    }
    let mut seen_words = Vec::new();
    tags.retain(|tag| {
        let new = !seen_words.contains(&tag.value);
        seen_words.push(tag.value.clone());
        new
    });
    tags
}

/// The radius most buttons and cards have, in pixels.
fn corners(sheet: &Sheet) -> Option<f32> {
    let mut all: Vec<f32> = sheet
        .of("border-radius")
        .filter(|d| ["btn", "button", "card", "input"].iter().any(|sign| d.selector.contains(sign)))
        .filter_map(|d| {
            let value = d.value.split_whitespace().next()?;
            let number = |unit: &str, times: f32| {
                value.strip_suffix(unit).and_then(|v| v.parse::<f32>().ok()).map(|v| v * times)
            };
            number("px", 1.0)
                .or_else(|| number("rem", 16.0))
                .or_else(|| number("em", 16.0))
                .or_else(|| (value == "0").then_some(0.0))
        })
        .collect();
    all.sort_by(f32::total_cmp);
    all.get(all.len() / 2).copied()
}

/// What the brand says it is: its description, else its first words.
pub(super) fn summary(seen: &Seen) -> Option<Found<String>> {
    if let Some(description) = &seen.description {
        return Some(description.clone());
    }
    let heading = seen.headings.first()?;
    let text = match seen.headings.get(1) {
        Some(second) => format!("{heading}. {second}"),
        None if seen.title.is_empty() || seen.title == *heading => heading.clone(),
        None => format!("{}. {heading}", seen.title),
    };
    Some(Found::new(text, "headings", 0.5))
}
