//! A change in words becomes a change of a scene. It is read clause by clause; a clause that is not understood, or that
//! cannot be done, is said, so that nobody pays for half of what they asked for.

#[cfg(test)]
mod tests;
mod vocabulary;

use crate::brief::{Brief, Intent};
use crate::fonts::Family;
use crate::prompt::{self, Part};
use crate::scene::{Layout, Material, Scene, Scheme};
use vocabulary::{
    ADDING, BOLD, CALLS, DARK, DATED, GRAINY, KICKERS, LAYOUTS, LIGHT, MATERIALS, MORE, PHOTOS,
    PLACES, REARRANGING, REMOVING, SUBS, TURN, clauses, is_filling, is_of_a_wish, words_of,
};

/// A scene after an instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// The changed scene.
    pub scene: Scene,
    /// What is now other than it was, in a few words each. Empty: nothing is.
    pub changes: Vec<String>,
    /// What was asked for and is not done, each with its reason.
    pub unmet: Vec<String>,
}

/// Carries an instruction out, as far as it is understood.
pub fn edit(scene: &Scene, instruction: &str) -> Edited {
    let mut draft = Draft { scene: scene.clone(), unmet: Vec::new() };
    let (outside, has_words) = words(&mut draft, instruction);
    draft.obey_all(&outside.to_lowercase(), has_words);
    draft.against(scene)
}

/// Carries out what the prompt that a scene was composed of says besides its words and facts.
pub fn styled(scene: &Scene, prompt: &str) -> Edited {
    let mut draft = Draft { scene: scene.clone(), unmet: Vec::new() };
    let (_, rest) = prompt::parts(prompt);
    let brief = &scene.brief;
    let mut outside = rest.to_lowercase();
    let said =
        brief.facts().into_iter().chain(brief.figure.clone()).chain(brief.attribution.clone());
    for fact in said {
        outside = outside.replace(&fact.to_lowercase(), " ");
    }
    draft.obey_all(&outside, true);
    draft.against(scene)
}

impl Draft {
    fn obey_all(&mut self, outside: &str, has_words: bool) {
        let mut removes = false;
        for clause in clauses(outside) {
            // "Remove the button and the date": what is left out of the second clause is the verb.
            let starts = |word: &str| clause.starts_with(word);
            let goes_on = removes && ["the ", "a ", "any ", "all "].into_iter().any(starts);
            let text = if goes_on { format!("remove {clause}") } else { clause.clone() };
            removes = is_removal(&text);
            let before = self.unmet.len();
            let is_heard = obey(self, &text);
            if self.unmet.len() > before {
                continue;
            }
            let adds = ADDING.iter().any(|verb| text.split_whitespace().any(|w| w == *verb));
            let is_done = match is_heard {
                // What stands around a wish says how; but what is to be added has to be known.
                true => !adds || words_of(&text).all(|word| is_of_a_wish(word, has_words)),
                false => words_of(&text).all(|word| is_filling(word, has_words)),
            };
            if !is_done {
                self.unmet.push(format!("“{clause}” was not understood"));
            }
        }
    }

    fn against(self, before: &Scene) -> Edited {
        let changes = differences(before, &self.scene);
        Edited { scene: self.scene, changes, unmet: self.unmet }
    }
}

struct Draft {
    scene: Scene,
    unmet: Vec<String>,
}

/// Carries one clause out; whether something in it was heard.
fn obey(edited: &mut Draft, text: &str) -> bool {
    if ["not", "don't", "don’t", "never", "avoid"]
        .iter()
        .any(|no| text.split(' ').any(|w| w == *no))
    {
        edited.unmet.push(format!("“{text}” was not understood"));
        return false;
    }
    if is_removal(text) {
        return removals(edited, text);
    }
    // All of them are asked.
    [colours(edited, text), arrangement(edited, text), typefaces(edited, text)].contains(&true)
}

fn is_removal(text: &str) -> bool {
    REMOVING.iter().any(|sign| begins(text, &format!("{sign} ")))
}

/// Words in quotation marks replace the part they name, or the words they are set against. What stands
/// outside of the marks is answered, and whether there were any.
fn words(edited: &mut Draft, instruction: &str) -> (String, bool) {
    let (parts, rest) = prompt::parts(instruction);
    if let Some((old, new)) = prompt::replaced(instruction) {
        let brief = &mut edited.scene.brief;
        let slots = [
            Some(&mut brief.headline),
            brief.sub.as_mut(),
            brief.call.as_mut(),
            brief.kicker.as_mut(),
            brief.attribution.as_mut(),
        ];
        let mut is_there = false;
        for text in slots.into_iter().flatten() {
            if text.contains(&old) {
                *text = text.replace(&old, &new);
                is_there = true;
            }
        }
        if !is_there {
            edited.unmet.push(format!("“{old}” is not in the picture"));
        }
        return (rest, true);
    }
    let has_words = !parts.is_empty();
    for words in parts {
        let brief = &mut edited.scene.brief;
        if words.is_named {
            set(brief, words.part, words.text);
        } else if says_one_of(&words.before, MORE) {
            edited.unmet.extend(add(brief, words.text));
        } else {
            if is_of_all(&words.before) {
                *brief = Brief {
                    intent: brief.intent,
                    wishes: brief.wishes.clone(),
                    ..Brief::plain("")
                };
            }
            set(brief, words.part, words.text);
        }
    }
    (rest, has_words)
}

fn says_one_of(text: &str, words: &[&str]) -> bool {
    words_of(text).any(|word| words.contains(&word))
}

/// "Replace the text with": none of the words that were there is to stay.
fn is_of_all(before: &str) -> bool {
    says_one_of(before, &["replace", "change", "swap", "set"])
        && says_one_of(before, &["text", "texts", "words", "wording", "copy", "everything"])
}

/// Words that come to those that are there, where there is room; what to say when there is none.
fn add(brief: &mut Brief, text: String) -> Option<String> {
    if brief.headline.is_empty() {
        set(brief, Part::Headline, text);
        return None;
    }
    let wanted = prompt::guess(&text, true);
    let free = [
        (Part::Call, wanted == Part::Call && brief.call.is_none()),
        (Part::Sub, brief.sub.is_none()),
        (Part::Kicker, brief.kicker.is_none()),
    ];
    let Some((part, _)) = free.into_iter().find(|(_, is_free)| *is_free) else {
        return Some(format!("there is no room for “{text}” beside the subtitle and the kicker"));
    };
    set(brief, part, text);
    None
}

fn set(brief: &mut Brief, part: Part, text: String) {
    match part {
        Part::Headline => {
            brief.headline = text;
            if brief.intent == Intent::Pattern {
                brief.intent = Intent::Plain;
            }
        }
        Part::Sub => brief.sub = Some(text),
        Part::Call => brief.call = Some(text),
        Part::Kicker => brief.kicker = Some(text),
        Part::Attribution => brief.attribution = Some(text),
    }
}

fn removals(edited: &mut Draft, text: &str) -> bool {
    let scene = &mut edited.scene;
    let names = |signs: &[&str]| signs.iter().any(|sign| begins(text, sign));
    let mut is_heard = false;
    let mut named = |signs: &[&str]| {
        let is_named = names(signs);
        is_heard |= is_named;
        is_named
    };
    if named(CALLS) {
        scene.brief.call = None;
    }
    if named(SUBS) {
        scene.brief.sub = None;
    }
    if named(KICKERS) {
        scene.brief.kicker = None;
    }
    if named(DATED) {
        scene.brief.date = None;
    }
    if named(&["grain", "noise"]) {
        scene.grain = 0.0;
    }
    if named(&["photo", "image", "picture"]) && scene.material == Material::Photo {
        scene.material = Material::Plain;
    }
    if named(&[
        "pattern", "texture", "stripes", "dots", "waves", "tiles", "rings", "arches", "gradient",
    ]) {
        scene.material = Material::Plain;
        // The others would fill their surfaces with a pattern of their own.
        if shows_material(scene.layout, Material::Tiles) || scene.layout == Layout::Mosaic {
            scene.layout = Layout::Centre;
        }
    }
    is_heard
}

fn colours(edited: &mut Draft, text: &str) -> bool {
    let says = |signs: &[&str]| signs.iter().any(|sign| begins(text, sign));
    let scene = &mut edited.scene;
    if let Some(colour) = prompt::colour(text).filter(|_| says(PLACES)) {
        scene.brief.wishes.colour = Some(colour);
        return true;
    }
    // What is seen: a ground that was asked for hides the scheme's.
    let (is_dark, is_light) = match scene.brief.wishes.colour {
        Some(colour) => (colour.luminance() < 0.06, colour.luminance() > 0.7),
        None => (scene.scheme.is_dark(), matches!(scene.scheme, Scheme::Paper | Scheme::Tint)),
    };
    let scheme = if says(BOLD) {
        Scheme::Bold
    } else if says(DARK) {
        match (is_dark, says(&["darker"])) {
            (true, false) => return true,
            (true, true) => Scheme::Ink,
            (false, _) => Scheme::Deep,
        }
    } else if says(LIGHT) {
        match (is_light, says(&["lighter", "brighter"])) {
            (true, false) => return true,
            (true, true) => Scheme::Paper,
            (false, _) => Scheme::Tint,
        }
    } else if says(TURN) {
        let at = Scheme::ALL.iter().position(|scheme| *scheme == edited.scene.scheme).unwrap_or(0);
        Scheme::ALL.get((at + 1) % Scheme::ALL.len()).copied().unwrap_or(Scheme::Paper)
    } else {
        return false;
    };
    edited.scene.scheme = scheme;
    edited.scene.brief.wishes.colour = None;
    true
}

/// Whether a layout has a surface on which a material is to be seen.
fn shows_material(layout: Layout, material: Material) -> bool {
    match layout {
        Layout::Poster => material != Material::Mesh,
        Layout::Split | Layout::Band | Layout::Card => true,
        Layout::Cover => matches!(material, Material::Photo | Material::Waves | Material::Mesh),
        Layout::Centre => material == Material::Mesh,
        Layout::Mosaic => material == Material::Tiles,
        _ => false,
    }
}

impl Scene {
    /// Fills the surfaces with a material, in a layout that has some for it.
    pub fn show(&mut self, material: Material) {
        self.material = material;
        if !shows_material(self.layout, material) {
            self.layout = Layout::Split;
        }
    }
}

fn arrangement(edited: &mut Draft, text: &str) -> bool {
    let asked = LAYOUTS.iter().find(|(sign, _)| begins(text, sign)).map(|(_, layout)| *layout);
    let other = REARRANGING.iter().any(|sign| begins(text, sign));
    let current = edited.scene.layout;
    let next = || {
        let safe: Vec<Layout> = Layout::ALL
            .into_iter()
            .filter(|l| !matches!(l, Layout::Figure | Layout::Quote | Layout::Schedule))
            .collect();
        let at = safe.iter().position(|layout| *layout == current).map_or(0, |at| at + 1);
        safe.get(at % safe.len().max(1)).copied()
    };
    let layout = asked.or_else(|| other.then(next).flatten());
    if let Some(layout) = layout {
        edited.scene.layout = layout;
    }
    let drawn =
        MATERIALS.iter().find(|(sign, _)| begins(text, sign)).map(|(_, material)| *material);
    let material = drawn.or_else(|| asks_for_photo(text).then_some(Material::Photo));
    match material {
        Some(Material::Photo) if edited.scene.pictures.is_empty() => {
            edited.unmet.push("there is no image to show; refer to one".to_owned());
        }
        Some(material) => edited.scene.show(material),
        None => {}
    }
    let grain = GRAINY.iter().any(|sign| begins(text, sign));
    if grain {
        edited.scene.grain = 0.5;
    }
    layout.is_some() || material.is_some() || grain
}

/// Whether a photo is asked for, and not only spoken of: "make the photo darker" means all of it.
fn asks_for_photo(text: &str) -> bool {
    let has = |word: &str| text.split_whitespace().any(|w| w == word);
    let names = PHOTOS.iter().any(|sign| begins(text, sign));
    let asks = ["use", "using", "a", "an", "attached", "reference", "references"];
    // The word by itself asks, too.
    let is_all = !text.contains(' ');
    names && (is_all || asks.iter().chain(ADDING).any(|word| has(word)))
}

fn typefaces(edited: &mut Draft, text: &str) -> bool {
    let named = Family::ALL.into_iter().find(|family| begins(text, &family.name().to_lowercase()));
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
    }
    family.is_some()
}

/// What is other than it was. A wish that is as things were is none of them.
fn differences(before: &Scene, after: &Scene) -> Vec<String> {
    let mut found = Vec::new();
    let mut part = |what: &str, old: Option<&String>, new: Option<&String>| {
        if old != new {
            found.push(match new {
                Some(text) => format!("{what} is now “{text}”"),
                None => format!("{what} is gone"),
            });
        }
    };
    let (old, new) = (&before.brief, &after.brief);
    part("the headline", Some(&old.headline), Some(&new.headline));
    part("the subtitle", old.sub.as_ref(), new.sub.as_ref());
    part("the call to action", old.call.as_ref(), new.call.as_ref());
    part("the kicker", old.kicker.as_ref(), new.kicker.as_ref());
    part("the attribution", old.attribution.as_ref(), new.attribution.as_ref());
    part("the figure", old.figure.as_ref(), new.figure.as_ref());
    part("the date", old.date.as_ref().map(|d| &d.text), new.date.as_ref().map(|d| &d.text));
    if let Some(colour) = new.wishes.colour.filter(|_| old.wishes.colour != new.wishes.colour) {
        found.push(format!("the background is {}", colour.hex()));
    }
    let hidden = new.wishes.colour.is_some();
    if !hidden && (before.scheme != after.scheme || old.wishes.colour.is_some()) {
        found.push(format!("the colours are {}", name(&after.scheme)));
    }
    if before.layout != after.layout {
        found.push(format!("the layout is {}", name(&after.layout)));
    }
    if before.material != after.material {
        found.push(format!("the material is {}", name(&after.material)));
    }
    if before.grain != after.grain {
        found.push(
            if after.grain > 0.0 { "there is grain" } else { "the grain is gone" }.to_owned(),
        );
    }
    if before.heading != after.heading {
        found.push(format!("the headline is set in {}", after.heading.name()));
    }
    found
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
