//! Reads a prompt into a [`Brief`]. Words are found, never invented: what stands in quotation marks is
//! taken as it is, labels (`headline:`, `button`) say which part it is, and of a plain sentence the command
//! around it ("make a post about …") is left out.

mod clauses;
mod facts;
mod intent;
mod look;
mod openings;
mod pictographs;
mod quoted;
mod sentence;
#[cfg(test)]
mod tests;

use crate::brief::{Brief, Intent};

/// The parts of a message that a label can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Headline,
    Sub,
    Call,
    Kicker,
    Attribution,
}

/// Which words name which part. The longer ones stand first, since "sub headline" ends in "headline".
const LABELS: &[(&str, Part)] = &[
    ("call to action", Part::Call),
    ("call-to-action", Part::Call),
    ("sub headline", Part::Sub),
    ("subheadline", Part::Sub),
    ("sub-headline", Part::Sub),
    ("subheading", Part::Sub),
    ("subtitle", Part::Sub),
    ("subtext", Part::Sub),
    ("sub text", Part::Sub),
    ("tagline", Part::Sub),
    ("body text", Part::Sub),
    ("body", Part::Sub),
    ("sub", Part::Sub),
    ("button", Part::Call),
    ("cta", Part::Call),
    ("headline", Part::Headline),
    ("heading", Part::Headline),
    ("title", Part::Headline),
    ("kicker", Part::Kicker),
    ("eyebrow", Part::Kicker),
    ("attribution", Part::Attribution),
    ("author", Part::Attribution),
];

/// Reads a prompt.
pub fn read(prompt: &str) -> Brief {
    let prompt = tidy(prompt);
    let mut brief = Brief::plain("");
    brief.intent = intent::of(&prompt);
    brief.wishes = intent::wishes(&prompt);
    let (named, rest) = quoted::parts(&prompt);
    for words in named {
        place(&mut brief, words.part, words.text);
    }
    facts::note(&mut brief, &prompt);
    if brief.headline.is_empty() && brief.intent != Intent::Pattern {
        sentence::fill(&mut brief, &rest);
    }
    if brief.headline.is_empty() && brief.intent != Intent::Pattern {
        brief.headline = sentence::capital(prompt.trim_matches(|c: char| !c.is_alphanumeric()));
    }
    settle(&mut brief);
    brief
}

/// The quoted and labelled parts of a text, and the text around them.
pub(crate) fn parts(text: &str) -> (Vec<Words>, String) {
    quoted::parts(&tidy(text))
}

/// Of `replace "these words" with "those"` the two. `change the headline to "this" and the button to "that"` names parts.
pub(crate) fn replaced(text: &str) -> Option<(String, String)> {
    let lower = text.to_lowercase();
    let asks = ["replace ", "change ", "swap "].iter().any(|verb| lower.contains(verb));
    let (parts, rest) = quoted::parts(&tidy(text));
    // Where quoted words stood is a space more than between words.
    let between = rest.split("  ").map(str::trim).nth(1).unwrap_or_default().to_lowercase();
    let sets_against = ["with", "by", "to", "into", "for", "→", "->"].contains(&between.as_str());
    match (asks && sets_against, parts.as_slice()) {
        (true, [old, new]) => Some((old.text.clone(), new.text.clone())),
        _ => None,
    }
}

pub(crate) use intent::colour;
pub(crate) use quoted::{Words, guess};

/// One kind of space, no control characters, no pictographs; lines stay lines, since a label ends with its line.
fn tidy(prompt: &str) -> String {
    let written = pictographs::left_out(prompt);
    let lines = written.lines().map(|line| {
        let shown: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Gives words their place; what finds its place taken goes to the next one that is free.
fn place(brief: &mut Brief, part: Part, words: String) {
    let slot = match part {
        Part::Headline if brief.headline.is_empty() => {
            brief.headline = words;
            return;
        }
        Part::Call => &mut brief.call,
        Part::Kicker => &mut brief.kicker,
        Part::Attribution => &mut brief.attribution,
        Part::Headline | Part::Sub => &mut brief.sub,
    };
    if slot.is_none() {
        *slot = Some(words);
    } else {
        brief.details.push(words);
    }
}

/// Whose words they are, where the line below them says only that, or a dash behind them does.
fn settle(brief: &mut Brief) {
    let speaks = matches!(brief.intent, Intent::Quote | Intent::Testimonial);
    if !speaks || brief.attribution.is_some() {
        return;
    }
    if let Some(name) = brief.sub.as_deref().and_then(facts::speaker) {
        brief.attribution = Some(name);
        brief.sub = None;
        return;
    }
    let behind = [" — ", " – ", " - "].iter().find_map(|dash| brief.headline.rsplit_once(dash));
    let said = behind.and_then(|(words, name)| Some((words.to_owned(), facts::speaker(name)?)));
    if let Some((words, name)) = said {
        brief.headline = words;
        brief.attribution = Some(name);
    }
}
