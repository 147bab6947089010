//! What stands in quotation marks or behind a label.

use super::{LABELS, Part};

/// The marks that open, and what closes each.
const MARKS: &[(char, &[char])] = &[
    ('"', &['"']),
    ('“', &['”', '"']),
    ('„', &['“', '”']),
    ('«', &['»']),
    ('»', &['«']),
    ('「', &['」']),
    ('『', &['』']),
    ('‘', &['’']),
];

/// Words a button begins with, so that an unlabelled short quote can be told from a line of text.
const CALLS: &[&str] = &[
    "shop",
    "buy",
    "book",
    "apply",
    "join",
    "get",
    "learn",
    "register",
    "try",
    "start",
    "order",
    "sign",
    "download",
    "discover",
    "read",
    "watch",
    "visit",
    "save your",
    "reserve",
    "rsvp",
    "subscribe",
    "see",
    "claim",
    "call",
];

/// Words that are to be set.
pub(crate) struct Words {
    pub(crate) part: Part,
    pub(crate) text: String,
    /// Whether a label said which part they are, and nobody had to guess.
    pub(crate) is_named: bool,
    /// What stands between the words before and these.
    pub(crate) before: String,
}

/// The labelled and quoted parts in their order, and the prompt without them.
pub(super) fn parts(prompt: &str) -> (Vec<Words>, String) {
    let mut found = Vec::new();
    let mut rest = String::new();
    let mut headline_taken = false;
    for line in prompt.lines() {
        let (label, line_rest) = labelled(line);
        if let Some(part) = label.filter(|_| !line_rest.is_empty() && !line_rest.contains(opening))
        {
            headline_taken |= part == Part::Headline;
            let (text, before) = (line_rest.to_owned(), String::new());
            found.push(Words { part, text, is_named: true, before });
            continue;
        }
        let mut before = String::new();
        let mut chars = line.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let close = MARKS.iter().find(|(open, _)| *open == c).map(|(_, close)| *close);
            let after = line.get(at + c.len_utf8()..).unwrap_or_default();
            let end = close.and_then(|close| after.find(close));
            let Some((end, close)) = end.zip(close).filter(|(end, _)| *end > 0) else {
                before.push(c);
                continue;
            };
            let words = after.get(..end).unwrap_or_default().trim().to_owned();
            while chars
                .next_if(|(next, _)| *next <= at + c.len_utf8() + end && *next > at)
                .is_some()
            {}
            debug_assert!(!close.is_empty());
            if words.is_empty() {
                continue;
            }
            let named = named_before(&before);
            let part = named.unwrap_or_else(|| guess(&words, headline_taken));
            headline_taken |= part == Part::Headline;
            let is_named = named.is_some();
            found.push(Words { part, text: words, is_named, before: before.to_lowercase() });
            rest.push_str(&before);
            rest.push(' ');
            before.clear();
        }
        rest.push_str(&before);
        rest.push('\n');
    }
    if let Some(name) = spoken_by(&rest).filter(|_| !found.is_empty()) {
        let (part, before) = (Part::Attribution, String::new());
        found.push(Words { part, text: name, is_named: true, before });
    }
    (found, rest)
}

fn opening(c: char) -> bool {
    MARKS.iter().any(|(open, _)| *open == c)
}

/// `Headline: words` at the head of a line.
fn labelled(line: &str) -> (Option<Part>, &str) {
    let Some((label, words)) = line.split_once(':') else { return (None, line) };
    let label = label.trim().to_lowercase();
    let part = LABELS.iter().find(|(name, _)| *name == label).map(|(_, part)| *part);
    (part, words.trim())
}

/// The label right before a quotation mark: `with subtitle "`, `a button that says "`.
fn named_before(before: &str) -> Option<Part> {
    let before = before.to_lowercase();
    let words: Vec<&str> = before
        .split(|c: char| !(c.is_alphanumeric() || c == '-'))
        .filter(|w| !w.is_empty())
        .collect();
    let near = words.get(words.len().saturating_sub(5)..).unwrap_or_default().join(" ");
    let last = LABELS.iter().filter_map(|(name, part)| {
        let at = near.rfind(name)?;
        let starts = near.get(..at).is_none_or(|left| left.is_empty() || left.ends_with(' '));
        starts.then_some((at + name.len(), *part))
    });
    last.max_by_key(|(end, _)| *end).map(|(_, part)| part)
}

/// What words are that have no label.
pub(crate) fn guess(words: &str, headline_taken: bool) -> Part {
    let lower = words.to_lowercase();
    let is_call =
        CALLS.iter().any(|call| lower.starts_with(call)) && lower.split_whitespace().count() <= 4;
    match (headline_taken, is_call) {
        (false, _) => Part::Headline,
        (true, true) => Part::Call,
        (true, false) => Part::Sub,
    }
}

/// `— Name` or `by Name` behind the quoted words; a long dash needs no space behind it.
fn spoken_by(rest: &str) -> Option<String> {
    let line = rest.lines().rev().find(|line| !line.trim().is_empty())?.trim();
    let name = ["——", "— ", "– ", "- ", "by ", "from ", "—"].iter().find_map(|mark| {
        let at = line.rfind(mark)?;
        let starts = line.get(..at).is_none_or(|left| left.is_empty() || left.ends_with(' '));
        starts.then(|| line.get(at + mark.len()..)).flatten()
    })?;
    let name = name.trim().trim_end_matches('.');
    (names_somebody(name) && name.chars().count() <= 60 && name.split_whitespace().count() <= 8)
        .then(|| name.to_owned())
}

/// Whether words may be a name: they begin with a capital, in scripts that have some.
pub(super) fn names_somebody(words: &str) -> bool {
    words.chars().next().is_some_and(|c| c.is_alphabetic() && !c.is_lowercase())
}
