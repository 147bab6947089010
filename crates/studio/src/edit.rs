//! A change in words becomes a change of a scene. What was not understood changes nothing, and is said.

use crate::brief::{Brief, Intent};
use crate::fonts::Family;
use crate::prompt;
use crate::scene::{Layout, Material, Scene, Scheme};

/// A scene after an instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// The changed scene.
    pub scene: Scene,
    /// What was changed, in a few words each. Empty: nothing was understood.
    pub changes: Vec<String>,
}

/// Carries an instruction out, as far as it is understood.
pub fn edit(scene: &Scene, instruction: &str) -> Edited {
    let mut edited = Edited { scene: scene.clone(), changes: Vec::new() };
    let outside = words(&mut edited, instruction);
    let outside = outside.to_lowercase();
    removals(&mut edited, &outside);
    colours(&mut edited, &outside);
    arrangement(&mut edited, &outside);
    typefaces(&mut edited, &outside);
    edited
}

/// Words in quotation marks replace the part they name, or the words they are set against. What stands
/// outside of the marks is answered.
fn words(edited: &mut Edited, instruction: &str) -> String {
    if let Some((old, new)) = prompt::replaced(instruction) {
        let brief = &mut edited.scene.brief;
        let slots = [
            Some(&mut brief.headline),
            brief.sub.as_mut(),
            brief.call.as_mut(),
            brief.kicker.as_mut(),
            brief.attribution.as_mut(),
        ];
        for text in slots.into_iter().flatten() {
            if text.contains(&old) {
                *text = text.replace(&old, &new);
                edited.changes.push(format!("“{old}” is now “{new}”"));
            }
        }
        return String::new();
    }
    let (parts, rest) = prompt::parts(instruction);
    for (part, text) in parts {
        edited.changes.push(format!("{part} is now “{text}”"));
        set(&mut edited.scene.brief, part, text);
    }
    rest
}

fn set(brief: &mut Brief, part: &str, text: String) {
    match part {
        "headline" => {
            brief.headline = text;
            if brief.intent == Intent::Pattern {
                brief.intent = Intent::Plain;
            }
        }
        "sub" => brief.sub = Some(text),
        "call" => brief.call = Some(text),
        "kicker" => brief.kicker = Some(text),
        _ => brief.attribution = Some(text),
    }
}

fn removals(edited: &mut Edited, text: &str) {
    let removes =
        ["remove ", "without ", "delete ", "drop ", "no "].iter().any(|sign| begins(text, sign));
    if !removes {
        return;
    }
    let brief = &mut edited.scene.brief;
    let mut gone = |what: &str, was: bool| {
        if was {
            edited.changes.push(format!("{what} is gone"));
        }
    };
    let names = |signs: &[&str]| signs.iter().any(|sign| begins(text, sign));
    if names(&["button", "cta", "call to action"]) {
        gone("the call to action", brief.call.take().is_some());
    }
    if names(&["subtitle", "sub", "subline", "tagline"]) {
        gone("the subtitle", brief.sub.take().is_some());
    }
    if names(&["kicker", "eyebrow"]) {
        gone("the kicker", brief.kicker.take().is_some());
    }
    if names(&["date"]) {
        gone("the date", brief.date.take().is_some());
    }
    if names(&["grain", "noise"]) {
        gone("the grain", edited.scene.grain > 0.0);
        edited.scene.grain = 0.0;
    }
    if names(&["pattern", "image", "photo", "picture", "texture"]) {
        gone("the material", edited.scene.material != Material::Plain);
        edited.scene.material = Material::Plain;
    }
}

fn colours(edited: &mut Edited, text: &str) {
    let says = |signs: &[&str]| signs.iter().any(|sign| begins(text, sign));
    if let Some(colour) = prompt::colour(text)
        .filter(|_| says(&["background", "colour", "color", "make it", "ground", "in "]))
    {
        edited.scene.brief.wishes.colour = Some(colour);
        edited.changes.push(format!("the background is {}", colour.hex()));
        return;
    }
    let scheme = if says(&[
        "brand colour",
        "brand color",
        "bolder",
        "more colour",
        "more color",
        "colourful",
        "colorful",
    ]) {
        Some(Scheme::Bold)
    } else if says(&["darker", "dark", "night"]) {
        Some(if edited.scene.scheme == Scheme::Deep { Scheme::Ink } else { Scheme::Deep })
    } else if says(&["lighter", "light", "bright"]) {
        Some(if edited.scene.scheme == Scheme::Tint { Scheme::Paper } else { Scheme::Tint })
    } else if says(&[
        "other colour",
        "other color",
        "different colour",
        "different color",
        "second colour",
        "second color",
    ]) {
        let at = Scheme::ALL.iter().position(|scheme| *scheme == edited.scene.scheme).unwrap_or(0);
        Scheme::ALL.get((at + 1) % Scheme::ALL.len()).copied()
    } else {
        None
    };
    if let Some(scheme) = scheme {
        edited.scene.scheme = scheme;
        edited.scene.brief.wishes.colour = None;
        edited.changes.push(format!("the colours are {}", name(&scheme)));
    }
}

fn arrangement(edited: &mut Edited, text: &str) {
    const LAYOUTS: &[(&str, Layout)] = &[
        ("poster", Layout::Poster),
        ("split", Layout::Split),
        ("centre", Layout::Centre),
        ("center", Layout::Centre),
        ("frame", Layout::Frame),
        ("border", Layout::Frame),
        ("full-bleed", Layout::Cover),
        ("full bleed", Layout::Cover),
        ("cover", Layout::Cover),
        ("band", Layout::Band),
        ("card", Layout::Card),
        ("mosaic", Layout::Mosaic),
        ("bigger text", Layout::Marquee),
        ("huge", Layout::Marquee),
        ("marquee", Layout::Marquee),
    ];
    const MATERIALS: &[(&str, Material)] = &[
        ("gradient", Material::Mesh),
        ("mesh", Material::Mesh),
        ("rings", Material::Rings),
        ("circles", Material::Rings),
        ("tiles", Material::Tiles),
        ("geometric", Material::Tiles),
        ("dots", Material::Dots),
        ("stripes", Material::Stripes),
        ("waves", Material::Waves),
        ("arches", Material::Arches),
        ("sun", Material::Sun),
        ("photo", Material::Photo),
        ("picture", Material::Photo),
    ];
    if ["remove ", "without "].iter().any(|sign| begins(text, sign)) {
        return;
    }
    let asked = LAYOUTS.iter().find(|(sign, _)| begins(text, sign)).map(|(_, layout)| *layout);
    let other = ["other layout", "different layout", "another layout", "new layout", "rearrange"]
        .iter()
        .any(|sign| begins(text, sign));
    let next = || {
        let safe: Vec<Layout> = Layout::ALL
            .into_iter()
            .filter(|l| !matches!(l, Layout::Figure | Layout::Quote | Layout::Schedule))
            .collect();
        let at =
            safe.iter().position(|layout| *layout == edited.scene.layout).map_or(0, |at| at + 1);
        safe.get(at % safe.len().max(1)).copied()
    };
    if let Some(layout) = asked.or_else(|| other.then(next).flatten()) {
        edited.scene.layout = layout;
        edited.changes.push(format!("the layout is {}", name(&layout)));
    }
    let material =
        MATERIALS.iter().find(|(sign, _)| begins(text, sign)).map(|(_, material)| *material);
    if let Some(material) = material {
        edited.scene.material = material;
        edited.changes.push(format!("the material is {}", name(&material)));
    }
    if ["grain", "texture", "film"].iter().any(|sign| begins(text, sign)) && !begins(text, "no ") {
        edited.scene.grain = 0.5;
        edited.changes.push("there is grain".to_owned());
    }
}

fn typefaces(edited: &mut Edited, text: &str) {
    let named = Family::ALL.into_iter().find(|family| text.contains(&family.name().to_lowercase()));
    let family = named.or_else(|| {
        if begins(text, "sans") {
            Some(Family::Inter)
        } else if begins(text, "serif") {
            Some(Family::Fraunces)
        } else if begins(text, "mono") {
            Some(Family::Mono)
        } else if begins(text, "rounded") {
            Some(Family::Nunito)
        } else if begins(text, "condensed") || begins(text, "narrow") {
            Some(Family::Oswald)
        } else {
            None
        }
    });
    if let Some(family) = family {
        edited.scene.heading = family;
        edited.changes.push(format!("the headline is set in {}", family.name()));
    }
}

/// Whether a sign stands at the beginning of a word.
fn begins(text: &str, sign: &str) -> bool {
    text.match_indices(sign).any(|(at, _)| {
        text.get(..at)
            .and_then(|left| left.chars().next_back())
            .is_none_or(|before| !before.is_alphanumeric())
    })
}

fn name<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brand::Brand;
    use crate::colour::Rgb;
    use crate::compose::{Order, compose};
    use crate::format::AspectRatio;
    use crate::scene::Materials;
    use crate::text::Typesetter;

    fn scene() -> Scene {
        let order = Order {
            brief: prompt::read("\"Spring sale\" subtitle \"Until Sunday\" button \"Shop now\""),
            brand: Brand { name: "Acme".into(), ..Brand::default() },
            ratio: AspectRatio::R1x1,
            seed: 1,
            pictures: Vec::new(),
        };
        compose(&order, &Materials::default(), &mut Typesetter::new(), 1).remove(0)
    }

    #[test]
    fn words_colours_and_layout_change_and_the_rest_stays() {
        let before = scene();
        let edited = edit(&before, "Change the headline to \"Summer sale\" and make it darker");
        assert_eq!(edited.scene.brief.headline, "Summer sale");
        assert_eq!(edited.scene.brief.sub, before.brief.sub);
        assert!(edited.scene.scheme.is_dark());
        assert_eq!(edited.scene.layout, before.layout);
        assert_eq!(edited.changes.len(), 2);

        let edited = edit(&before, "replace \"Sunday\" with \"Monday\"");
        assert_eq!(edited.scene.brief.sub.as_deref(), Some("Until Monday"));

        let edited =
            edit(&before, "Use a navy background, a split layout with stripes, and a serif");
        assert_eq!(edited.scene.brief.wishes.colour, Some(Rgb(20, 36, 84)));
        assert_eq!(
            (edited.scene.layout, edited.scene.material),
            (Layout::Split, Material::Stripes)
        );
        assert_eq!(edited.scene.heading, Family::Fraunces);

        let edited = edit(&before, "remove the button");
        assert_eq!((edited.scene.brief.call, edited.changes.len()), (None, 1));
    }

    #[test]
    fn what_is_not_understood_changes_nothing() {
        let before = scene();
        let edited = edit(&before, "Could you give it more soul?");
        assert_eq!((edited.scene, edited.changes), (before, Vec::new()));
    }
}
