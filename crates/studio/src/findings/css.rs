//! Stylesheets as lists of declarations. Not a browser: no cascade, no layout; what a sheet says most, and of
//! what, is enough to know its colours and fonts.

use crate::colour::{Lch, Rgb};
use std::collections::HashMap;

/// One declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declaration {
    pub(super) selector: String,
    pub(super) property: String,
    pub(super) value: String,
}

/// All declarations of a page, custom properties resolved.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub(super) declarations: Vec<Declaration>,
    pub(super) custom: Vec<(String, String)>,
}

/// Sheets are read up to here; the colours of a brand come early.
const MOST_BYTES: usize = 2 * 1024 * 1024;

impl Sheet {
    /// Reads the `<style>` elements of a page, its `style` attributes, and its stylesheets.
    pub(super) fn read(html: &str, stylesheets: &[String]) -> Self {
        let mut sheet = Self::default();
        for text in styles_of(html).iter().chain(stylesheets) {
            sheet.add(text);
        }
        let known: HashMap<String, String> = sheet.custom.iter().rev().cloned().collect();
        for declaration in &mut sheet.declarations {
            declaration.value = resolved(&declaration.value, &known, 0);
        }
        for (_, value) in &mut sheet.custom {
            *value = resolved(value, &known, 0);
        }
        sheet
    }

    fn add(&mut self, text: &str) {
        let end = (0..=text.len().min(MOST_BYTES))
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        let text = without_comments(text.get(..end).unwrap_or_default());
        let mut open: Vec<String> = Vec::new();
        let mut held = String::new();
        let mut quote = None;
        for c in text.chars() {
            match (quote, c) {
                (Some(q), _) => {
                    held.push(c);
                    if c == q {
                        quote = None;
                    }
                }
                (None, '"' | '\'') => {
                    quote = Some(c);
                    held.push(c);
                }
                (None, '{') => open.push(std::mem::take(&mut held).trim().to_owned()),
                (None, ';') => self.declare(&open, &std::mem::take(&mut held)),
                (None, '}') => {
                    self.declare(&open, &std::mem::take(&mut held));
                    open.pop();
                }
                (None, _) => held.push(c),
            }
        }
    }

    fn declare(&mut self, open: &[String], text: &str) {
        // A dark version is another page; what is printed is another medium.
        let other = open.iter().any(|head| {
            head.starts_with("@media")
                && (head.contains("prefers-color-scheme: dark") || head.contains("print"))
        });
        let dark = |head: &str| {
            head.contains(".dark")
                || head.contains("data-theme=\"dark\"")
                || head.contains("data-theme=dark")
        };
        let Some(selector) = open.last().filter(|head| !other && !dark(head)) else { return };
        let Some((property, value)) = text.split_once(':') else { return };
        let (property, value) = (
            property.trim().to_lowercase(),
            value.trim().trim_end_matches("!important").trim().to_owned(),
        );
        if property.starts_with("--") {
            self.custom.push((property, value));
        } else {
            self.declarations.push(Declaration { selector: selector.clone(), property, value });
        }
    }

    /// The declarations of a property.
    pub(super) fn of<'a>(&'a self, property: &'a str) -> impl Iterator<Item = &'a Declaration> {
        self.declarations.iter().filter(move |declaration| declaration.property == property)
    }
}

fn styles_of(html: &str) -> Vec<String> {
    let document = scraper::Html::parse_document(html);
    let mut found = Vec::new();
    if let Ok(selector) = scraper::Selector::parse("style") {
        found.extend(document.select(&selector).map(|style| style.text().collect::<String>()));
    }
    if let Ok(selector) = scraper::Selector::parse("[style]") {
        for element in document.select(&selector).take(400) {
            let name = element.value().name();
            found.extend(element.value().attr("style").map(|style| format!("{name}{{{style}}}")));
        }
    }
    found
}

fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    kept + rest
}

/// A value with its `var()`s replaced, as deep as anybody means it.
fn resolved(value: &str, known: &HashMap<String, String>, depth: u32) -> String {
    let Some(at) = value.find("var(").filter(|_| depth < 8) else { return value.to_owned() };
    let (before, after) =
        (value.get(..at).unwrap_or_default(), value.get(at + 4..).unwrap_or_default());
    let mut level = 1;
    let end = after.char_indices().find(|(_, c)| {
        level += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        level == 0
    });
    let Some((end, _)) = end else { return value.to_owned() };
    let (inside, rest) =
        (after.get(..end).unwrap_or_default(), after.get(end + 1..).unwrap_or_default());
    let (name, fallback) = inside.split_once(',').unwrap_or((inside, ""));
    let value = known.get(name.trim()).map_or(fallback.trim(), String::as_str);
    if before.len() + value.len() + rest.len() > 4096 {
        return String::new();
    }
    resolved(&format!("{before}{value}{rest}"), known, depth + 1)
}

/// The colours a value names, in their order: hex, `rgb()`, `hsl()`, `oklch()`, and the common words.
pub(super) fn colours(value: &str) -> Vec<Rgb> {
    let lower = value.to_lowercase();
    let mut found = Vec::new();
    let mut rest = lower.as_str();
    while !rest.is_empty() {
        if let Some(hex) = rest.strip_prefix('#') {
            let length = hex.chars().take_while(char::is_ascii_hexdigit).count();
            found.extend(rest.get(..=length).and_then(Rgb::from_hex));
            rest = hex.get(length..).unwrap_or_default();
            continue;
        }
        let word: String =
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        if word.is_empty() {
            rest = rest.get(rest.chars().next().map_or(1, char::len_utf8)..).unwrap_or_default();
            continue;
        }
        rest = rest.get(word.len()..).unwrap_or_default();
        if let Some(inside) =
            rest.strip_prefix('(').and_then(|r| r.split_once(')')).map(|(inside, _)| inside)
        {
            if word == "url" {
                rest = rest.split_once(')').map_or("", |(_, after)| after);
                continue;
            }
            found.extend(function(&word, inside));
        } else {
            match word.as_str() {
                "white" => found.push(Rgb::WHITE),
                "black" => found.push(Rgb::BLACK),
                _ => {}
            }
        }
    }
    found
}

fn function(name: &str, inside: &str) -> Option<Rgb> {
    let parts: Vec<&str> = inside.split([',', ' ', '/']).filter(|part| !part.is_empty()).collect();
    let number = |at: usize, whole: f32| -> Option<f32> {
        let part = parts.get(at)?;
        match part.strip_suffix('%') {
            Some(percent) => percent.parse::<f32>().ok().map(|p| p / 100.0 * whole),
            None => part.trim_end_matches("deg").parse().ok(),
        }
    };
    // What is nearly transparent shows another colour than its own.
    if parts.len() > 3 && number(3, 1.0).is_some_and(|alpha| alpha < 0.5) {
        return None;
    }
    match name {
        "rgb" | "rgba" => {
            let channel = |at| number(at, 255.0).map(|v| v.clamp(0.0, 255.0).round() as u8);
            Some(Rgb(channel(0)?, channel(1)?, channel(2)?))
        }
        "hsl" | "hsla" => Some(hsl(number(0, 360.0)?, number(1, 1.0)?, number(2, 1.0)?)),
        "oklch" => Some(
            Lch { l: number(0, 1.0)?, c: number(1, 0.4)?, h: number(2, 360.0)?.to_radians() }.rgb(),
        ),
        _ => None,
    }
}

fn hsl(h: f32, s: f32, l: f32) -> Rgb {
    let (s, l) = (if s > 1.0 { s / 100.0 } else { s }, if l > 1.0 { l / 100.0 } else { l });
    let a = s * l.min(1.0 - l);
    let channel = |n: f32| {
        let k = (n + h / 30.0).rem_euclid(12.0);
        ((l - a * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)) * 255.0).round() as u8
    };
    Rgb(channel(0.0), channel(8.0), channel(4.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_found_whatever_surrounds_them() {
        let css = "/* x */ :root{--brand:#0a7cff;--on:var(--brand)} @media (min-width: 4em){ .btn, button { background : var(--on, red) !important } }\
                   @media (prefers-color-scheme: dark){ body{background:#000} } a{content:\"};\";color:rgb(10 20 30 / 80%)}";
        let sheet = Sheet::read("<p style='color:#fff'>", &[css.to_owned()]);
        let background: Vec<_> = sheet.of("background").collect();
        assert_eq!(background.len(), 1);
        assert_eq!(
            (background[0].selector.as_str(), background[0].value.as_str()),
            (".btn, button", "#0a7cff")
        );
        let colour: Vec<_> = sheet.of("color").map(|d| colours(&d.value)).collect();
        assert_eq!(colour, [vec![Rgb(255, 255, 255)], vec![Rgb(10, 20, 30)]]);
    }

    #[test]
    fn colours_are_read_in_every_spelling() {
        assert_eq!(colours("1px solid #ABC"), [Rgb(0xaa, 0xbb, 0xcc)]);
        assert_eq!(colours("hsl(210, 100%, 50%)"), [Rgb(0, 128, 255)]);
        assert_eq!(
            colours("linear-gradient(90deg, white 0%, rgba(255,0,0,.9))"),
            [Rgb::WHITE, Rgb(255, 0, 0)]
        );
        assert_eq!(colours("rgba(0,0,0,0.1)"), []);
        assert_eq!(colours("url(#abcdef)"), []);
        assert!(colours("oklch(62% 0.19 255)").first().is_some_and(|c| c.2 > 180 && c.0 < 90));
    }

    #[test]
    fn a_property_that_refers_to_itself_ends() {
        let sheet =
            Sheet::read("", &[":root{--a:var(--b);--b:var(--a)} p{color:var(--a)}".to_owned()]);
        assert!(sheet.of("color").count() <= 1);
    }
}
