//! The words of which wishes are made.

use crate::fonts::Family;
use crate::prompt;
use crate::scene::{Layout, Material};

/// Words that join what is asked for.
pub(super) const JOINING: &[&str] =
    &["and", "but", "plus", "then", "with", "while", "also", "&", "+"];
/// Whoever says so wants something to be there that was not.
pub(super) const ADDING: &[&str] = &["add", "put", "insert", "draw", "show", "place", "include"];
/// Whoever says so of words wants those that are there to stay.
pub(super) const MORE: &[&str] = &["add", "insert", "include", "append"];
/// Words that ask for nothing by themselves.
pub(super) const FILLING: &[&str] = &[
    "please", "can", "could", "would", "will", "you", "i", "we", "want", "like", "need", "to",
    "make", "change", "set", "turn", "give", "let", "use", "using", "put", "add", "insert",
    "place", "show", "include", "have", "keep", "switch", "write", "it", "its", "this", "these",
    "that", "the", "a", "an", "my", "our", "be", "is", "are", "in", "on", "of", "for", "as",
    "into", "at", "by", "now", "just", "so", "too", "all", "me", "instead", "try", "go", "bit",
    "little", "much", "very", "some", "more", "from", "",
];
/// Names of parts, which say something only beside the words they are to hold.
pub(super) const PARTS: &[&str] = &[
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
pub(super) const SUBJECTS: &[&str] = &[
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

pub(super) fn clauses(text: &str) -> Vec<String> {
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

pub(super) fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || "#'’-".contains(c)))
}

/// Whether a word asks for nothing by itself.
pub(super) fn is_filling(word: &str, has_words: bool) -> bool {
    FILLING.contains(&word) || has_words && PARTS.contains(&word)
}

/// Whether a word is a part of any wish there is.
pub(super) fn is_of_a_wish(word: &str, has_words: bool) -> bool {
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

pub(super) const REMOVING: &[&str] = &["remove", "without", "delete", "drop", "no"];
pub(super) const LESS: &[&str] = &["noise"];
pub(super) const DATED: &[&str] = &["date"];
pub(super) const CALLS: &[&str] = &["button", "cta", "call to action"];
pub(super) const SUBS: &[&str] = &["subtitle", "sub", "subline", "tagline"];
pub(super) const KICKERS: &[&str] = &["kicker", "eyebrow"];
pub(super) const BOLD: &[&str] = &[
    "brand colour",
    "brand color",
    "bolder",
    "more colour",
    "more color",
    "colourful",
    "colorful",
];
pub(super) const DARK: &[&str] = &["darker", "dark", "night"];
pub(super) const LIGHT: &[&str] = &["lighter", "light", "bright"];
pub(super) const TURN: &[&str] = &[
    "other colour",
    "other color",
    "different colour",
    "different color",
    "second colour",
    "second color",
];
pub(super) const REARRANGING: &[&str] =
    &["other layout", "different layout", "another layout", "new layout", "rearrange"];
pub(super) const GRAINY: &[&str] = &["grain", "texture", "film"];
pub(super) const TYPES: &[&str] = &["sans", "serif", "mono", "rounded", "condensed", "narrow"];
pub(super) const PLACES: &[&str] = &["background", "colour", "color", "make it", "ground", "in "];

pub(super) const LAYOUTS: &[(&str, Layout)] = &[
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
pub(super) const MATERIALS: &[(&str, Material)] = &[
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
pub(super) const PHOTOS: &[&str] = &["photo", "picture", "image", "reference"];
