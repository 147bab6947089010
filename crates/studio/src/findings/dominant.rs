//! The colours of a brand and what it uses them for, by weighing every place that names one.

use super::Found;
use super::css::{Sheet, colours};
use super::page::Seen;
use crate::brand::{ColourRole, Swatch};
use crate::clusters;
use crate::colour::Rgb;
use crate::images::decode;

/// Colours at most.
const MOST: usize = 8;

struct Voice {
    colour: Rgb,
    role: ColourRole,
    weight: f32,
    source: String,
}

/// The palette of a page, the most important colour first.
pub(super) fn palette(sheet: &Sheet, seen: &Seen, logo: Option<&[u8]>) -> Vec<Found<Swatch>> {
    let mut voices = Vec::new();
    from_names(sheet, &mut voices);
    from_use(sheet, &mut voices);
    for colour in seen.theme.iter().flat_map(|theme| colours(theme)) {
        let role = if colour.lch().c > 0.05 { ColourRole::Primary } else { ColourRole::Neutral };
        voices.push(Voice { colour, role, weight: 5.0, source: "theme-color".to_owned() });
    }
    from_logo(logo, &mut voices);
    gathered(voices)
}

/// Custom properties whose names say what they are for.
fn from_names(sheet: &Sheet, voices: &mut Vec<Voice>) {
    const NAMES: &[(&str, ColourRole, f32)] = &[
        ("primary", ColourRole::Primary, 7.0),
        ("brand", ColourRole::Primary, 6.5),
        ("secondary", ColourRole::Secondary, 5.0),
        ("accent", ColourRole::Accent, 5.0),
        ("highlight", ColourRole::Accent, 3.0),
        ("background", ColourRole::Background, 4.0),
        ("-bg", ColourRole::Background, 4.0),
        ("paper", ColourRole::Background, 3.0),
        ("surface", ColourRole::Background, 2.0),
        ("text", ColourRole::Text, 4.0),
        ("foreground", ColourRole::Text, 4.0),
        ("ink", ColourRole::Text, 3.0),
    ];
    for (name, value) in &sheet.custom {
        let Some(colour) = colours(value).first().copied() else { continue };
        let framework =
            ["--bs-", "--wp-", "--tw-", "--mdc-"].iter().any(|prefix| name.starts_with(prefix));
        let derived = [
            "hover", "focus", "-50", "-100", "-200", "-800", "-900", "muted", "border", "-on-",
            "error", "success", "warning",
        ];
        let on = name.contains("on-") || name.contains("-text-on") || name.contains("contrast");
        let hit = NAMES.iter().find(|(sign, _, _)| name.contains(sign));
        if let Some((_, role, weight)) = hit.filter(|_| !on) {
            let share = if framework { 0.15 } else { 1.0 }
                * if derived.iter().any(|d| name.contains(d)) { 0.25 } else { 1.0 };
            voices.push(Voice {
                colour,
                role: *role,
                weight: weight * share,
                source: format!("custom property {name}"),
            });
        }
    }
}

/// What is coloured: a button says more of a brand than a border.
fn from_use(sheet: &Sheet, voices: &mut Vec<Voice>) {
    for declaration in &sheet.declarations {
        let selector = declaration.selector.to_lowercase();
        let has = |signs: &[&str]| signs.iter().any(|sign| selector.contains(sign));
        let is = |names: &[&str]| selector.split(',').any(|part| names.contains(&part.trim()));
        let (role, weight) = match declaration.property.as_str() {
            "background" | "background-color" if is(&["body", "html", ":root"]) => {
                (ColourRole::Background, 6.0)
            }
            "color" if is(&["body", "html", ":root"]) => (ColourRole::Text, 6.0),
            "background" | "background-color" if has(&["btn", "button", "cta"]) => {
                (ColourRole::Accent, 1.6)
            }
            "background" | "background-color" if has(&["header", "nav", "hero", "banner"]) => {
                (ColourRole::Primary, 1.6)
            }
            "color" if is(&["a", "a:link"]) => (ColourRole::Accent, 1.8),
            "color" if has(&["h1", "h2"]) => (ColourRole::Text, 0.8),
            "color" => (ColourRole::Text, 0.25),
            "background" | "background-color" | "fill" | "border-color" | "background-image" => {
                (ColourRole::Neutral, 0.3)
            }
            _ => continue,
        };
        for colour in colours(&declaration.value) {
            let neutral = colour.lch().c < 0.03;
            let role = match role {
                // Grey buttons and white heads say nothing of a brand's own colours.
                ColourRole::Primary | ColourRole::Accent if neutral => ColourRole::Neutral,
                role => role,
            };
            voices.push(Voice {
                colour,
                role,
                weight,
                source: format!("{} of {}", declaration.property, short(&declaration.selector)),
            });
        }
    }
}

fn short(selector: &str) -> String {
    selector.chars().take(40).collect()
}

/// A logo's colours are the brand's, whatever its page does.
fn from_logo(logo: Option<&[u8]>, voices: &mut Vec<Voice>) {
    let Some(decoded) = logo.and_then(|bytes| decode::decode(bytes, decode::Most::default()).ok())
    else {
        return;
    };
    for cluster in clusters::of(&decoded.picture, 5) {
        if cluster.share > 0.05 && cluster.colour.lch().c > 0.05 {
            let weight = 2.5 + 4.0 * cluster.share;
            voices.push(Voice {
                colour: cluster.colour,
                role: ColourRole::Primary,
                weight,
                source: "logo".to_owned(),
            });
        }
    }
}

/// Voices for nearly the same colour speak together; the loudest role is its role, and each role but the
/// neutral one has few colours.
fn gathered(voices: Vec<Voice>) -> Vec<Found<Swatch>> {
    let mut groups: Vec<(Rgb, Vec<Voice>)> = Vec::new();
    let mut ordered = voices;
    ordered.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    for voice in ordered {
        match groups.iter_mut().find(|(colour, _)| colour.distance(voice.colour) < 0.035) {
            Some((_, group)) => group.push(voice),
            None => groups.push((voice.colour, vec![voice])),
        }
    }
    let mut swatches: Vec<(f32, Found<Swatch>)> =
        groups.into_iter().map(|(colour, group)| spoken(colour, &group)).collect();
    swatches.sort_by(|a, b| b.0.total_cmp(&a.0));
    only_one(&mut swatches, ColourRole::Background);
    only_one(&mut swatches, ColourRole::Text);
    // A second primary is the secondary; a page that names none is known by its accent.
    let mut primaries = 0;
    for (_, found) in &mut swatches {
        if found.value.role == ColourRole::Primary {
            primaries += 1;
            if primaries > 1 {
                found.value.role = ColourRole::Secondary;
            }
        }
    }
    if primaries == 0
        && let Some((_, found)) =
            swatches.iter_mut().find(|(_, found)| found.value.colour.lch().c > 0.05)
    {
        found.value.role = ColourRole::Primary;
    }
    swatches.retain(|(weight, _)| *weight >= 0.8);
    swatches.truncate(MOST);
    let mut found: Vec<Found<Swatch>> = swatches.into_iter().map(|(_, found)| found).collect();
    found.sort_by_key(|found| found.value.role);
    found
}

fn spoken(colour: Rgb, group: &[Voice]) -> (f32, Found<Swatch>) {
    let total: f32 = group.iter().map(|voice| voice.weight).sum();
    let roles = [
        ColourRole::Primary,
        ColourRole::Secondary,
        ColourRole::Accent,
        ColourRole::Background,
        ColourRole::Text,
        ColourRole::Neutral,
    ];
    let weight =
        |role: ColourRole| group.iter().filter(|v| v.role == role).map(|v| v.weight).sum::<f32>();
    let role = roles
        .into_iter()
        .max_by(|a, b| weight(*a).total_cmp(&weight(*b)))
        .unwrap_or(ColourRole::Neutral);
    let source = group.first().map(|voice| voice.source.clone()).unwrap_or_default();
    let confidence = (weight(role) / (weight(role) + 3.0)).clamp(0.05, 0.97);
    (total, Found::new(Swatch { colour, role }, source, (confidence * 100.0).round() / 100.0))
}

fn only_one(swatches: &mut [(f32, Found<Swatch>)], role: ColourRole) {
    for (_, found) in swatches.iter_mut().filter(|(_, found)| found.value.role == role).skip(1) {
        found.value.role = ColourRole::Neutral;
    }
}
