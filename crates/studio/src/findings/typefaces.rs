//! The fonts a page asks for.

use super::css::Sheet;
use super::page::Seen;
use super::{Found, Typeface};
use crate::fonts::Family;

/// Families every page may name without meaning them.
const GENERIC: &[&str] = &[
    "inherit",
    "initial",
    "unset",
    "sans-serif",
    "serif",
    "monospace",
    "system-ui",
    "-apple-system",
    "blinkmacsystemfont",
    "ui-sans-serif",
    "ui-serif",
    "ui-monospace",
    "segoe ui",
    "helvetica neue",
    "arial",
    "emoji",
    "apple color emoji",
    "segoe ui emoji",
    "noto color emoji",
];

/// The typefaces of headings and of text.
pub(super) fn of(sheet: &Sheet, seen: &Seen) -> (Option<Found<Typeface>>, Option<Found<Typeface>>) {
    let body = declared(sheet, &["body", "html", ":root", "p"]);
    let heading = declared(sheet, &["h1", "h2", ".h1", "h1, h2", "h1,h2,h3"]);
    let linked = linked(seen);
    let faces = sheet
        .of("font-family")
        .filter(|d| d.selector.starts_with("@font-face"))
        .filter_map(|d| first(&d.value));
    let face = faces.into_iter().next().map(|name| found(name, "@font-face", 0.55));
    let heading = heading
        .or_else(|| linked.first().cloned())
        .or_else(|| face.clone())
        .or_else(|| body.clone());
    let body = body.or_else(|| linked.last().cloned()).or(face);
    (heading, body)
}

fn found(name: String, source: impl Into<String>, confidence: f32) -> Found<Typeface> {
    let bundled = Family::nearest(&name);
    Found::new(Typeface { named: name, bundled }, source, confidence)
}

fn declared(sheet: &Sheet, names: &[&str]) -> Option<Found<Typeface>> {
    let declarations =
        sheet.declarations.iter().filter(|d| matches!(d.property.as_str(), "font-family" | "font"));
    let mut hits =
        declarations.filter(|d| d.selector.split(',').any(|part| names.contains(&part.trim())));
    hits.find_map(|d| {
        let family = if d.property == "font" {
            d.value.split_once(['m', 'x', '%']).map_or("", |(_, rest)| rest)
        } else {
            &d.value
        };
        first(family).map(|name| {
            found(
                name,
                format!("font-family of {}", d.selector.chars().take(40).collect::<String>()),
                0.9,
            )
        })
    })
}

/// The first family of a list that somebody chose.
fn first(list: &str) -> Option<String> {
    let families = list.split(',').map(|family| family.trim().trim_matches(['"', '\'']).trim());
    let chosen = families.into_iter().find(|family| {
        !family.is_empty()
            && !GENERIC.contains(&family.to_lowercase().as_str())
            && !family.contains('(')
    });
    chosen.map(str::to_owned)
}

/// Families in the addresses of hosted fonts: `?family=Playfair+Display:wght@700&family=Inter`.
fn linked(seen: &Seen) -> Vec<Found<Typeface>> {
    let mut all = Vec::new();
    for link in &seen.font_links {
        for part in link.split(['?', '&']).filter_map(|part| part.strip_prefix("family=")) {
            for family in part.split('|') {
                let name = family
                    .split([':', '@'])
                    .next()
                    .unwrap_or_default()
                    .replace('+', " ")
                    .replace("%20", " ");
                if !name.trim().is_empty() {
                    all.push(found(name.trim().to_owned(), "hosted font", 0.75));
                }
            }
        }
    }
    all
}
