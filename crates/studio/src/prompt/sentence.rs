//! A message out of a plain sentence: the command around it and the wishes about its look are left out.

use crate::brief::{Brief, Intent};

const POLITE: &[&str] = &[
    "please", "can", "could", "you", "i", "we", "need", "want", "would", "like", "us", "me", "to",
    "hey", "hi",
];
const VERBS: &[&str] = &[
    "create", "make", "design", "generate", "draw", "build", "give", "produce", "craft", "do",
    "prepare", "compose",
];
const MEDIA: &[&str] = &[
    "post",
    "image",
    "banner",
    "poster",
    "ad",
    "advert",
    "graphic",
    "card",
    "flyer",
    "cover",
    "picture",
    "visual",
    "story",
    "thumbnail",
    "announcement",
    "illustration",
    "header",
    "slide",
    "creative",
    "tile",
    "invitation",
    "teaser",
];
const CONNECTORS: &[&str] = &[
    "for",
    "about",
    "announcing",
    "promoting",
    "that",
    "which",
    "says",
    "saying",
    "to",
    "of",
    "with",
    "showing",
    "celebrating",
    "introducing",
    "promote",
    "announce",
    "celebrate",
    "on",
    "advertising",
    "reading",
    "featuring",
    "is",
];
const ARTICLES: &[&str] = &["our", "the", "a", "an", "my", "your"];
/// A clause that begins so is about the picture, not on it.
const ABOUT_LOOK: &[&str] = &[
    "use ",
    "using ",
    "make it",
    "keep it",
    "include ",
    "add ",
    "ensure",
    "style",
    "in a ",
    "in our ",
    "in the style",
    "with a ",
    "with our ",
    "with the ",
    "dark ",
    "minimal",
    "clean",
    "modern",
    "bold ",
    "background",
    "colour",
    "color",
    "no ",
    "it should",
    "the image",
    "the background",
    "should ",
    "bright",
    "elegant",
    "playful",
    "professional",
    "moody",
    "and moody",
    "on a ",
    "simple",
    "warm ",
    "and ",
    "vintage",
    "retro",
];

/// Fills headline and sub from what is left of the prompt.
pub(super) fn fill(brief: &mut Brief, rest: &str, named_any: bool) {
    let whole = rest.replace('\n', ". ");
    let message = without_command(&whole);
    let facts = brief.facts();
    let mut clauses = Vec::new();
    for clause in split(&message) {
        let lower = clause.to_lowercase();
        let about_look =
            !clauses.is_empty() && ABOUT_LOOK.iter().any(|sign| lower.starts_with(sign));
        let is_fact = facts.iter().any(|fact| fact == &clause);
        if !about_look && !is_fact && !only_look(&lower) {
            clauses.push(clause);
        }
    }
    let mut clauses = clauses.into_iter();
    let Some(first) = clauses.next() else { return };
    let (headline, tail) = shortened(&first);
    brief.headline = capital(without_article(&headline));
    let sub: Vec<String> = tail.into_iter().chain(clauses.take(2)).collect();
    if !named_any && brief.sub.is_none() && !sub.is_empty() {
        brief.sub = Some(capital(&sub.join(", ")));
    }
    if brief.intent == Intent::Plain && brief.headline.is_empty() {
        brief.headline = capital(&first);
    }
}

/// The first letter large, the rest as it is.
pub(super) fn capital(text: &str) -> String {
    let text = text.trim();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// "Please create an Instagram post about X" is X. Only when a verb or a medium was seen at the head.
fn without_command(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let lower: Vec<String> = words
        .iter()
        .map(|w| w.to_lowercase().trim_matches(|c: char| !c.is_alphanumeric()).to_owned())
        .collect();
    let is =
        |at: usize, list: &[&str]| lower.get(at).is_some_and(|word| list.contains(&word.as_str()));
    let mut at = 0;
    while is(at, POLITE) {
        at += 1;
    }
    let verb = is(at, VERBS);
    if verb {
        at += 1;
    }
    let reach = at + if verb { 8 } else { 5 };
    let ends = |i: usize| words.get(i).is_some_and(|word| word.ends_with([',', '.', ';']));
    let medium = (at..reach.min(words.len()))
        .take_while(|i| *i == at || !ends(i - 1))
        .find(|i| is(*i, MEDIA));
    match medium {
        Some(medium) => at = medium + 1,
        None if !verb => return text.trim().to_owned(),
        None => {}
    }
    let marked =
        at.checked_sub(1).and_then(|i| words.get(i)).is_some_and(|word| word.ends_with([':', ',']));
    if medium.is_some()
        && !marked
        && at < words.len()
        && !is(at, CONNECTORS)
        && !words.get(at).is_some_and(|w| *w == "-" || *w == "–")
    {
        // "Poster session on Friday": the medium is a part of the message.
        if !verb {
            return text.trim().to_owned();
        }
    }
    while is(at, CONNECTORS) || words.get(at).is_some_and(|w| *w == "-" || *w == "–" || *w == ":")
    {
        at += 1;
    }
    words.get(at..).unwrap_or_default().join(" ")
}

/// Clauses end at stops, at commas, and where "with" begins an addition.
fn split(text: &str) -> Vec<String> {
    let mut clauses = vec![String::new()];
    let chars: Vec<char> = text.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        let ends = matches!(c, ';' | '·' | '|' | '。' | '、' | '،' | '…')
            || (matches!(c, '.' | ',' | '!' | '?' | ':') && next == ' ');
        if ends {
            if matches!(c, '?' | '!')
                && let Some(last) = clauses.last_mut()
            {
                last.push(*c);
            }
            clauses.push(String::new());
        } else if let Some(last) = clauses.last_mut() {
            last.push(*c);
        }
    }
    let with = clauses
        .iter()
        .flat_map(|clause| clause.split(" with ").map(str::to_owned).collect::<Vec<_>>());
    let trimmed =
        with.map(|clause| clause.trim().trim_end_matches(['.', ',', ':']).trim().to_owned());
    trimmed.filter(|clause| clause.chars().any(char::is_alphanumeric)).collect()
}

/// "dark and moody": nothing but words about looks.
fn only_look(clause: &str) -> bool {
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
        "blue",
        "red",
        "green",
        "black",
        "white",
        "pink",
        "orange",
        "purple",
        "instagram",
        "facebook",
        "linkedin",
    ];
    clause.split_whitespace().all(|word| WORDS.contains(&word))
}

fn without_article(text: &str) -> &str {
    let Some((first, rest)) = text.split_once(' ') else { return text };
    if ARTICLES.contains(&first.to_lowercase().as_str()) { rest } else { text }
}

/// A headline is short: a long clause is cut at a joint, and the rest is for the sub.
fn shortened(clause: &str) -> (String, Option<String>) {
    const LONGEST: usize = 64;
    if clause.chars().count() <= LONGEST {
        return (clause.to_owned(), None);
    }
    for joint in [
        " – ",
        " — ",
        " - ",
        ": ",
        " so that ",
        " because ",
        " that ",
        " and ",
        " for ",
        " in ",
        " to ",
    ] {
        let cut = clause
            .match_indices(joint)
            .map(|(at, _)| at)
            .filter(|at| (12..=LONGEST).contains(at))
            .last();
        if let Some((head, tail)) = cut.and_then(|at| clause.get(..at).zip(clause.get(at + 1..))) {
            let tail = tail.trim_start_matches(['–', '—', '-', ':', ' ']);
            return (head.trim_end_matches(':').to_owned(), Some(tail.to_owned()));
        }
    }
    (clause.to_owned(), None)
}
