//! A change in words becomes a change of a scene. It is read clause by clause; a clause that is not understood, or that
//! cannot be done, is said, so that nobody pays for half of what they asked for.

use crate::brief::{Brief, Intent};
use crate::fonts::Family;
use crate::prompt;
use crate::scene::{Layout, Material, Scene, Scheme};

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

/// Words that join what is asked for.
const JOINING: &[&str] = &["and", "but", "plus", "then", "with", "while", "also", "&", "+"];
/// Whoever says so wants something to be there that was not.
const ADDING: &[&str] = &["add", "put", "insert", "draw", "show", "place", "include"];
/// Words that ask for nothing by themselves.
const FILLING: &[&str] = &[
    "please", "can", "could", "would", "will", "you", "i", "we", "want", "like", "need", "to",
    "make", "change", "set", "turn", "give", "let", "use", "using", "put", "add", "insert",
    "place", "show", "include", "have", "keep", "switch", "write", "it", "its", "this", "these",
    "that", "the", "a", "an", "my", "our", "be", "is", "are", "in", "on", "of", "for", "as",
    "into", "at", "by", "now", "just", "so", "too", "all", "me", "instead", "try", "go", "bit",
    "little", "much", "very", "some", "more", "from", "",
];
/// Names of parts, which say something only beside the words they are to hold.
const PARTS: &[&str] = &[
    "headline",
    "heading",
    "title",
    "subtitle",
    "subheadline",
    "sub",
    "subline",
    "tagline",
    "button",
    "cta",
    "call",
    "action",
    "kicker",
    "eyebrow",
    "attribution",
    "author",
    "text",
    "texts",
    "word",
    "words",
    "caption",
    "line",
    "says",
    "say",
    "saying",
    "reads",
    "read",
    "reading",
    "replace",
    "swap",
    "label",
    "labelled",
    "body",
];
/// What a wish that was heard may be about.
const SUBJECTS: &[&str] = &[
    "background",
    "backdrop",
    "ground",
    "colour",
    "colours",
    "color",
    "colors",
    "layout",
    "material",
    "pattern",
    "patterns",
    "typeface",
    "font",
    "fonts",
    "theme",
    "mode",
    "style",
    "scheme",
    "shade",
    "brand",
    "images",
    "pictures",
    "photos",
    "reference",
    "references",
    "attached",
    "composition",
    "headline",
    "letters",
    "type",
    "image",
    "picture",
    "photo",
    "post",
    "design",
    "new",
    "other",
    "different",
    "another",
];

fn clauses(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for part in text.split([',', ';', '!', '?', '\n', '.', ':']) {
        found.push(String::new());
        for word in part.split_whitespace() {
            if JOINING.contains(&word) {
                found.push(String::new());
            } else if let Some(clause) = found.last_mut() {
                if !clause.is_empty() {
                    clause.push(' ');
                }
                clause.push_str(word);
            }
        }
    }
    found.retain(|clause| clause.chars().any(char::is_alphanumeric));
    found
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || "#'’-".contains(c)))
}

/// Whether a word asks for nothing by itself.
fn is_filling(word: &str, has_words: bool) -> bool {
    FILLING.contains(&word) || has_words && PARTS.contains(&word)
}

/// Whether a word is a part of any wish there is.
fn is_of_a_wish(word: &str, has_words: bool) -> bool {
    let own = [
        REMOVING,
        LESS,
        BOLD,
        DARK,
        LIGHT,
        TURN,
        REARRANGING,
        GRAINY,
        TYPES,
        PLACES,
        DATED,
        CALLS,
        SUBS,
        KICKERS,
        PHOTOS,
    ];
    let signs = own.into_iter().flatten().copied();
    let mut signs = signs
        .chain(LAYOUTS.iter().map(|(sign, _)| *sign))
        .chain(MATERIALS.iter().map(|(sign, _)| *sign))
        .flat_map(str::split_whitespace);
    let names_family =
        |family: &Family| family.name().to_lowercase().split(' ').any(|part| part == word);
    is_filling(word, has_words)
        || SUBJECTS.contains(&word)
        || prompt::colour(word).is_some()
        || signs.any(|sign| word.starts_with(sign))
        || Family::ALL.iter().any(names_family)
}

const REMOVING: &[&str] = &["remove", "without", "delete", "drop", "no"];
const LESS: &[&str] = &["noise"];
const DATED: &[&str] = &["date"];
const CALLS: &[&str] = &["button", "cta", "call to action"];
const SUBS: &[&str] = &["subtitle", "sub", "subline", "tagline"];
const KICKERS: &[&str] = &["kicker", "eyebrow"];
const BOLD: &[&str] = &[
    "brand colour",
    "brand color",
    "bolder",
    "more colour",
    "more color",
    "colourful",
    "colorful",
];
const DARK: &[&str] = &["darker", "dark", "night"];
const LIGHT: &[&str] = &["lighter", "light", "bright"];
const TURN: &[&str] = &[
    "other colour",
    "other color",
    "different colour",
    "different color",
    "second colour",
    "second color",
];
const REARRANGING: &[&str] =
    &["other layout", "different layout", "another layout", "new layout", "rearrange"];
const GRAINY: &[&str] = &["grain", "texture", "film"];
const TYPES: &[&str] = &["sans", "serif", "mono", "rounded", "condensed", "narrow"];
const PLACES: &[&str] = &["background", "colour", "color", "make it", "ground", "in "];

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
];
const PHOTOS: &[&str] = &["photo", "picture", "image", "reference"];

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
    for (part, text) in parts {
        set(&mut edited.scene.brief, part, text);
    }
    (rest, has_words)
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
    fn what_is_not_understood_changes_nothing_and_is_said() {
        let before = scene();
        for (text, unmet) in [
            ("Could you give it more soul?", "give it more soul"),
            ("hmmm", "hmmm"),
            ("add a cat", "add a cat"),
            ("remove the logo", "remove the logo"),
            ("do not use stripes", "do not use stripes"),
            ("make the headline bigger", "make the headline bigger"),
        ] {
            let edited = edit(&before, text);
            assert_eq!((&edited.scene, edited.changes), (&before, Vec::new()), "{text}");
            assert!(
                edited.unmet.len() == 1 && edited.unmet[0].contains(unmet),
                "{:?}",
                edited.unmet
            );
        }
    }

    #[test]
    fn the_half_that_is_not_understood_is_said() {
        let before = scene();
        for text in [
            "Make it darker and add a cat",
            "Make it darker with a cat",
            "add stripes, add a cat on them",
            "change the headline to \"Summer sale\" and add a cat",
            "replace \"Sunday\" with \"Monday\" and add a cat",
            "add a cat in a navy colour",
            "a serif, an owl",
            "make it navy and gold",
            "remove the button and the cat",
            "make it darker and change the photo",
            "make it darker, a different font",
        ] {
            let edited = edit(&before, text);
            assert_eq!(edited.unmet.len(), 1, "{text}: {:?} {:?}", edited.unmet, edited.changes);
        }
        let edited = edit(&before, "replace \"Friday\" with \"Monday\"");
        assert_eq!((edited.changes.len(), edited.unmet.len()), (0, 1));
        assert!(edited.unmet[0].contains("Friday"), "{:?}", edited.unmet);
    }

    #[test]
    fn what_is_understood_is_done_whole() {
        let before = scene();
        for (text, changes) in [
            ("Change the headline to \"Summer sale\" and the button to \"Go\"", 2),
            ("Please replace \"Sunday\" with \"Monday\" and make it darker.", 2),
            ("Could you make it a little darker, please?", 1),
            ("remove the button and the subtitle", 2),
            ("no button, no subtitle", 2),
            ("Use a mosaic layout and a condensed typeface", 2),
            ("add grain", 1),
            ("the background in #0b3d2e", 1),
            ("Set it in Space Grotesk", 1),
        ] {
            let edited = edit(&before, text);
            assert_eq!(
                (edited.changes.len(), edited.unmet.len()),
                (changes, 0),
                "{text}: {edited:?}"
            );
        }
    }

    /// Every wish of one word there is; asked for twice, the second one finds it done.
    #[test]
    fn a_wish_that_is_as_things_are_is_no_change() {
        let layouts = LAYOUTS.iter().map(|(sign, _)| format!("use a {sign} layout"));
        let materials = MATERIALS.iter().map(|(sign, _)| format!("use {sign}"));
        let types = TYPES.iter().map(|sign| format!("a {sign} typeface"));
        let families = Family::ALL.iter().map(|family| format!("set it in {}", family.name()));
        let others = [
            "make it dark",
            "make it light",
            "use the brand colours",
            "a navy background",
            "remove the button",
            "no subtitle",
            "add grain",
            "no grain",
            "remove the pattern",
            "remove the photo",
            "change the headline to \"Summer\"",
            "a headline that says \"Summer\"",
        ];
        let all = layouts.chain(materials).chain(types).chain(families);
        for text in all.chain(others.map(str::to_owned)) {
            let once = edit(&scene(), &text);
            assert_eq!(once.unmet, Vec::<String>::new(), "{text}");
            let twice = edit(&once.scene, &text);
            assert_eq!(twice.changes, Vec::<String>::new(), "{text}");
            assert_eq!(twice.scene, once.scene, "{text}");
        }
        // What compares goes on until there is no more of it.
        let mut darkest = scene();
        for _ in 0..3 {
            darkest = edit(&darkest, "darker").scene;
        }
        assert_eq!((darkest.scheme, edit(&darkest, "darker").changes.len()), (Scheme::Ink, 0));
    }

    #[test]
    fn beside_the_words_of_a_prompt_only_what_is_understood_may_stand() {
        for (text, unmet) in [
            ("Add \"Open today\"", 0),
            ("Write \"Harbour Jazz\" on it, 24 May 2026, 19:30, and make it dark", 0),
            ("\"Open today\" and add a cat", 1),
            ("\"Open today\" in the upper left corner", 1),
        ] {
            let mut order = scene();
            order.brief = prompt::read(text);
            let edited = styled(&order, text);
            assert_eq!(edited.unmet.len(), unmet, "{text}: {:?}", edited.unmet);
            assert_eq!(edited.scene.brief.headline, order.brief.headline);
        }
    }

    #[test]
    fn a_photo_is_shown_where_there_is_one() {
        let mut before = scene();
        before.layout = Layout::Frame;
        for text in ["make it a photo", "use the photo", "a picture as background"] {
            let edited = edit(&before, text);
            assert_eq!((&edited.scene, edited.changes.len()), (&before, 0), "{text}");
            assert!(edited.unmet[0].contains("no image"), "{:?}", edited.unmet);
        }
        before.pictures = vec!["mine".to_owned()];
        let edited = edit(&before, "use the photo");
        // A frame would have it and not show it.
        assert_eq!((edited.scene.material, edited.scene.layout), (Material::Photo, Layout::Split));
        assert_eq!((edited.changes.len(), edited.unmet.len()), (2, 0), "{edited:?}");
        // This speaks of the whole picture.
        let edited = edit(&before, "make the photo darker");
        assert_ne!(edited.scene.material, Material::Photo);
    }
}
