//! A message out of a plain sentence: the command around it and the wishes about its look are left out.

use super::clauses::{self, Clause};
use super::{LABELS, look, openings};
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
    "infographic",
    "leaflet",
    "brochure",
    "reel",
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
/// What words are called besides the names of their parts.
const WORDS: &[&str] = &["text", "words", "slogan", "message", "caption"];
const ARTICLES: &[&str] = &["our", "the", "a", "an", "my", "your"];
/// What stands before a colon and says only what kind of news follows is set small, above it.
const LEAD_INS: &[&str] = &[
    "new",
    "now",
    "quote",
    "webinar",
    "workshop",
    "event",
    "reminder",
    "announcement",
    "update",
    "today",
    "news",
    "live",
    "neu",
    "nouveau",
    "nuevo",
    "nuovo",
    "новинка",
    "новое",
];

/// Fills headline and sub from what is left of the prompt: the first clause is the headline, and whatever is not
/// set in another place follows in the sub line, as it was typed.
pub(super) fn fill(brief: &mut Brief, rest: &str) {
    let facts = brief.facts();
    let is_fact = |text: &str| {
        facts.iter().any(|fact| fact == text || fact.split(", ").any(|part| part == text))
    };
    let mut kept: Vec<Clause> = Vec::new();
    let mut is_added = false;
    for mut clause in clauses::of(without_command(openings::without(rest))) {
        if is_added && let Some(words) = behind_label(&clause.text) {
            clause.text = words.to_owned();
        }
        let text = clause.text.to_lowercase();
        let seen = if is_added { format!("with {text}") } else { text };
        is_added = clause.after == " with ";
        let is_first = kept.is_empty();
        if !is_fact(&clause.text) && !look::is_about(&seen, is_first) && !only_labels(&seen) {
            kept.push(clause);
        } else if let Some(last) = kept.last_mut() {
            last.skip(&clause);
        }
    }
    if let [lead_in, _, ..] = kept.as_slice()
        && lead_in.after.starts_with(':')
        && LEAD_INS.contains(&lead_in.text.to_lowercase().as_str())
        && brief.kicker.is_none()
    {
        let lead_in = kept.remove(0);
        // That it is a quote is seen.
        brief.kicker = Some(capital(&lead_in.text)).filter(|_| brief.intent != Intent::Quote);
    }
    if kept.is_empty() {
        return;
    }
    let first = kept.remove(0);
    let marks: String = first.after.chars().take_while(|c| matches!(c, '!' | '?')).collect();
    match shortened(&first.text) {
        (headline, Some(text)) => {
            brief.headline = capital(without_article(&headline));
            kept.insert(0, Clause { text, after: first.after });
        }
        (headline, None) => {
            brief.headline = capital(without_article(&format!("{headline}{marks}")));
        }
    }
    if brief.sub.is_none() && !kept.is_empty() {
        brief.sub = Some(capital(&clauses::joined(&kept)));
    }
}

/// "With a button", of which the words stood in quotation marks.
fn only_labels(clause: &str) -> bool {
    let is_label = |word: &str| LABELS.iter().any(|(name, _)| *name == word);
    let joins = ["a", "the", "and", "with", "that", "says", "saying", "reading"];
    clause.split_whitespace().any(is_label)
        && clause.split_whitespace().all(|word| is_label(word) || joins.contains(&word))
}

/// "The caption Made in Kent": what the words are is not among them.
fn behind_label(text: &str) -> Option<&str> {
    let (label, words) = text.strip_prefix("the ")?.split_once(' ')?;
    (LABELS.iter().any(|(name, _)| *name == label) || WORDS.contains(&label)).then_some(words)
}

fn is_label(words: &[String], at: usize) -> bool {
    words.get(at).is_some_and(|word| LABELS.iter().any(|(name, _)| name == word))
}

/// The first letter large, the rest as it is.
pub(super) fn capital(text: &str) -> String {
    let text = text.trim();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// "Please create an Instagram post about X" is X. Only when a verb or a medium was seen at the head.
fn without_command(text: &str) -> &str {
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
    let start = |i: usize| {
        let word =
            words.get(i).map_or(text.len(), |word| word.as_ptr() as usize - text.as_ptr() as usize);
        word.min(text.len())
    };
    let ends_line = |i: usize| text.get(start(i)..start(i + 1)).is_some_and(|t| t.contains('\n'));
    let ends =
        |i: usize| ends_line(i) || words.get(i).is_some_and(|word| word.ends_with([',', '.', ';']));
    let medium = (at..reach.min(words.len()))
        .take_while(|i| *i == at || !ends(i - 1))
        .find(|i| is(*i, MEDIA));
    match medium {
        Some(medium) => at = medium + 1,
        None if !verb => return text.trim(),
        None => {}
    }
    let marked = at.checked_sub(1).is_some_and(|i| {
        ends_line(i) || words.get(i).is_some_and(|word| word.ends_with([':', ',']))
    });
    if medium.is_some()
        && !marked
        && at < words.len()
        && !is(at, CONNECTORS)
        && !words.get(at).is_some_and(|w| *w == "-" || *w == "–")
    {
        // "Poster session on Friday": the medium is a part of the message.
        if !verb {
            return text.trim();
        }
    }
    while is(at, CONNECTORS) || words.get(at).is_some_and(|w| *w == "-" || *w == "–" || *w == ":")
    {
        at += 1;
    }
    // "With the text …": what the words are is not among them.
    let label = at + usize::from(is(at, ARTICLES));
    let named = at > 0 && is(at - 1, &["with", "says", "saying", "reading"]);
    if named && (is(label, WORDS) || is_label(&lower, label)) {
        at = label + 1;
    }
    text.get(start(at)..).unwrap_or_default()
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
