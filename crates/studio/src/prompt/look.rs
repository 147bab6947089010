//! What of a prompt is about the picture, and not on it.

/// What a wish about the look names.
const LOOKS: &[&str] = &[
    "background",
    "backdrop",
    "colour",
    "color",
    "palette",
    "font",
    "typeface",
    "typography",
    "serif",
    "style",
    "logo",
    "photo",
    "image",
    "picture",
    "illustration",
    "layout",
    "white space",
    "whitespace",
    "negative space",
    "aesthetic",
    "tones",
    "gradient",
    "lighting",
    "mood",
    "vibe",
    "look",
    "icons",
    "white text",
    "black text",
    "dark text",
    "light text",
    "large text",
    "readable",
    "legible",
];
/// Verbs of an instruction; it is one only where it names something of the look too.
const ASKING: &[&str] = &[
    "keep", "put", "place", "use", "using", "add", "include", "make", "set", "leave", "ensure",
    "avoid", "no",
];
/// A clause behind the message that begins so, and names something of the look, is about it.
const OPENING: &[&str] = &[
    "with ",
    "in ",
    "on a ",
    "dark",
    "minimal",
    "clean",
    "modern ",
    "bold ",
    "bright",
    "elegant",
    "playful",
    "professional",
    "moody",
    "simple",
    "warm ",
    "and ",
    "vintage",
    "retro",
    "soft",
    "our brand",
    "lots of ",
    "plenty of ",
];
/// And so, whatever it names.
const CLEAR: &[&str] =
    &["in our brand", "in the style", "it should", "the image", "the background", "background "];
/// Of these alone no message is made.
const WORDS: &[&str] = &[
    "dark",
    "light",
    "moody",
    "minimal",
    "minimalist",
    "clean",
    "modern",
    "bold",
    "elegant",
    "bright",
    "simple",
    "playful",
    "and",
    "style",
    "background",
    "colors",
    "colours",
    "colour",
    "color",
    "our",
    "brand",
    "very",
    "a",
    "in",
    "with",
    "blue",
    "red",
    "green",
    "black",
    "white",
    "pink",
    "orange",
    "purple",
    "navy",
    "teal",
    "beige",
    "gold",
    "grey",
    "gray",
    "yellow",
    "brown",
    "instagram",
    "facebook",
    "linkedin",
    "serif",
    "sans",
    "sans-serif",
    "font",
    "fonts",
    "typeface",
    "photorealistic",
    "realistic",
    "hyperrealistic",
    "4k",
    "8k",
    "hd",
    "make",
    "keep",
    "use",
    "it",
];

/// Whether a clause, in small letters, is about the look. The first one may be so only where it is plain.
pub(super) fn is_about(clause: &str, is_first: bool) -> bool {
    let begins_word = |sign: &str| {
        clause.match_indices(sign).any(|(at, _)| {
            clause.get(..at).is_none_or(|left| !left.ends_with(char::is_alphanumeric))
        })
    };
    let names = LOOKS.iter().any(|sign| begins_word(sign));
    let verb = clause.split_whitespace().next().unwrap_or_default();
    let words = || clause.split_whitespace();
    let only = words().all(|word| WORDS.contains(&word));
    only || names && ASKING.contains(&verb)
        || !is_first && CLEAR.iter().any(|sign| clause.starts_with(sign))
        || !is_first && names && OPENING.iter().any(|sign| clause.starts_with(sign))
}
